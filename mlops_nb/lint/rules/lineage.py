"""NBM: results that can be traced to what made them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Code, Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.rule import Severity, rule

_TRACKERS = frozenset(
    {
        *("mlops_nb", "mlflow", "wandb", "dvclive", "neptune", "comet_ml", "aim", "clearml"),
        *("sacred", "trackio", "scrapbook", "tensorboardX", "azureml", "vertexai", "swanlab"),
    }
)
_LEARNERS = frozenset(
    {
        *("sklearn", "xgboost", "lightgbm", "catboost", "keras", "tensorflow", "statsmodels"),
        *("imblearn", "torch", "pytorch_lightning", "lightning", "fastai", "prophet"),
    }
)
_FITS = frozenset({"fit", "fit_generator", "partial_fit", "fit_one_cycle"})
_DUMPS = frozenset({"joblib.dump", "sklearn.externals.joblib.dump", "skops.io.dump", "torch.save"})
_PICKLES = frozenset({"pickle.dump", "dill.dump", "cloudpickle.dump"})
_SAVES = frozenset({"save_model", "save_weights", "save_pretrained"})
_MODEL_FILE = re.compile(
    r"(?i)\.(?:pkl|pickle|joblib|sav|h5|hdf5|keras|pth?|skops|onnx|cbm|ubj|bst)$"
)
_VERSIONED = re.compile(r"\d{4,}|v\d|[0-9a-f]{7,}")
_WRITES = frozenset({"to_csv", "to_parquet", "to_sql", "to_feather", "to_json", "to_excel"})

_PARAMETERS = Code("path = 'flights.parquet'", tags=["parameters"])
_FIT = (
    "import pandas as pd\nfrom sklearn.linear_model import LinearRegression\n\n"
    "table = pd.read_parquet(path)\nmodel = LinearRegression().fit(table[['dep']], table['arr'])"
)


@rule(
    "NBM001",
    "untracked-training",
    Severity.WARNING,
    why="""The job trains a model and keeps no record of it: with which code, data and parameters
    it was made, and how good it was, cannot be told when it misbehaves.""",
    bad=Example(cells=[_PARAMETERS, _FIT], job=True),
    good=Example(
        cells=[_PARAMETERS, f"import mlops_nb as mlops\n\n{_FIT}\nmlops.log(rows=len(table))"],
        job=True,
    ),
)
def untracked_training(context: Context) -> Iterator[Finding]:
    """Flag a job that trains a model and logs no run."""
    trained = training(context) if context.job and not tracks(context) else None
    if trained:
        yield trained[0].finding(trained[1], "a model is trained and no run is logged")


@rule(
    "NBM002",
    "unversioned-model",
    Severity.INFO,
    why="""Tomorrow's run writes over today's model. Which run, data and code the file came from is
    not in its name, and yesterday's, which was better, is gone.""",
    bad=Example(
        cells=["import joblib\n\nmodel = {'slope': 2}", "joblib.dump(model, 'model.joblib')"]
    ),
    good=Example(
        cells=[
            "import joblib\n\nmodel, run = {'slope': 2}, 'a3f'",
            "joblib.dump(model, f'model-{run}.joblib')",
        ]
    ),
)
def unversioned_model(context: Context) -> Iterator[Finding]:
    """Flag a model saved under a name that holds no version, run or date."""
    if tracks(context):
        return
    for code, call, name in context.calls:
        for path in _model_paths(call, name):
            if not _VERSIONED.search(path):
                yield code.finding(call, f"{path!r} names no version, run or date")


@rule(
    "NBM004",
    "unrecorded-job",
    Severity.INFO,
    why="""A job that writes a table and records nothing about it can be watched only by opening
    the table: a half, an empty or a doubled one looks like every other success.""",
    bad=Example(
        cells=[
            _PARAMETERS,
            "import pandas as pd\n\ntable = pd.read_parquet(path)\ntable.to_parquet('out.parquet')",
        ],
        job=True,
    ),
    good=Example(
        cells=[
            _PARAMETERS,
            "import mlops_nb as mlops\nimport pandas as pd\n\ntable = pd.read_parquet(path)\n"
            "table.to_parquet('out.parquet')\nmlops.log(rows=len(table))",
        ],
        job=True,
    ),
)
def unrecorded_job(context: Context) -> Iterator[Finding]:
    """Flag a job that writes tables and records no metric of them."""
    if not context.job or tracks(context):
        return
    for code, call, _ in context.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in _WRITES and call.args:
            message = f"{call.func.attr}() writes a result, and no metric of it is recorded"
            yield code.finding(call, message)
            return


def training(context: Context) -> tuple[CodeCell, ast.Call] | None:
    """Return the first call that trains a model, with its cell."""
    if not _packages(context) & _LEARNERS:
        return None
    for code, call, _ in context.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in _FITS:
            return code, call
    return None


def _packages(context: Context) -> set[str]:
    return {name.partition(".")[0] for name in context.imports.values()}


def tracks(context: Context) -> bool:
    """Tell whether a notebook uses a tool that keeps runs."""
    if _packages(context) & _TRACKERS or "TensorBoard" in context.words:
        return True
    return any(magic.name == "mlops" for code in context.code for magic in code.python.magics)


def _model_paths(call: ast.Call, name: str) -> Iterator[str]:
    """Yield the plain paths that a call saves a model under."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in _DUMPS:
        places = call.args[1:2]
    elif name in _PICKLES:
        opened = call.args[1] if len(call.args) > 1 else None
        places = opened.args[:1] if isinstance(opened, ast.Call) else []
    elif method in _SAVES or (method == "save" and not name):
        places = call.args[:1]
    else:
        return
    for place in places:
        path = place.value if isinstance(place, ast.Constant) else None
        if isinstance(path, str) and _MODEL_FILE.search(path):
            yield path
