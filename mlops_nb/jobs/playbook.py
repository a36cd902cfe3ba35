"""Where it is written what to do about a finding: a file of the project, and a heading in it.

A playbook is Markdown below ``playbooks/``; what a machine must know of it stands in the front
matter: which findings it is for, who answers, what repairs, and what a drill breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from mlops_nb.config import Project
from mlops_nb.errors import InputError, NotFoundError, did_you_mean
from mlops_nb.result import Result

FOLDER = "playbooks"
FIRST_STEP = "First five minutes"
_FRONT_MATTER = re.compile(r"\A---\n(?P<facts>.*?)^---\n", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(?P<marks>#{1,6})\s+(?P<text>.+?)\s*#*\s*$", re.MULTILINE)
_FENCED = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_COMMANDS = re.compile(r"^```(?:bash|sh|shell|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class _Facts(msgspec.Struct, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """The front matter."""

    title: str
    findings: list[str]
    owner: str = ""
    respond_within: str = ""
    repair: list[str] = []
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """What to do about one kind of incident.

    Parameters
    ----------
    path : str
        The file, from the project's root.
    title : str
        The incident in a few words.
    findings : sequence of str
        Globs over the findings it is for: ``drift.*``, ``job.completed``, ``drift.column/fare``.
    owner : str
        Who answers for it.
    respond_within : str
        How soon somebody must look, in words.
    repair : sequence of str
        The commands that repair, in their order; a drill runs them.
    fault : str
        What a drill breaks; empty: there is no drill for it.
    body : str
        The Markdown after the front matter.
    """

    path: str
    title: str
    findings: tuple[str, ...]
    owner: str = ""
    respond_within: str = ""
    repair: tuple[str, ...] = ()
    fault: str = ""
    body: str = ""

    @property
    def name(self) -> str:
        """What commands call it: the file's name without its ending."""
        return Path(self.path).stem

    def fits(self, result: Result) -> int:
        """Return how closely a finding is named: letters of the closest glob, 0 for not at all."""
        globs = (glob for glob in self.findings if _is_named(glob, result))
        return max((len(glob.replace("*", "")) + 1 for glob in globs), default=0)

    def commands(self) -> list[str]:
        """Return every ``mlops`` command of its shell blocks and of its repair."""
        lines = [
            line.strip() for block in _COMMANDS.findall(self.body) for line in block.split("\n")
        ]
        typed = [line.removeprefix("$ ") for line in lines]
        return [line for line in [*typed, *self.repair] if line.startswith("mlops ")]

    def step(self, result: Result) -> str:
        """Return the file and the heading that speaks of a finding, else the first step."""
        headings = _headings(self.body)[1:]  # the title says what it is about, not what to do
        heading = _naming(headings, result) or next((h for h in headings if h == FIRST_STEP), "")
        return f"{self.path}#{_anchor(heading)}" if heading else self.path


def playbooks(project: Project) -> list[Playbook]:
    """Return the project's playbooks in the order of their names.

    Raises
    ------
    InputError
        One of them cannot be read, or its front matter is wrong.
    """
    files = sorted((project.root / FOLDER).glob("*.md"))
    return [read_playbook(project, path) for path in files if path.name != "README.md"]


def find_playbook(project: Project, name: str) -> Playbook:
    """Return the playbook of a name.

    Raises
    ------
    NotFoundError
        There is none of it.
    InputError
        It cannot be read, or its front matter is wrong.
    """
    known = {path.stem: path for path in (project.root / FOLDER).glob("*.md")}
    if name not in known:
        hint = did_you_mean(name, known) or "mlops init copies those that ship"
        raise NotFoundError(f"there is no playbook {name!r} in {project.root / FOLDER}", hint)
    return read_playbook(project, known[name])


def read_playbook(project: Project, path: Path) -> Playbook:
    """Read one playbook.

    Raises
    ------
    InputError
        It cannot be read, or its front matter is wrong.
    """
    place = path.relative_to(project.root).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the playbook {place}: {error}") from error
    matter = _FRONT_MATTER.match(text)
    if matter is None:
        raise InputError(
            f"the playbook {place} has no front matter",
            "begin it with ---, `title:` and `findings:` (checks it is for), and --- again",
        )
    try:
        facts = msgspec.yaml.decode(matter["facts"], type=_Facts)
    except msgspec.DecodeError as error:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(_Facts))
        problem = str(error).partition("\n")[0].replace(" - at `$`", "")
        raise InputError(f"the front matter of {place}: {problem}", f"known: {known}") from error
    return Playbook(
        path=place,
        title=facts.title,
        findings=tuple(facts.findings),
        owner=facts.owner,
        respond_within=facts.respond_within,
        repair=tuple(facts.repair),
        fault=facts.fault,
        body=text[matter.end() :],
    )


def playbook_step(project: Project, job: str, result: Result) -> str:
    """Return the place that says what to do about a finding of a job.

    The heading of the job's own playbook that names the check and its subject
    (``performance.auc/all``) comes first, then the one that names the check, then the one that
    names its dimension (``performance``). Where none does, the playbook below ``playbooks/``
    whose front matter names the finding most closely is taken.

    Parameters
    ----------
    project : Project
        The project.
    job : str
        The job.
    result : Result
        The finding.

    Returns
    -------
    str
        ``playbooks/monitor.md#performanceauc``; the job's file alone when no heading fits and no
        other playbook does; empty when there is none, or it cannot be read.
    """
    own = project.config.jobs[job].playbook if job in project.config.jobs else ""
    headings: list[str] = []
    if own:
        try:
            headings = _headings((project.root / own).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            own = ""
    heading = _naming(headings, result)
    if heading:
        return f"{own}#{_anchor(heading)}"
    fitting = [playbook for playbook in _readable(project) if playbook.fits(result)]
    return max(fitting, key=lambda p: p.fits(result)).step(result) if fitting else own


def section(text: str, anchor: str) -> str:
    """Return the part of a Markdown text that a heading's fragment names, empty for none.

    Parameters
    ----------
    text : str
        The text.
    anchor : str
        What stands after ``#`` in a link to it.
    """
    fenced = [span.span() for span in _FENCED.finditer(text)]
    found = [h for h in _HEADING.finditer(text) if not any(a <= h.start() < b for a, b in fenced)]
    for place, heading in enumerate(found):
        if _anchor(heading["text"]) == anchor:
            after = (h for h in found[place + 1 :] if len(h["marks"]) <= len(heading["marks"]))
            end = next(after, None)
            return text[heading.start() : end.start() if end else len(text)].rstrip() + "\n"
    return ""


def _readable(project: Project) -> Iterator[Playbook]:
    for path in sorted((project.root / FOLDER).glob("*.md")):
        try:
            yield read_playbook(project, path)
        except InputError:  # an alert is raised whatever state the playbooks are in
            continue


def _is_named(glob: str, result: Result) -> bool:
    return fnmatchcase(result.name, glob) or fnmatchcase(result.identity, glob)


def _headings(text: str) -> list[str]:
    return [found["text"] for found in _HEADING.finditer(_FENCED.sub("", text))]


def _naming(headings: Sequence[str], result: Result) -> str:
    """Return the heading that names a finding most closely, empty for none."""
    for name in (result.identity, result.name, result.dimension):
        word = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w/]|\.\w)", re.IGNORECASE)
        for heading in headings:
            if word.search(heading):
                return heading
    return ""


def _anchor(heading: str) -> str:
    """Return a heading's fragment as GitHub, GitLab and JupyterLab's preview make it."""
    plain = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
