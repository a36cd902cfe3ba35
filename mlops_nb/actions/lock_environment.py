"""Lock: the packages that the notebooks need, with hashes and without the name of any index."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from mlops_nb import uv
from mlops_nb.config import Project
from mlops_nb.dataflow.imports import imported
from mlops_nb.environment import (
    canonical,
    distribution_of,
    local_folders,
    packages,
    python_version,
)
from mlops_nb.errors import InputError
from mlops_nb.notebook import read_notebook

LOCK = "requirements.lock"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([\w.-]+)['\"]")
# Of a package that is installed from a folder here, this extra of its requirements goes along.
_OWN_EXTRA = "notebook"


def wanted(project: Project, notebooks: Iterable[Path]) -> list[str]:
    """Return the requirements: those of ``pyproject.toml``, and what the notebooks import.

    Parameters
    ----------
    project : Project
        Whose ``pyproject.toml``.
    notebooks : iterable of Path
        The notebooks.

    Raises
    ------
    InputError
        A notebook cannot be read, or imports what is not installed here; or nothing is needed.
    """
    found = set(_declared(project.root))
    installed = {canonical(name) for name in packages()}
    local = {canonical(name): name for name in local_folders()}
    for notebook in notebooks:
        places = (notebook.parent, project.root)
        for module in sorted(imported(read_notebook(notebook))):
            package = distribution_of(module)
            if not package or any(_is_local(folder, module) for folder in places):
                continue
            if package not in installed:
                raise InputError(
                    f"{notebook} imports {module}, which is not installed here",
                    f"install {package}, or take the import out: what is locked is what runs here",
                )
            found.add(package)
    brought = {name for package in found & set(local) for name in _needs(local[package], installed)}
    found = {name for name in found | brought if canonical(_plain(name)) not in local}
    if not found:
        raise InputError("nothing is imported and nothing declared: there is nothing to lock")
    return sorted(found)


def lock_environment(
    project: Project,
    notebooks: Iterable[Path],
    *,
    output: Path | None = None,
    upgrade: bool = False,
) -> Path:
    """Write the lock: every package with its version and hashes, for every system.

    Parameters
    ----------
    project : Project
        The project.
    notebooks : iterable of Path
        Whose imports are locked.
    output : Path, optional
        Where to; ``requirements.lock`` in the project's root by default.
    upgrade : bool, default=False
        Take the newest versions instead of those that are installed here.

    Raises
    ------
    InputError
        As for :func:`wanted`; or uv is missing or cannot resolve them.
    """
    needed = wanted(project, notebooks)
    target = output or project.root / LOCK
    aside = target.with_name(f".{target.name}.new")
    pins = project.home / "cache" / "installed.txt"
    pins.parent.mkdir(parents=True, exist_ok=True)
    local = {canonical(name) for name in local_folders()}
    lines = [f"{n}=={v}" for n, v in packages().items() if canonical(n) not in local]
    pins.write_text("\n".join(line for line in lines if "unknown" not in line), encoding="utf-8")
    minor = python_version().rpartition(".")[0]
    words = ["pip", "compile", "--quiet", "--universal", "--python-version", python_version()]
    words += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"]
    words += [] if upgrade else ["--constraint", str(pins)]
    try:
        uv.run_uv(
            [*words, "--output-file", str(aside), "-"],
            what="resolve the lock",
            hint="is a version installed here that no index has any more? mlops env lock --upgrade",
            given="\n".join(needed) + "\n",
        )
        text = aside.read_text(encoding="utf-8")
        head = f"# python {minor}: made by `mlops env lock` of {', '.join(needed)}\n"
        aside.write_text(head + text, encoding="utf-8")
        aside.replace(target)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error}") from error
    finally:
        aside.unlink(missing_ok=True)
    return target


def dockerfile(project: Project) -> str:
    """Return a recipe for a container that holds exactly what the lock names.

    Raises
    ------
    InputError
        There is no ``requirements.lock``, or one of its packages has no hash.
    """
    path = project.root / LOCK
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"there is no lock to build from: {path}", "mlops env lock") from error
    bare = [entry.split()[0] for entry in _entries(text) if "--hash=" not in entry]
    if bare:
        raise InputError(f"{path} has no hash of {', '.join(bare[:5])}", "mlops env lock")
    named = re.match(r"# python (\d+\.\d+)", text)
    python = named[1] if named else python_version().rpartition(".")[0]
    digest = hashlib.sha256(text.encode()).hexdigest()
    local = sorted(local_folders())
    return _RECIPE.format(
        digest=digest,
        python=python,
        lock=LOCK,
        local=_LOCAL.format(names=", ".join(local)) if local else "",
    )


_RECIPE = """\
# Made by `mlops env dockerfile` from {lock} (sha256 {digest}).
FROM python:{python}-slim

ENV PYTHONUNBUFFERED=1 \\
    MLOPS_HOME=/data/mlops

# Only what the lock names, each file checked against its hash, compiled when it is installed.
WORKDIR /app
COPY {lock} ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --compile \\
    --no-deps --require-hashes -r {lock}
{local}
# Nobody: without a password, without a shell, and not the owner of the code.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin app \\
    && install -d -o app -g app /data/mlops
COPY . .
USER app
VOLUME /data

ENTRYPOINT ["mlops"]
CMD ["job", "serve"]
"""
_LOCAL = """
# Installed from a folder here and therefore in no lock: {names}.
# Put their wheels into wheels/ first: pip wheel --no-deps -w wheels FOLDER
COPY wheels/ /tmp/wheels/
RUN python -m pip install --no-cache-dir --compile --no-deps /tmp/wheels/*.whl
"""


def _entries(text: str) -> Iterator[str]:
    """Yield each requirement with its hashes, lines that go on joined."""
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()


def _declared(root: Path) -> list[str]:
    try:
        table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return []
    return [str(line) for line in table.get("project", {}).get("dependencies", [])]


def _is_local(folder: Path, module: str) -> bool:
    return (folder / f"{module}.py").is_file() or (folder / module / "__init__.py").is_file()


def _plain(requirement: str) -> str:
    found = _NAME.match(requirement)
    return found[0] if found else requirement


def _needs(package: str, installed: set[str]) -> Iterator[str]:
    """Yield what a package that is in no index needs, as far as it is installed here."""
    for line in metadata.requires(package) or []:
        requirement, _, marker = line.partition(";")
        extra = _EXTRA.search(marker)
        name = canonical(_plain(requirement))
        if name in installed and (extra is None or extra[1] == _OWN_EXTRA):
            yield name
