"""A note on a run, where MLflow's own pages show it."""

from __future__ import annotations

from mlops_nb.tracking.active import Run
from mlops_nb.tracking.hide import hide_value
from mlops_nb.tracking.names import TAG_LENGTH, cut, text

NOTE_TAG = "mlflow.note.content"


def write_note(run: Run, note: str) -> None:
    """Set the note of a run, in place of an older one; it may have ended.

    Raises
    ------
    StoreError
        The run has ended, and the store cannot be reached.
    """
    if run.status == "RUNNING":
        run.set_tag(NOTE_TAG, note)
        return
    from mlops_nb.store import runs

    shown = cut(hide_value(NOTE_TAG, text(note)), TAG_LENGTH)
    runs.write(run.project, run.run_id, tags={NOTE_TAG: shown})
