"""Looks at the machine and the way to it: clock, disk, the public address, its certificate, what is open."""

import asyncio
import os
import shutil
import ssl
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp
from cryptography import x509

from bot.doctor.finding import Finding, Place, look, ok, wrong
from bot.settings import sqlite_path
from routing.deadline import LOCAL_TIME
from storage import soundness, standing

ZONE = "Asia/Ho_Chi_Minh"
SECONDS = 10.0
"""How long anybody out there may take to answer."""
DRIFT, FAR = timedelta(seconds=5), timedelta(seconds=60)
CERTIFICATE_SOON = timedelta(days=14)
LITTLE, NOTHING = 2 * 1024**3, 256 * 1024**2
"""Octets free: from here on somebody should look, and from there on nothing can be stored soon."""
FULL_SOON_DAYS = 60


async def settings(place: Place) -> list[Finding]:
    """See what of the settings deserves a second look; wrong ones never come this far."""
    found = []
    if place.public_url.startswith("http://") and not _is_local(place):
        found.append(
            wrong(f"{place.public_url} is not encrypted", "LANGNGHE_PUBLIC_URL: vendors call https:// only")
        )
    if not place.public_url:
        found.append(
            look(
                "there is no public address: no webhooks, no link to the page",
                "LANGNGHE_PUBLIC_URL: set it once there is one",
            )
        )
    return found or [ok("nothing is wrong with the settings")]


def _is_local(place: Place) -> bool:
    url = place.settings.public_url
    return url is not None and url.host in {"localhost", "127.0.0.1", "::1"}


async def clock(place: Place) -> list[Finding]:
    """Compare this machine's clock to the database's and to those of vendors; see whether it knows zones."""
    found = [_zone()]
    if place.database is not None:
        async with place.opened.read() as transaction:
            theirs = await soundness.now_of(transaction)
        if theirs is not None:
            found.append(_compared("the database's", datetime.now(UTC) - theirs))
    for url in _clocks(place):
        if (drift := await _drift_from(url)) is not None:
            found.append(_compared(f"that of {url}", drift))
            break
    else:
        if _clocks(place):
            found.append(
                look(
                    "no vendor tells the time",
                    "see the channels below, and whether this machine reaches the internet",
                )
            )
    return found


def _zone() -> Finding:
    try:
        offset = datetime(2026, 1, 1, tzinfo=ZoneInfo(ZONE)).utcoffset()
    except (ZoneInfoNotFoundError, OSError):
        offset = None
    if offset != LOCAL_TIME.utcoffset(None):
        return look(f"this machine does not know {ZONE}", "install its time zone data anew (tzdata)")
    return ok(f"time zones are known; it is {datetime.now(LOCAL_TIME):%Y-%m-%d %H:%M} there")


def _compared(whose: str, drift: timedelta) -> Finding:
    seconds = drift.total_seconds()
    told = f"this clock is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} {whose}"
    if abs(drift) > FAR:
        return wrong(told, "set it right (timedatectl): deadlines and seals go by it")
    return (
        look(told, "let it be kept right by NTP (timedatectl set-ntp true)")
        if abs(drift) > DRIFT
        else ok(told)
    )


def _clocks(place: Place) -> list[str]:
    known = place.settings
    return [
        *([str(known.telegram_api_url)] if known.telegram_token.get_secret_value() else []),
        *([str(known.zalo_api_url)] if known.zalo_app_id else []),
        *([str(known.zalo_bot_api_url)] if known.zalo_bot_token.get_secret_value() else []),
    ]


async def _drift_from(url: str) -> timedelta | None:
    """Return how far this clock is ahead of a server's; None where it does not tell."""
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
            begun = time.monotonic()
            async with session.head(url, allow_redirects=False) as response:
                told = parsedate_to_datetime(response.headers["Date"])
            half = timedelta(seconds=(time.monotonic() - begun) / 2)
    except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
        return None
    # A header tells whole seconds: on the average it is half of one later.
    return datetime.now(UTC) - half - told - timedelta(seconds=0.5)


async def disk(place: Place) -> list[Finding]:
    """See how much room is left where the media and the database lie, and for how long."""
    database = sqlite_path(place.settings.database_url)
    folders = [place.settings.media_dir, *([database.parent] if database else [])]
    found = [finding for folder in _apart(folders) for finding in _room(folder)]
    if place.database is not None and (days := await _days_left(place)) is not None and days < FULL_SOON_DAYS:
        told = f"as it grew lately, the disk of {place.settings.media_dir} is full in {days:.0f} days"
        found.append(look(told, "LANGNGHE_MEDIA_DIR: move it to a larger disk"))
    return found


