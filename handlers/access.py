"""Who may do what: one table of actions, roles and how far each role reaches.

The table of moves (`routing/workflow.py`) says what may happen to a case in a status; this one says to
which cases a person's posts reach. Both are asked before anything changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from routing.organisation import City
from storage.cases import Case
from storage.people import Person, Post


class Reach(StrEnum):
    """Which cases a role reaches."""

    OWN_UNIT = "own_unit"
    """Those that the post's own unit has now."""
    SUBTREE = "subtree"
    """Those of the post's unit and of all units below it."""
    BELOW = "below"
    """Those of all units below the post's unit, and not its own."""
    CITY = "city"


_READERS = {"officer": Reach.SUBTREE, "chair": Reach.SUBTREE, "leader": Reach.CITY, "dispatcher": Reach.CITY}
_WORKERS = {"officer": Reach.OWN_UNIT, "chair": Reach.OWN_UNIT}
_ABOVE = {"chair": Reach.BELOW, "leader": Reach.CITY}

REACHES: Mapping[str, Mapping[str, Reach]] = MappingProxyType(
    {
        "see": _READERS,
        "see_reporter": _WORKERS,
        "accept": _WORKERS,
        "answer": _WORKERS,
        "ask_citizen": _WORKERS,
        "stop_waiting": _WORKERS,
        "return": _WORKERS,
        "hand_over": {"officer": Reach.OWN_UNIT, "chair": Reach.SUBTREE, "dispatcher": Reach.CITY},
        "assign": {"dispatcher": Reach.CITY},
        "reject": {"chair": Reach.OWN_UNIT, "dispatcher": Reach.CITY},
        "appoint": {"chair": Reach.SUBTREE},
        "take_over": _WORKERS,
        "request_extension": _WORKERS,
        "grant_extension": _ABOVE,
        "refuse_extension": _ABOVE,
        "propose_answer": {"officer": Reach.OWN_UNIT},
        "approve": {"chair": Reach.SUBTREE},
        "send_back": {"chair": Reach.SUBTREE},
        "ask_support": {**_WORKERS, "leader": Reach.CITY, "dispatcher": Reach.CITY},
        "snooze": {"chair": Reach.OWN_UNIT, "dispatcher": Reach.CITY},
        "merge": {"chair": Reach.OWN_UNIT, "dispatcher": Reach.CITY},
        "unmerge": {"chair": Reach.OWN_UNIT, "dispatcher": Reach.CITY},
        "figures": _READERS,
        "direct": _ABOVE,
        "explain_to": _ABOVE,
    }
)
"""For each action of an official: the roles that have it, and how far they reach."""

REPORTER_ACTIONS = frozenset({"see", "reply", "add", "rate", "reopen", "withdraw"})
"""What whoever reported a case may do with it, and nobody else except for "see"."""

_ORDER = ("chair", "officer", "dispatcher", "leader")
"""A person with several posts acts by the first that allows it."""


def may(person: Person, city: City, action: str, case: Case) -> bool:
    """Tell whether a person may do this to this case. An unknown action is never allowed."""
    if action in REPORTER_ACTIONS and case.reporter_id == person.id:
        return True
    return post_for(person, city, action, case) is not None


def post_for(person: Person, city: City, action: str, case: Case) -> Post | None:
    """Return the post by which a person may do this to this case, or None."""
    if action == "see_reporter" and not names_reporter(city, case):
        return None
    allowed = (post for post in _by_order(person) if _reaches(city, post, action, case))
    return next(allowed, None)


def names_reporter(city: City, case: Case) -> bool:
    """Tell whether the officials of a case's unit, and they alone, are told who reported it.

    Not where the reporter stays anonymous. Where a case is kept among few people, only a unit that the city's
    rules name for it is told; where it is a denunciation, or reads as one, nobody is: the unit may be the one
    that is accused (docs/decisions/0016-who-sees-names.md).
    """
    if case.anonymous or case.unit_code is None:
        return False
    if is_restricted(city, case):
        return case.unit_code in restricted_units(city, case.domain)
    return not is_denunciation(case)


def is_denunciation(case: Case) -> bool:
    """Tell whether a case reports a violation of the law by officials, or reads so though it was sent as
    feedback: its writer's identity is secret (Law on Denunciations 25/2018/QH14)."""
    return "denunciation" in (case.kind, case.reading.get("kind"))


def post_to_direct(
    person: Person, city: City, unit_code: str, case: Case | None, *, action: str = "direct"
) -> Post | None:
    """Return the post by which a person may order something of a unit, about a case that the post sees.

    A chair orders of the units below, also about a case that their own unit has.
    """
    return next((post for post in _by_order(person) if _directs(city, post, unit_code, case, action)), None)


