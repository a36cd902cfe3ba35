"""The front end as it is built: its units, its size, and what JupyterLab says of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.ui]

EXTENSION = Path(__file__).parents[2] / "extension"
MOST_BYTES = 300_000


def test_the_units_of_the_front_end(bundle: Path) -> None:
    """They are run by the Node that comes with playwright."""
    driver = pytest.importorskip("playwright._impl._driver")
    node, _ = driver.compute_driver_executable()
    jest = EXTENSION / "node_modules" / "jest" / "bin" / "jest.js"
    done = subprocess.run([node, jest, "--ci"], cwd=EXTENSION, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]


def test_jupyterlab_takes_the_bundle_as_compatible(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "labextensions").mkdir()
    (tmp_path / "labextensions" / "mlops-nb").symlink_to(bundle)
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "labextension", "list"],
        env={**os.environ, "JUPYTER_DATA_DIR": str(tmp_path), "JUPYTER_PREFER_ENV_PATH": "0"},
        capture_output=True,
        text=True,
    )
    shown = re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)
    assert re.search(r"mlops-nb v\S+ enabled OK", shown), shown
    assert "not compatible" not in shown


def test_the_bundle_is_small(bundle: Path) -> None:
    assert sum(f.stat().st_size for f in bundle.rglob("*") if f.is_file()) < MOST_BYTES
