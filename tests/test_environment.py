from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mlops_nb import environment
from mlops_nb.errors import InputError
from mlops_nb.uv import find_uv


def test_packages_are_what_importlib_says() -> None:
    found = environment.packages()
    for name in ("pytest", "click", "msgspec", "mlops-nb"):
        assert found[name] == metadata.version(name)
    assert list(found) == sorted(found, key=str.lower)


def test_answer_is_a_copy() -> None:
    environment.packages().clear()
    assert environment.packages()


def test_new_package_is_seen(tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "brand-new" not in environment.packages()
    folder = tmp_path / "brand_new-1.2.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: brand-new\nVersion: 1.2\n")
    assert environment.packages()["brand-new"] == "1.2"


def test_half_removed_package_does_no_harm(tmp_path, monkeypatch) -> None:
    (tmp_path / "broken-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "broken" not in environment.packages()


def test_description_reads_as_requirements() -> None:
    head, *rest = environment.description().splitlines()
    assert head.startswith(f"# python {platform.python_version()} on ")
    assert f"click=={metadata.version('click')}" in rest


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pylock.toml", '[[packages]]\nname = "a"\nversion = "1"\n[[packages]]\nname = "here"\n'),
        ("uv.lock", 'version = 1\n[[package]]\nname = "a"\nversion = "1"\n'),
        (
            "requirements.lock",
            "# made\na[x]==1 ; python_version > '3' \\\n    --hash=sha256:00\nb>=2\n",
        ),
    ],
)
def test_lock_of_a_project(tmp_path: Path, name: str, text: str) -> None:
    assert environment.locked(tmp_path) == {}
    (tmp_path / name).write_text(text)
    assert environment.locked(tmp_path) == {"a": "1"}


def test_lock_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("[[")
    assert environment.locked(tmp_path) == {}


def test_name_as_indexes_compare_it() -> None:
    assert environment.canonical("Scikit_Learn.x") == "scikit-learn-x"


def test_an_environment_is_read_back() -> None:
    text = "# python 3.11.9 on Linux x86_64\nnumpy==2.1\nmlops-nb==0.1.0\n"
    assert environment.python_of(text) == "3.11.9"
    assert environment.packages_of(text) == {"numpy": "2.1", "mlops-nb": "0.1.0"}


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("sklearn", "scikit-learn"),
        ("cv2", "opencv-python"),
        ("json", ""),
        ("unheard_of", "unheard-of"),
        ("yaml", "pyyaml"),
    ],
)
def test_the_package_of_a_module(module: str, package: str) -> None:
    assert environment.distribution_of(module) == package


def test_without_uv_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match="made by uv, which is not installed"):
        find_uv()
