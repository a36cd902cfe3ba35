"""The installed suite as a wheel, so that a folder can bring the code along that scores in it."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib import metadata, resources
from pathlib import Path

DISTRIBUTION = "mlops-nb"
_LEFT_OUT = {"__pycache__", "labextension"}
_DATE = (1980, 1, 1, 0, 0, 0)


def write_wheel(folder: Path) -> Path:
    """Write a wheel of the suite as it runs here, also from an editable installation.

    The front end is left out. The same code gives the same bytes.

    Parameters
    ----------
    folder : Path
        Where to; made when it is not there.

    Returns
    -------
    Path
        ``mlops_nb-<version>-py3-none-any.whl``.
    """
    found = metadata.distribution(DISTRIBUTION)
    stem = f"{DISTRIBUTION.replace('-', '_')}-{found.version}"
    contents = dict(_package())
    contents[f"{stem}.dist-info/METADATA"] = (found.read_text("METADATA") or "").encode()
    contents[f"{stem}.dist-info/entry_points.txt"] = (
        found.read_text("entry_points.txt") or ""
    ).encode()
    contents[f"{stem}.dist-info/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: mlops-nb\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{name},{_digest(data)},{len(data)}" for name, data in contents.items()]
    contents[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_DEFLATED)
    return path


def _package() -> Iterator[tuple[str, bytes]]:
    root = Path(str(resources.files("mlops_nb")))
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not _LEFT_OUT.intersection(inside.parts):
            yield f"{root.name}/{inside.as_posix()}", path.read_bytes()


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"
