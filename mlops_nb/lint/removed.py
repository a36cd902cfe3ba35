"""Names that libraries have removed: since when, and what to use instead."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Removed:
    """A name that is gone.

    Parameters
    ----------
    distribution : str
        What has to be installed in an older version; ``python`` for the language itself.
    since : tuple of int
        First version without it.
    instead : str
        What to use.
    same : bool
        `instead` is a name that can take its place: it is called in the same way.
    """

    distribution: str
    since: tuple[int, ...]
    instead: str
    same: bool


_BY_LIBRARY: dict[tuple[str, tuple[int, ...]], dict[str, str]] = {
    ("scikit-learn", (0, 20)): {
        "sklearn.cross_validation": "sklearn.model_selection",
        "sklearn.grid_search": "sklearn.model_selection",
        "sklearn.learning_curve": "sklearn.model_selection",
        "sklearn.lda": "sklearn.discriminant_analysis",
        "sklearn.qda": "sklearn.discriminant_analysis",
    },
    ("scikit-learn", (0, 22)): {
        "sklearn.preprocessing.Imputer": "sklearn.impute.SimpleImputer",
        "sklearn.datasets.fetch_mldata": "sklearn.datasets.fetch_openml",
        "sklearn.preprocessing.CategoricalEncoder": "sklearn.preprocessing.OneHotEncoder",
    },
    ("scikit-learn", (0, 23)): {
        "sklearn.externals.joblib": "joblib",
        "sklearn.externals.six": "Python 3",
    },
    ("scikit-learn", (0, 24)): {
        "sklearn.utils.testing": "numpy.testing",
        "sklearn.datasets.samples_generator": "sklearn.datasets",
        "sklearn.ensemble.forest": "sklearn.ensemble",
        "sklearn.linear_model.logistic": "sklearn.linear_model",
        "sklearn.metrics.classification": "sklearn.metrics",
        "sklearn.neighbors.classification": "sklearn.neighbors",
        "sklearn.tree.tree": "sklearn.tree",
        "sklearn.feature_extraction.stop_words": "sklearn.feature_extraction.text",
        "sklearn.metrics.jaccard_similarity_score": "sklearn.metrics.jaccard_score",
    },
    ("scikit-learn", (1, 2)): {
        "sklearn.datasets.load_boston": "fetch_california_housing, or another data set",
        "sklearn.metrics.plot_confusion_matrix": "ConfusionMatrixDisplay.from_estimator",
        "sklearn.metrics.plot_roc_curve": "RocCurveDisplay.from_estimator",
        "sklearn.metrics.plot_precision_recall_curve": "PrecisionRecallDisplay.from_estimator",
        "sklearn.inspection.plot_partial_dependence": "PartialDependenceDisplay.from_estimator",
    },
    ("numpy", (1, 24)): {
        "numpy.int": "int",
        "numpy.float": "float",
        "numpy.object": "object",
        "numpy.str": "str",
        "numpy.complex": "complex",
    },
    ("numpy", (2, 0)): {
        "numpy.float_": "numpy.float64",
        "numpy.complex_": "numpy.complex128",
        "numpy.unicode_": "numpy.str_",
        "numpy.string_": "numpy.bytes_",
        "numpy.Inf": "numpy.inf",
        "numpy.Infinity": "numpy.inf",
        "numpy.infty": "numpy.inf",
        "numpy.NaN": "numpy.nan",
        "numpy.NAN": "numpy.nan",
        "numpy.product": "numpy.prod",
        "numpy.cumproduct": "numpy.cumprod",
        "numpy.alltrue": "numpy.all",
        "numpy.sometrue": "numpy.any",
        "numpy.mat": "numpy.asmatrix",
        "numpy.asfarray": "numpy.asarray(..., dtype=float)",
        "numpy.find_common_type": "numpy.promote_types",
    },
    ("pandas", (0, 25)): {
        "pandas.Panel": "a DataFrame with a MultiIndex",
        "pandas.rolling_mean": "Series.rolling(...).mean()",
        "pandas.rolling_std": "Series.rolling(...).std()",
        "pandas.ewma": "Series.ewm(...).mean()",
        "pandas.scatter_matrix": "pandas.plotting.scatter_matrix",
        "pandas.tools": "pandas itself",
        "pandas.tools.plotting": "pandas.plotting",
        "pandas.TimeGrouper": "pandas.Grouper",
        "pandas.io.data": "pandas_datareader",
    },
    ("pandas", (2, 0)): {
        "pandas.io.json.json_normalize": "pandas.json_normalize",
        "pandas.Int64Index": "pandas.Index",
        "pandas.datetime": "datetime.datetime",
        "pandas.np": "numpy",
    },
    ("scipy", (1, 3)): {
        "scipy.misc.imread": "imageio.v3.imread",
        "scipy.misc.imresize": "PIL.Image.resize",
        "scipy.misc.imsave": "imageio.v3.imwrite",
        "scipy.misc.toimage": "PIL.Image.fromarray",
    },
    ("scipy", (1, 12)): {
        "scipy.misc.derivative": "scipy.differentiate.derivative",
        "scipy.misc.face": "scipy.datasets.face",
        "scipy.misc.ascent": "scipy.datasets.ascent",
        "scipy.misc.electrocardiogram": "scipy.datasets.electrocardiogram",
        "scipy.interp": "numpy.interp",
    },
    ("scipy", (1, 14)): {
        "scipy.integrate.simps": "scipy.integrate.simpson",
        "scipy.integrate.trapz": "scipy.integrate.trapezoid",
        "scipy.integrate.cumtrapz": "scipy.integrate.cumulative_trapezoid",
    },
    ("tensorflow", (2, 0)): {
        "tensorflow.placeholder": "a function's argument",
        "tensorflow.Session": "eager execution",
        "tensorflow.InteractiveSession": "eager execution",
        "tensorflow.contrib": "tf_keras, or the package it moved to",
        "tensorflow.global_variables_initializer": "eager execution",
        "tensorflow.get_variable": "tensorflow.Variable",
        "tensorflow.set_random_seed": "tensorflow.random.set_seed",
        "tensorflow.app": "absl.app",
        "tensorflow.flags": "absl.flags",
        "tensorflow.logging": "logging",
        "tensorflow.gfile": "tensorflow.io.gfile",
        "tensorflow.examples": "tensorflow_datasets",
    },
    ("keras", (3, 0)): {
        "keras.utils.np_utils": "keras.utils",
        "keras.wrappers.scikit_learn": "scikeras",
        "keras.layers.normalization": "keras.layers",
        "keras.layers.core": "keras.layers",
        "keras.layers.recurrent": "keras.layers",
        "keras.layers.convolutional": "keras.layers",
        "keras.layers.embeddings": "keras.layers",
        "keras.optimizers.adam": "keras.optimizers.Adam",
        "tensorflow.keras.wrappers": "scikeras",
    },
    ("statsmodels", (0, 13)): {
        "statsmodels.tsa.arima_model": "statsmodels.tsa.arima.model",
    },
    ("seaborn", (0, 12)): {
        "seaborn.factorplot": "seaborn.catplot",
        "seaborn.tsplot": "seaborn.lineplot",
    },
    ("openai", (1, 0)): {
        "openai.ChatCompletion": "OpenAI().chat.completions",
        "openai.Completion": "OpenAI().completions",
        "openai.Embedding": "OpenAI().embeddings",
    },
    ("python", (3, 12)): {
        "imp": "importlib",
        "distutils": "setuptools, shutil",
        "asyncore": "asyncio",
    },
    ("python", (3, 10)): {
        "collections.Mapping": "collections.abc.Mapping",
        "collections.Iterable": "collections.abc.Iterable",
        "collections.Callable": "collections.abc.Callable",
        "collections.Sequence": "collections.abc.Sequence",
    },
    ("python", (3, 0)): {
        "urllib2": "urllib.request",
        "cPickle": "pickle",
        "StringIO": "io",
        "ConfigParser": "configparser",
        "urllib.urlopen": "urllib.request.urlopen",
        "urllib.urlretrieve": "urllib.request.urlretrieve",
        "urllib.urlencode": "urllib.parse.urlencode",
        "itertools.izip": "zip",
        "itertools.imap": "map",
        "string.maketrans": "str.maketrans",
    },
}
# Their successors take other arguments, or give something else.
_CHANGED = frozenset(
    {
        *("sklearn.preprocessing.Imputer", "sklearn.datasets.fetch_mldata"),
        *("sklearn.metrics.jaccard_similarity_score", "sklearn.utils.testing"),
        *("scipy.misc.imresize", "scipy.misc.toimage", "scipy.misc.derivative"),
        *("seaborn.factorplot", "seaborn.tsplot", "numpy.find_common_type", "imp", "asyncore"),
        *("tensorflow.get_variable", "tensorflow.gfile", "tensorflow.flags", "tensorflow.app"),
        *("tensorflow.logging", "tensorflow.examples", "tensorflow.keras.wrappers"),
        *("keras.wrappers.scikit_learn", "keras.optimizers.adam", "string.maketrans"),
        *("statsmodels.tsa.arima_model", "sklearn.preprocessing.CategoricalEncoder"),
        *("pandas.TimeGrouper", "pandas.io.data"),
    }
)
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
REMOVED: dict[str, Removed] = {
    name: Removed(
        distribution,
        since,
        instead,
        same=name not in _CHANGED and bool(_NAME.fullmatch(instead)),
    )
    for (distribution, since), names in _BY_LIBRARY.items()
    for name, instead in names.items()
}
