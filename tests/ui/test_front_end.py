"""The unit tests of the front end, run by the Node that comes with playwright."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.ui]

EXTENSION = Path(__file__).parents[2] / "extension"


def test_the_units_of_the_front_end(bundle: Path) -> None:
    driver = pytest.importorskip("playwright._impl._driver")
    node, _ = driver.compute_driver_executable()
    jest = EXTENSION / "node_modules" / "jest" / "bin" / "jest.js"
    done = subprocess.run([node, jest, "--ci"], cwd=EXTENSION, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]
