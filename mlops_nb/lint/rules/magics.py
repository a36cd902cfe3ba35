"""NBH006: magics that no kernel of the notebook's kind has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.rule import Severity, rule
from mlops_nb.notebook import Magic


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What IPython and its kernel bring along, aliases of shell commands among them.
LINE_MAGICS = _words(
    """alias alias_magic autoawait autocall automagic autosave bookmark cat cd clear code_wrap
    colors conda config connect_info cp debug dhist dirs doctest_mode ed edit env gui hist history
    killbgscripts ldir less lf lk ll load load_ext loadpy logoff logon logstart logstate logstop ls
    lsmagic lx macro magic mamba man matplotlib micromamba mkdir more mv notebook page pastebin pdb
    pdef pdoc pfile pinfo pinfo2 pip popd pprint precision prun psearch psource pushd pwd pycat
    pylab qtconsole quickref recall rehashx reload_ext rep rerun reset reset_selective rm rmdir run
    save sc set_env store subshell sx system tb time timeit unalias unload_ext uv who who_ls whos
    xdel xmode"""
)
CELL_MAGICS = _words(
    """! HTML SVG bash capture cmd code_wrap debug file html javascript js latex markdown perl prun
    pypy python python2 python3 ruby script sh svg sx system time timeit writefile"""
)
# Extension → the magics it binds, of lines and cells alike.
_EXTENSIONS = {
    "autoreload": "autoreload aimport",
    "memory_profiler": "memit mprun",
    "line_profiler": "lprun",
    "Cython": "cython cython_inline cython_pyximport",
    "cython": "cython cython_inline cython_pyximport",
    "sql": "sql sqlcmd sqlplot sqlrender",
    "rpy2.ipython": "R Rpush Rpull Rget",
    "tensorboard": "tensorboard",
    "watermark": "watermark",
    "version_information": "version_information",
    "google.cloud.bigquery": "bigquery",
    "bigquery_magics": "bigquery",
    "google.colab.data_table": "",
    "dotenv": "dotenv",
    "pyinstrument": "pyinstrument",
    "snakeviz": "snakeviz",
    "scalene": "scrun scalene",
    "heat": "heat",
    "mlops_nb": "mlops",
    "jupyter_ai_magics": "ai",
    "jupyter_black": "",
    "lab_black": "",
    "nb_black": "",
    "rich": "",
    "storemagic": "store",
}
_BROUGHT_BY = {name: module for module, names in _EXTENSIONS.items() for name in names.split()}
_COLAB = frozenset({"shell", "bigquery", "tensorflow_version"})
# Calls and decorators that make magics of the notebook's own functions.
_REGISTERS = frozenset(
    {
        *("register_line_magic", "register_cell_magic", "register_line_cell_magic"),
        *("magics_class", "register_magics", "register_magic_function", "load_extension"),
        *("load_ext", "run_line_magic", "load_ipython_extension"),
    }
)
_HIDES = frozenset({"run", "alias", "alias_magic", "rehashx"})  # they may bind any name
_OTHER_KERNELS = re.compile(r"(?i)spark|databricks|glue|synapse|sagemaker|xeus|sage|kaggle")
_WRITTEN = re.compile(r"(%%?)([^\W\d][\w.]*)")


@rule(
    "NBH006",
    "unknown-magic",
    Severity.ERROR,
    why="""IPython stops at this line with a UsageError. It worked where somebody had loaded the
    extension by hand, or in the start-up files of one machine; a job has neither.""",
    bad=Example(cells=["%autoreload 2", "print(1 + 1)"]),
    good=Example(cells=["%load_ext autoreload\n%autoreload 2", "print(1 + 1)"]),
    opt_in=True,
)
def unknown_magic(context: Context) -> Iterator[Finding]:
    """Flag a magic that neither IPython nor an extension loaded above brings."""
    if context.words & _REGISTERS or any(map(_OTHER_KERNELS.search, _kernel(context))):
        return
    known = {name.partition(".")[0] for name in context.imports.values()}  # some bind as they load
    known |= _COLAB if "colab" in context.notebook.metadata else set()
    for code in context.code:
        for magic in code.python.magics:
            loaded = _loaded(magic)
            if loaded is None or magic.name in _HIDES:
                return  # an extension that is not in the table, or any name
            known |= loaded
            found = _WRITTEN.match(code.cell.lines[magic.line - 1], magic.column - 1)
            if not found or found[2] in known:
                continue
            mark, name = found.groups()
            if name not in (CELL_MAGICS if mark == "%%" else LINE_MAGICS):
                yield code.finding_at(magic, _message(mark, name))


def _kernel(context: Context) -> Iterator[str]:
    """Yield what tells of a platform whose kernels have magics of their own."""
    yield context.notebook.kernel or ""
    yield from context.notebook.metadata


def _loaded(magic: Magic) -> set[str] | None:
    """Return the magics that a line loads; None: those of an extension that is not known."""
    if magic.name not in ("load_ext", "reload_ext"):
        return set()
    names = _EXTENSIONS.get(magic.arguments.partition("#")[0].strip())
    return None if names is None else set(names.split())


def _message(mark: str, name: str) -> str:
    if name in _BROUGHT_BY:
        return f"{mark}{name} comes with %load_ext {_BROUGHT_BY[name]}, which no cell above loads"
    other = LINE_MAGICS if mark == "%%" else CELL_MAGICS
    kind = "line" if mark == "%%" else "cell"
    hint = f", only a {kind} magic of that name" if name in other else ""
    return f"IPython knows no {mark}{name}{hint}"
