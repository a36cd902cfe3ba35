"""What the linter found, in one file and in all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_nb.lint.declaration import Declaration
from mlops_nb.lint.finding import Diagnostic
from mlops_nb.lint.rule import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What was found in one file.

    Parameters
    ----------
    file : str
        Path as shown to the user.
    diagnostics : list of Diagnostic
        The findings, in file order.
    skipped : str
        Why it was not linted; empty: it was.
    changes : int
        Findings fixed or accepted in the file.
    diff : str
        The changes as a person reads them, when they were asked for and not made.
    requires : tuple of str
        What its unsafe fixes add to the project's requirements.
    """

    file: str
    diagnostics: list[Diagnostic] = field(default_factory=list)
    skipped: str = ""
    changes: int = 0
    diff: str = ""
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """What the linter found.

    Parameters
    ----------
    reports : list of FileReport
        File by file, in the order of the paths.
    known : int
        Findings left out because the baseline holds them.
    declared : list of Declaration
        Files of requirements with what the notebooks lacked.
    """

    reports: list[FileReport]
    known: int = 0
    declared: list[Declaration] = field(default_factory=list)

    @property
    def files(self) -> int:
        """Notebooks looked at, those skipped not among them."""
        return sum(not report.skipped for report in self.reports)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The findings, file by file, in file order."""
        return [diagnostic for report in self.reports for diagnostic in report.diagnostics]

    @property
    def skipped(self) -> list[FileReport]:
        """Notebooks in another language."""
        return [report for report in self.reports if report.skipped]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(diagnostic.severity == severity for diagnostic in self.diagnostics)

    @property
    def failed(self) -> bool:
        """A rule crashed."""
        return any(diagnostic.internal for diagnostic in self.diagnostics)

    def blocks(self, *, strict: bool = False) -> bool:
        """Tell whether a finding blocks: an error, with `strict` a warning too."""
        return bool(self.count(Severity.ERROR) or (strict and self.count(Severity.WARNING)))
