"""`train --list` and `train --rollback`: the models that were adopted, and the way back."""

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import opened

if TYPE_CHECKING:
    from bot.model_in_use import InUse
    from storage.models import StoredModel

NOTHING_BEFORE = 3
"""Exit status when there is no model to go back to."""


def run_list(arguments: argparse.Namespace) -> int:
    """Show every adopted model with its figures, the latest first, and the shipped one."""
    from routing.understanding import Understanding

    stored, found = asyncio.run(_adopted_models(arguments))
    shipped = Understanding.load().model_version
    reading = found.stored.id if found.stored and not found.refused else None
    if arguments.json:
        rows = [_as_row(one, in_use=one.id == reading) for one in stored]
        rows.append({"model": shipped, "shipped": True, "in_use": reading is None})
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for one in stored:
            print(_as_text(one, in_use=one.id == reading))
        print(f"{shipped}  shipped{', in use' if reading is None else ''}")
    if found.refused:
        print(f"warning: {found.refused}", file=sys.stderr)
    return 0


async def _adopted_models(arguments: argparse.Namespace) -> "tuple[list[StoredModel], InUse]":
    from bot.model_in_use import load
    from storage import models

    async with opened(arguments.settings) as database:
        async with database.read() as transaction:
            stored = await models.list_models(transaction)
        return stored, await load(database)


def _as_text(one: "StoredModel", *, in_use: bool) -> str:
    until = f"until {one.retired_at:%Y-%m-%d %H:%M} UTC" if one.retired_at else "cannot be used"
    state = "in use" if in_use else until
    lines = [f"{one.version}  adopted {one.adopted_at:%Y-%m-%d %H:%M} UTC, {state}  {one.note}".rstrip()]
    for figure in one.figures["figures"]:
        if not figure["of_domain"]:
            change = f"{figure['old']:.3f} → {figure['new']:.3f}"
            lines.append(f"    {figure['name']} ({figure['measured_on']}): {change} of {figure['count']}")
    return "\n".join(lines)


def _as_row(one: "StoredModel", *, in_use: bool) -> dict[str, Any]:
    return {
        "model": one.version,
        "adopted_at": one.adopted_at.isoformat(),
        "retired_at": one.retired_at.isoformat() if one.retired_at else None,
        "in_use": in_use,
        "note": one.note,
        **one.figures,
    }


def run_rollback(arguments: argparse.Namespace) -> int:
    """Go back to the model before, to the shipped one at last."""
    done = asyncio.run(_roll_back(arguments))
    if done is None:
        print("The shipped model reads already; there is none before it.", file=sys.stderr)
        return NOTHING_BEFORE
    given_up, before = done
    if arguments.json:
        print(json.dumps({"given_up": given_up.version, "in_use": before.version if before else None}))
    else:
        name = f"model {before.version}" if before else "the shipped model"
        print(f"Model {given_up.version} was given up; {name} reads from now on.")
    return 0


async def _roll_back(arguments: argparse.Namespace) -> "tuple[StoredModel, StoredModel | None] | None":
    from storage import models

    async with opened(arguments.settings) as database, database.begin() as transaction:
        return await models.roll_back(transaction, now=moment.now())
