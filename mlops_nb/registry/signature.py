"""Signatures by SSH keys: made and checked by ``ssh-keygen -Y``, as git does for commits."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from mlops_nb.errors import InputError, MlopsError

NAMESPACE = "mlops-approval"
"""What the signatures are for: one made for a git commit is not valid here."""


def sign(message: bytes, key: Path) -> str:
    """Sign a message.

    Parameters
    ----------
    message : bytes
        What is signed.
    key : Path
        The private key, or the public one when an agent holds the private one.

    Returns
    -------
    str
        The armoured signature.

    Raises
    ------
    InputError
        There is no such key, or it could not be used.
    MlopsError
        ``ssh-keygen`` is not installed.
    """
    if not key.is_file():
        raise InputError(f"there is no key {key}", "ssh-keygen -t ed25519, or name another: --key")
    answer = _ssh_keygen("sign", "-f", str(key), "-n", NAMESPACE, message=message)
    if answer.returncode:
        raise InputError(f"cannot sign with {key}: {_last_line(answer.stderr)}")
    return answer.stdout.decode("ascii")


def is_valid(message: bytes, signature: str, identity: str, allowed_signers: Path) -> bool:
    """Tell whether a signature over a message is by somebody who may sign as that identity.

    Parameters
    ----------
    message : bytes
        What should have been signed.
    signature : str
        The armoured signature.
    identity : str
        Who should have signed it, as written in the file of allowed signers.
    allowed_signers : Path
        A file as of ``ssh-keygen(1)``, section ALLOWED SIGNERS.

    Raises
    ------
    InputError
        There is no such file.
    MlopsError
        ``ssh-keygen`` is not installed.
    """
    if not allowed_signers.is_file():
        raise InputError(
            f"there is no file {allowed_signers}",
            "commit one with a line for each who may approve: e-mail and public SSH key",
        )
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "signature"
        file.write_text(signature, encoding="ascii", errors="replace")
        options = ("-f", str(allowed_signers), "-I", identity, "-n", NAMESPACE, "-s", str(file))
        return _ssh_keygen("verify", *options, message=message).returncode == 0


def _ssh_keygen(verb: str, *options: str, message: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["ssh-keygen", "-Y", verb, *options], input=message, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise MlopsError(
            "ssh-keygen is not installed", "on Debian: apt install openssh-client"
        ) from error


def _last_line(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it gave no reason"
