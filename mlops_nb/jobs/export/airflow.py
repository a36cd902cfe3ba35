"""A DAG a job: a BashOperator on our command, and one for each job that follows.

Airflow's own PapermillOperator has no working directory and no limits; our command has both.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from mlops_nb.config import Job, Project
from mlops_nb.jobs.export.target import Settings

_DAG = '''"""Job {name} of {experiment}, written by `mlops job export airflow`.

Write it anew instead of editing it. What follows the job is started by the command itself.
"""

import datetime

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id={dag_id!r},
    schedule={schedule!r},
    start_date=pendulum.datetime({start}, tz={timezone!r}),
    catchup={catchup!r},
    max_active_runs={active},
    tags=["mlops-nb"],
    doc_md={doc!r},
):
    BashOperator(
        task_id={task_id!r},
        # The due time is Airflow's: the command's claim makes a second delivery harmless.
        bash_command={command!r},
        cwd={folder!r},
        append_env=True,
        retries=0,
        execution_timeout=datetime.timedelta(seconds={timeout}),
    )
'''
_MARGIN_SECONDS = 120  # beyond our own limit, so that ours acts first and saves


def files(project: Project, names: Sequence[str], settings: Settings) -> Mapping[str, str]:
    """Return one Python file a job, for Airflow 3's folder of DAGs.

    Parameters
    ----------
    project : Project
        The project.
    names : sequence of str
        The jobs.
    settings : Settings
        Where things are.
    """
    found = {}
    for name in names:
        dag_id = re.sub(r"[^\w.-]", "-", f"{project.experiment}.{name}")
        found[f"{dag_id}.py"] = _dag(project, name, dag_id, settings)
    return found


def _dag(project: Project, name: str, dag_id: str, settings: Settings) -> str:
    job = project.config.jobs[name]
    command = [settings.command, "job", "run", name]
    # Airflow replaces the braces; its logical date is the start of nothing in version 3: the due
    # time itself.
    due = "{{ (dag_run.logical_date or dag_run.run_after).isoformat() }}"
    return _DAG.format(
        name=_plain(name),
        experiment=_plain(project.experiment),
        dag_id=dag_id,
        task_id=re.sub(r"[^\w.-]", "-", name),
        schedule=job.schedule or None,
        start="2024, 1, 1",
        timezone=job.timezone,
        catchup=job.catch_up == "all",
        active=job.concurrency or 16,
        doc=f"Notebook `{job.notebook}`."
        + (f" Playbook: `{job.playbook}`." if job.playbook else ""),
        command=f"{shlex.join(command)} --logical-time '{due}'",
        folder=settings.folder,
        timeout=_longest(job),
    )


def _plain(text: str) -> str:
    return re.sub(r'["\\\n]', " ", text)


def _longest(job: Job) -> float:
    retries = job.retries
    waits = retries.longest * (1 + retries.jitter) * retries.times
    return (job.timeout + _MARGIN_SECONDS) * (1 + retries.times) + waits
