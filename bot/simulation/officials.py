"""How simulated officials behave: in working time, one case of those on the desk after the other."""

import heapq
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from bot.simulation.complaints import Complaint, words
from bot.simulation.life import STEP, Life
from handlers.channel import OutboundMessage

PAUSE_BETWEEN = timedelta(minutes=5)
AT_ONCE = 6
"""So many cases somebody goes through in a row."""
FORGETS = 0.02
REFUSED = 0.3
"""Which share of the extensions that are asked for is not granted."""
STEERING = {
    "extend": 0.05,
    "support": 0.03,
    "progress": 0.02,
    "appoint": 0.03,
    "reject": 0.015,
}
"""How often each of these is done when a case is looked at."""
PUT_OFF = 0.25
"""How often a chair puts a reminder off."""
GOES_ON = frozenset({"extend", "support", "progress", "snooze"})
"""After these the case still has to be answered."""
BEHIND_MORE = frozenset({*STEERING, "ask", "hand", "giveback", "wrong"})
"""What may stand behind the button that shows the rest."""
REMEMBERED_MESSAGES = 8
"""So many messages back somebody finds a button again."""
ACTIONS_OF_A_CASE = frozenset(
    {"accept", "answer", "ask", "resume", "hand", "giveback", "wrong", "triage", "card", "reject"}
)
DECISIONS = frozenset({"approve", "grant", "partanswer"})
"""What waits for somebody's word: an answer, an extension, a part of another unit's case."""


@dataclass(slots=True)
class Office:
    """A unit's people: how quickly they work, and who takes which case."""

    code: str
    slowness: float
    """1 is usual, less is quicker."""
    oversees: bool = False
    """Whether it works on what is given to it alone, and leaves to others what it only hears of."""
    members: list["Official"] = field(default_factory=list)

    def on_duty(self, code: str) -> "Official | None":
        """Return who takes a case: officers before the chair."""
        officers = [member for member in self.members if member.role == "officer"] or self.members
        return officers[zlib.crc32(code.encode()) % len(officers)] if officers else None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: press the button that fits, and write what it asks for."""

    press: str = ""
    """How the button's data begins; empty for only writing something."""
    write: str = ""
    photos: tuple[str, ...] = ()
    optional: bool = False
    among: bool = False
    """Whether any of the buttons that begin so will do, not the first."""
    then: Callable[[], None] | None = None
    """What follows from having done it."""


