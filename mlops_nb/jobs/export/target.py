"""What every target is told about the machine that runs the jobs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are.

    Parameters
    ----------
    folder : str
        The project's folder there, absolute.
    command : str
        The ``mlops`` command there.
    image : str
        The container image that holds both; only for Kubernetes.
    namespace : str
        Only for Kubernetes.
    """

    folder: str
    command: str = "mlops"
    image: str = ""
    namespace: str = "default"