def _apart(folders: Iterable[Path]) -> list[Path]:
    """Return one folder of each file system; the nearest that exists."""
    there = [
        next(each for each in (folder, *folder.absolute().parents) if each.is_dir()) for folder in folders
    ]
    return list({folder.stat().st_dev: folder for folder in reversed(there)}.values())


def _room(folder: Path) -> list[Finding]:
    usage, nodes = shutil.disk_usage(folder), os.statvfs(folder)
    told = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.1f} GB are free at {folder}"
    todo = f"make room at {folder}, or move it (LANGNGHE_MEDIA_DIR, LANGNGHE_DATABASE_URL)"
    found = ok(told)
    if usage.free < NOTHING:
        found = wrong(told, todo)
    elif usage.free < LITTLE:
        found = look(told, todo)
    if nodes.f_files and nodes.f_favail < nodes.f_files / 50:
        return [found, look(f"only {nodes.f_favail} more files fit at {folder}", todo)]
    return [found]


async def _days_left(place: Place) -> float | None:
    """Return in how many days media fill their disk, as they have grown lately; None where they hardly do."""
    async with place.opened.read() as transaction:
        grown = await standing.media_since(transaction, place.now - timedelta(days=30))
    folder = _apart([place.settings.media_dir])[0]
    return shutil.disk_usage(folder).free / (grown / 30) if grown else None


async def certificate(place: Place, *, trusted: ssl.SSLContext | None = None) -> list[Finding]:
    """Shake hands with the public address, and see until when its certificate holds."""
    url = place.settings.public_url
    if url is None or url.scheme != "https":
        return [ok("there is no https address to look at")]
    host, port = url.host or "", url.port or 443
    try:
        until = await _certificate_until(host, port)
    except (OSError, TimeoutError, ssl.SSLError) as error:
        return [
            look(f"{host}:{port} does not answer from here ({error or type(error).__name__})", _FROM_OUTSIDE)
        ]
    told = f"the certificate of {host} holds until {until:%Y-%m-%d}"
    if until <= place.now:
        return [wrong(f"the certificate of {host} is over since {until:%Y-%m-%d}", _RENEW)]
    try:
        await _shake_hands(host, port, trusted or ssl.create_default_context())
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "verify_message", "") or str(error)
        return [
            wrong(
                f"vendors will not trust {host}: {reason}",
                "install the whole chain of a certificate that names this host",
            )
        ]
    return [look(told, _RENEW) if until - place.now < CERTIFICATE_SOON else ok(told)]


_RENEW = "renew it on the web server in front (certbot renew, or its like), and reload that server"
_FROM_OUTSIDE = (
    "LANGNGHE_PUBLIC_URL: see from a telephone whether it opens; this machine may only not see itself"
)


async def _certificate_until(host: str, port: int) -> datetime:
    anything = ssl.create_default_context()
    anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
    shown = await _shake_hands(host, port, anything)
    return x509.load_der_x509_certificate(shown).not_valid_after_utc


async def _shake_hands(host: str, port: int, context: ssl.SSLContext) -> bytes:
    async with asyncio.timeout(SECONDS):
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return bytes(shown)


async def running(place: Place) -> Finding:
    """Ask the program on this machine whether it is ready."""
    host = place.settings.host if place.settings.host not in {"0.0.0.0", "::"} else "127.0.0.1"
    url = f"http://{host}:{place.settings.port}/healthz"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
            session.get(url) as response,
        ):
            told = await response.json()
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return look(
            f"nothing answers at {url}",
            "python -m bot serve (or it runs elsewhere: LANGNGHE_HOST, LANGNGHE_PORT)",
        )
    if told.get("ready") is False:
        why = ", ".join(told.get("why", ["it does not say why"]))
        return wrong(f"the program at {url} is not ready: {why}", "see its log; if it stays so, restart it")
    return ok(f"the program at {url} is ready")


async def open_to_all(place: Place) -> Finding:
    """See whether strangers can read the figures of operators at the public address."""
    if not place.public_url:
        return ok("there is no public address")
    url = f"{place.public_url}/metrics"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            body = await response.content.read(65536)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return ok(f"{url} does not answer from here")
    if response.status == 200 and b"langnghe_" in body:
        return look(
            f"{url} can be read from here",
            "LANGNGHE_TRUSTED_PROXIES: name the web server in front, and see it from a telephone",
        )
    return ok(f"{url} shows strangers nothing")
