"""`zalo`: the tokens of the Official Account, and what was missed; `new-key`: a key for secrets."""

import argparse
import asyncio
import json
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, counted, opened, progress

if TYPE_CHECKING:
    from bot.settings import Settings
    from handlers.channel import Channel, Envelope
    from storage.credentials import Credential
    from storage.database import Database

_AT_ONCE = 50
"""People who are asked about together."""
_LONGEST_HOURS = 24 * 30


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands to the parser."""
    zalo = commands.add_parser("zalo", help="the Zalo Official Account: its consent, tokens, missed messages")
    actions = zalo.add_subparsers(dest="action", required=True, metavar="ACTION")
    tokens = actions.add_parser("tokens", help="store a pair of tokens; asks for what is not given")
    tokens.add_argument("--access", default="", metavar="TOKEN", help="the access token")
    tokens.add_argument("--refresh", default="", metavar="TOKEN", help="the refresh token")
    tokens.set_defaults(run=run_tokens)
    consent = actions.add_parser("consent", help="print a link, good once, by which the account lets us in")
    consent.set_defaults(run=run_consent)
    status = actions.add_parser("status", help="how the tokens stand; status 1 when they are of no use")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=run_status)
    backfill = actions.add_parser("backfill", help="ask for what people sent while nobody listened")
    backfill.add_argument("--hours", type=_hours, required=True, metavar="N", help="how far back")
    backfill.set_defaults(run=run_backfill)
    key = commands.add_parser("new-key", help="print a good value for LANGNGHE_DATA_KEY")
    key.set_defaults(run=run_new_key, settings_needed=False)


def _hours(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _LONGEST_HOURS):
        raise argparse.ArgumentTypeError(f"not a number of hours: {text!r} (1 to {_LONGEST_HOURS})")
    return int(text)


def run_new_key(arguments: argparse.Namespace) -> int:
    """Print a key; nothing else needs to be set for that."""
    from bot.data_key import new_key

    print(new_key())
    return 0


def run_tokens(arguments: argparse.Namespace) -> int:
    """Store a pair that somebody got elsewhere, in place of any other."""
    _require_app(arguments.settings)
    access, refresh = _pair_given(arguments)
    if access == refresh:
        raise Refused("the access token and the refresh token are two different ones")
    asyncio.run(_store(arguments.settings, access, refresh))
    print("Stored. The running program renews the pair within a minute; see: zalo status")
    return 0


def _pair_given(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return both tokens: from the options, else typed unseen, else two lines or JSON on standard input."""
    if arguments.access and arguments.refresh:
        return _token("--access", arguments.access), _token("--refresh", arguments.refresh)
    if sys.stdin.isatty():
        from getpass import getpass

        access = arguments.access or getpass("Access token: ")
        return _token("--access", access), _token(
            "--refresh", arguments.refresh or getpass("Refresh token: ")
        )
    words = _read_tokens(sys.stdin.read())
    given = [name for name in (arguments.access, arguments.refresh) if name]
    if len(words) + len(given) != 2:
        raise Refused(
            "give both tokens: --access and --refresh, or on standard input two lines or the vendor's JSON"
        )
    access = arguments.access or words.pop(0)
    return _token("--access", access), _token("--refresh", arguments.refresh or words.pop(0))


def _read_tokens(text: str) -> list[str]:
    try:
        read = json.loads(text)
    except ValueError:
        return text.split()
    if not isinstance(read, dict):
        return text.split()
    return [str(read[name]) for name in ("access_token", "refresh_token") if read.get(name)]


def _token(option: str, given: str) -> str:
    token = given.strip()
    if len(token) < 10 or not token.isascii() or len(token.split()) != 1:
        raise Refused(f"{option}: not a token: it is one long word")
    return token


async def _store(settings: "Settings", access: str, refresh: str) -> None:
    from bot.channels.zalo_oa.tokens import Pair
    from bot.data_key import DataKey
    from bot.vault import TokenVault
    from handlers.channel import ChannelError

    async with opened(settings) as database:
        try:
            # How old the pair is nobody knows: it is renewed as soon as a program sees it.
            await TokenVault(database, DataKey(settings)).put(
                Pair(access=access, refresh=refresh, obtained_at=moment.now())
            )
        except ChannelError as error:
            raise Refused(str(error)) from error


def run_consent(arguments: argparse.Namespace) -> int:
    """Print a one-time link to the page where the account's administrator consents."""
    settings = arguments.settings
    _require_app(settings)
    if settings.public_url is None:
        raise Refused("LANGNGHE_PUBLIC_URL: must be set: the vendor leads the browser back to it")
    print(asyncio.run(_new_link(settings)))
    print(
        "Open it within 10 minutes, as an administrator of the Official Account. It works once. "
        f"In the app's console the callback must be {str(settings.public_url).rstrip('/')}/zalo/callback",
        file=sys.stderr,
    )
    return 0


async def _new_link(settings: "Settings") -> str:
    from bot.data_key import DataKey, NoDataKey
    from bot.zalo_consent import Consents, link_of

    async with opened(settings) as database:
        try:
            secret = await Consents(database, DataKey(settings)).new_link()
        except NoDataKey as error:
            raise Refused(str(error)) from error
    return link_of(str(settings.public_url), secret)


