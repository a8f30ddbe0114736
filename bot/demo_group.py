"""The sample city's group of its leader and chairs: whoever takes such a seat is in it at once."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from handlers import group_binding, group_cards, group_members, group_scope
from routing.organisation import City
from storage import conversations, groups, units, worklists
from storage.database import Transaction
from storage.groups import Group
from storage.people import Person

SETTING = "demo_group"
CARDS = 2
"""So many cases wait in the group for somebody to direct them."""


async def join(
    transaction: Transaction,
    person: Person,
    *,
    chat: str,
    role: str,
    title: str,
    wards: Sequence[str],
    now: datetime,
) -> None:
    """Have somebody at a seat be in the group; the first leader has it made, of the wards' chairs."""
    if role not in group_scope.ROLES:
        return
    kept = await units.get_setting(transaction, SETTING)
    group = await groups.get_group(transaction, kept["id"]) if kept else None
    if group is None and role != "leader":
        return
    if group is not None and await _is_in(transaction, group, chat, now):
        return
    city = await units.load_city(transaction, now=now)
    assert city is not None
    if group is None:
        await _make(transaction, city, person, title=title, wards=wards, now=now)
    else:
        await group_members.make_members(transaction, city, group, joined=None, now=now)


async def _is_in(transaction: Transaction, group: Group, user: str, now: datetime) -> bool:
    known = await conversations.group_open_to(
        transaction, channel=group.channel, user=user, chat=group.chat, now=now
    )
    return known is not None and known.joined


async def _make(
    transaction: Transaction, city: City, leader: Person, *, title: str, wards: Sequence[str], now: datetime
) -> None:
    codes = [unit.code for unit in city.units.values() if unit.name in wards]
    group = groups.propose_group(
        transaction,
        channel="web",
        title=title,
        purpose="chairs",
        unit_code=city.root.code,
        units=codes,
        case_id=None,
        created_by=leader.id,
        now=now,
    )
    await units.set_setting(transaction, SETTING, {"id": group.id})
    await group_binding.created(transaction, city, group, f"g-{secrets.token_hex(16)}", now)
    made = await groups.get_group(transaction, group.id)
    assert made is not None
    await _post_cards(transaction, city, made, codes, now)


async def _post_cards(
    transaction: Transaction, city: City, group: Group, codes: Sequence[str], now: datetime
) -> None:
    found = []
    for name in ("overdue", "at_risk", "unaccepted"):
        found += await worklists.page(
            transaction, name, codes, person_id=group.created_by, now=now, limit=10, offset=0
        )
    shown = {case.code: case for case in found if group_scope.shows(city, group, case)}
    for case in list(shown.values())[:CARDS]:
        card = group_cards.group_card(city, case, now=now)
        await group_cards.post_to_group(transaction, group, card, case=case, now=now)
