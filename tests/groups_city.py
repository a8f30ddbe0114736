"""A city with officials on both kinds of channel, and groups among them, for scenarios."""

from typing import Any

from sqlalchemy import select

from handlers.channel import GroupRights
from storage import groups
from storage.groups import Group
from storage.tables import group_chat
from tests.city import CityHarness, Somebody

CITY, WARD, OTHER = "ha-noi", "phuong-khuong-dinh", "phuong-thanh-xuan"
FULL = GroupRights(member=True, forum=True)


async def official_on(city: CityHarness, unit: str, role: str, channel: str) -> Somebody:
    """Return an official who uses one channel."""
    return await city.official(unit, role, name=f"{role} {unit} {channel}", channel=channel)


async def only_group(city: CityHarness) -> Group:
    """Return the one group that was made."""
    (found,) = await every_group(city)
    return found


async def every_group(city: CityHarness) -> list[Group]:
    """Return the groups that were made, oldest first."""
    rows = await city.rows(
        select(group_chat.c.id).where(group_chat.c.status != groups.PROPOSED).order_by(group_chat.c.id)
    )
    async with city.database.read() as transaction:
        found = [await groups.get_group(transaction, row["id"]) for row in rows]
    return [each for each in found if each is not None]


async def states(city: CityHarness, group: Group) -> dict[str, str]:
    """Return how the members of a group stand, by unit and role."""
    async with city.database.read() as transaction:
        members = await groups.members_of(transaction, [group.id])
    return {f"{member.role} {member.unit_code}": member.state for member in members}


def token_of(leader: Somebody) -> str:
    """Return the word in the link that a leader was given last."""
    links = [link for shown in leader.screen for link in shown.message.links]
    return links[-1][1].partition("startgroup=")[2].partition("&")[0]


async def links_group(city: CityHarness, leader: Somebody, chat: str = "-100") -> Somebody:
    """Let a leader make the group of the link that was given; return the leader in it."""
    inside = city.somebody_in_group(chat, leader)
    await inside.sends(joined=True, group_title="Nhóm mới")
    await inside.writes(f"/start {token_of(leader)}")
    return inside


def chat_shows(city: CityHarness, channel: str, chat: str) -> str:
    """Return everything that a group was shown."""
    return "\n---\n".join(str(shown) for shown in city.channels[channel].shown.get(chat, []))


async def reports(city: CityHarness, text: str, *, name: str = "an") -> Any:
    """Let somebody send a report; return its case."""
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    return (await city.cases())[-1]
