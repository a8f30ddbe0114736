"""One-time invitations for many people: a list in, a workbook with their codes out."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.commands.opening import Refused, progress
from bot.workbook.grid import Grid, NoWorkbook, read_first, read_table
from bot.workbook.officials import Invitee, last_day
from bot.workbook.sheets import people_sheet
from bot.workbook.writing import CannotBeWritten, Row, write_invitations
from routing.deadline import LOCAL_TIME
from storage import people
from storage.database import Transaction

_MOST_BYTES = 20_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """Somebody's code. It exists here and in the workbook that is handed out, and nowhere else."""

    invitee: Invitee
    code: str
    valid: timedelta


def read_list(path: Path) -> Grid:
    """Return a list of people, from a workbook's first sheet or from a CSV file.

    Raises NoWorkbook for what is none, and OSError.
    """
    if path.suffix.lower() == ".xlsx":
        return read_first(path, people_sheet())
    if path.suffix.lower() != ".csv":
        raise NoWorkbook("the name must end in .xlsx or .csv")
    if path.stat().st_size > _MOST_BYTES:
        raise NoWorkbook(f"is larger than {_MOST_BYTES // 1_000_000} MB")
    try:
        text = path.read_text(encoding="utf-8-sig")
        heading = text.partition("\n")[0]
        delimiter = max(",;\t", key=heading.count)
        lines = list(csv.reader(text.splitlines(), delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise NoWorkbook(f"is no CSV file in UTF-8 ({error})") from error
    return read_table(lines, replace(people_sheet(), name=path.name))


@contextmanager
def hand_out(
    path: Path, invitees: Sequence[Invitee], *, now: datetime, days: int
) -> Iterator[list[Invitation]]:
    """Write the workbook of new invitations, for a block that stores them; a failing block takes it away.

    Written first, because codes that are stored but written nowhere are lost. Raises Refused.
    """
    if path.suffix.lower() != ".xlsx":
        raise Refused(f"--out: {path}: the name must end in .xlsx")
    if path.exists():
        raise Refused(
            f"--out: {path} is there already, and codes in it would be lost for good: name another file"
        )
    valid = timedelta(days=days)
    made = [
        Invitation(invitee=each, code=people.new_code(), valid=valid)
        for each in progress(invitees, "invitations")
    ]
    try:
        write_invitations(path, [_row(each, now) for each in made])
    except OSError as error:
        raise Refused(f"--out: {path}: {error.strerror}") from error
    except CannotBeWritten as error:
        raise Refused(f"--out: {path}: {error}") from error
    try:
        yield made
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _row(invitation: Invitation, now: datetime) -> Row:
    invitee = invitation.invitee
    until = last_day(invitee.ends_at)
    expires_at = min(now + invitation.valid, invitee.ends_at or now + invitation.valid)
    return {
        "name": invitee.name,
        "unit": invitee.unit.code,
        "unit_name": invitee.unit.name,
        "role": invitee.role,
        "phone": invitee.phone,
        "until": None if until is None else until.isoformat(),
        "code": invitation.code,
        "message": f"/start {invitation.code}",
        "valid_until": expires_at.astimezone(LOCAL_TIME).replace(tzinfo=None, second=0, microsecond=0),
    }


def store(transaction: Transaction, invitations: Sequence[Invitation], *, now: datetime) -> None:
    """Store the hashes of the codes."""
    for each in invitations:
        people.add_invitation(
            transaction,
            each.code,
            unit_code=each.invitee.unit.code,
            role=each.invitee.role,
            now=now,
            valid=each.valid,
            name=each.invitee.name,
            post_ends_at=each.invitee.ends_at,
        )