def run_status(arguments: argparse.Namespace) -> int:
    """Print how the tokens stand, never a token."""
    state = asyncio.run(_status(arguments.settings))
    if arguments.json:
        print(json.dumps(state, ensure_ascii=False))
    else:
        print("\n".join(_told(state)))
    return 0 if state["usable"] else 1


async def _status(settings: "Settings") -> dict[str, Any]:
    from bot.vault import peek

    async with opened(settings) as database, database.read() as transaction:
        found = await peek(transaction)
    if found is None:
        return {"connected": False, "usable": False}
    return _state(settings, found, moment.now())


def _state(settings: "Settings", found: "Credential", now: datetime) -> dict[str, Any]:
    from bot.channels.zalo_oa.tokens import REFRESH_LIFE
    from bot.data_key import DataKey, WrongDataKey

    try:
        oa_id, readable = json.loads(DataKey(settings).open(found.secret))["oa_id"], True
    except WrongDataKey:
        oa_id, readable = "", False
    refresh_until = found.obtained_at + REFRESH_LIFE
    leased = found.lease_by and found.lease_until and found.lease_until > now
    return {
        "connected": True,
        "usable": readable and found.broken_at is None and now < refresh_until,
        "readable": readable,
        "oa_id": oa_id,
        "version": found.version,
        "obtained_at": found.obtained_at.isoformat(),
        "age_hours": round((now - found.obtained_at) / timedelta(hours=1), 1),
        "access_expires_at": found.expires_at.isoformat() if found.expires_at else None,
        "refresh_expires_at": refresh_until.isoformat(),
        "renewed_by": found.lease_by if leased else None,
        "broken_at": found.broken_at.isoformat() if found.broken_at else None,
        "error": found.error,
    }


def _told(state: dict[str, Any]) -> list[str]:
    if not state["connected"]:
        return ["No Official Account has consented yet. Run: zalo consent"]
    lines = [
        f"account: {state['oa_id'] or 'unknown'}",
        f"pair number {state['version']}, {state['age_hours']} hours old",
        f"access token: until {state['access_expires_at'] or 'unknown, renewed soon'}",
        f"refresh token: until {state['refresh_expires_at']}",
    ]
    if state["renewed_by"]:
        lines.append(f"being renewed by {state['renewed_by']}")
    if not state["readable"]:
        lines.append("CANNOT BE READ: LANGNGHE_DATA_KEY (or the file .key) is another one than it was.")
    if state["broken_at"]:
        lines.append(f"BROKEN since {state['broken_at']}. Run: zalo consent")
    return [*lines, *([f"last error: {state['error']}"] if state["error"] else [])]


def run_backfill(arguments: argparse.Namespace) -> int:
    """Ask the vendor for what people sent in the last hours; what arrived already is stored only once."""
    _require_app(arguments.settings)
    people, messages = asyncio.run(_backfill(arguments.settings, arguments.hours))
    print(
        f"{counted(messages, 'message')} of {counted(people, 'person', 'people')} handed over; "
        "what had arrived before is there once."
    )
    return 0


async def _backfill(settings: "Settings", hours: int) -> tuple[int, int]:
    from handlers.receipt import Receiver
    from storage import chats

    since, handed = moment.now() - timedelta(hours=hours), 0
    async with opened(settings) as database:
        async with database.read() as transaction:
            people = await chats.people_in(transaction, "zalo_oa")
        receiver = Receiver(database, stored=lambda: None)
        channel, close = _channel(settings, database)
        try:
            for start in progress(range(0, len(people), _AT_ONCE), "groups of people"):
                missed = await _missed(channel, people[start : start + _AT_ONCE], since)
                for envelope, body in missed:
                    await receiver.receive(channel.name, envelope, body)
                handed += len(missed)
        finally:
            await receiver.close()
            await close()
    return len(people), handed


async def _missed(channel: "Channel", people: list[str], since: datetime) -> "list[tuple[Envelope, bytes]]":
    from handlers.channel import ChannelError

    try:
        return list(await channel.missed(people, since))  # type: ignore[attr-defined]
    except ChannelError as error:
        raise Refused(
            f"{channel.name} does not answer ({error}); what was read is stored: run it again"
        ) from error


def _channel(settings: "Settings", database: "Database") -> "tuple[Channel, Any]":
    """Return the account's channel and what closes everything that was built with it."""
    from bot.building import build_channels
    from bot.channels.simulated import SimulatedChannel

    async def open_media(key: str) -> bytes:
        raise NotImplementedError("nothing is sent here")

    built = build_channels(
        settings,
        web=SimulatedChannel(),  # nobody is at a page
        simulated=False,
        database=database,
        open_media=open_media,
        now=lambda: moment.now(),
    )

    async def close() -> None:
        for vendor in built.vendors:
            await vendor.close()
        for keeper in built.keepers:
            await keeper.close()

    return built.by_name["zalo_oa"], close


def _require_app(settings: "Settings") -> None:
    if not settings.zalo_app_id:
        raise Refused(
            "LANGNGHE_ZALO_APP_ID: must be set first, with LANGNGHE_ZALO_APP_SECRET and "
            "LANGNGHE_ZALO_OA_SECRET_KEY"
        )