def _directs(city: City, post: Post, unit_code: str, case: Case | None, action: str) -> bool:
    reach = REACHES[action].get(post.role)
    if reach is None or (case is not None and not _reaches(city, post, "see", case)):
        return False
    return reach == Reach.CITY or (unit_code != post.unit_code and city.is_within(unit_code, post.unit_code))


def post_at(person: Person, unit_code: str) -> Post | None:
    """Return the post by which a person works at a unit itself."""
    return next(
        (post for post in _by_order(person) if post.unit_code == unit_code and post.role in _WORKERS), None
    )


def unit_sees(city: City, unit_code: str, case: Case) -> bool:
    """Tell whether the officials of a unit may see a case."""
    return _within(city, unit_code, _READERS["officer"], case)


def units_for_work(person: Person) -> tuple[str, ...]:
    """Return the codes of the units whose cases this person handles."""
    return tuple(dict.fromkeys(post.unit_code for post in person.posts if post.role in _WORKERS))


def unit_for_groups(person: Person, city: City) -> str | None:
    """Return the largest unit for whose units a person may make groups: a leader's city, or a chair's own
    where there are units below it; None for nobody's."""
    posts = [
        post for post in person.posts if post.role in ("leader", "chair") and post.unit_code in city.units
    ]
    units = [city.root.code if post.role == "leader" else post.unit_code for post in posts]
    above = [code for code in units if city.children(code)]
    return max(above, key=lambda code: len(city.subtree(code)), default=None)


def sees_city(person: Person) -> bool:
    """Tell whether a person sees every case of the city."""
    return any(_READERS.get(post.role) == Reach.CITY for post in person.posts)


def units_seen(person: Person, city: City) -> frozenset[str]:
    """Return the units whose cases a person sees; restricted ones only of the posts' own units."""
    codes = [post.unit_code for post in person.posts if post.role in _READERS]
    return frozenset[str]().union(*({code} | city.with_predecessors(code) for code in codes))


def asks_for_figures(person: Person) -> bool:
    """Tell whether a person may ask for figures at all."""
    return any(post.role in REACHES["figures"] for post in person.posts)


def units_with_figures(person: Person, city: City) -> tuple[str, ...]:
    """Return the units whose figures a person may see, with all below them, by their posts."""
    return tuple(dict.fromkeys(_units_with_figures(person, city)))


def unit_for_figures(person: Person, city: City) -> str | None:
    """Return the unit whose figures a person is shown unasked: the largest of theirs, None for nobody's."""
    return max(_units_with_figures(person, city), key=lambda code: len(city.subtree(code)), default=None)


def sees_figures(person: Person, city: City, unit_code: str) -> bool:
    """Tell whether a person may see the figures of a unit, by any of their posts."""
    return any(city.is_within(unit_code, code) for code in _units_with_figures(person, city))


def _units_with_figures(person: Person, city: City) -> list[str]:
    return [
        city.root.code if REACHES["figures"][post.role] == Reach.CITY else post.unit_code
        for post in person.posts
        if post.role in REACHES["figures"] and post.unit_code in city.units
    ]


def may_receive(city: City, unit_code: str, case: Case) -> bool:
    """Tell whether a case may be given to a unit.

    A restricted one goes only where the city's rules for its domain send it, so that it never reaches the
    unit that is complained about.
    """
    if not city.is_valid(unit_code):
        return False
    return not is_restricted(city, case) or unit_code in restricted_units(city, case.domain)


def is_restricted(city: City, case: Case) -> bool:
    """Tell whether a case belongs to a domain that is kept among few people."""
    domain = city.domains.get(case.domain)
    return domain is not None and domain.restricted


def restricted_units(city: City, domain: str) -> tuple[str, ...]:
    """Return the units that the rules name for a restricted domain, best first."""
    named = (rule.unit for rule in city.rules_for(domain) if rule.domain == domain)
    return tuple(dict.fromkeys(code for code in named if code in city.units))


def _by_order(person: Person) -> list[Post]:
    return sorted((post for post in person.posts if post.role in _ORDER), key=lambda p: _ORDER.index(p.role))


def _reaches(city: City, post: Post, action: str, case: Case) -> bool:
    reach = REACHES.get(action, {}).get(post.role)
    return reach is not None and _within(city, post.unit_code, reach, case)