class Official:
    """Somebody who handles a unit's cases."""

    def __init__(
        self,
        life: Life,
        chat: str,
        *,
        role: str,
        office: Office,
        truth: Mapping[str, Complaint],
        photos: Sequence[str] = (),
    ) -> None:
        self.chat = chat
        self.role = role
        self.office = office
        self.gone = False
        self.away_until: datetime | None = None
        """Until when they do nothing themselves, since somebody acts in their place."""
        self._life = life
        self._truth = truth
        self._photos = tuple(photos)
        self._desk: list[tuple[datetime, int, str]] = []
        self._numbers = count()
        self._offered: dict[str, list[str]] = {}
        """Case → the buttons that were shown for it last."""
        self._shown: deque[list[str]] = deque(maxlen=REMEMBERED_MESSAGES)
        """The buttons of the latest messages, the newest first."""
        self._looked_behind: set[str] = set()
        """The buttons that were looked for behind the one that shows the rest."""
        self._errands: deque[Sequence[Step]] = deque()
        self._steps: deque[Step] = deque()
        self._code = ""
        self._goes_on = False
        """Whether the case that is worked on must be looked at again afterwards."""
        self._working = False
        self._due: dict[str, datetime] = {}
        """Case → when it is looked at next."""
        self._planned: datetime | None = None
        self._asked: set[str] = set()
        self._steered: set[tuple[str, str]] = set()

    # ── what comes in ────────────────────────────────────────────────────────────────────────────

    def hear(self, message: OutboundMessage, message_id: str) -> None:
        """Put what a message is about on the desk."""
        if self.gone:
            return
        data = [button.data for row in message.buttons for button in row]
        if data:
            self._shown.appendleft(data)
        by_case: dict[str, list[str]] = {}
        for each in data:
            _, _, rest = each.partition(":")
            if rest:
                by_case.setdefault(rest.split(":")[0], []).append(each)
        for code, offered in by_case.items():
            self._take_in(code, offered)

    def _take_in(self, code: str, offered: list[str]) -> None:
        actions = {each.partition(":")[0] for each in offered}
        if actions & DECISIONS:
            self._offered[code] = offered
            self._put(code, hours=self._life.random.expovariate(1 / (6 * self.office.slowness)))
        if not actions & ACTIONS_OF_A_CASE or actions & DECISIONS:
            return
        if actions & {"accept", "answer", "resume"}:
            self._offered[code] = offered
        elif "card" in actions:
            self._offered.setdefault(code, offered)
        mine = self.office.on_duty(code) is self
        if "snooze" in actions and self.role == "chair" and self._life.random.random() < PUT_OFF:
            self.run_errand(self._steering(code, "snooze"))
        if "accept" in actions:
            if mine and self._life.random.random() > FORGETS:
                self._put(code, hours=self._life.random.expovariate(1 / (5 * self.office.slowness)))
        elif "resume" in actions:
            self._put(code, hours=60 + self._life.random.expovariate(1 / 60))
        elif "answer" in actions:
            self._put(code, hours=self._time_to_answer())
        elif "redraft" in actions or (actions == {"card"} and mine and not self.office.oversees):
            self._put(code, hours=self._life.random.expovariate(1 / (6 * self.office.slowness)))

    def _time_to_answer(self) -> float:
        return self._life.random.lognormvariate(2.8, 0.9) * self.office.slowness

    def _put(self, code: str, *, hours: float) -> None:
        """Have a case looked at after so many hours, in working time; the latest resolve counts."""
        at = self._life.now + timedelta(hours=hours)
        if self.away_until is not None:
            at = max(at, self.away_until)
        self._due[code] = at
        heapq.heappush(self._desk, (at, next(self._numbers), code))
        self._look_at_desk()

    def run_errand(self, steps: Sequence[Step]) -> None:
        """Do something that belongs to no case, as soon as nothing else is under way."""
        self._errands.append(steps)
        self._look_at_desk()

    def _look_at_desk(self) -> None:
        if self._errands and not self._working and not self.gone:
            self._plan_work(self._life.city.calendar.next_working_moment(self._life.now + PAUSE_BETWEEN))
            return
        while self._desk and self._due.get(self._desk[0][2]) != self._desk[0][0]:
            heapq.heappop(self._desk)
        if self._working or not self._desk or self.gone:
            return
        at = max(self._desk[0][0], self._life.now + PAUSE_BETWEEN)
        self._plan_work(self._life.city.calendar.next_working_moment(at))

    def _plan_work(self, at: datetime) -> None:
        if self._planned is None or at < self._planned:
            self._planned = at
            self._life.plan(at, lambda: self._work(at))

    # ── work ─────────────────────────────────────────────────────────────────────────────────────

    def _work(self, planned: datetime) -> None:
        """Take the next case that is due, unless another one is under way or another time was set."""
        if planned != self._planned:
            return
        self._planned = None
        if self.gone or self._working:
            return
        if self._errands:
            steps = self._errands.popleft()
            self._begin(steps[0].press.partition(":")[2], steps)
        elif self._desk:
            self._take_next()

    def _take_next(self) -> None:
        """Do what takes a press alone for some cases; then go through one that takes more."""
        for _ in range(AT_ONCE):
            code = self._next_due()
            if code is None:
                break
            steps = self._decide(code)
            if len(steps) != 1 or not self._find(steps[0]):
                self._begin(code, steps)
                return
            self._do(steps[0])
        self._look_at_desk()

    def _next_due(self) -> str | None:
        """Take a case from the desk whose time has come, None for none."""
        while self._desk:
            at, _, code = self._desk[0]
            if self._due.get(code) == at and at > self._life.now:
                return None
            heapq.heappop(self._desk)
            if self._due.get(code) == at:
                del self._due[code]
                return code
        return None

    def _begin(self, code: str, steps: Sequence[Step]) -> None:
        self._working = True
        self._code = code
        self._steps = deque(steps)
        self._looked_behind.clear()
        self._goes_on = bool(steps) and steps[0].press.partition(":")[0] in GOES_ON
        self._go_on()

    def _decide(self, code: str) -> list[Step]:
        """Return what to do about a case, from what is offered for it."""
        actions = {each.partition(":")[0] for each in self._offered.get(code, ())}
        if "more" in actions:
            actions |= BEHIND_MORE
        chance = self._life.random.random()
        if actions & DECISIONS:
            return self._judge(code, actions, chance)
        if "accept" in actions:
            return self._first_look(code, actions, chance)
        if "answer" in actions:
            return self._handle(code, actions, chance)
        if "card" in actions:
            return [Step(press=f"card:{code}")]
        return []

    def _judge(self, code: str, actions: set[str], chance: float) -> list[Step]:
        random = self._life.random
        if "approve" in actions:
            if chance < 0.85 or "sendback" not in actions:
                return [Step(press=f"approve:{code}")]
            why = words("reasons_send_back", random)
            return [Step(press=f"sendback:{code}", write=why), Step(press="sendreason:", optional=True)]
        if "grant" in actions:
            if chance >= REFUSED or "nogrant" not in actions:
                return [Step(press=f"grant:{code}")]
            return [Step(press=f"nogrant:{code}"), Step(press=f"nograntto:{code}", among=True)]
        if chance < 0.85 or "partdecline" not in actions:
            done = words("parts_done", random)
            return [Step(press=f"partanswer:{code}", write=done), Step(press="sendpart:")]
        declined = words("parts_declined", random)
        return [Step(press=f"partdecline:{code}", write=declined), Step(press="sendreason:", optional=True)]

    def _steer(self, code: str, actions: set[str]) -> list[Step]:
        """Return what is done now and then besides taking up and answering; nothing mostly."""
        random = self._life.random
        chance = random.random()
        for action, share in STEERING.items():
            chance -= share
            if chance < 0:
                if action not in actions or (action, code) in self._steered:
                    return []
                self._steered.add((action, code))
                return self._steering(code, action)
        return []

    def _steering(self, code: str, action: str) -> list[Step]:
        random = self._life.random
        begun = Step(press=f"{action}:{code}")
        if action == "extend":
            return [
                begun,
                Step(press=f"extendfor:{code}", among=True),
                Step(press=f"extendwhy:{code}", among=True),
            ]
        if action == "support":
            task = words("tasks", random)
            return [
                begun,
                Step(press=f"sup:{code}", write=task, among=True),
                Step(press=f"sendsupport:{code}"),
            ]
        if action == "progress":
            return [
                Step(press=f"progress:{code}", write=words("additions", random)),
                Step(press=f"sendprogress:{code}", optional=True),
            ]
        if action == "snooze":
            return [
                begun,
                Step(press=f"until:{code}", among=True),
                Step(press=f"snoozewhy:{code}", among=True),
            ]
        if action == "appoint":
            return [begun, Step(press=f"appointto:{code}", among=True)]
        return [begun, Step(press=f"rejectfor:{code}", among=True), Step(press=f"rejectgo:{code}")]

    def _first_look(self, code: str, actions: set[str], chance: float) -> list[Step]:
        if chance < 0.03 and "wrong" in actions:
            domain = self._truth[code].domain if code in self._truth else ""
            recast = [Step(press=f"recast:{code}:{domain}"), Step(press=f"handnow:{code}", optional=True)]
            return [Step(press=f"wrong:{code}"), *recast]
        if chance < 0.06 and "giveback" in actions:
            return [Step(press=f"giveback:{code}"), Step(press=f"giveto:{code}", among=True)]
        if chance < 0.08 and "hand" in actions:
            return [
                Step(press=f"hand:{code}"),
                Step(press=f"handto:{code}", among=True),
                Step(press=f"handnow:{code}"),
            ]
        return [Step(press=f"accept:{code}")]

    def _handle(self, code: str, actions: set[str], chance: float) -> list[Step]:
        random = self._life.random
        if steps := self._steer(code, actions):
            return steps
        if chance < 0.08 and "ask" in actions and code not in self._asked:
            self._asked.add(code)
            question = words("questions", random)
            return [Step(press=f"ask:{code}", write=question), Step(press=f"sendquestion:{code}")]
        if chance < 0.09 and "giveback" in actions:
            why = words("reasons_wrong", random)
            return [Step(press=f"giveback:{code}", write=why), Step(press="sendreason:", optional=True)]
        known = self._truth.get(code)
        answer = known.answer if known and known.answer else words("answers", random)
        photos = (random.choice(self._photos),) if self._photos and random.random() < 0.8 else ()
        return [
            Step(press=f"answer:{code}", write=answer, photos=photos),
            Step(press=f"nophoto:{code}", write=words("reasons_no_photo", random), optional=True),
            Step(press=f"sendanswer:{code}"),
        ]

    def _go_on(self) -> None:
        """Do the next step; what is not offered any more ends the work on this case."""
        while self._steps:
            step = self._steps.popleft()
            if self._do(step):
                self._life.after(STEP / 2, self._go_on)
                return
            if not step.optional:
                self._give_up()
                return
        self._stop()

    def _stop(self) -> None:
        self._working = False
        if self._goes_on and self._code in self._offered and self._code not in self._due:
            self._put(self._code, hours=self._time_to_answer())
        self._look_at_desk()

    def _do(self, step: Step) -> bool:
        """Press and write what a step says; tell whether that could be done."""
        if step.press and not (data := self._find(step)):
            return self._look_behind(step)
        if step.press:
            self._life.say(self.chat, button=data)
        if step.write:
            self._life.say(self.chat, text=step.write, photos=step.photos)
        if step.then:
            step.then()
        return True

    def _look_behind(self, step: Step) -> bool:
        """Press the button that shows the rest of what can be done to a case, once for each step."""
        action, _, code = step.press.partition(":")
        more = f"more:{code}"
        known = more in self._offered.get(code, ()) or any(more in shown for shown in self._shown)
        if not known or action not in BEHIND_MORE or step.press in self._looked_behind:
            return False
        self._looked_behind.add(step.press)
        self._steps.appendleft(step)
        self._life.say(self.chat, button=more)
        return True

    def _find(self, step: Step) -> str:
        """Return the data of a button that was shown: this very one, or one of its kind for this case."""
        kind, code, *_ = (*step.press.split(":"), "")
        recent = [data for shown in self._shown for data in shown]
        known = [*recent, *self._offered.get(code, ())]
        exact = [data for data in known if _begins(data, step.press)]
        if step.among and exact:
            newest = next(shown for shown in self._shown if exact[0] in shown)
            return self._life.random.choice([data for data in newest if _begins(data, step.press)])
        alike = [data for data in recent if code and _begins(data, f"{kind}:{code}")]
        return (exact or alike or [""])[0]

    def _give_up(self) -> None:
        self._steps.clear()
        if drop := next(
            (data for shown in self._shown for data in shown if data == f"drop:{self._code}"), ""
        ):
            self._life.say(self.chat, button=drop)
        self._stop()


