"""`make check`'s last step: known vulnerabilities in the pins, where the vulnerability data can be reached.

Exit status 1 for a known vulnerability only. A network that does not reach the data is one line that says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

COMMAND = [
    *(sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json"),
    *("--disable-pip", "--require-hashes", "-r", "requirements.txt", "-r", "requirements-dev.txt"),
]


def main() -> int:
    """Audit both requirement files; return the exit status."""
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _skipped("".join(done.stderr.strip().splitlines()[-1:]))
    audited = [package for package in packages if "skip_reason" not in package]
    if not audited:
        return _skipped("no package could be looked up")
    return _judge(audited, len(packages) - len(audited))


def _judge(audited: list[dict[str, Any]], unknown: int) -> int:
    found = [(package, flaw) for package in audited for flaw in package["vulns"]]
    for package, flaw in found:
        _say(f"{package['name']} {package['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or '-'}")
    _say(f"pip-audit: {len(audited)} packages, {unknown} unknown, {len(found)} known vulnerabilities")
    return 1 if found else 0


def _skipped(reason: str) -> int:
    _say(f"pip-audit: skipped, its data cannot be reached ({reason})")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
