from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_nb as mlops
from mlops_nb.errors import NotFoundError

pytestmark = pytest.mark.slow


def test_a_run_gives_its_model_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlops.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    rows = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    with mlops.run("with"):
        mlops.log_model(LogisticRegression().fit(rows, [0, 0, 1, 1]))
    with mlops.run("without"):
        mlops.log_metric("auc", 1.0)
    from mlops_nb.config import load_project
    from mlops_nb.tracking.sync import sync

    sync(load_project())
    model = mlops.load_run_model("with")
    assert list(model.predict(rows)) == [0, 0, 1, 1]
    with pytest.raises(NotFoundError, match="'without' logged no model 'model'"):
        mlops.load_run_model("without")
    with pytest.raises(NotFoundError, match="logged no model 'other'"):
        mlops.load_run_model("with", name="other")
