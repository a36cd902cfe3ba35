"""Smoke test: a model in a folder that was handed over still says what it said then."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mlops_nb.config import load_project
from mlops_nb.errors import ExitCode, InputError, MlopsError
from mlops_nb.monitoring.contract import of_columns, read_contract
from mlops_nb.monitoring.quality import check_contract
from mlops_nb.registry import handover
from mlops_nb.registry.scoring import ScoringModel, load_model
from mlops_nb.result import Result, Status, worst

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-6
"""Relative difference of scores that another processor may make."""


def smoke(folder: Path | str = ".", *, allow_pickle: bool = False) -> list[Result]:
    """Hold the model in a folder against its contract, its expected answers and its promise.

    Parameters
    ----------
    folder : path
        The folder that was handed over.
    allow_pickle : bool, default=False
        Also load a model that is a pickle, which runs the code inside.

    Returns
    -------
    list of Result
        ``smoke.contract``, ``smoke.answers`` and ``smoke.latency``, which only warns.

    Raises
    ------
    InputError
        The folder was not handed over, or a file of it is missing.
    MlopsError
        The model is not the one that was handed over.
    """
    import pandas as pd

    root = Path(folder).resolve()
    project = load_project(root)
    if project.root != root or not (root / handover.MANIFEST).is_file():
        raise InputError(f"{root} was not handed over", "mlops model handover NAME@champion -o DIR")
    model = load_model(project.config.experiment, project, allow_pickle=allow_pickle)
    try:
        rows = pd.read_parquet(root / handover.INPUT)
        expected = pd.read_parquet(root / handover.EXPECTED)
    except OSError as error:
        raise InputError(f"cannot read {root / handover.INPUT}: {error}", "make sums") from error
    contract = of_columns(read_contract(root / handover.CONTRACT), model.features)
    broken = [r for r in check_contract(contract, rows) if r.status is Status.FAILED]
    return [
        Result(
            name="smoke.contract",
            subject=model.version.label,
            status=Status.FAILED if broken else Status.PASSED,
            message="; ".join(f"{r.subject}: {r.message}" for r in broken[:3])
            or f"{len(rows)} rows keep to the contract",
            advice=broken[0].advice if broken else "",
        ),
        _answers(model, rows, expected),
        _latency(model, rows, root),
    ]


def main(*, allow_pickle: bool = False) -> int:
    """Run the smoke test of the current folder; returns the exit code."""
    try:
        results = smoke(allow_pickle=allow_pickle)
    except MlopsError as error:
        print(f"error: {error}")
        return error.exit_code
    for result in results:
        print(f"{result}" + (f" ({result.advice})" if result.advice else ""))
    bad = worst(results) in (Status.FAILED, Status.ERROR)
    print("do not use it" if bad else "it says what it said when it was handed over")
    return ExitCode.FINDINGS if bad else ExitCode.OK


def _answers(model: ScoringModel, rows: pd.DataFrame, expected: pd.DataFrame) -> Result:
    found = model.score(rows)
    wrong = [name for name in expected if name not in found]
    for name in (name for name in expected if name in found):
        if name == "prediction" and model.task != "regression":
            same = (found[name].astype(str) == expected[name].astype(str)).to_numpy()
        else:
            same = np.isclose(found[name], expected[name], rtol=TOLERANCE, atol=TOLERANCE**2)
        wrong += [name] if not same.all() else []
    return Result(
        name="smoke.answers",
        subject=model.version.label,
        status=Status.FAILED if wrong else Status.PASSED,
        message=f"{', '.join(map(str, wrong))} of {len(rows)} rows is not what was expected"
        if wrong
        else f"{len(rows)} rows are answered as expected",
        advice="PLAYBOOK.md" if wrong else "",
    )


def _latency(model: ScoringModel, rows: pd.DataFrame, root: Path) -> Result:
    import pandas as pd

    many = pd.concat([rows] * max(1, -(-1000 // len(rows))), ignore_index=True).head(1000)
    model.score(many)  # the first time also pays for imports
    started = time.perf_counter()
    model.score(many)
    took = (time.perf_counter() - started) * 1e6 / len(many)
    promised = tomllib.loads((root / handover.SLO).read_text(encoding="utf-8"))
    bound = promised.get("latency", {}).get("milliseconds-per-1000-rows")
    slow = bound is not None and took > bound
    told = f"; {bound:g} ms were promised" if bound is not None else ""
    return Result(
        name="smoke.latency",
        subject=model.version.label,
        status=Status.WARNED if slow else Status.PASSED,
        value=took,
        threshold=bound,
        message=f"1,000 rows take {took:.1f} ms here{told}",
        advice="another machine, or another promise in slo.toml" if slow else "",
    )
