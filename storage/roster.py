"""Who holds which post now or will, with their names: what an office sees of its own people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, text, update

from storage.database import Transaction
from storage.tables import IS_OPEN, case, person, post


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Somebody's post. ends_at: None for no limit; deputy_for: the post that is held in somebody's place."""

    post_id: int
    person_id: int
    name: str
    phone: str | None
    unit_code: str
    role: str
    starts_at: datetime
    ends_at: datetime | None
    deputy_for: int | None


_LASTING = or_(post.c.ends_at.is_(None), post.c.ends_at > bindparam("now"))
_HOLDERS = (
    select(
        post.c.id.label("post_id"),
        post.c.person_id,
        person.c.name,
        person.c.phone,
        post.c.unit_code,
        post.c.role,
        post.c.starts_at,
        post.c.ends_at,
        post.c.deputy_for,
    )
    .join(person, person.c.id == post.c.person_id)
    .where(_LASTING)
    .order_by(post.c.unit_code, post.c.role, post.c.id)
)
_POSTS_BY_UNIT = (
    select(post.c.unit_code, func.count().label("count")).where(_LASTING).group_by(post.c.unit_code)
)
_OPEN_BY_UNIT = (
    select(case.c.unit_code, func.count().label("count")).where(text(IS_OPEN)).group_by(case.c.unit_code)
)
_SET_END = update(post).where(post.c.id == bindparam("post_id")).values(ends_at=bindparam("at"))


async def holders(transaction: Transaction, *, now: datetime) -> list[Holder]:
    """Return every post that is held now or later, by unit and role."""
    return [Holder(**row) for row in await transaction.fetch(_HOLDERS, {"now": now})]


def set_end(transaction: Transaction, post_id: int, *, ends_at: datetime | None) -> None:
    """Set until when a post is held; None for no limit."""
    transaction.write(_SET_END, {"post_id": post_id, "at": ends_at})


async def still_needed(
    transaction: Transaction, units: Iterable[str], *, now: datetime
) -> dict[str, tuple[int, int]]:
    """Return those of the units that have open cases or posts, with the numbers of both."""
    cases = {row["unit_code"]: row["count"] for row in await transaction.fetch(_OPEN_BY_UNIT)}
    posts = {row["unit_code"]: row["count"] for row in await transaction.fetch(_POSTS_BY_UNIT, {"now": now})}
    counted = {code: (cases.get(code, 0), posts.get(code, 0)) for code in units}
    return {code: both for code, both in counted.items() if any(both)}
