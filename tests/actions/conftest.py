from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AddJob = Callable[..., Path]


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
