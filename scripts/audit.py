"""Audit what is installed: everything pinned, nothing at odds, and no known weakness as far as one can ask.

`python -m scripts.audit [--offline]`. Status 1: what is wrong, a line for each. Without `--offline` it also
runs `pip-audit` where that is installed; it needs a way to a database of known weaknesses.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$")


def plain(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(text: str) -> tuple[dict[str, str], list[str]]:
    """Return what a constraints file pins, and its lines that pin nothing."""
    found: dict[str, str] = {}
    bad: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _PINNED.match(line.strip())
        if match is None:
            bad.append(line.strip())
        else:
            found[plain(match[1])] = match[2]
    return found, bad


def wanted() -> list[Requirement]:
    """Return what the project asks for, for running and for testing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [each for group in project.get("optional-dependencies", {}).values() for each in group]
    return [Requirement(each) for each in [*project["dependencies"], *optional]]


def installed(requirements: list[Requirement]) -> Iterator[tuple[str, str | None]]:
    """Yield each package that these need, and what it needs in turn, with its version; None: missing."""
    waiting, seen = list(requirements), set[tuple[str, frozenset[str]]]()
    while waiting:
        each = waiting.pop()
        key = (plain(each.name), frozenset(each.extras))
        if key in seen or (each.marker is not None and not each.marker.evaluate({"extra": ""})):
            continue
        seen.add(key)
        try:
            found = distribution(each.name)
        except PackageNotFoundError:
            yield plain(each.name), None
            continue
        yield plain(each.name), found.version
        waiting += [
            inner for inner in map(Requirement, found.requires or ()) if _is_needed(inner, each.extras)
        ]


def _is_needed(inner: Requirement, extras: set[str]) -> bool:
    if inner.marker is None:
        return True
    return any(inner.marker.evaluate({"extra": extra}) for extra in (extras or {""}))


def problems_of_pins() -> list[str]:
    """Say what is not pinned, or installed in another version than the pinned one."""
    pins, bad = pinned((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    problems = [f"constraints.txt: {line!r} pins nothing" for line in bad]
    for name, version in sorted(set(installed(wanted())), key=lambda each: each[0]):
        if name not in pins:
            problems.append(f"{name} is needed and constraints.txt does not pin it")
        elif version is None:
            problems.append(f"{name} is needed and not installed; run scripts/setup test")
        elif version != pins[name]:
            problems.append(
                f"{name} is {version} here and {pins[name]} in constraints.txt; run scripts/setup test"
            )
    return problems


def problems_of_versions() -> list[str]:
    """Say what pip finds at odds among what is installed."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else done.stdout.splitlines()


def known_weaknesses() -> tuple[list[str], str]:
    """Return what pip-audit knows of the pinned versions, and why it could not be asked."""
    if importlib.util.find_spec("pip_audit") is None:
        return [], "pip-audit is not installed (pip install pip-audit, in an environment of its own)"
    words = [
        "-m",
        "pip_audit",
        "--requirement",
        str(ROOT / "constraints.txt"),
        "--no-deps",
        "--progress-spinner=off",
    ]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=600)
    if done.returncode == 0:
        return [], ""
    if "Found" in done.stderr:
        return done.stdout.splitlines(), ""
    return [], (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]


def main() -> int:
    """Audit; print what is wrong and what could not be asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offline", action="store_true", help="leave out what needs the network")
    problems = [*problems_of_pins(), *problems_of_versions()]
    if not parser.parse_args().offline:
        weaknesses, unasked = known_weaknesses()
        problems += weaknesses
        if unasked:
            print(f"Known weaknesses were not asked for: {unasked}")
    print("\n".join(problems) or "Everything is pinned, and nothing is at odds.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
