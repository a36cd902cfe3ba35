from __future__ import annotations

import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import mlops_nb
from mlops_nb import environment

ROOT = Path(__file__).parents[1]

SURFACE = [
    "checkpoint",
    "evaluate",
    "explain",
    "last_run",
    "live",
    "load_baseline",
    "load_holdout",
    "load_model",
    "load_reference",
    "load_run_model",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "panel",
    "promote",
    "read_table",
    "register_model",
    "run",
    "runs",
    "send",
    "set_tag",
    "set_tags",
]
HEAVY = (
    "anywidget",
    "ibis",
    "ipywidgets",
    "mlflow",
    "nbformat",
    "numpy",
    "pandas",
    "plotly",
    "pydantic",
    "sklearn",
    "sqlalchemy",
)


def test_surface_is_the_written_list() -> None:
    assert sorted(mlops_nb.__all__) == SURFACE
    assert set(SURFACE) | {"load_ipython_extension"} == set(dir(mlops_nb))


@pytest.mark.parametrize("name", SURFACE)
def test_every_name_leads_somewhere_and_is_documented(name: str) -> None:
    assert getattr(mlops_nb, name).__doc__


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'log_metrik'"):
        mlops_nb.log_metrik  # noqa: B018


def test_signature_of_a_bare_function_has_no_self() -> None:
    import inspect

    assert list(inspect.signature(mlops_nb.log_metric).parameters) == ["key", "value", "step"]


@pytest.mark.parametrize(
    "code",
    [
        "import mlops_nb",
        "import mlops_nb; mlops_nb.run, mlops_nb.log_metric, mlops_nb.last_run",
        "from IPython.core.interactiveshell import InteractiveShell as S\n"
        "S.instance().run_line_magic('load_ext', 'mlops_nb')",
    ],
    ids=["import", "names", "load_ext"],
)
def test_nothing_heavy_is_imported(code: str, tmp_path) -> None:
    shown = f"{code}\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", shown], capture_output=True, text=True, cwd=tmp_path
    )
    assert answer.stdout.strip().splitlines()[-1] == "[]", answer.stdout + answer.stderr


def test_the_extension_loads_the_parts_that_every_cell_needs_and_no_more(tmp_path) -> None:
    """What it costs is measured in tests/benchmarks/tracking/notebook.py."""
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as S\n"
        "S.instance().run_line_magic('load_ext', 'mlops_nb')\n"
        "import sys; print(*[m for m in sys.modules if m.startswith('mlops_nb.')])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    loaded = {name.split(".")[1] for name in answer.stdout.split()}
    parts = "cli completion config errors lint magics redaction secrets stretches tracking widgets"
    assert loaded <= set(parts.split())
    assert "mlops_nb.lint.engine" not in answer.stdout.split()


def test_every_package_imported_is_declared() -> None:
    declared = {
        environment.canonical(Requirement(line).name)
        for line in metadata.requires("mlops-nb") or ()
    }
    known = metadata.packages_distributions()
    elsewhere = {"airflow", "pendulum"}  # in code that is written for another environment
    missing = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in (ROOT / "mlops_nb").rglob("*.py")
        for name in imported(path) - sys.stdlib_module_names - {"mlops_nb"} - elsewhere
        if not declared & {environment.canonical(each) for each in known.get(name, [name])}
    }
    assert not missing


def imported(path: Path) -> set[str]:
    """Return the top packages that a module imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found
