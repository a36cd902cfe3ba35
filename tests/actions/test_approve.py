"""Approvals, signed with real SSH keys: who may, what counts, what a promotion needs."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("mlflow")

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_nb import git, modelfile
from mlops_nb.actions.approve import approve
from mlops_nb.actions.promote import promote
from mlops_nb.actions.register import register_model
from mlops_nb.cli.main import mlops
from mlops_nb.config import Project, load_project
from mlops_nb.errors import GateError, InputError
from mlops_nb.registry import approvals, evidence
from mlops_nb.registry.ledger import history, verify
from mlops_nb.registry.versions import resolve
from mlops_nb.result import Status
from mlops_nb.store import models, runs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed"),
]

DATA = load_breast_cancer(as_frame=True).frame
PEOPLE = {"ana": "science", "bo": "science", "ed": "engineering"}
Keys = Callable[[str], Path]


def run(*words: str, cwd: Path) -> None:
    subprocess.run(words, cwd=cwd, check=True, capture_output=True)


def commit(root: Path) -> None:
    run("git", "add", "allowed_signers", cwd=root)
    run("git", "-c", "user.name=bo", "commit", "-qm", "who may sign", cwd=root)


def mail(name: str) -> str:
    return f"{name}@example.org"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    for name in [*PEOPLE, "eve"]:
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name, cwd=tmp_path)
    return lambda name: tmp_path / name


@pytest.fixture
def project(tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A repository of bo's, with a registered version that bo made."""
    root = tmp_path / "project"
    root.mkdir()
    run("git", "init", "-q", cwd=root)
    run("git", "config", "user.email", mail("bo"), cwd=root)
    (root / "mlops.toml").write_text(
        f"[owners]\nscience = ['{mail('ana')}', '{mail('bo')}']\nengineering = ['{mail('ed')}']\n",
        encoding="utf-8",
    )
    public = {name: keys(name).with_suffix(".pub").read_text() for name in PEOPLE}
    lines = [f"{mail(name)} {text}" for name, text in public.items()]
    (root / "allowed_signers").write_text("".join(lines), encoding="utf-8")
    commit(root)
    monkeypatch.chdir(root)
    project = load_project(root)
    register(project)
    return project


def register(project: Project) -> None:
    features = DATA.columns.drop("target")
    estimator = make_pipeline(StandardScaler(), LogisticRegression())
    estimator.fit(DATA.loc[:299, features], DATA.loc[:299, "target"])
    stored = modelfile.save(estimator, project.home / "staged")
    now = int(time.time() * 1000)
    run_id = runs.create(project, uid=f"u{now}", name="line", started_ms=now, tags={})
    models.log_model(project, run_id, stored.path, input_example=DATA.loc[:4, features])
    register_model(
        run_id, "cancer", project=project, reference=DATA[:300], holdout=DATA[300:], label="target"
    )


def test_a_key_that_nobody_could_review_counts_for_nothing(project: Project, keys: Keys) -> None:
    signers = project.root / "allowed_signers"
    eve = keys("eve").with_suffix(".pub").read_text()
    signers.write_text(signers.read_text() + f"{mail('ed')} {eve}", encoding="utf-8")
    approve("cancer", "science", key=keys("ana"), identity=mail("ana"), project=project)
    approve("cancer", "engineering", key=keys("eve"), identity=mail("ed"), project=project)
    with pytest.raises(GateError, match="allowed_signers is not as it was committed") as caught:
        promote("cancer", project=project)
    assert caught.value.hint == "git add allowed_signers, git commit"
    run("git", "add", "allowed_signers", cwd=project.root)
    with pytest.raises(GateError, match="not as it was committed"):
        promote("cancer", project=project)
    signers.unlink()
    with pytest.raises(GateError, match="there is no allowed_signers: nobody's signature"):
        promote("cancer", project=project)
    run("git", "checkout", "-q", "HEAD", "--", "allowed_signers", cwd=project.root)
    with pytest.raises(GateError, match="engineering: none"):
        promote("cancer", project=project)
    shutil.rmtree(project.root / ".git")
    approve("cancer", "engineering", key=keys("ed"), identity=mail("ed"), project=project)
    found = approvals.check(project, resolve(project, "cancer/1"))
    assert found.status is Status.WARNED
    assert "in no git repository" in found.message


def test_one_person_in_every_part_is_let_through_and_told(project: Project, keys: Keys) -> None:
    file = project.root / "mlops.toml"
    file.write_text(file.read_text().replace(mail("ed"), mail("ana")), encoding="utf-8")
    project = load_project(project.root)
    for role in ("science", "engineering"):
        approve("cancer", role, key=keys("ana"), identity=mail("ana"), project=project)
    run("git", "config", "user.email", "", cwd=project.root)
    found = approvals.check(project, resolve(project, "cancer/1"))
    assert (found.status, found.message.count("one person approves for both")) == (Status.WARNED, 1)
    register(project)
    for role in ("science", "engineering"):
        approve("cancer/2", role, key=keys("ana"), identity=mail("ana"), project=project)
    found = approvals.check(project, resolve(project, "cancer/2"))
    assert "who made it is not on record" in found.message
    promotion = promote("cancer/2", project=project)
    assert (
        "one person approves for both"
        in evidence.read(project, promotion.version, "card.md").decode()
    )


