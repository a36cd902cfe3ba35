"""Verify an evidence pack with nothing but the pack and public keys, link by link."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_nb.errors import InputError
from mlops_nb.registry import approvals, card, evidence, signature
from mlops_nb.registry.pack import FACTS, MANIFEST, SEALS, SIGNATURE
from mlops_nb.result import Result, Status
from mlops_nb.state.audit import GENESIS

_LARGEST = 50_000_000  # bytes of a file that is read whole: text, never a model


class _BrokenError(Exception):
    """A link does not hold; the message says how."""


class _NotThereError(Exception):
    """A link that this pack does not have."""


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """A pack as it lies there: nothing in it is trusted yet."""

    archive: zipfile.ZipFile
    about: Mapping[str, Any]
    signers: Path

    def bytes_of(self, name: str) -> bytes:
        try:
            if self.archive.getinfo(name).file_size > _LARGEST:
                raise _BrokenError(f"{name} is too large to be what it should be")
            return self.archive.read(name)
        except KeyError:
            raise _BrokenError(f"{name} is missing") from None
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise _BrokenError(f"{name} is damaged: {error}") from None

    def json_of(self, name: str) -> Any:
        try:
            return json.loads(self.bytes_of(name))
        except ValueError as error:
            raise _BrokenError(f"{name} is damaged: {error}") from None

    def digest(self, name: str) -> str:
        try:
            with self.archive.open(name) as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
        except KeyError:
            raise _BrokenError(f"{name} is missing") from None
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise _BrokenError(f"{name} is damaged: {error}") from None

    def entries(self) -> dict[int, dict[str, Any]]:
        """Return the entries of the audit log that are there in full, by position."""
        found = {}
        for name in self.archive.namelist():
            if name.startswith("audit/") and name.endswith(".json"):
                _, row = self.json_of(name)
                found[int(row["position"])] = {**row, "details": json.loads(row["details"])}
        return dict(sorted(found.items()))

    def decision(self) -> dict[str, Any]:
        """Return the details of the entry that let this very version live."""
        for row in reversed(self.entries().values()):
            if (row["action"], row["model"], row["version"]) == (
                "promote",
                self.about["model"],
                self.about["version"],
            ):
                details: dict[str, Any] = row["details"]
                return details
        raise _NotThereError("the log holds no decision that this version goes live")


def verify(path: Path, allowed_signers: Path) -> list[Result]:
    """Verify a pack link by link: decision → model → data → cells.

    Parameters
    ----------
    path : Path
        The zip.
    allowed_signers : Path
        Whose signatures count: a file of allowed signers, or a public key.

    Returns
    -------
    list of Result
        One for each link; failed where it breaks, not applicable where the pack has none.

    Raises
    ------
    InputError
        The file is no evidence pack, or there are no such keys.
    """
    if not allowed_signers.is_file():
        raise InputError(
            f"there is no file {allowed_signers}",
            "give the public keys you know: --allowed-signers",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(FACTS))
            pack = _Opened(archive=archive, about=about, signers=allowed_signers)
            label = f"{about['model']}/{about['version']}"
            return [_checked(name, label, check, pack) for name, check in _LINKS.items()]
    except FileNotFoundError:
        raise InputError(f"there is no pack {path}") from None
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} is no evidence pack: {error}", "mlops model pack NAME -o PACK.zip"
        ) from error


def _checked(name: str, label: str, check: Callable[[_Opened], str], pack: _Opened) -> Result:
    status, advice = Status.PASSED, ""
    try:
        message = check(pack)
    except _NotThereError as error:
        status, message = Status.NOT_APPLICABLE, str(error)
    except _BrokenError as error:
        status, message = Status.FAILED, str(error)
        advice = "do not rely on what comes after this link; ask for the pack again"
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        status, message = Status.FAILED, f"what it rests on cannot be read: {error!r}"
        advice = "ask for the pack again"
    return Result(name=f"pack.{name}", subject=label, status=status, message=message, advice=advice)


def _signature(pack: _Opened) -> str:
    signer = str(pack.about["signed_by"])
    given = pack.bytes_of(SIGNATURE).decode("ascii", "replace")
    manifest = pack.bytes_of(MANIFEST)
    if not signature.is_valid(manifest, given, signer, pack.signers, namespace=signature.PACK):
        raise _BrokenError(f"the manifest is not signed by {signer} with a key that counts")
    return f"the manifest is signed by {signer}"


def _files(pack: _Opened) -> str:
    lines = pack.bytes_of(MANIFEST).decode().splitlines()
    wanted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    names = pack.archive.namelist()
    if len(names) != len(set(names)):
        raise _BrokenError("a file is there twice under one name")
    extra = sorted(set(names) - wanted.keys() - {MANIFEST, SIGNATURE})
    if extra:
        raise _BrokenError(f"the manifest does not know {', '.join(extra)}")
    changed = [name for name, digest in wanted.items() if pack.digest(name) != digest]
    if changed:
        raise _BrokenError(f"changed since the manifest was signed: {', '.join(changed)}")
    return f"all {len(wanted)} files are as the manifest says"


def _chain(pack: _Opened) -> str:
    lines = pack.bytes_of(SEALS).decode().splitlines()
    seals = {int(position): seal for position, seal in (line.split() for line in lines)}
    if list(seals) != list(range(1, len(seals) + 1)):
        raise _BrokenError("entries of the audit log are missing")
    entries = pack.entries()
    for position in entries:
        name = f"audit/{position:06d}.json"
        before = seals.get(position - 1, GENESIS)
        if pack.digest(name) != seals.get(position):
            raise _BrokenError(f"entry {position} is not as it was sealed")
        if pack.json_of(name)[0] != before:
            raise _BrokenError(f"entry {position} does not follow on entry {position - 1}")
    return f"{len(entries)} entries of {len(seals)} are about this version, sealed one on another"


def _decision(pack: _Opened) -> str:
    details = pack.decision()
    for key, wanted in (("sha256", "model_sha256"), ("run_id", "run_id")):
        if details[key] != pack.about[wanted]:
            raise _BrokenError(f"the decision is about another {key}: {details[key]}")
    how = "an override" if details.get("override") else "passed gates"
    return f"version {pack.about['version']} was let live by {how}: {details['reason'] or '-'}"


def _approvals(pack: _Opened) -> str:
    given = [
        (position, row["details"])
        for position, row in pack.entries().items()
        if row["action"] == approvals.ACTION
    ]
    if not given:
        raise _NotThereError("nobody approved this version by signature")
    measured = pack.digest(evidence.METRICS)
    for position, details in given:
        who, text = details["identity"], details["statement"]
        if not signature.is_valid(text.encode(), details["signature"], who, pack.signers):
            raise _BrokenError(
                f"the approval by {who} (entry {position}) is not signed by a key of his"
            )
        said = json.loads(text)
        if said["model_sha256"] != pack.about["model_sha256"]:
            raise _BrokenError(f"{who} approved another model file")
        if said["metrics_sha256"] != measured:
            raise _BrokenError(f"{who} approved other evidence than metrics.json")
        name = f"approvals/{position}-{details['role']}.statement"
        if pack.bytes_of(name) != text.encode():
            raise _BrokenError(f"{name} is not what the log holds")
    return "; ".join(f"{details['identity']} for {details['role']}" for _, details in given)


def _model(pack: _Opened) -> str:
    name = pack.about["model_file"]
    if name is None:
        raise _NotThereError(f"left out; its sha256 must be {pack.about['model_sha256']}")
    if pack.digest(name) != pack.about["model_sha256"]:
        raise _BrokenError(f"{name} is not the model that was decided on")
    return f"{name} is the model that was decided on"


def _evidence(pack: _Opened) -> str:
    try:
        wanted = pack.decision().get("metrics_sha256")
    except _NotThereError:
        wanted = None
    if wanted is None:
        raise _NotThereError("no decision names the evidence it rests on")
    if pack.digest(evidence.METRICS) != wanted:
        raise _BrokenError("metrics.json is not what the decision rests on")
    return "metrics.json is what the decision rests on"


def _card(pack: _Opened) -> str:
    told, measured = pack.json_of(card.JSON), pack.json_of(evidence.METRICS)
    if told["model"]["sha256"] != pack.about["model_sha256"]:
        raise _BrokenError("card.json is about another model file")
    for part in ("metrics", "groups", "fairness", "importance"):
        if told.get(part) != measured.get(part):
            raise _BrokenError(f"card.json tells other {part} than metrics.json")
    return "the card tells the metrics that were decided on"


def _data(pack: _Opened) -> str:
    name = "run/data.json"
    _run_files(pack, [name])
    found = pack.json_of(name)
    inputs = found.get("inputs", list(found.values())) if isinstance(found, Mapping) else found
    hashes = {item["name"]: item["hash"] for item in inputs}
    for item in pack.json_of(card.JSON)["data"]["inputs"]:
        if hashes.get(item["name"]) != item["hash"]:
            raise _BrokenError(f"the card names another hash of {item['name']} than the run")
    return "; ".join(f"{key} {value}" for key, value in hashes.items())


def _cells(pack: _Opened) -> str:
    names = [f"run/{name}" for name in evidence.RUN_FILES if name != "data.json"]
    there = _run_files(pack, names)
    return f"{', '.join(there)} are as the run left them"


def _run_files(pack: _Opened, names: list[str]) -> list[str]:
    """Compare files of the run with the hashes that metrics.json took when it was registered."""
    wanted = pack.json_of(evidence.METRICS).get("files")
    if wanted is None:
        raise _NotThereError("it was registered before the run's files were named by their hashes")
    there = [name for name in names if name in wanted]
    if not there:
        raise _NotThereError(f"the run left none of {', '.join(names)}")
    for name in there:
        if pack.digest(name) != wanted[name]:
            raise _BrokenError(f"{name} is not what the run left")
    return there


_LINKS: Mapping[str, Callable[[_Opened], str]] = {
    "signature": _signature,
    "files": _files,
    "chain": _chain,
    "decision": _decision,
    "approvals": _approvals,
    "model": _model,
    "evidence": _evidence,
    "card": _card,
    "data": _data,
    "cells": _cells,
}
