"""What one attempt may use: time, memory, output."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlops_nb.config import Job
from mlops_nb.errors import ConfigError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)(i?)B", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one attempt; 0 stands for none.

    Parameters
    ----------
    timeout, cell_timeout : float
        Wall-clock seconds of the attempt and of one cell.
    memory : int
        Bytes of resident memory, of all processes of the attempt together.
    output : int
        Bytes of what the cells print and show.
    """

    timeout: float
    cell_timeout: float = 0.0
    memory: int = 0
    output: int = 0


def limits_of(job: Job, where: str) -> Limits:
    """Return the limits that a job's table sets.

    Parameters
    ----------
    job : Job
        The table.
    where : str
        Its name, for messages.

    Raises
    ------
    ConfigError
        A limit is no size, or is not positive.
    """
    if not job.timeout > 0:
        raise ConfigError(f"{where}: timeout must be above 0 seconds, not {job.timeout}")
    if job.cell_timeout < 0:
        raise ConfigError(f"{where}: cell-timeout must not be below 0, it is {job.cell_timeout}")
    return Limits(
        timeout=job.timeout,
        cell_timeout=job.cell_timeout,
        memory=_bytes(job.memory, "memory", where),
        output=_bytes(job.output, "output", where),
    )


def _bytes(text: str, key: str, where: str) -> int:
    if not text:
        return 0
    match = _SIZE.fullmatch(text.strip())
    size = 0
    if match:
        number, prefix, binary = match.groups()
        size = int(float(number) * (1024 if binary else 1000) ** _POWERS[prefix.upper()])
    if not size:
        raise ConfigError(f"{where}: {key} wants a size, got {text!r}", f"{key} = '512 MB'")
    return size


def shown_size(size: int) -> str:
    """Return a number of bytes as people read it: ``1.5 GB``."""
    for unit, power in (("GB", 3), ("MB", 2), ("kB", 1)):
        if size >= 1000**power:
            return f"{size / 1000**power:.3g} {unit}"
    return f"{size} B"
