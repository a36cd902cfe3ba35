"""What the text of an executed cell does to names, its magics and its texts of code included."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from mlops_nb.dataflow import CellFacts, facts, nodes_of
from mlops_nb.errors import MlopsError
from mlops_nb.notebook import Magic, to_python
from mlops_nb.tracking.observe import PROCESS
from mlops_nb.tracking.options import parse_options

EVERYTHING = "<everything>"
"""Among a cell's uses: it computes the names that it reads, so it may read any."""

_EXPANDED = re.compile(r"\{([^{}]*)\}|\$\{?([^\W\d]\w*)")
_LOCAL = re.compile(r"@([^\W\d]\w*)")
_WORD = re.compile(r"[^\W\d]\w*")
# Magics and commands that leave everything as it is, or install what the environment lists.
_IDLE_MAGICS = frozenset(
    {
        *("matplotlib", "config", "time", "timeit", "prun", "memit", "capture", "mlops", "pip"),
        *("conda", "mamba", "uv", "who", "whos", "who_ls", "pwd", "ls", "ll", "history", "pinfo"),
        *("lsmagic", "autoreload", "precision", "html", "HTML", "markdown", "latex", "svg", "js"),
        *("javascript", "pycat", "debug", "pdb", "tb", "xmode", "?", "local"),
    }
)
_IDLE_COMMANDS = frozenset(
    {
        *("pip", "pip3", "conda", "mamba", "uv", "apt", "apt-get", "ls", "pwd", "cat", "head"),
        *(
            "tail",
            "wc",
            "which",
            "nvidia-smi",
            "df",
            "du",
            "free",
            "uname",
            "lscpu",
            "tree",
            "nproc",
        ),
    }
)
_SHELLS = frozenset({"!", "bash", "sh", "script", "system", "sx"})
INSTALL = re.compile(
    r"^(\s*)([!%]\s*(?:\S*python\S*\s+-m\s+|sudo\s+)?(?:pip3?|conda|mamba|uv|apt|apt-get)\s.*"
    r"\b(?:install|uninstall|add|sync|update|upgrade)\b.*)$",
    re.MULTILINE,
)
"""A line that changes the environment instead of using it."""


@lru_cache(maxsize=2048)
def cell_facts(source: str) -> CellFacts | None:
    """Return what a cell does to names by its text, None when it is no Python.

    Parameters
    ----------
    source : str
        The cell as the user wrote it, magics included.
    """
    text = to_python(source)
    try:
        # A notebook's cell may await at its top level.
        tree = compile(
            text.text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        )
    except (SyntaxError, ValueError):
        return None  # it never ran
    if not isinstance(tree, ast.Module):
        return None
    found = facts(tree)
    process = {PROCESS} if any(not _is_idle(magic) for magic in text.magics) else set()
    return replace(
        found,
        uses=found.uses
        | set(_expanded(text.magics))
        | (set(_logged(text.magics)) - found.binds)  # looked up when the cell has ended
        | set(_in_texts(tree))
        | set(_guarded(tree)),
        mutates=found.mutates | process,
    )


def _is_idle(magic: Magic) -> bool:
    if magic.name in _IDLE_MAGICS:
        return True
    if magic.name not in _SHELLS:
        return False
    lines = (magic.arguments if magic.body is None else magic.body).splitlines()
    words = [line.split() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return all(word[0] in _IDLE_COMMANDS and ">" not in "".join(word) for word in words)


def _expanded(magics: Iterable[Magic]) -> Iterator[str]:
    """Yield the variables in the lines of magics: ``$name``, ``{expression}``."""
    for magic in magics:
        for expression, name in _EXPANDED.findall(f"{magic.arguments}\n{magic.body or ''}"):
            yield from [name] if name else _WORD.findall(expression)


def _logged(magics: Iterable[Magic]) -> Iterator[str]:
    """Yield the variables that ``%%mlops run`` is to log: ``--data name``."""
    for magic in magics:
        if magic.name == "mlops" and magic.arguments.startswith("run"):
            try:
                options = parse_options(magic.arguments.removeprefix("run"))
            except MlopsError:
                continue
            yield from (*options.params, *options.metrics, *options.models, *options.data)


def _in_texts(tree: ast.Module) -> Iterator[str]:
    """Yield the names that texts of code read: ``eval("a + b")``, ``df.query("x > @limit")``."""
    for node in nodes_of(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        text = node.args[0] if node.args else None
        if name in {"query", "eval"} and isinstance(node.func, ast.Attribute):
            parts = nodes_of(text) if text is not None else []
            texts = [n.value for n in parts if isinstance(n, ast.Constant)]
            yield from (n for t in texts if isinstance(t, str) for n in _LOCAL.findall(t))
        elif name in {"eval", "exec"}:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield from _WORD.findall(text.value)
            else:
                yield EVERYTHING
        elif name in {"globals", "locals", "vars", "dir"} and not node.args:
            yield EVERYTHING


def _guarded(tree: ast.Module) -> Iterator[str]:
    """Yield the names read under a guard: ``try: x``, ``except NameError: …``."""
    for node in nodes_of(tree):
        if isinstance(node, ast.Try) and any(
            handler.type is None or "NameError" in ast.dump(handler.type)
            for handler in node.handlers
        ):
            yield from (n.id for n in nodes_of(node) if isinstance(n, ast.Name))
