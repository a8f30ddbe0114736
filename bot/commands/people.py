"""`people`: the officials, many at a time."""

import argparse
from typing import Any

from bot.commands import workbook


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    people = commands.add_parser("people", help="the officials, many at a time")
    actions = people.add_subparsers(dest="action", required=True, metavar="ACTION")
    workbook.register_people(actions)
