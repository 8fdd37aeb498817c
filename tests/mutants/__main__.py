"""`make test-mutants`: the tests are tested. Each named bug goes into a copy of the project; its tests must fail there.

Without any bug the same tests must pass. Exit status 1 if a bug survives, no longer applies, or breaks more than tests.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from inspection_api.core.embedded import postgres_server, redis_server
from tests.mutants.bugs import BUGS, Bug

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
COPIED = ("inspection_api", "sync", "checkpoints", "kiosk_print", "migrations", "tests", "docs", "pyproject.toml")
PYTEST = (
    sys.executable,
    "-m",
    "pytest",
    "-x",
    "-q",
    "-n",
    "0",
    "--tb=line",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "--whole",
)
ENOUGH = "seeds_0000 or seeds_0010"
AT_ONCE = 2
SEEN, SURVIVED, STALE, BROKEN = "seen", "SURVIVED", "DOES NOT APPLY", "BROKEN"


def main() -> int:
    """Try every bug whose name contains the first argument; print the table and return the exit status."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    bugs = [bug for bug in BUGS if wanted in bug.name]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xunji-mutants-")))
        folder.chmod(0o711)
        servers = {
            "DATABASE_URL": stack.enter_context(postgres_server(folder, durable=False, say=_quiet)),
            "REDIS_URL": stack.enter_context(redis_server(folder, say=_quiet)),
        }
        healthy = Bug(name="no bug at all", edits=(), tests=tuple(dict.fromkeys(t for bug in bugs for t in bug.tests)))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(partial(_try, folder, servers), [*bugs, healthy]))
    return 0 if all(results) else 1


def _try(folder: Path, servers: dict[str, str], bug: Bug) -> bool:
    """Try one bug and print its line; tell whether all is well."""
    begun = time.monotonic()
    copy = Path(tempfile.mkdtemp(dir=folder))
    for name in COPIED:
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, copy / name, ignore=ignored) if source.is_dir() else shutil.copy(source, copy / name)
    outcome, told = _outcome(copy, servers, bug) if _applied(copy, bug) else (STALE, "")
    shutil.rmtree(copy)
    is_well = outcome == (SEEN if bug.edits else SURVIVED)
    shown = "tests pass" if is_well and not bug.edits else outcome
    sys.stdout.write(f"{shown:<15} {time.monotonic() - begun:5.0f} s  {bug.name}  {told}\n")
    sys.stdout.flush()
    return is_well


def _applied(copy: Path, bug: Bug) -> bool:
    for name, text, other in bug.edits:
        source = (copy / name).read_text()
        if source.count(text) != 1:
            return False
        (copy / name).write_text(source.replace(text, other))
    return True


def _outcome(copy: Path, servers: dict[str, str], bug: Bug) -> tuple[str, str]:
    """Run the tests; only a test that failed, and not one that could not even begin, has seen the bug."""
    command: Sequence[str] = (*PYTEST, *bug.tests, "-k", f"not test_whatever or {ENOUGH}")
    environment = {**os.environ, **servers}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    failed = re.search(r"^FAILED \S*?::(\w+)", done.stdout, re.MULTILINE)
    if done.returncode == 0:
        return SURVIVED, ""
    if done.returncode == 1 and failed:
        return SEEN, f"({failed[1]})"
    return BROKEN, (done.stdout + done.stderr)[-600:]


def _quiet(_line: str) -> None:
    """The servers have nothing to tell."""


if __name__ == "__main__":
    sys.exit(main())
