"""Evidence packs: what is in one, and that whoever changes a link is found out at that link."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mlflow")

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_nb import git, modelfile
from mlops_nb.actions.approve import approve
from mlops_nb.actions.pack import pack
from mlops_nb.actions.promote import promote
from mlops_nb.actions.register import register_model
from mlops_nb.config import Project, load_project
from mlops_nb.errors import InputError, MlopsError
from mlops_nb.registry import evidence, signature
from mlops_nb.registry.pack_audit import verify
from mlops_nb.registry.scoring import model_path
from mlops_nb.registry.versions import resolve
from mlops_nb.result import Status
from mlops_nb.state import audit
from mlops_nb.store import models, runs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed"),
]

DATA = load_breast_cancer(as_frame=True).frame
WHO = {"ana": "science", "bo": "science", "ed": "engineering"}
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of keys, of which eve's counts nowhere."""
    folder = tmp_path_factory.mktemp("keys")
    for name in [*WHO, "eve"]:
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name]
        subprocess.run(words, cwd=folder, check=True)
    lines = [f"{name}@example.org {(folder / f'{name}.pub').read_text()}" for name in WHO]
    (folder / "allowed_signers").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Project:
    """A project whose first version was approved by two and promoted, another model's beside it."""
    root = tmp_path_factory.mktemp("project")
    for words in (["init", "-q"], ["config", "user.email", "bo@example.org"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    (root / "mlops.toml").write_text(
        "[owners]\nscience = ['ana@example.org']\nengineering = ['ed@example.org']\n",
        encoding="utf-8",
    )
    shutil.copy(keys / "allowed_signers", root / "allowed_signers")
    for words in (["add", "allowed_signers"], ["-c", "user.name=bo", "commit", "-qm", "signers"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    found = load_project(root)
    for name in ("other", "cancer"):
        register(found, name)
        for who in ("ana", "ed"):
            approve(name, WHO[who], key=keys / who, identity=f"{who}@example.org", project=found)
        promote(name, reason="a second look", project=found)
    return found


def register(project: Project, name: str) -> None:
    features = [column for column in DATA.columns if column != "target"]
    line = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    stored = modelfile.save(
        line.fit(DATA[features][:300], DATA["target"][:300]), project.home / "staged" / name
    )
    run_id = runs.create(
        project, uid=name.encode().hex(), name=name, started_ms=int(time.time() * 1000), tags={}
    )
    models.log_model(project, run_id, stored.path, input_example=DATA[features])
    inputs = [{"name": "train", "source": "train.parquet", "rows": 300, "hash": "sha256:abc"}]
    for filename, text in (
        ("data.json", json.dumps({"inputs": inputs})),
        ("cell.py", "model.fit(train)"),
        ("slice.ipynb", "{}"),
        ("environment.txt", "# python 3.11\nscikit-learn==1.9.1\n"),
        ("git.json", '{"commit": "c0ffee", "dirty": false}'),
    ):
        local = project.home / filename
        local.write_text(text, encoding="utf-8")
        runs.upload(project, run_id, local, f"mlops/{filename}")
    register_model(
        run_id,
        name,
        reference=DATA[:300],
        holdout=DATA[300:],
        label="target",
        card={"owner": "ana", "intended_use": "a test", "limits": "a test"},
        project=project,
    )


@pytest.fixture(scope="module")
def packed(project: Project, keys: Path) -> Path:
    path = project.root / "cancer.zip"
    made = pack("cancer", path, key=keys / "bo", project=project)
    assert (made.version, made.signer, made.gaps) == ("cancer/1", "bo@example.org", ())
    return path


def broken(path: Path, signers: Path) -> dict[str, str]:
    """Return the links that do not hold, and what is said of them."""
    results = verify(path, signers)
    return {r.name.removeprefix("pack."): r.message for r in results if r.status is Status.FAILED}


@pytest.fixture
def tampered(packed: Path, keys: Path, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Change files of the pack; with `signed_by` the manifest is made anew and signed by them."""

    def change(edit: Callable[[Files], object], signed_by: str = "") -> dict[str, str]:
        with zipfile.ZipFile(packed) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        edit(files)
        if signed_by:
            del files["MANIFEST.sha256"], files["MANIFEST.sha256.sig"]
            digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
            manifest = "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()
            given = signature.sign(manifest, keys / signed_by, namespace=signature.PACK)
            files |= {"MANIFEST.sha256": manifest, "MANIFEST.sha256.sig": given.encode()}
        path = tmp_path / "tampered.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return broken(path, keys / "allowed_signers")

    return change


def replaced(name: str, old: str, new: str) -> Callable[[Files], None]:
    def edit(files: Files) -> None:
        (found,) = [key for key in files if key == name or key.startswith(name)][:1]
        assert old.encode() in files[found], f"{old} is not in {found}"
        files[found] = files[found].replace(old.encode(), new.encode())

    return edit


def test_every_link_of_a_pack_holds_without_a_project(
    packed: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = verify(packed, keys / "allowed_signers")
    assert {result.status for result in results} == {Status.PASSED}
    assert [result.name.removeprefix("pack.") for result in results] == [
        "signature", "files", "chain", "decision", "approvals", "model", "evidence", "card",
        "data", "cells",
    ]  # fmt: skip
    by_name = {result.name: result.message for result in results}
    assert by_name["pack.data"] == "train sha256:abc"
    assert (
        by_name["pack.approvals"] == "ana@example.org for science; ed@example.org for engineering"
    )
    assert "a second look" in by_name["pack.decision"]
    assert not (tmp_path / ".mlops").exists()


def test_a_public_key_alone_counts_for_what_it_signed(packed: Path, keys: Path) -> None:
    found = broken(packed, keys / "bo.pub")
    assert list(found) == ["approvals"], "bo's key did not sign those"
    assert "signature" in broken(packed, keys / "eve.pub")


def test_other_models_are_there_by_their_seals_alone(packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        entries = [name for name in archive.namelist() if name.startswith("audit/0")]
        assert len(entries) == 3  # two approvals and the promotion
        assert len(archive.read("audit/seals.txt").splitlines()) == 6
        assert b'"other"' not in b"".join(archive.read(name) for name in archive.namelist())


def forged_entry(files: Files) -> None:
    """Change the decision and its own seal as well."""
    name = max(name for name in files if name.startswith("audit/0"))
    before = hashlib.sha256(files[name]).hexdigest()
    files[name] = files[name].replace(b"a second look", b"no look at all")
    after = hashlib.sha256(files[name]).hexdigest()
    files["audit/seals.txt"] = files["audit/seals.txt"].replace(before.encode(), after.encode())


@pytest.mark.parametrize(
    ("edit", "signed_by", "links"),
    [
        (replaced("card.md", "cancer", "cancr"), "", {"files"}),
        (lambda files: files.pop("run/cell.py"), "", {"files", "cells"}),
        (lambda files: files.update(extra=b""), "", {"files"}),
        (lambda files: files.update({"MANIFEST.sha256.sig": b"x"}), "", {"signature"}),
        (replaced("README.md", "mlops_nb", "nobody"), "eve", {"signature"}),
        # From here on somebody forges who holds a key that counts, and signs a new manifest.
        (replaced("audit/000006", "a second look", "no look"), "bo", {"chain"}),
        (lambda files: files.pop("audit/seals.txt"), "bo", {"chain"}),
        (lambda files: files.update({"model/model.skops": b"evil"}), "bo", {"model"}),
        (replaced("metrics.json", '"rows"', '"Rows"'), "bo", {"approvals", "evidence"}),
        (replaced("card.json", '"high"', '"higher"'), "bo", {"card"}),
        (replaced("run/data.json", "sha256:abc", "sha256:abd"), "bo", {"data"}),
        (replaced("card.json", "sha256:abc", "sha256:abd"), "bo", {"data"}),
        (replaced("run/slice.ipynb", "{}", "{ }"), "bo", {"cells"}),
        (replaced("run/environment.txt", "1.9.1", "1.9.0"), "bo", {"cells"}),
        (replaced("approvals/4-science.statement", "cancer", "cancr"), "bo", {"approvals"}),
        (replaced("pack.json", '"run_id": "', '"run_id": "0'), "bo", {"decision"}),
    ],
    ids=range(16),
)
def test_a_changed_pack_says_which_link_breaks(
    tampered: Any, edit: Callable[[Files], object], signed_by: str, links: set[str]
) -> None:
    found = tampered(edit, signed_by)
    assert set(found) == links
    assert all(found.values())


def test_a_model_of_ones_own_breaks_every_link_that_names_it(tampered: Any) -> None:
    def swap(files: Files) -> None:
        files["model/model.skops"] = b"evil"
        facts = json.loads(files["pack.json"])
        facts["model_sha256"] = hashlib.sha256(b"evil").hexdigest()
        files["pack.json"] = json.dumps(facts).encode()

    assert set(tampered(swap, "bo")) == {"decision", "approvals", "card"}


def test_a_last_entry_sealed_anew_is_given_away_by_the_seal_in_git(
    tampered: Any, project: Project
) -> None:
    """Only who signs packs can do it, and the README says what to compare."""
    seals: list[str] = []

    def edit(files: Files) -> None:
        forged_entry(files)
        seals.extend(files["audit/seals.txt"].decode().split()[1::2])

    assert tampered(edit, "bo") == {}
    anchored = {line.split()[0] for line in git.anchored(project.root)}
    assert seals[-1] not in anchored
    assert {entry.seal for entry in audit.entries(project)} >= anchored


def test_the_readme_s_commands_do_what_it_says(packed: Path, keys: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "pack")
    shutil.copy(keys / "allowed_signers", tmp_path)
    text = (tmp_path / "pack" / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [line.strip() for line in text.splitlines() if line.startswith("       ")]
    assert len(commands) == 7
    for command in commands:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path / "pack", capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"


@pytest.fixture
def young(project: Project) -> str:
    """A version that nobody decided on yet."""
    register(project, "young")
    return "young/1"


def test_what_a_pack_cannot_show_is_said(
    project: Project, keys: Path, young: str, tmp_path: Path
) -> None:
    made = pack(young, tmp_path / "young.zip", key=keys / "bo", with_model=False, project=project)
    assert [gap.split()[0] for gap in made.gaps] == ["nobody", "nobody", "the"]
    results = {r.name: r for r in verify(made.path, keys / "allowed_signers")}
    for link in ("decision", "approvals", "model", "evidence"):
        assert results[f"pack.{link}"].status is Status.NOT_APPLICABLE
    assert results["pack.cells"].status is Status.PASSED


def test_what_is_no_pack(project: Project, packed: Path, keys: Path, tmp_path: Path) -> None:
    signers = keys / "allowed_signers"
    with pytest.raises(InputError, match="there is no pack"):
        verify(tmp_path / "no.zip", signers)
    (tmp_path / "no.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match="is no evidence pack"):
        verify(tmp_path / "no.zip", signers)
    with pytest.raises(InputError, match="there is no file"):
        verify(packed, tmp_path / "signers")
    with pytest.raises(InputError, match="there is no key"):
        pack("cancer", tmp_path / "x.zip", key=tmp_path / "none", project=project)
    assert not (tmp_path / "x.zip").exists()


def test_a_broken_log_is_vouched_for_by_nobody(
    project: Project, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "broken", lambda _project: ["entry 2 was changed"])
    with pytest.raises(MlopsError, match="a pack would vouch for it"):
        pack("cancer", tmp_path / "x.zip", key=keys / "bo", project=project)


def test_evidence_and_a_model_that_were_changed_are_vouched_for_by_nobody(
    project: Project, keys: Path, tmp_path: Path
) -> None:
    version = resolve(project, "cancer")
    stored = model_path(models.download_model(project, version.source))
    kept = evidence.read(project, version, evidence.METRICS), stored.read_bytes()
    try:
        evidence.write(project, version, evidence.METRICS, kept[0].replace(b"0.9", b"1.0"))
        with pytest.raises(MlopsError, match=r"metrics\.json of cancer/\d is not what was decided"):
            pack("cancer", tmp_path / "x.zip", key=keys / "bo", project=project)
        evidence.write(project, version, evidence.METRICS, kept[0])
        stored.write_bytes(kept[1] + b"0")
        with pytest.raises(MlopsError, match=r"the model file of .* is not what was registered"):
            pack("cancer", tmp_path / "x.zip", key=keys / "bo", project=project)
    finally:
        evidence.write(project, version, evidence.METRICS, kept[0])
        stored.write_bytes(kept[1])
    assert list(tmp_path.iterdir()) == []
