"""`python -m bot COMMAND`: reads the command line and hands over to one of `bot/commands/`."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from bot.commands import (
    asking,
    backup,
    contacts,
    dead,
    doctor,
    figures,
    keys,
    looking_ahead,
    organisation,
    partitions,
    people,
    places,
    privacy,
    reading,
    serving,
    simulation,
    tables,
    training,
    zalo,
)
from bot.commands.opening import Refused
from bot.settings import WrongSettings, load_settings


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Lắng Nghe: a city's feedback channel in the chat apps people use."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for family in (
        serving,
        organisation,
        people,
        contacts,
        places,
        privacy,
        figures,
        asking,
        reading,
        training,
        simulation,
        looking_ahead,
        zalo,
        keys,
        backup,
        partitions,
        dead,
        doctor,
        tables,
    ):
        family.register(commands)
    return parser


def main(arguments: Sequence[str] | None = None, *, environment: Mapping[str, str] | None = None) -> int:
    """Run one command; return its exit status: 1 when it is refused, 2 for a wrong command or settings."""
    parsed = build_parser().parse_args(arguments)
    if not getattr(parsed, "settings_needed", True):
        return int(parsed.run(parsed))
    try:
        settings, warnings = load_settings(os.environ if environment is None else environment)
    except WrongSettings as wrong:
        print(wrong, file=sys.stderr)
        return 2
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    parsed.settings = settings
    try:
        status: int = parsed.run(parsed)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
