"""What is known of IPython's magics: which hold Python, which bind names."""

from __future__ import annotations

import re

# Cell magics whose body is the notebook's own Python.
PYTHON_CELLS = frozenset(
    {"time", "timeit", "capture", "prun", "memit", "mlops", "local", "snakeviz", "pyinstrument"}
)
# Cell magics whose body is another language, or text.
FOREIGN_CELLS = frozenset(
    {
        *("!", "bash", "sh", "cmd", "script", "system", "sx", "perl", "ruby", "julia", "R"),
        *("html", "HTML", "svg", "SVG", "javascript", "js", "latex", "markdown", "writefile"),
        *("file", "writetemplate", "sql", "bigquery", "bq", "cython", "fortran", "cpp", "cu"),
        *("octave", "matlab", "stata", "pypy", "python2", "python3", "python", "configure"),
        *("mermaid", "css", "typescript", "go", "java", "scala", "pig", "hive", "sparksql"),
    }
)
# Line magics that run the rest of their line as Python, and the options that take a value.
PYTHON_LINES = {"time": "", "timeit": "nr", "prun": "lsTD", "memit": "rt"}
# Line magics that bind names nobody can read from the line.
OPAQUE_LINES = frozenset({"run", "load", "loadpy", "pylab", "macro", "rerun", "recall", "edit"})
# What IPython runs as a magic without a %, in a cell of one line.
AUTOMAGICS = frozenset(
    {
        *("pip", "conda", "mamba", "micromamba", "uv", "cd", "ls", "ll", "la", "pwd", "cat", "cp"),
        *("mv", "mkdir", "rm", "rmdir", "more", "less", "man", "who", "whos", "who_ls", "time"),
        *("timeit", "matplotlib", "load_ext", "reload_ext", "run", "env", "history", "hist"),
        *("store", "pylab", "precision", "lsmagic", "reset", "xdel", "debug", "pdb", "pinfo"),
        *("quickref", "clear", "cls", "dirs", "pushd", "popd", "autoreload", "config", "notebook"),
        *("set_env", "bookmark", "alias", "unalias", "colors", "gui", "prun", "pycat", "pdoc"),
    }
)
# Of those, the words that also name variables.
OFTEN_VARIABLES = frozenset(
    {"run", "env", "store", "config", "history", "hist", "time", "alias", "colors", "notebook"}
)
# Names that IPython puts into every notebook.
IPYTHON_NAMES = frozenset(
    {
        *("In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "_exit_code"),
        *("display", "get_ipython", "exit", "quit", "__builtins__", "__builtin__", "__doc__"),
        *("__name__", "__loader__", "__spec__", "__package__", "__session__"),
        *("__annotations__", "__dict__", "__class__", "_exit_code", "open", "_sh"),
    }
)

_NAME = r"[^\W\d]\w*"
_BINDERS: dict[str, re.Pattern[str]] = {
    "capture": re.compile(rf"^(?:\s*--?[\w-]+)*\s+({_NAME})"),
    "sql": re.compile(rf"^\s*({_NAME})\s*<<|.*?\s({_NAME})\s*<<|.*?--save\s+({_NAME})"),
    "store": re.compile(rf"^\s*-r\s+((?:{_NAME}\s*)+)"),
    "R": re.compile(rf".*?(?:-o|--output)[\s=]+({_NAME}(?:,{_NAME})*)"),
    "bigquery": re.compile(rf"^\s*({_NAME})"),
    "bq": re.compile(rf".*?(?:-n|--name)\s+({_NAME})"),
    "spark": re.compile(rf".*?-o\s+({_NAME})"),
}
_SCRIPT = re.compile(rf"--(?:out|err|proc)[\s=]+({_NAME})")
_SCRIPTS = frozenset(
    {"bash", "sh", "script", "perl", "ruby", "python", "python2", "python3", "cmd"}
)
_WORD = re.compile(_NAME)


def bound_names(name: str, arguments: str) -> list[str]:
    """Return the names that a magic binds.

    Parameters
    ----------
    name : str
        The magic, without ``%``.
    arguments : str
        The rest of its line.
    """
    if name in _SCRIPTS:
        return _SCRIPT.findall(arguments)
    pattern = _BINDERS.get(name)
    found = pattern.match(" " + arguments) if pattern else None
    if not found:
        return []
    return _WORD.findall(next(group for group in found.groups() if group))


def is_opaque(name: str, arguments: str) -> bool:
    """Tell whether a magic binds names that cannot be read from its line."""
    if name == "store":
        return arguments.split()[:1] == ["-r"] and not bound_names(name, arguments)
    return name in OPAQUE_LINES or name in {"cython", "pyspark", "nbrun"}