def _within(city: City, unit_code: str, reach: Reach, case: Case) -> bool:
    if reach == Reach.CITY:
        return True
    if case.unit_code is None:
        return False
    if reach == Reach.BELOW and unit_code == case.unit_code:
        return False
    # Who took over from a unit stands for it, also in what it answered.
    held_by = city.heir(case.unit_code, case.ward_code) or case.unit_code
    if unit_code in (case.unit_code, held_by):  # also where the unit is no longer part of the city
        return True
    if reach == Reach.OWN_UNIT or is_restricted(city, case):
        return False
    return city.is_within(held_by, unit_code) or city.is_within(case.unit_code, unit_code)


# ── every command, button and step ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Who may use a command, a button or a step, and what of.

    roles: who has a part in it by any of their posts, `CITIZEN` being everybody. action: what it does to the
    case that it names, which `REACHES` limits further. own: it concerns nothing but what is the person's or
    their unit's own (a draft, a template, a part, an order, a post, a group).
    """

    roles: frozenset[str]
    action: str = ""
    own: bool = False


CITIZEN = "citizen"
_ANYBODY = frozenset({CITIZEN})
_OFFICIALS = frozenset({"chair", "officer", "leader", "dispatcher", "admin"})
_READING, _WORKING = frozenset(_READERS), frozenset(_WORKERS)
_CHAIRS, _DISPATCHERS = frozenset({"chair"}), frozenset({"dispatcher"})
_MAKERS, _MERGERS = frozenset({"chair", "leader"}), frozenset({"chair", "dispatcher"})

_ON_CASES: Mapping[str, str] = {
    "see": "card fulltext more joined gopen gput /viec",
    "accept": "accept",
    "answer": (
        "amend answer asprogress nophoto progress redraft rewrite sendanswer sendprogress template templates "
        "work.answer work.nophoto work.progress"
    ),
    "ask_citizen": "ask sendquestion work.ask",
    "stop_waiting": "resume",
    "return": "giveback giveto handask recast wrong",
    "hand_over": "hand handto handnow work.hand",
    "assign": "domains units fix work.unit work.ward",
    "reject": "reject rejectfor rejectgo refuse refuseto work.refuse work.same",
    "appoint": "appoint appointto work.appoint",
    "take_over": "appointme takeover",
    "request_extension": "extend extendfor extendwhy",
    "grant_extension": "grant",
    "refuse_extension": "nogrant nograntto",
    "approve": "approve showdraft",
    "send_back": "sendback",
    "ask_support": "support sup sendsupport work.support work.task",
    "snooze": "snooze snoozewhy until",
    "merge": "merge /gop",
    "unmerge": "unmerge /tach",
}
_BY_ROLE: Mapping[frozenset[str], str] = {
    _READING: "/sapcham /thongke /xuat /hoi atrisk behind export figures hoi late rise",
    _READING - _DISPATCHERS: "work",
    _DISPATCHERS: "/dieuphoi triage later",
    _OFFICIALS: "/chucvu posts",
}
_ON_ONES_OWN: Mapping[frozenset[str], str] = {
    _ANYBODY: (
        "/bantin /boso /bot /cuatoi /dangxuat /dulieucuatoi /help /huy /lienket /rutdongy /start "
        "/tim /tracuu /trogiup /viso /xoadulieu addition digest draft drop erase gdrop goon link "
        "linkno own phone rating_words sendreason signout template.name tpldrop unoffered "
        "work.decline work.extend work.handnote work.noextend work.reject work.return work.sendback "
        "work.snooze work.snooze_reason"
    ),
    frozenset({"admin"}): "/yeucaudulieu",
    _OFFICIALS: "leave leaveyes deputydrop posts.until /chidao",
    _CHAIRS: "deputy deputyto deputyyes staff tpldel tpldomain tplfor tplgone tplname tplnew tpltext tplto "
    "template.domain template.text",
    _WORKING: "/mau /phoihop tpl tpls part partanswer partdecline parts sendpart work.part",
    _MAKERS: "/lapnhom /nhom gagain ganew gcase gcheck gcluster gend gendyes gmake gpick gunit "
    "group:case group:unit group:units explain dto dgive ddrop dearlier",
    _WORKING | _MAKERS: "dlist dshow dseen dreport dsend dagain dtake work.dreport",
}


def _lines() -> Mapping[str, Line]:
    found = {
        verb: Line(roles=frozenset(REACHES[action]), action=action)
        for action, verbs in _ON_CASES.items()
        for verb in verbs.split()
    }
    for lines, own in ((_BY_ROLE, False), (_ON_ONES_OWN, True)):
        found |= {
            verb: Line(roles=roles, own=own) for roles, verbs in lines.items() for verb in verbs.split()
        }
    return MappingProxyType(found)


VERBS: Mapping[str, Line] = _lines()
"""Every command, button and step of `handlers/dispatch.py`. A test tries each of them as everybody."""
