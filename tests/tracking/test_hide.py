"""Credentials never enter a run."""

from __future__ import annotations

import json

import pytest

import mlops_nb
from mlops_nb.config import Project
from mlops_nb.tracking import journal as lines

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def test_parameters_tags_texts_and_tracebacks_are_masked(project: Project) -> None:
    def leak() -> None:
        with mlops_nb.run("r", tags={"first": TOKEN}):
            mlops_nb.log_param("url", f"https://user:{TOKEN}@host.org/x")
            mlops_nb.log_param("api_key", "9f8e7d6c5b4a39281706f5e4d3c2")
            mlops_nb.set_tag("note", f"use {TOKEN}")
            mlops_nb.log_text(f"token: {TOKEN}", "notes.md")
            mlops_nb.log_dict({"token": TOKEN}, "conf.json")
            raise ValueError(f"refused: {TOKEN}")

    warned = pytest.warns(UserWarning, match="a credential is masked")
    with warned, pytest.raises(ValueError, match="refused"):
        leak()
    folder = lines.journal_folder(project.home)
    kept = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(TOKEN.encode() in content for content in kept)
    assert not any(b"9f8e7d6c5b4a" in content for content in kept)
    assert json.loads(next(folder.glob("*/conf.json")).read_text()) == {"token": "********"}


def test_ordinary_values_stay_and_nobody_is_warned(project: Project) -> None:
    with mlops_nb.run("r") as run:
        mlops_nb.log_param("tokenizer", "bert-base-uncased")
        mlops_nb.log_param("max_tokens", 4096)
    found = lines.read(lines.journal_folder(project.home) / f"{run.uid}.jsonl")[0]
    values = {e.key: e.value for e in found if isinstance(e, lines.Param)}
    assert values == {"tokenizer": "bert-base-uncased", "max_tokens": "4096"}
