"""Evaluate: put a model version before its gates and write down what they said."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from mlops_nb.actions import readiness
from mlops_nb.config import Project, load_project
from mlops_nb.errors import MlopsError, NotFoundError
from mlops_nb.lint.rule import Severity
from mlops_nb.lint.run import lint_paths
from mlops_nb.registry import card as cards
from mlops_nb.registry import evidence, gates
from mlops_nb.registry.bootstrap import Gain
from mlops_nb.registry.compare import compare
from mlops_nb.registry.estimator import classes_of
from mlops_nb.registry.scoring import load_model
from mlops_nb.registry.versions import EVALUATED, ModelVersion, fact, resolve, tags_of
from mlops_nb.result import Result, worst
from mlops_nb.store import versions as store


def evaluate(
    reference: str, *, project: Project | None = None, allow_pickle: bool = False
) -> list[Result]:
    """Put a version before every gate; the answers go into its evidence and its card.

    Champion and challenger are both scored now, on the hold-out that the challenger was
    registered with.

    Parameters
    ----------
    reference : str
        ``name@challenger``, ``name/3`` or ``name``, which means its champion.
    project : Project, optional
        Whose registry and ``[gates]``; those of the current folder by default.
    allow_pickle : bool, default=False
        Also load versions that were registered as pickles.

    Returns
    -------
    list of Result
        One or more of each gate; failed ones and errors stop a promotion.

    Raises
    ------
    NotFoundError
        There is no such version, or it has no evidence.
    """
    project = project or load_project()
    return evaluate_version(project, resolve(project, reference), allow_pickle=allow_pickle)


def evaluate_version(
    project: Project, version: ModelVersion, *, allow_pickle: bool = False
) -> list[Result]:
    """Put one version before every gate, as :func:`evaluate` does."""
    champion = _champion(project, version)
    results = judge_version(project, version, champion, allow_pickle=allow_pickle)
    record(project, version, results)
    return results


def judge_version(
    project: Project,
    version: ModelVersion,
    champion: ModelVersion | None,
    *,
    allow_pickle: bool = False,
) -> list[Result]:
    """Put one version before every gate beside a champion, and write nothing down."""
    facts = evidence.read_json(project, version, cards.JSON)

    @cache
    def measured() -> Gain:
        if champion is None:
            raise MlopsError(f"{version.label} has no champion to be compared with")
        return _gain(project, version, champion, allow_pickle=allow_pickle)

    @cache
    def scored() -> gates.Scored:
        return _scored(project, version, allow_pickle=allow_pickle)

    def business(figure: str) -> Gain:
        if champion is None:
            raise MlopsError(f"{version.label} has no champion to be compared with")
        return readiness.business_gain(
            project, version, champion, figure, allow_pickle=allow_pickle
        )

    gates.load_files(project.root, project.config.gates.files)
    return gates.run(
        gates.Case(
            version=version,
            rules=project.config.gates,
            card=facts,
            champion=champion,
            measure=measured,
            score=scored,
            lint=lambda: _lint_errors(project, version),
            reproduced=lambda: readiness.reproduction(project, version),
            contract=lambda: readiness.contract_results(project, version),
            business=business,
            launch=lambda: readiness.launch(project, version),
        )
    )


def record(project: Project, version: ModelVersion, results: Sequence[Result]) -> None:
    """Write what was said of a version, and when first, into its evidence, card and status."""
    answers = [result.to_dict() for result in results]
    facts = evidence.read_json(project, version, cards.JSON)
    evidence.write_json(project, version, evidence.GATES, {"schema": 1, "results": answers})
    cards.write(project, version, {**facts, "gates": answers})
    tags = {"mlops.status": worst(results).value}
    if fact(version, EVALUATED) is None:
        tags |= tags_of({EVALUATED: datetime.now(UTC).isoformat()})
    store.set_tags(project, version.name, version.version, tags)


def _champion(project: Project, version: ModelVersion) -> ModelVersion | None:
    try:
        champion = resolve(project, f"{version.name}@champion")
    except NotFoundError:
        return None
    return None if champion.version == version.version else champion


def _gain(
    project: Project, version: ModelVersion, champion: ModelVersion, *, allow_pickle: bool
) -> Gain:
    rules = project.config.gates
    return compare(
        load_model(version.label, project, allow_pickle=allow_pickle),
        load_model(champion.label, project, allow_pickle=allow_pickle),
        evidence.read_table(project, version, evidence.HOLDOUT),
        label=str(fact(version, "label")),
        metric=rules.challenger_metric,
        confidence=rules.confidence,
        demanded=rules.challenger_gain,
    )


def _scored(project: Project, version: ModelVersion, *, allow_pickle: bool) -> gates.Scored:
    model = load_model(version.label, project, allow_pickle=allow_pickle)
    rows = evidence.read_table(project, version, evidence.HOLDOUT)
    return gates.Scored(
        rows=rows,
        label=str(fact(version, "label")),
        answers=model.score(rows),
        task=model.task,
        positive=classes_of(model.estimator)[1] if model.task == "binary" else None,
    )


def _lint_errors(project: Project, version: ModelVersion) -> Sequence[str] | None:
    """Return the errors in the slice of the notebook that the version's run depends on."""
    text = evidence.run_file(project, version, "mlops/slice.ipynb")
    if text is None:
        return None
    with tempfile.TemporaryDirectory() as temporary:
        notebook = Path(temporary) / "slice.ipynb"
        notebook.write_text(text, encoding="utf-8")
        found = lint_paths(project, [notebook]).diagnostics
    return [
        f"cell {one.cell}: {one.code} {one.message}"
        for one in found
        if one.severity == Severity.ERROR
    ]
