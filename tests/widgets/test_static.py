"""The modules of the view: their own tests, and that they are one when anywidget takes them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from mlops_nb.widgets.view import MODULES, source

pytestmark = pytest.mark.slow

STATIC = Path(__file__).parents[2] / "mlops_nb" / "widgets" / "static"
TESTS = Path(__file__).with_name("static.test.mjs")


@pytest.fixture(scope="module")
def node() -> str:
    """The Node that comes with playwright."""
    driver = pytest.importorskip("playwright._impl._driver")
    return str(driver.compute_driver_executable()[0])


def test_what_the_modules_compute(node: str) -> None:
    told = subprocess.run([node, "--test", str(TESTS)], capture_output=True, text=True)
    assert told.returncode == 0, told.stdout
    assert re.search(r"pass [1-9]", told.stdout)


def test_together_they_are_one_module_that_needs_no_other(node: str, tmp_path: Path) -> None:
    joined = tmp_path / "view.mjs"
    joined.write_text(source(), encoding="utf-8")
    code = f"import({joined.as_uri()!r}).then(m => console.log(typeof m.default.render))"
    told = subprocess.run([node, "-e", code], capture_output=True, text=True)
    assert told.stdout.strip() == "function", told.stderr
    assert not re.search(r"^import ", source(), re.MULTILINE)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", source()), "nothing from elsewhere"
    assert {path.stem for path in STATIC.glob("*.js")} == {*MODULES}
    assert len(source()) < 40_000
