"""`org check` and `org try`: what is wrong with the rules, and what others would change."""

import argparse
import asyncio
import json
from typing import Any

from bot.commands.opening import load_city


def register(actions: "argparse._SubParsersAction[Any]") -> None:
    """Add the actions to those of `org`."""
    check = actions.add_parser("check", help="list every (domain, ward) that reaches nobody")
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=run_check)


def run_check(arguments: argparse.Namespace) -> int:
    """Print each way in which a case would reach nobody; status 1 when there is one."""
    from routing.rule_check import check

    problems = check(asyncio.run(load_city(arguments.settings)))
    if arguments.json:
        print(json.dumps([str(problem) for problem in problems], ensure_ascii=False))
    else:
        for problem in problems:
            print(problem)
        print(f"{len(problems)} problems." if problems else "Every domain reaches a unit in every ward.")
    return 1 if problems else 0
