"""Every command, button and step tried as everybody: what the table in `access` says, and no more."""

import pytest

from handlers import access, dispatch, menus
from handlers.access import CITIZEN, REACHES, VERBS
from tests.city import CityHarness
from tests.security.every_verb import BESIDE, ROLES, WARD, Outcome, World, build

DENIALS = frozenset(
    {
        "case_not_yours",
        "no_such_case",
        "step_not_yours",
        "not_an_official",
        "figures_refused",
        "templates_refused",
        "digest_refused",
        "merge_not_yours",
        "no_such_part",
        "privacy_for_admins",
        "post_no_longer_held",
    }
)
"""What is said to who may not; other sentences tell that there is nothing to do just now."""
UNREACHED = frozenset({"citizen", "officer beside", "chair beside", "admin"})
"""Who has nothing to do with the case of the ward."""
OF_OTHERS = frozenset({"case", "event", "part", "template", "directive", "directive_event", "post", "photo"})

ARGUMENTS = {
    **dict.fromkeys(["domains", "units"], "{waiting}"),
    **dict.fromkeys(["tpl", "tpldel", "tplfor", "tplgone", "tplname", "tpltext"], "{template}"),
    **dict.fromkeys(["part", "partanswer", "partdecline", "sendpart"], "{part}"),
    **dict.fromkeys(["dshow", "dseen", "dreport", "dsend", "dagain", "dtake"], "{directive}"),
    **dict.fromkeys(["ddrop", "dgive", "dearlier"], "{directive}"),
    **dict.fromkeys(["leave", "staff", "deputy", "deputydrop", "posts"], "{post_chair}"),
    **dict.fromkeys(["amend", "approve", "showdraft", "sendback", "grant", "nogrant"], "{code}:1"),
    **dict.fromkeys(["handnow", "handto", "sup"], "{code}:" + BESIDE),
    "triage": "{waiting}",
    "fix": "{waiting}:d:waste",
    "tplto": "{template}:noise",
    "tplnew": WARD,
    "tpldomain": "noise",
    "dto": "{directive}:" + WARD,
    "dlist": "given:open:0",
    "leaveyes": "{post_officer}",
    "deputyto": "{post_chair}:0",
    "deputyyes": "{post_chair}:0:20261130",
    "appointto": "{code}:{officer}",
    "extendfor": "{code}:2",
    "extendwhy": "{code}:2:0",
    "nograntto": "{code}:1:0",
    "giveto": "{code}:0",
    "recast": "{code}:noise",
    "rejectfor": "{code}:0",
    "rejectgo": "{code}:0",
    "snoozewhy": "{code}:0",
    "until": "{code}:1",
    "template": "{code}:{template}",
    "merge": "{code}:{waiting}",
    "own": "see:{code}",
    "explain": WARD + ":received:20261101:20261123",
    **dict.fromkeys(["work", "late", "atrisk", "parts", "tpls", "behind"], "0"),
    **dict.fromkeys(["phone", "signout", "erase"], "no"),
    "digest": "now",
    "hoi": "1",
    "rise": "1",
    "link": "AAAAAAAAAA",
    **dict.fromkeys(["/viec", "/viso", "/tracuu", "/tach"], "{code}"),
    "/gop": "{code} {waiting}",
    "/tim": "rác",
    "/dieuphoi": "{waiting}",
    "/start": "AAAAA-AAAAA-AAAAA",
}
NOTHING_WAITS = frozenset({"showdraft"})
"""Says of a case without a draft what it says of one that is out of reach."""
STEERED = frozenset({"domains", "units", "fix"})
"""These concern the case that waits for a dispatcher."""


def test_every_command_button_and_step_has_a_line_and_no_line_is_left_over() -> None:
    known = {*dispatch.COMMANDS, *dispatch.BUTTONS, *dispatch.STEPS}
    assert known - VERBS.keys() == set(), "say in handlers/access.py (VERBS) who may use these"
    assert VERBS.keys() - known == set()


def test_the_menu_of_officials_offers_nobody_what_is_not_theirs() -> None:
    for name, _, roles in menus.OFFICIAL_MENU:
        line = VERBS[f"/{name}"]
        assert CITIZEN in line.roles or set(roles) <= line.roles, name


@pytest.fixture
async def world(city: CityHarness, monkeypatch: pytest.MonkeyPatch) -> World:
    return await build(city, monkeypatch)


async def test_nobody_reaches_further_than_the_table_says(world: World) -> None:
    wrong = [
        f"{verb} as {role}: {problem}"
        for verb in sorted(VERBS)
        for role in ROLES
        if (problem := _problem(world, verb, role, await _try(world, verb, role, group=False)))
    ]
    assert not wrong, "\n".join(wrong)


async def test_in_a_group_that_is_nobody_s_nothing_is_shown_or_done(world: World) -> None:
    wrong = [
        f"{verb} as {role}"
        for verb in sorted({*dispatch.COMMANDS, *dispatch.BUTTONS})
        for role in ROLES
        if (found := await _try(world, verb, role, group=True)).reveals or found.changes
    ]
    assert not wrong, "\n".join(wrong)


async def _try(world: World, verb: str, role: str, *, group: bool) -> Outcome:
    argument = world.filled(ARGUMENTS.get(verb, "" if verb.startswith("/") else "{code}"))
    if verb in dispatch.COMMANDS:
        return await world.tries(role, text=f"{verb} {argument}".strip(), group=group)
    if verb in dispatch.BUTTONS:
        return await world.tries(role, button=f"{verb}:{argument}", group=group)
    return await world.tries(role, text="Một câu nào đó", step=verb, group=group)


def _problem(world: World, verb: str, role: str, found: Outcome) -> str:
    """Say in what an outcome is another than the table has it; empty where it is not."""
    line = VERBS[verb]
    may = _may(world, verb, role)
    if role in UNREACHED and found.reveals:
        return "sees what a citizen of another unit wrote"
    if role in UNREACHED and found.written & OF_OTHERS:
        return f"changes {sorted(found.written & OF_OTHERS)}"
    if not may and (found.reveals or found.changes):
        return f"may not, but changes {sorted(found.written)} or sees the case"
    if may and found.said & DENIALS and not line.own and verb not in NOTHING_WAITS:
        return f"may, but hears {sorted(found.said & DENIALS)}"
    return ""


def _may(world: World, verb: str, role: str) -> bool:
    line = VERBS[verb]
    if CITIZEN in line.roles:
        return True
    post = ROLES[role]
    if post is None or post[1] not in line.roles:
        return False
    if not line.action:
        return True
    unit = world.waiting.unit_code if verb in STEERED else world.case.unit_code
    case = world.waiting if verb in STEERED else world.case
    if verb in ("merge", "/gop"):  # both cases must be within reach, and one has no unit yet
        return post[1] == "dispatcher"
    person = world.person(role)
    assert unit is None or unit == WARD
    return access.post_for(person, world.city.city, line.action, case) is not None


def test_the_table_names_only_actions_and_roles_that_there_are() -> None:
    roles = {role for reach in REACHES.values() for role in reach} | {CITIZEN, "admin"}
    for verb, line in VERBS.items():
        assert not line.action or line.action in REACHES, verb
        assert line.roles <= roles, verb
