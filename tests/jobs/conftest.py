"""Notebooks for the tests of jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WriteNotebook = Callable[..., Path]


@pytest.fixture
def write_notebook() -> WriteNotebook:
    """Write a notebook of code cells, the parameters cell first."""

    def write(
        path: Path, *sources: str, parameters: str | None = None, language: str = "python"
    ) -> Path:
        def cell(source: str, tags: list[str]) -> dict[str, Any]:
            return {
                "cell_type": "code",
                "id": f"c{abs(hash(source)) % 10**8}",
                "metadata": {"tags": tags} if tags else {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }

        cells = [] if parameters is None else [cell(parameters, ["parameters"])]
        cells += [cell(source, []) for source in sources]
        kernelspec = {"name": "python3", "display_name": "Python 3", "language": language}
        book = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": kernelspec},
            "cells": cells,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(book), encoding="utf-8")
        return path

    return write
