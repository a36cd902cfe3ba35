"""Model files that can be loaded without running what is in them.

A model is stored by skops, which holds data and the names of types, never code. Loading builds
only types that stand in the reviewed list of :mod:`mlops_nb.modelfile.trusted`, and what the list
cannot promise (tree nodes that point outside of their array) is checked on the loaded object.
"""

from __future__ import annotations

import hashlib
import pickle
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_nb.errors import InputError, MissingExtraError, MlopsError
from mlops_nb.modelfile.bounds import check_trees
from mlops_nb.modelfile.trusted import TRUSTED

__all__ = ["ModelFile", "digest", "inspect", "load", "save"]

PICKLE_SUFFIX = ".pkl"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A stored model.

    Parameters
    ----------
    path : Path
        The file.
    format : {"skops", "pickle"}
        How it is written; loading a pickle runs code, so it must be allowed each time.
    types : list of str
        The types a reader must trust beyond those that skops trusts by itself; of a pickle,
        the type of the object alone, where it is known.
    sha256 : str
        Digest of the file's bytes, hexadecimal.
    """

    path: Path
    format: Literal["skops", "pickle"]
    types: list[str]
    sha256: str


def save(estimator: object, path: Path, *, allow_pickle: bool = False) -> ModelFile:
    """Store a fitted estimator.

    Parameters
    ----------
    estimator : object
        Anything with the scikit-learn interface.
    path : Path
        Where to; the suffix becomes ``.skops`` or ``.pkl``.
    allow_pickle : bool, default=False
        Fall back to a pickle when the model holds types that are not in the reviewed list.

    Returns
    -------
    ModelFile
        The file that was written.

    Raises
    ------
    MlopsError
        The model holds unreviewed types, or cannot be stored at all.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.with_suffix(".skops")
    try:
        return _save_skops(estimator, target)
    except MlopsError:
        target.unlink(missing_ok=True)
        if not allow_pickle:
            raise
    return _save_pickle(estimator, path.with_suffix(PICKLE_SUFFIX))


def load(path: Path, *, allow_pickle: bool = False) -> object:
    """Load a model file.

    Parameters
    ----------
    path : Path
        A file written by :func:`save`.
    allow_pickle : bool, default=False
        Also load a pickle. That runs whatever code is in it: only for files of your own.

    Returns
    -------
    object
        The estimator.

    Raises
    ------
    InputError
        The file is missing, damaged, or a pickle that was not allowed.
    MlopsError
        It holds types that are not in the reviewed list, or tree nodes that point astray.
    """
    found = inspect(path)
    if found.format == "pickle":
        if not allow_pickle:
            raise InputError(
                f"{path} is a pickle: loading it would run the code inside",
                "pass allow_pickle=True (--allow-pickle) only if you know where it comes from",
            )
        return _load_pickle(path)
    _refuse_unknown(found.types, str(path))
    with warnings.catch_warnings():
        # Another version of scikit-learn; the card and the environment record say so.
        warnings.filterwarnings("ignore", category=UserWarning)
        try:
            estimator = _skops().load(path, trusted=found.types)
        except Exception as error:
            raise _damaged(path, error) from error
    check_trees(estimator, str(path))
    return estimator


def digest(path: Path) -> str:
    """Return the SHA-256 of a model file's bytes, hexadecimal.

    Raises
    ------
    InputError
        The file is missing.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"there is no model file {path}: {error.strerror}") from error


def inspect(path: Path) -> ModelFile:
    """Look into a model file without building anything from it.

    Raises
    ------
    InputError
        The file is missing, or neither a skops file nor a pickle.
    """
    sha256 = digest(path)
    if zipfile.is_zipfile(path):
        try:
            types = list(_skops().get_untrusted_types(file=path))
        except Exception as error:
            raise _damaged(path, error) from error
        return ModelFile(path=path, format="skops", types=types, sha256=sha256)
    with path.open("rb") as stream:
        if stream.read(1) == b"\x80":
            return ModelFile(path=path, format="pickle", types=[], sha256=sha256)
    raise InputError(f"{path} is neither a skops file nor a pickle", "register the model again")


def _save_skops(estimator: object, target: Path) -> ModelFile:
    kind = _type_name(estimator)
    try:
        _skops().dump(estimator, target, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise MlopsError(f"{kind} cannot be stored by skops: {reason}", _CHOICE) from error
    found = inspect(target)
    _refuse_unknown(found.types, kind)
    return found


def _save_pickle(estimator: object, target: Path) -> ModelFile:
    try:
        target.write_bytes(pickle.dumps(estimator, protocol=5))
    except Exception as error:
        target.unlink(missing_ok=True)
        raise MlopsError(f"{_type_name(estimator)} cannot be pickled: {error}") from error
    types = [_type_name(estimator)]
    return ModelFile(path=target, format="pickle", types=types, sha256=digest(target))


def _load_pickle(path: Path) -> object:
    try:
        with path.open("rb") as stream:
            return pickle.load(stream)  # noqa: S301 - the caller allowed it by name
    except Exception as error:
        raise _damaged(path, error) from error


_CHOICE = (
    "use an estimator of scikit-learn, LightGBM or XGBoost, or accept a pickle with "
    "allow_pickle=True (--allow-pickle): the version is then marked as unsafe to load"
)


def _refuse_unknown(types: Sequence[str], where: str) -> None:
    unknown = sorted(set(types) - TRUSTED.keys())
    if unknown:
        raise MlopsError(f"{where} holds types that nobody reviewed: {', '.join(unknown)}", _CHOICE)


def _damaged(path: Path, error: Exception) -> InputError:
    reason = str(error).partition("\n")[0]
    return InputError(f"{path} cannot be loaded: {type(error).__name__}: {reason}")


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _skops() -> Any:
    try:
        import skops.io
    except ModuleNotFoundError as error:
        raise MissingExtraError("skops", "notebook") from error
    return skops.io
