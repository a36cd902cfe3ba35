"""``make audit`` calls nothing clean that nobody has looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[1] / "requirements" / "audit.py"
CLEAN = {"name": "click", "version": "8.2", "vulns": []}
HOLED = {"name": "rich", "version": "13", "vulns": [{"id": "PYSEC-1", "fix_versions": ["14"]}]}
SKIPPED = {"name": "uv", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ([CLEAN], 0, "a.lock: 1 packages, no known vulnerability"),
        ([CLEAN, HOLED], 1, "a.lock: rich 13: PYSEC-1, fixed in 14"),
        ([CLEAN, SKIPPED], 2, "a.lock is not audited: pypi has no answer: 1 of 2 packages (uv)"),
        ([HOLED, SKIPPED], 2, "PYSEC-1"),
        (None, 2, "a.lock is not audited: pypi has no answer: ConnectionError: no route"),
    ],
)
def test_the_answer_decides(
    answer: list[dict[str, Any]] | None, code: int, said: str, tmp_path: Path
) -> None:
    # In place of pip-audit, whose service cannot be asked for a vulnerability to order: it ends
    # with 1 both when it found one and when it reached nobody, and with 0 for what it skipped.
    program = tmp_path / "pip-audit"
    text = json.dumps({"dependencies": answer})
    write = f"open(sys.argv[-1], 'w').write({text!r})" if answer is not None else "pass"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n{write}\nsys.exit('ERROR\\nConnectionError: no route')\n"
    )
    program.chmod(0o755)
    command = [sys.executable, AUDIT, "--pip-audit", program, tmp_path / "a.lock"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
