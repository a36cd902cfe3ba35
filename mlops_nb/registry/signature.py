"""Signatures by SSH keys: made and checked by ``ssh-keygen -Y``, as git does for commits."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from mlops_nb.errors import InputError, MlopsError

NAMESPACE = "mlops-approval"
"""What the signatures are for: one made for a git commit is not valid here."""
PACK = "mlops-pack"
"""What the signature of an evidence pack is for: no approval can be passed off as one."""
_KEYS = ("ssh-", "ecdsa-", "sk-")


def sign(message: bytes, key: Path, *, namespace: str = NAMESPACE) -> str:
    """Sign a message.

    Parameters
    ----------
    message : bytes
        What is signed.
    key : Path
        The private key, or the public one when an agent holds the private one.
    namespace : str, optional
        What the signature is for; an approval by default.

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
    answer = _ssh_keygen("sign", "-f", str(key), "-n", namespace, message=message)
    if answer.returncode:
        raise InputError(f"cannot sign with {key}: {_last_line(answer.stderr)}")
    return answer.stdout.decode("ascii")


def is_valid(
    message: bytes,
    signature: str,
    identity: str,
    allowed_signers: Path,
    *,
    namespace: str = NAMESPACE,
) -> bool:
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
        A file as of ``ssh-keygen(1)``, section ALLOWED SIGNERS; or a public key alone, which may
        then sign as anybody.
    namespace : str, optional
        What the signature should be for; an approval by default.

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
        signers = _signers(allowed_signers, Path(temporary) / "signers")
        options = ("-f", str(signers), "-I", identity, "-n", namespace, "-s", str(file))
        return _ssh_keygen("verify", *options, message=message).returncode == 0


def _signers(path: Path, aside: Path) -> Path:
    """Return a file of allowed signers: the one there is, or one made of a bare public key."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines or not all(line.startswith(_KEYS) for line in lines):
        return path
    aside.write_text("".join(f"* {line}\n" for line in lines), encoding="utf-8")
    return aside


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
