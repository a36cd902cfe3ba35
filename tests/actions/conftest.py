from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.config import Project, load_project

AddJob = Callable[..., Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A project with a registry of models of one data set: 300 rows to fit on, 269 to judge by."""

    project: Project
    train: Any
    later: Any
    features: list[str]

    def reload(self, table: str = "") -> Project:
        """Write configuration behind what there is, and read it again."""
        with (self.project.root / "mlops.toml").open("a", encoding="utf-8") as stream:
            stream.write(table)
        return load_project(self.project.root)

    def run(self, name: str, estimator: Any, *, pickled: bool = False) -> str:
        """Fit an estimator and log it as the model of a run; returns the run's id."""
        from mlops_nb import modelfile
        from mlops_nb.store import models, runs

        estimator.fit(self.train[self.features], self.train["target"])
        path = self.project.home / "staged" / name
        stored = modelfile.save(estimator, path, allow_pickle=pickled)
        run_id = runs.create(
            self.project, uid=name.encode().hex(), name=name, started_ms=int(time.time() * 1000),
            tags={},
        )  # fmt: skip
        example = self.train[self.features]
        models.log_model(self.project, run_id, stored.path, input_example=example)
        return run_id

    def register(self, name: str, estimator: Any, *, model: str = "cancer", **options: Any) -> Any:
        """Register a fitted estimator as the next version of a model."""
        from mlops_nb.actions.register import register_model

        run_id = self.run(name, estimator, pickled=options.get("allow_pickle", False))
        options = {"reference": self.train, "holdout": self.later, "label": "target", **options}
        return register_model(run_id, model, project=self.project, **options)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A project of its own with a registry, as the current folder."""
    from sklearn.datasets import load_breast_cancer

    rows = load_breast_cancer(as_frame=True).frame
    rows.columns = [name.replace(" ", "_") for name in rows]
    (tmp_path / "mlops.toml").write_text(
        'experiment = "registry"\nowner = "night shift"\n', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return Registry(
        project=load_project(tmp_path),
        train=rows.iloc[:300],
        later=rows.iloc[300:],
        features=[name for name in rows if name != "target"],
    )


@pytest.fixture
def add_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddJob:
    """Add a job of some code cells to the project in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlops.toml").write_text('experiment = "test"\n', encoding="utf-8")

    def add(
        name: str, *sources: str, parameters: str | None = None, table: str = "", kernel: str = ""
    ) -> Path:
        tagged = [] if parameters is None else [(parameters, ["parameters"])]
        cells: list[dict[str, Any]] = [
            {"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {name}"}
        ]
        for number, (source, tags) in enumerate([*tagged, *((one, []) for one in sources)]):
            cells.append(
                {
                    "cell_type": "code",
                    "id": f"cell-{number}",
                    "metadata": {"tags": tags},
                    "execution_count": None,
                    "outputs": [],
                    "source": source,
                }
            )
        spec = {"name": kernel or "python3", "display_name": "x", "language": "python"}
        book = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": spec},
            "cells": cells,
        }
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(book), encoding="utf-8")
        with (tmp_path / "mlops.toml").open("a", encoding="utf-8") as stream:
            stream.write(f'[jobs.{name}]\nnotebook = "notebooks/{name}.ipynb"\n{table}\n')
        return path

    return add
