"""Looks at the work: queues that stand still, what was set aside, rules that reach nobody, legal clocks."""

from datetime import timedelta

from bot.doctor.finding import Finding, Place, look, ok, wrong
from routing.deadline import LOCAL_TIME
from routing.rule_check import check_rules
from storage import messages, people, standing, units

LATE = {
    "inbox": (timedelta(minutes=1), timedelta(minutes=10)),
    "outbox": (timedelta(minutes=10), timedelta(hours=2)),
}
"""How long the oldest may wait: from here on somebody should look, and from there on it does not work."""
CLAIMS_LOST = timedelta(minutes=5)
SOON = timedelta(days=3)
_SHOWN = 5


async def queues(place: Place) -> list[Finding]:
    """See whether updates and messages move."""
    async with place.opened.read() as transaction:
        state = await messages.queue_state(transaction, now=place.now)
        lost = await standing.lost_claims(transaction, before=place.now - CLAIMS_LOST)
        held = await standing.held(transaction)
    found = [
        finding
        for box, waiting, oldest in (
            ("inbox", state.inbox_waiting, state.inbox_oldest),
            ("outbox", state.outbox_waiting, state.outbox_oldest),
        )
        if (finding := _moving(box, waiting, place.now - oldest if oldest else timedelta())) is not None
    ]
    if lost:
        found.append(
            look(
                f"{lost} were taken up and neither finished nor given back",
                "see whether a process hangs, and restart it",
            )
        )
    if held and not place.settings.monthly_budget:
        found.append(
            look(
                f"{held} messages wait until their reader writes again",
                "LANGNGHE_MONTHLY_BUDGET: what costs nothing cannot reach them",
            )
        )
    return found or [
        ok(f"{state.inbox_waiting} updates and {state.outbox_waiting} messages wait, none for long")
    ]


def _moving(box: str, waiting: int, age: timedelta) -> Finding | None:
    late, lost = LATE[box]
    if age <= late:
        return None
    told = f"the oldest of {waiting} in the {box} has waited for {age / timedelta(minutes=1):.0f} minutes"
    return (wrong if age > lost else look)(told, "see that a worker runs (serve --parts worker), and its log")


async def dead_letters(place: Place) -> Finding:
    """See whether something was set aside."""
    async with place.opened.read() as transaction:
        state = await messages.queue_state(transaction, now=place.now)
    if not (state.inbox_dead or state.outbox_dead):
        return ok("nothing was set aside")
    return look(
        f"set aside are, of updates: {state.inbox_dead}, of messages: {state.outbox_dead}",
        "python -m bot dead list",
    )


async def rules(place: Place) -> list[Finding]:
    """See whether every report reaches somebody."""
    async with place.opened.read() as transaction:
        city = await units.load_city(transaction, now=place.now)
        receiving = await people.units_with_receivers(transaction, now=place.now)
        roles = await standing.roles_held(transaction, now=place.now)
    if city is None:
        return [wrong("there is no city yet", 'python -m bot init --province "Hà Nội"')]
    checked = check_rules(city.on(place.now.astimezone(LOCAL_TIME).date()))
    found = [
        wrong(f"{len(problems)} faults of rules, the first: {problems[0]}", "python -m bot org check")
        for problems in [checked.problems]
        if problems
    ]
    if empty := sorted(checked.led_to - receiving):
        names = ", ".join(empty[:_SHOWN]) + (", …" if len(empty) > _SHOWN else "")
        todo = f"python -m bot invite --unit {empty[0]} --role chair"
        found.append(
            look(
                f"nobody receives at {len(empty)} of {len(checked.led_to)} units that rules lead to: {names}",
                todo,
            )
        )
    top = next(code for code, unit in city.units.items() if unit.parent is None)
    for role, why in (
        ("admin", "is told when something is stuck"),
        ("dispatcher", "settles what the machine was unsure of"),
    ):
        if role not in roles:
            found.append(
                look(f"there is no {role}, who {why}", f"python -m bot invite --unit {top} --role {role}")
            )
    return found or [ok("every rule reaches somebody")]


async def privacy(place: Place) -> Finding:
    """See whether the time of requests about one's own data is running out."""
    async with place.opened.read() as transaction:
        now = await standing.requests(transaction, now=place.now)
        soon = await standing.requests(transaction, now=place.now + SOON)
    if now["late"]:
        return wrong(
            f"the legal time of {now['late']} requests about one's own data is up",
            "python -m bot privacy list",
        )
    if soon["late"]:
        return look(
            f"the legal time of {soon['late']} requests about one's own data is up within 3 days",
            "python -m bot privacy list",
        )
    return ok(f"{now['open']} requests about one's own data are open, all in time")
