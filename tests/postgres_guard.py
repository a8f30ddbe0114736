"""Runs one PostgreSQL server for a test session and takes everything away when the session is over.

A process of its own: `python postgres_guard.py SESSION_PID FOLDER PROGRAMS`. It outlives the test process
that started it, because the session's other processes use the server too, but not the session itself,
however that ends.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

LOOK_EVERY_SECONDS = 0.1
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "timezone": "Asia/Ho_Chi_Minh",
}
"""The server may lose everything; its zone is not UTC, so that careless times show."""


class SessionOver(Exception):
    """The session is gone, or asked for the server to go."""


def main(session: int, folder: Path, programs: Path) -> None:
    """Serve until the session is over."""
    signal.signal(signal.SIGTERM, _end)
    user = _server_user()
    try:
        programs = _reachable_programs(programs, folder, user)
        _create_cluster(folder, programs, user)
        _serve(session, folder, programs, user)
    except SessionOver:
        pass
    finally:
        # A session that was killed cannot clear up after itself.
        shutil.rmtree(folder if _is_alive(session) else folder.parent, ignore_errors=True)


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SessionOver


def _server_user() -> dict[str, Any]:
    """Return how to run a program as somebody who is not root, which PostgreSQL insists on."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    entry = known.get("nobody") or known.get("daemon") or next(iter(known.values()))
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _reachable_programs(programs: Path, folder: Path, user: dict[str, Any]) -> Path:
    """Return programs that the user can run, which those below a folder of root's alone are not."""
    if not user:
        return programs
    os.chown(folder, user["user"], user["group"])
    check = subprocess.run(["test", "-x", programs / "postgres"], check=False, **user)
    if check.returncode == 0:
        return programs
    # The programs find their libraries by their place beside the package's folder.
    package = programs.parent.parent
    copy = folder / "programs" / package.name / programs.parent.name
    shutil.copytree(programs.parent, copy, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / "programs" / libraries.name)
    return copy / programs.name


def _create_cluster(folder: Path, programs: Path, user: dict[str, Any]) -> None:
    settings = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    # Words of its own: an empty environment has no PATH, and a folder of root's cannot be stood in.
    run: dict[str, Any] = {"cwd": folder, "env": {}, "check": True, "stdout": sys.stderr, **user}
    subprocess.run([programs / "initdb", "--pgdata", folder / "data", *options, *settings], **run)


def _serve(session: int, folder: Path, programs: Path, user: dict[str, Any]) -> None:
    command = [programs / "postgres", "-D", folder / "data", "-k", folder]
    with subprocess.Popen(command, cwd=folder, env={}, stdout=sys.stderr, **user) as server:
        try:
            while server.poll() is None and _is_alive(session):
                time.sleep(LOOK_EVERY_SECONDS)
        finally:
            # An immediate shutdown: nothing in it is worth keeping.
            server.send_signal(signal.SIGQUIT)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