def _begins(data: str, beginning: str) -> bool:
    """Tell whether a button's data begins with these parts."""
    return data == beginning or data.startswith(beginning if beginning.endswith(":") else f"{beginning}:")


class Dispatcher:
    """Somebody who settles what the machine was unsure of: each morning and afternoon, and when called."""

    def __init__(
        self,
        life: Life,
        chat: str,
        *,
        truth: Mapping[str, Complaint],
        rest_from: datetime | None = None,
    ) -> None:
        self.chat = chat
        self._life = life
        self._truth = truth
        self._rest_from = rest_from
        self._busy_until: datetime | None = None
        self._coming: datetime | None = None

    def hear(self, message: OutboundMessage, message_id: str) -> None:
        """Begin when something waits; settle the case that is shown."""
        data = [button.data for row in message.buttons for button in row]
        kinds = {each.partition(":")[0] for each in data}
        if kinds & {"fix", "later", "refuseto"}:
            self._settle(data)
        elif "triage" in kinds:
            self._come()

    def _come(self) -> None:
        """Sit down at the desk as soon as offices work."""
        if self._coming is not None or (self._rest_from is not None and self._life.now >= self._rest_from):
            return
        pause = timedelta(minutes=self._life.random.randrange(10, 90))
        self._coming = self._life.city.calendar.next_working_moment(self._life.now + pause)
        self._life.plan(self._coming, self._begin)

    def _begin(self) -> None:
        self._coming = None
        if self._busy_until is None or self._life.now > self._busy_until:
            self._do(text="/dieuphoi")

    def _do(self, *, text: str = "", button: str = "") -> None:
        self._busy_until = self._life.now + 3 * STEP
        self._life.say(self.chat, text=text, button=button)

    def _settle(self, data: Sequence[str]) -> None:
        choice = self._choice(data)
        if not choice:
            return
        self._busy_until = self._life.now + 3 * STEP
        at = self._life.now + STEP / 2
        if self._life.city.calendar.is_working_time(at):
            self._life.plan(at, lambda: self._do(button=choice))
        else:
            self._come()

    def _choice(self, data: Sequence[str]) -> str:
        random = self._life.random
        chance = random.random()
        fixes = [each for each in data if each.startswith("fix:")]
        code = data[0].split(":")[1] if data else ""
        meant = self._truth.get(code)
        offered = {kind: [each for each in data if each.startswith(f"{kind}:")] for kind in _WAYS}
        if offered["refuseto"]:
            return random.choice([each for each in offered["refuseto"] if not each.endswith(":duplicate")])
        if offered["refuse"] and chance < 0.04:
            return offered["refuse"][0]
        if offered["merge"] and chance < 0.5:
            return offered["merge"][0]
        right = [each for each in fixes if meant and each == f"fix:{code}:d:{meant.domain}"]
        if right and chance < 0.93:
            return right[0]
        if fixes and (not offered["domains"] or not _asks_domain(fixes) or chance > 0.9):
            return random.choice(fixes[:3])
        ways = offered["domains"] or offered["units"] or fixes
        return ways[0] if ways else ""


