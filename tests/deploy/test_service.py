"""The systemd units: what they promise is what the program needs, and no secret stands where others look."""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from bot.__main__ import build_parser
from bot.app import DRAIN_SECONDS, PARTS
from bot.settings import PREFIX, Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = ["langnghe.service", "langnghe@.service"]
SETTING = re.compile(rf"\b{PREFIX}([A-Z_]+)")


def directives(unit: str) -> dict[str, list[str]]:
    """Return the values of each directive of a unit, in order."""
    found = defaultdict(list)
    for line in (DEPLOY / unit).read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def seconds(value: str) -> float:
    return float(value.removesuffix("s"))


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line(unit: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze on PATH")
    # The program does not stand in /opt here; nothing else of the unit is changed.
    text = (DEPLOY / unit).read_text(encoding="utf-8")
    text = text.replace("/opt/langnghe/.venv/bin/python", sys.executable)
    copy = tmp_path / unit.replace("@", "@web")
    copy.write_text(text, encoding="utf-8")
    checked = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert not [line for line in checked.stderr.splitlines() if "langnghe" in line]


@pytest.mark.parametrize("unit", UNITS)
def test_what_is_under_way_is_finished_before_anybody_kills(unit: str) -> None:
    service = directives(unit)
    assert service["KillSignal"] == ["SIGTERM"]
    # The worker may take so long, and after it the delivery; then everything is closed.
    assert seconds(service["TimeoutStopSec"][0]) > 2 * DRAIN_SECONDS + 20


@pytest.mark.parametrize("unit", UNITS)
def test_it_comes_back_for_ever_but_not_with_a_wrong_setting(unit: str) -> None:
    service = directives(unit)
    assert service["Restart"] == ["always"]
    assert service["StartLimitIntervalSec"] == ["0"]
    assert service["RestartPreventExitStatus"] == ["2"]


@pytest.mark.parametrize("unit", UNITS)
def test_secrets_come_in_a_file(unit: str) -> None:
    service = directives(unit)
    assert service["EnvironmentFile"] == ["/etc/langnghe/langnghe.env"]
    shown = " ".join(service["Environment"] + service["ExecStart"])
    assert PREFIX not in shown


@pytest.mark.parametrize("unit", UNITS)
def test_it_runs_as_somebody_who_may_nothing(unit: str) -> None:
    service = directives(unit)
    assert service["User"] == ["langnghe"]
    assert service["CapabilityBoundingSet"] == [""]
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "MemoryDenyWriteExecute"):
        assert service[name] == ["yes"], name
    assert service["ProtectSystem"] == ["strict"]
    # SQLite's socket-less life apart: the internet, and PostgreSQL's socket.
    assert service["RestrictAddressFamilies"] == ["AF_INET AF_INET6 AF_UNIX"]
    # Drawing goes on at a lower priority, which @resources would forbid.
    assert not [line for line in service["SystemCallFilter"] if "~" in line and "@resources" in line]


@pytest.mark.parametrize("unit", UNITS)
def test_the_command_is_one_that_the_program_has(unit: str) -> None:
    [command] = directives(unit)["ExecStart"]
    for part in PARTS:
        words = command.replace("%i", part).split()
        assert words[1:3] == ["-m", "bot"]
        assert build_parser().parse_args(words[3:]).command == "serve"


def test_parts_run_apart_differ_in_nothing_but_the_part() -> None:
    whole, part = (directives(unit) for unit in UNITS)
    assert {name for name in {*whole, *part} if whole[name] != part[name]} == {"Description", "ExecStart"}


def test_the_data_lie_where_the_unit_may_write() -> None:
    [folder] = directives("langnghe.service")["StateDirectory"]
    example = (DEPLOY / "langnghe.env.example").read_text(encoding="utf-8")
    places = re.findall(rf"^{PREFIX}(?:DATABASE_URL|MEDIA_DIR)=(?:sqlite:///)?(\S+)$", example, re.MULTILINE)
    assert len(places) == 2
    assert all(place.startswith(f"/var/lib/{folder}/") for place in places)


def test_every_setting_that_a_file_names_is_one() -> None:
    known = {name.upper() for name in Settings.model_fields}
    wrong = [
        f"{path.name}: {PREFIX}{name}"
        for path in sorted(DEPLOY.iterdir())
        for name in SETTING.findall(path.read_text(encoding="utf-8"))
        if name not in known
    ]
    assert not wrong, wrong


def test_an_operators_command_runs_as_the_service_does() -> None:
    service, command = directives("langnghe.service"), (DEPLOY / "langnghe").read_text(encoding="utf-8")
    for name in ("User", "Group", "UMask", "WorkingDirectory", "StateDirectory", "EnvironmentFile"):
        assert f"{name}={service[name][0]}" in command, name
    assert service["ExecStart"][0].removesuffix(" serve") + ' "$@"' in command
