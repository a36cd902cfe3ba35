"""Look every lock up in the advisories: ``make audit``.

pip-audit calls a package that its service does not know clean, so an index that answers without
advisories, as most mirrors do, would make everything look well. Here that is an error.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
LOCKS = ("bootstrap", "build", "release", "demo", "test")  # the shortest first: it fails soonest
FOUND, UNKNOWN = 1, 2


def main() -> int:
    """Return 0 when all is known and clean, 1 for a vulnerability, 2 when something is unknown."""
    parser = argparse.ArgumentParser(description="Look every lock up in the advisories.")
    parser.add_argument("--service", choices=["pypi", "osv"], default="pypi")
    parser.add_argument(
        "--pip-audit", type=Path, default=Path(sys.executable).with_name("pip-audit")
    )
    parser.add_argument("locks", nargs="*", type=Path)
    options = parser.parse_args()
    worst = 0
    for lock in options.locks or [HERE / f"{name}.lock" for name in LOCKS]:
        worst = max(worst, look_up(options.pip_audit, options.service, lock))
        if worst == UNKNOWN:
            break
    return worst


def look_up(program: Path, service: str, lock: Path) -> int:
    """Ask the service about one lock and print what it says."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        # --disable-pip: a lock needs no resolving, and nothing is installed to look at it.
        command = [program, "--vulnerability-service", service, "--progress-spinner", "off",
                   "--disable-pip", "--require-hashes", "-r", lock,
                   "--format", "json", "--output", answer]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not answer.exists():
            return _unknown(service, lock, done.stderr.strip().rpartition("\n")[2])
        packages = json.loads(answer.read_text(encoding="utf-8"))["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    for package in packages:
        for one in package.get("vulns", []):
            fixed = ", ".join(one["fix_versions"]) or "no version yet"
            where = f"{lock.name}: {package['name']} {package['version']}"
            print(f"{where}: {one['id']}, fixed in {fixed}")
    if skipped:
        few = ", ".join(skipped[:3]) + (" …" if len(skipped) > 3 else "")
        return _unknown(service, lock, f"{len(skipped)} of {len(packages)} packages ({few})")
    found = any(package["vulns"] for package in packages)
    if not found:
        print(f"{lock.name}: {len(packages)} packages, no known vulnerability")
    return FOUND if found else 0


def _unknown(service: str, lock: Path, what: str) -> int:
    print(
        f"error: {lock.name} is not audited: {service} has no answer: {what}\n"
        "hint: the index in use may be a mirror without advisories; run this where pypi.org or "
        "api.osv.dev can be reached",
        file=sys.stderr,
    )
    return UNKNOWN


if __name__ == "__main__":
    sys.exit(main())