def test_a_promotion_waits_for_science_and_engineering(project: Project, keys: Keys) -> None:
    with pytest.raises(GateError, match="science: none; engineering: none") as caught:
        promote("cancer", project=project)
    assert "mlops model approve cancer/1 --role science" in caught.value.hint
    given = approve("cancer", "science", key=keys("ana"), identity=mail("ana"), project=project)
    assert json.loads(given.statement)["version"] == 1
    with pytest.raises(GateError, match=r"science: ana@example.org; engineering: none"):
        promote("cancer", project=project)
    approve("cancer", "engineering", key=keys("ed"), identity=mail("ed"), project=project)
    promotion = promote("cancer", project=project)
    check = next(r for r in promotion.results if r.name == "approvals")
    assert check.status is Status.PASSED
    assert [entry.action for entry in history(project)] == ["approve", "approve", "promote"]
    assert {r.status for r in verify(project, "cancer")} == {Status.PASSED}
    card = evidence.read(project, promotion.version, "card.md").decode()
    assert "science: ana@example.org; engineering: ed@example.org" in card


def test_the_author_a_stranger_and_a_wrong_key_are_refused(project: Project, keys: Keys) -> None:
    def refused(name: str, role: str, key: str) -> str:
        with pytest.raises(InputError) as caught:
            approve("cancer", role, key=keys(key), identity=mail(name), project=project)
        return caught.value.message

    assert "made cancer/1 and cannot approve it" in refused("bo", "science", "bo")
    assert "'eve@example.org' cannot approve for science" in refused("eve", "science", "eve")
    assert "cannot approve for engineering" in refused("ana", "engineering", "ana")
    assert "does not know eve as a key of 'ana@example.org'" in refused("ana", "science", "eve")
    assert "there is no key" in refused("ana", "science", "lost")
    assert history(project) == []


def test_an_approval_of_one_version_says_nothing_of_the_next(project: Project, keys: Keys) -> None:
    for name in ("ana", "ed"):
        approve("cancer", PEOPLE[name], key=keys(name), identity=mail(name), project=project)
    register(project)
    assert approvals.check(project, resolve(project, "cancer/1")).status is Status.PASSED
    assert approvals.check(project, resolve(project, "cancer/2")).status is Status.FAILED


def test_a_signature_that_is_copied_or_no_longer_allowed_does_not_count(
    project: Project, keys: Keys
) -> None:
    approve("cancer", "science", key=keys("ana"), identity=mail("ana"), project=project)
    version = resolve(project, "cancer/1")
    assert len(approvals.valid(project, version)) == 1
    signers = project.root / "allowed_signers"
    signers.write_text(signers.read_text().replace(mail("ana"), mail("ann")))
    assert approvals.valid(project, version) == []


def test_an_override_needs_a_reason_and_is_kept(project: Project) -> None:
    with pytest.raises(InputError, match="an override needs a reason"):
        promote("cancer", override=True, project=project)
    promote("cancer", override=True, reason="the old one is down", project=project)
    (entry,) = history(project)
    assert entry.details["override"] is True
    assert entry.details["reason"] == "the old one is down"
    refused = [gate for gate in entry.details["gates"] if gate["status"] == "failed"]
    assert [gate["name"] for gate in refused] == ["approvals"]


def test_a_one_person_project_says_so(project: Project) -> None:
    with (project.root / "mlops.toml").open("a", encoding="utf-8") as stream:
        stream.write("[approvals]\none-person = true\n")
    promotion = promote("cancer", project=load_project(project.root))
    check = next(r for r in promotion.results if r.name == "approvals")
    assert (check.status, check.message) == (
        Status.NOT_APPLICABLE,
        "a one-person project: nobody else approves",
    )


def test_a_log_cut_short_shows_against_git(project: Project) -> None:
    promote("cancer", override=True, reason="first", project=project)
    assert len(git.anchored(project.root)) == 1
    database = sqlite3.connect(project.home / "state.db")
    with database:
        database.execute("DROP TRIGGER audit_no_delete")
        database.execute("DELETE FROM audit")
    found = {result.name: result for result in verify(project)}["audit.git"]
    assert found.status is Status.FAILED
    assert "promote cancer/1" in found.message


def test_the_command(project: Project, keys: Keys) -> None:
    def invoke(*words: str) -> Any:
        return CliRunner().invoke(mlops, ["model", *words], catch_exceptions=True)

    key = str(keys("ana"))
    words = ("approve", "cancer", "--role", "science", "--key", key, "--as", mail("ana"))
    assert "ana@example.org approves cancer for science" in invoke(*words).output
    words = ("approve", "cancer/1", "--role", "engineering", "--key", str(keys("ed")))
    printed = invoke(*words, "--as", mail("ed"), "--format", "json").output
    assert json.loads(printed)["approval"]["role"] == "engineering"
    assert invoke("promote", "cancer").exit_code == 0