_WAYS = ("refuseto", "refuse", "merge", "domains", "units")


def _asks_domain(fixes: Sequence[str]) -> bool:
    return any(each.split(":")[2] == "d" for each in fixes)


class Leader:
    """Somebody who asks for figures, looks at what is shown, and decides on what they are asked for."""

    def __init__(self, life: Life, chat: str, *, questions: Sequence[str]) -> None:
        self.chat = chat
        self._life = life
        self._questions = questions
        self._decided: set[str] = set()

    def begin(self) -> None:
        """Ask some days from now, and again and again."""
        pause = timedelta(days=self._life.random.randrange(3, 9), hours=self._life.random.randrange(1, 9))
        self._life.plan(self._life.city.calendar.next_working_moment(self._life.now + pause), self._ask)

    def _ask(self) -> None:
        self._life.say(self.chat, text=self._life.random.choice(self._questions))
        self.begin()

    def hear(self, message: OutboundMessage, message_id: str) -> None:
        """Decide on an extension that is asked for."""
        data = [button.data for row in message.buttons for button in row]
        reasons = [each for each in data if each.startswith("nograntto:")]
        if reasons:
            self._press_later(self._life.random.choice(reasons), hours=0)
        for grant in (each for each in data if each.startswith("grant:") and each not in self._decided):
            self._decided.add(grant)
            refused = f"no{grant}" in data and self._life.random.random() < REFUSED
            hours = self._life.random.expovariate(1 / 6)
            self._press_later(f"no{grant}" if refused else grant, hours=hours)

    def _press_later(self, data: str, *, hours: float) -> None:
        at = self._life.city.calendar.next_working_moment(self._life.now + STEP / 2 + timedelta(hours=hours))
        self._life.plan(at, lambda: self._life.say(self.chat, button=data))
