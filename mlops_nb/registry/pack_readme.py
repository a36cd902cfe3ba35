"""What an evidence pack says to an auditor who has nothing but a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_nb.registry.signature import NAMESPACE, PACK
from mlops_nb.state.audit import Entry

_TEXT = """# Evidence of {label}

Why this model was let live, by whom, and on what. Everything can be checked offline with this
folder and the public keys of those who signed (a file `allowed_signers` as of `ssh-keygen(1)`,
which you must have from elsewhere: keys that come with a pack prove nothing).

With mlops_nb: `mlops model audit --pack PACK.zip --allowed-signers allowed_signers`

By hand, in the unpacked folder:

1. **Who made the pack.** The manifest is signed by {signer}:

       ssh-keygen -Y verify -f ../allowed_signers -I {signer_word} -n {pack} \\
         -s MANIFEST.sha256.sig < MANIFEST.sha256

2. **Nothing was changed since.** Without sha256sum: `shasum -a 256 -c MANIFEST.sha256`, or
   `openssl dgst -sha256 FILE` file by file.

       sha256sum --check MANIFEST.sha256

3. **The decision.** Each file in `audit/` is an entry of the audit log as it was sealed. Its
   SHA-256 is its seal, which stands in `audit/seals.txt`; it begins with the seal of the entry
   before it. Entries about other models are there by their seals alone.

       sha256sum audit/*.json

   The entry with `"action": "promote"` is the decision. In its details are the reason, what each
   gate said, `sha256` (of the model file) and `metrics_sha256` (of `metrics.json`). The newest
   entry has none after it that would seal it: hold its seal against the one that the project's
   repository keeps (`git log --format=%s refs/mlops/audit`).

4. **Who approved.** Each statement names the hashes of the model file and of `metrics.json`:

{approvals}
5. **The model.** Its hash must be the decision's `sha256`:

       {model}

6. **Data, cells, environment.** `metrics.json` must have the hash that the decision and the
   approvals name; its `files` hold the hashes of the run's files. `run/data.json` names each input
   table with the hash of its content, `run/slice.ipynb` the cells the result depends on, in the
   order they were executed, `run/environment.txt` the exact packages, `run/git.json` the commit.

       sha256sum metrics.json run/*

7. **The card.** `card.html` tells it to people; `card.json` holds the same facts.

What is not in this pack: {gaps}.
"""


def readme(about: Mapping[str, Any], approved: Sequence[Entry]) -> str:
    """Return the pack's README.

    Parameters
    ----------
    about : mapping
        As in ``pack.json``.
    approved : sequence of Entry
        The approvals in the audit log.
    """
    lines = [
        f"       ssh-keygen -Y verify -f ../allowed_signers -I "
        f"{shlex.quote(str(entry.details.get('identity', '')))} -n {NAMESPACE} "
        f"-s {_name(entry)}.sig < {_name(entry)}.statement\n"
        for entry in approved
    ]
    file = about["model_file"]
    return _TEXT.format(
        label=f"{about['model']}, version {about['version']}",
        signer=about["signed_by"],
        signer_word=shlex.quote(str(about["signed_by"])),
        pack=PACK,
        approvals="".join(lines) or "       (nobody approved this version by signature)\n",
        model=f"sha256sum {file}" if file else "(not in the pack; ask for the file)",
        gaps="; ".join(about["gaps"]) or "nothing that it should hold",
    )


def _name(entry: Entry) -> str:
    return f"approvals/{entry.position}-{entry.details.get('role', '')}"
