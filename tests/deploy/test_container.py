"""The container files. Without a container runtime their steps are done by hand: copy, start, look, stop.

What is not done here: fetching the base image, `RUN` of the first stage (it is `scripts/setup`, which made
the environment that runs these tests), `useradd`, and the limits that a runtime sets.
"""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import socket
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.app import DRAIN_SECONDS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
HOME = "/opt/langnghe"
DATA = "/var/lib/langnghe"


def steps() -> list[tuple[str, str]]:
    """Return the steps of the Containerfile: instruction and the rest, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Containerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def last_stage() -> list[tuple[str, str]]:
    found = steps()
    return found[max(number for number, (word, _) in enumerate(found) if word == "FROM") :]


def of(word: str) -> list[str]:
    return [rest for name, rest in last_stage() if name == word]


def environment() -> dict[str, str]:
    """Return what the image sets."""
    return dict(pair.split("=", 1) for rest in of("ENV") for pair in rest.split())


def test_both_stages_stand_on_the_same_named_version() -> None:
    bases = [rest.removesuffix(" AS build") for word, rest in steps() if word == "FROM"]
    assert len(bases) == 2
    assert bases[0] == bases[1]
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", bases[0])
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert bases[0].startswith("python:" + wanted.removeprefix(">=") + ".")


def test_nothing_names_a_package_index_or_holds_a_secret() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert "http" not in text.replace("http://127.0.0.1:", "")
    assert not re.search(r"(TOKEN|SECRET|PASSWORD|KEY)=", text)


def test_it_runs_as_nobody_in_particular_and_drains_when_stopped() -> None:
    [user] = of("USER")
    [made] = [rest for rest in of("RUN") if "useradd" in rest]
    assert user in shlex.split(made)
    words = [word for word, _ in last_stage()]
    assert words.index("USER") > max(number for number, word in enumerate(words) if word in ("RUN", "COPY"))
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert of("VOLUME") == [DATA]


def copied(target: Path) -> Path:
    """Do the COPY steps of the last stage that come from the checkout; return the folder of the program."""
    home = target / HOME.lstrip("/")
    home.mkdir(parents=True)
    for rest in of("COPY"):
        if rest.startswith("--from="):
            continue
        *sources, place = rest.split()
        for source in sources:
            # With what Python has compiled, or every process would compile all of it anew; but not with
            # what another process is just about to write.
            under_way = shutil.ignore_patterns("*.pyc.*")
            shutil.copytree(ROOT / source, home / place, ignore=under_way)
    (home / ".venv").symlink_to(sys.prefix)
    return home


def set_for(target: Path) -> dict[str, str]:
    """Return the image's environment with its places moved under `target`, on a free port."""
    data = target / DATA.lstrip("/")
    data.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    moved = {name: value.replace(DATA, str(data)) for name, value in environment().items()}
    return {**moved, "LANGNGHE_PORT": str(port), "PATH": os.defpath, "MPLCONFIGDIR": str(target)}


@pytest.fixture
def image(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """What the image would hold, and its environment."""
    return copied(tmp_path), set_for(tmp_path)


def entered(home: Path) -> list[str]:
    [entry] = [json.loads(rest) for rest in of("ENTRYPOINT")]
    return [word.replace(HOME, str(home)) for word in entry]


async def healthy(home: Path, settings: dict[str, str]) -> bool:
    """Do the image's own health check once."""
    [check] = [json.loads(rest.partition("CMD ")[2]) for rest in of("HEALTHCHECK")]
    return await ended(home, settings, *check) == 0


async def ended(home: Path, settings: dict[str, str], *command: str) -> int:
    """Run a command as the image would; return its status."""
    quiet = asyncio.subprocess.DEVNULL
    running = await asyncio.create_subprocess_exec(
        *command, cwd=home, env=settings, stdout=quiet, stderr=quiet
    )
    return await running.wait()


async def test_what_is_copied_is_enough_to_serve_a_city(image: tuple[Path, dict[str, str]]) -> None:
    home, settings = image
    copied_there = set(home.rglob("*"))
    assert await ended(home, settings, *entered(home), "init", "--province", "Hà Nội") == 0
    [command] = [json.loads(rest) for rest in of("CMD")]
    assert not await healthy(home, settings)
    serving = await asyncio.create_subprocess_exec(
        *entered(home), *command, cwd=home, env=settings, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert serving.stdout
        said = await asyncio.wait_for(serving.stdout.readline(), 120)
        assert b"Serving on http://0.0.0.0" in said
        assert await healthy(home, settings)
    finally:
        serving.send_signal(signal.SIGTERM)
    assert await serving.wait() == 0
    assert set(home.rglob("*")) == copied_there, "only the volume is written to"


def compose() -> dict[str, Any]:
    """Return the services and what they say; lists and the like are left as they are written.

    Of YAML only what the file uses is read: blocks by indentation.
    """
    root: dict[str, Any] = {}
    open_blocks = [(-1, root)]
    for line in (DEPLOY / "compose.yaml").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        depth = len(line) - len(line.lstrip())
        name, _, said = line.strip().partition(":")
        open_blocks = [block for block in open_blocks if block[0] < depth]
        inner: dict[str, Any] = {}
        open_blocks[-1][1][name] = said.strip() or inner
        open_blocks.append((depth, inner))
    services: dict[str, Any] = root["services"]
    return services


def test_the_composed_program_waits_for_its_database_and_listens_for_this_machine_alone() -> None:
    program, database = compose()["program"], compose()["database"]
    assert program["depends_on"] == {"database": "{condition: service_healthy}"}
    assert program["build"] == {"context": "..", "dockerfile": "deploy/Containerfile"}
    assert all(port.startswith("127.0.0.1:") for port in json.loads(program["ports"]))
    assert "ports" not in database
    assert re.fullmatch(r"postgres:\d+\.\d+-\w+", database["image"])
    assert program["volumes"] == f'["program:{DATA}"]'
    assert environment()["LANGNGHE_MEDIA_DIR"].startswith(DATA)


def test_the_composed_program_may_nothing_and_is_given_time_to_finish() -> None:
    program = compose()["program"]
    assert program["read_only"] == "true"
    assert program["cap_drop"] == "[ALL]"
    assert "no-new-privileges:true" in program["security_opt"]
    assert float(program["stop_grace_period"].removesuffix("s")) > 2 * DRAIN_SECONDS + 20


def test_secrets_of_the_composed_services_come_in_files() -> None:
    for service in compose().values():
        secret = [name for name in service["environment"] if re.search("PASSWORD|TOKEN|SECRET|KEY|URL", name)]
        assert all(name.endswith("_FILE") for name in secret)
    assert compose()["program"]["env_file"] == "[langnghe.env]"
