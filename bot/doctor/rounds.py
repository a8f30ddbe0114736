"""Every look in its order, and what comes of a whole round."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from bot.doctor import data, machine, reach, work
from bot.doctor.finding import SKIPPED, WRONG, Finding, Look, Place, wrong

LOOKS: Mapping[str, Look] = {
    "settings": machine.settings,
    "running": machine.running,
    "clock": machine.clock,
    "disk": machine.disk,
    "certificate": machine.certificate,
    "open to all": machine.open_to_all,
    "database": data.database,
    "migrations": data.migrations,
    "data key": data.data_key,
    "partitions": data.partitions_ahead,
    "channels": reach.channels,
    "tokens": reach.tokens,
    "queues": work.queues,
    "dead letters": work.dead_letters,
    "rules": work.rules,
    "ledger": data.ledger,
    "media": data.media,
    "backups": data.backups,
    "privacy": work.privacy,
}
WITHOUT_DATABASE = frozenset({"settings", "running", "clock", "disk", "certificate", "open to all"})
"""What can be looked at while the database is away."""
NEEDS_TABLES = frozenset(LOOKS) - WITHOUT_DATABASE - {"database", "migrations"}
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What one look found."""

    name: str
    finding: Finding

    @property
    def is_wrong(self) -> bool:
        """Whether something does not work."""
        return self.finding.level == WRONG


async def go_round(place: Place, *, has_tables: bool) -> list[Found]:
    """Take every look; one that fails itself is told of and holds up no other."""
    found: list[Found] = []
    for name, take in LOOKS.items():
        reason = _why_not(name, place, has_tables)
        findings = [Finding(level=SKIPPED, told=reason)] if reason else await _taken(name, take, place)
        found += [Found(name=name, finding=finding) for finding in findings]
    return found


def _why_not(name: str, place: Place, has_tables: bool) -> str:
    if place.database is None and name not in WITHOUT_DATABASE:
        return "the database does not answer"
    return "the tables are not those of this program" if not has_tables and name in NEEDS_TABLES else ""


async def _taken(name: str, take: Look, place: Place) -> Iterable[Finding]:
    try:
        found = await take(place)
    except Exception as error:
        log.error("A look failed itself.", action="look_failed", look=name, error=error)
        return [
            wrong(
                f"this could not be looked at ({type(error).__name__})",
                "see the line above with action=look_failed",
            )
        ]
    return [found] if isinstance(found, Finding) else found
