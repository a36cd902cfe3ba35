"""The types a model file may hold beyond those that skops trusts by itself.

skops already trusts scikit-learn's public estimators, numpy's and scipy's universal functions,
arrays and Python's containers. What follows was read, one by one, for what building it or setting
its state can do: none opens a file or a connection, imports by name or runs code from its state.
A prefix such as ``sklearn.`` would not do: ``sklearn.utils._testing.check_output`` is a shell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def _names(module: str, names: Iterable[str], reason: str) -> dict[str, str]:
    return {f"{module}.{name}": reason for name in names}


_METRICS = [
    "accuracy_score",
    "average_precision_score",
    "balanced_accuracy_score",
    "f1_score",
    "fbeta_score",
    "log_loss",
    "matthews_corrcoef",
    "precision_score",
    "recall_score",
    "roc_auc_score",
    "brier_score_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "root_mean_squared_error",
    "r2_score",
    "median_absolute_error",
    "mean_absolute_percentage_error",
]
_METRIC_MODULES = ("_classification", "_ranking", "_regression")

_NUMPY_FUNCTIONS = [
    "abs",
    "around",
    "array",
    "asarray",
    "ascontiguousarray",
    "atleast_2d",
    "clip",
    "column_stack",
    "cumsum",
    "diff",
    "datetime_as_string",
    "flip",
    "fliplr",
    "hstack",
    "maximum",
    "mean",
    "median",
    "minimum",
    "nan_to_num",
    "ravel",
    "reshape",
    "round",
    "squeeze",
    "stack",
    "sum",
    "transpose",
    "vstack",
    "where",
    "zeros_like",
]

TRUSTED: Mapping[str, str] = {
    "sklearn.tree._tree.Tree": "node arrays; their indices are checked after loading",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": (
        "node arrays; their indices are checked after loading"
    ),
    **_names(
        "sklearn._loss.loss",
        ("HalfTweedieLoss", "HalfTweedieLossIdentity"),
        "a loss: two numbers and a link",
    ),
    **_names(
        "sklearn.calibration",
        ("_CalibratedClassifier", "_SigmoidCalibration", "_TemperatureScaling"),
        "holds an estimator and calibrators",
    ),
    **_names(
        "sklearn.cluster._bisect_k_means", ("_BisectingTree",), "cluster centres, pure Python"
    ),
    "sklearn.cluster._kmeans._kmeans_single_lloyd": "arithmetic on arrays",
    "sklearn.cluster._kmeans._kmeans_single_elkan": "arithmetic on arrays",
    **_names(
        "sklearn.ensemble._gb_losses",
        ("BinomialDeviance", "LeastSquaresError", "MultinomialDeviance"),
        "a loss without state",
    ),
    **_names(
        "sklearn.feature_selection._univariate_selection",
        ("chi2", "f_classif", "f_regression", "f_oneway", "r_regression"),
        "a statistic of arrays",
    ),
    **_names(
        "sklearn.feature_selection._mutual_info",
        ("mutual_info_classif", "mutual_info_regression"),
        "a statistic of arrays",
    ),
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace": "arrays and a kernel",
    **_names(
        "sklearn.gaussian_process.kernels",
        (
            "CompoundKernel",
            "ConstantKernel",
            "DotProduct",
            "Exponentiation",
            "ExpSineSquared",
            "Hyperparameter",
            "Matern",
            "PairwiseKernel",
            "Product",
            "RBF",
            "RationalQuadratic",
            "Sum",
            "WhiteKernel",
        ),
        "a kernel: numbers and bounds",
    ),
    **{
        f"sklearn.metrics.{module}.{name}": "a metric of arrays"
        for module in _METRIC_MODULES
        for name in _METRICS
    },
    **_names(
        "sklearn.metrics._scorer",
        ("_CurveScorer", "_MultimetricScorer", "_PassthroughScorer", "_Scorer"),
        "calls a metric that is itself in this list",
    ),
    **_names(
        "sklearn.model_selection._split",
        (
            "GroupKFold",
            "GroupShuffleSplit",
            "KFold",
            "LeaveOneGroupOut",
            "PredefinedSplit",
            "RepeatedKFold",
            "RepeatedStratifiedKFold",
            "ShuffleSplit",
            "StratifiedGroupKFold",
            "StratifiedKFold",
            "StratifiedShuffleSplit",
            "TimeSeriesSplit",
        ),
        "a splitter: counts and a seed",
    ),
    "sklearn.multiclass._ConstantPredictor": "one constant",
    **_names(
        "sklearn.neural_network._stochastic_optimizers",
        ("AdamOptimizer", "SGDOptimizer"),
        "arrays and rates",
    ),
    **_names(
        "sklearn.preprocessing._data",
        (
            "add_dummy_feature",
            "binarize",
            "maxabs_scale",
            "minmax_scale",
            "normalize",
            "power_transform",
            "quantile_transform",
            "robust_scale",
            "scale",
        ),
        "arithmetic on arrays, fit for FunctionTransformer",
    ),
    **_names(
        "sklearn.utils._metadata_requests",
        ("MetadataRequest", "MethodMetadataRequest"),
        "names of methods and arguments",
    ),
    "sklearn.utils._bunch.Bunch": "a dictionary with attributes",
    "sklearn.compose._column_transformer._RemainderColsList": "a list of column names",
    "sklearn.compose._column_transformer.make_column_selector": "a pattern and dtypes",
    **_names("numpy", _NUMPY_FUNCTIONS, "arithmetic on arrays, fit for FunctionTransformer"),
    **_names(
        "numpy.strings",
        ("lower", "lstrip", "rstrip", "strip", "title", "upper"),
        "text arrays, fit for FunctionTransformer",
    ),
    "numpy.dtype": "the type of an array",
    "scipy.interpolate._bsplines.BSpline": "arrays of a spline",
    "scipy.sparse._csr.csr_matrix": "a sparse array",
    "scipy.sparse._csr.csr_array": "a sparse array",
    "scipy.sparse._csc.csc_matrix": "a sparse array",
    "scipy.sparse._csc.csc_array": "a sparse array",
    "scipy._lib.array_api_compat.numpy._aliases.asarray": "numpy.asarray",
    "collections.OrderedDict": "a dictionary",
    "functools.partial": "calls a function that is itself in this list",
    "sklearn.utils.validation.check_array": "looks at an array",
    **_names(
        "lightgbm.sklearn",
        ("LGBMClassifier", "LGBMModel", "LGBMRanker", "LGBMRegressor"),
        "parameters and a booster",
    ),
    "lightgbm.basic.Booster": "restored from LightGBM's own text format",
    **_names(
        "xgboost.sklearn",
        (
            "XGBClassifier",
            "XGBModel",
            "XGBRanker",
            "XGBRFClassifier",
            "XGBRFRegressor",
            "XGBRegressor",
        ),
        "parameters and a booster",
    ),
    "xgboost.core.Booster": "restored from XGBoost's own binary format",
}
"""Full name of a type or function → why it is safe."""
