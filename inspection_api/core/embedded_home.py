"""Where an embedded server lives: its folder, its sockets, its user, and the lock that says who owns it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from inspection_api.core.processes import User, may_reach

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator

_SOCKET_PATH_BYTES = 107 - len("/.s.PGSQL.5432")
_UNPRIVILEGED = ("nobody", "postgres", "daemon")
_LOUD = ("FATAL", "PANIC", "ERROR", "Fatal", "Can't", "Failed")


class EmbeddedError(Exception):
    """A server could not be started; the message is one Chinese sentence with a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The places of one server. ``user`` is None when it runs as whoever started it."""

    kind: str
    folder: Path
    sockets: Path
    programs: Path
    lock: Path
    user: User | None

    @property
    def log(self) -> Path:
        """Return the file with the server's own words."""
        return self.folder / f"{self.kind}.log"

    def open_log(self) -> IO[bytes]:
        """Open an empty log; the one before stays as ``.old``."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".old"))
        return self.log.open("wb")

    def last_words(self) -> str:
        """Return the log's last line that tells of a failure."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return next((line for line in reversed(lines) if any(word in line for word in _LOUD)), "".join(lines[-1:]))

    def remove(self, path: Path) -> None:
        """Remove a folder of this home, if it is there."""
        if path.exists():
            shutil.rmtree(path)

    def is_served_by(self, pid: int) -> bool:
        """Tell whether process ``pid`` is PostgreSQL on this home's data (its working directory is its data folder)."""
        try:
            return Path(f"/proc/{pid}/cwd").samefile(self.folder / "data")
        except OSError:
            return False

    def signal(self, pid: int, word: signal.Signals) -> None:
        """Send a signal to a server that was left behind.

        Raises:
            EmbeddedError: it belongs to another user.
        """
        try:
            os.kill(pid, word)
        except ProcessLookupError:
            return
        except PermissionError:
            raise EmbeddedError(f"进程 {pid} 占用 {self.folder}，但属于另一用户 (server_foreign)") from None


def prepare_home(var: Path, kind: str, wheel: Path, say: Callable[[str], None]) -> Home:
    """Make the folders of the server ``kind`` for this ``var`` and choose its user.

    Raises:
        EmbeddedError: a folder cannot be made, or belongs to somebody else.
    """
    var = var.resolve()
    try:
        var.mkdir(parents=True, exist_ok=True)
        user = _server_user(var / kind)
        private = _own_folder(_private_path(var), user)
        folder = _own_folder(_data_root(var, private, user, say) / kind, user)
        return Home(
            kind=kind,
            folder=folder,
            sockets=private,
            programs=_reachable_programs(wheel, private, user),
            lock=var / f".{kind}.lock",
            user=user,
        )
    except OSError as error:
        raise EmbeddedError(f"无法准备目录 {error.filename}：{error.strerror} (folder_unusable)") from None


@contextmanager
def owned_by_us(lock: Path) -> Iterator[bool]:
    """Try to take the lock for as long as the block runs; yield whether this process has it."""
    descriptor = os.open(lock, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _server_user(folder: Path) -> User | None:
    """Choose the user of the servers: ours, or as root whoever owns the data already, or an unprivileged one."""
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        known = folder.stat()
        return User(name=str(known.st_uid), uid=known.st_uid, gid=known.st_gid)
    users = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    for name in filter(users.__contains__, _UNPRIVILEGED):
        return User(name=name, uid=users[name].pw_uid, gid=users[name].pw_gid)
    raise EmbeddedError("以 root 运行时需要一个非特权用户（如 nobody）来启动数据库 (no_unprivileged_user)")


def _private_path(var: Path) -> Path:
    name = f"xunji-{hashlib.sha256(os.fsencode(var)).hexdigest()[:12]}"
    path = Path(tempfile.gettempdir()).resolve() / name
    return path if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES else Path("/tmp") / name  # noqa: S108 - 0700, owner checked


def _own_folder(path: Path, user: User | None) -> Path:
    """Make a folder for the server's user alone; refuse one that somebody else put there."""
    path.mkdir(mode=0o700, exist_ok=True)
    found, wanted = path.lstat(), os.geteuid() if user is None else user.uid
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {wanted, os.geteuid()}:
        raise EmbeddedError(f"{path} 属于另一用户，请移走它或换用该用户运行 (folder_foreign)")
    if user is not None and found.st_uid != user.uid:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    return path


def _data_root(var: Path, private: Path, user: User | None, say: Callable[[str], None]) -> Path:
    if user is None or may_reach(var, user):
        return var
    say(f"用户 {user.name} 无法进入 {var}，服务器数据改存于 {private}")
    return private


def _reachable_programs(wheel: Path, private: Path, user: User | None) -> Path:
    """Return the wheel's folder, or a copy of it where the server's user can run it (an environment below /root)."""
    if user is None or may_reach(wheel, user):
        return wheel
    copy = private / f"{wheel.name}-{int(wheel.stat().st_mtime)}"
    if not copy.exists():
        draft = private / f"{copy.name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        _copy_wheel(wheel, draft)
        draft.rename(copy)
    return copy / wheel.name


def _copy_wheel(wheel: Path, target: Path) -> None:
    skip = shutil.ignore_patterns("*.a", "*.py", "__pycache__", "include", "pginstall")
    for folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, target / folder.name, symlinks=True, ignore=skip)
