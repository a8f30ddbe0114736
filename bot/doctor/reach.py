"""Looks at the channels: each vendor is asked for its own view; nothing is sent to anybody."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol, cast

from bot.building import build_channels
from bot.channels.simulated import SimulatedChannel
from bot.channels.zalo_oa.tokens import IN_GOOD_TIME, OLD, REFRESH_LIFE
from bot.data_key import DataKey, WrongDataKey
from bot.doctor.finding import Finding, Place, look, ok, wrong
from bot.vault import peek
from handlers.channel import Ailment, ChannelError, Misconfigured

SECONDS = 15.0
_TODO = {
    "webhook_stolen": "restart the program (it sets the webhook); see that no other one uses the token",
    "webhook_failing": "see that LANGNGHE_PUBLIC_URL opens from outside, and the log of the server in front",
    "webhook_behind": "see that the program runs and is ready; what waits comes by itself then",
    "polling_conflict": "let one program use the token: a webhook is set; restart this one to take it away",
}
"""What to do about what a channel tells."""


class Examined(Protocol):
    """What a channel may offer besides: the vendor can be asked how the bot stands, with nothing changed."""

    async def examine(self) -> Sequence[Ailment]:
        """Return what an operator must look at. Raises ChannelError."""
        ...


async def channels(place: Place) -> list[Finding]:
    """Ask each vendor whether the bot may work and where its updates go."""
    built = build_channels(
        place.settings,
        web=SimulatedChannel(),
        simulated=False,
        database=cast(Any, place.database),
        open_media=_nothing,
        now=lambda: place.now,
    )
    asked = {name: channel for name, channel in built.by_name.items() if hasattr(channel, "examine")}
    try:
        found = [
            each for name, channel in asked.items() for each in await _examined(name, cast(Examined, channel))
        ]
    finally:
        for vendor in built.vendors:
            await vendor.close()
        for keeper in built.keepers:
            await keeper.close()
    others = sorted(built.by_name.keys() - asked.keys() - {"web", "zalo_oa"})
    if others:
        found.append(ok(f"set up, and not asked: {', '.join(others)}"))
    return found or [ok("only the web page is set up")]


async def _examined(name: str, channel: Examined) -> list[Finding]:
    try:
        async with asyncio.timeout(SECONDS):
            ailments = await channel.examine()
    except Misconfigured as error:
        return [
            wrong(
                f"{name} refuses the bot ({error})",
                f"LANGNGHE_{name.upper()}_TOKEN and what belongs to it: set it as the vendor shows it",
            )
        ]
    except (ChannelError, TimeoutError) as error:
        return [
            look(
                f"{name} does not answer ({error or 'in time'})",
                "see whether this machine reaches the internet; what waits is sent later",
            )
        ]
    if not ailments:
        return [ok(f"{name} knows the bot, and updates come in")]
    return [
        wrong(f"{name}: {each.what} {each.detail}".strip(), _TODO.get(each.what, "see docs/channels.md"))
        for each in ailments
    ]


async def _nothing(key: str) -> bytes:
    raise NotImplementedError("nothing is sent here")


async def tokens(place: Place) -> Finding:
    """See how long the tokens of the Official Account hold, without renewing them."""
    if not place.settings.zalo_app_id:
        return ok("there is no Official Account")
    async with place.opened.read() as transaction:
        kept = await peek(transaction)
    if kept is None:
        return wrong("no Official Account has consented yet", "python -m bot zalo consent")
    try:
        DataKey(place.settings).open(kept.secret)
    except WrongDataKey:
        return wrong(
            "the tokens cannot be opened",
            "LANGNGHE_DATA_KEY: set it as it was, or python -m bot zalo consent",
        )
    age, until = place.now - kept.obtained_at, kept.obtained_at + REFRESH_LIFE
    if kept.broken_at or age > REFRESH_LIFE:
        return wrong(
            "the vendor takes the tokens no more",
            "python -m bot zalo consent, and open the link as the account's administrator",
        )
    if kept.expires_at and kept.expires_at - place.now < IN_GOOD_TIME / 2:
        return look(
            "the access token is about to die, and nobody has renewed it",
            "see that the program runs; then python -m bot zalo status",
        )
    if age > OLD:
        return look(
            f"the refresh token dies on {until:%Y-%m-%d}", "python -m bot zalo consent before that day"
        )
    return ok(f"tokens are {age / timedelta(hours=1):.0f} hours old and good")
