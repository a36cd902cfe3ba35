"""Calls that draw random numbers, and the seeds that govern them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Stochastic:
    """Calls that draw random numbers.

    Parameters
    ----------
    pattern : re.Pattern
        Of the qualified name.
    seed : str
        The argument that seeds the call; empty: it takes none.
    governed_by : tuple of str
        Prefixes of the qualified names of global seeds that govern it.
    position : int, optional
        Position of `seed` among the arguments, where it may be given without its name.
    only_with : str
        An argument that must be true for the call to be random.
    """

    pattern: re.Pattern[str]
    seed: str
    governed_by: tuple[str, ...] = ("numpy.random.seed", "random_state")
    position: int | None = None
    only_with: str = ""


def _names(prefix: str, names: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(prefix)}\.(?:[\w.]+\.)?(?:{names})")


_TABLE = (
    Stochastic(
        _names(
            "sklearn",
            "train_test_split|ShuffleSplit|StratifiedShuffleSplit|GroupShuffleSplit|"
            "RandomizedSearchCV|RandomForest(?:Classifier|Regressor)|ExtraTrees?(?:Classifier|"
            "Regressor)|Bagging(?:Classifier|Regressor)|IsolationForest|DecisionTree(?:Classifier|"
            "Regressor)|GradientBoosting(?:Classifier|Regressor)|AdaBoost(?:Classifier|Regressor)|"
            "(?:MiniBatch)?KMeans|MLP(?:Classifier|Regressor)|SGD(?:Classifier|Regressor)|"
            "Perceptron|PassiveAggressiveClassifier|TSNE|FastICA|LatentDirichletAllocation|"
            "GaussianMixture|permutation_importance|resample|shuffle|make_classification|"
            "make_regression|make_blobs|make_moons|make_circles",
        ),
        "random_state",
    ),
    Stochastic(
        _names("sklearn", "(?:Stratified|Repeated)?KFold"), "random_state", only_with="shuffle"
    ),
    Stochastic(
        _names("imblearn", "SMOTE|ADASYN|RandomOverSampler|RandomUnderSampler"), "random_state"
    ),
    Stochastic(
        re.compile(
            r"numpy\.random\.(?:rand|randn|randint|random|random_sample|choice|shuffle|permutation|"
            r"normal|uniform|binomial|poisson|exponential|beta|gamma|standard_normal|lognormal|"
            r"multivariate_normal|laplace|logistic|geometric|triangular|dirichlet|multinomial)"
        ),
        "",
        ("numpy.random.seed",),
    ),
    Stochastic(re.compile(r"numpy\.random\.(?:default_rng|RandomState)"), "seed", (), 0),
    Stochastic(
        re.compile(
            r"random\.(?:random|randint|randrange|choice|choices|shuffle|sample|uniform|gauss|"
            r"normalvariate|betavariate|expovariate)"
        ),
        "",
        ("random.seed",),
    ),
    Stochastic(
        re.compile(r"torch\.(?:rand|randn|randint|randperm|normal|bernoulli|multinomial)"),
        "generator",
        ("torch.manual_seed", "torch.random.manual_seed"),
    ),
    Stochastic(
        re.compile(r"torch\.utils\.data\.random_split"), "generator", ("torch.manual_seed",)
    ),
    Stochastic(
        re.compile(r"tensorflow\.random\.(?:normal|uniform|shuffle|truncated_normal)"),
        "seed",
        ("tensorflow.random.set_seed", "tensorflow.keras.utils.set_random_seed"),
    ),
)


@lru_cache(maxsize=10_000)
def entry_of(name: str) -> Stochastic | None:
    """Return the entry of a call by its qualified name."""
    return next((e for e in _TABLE if e.pattern.fullmatch(name)), None) if name else None


def is_seeded(call: ast.Call, entry: Stochastic) -> bool:
    """Tell whether a call is given a seed of its own, or draws nothing."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in given or any(isinstance(arg, ast.Starred) for arg in call.args):
        return True  # **options may hold it
    if entry.only_with and not _is_true(given.get(entry.only_with)):
        return True
    shuffle = given.get("shuffle")
    if isinstance(shuffle, ast.Constant) and shuffle.value is False:
        return True
    seed = given.get(entry.seed) if entry.seed else None
    if seed is None and entry.position is not None and len(call.args) > entry.position:
        seed = call.args[entry.position]
    return seed is not None and not (isinstance(seed, ast.Constant) and seed.value is None)


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def unseeded_draw(call: ast.Call, name: str) -> Stochastic | None:
    """Return the entry of a call that draws without a seed of its own."""
    entry = entry_of(name)
    return entry if entry and entry.governed_by and not is_seeded(call, entry) else None
