"""How simulated citizens behave: they write, look at what they are shown, and press what is offered."""

from collections.abc import Callable
from datetime import timedelta

from bot.simulation.complaints import Complaint, words
from bot.simulation.life import Life
from handlers import texts
from handlers.channel import OutboundMessage

PATIENCE = 8
"""After so many messages about one draft somebody gives up."""
STARS = (1, 2, *[3] * 3, *[4] * 10, *[5] * 17)
STILL_UNSOLVED = 0.3
"""How often whoever has reopened a case is not content with the second answer either."""
MOST_REOPENINGS = 3
"""How often one citizen may say that one case is not solved; the program allows fewer."""


class Citizen:
    """Somebody who reports things, and now and then reacts to what becomes of them."""

    def __init__(self, life: Life, chat: str, *, filed: Callable[[str, "Citizen"], None]) -> None:
        self.chat = chat
        self.complaint: Complaint | None = None
        """What they are about to report."""
        self.written: list[str] = []
        """All that they ever wrote."""
        self.with_photos = False
        self._life = life
        self._filed = filed
        self._codes: set[str] = set()
        self._reactions = 0
        self._wishes: dict[str, str] = {}
        """Case → what they want to do about it when they see it: "withdraw"."""
        self._judged: dict[str, int] = {}
        self._reopened: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether a report is under way."""
        return self.complaint is not None

    # ── reporting ────────────────────────────────────────────────────────────────────────────────

    def report(self, complaint: Complaint, photos: tuple[str, ...] = ()) -> None:
        """Write what is the matter."""
        self.complaint, self._reactions = complaint, 0
        self.written.append(complaint.text)
        self._life.say(self.chat, text=complaint.text, photos=photos)
        self._life.after(timedelta(hours=4), lambda: self._forget(complaint))

    def _forget(self, complaint: Complaint) -> None:
        if self.complaint is complaint:
            self.complaint = None

    def hear(self, message: OutboundMessage, message_id: str) -> None:
        """React to a message: to its draft, or to what it says of a case."""
        drafts, own = _draft_buttons(message), _own_buttons(message)
        if drafts and self.complaint is not None:
            self._react_to_draft(drafts)
        for code, buttons in own.items():
            self._note(code)
            self._react_to_case(code, buttons)

    def _note(self, code: str) -> None:
        if code not in self._codes:
            self._codes.add(code)
            self._filed(code, self)
            self.complaint = None

    def _react_to_draft(self, buttons: dict[str, list[str]]) -> None:
        self._reactions += 1
        if self._reactions > PATIENCE:
            return
        chosen = self._choice(buttons)
        if chosen is None:
            return
        pause = timedelta(minutes=self._life.random.randrange(1, 20))
        self._life.after(pause, lambda: self._life.say(self.chat, **chosen))

    def _choice(self, buttons: dict[str, list[str]]) -> dict[str, str] | None:
        """Return what to do about a draft that is shown; None: never come back to it."""
        random, assert_complaint = self._life.random, self.complaint
        assert assert_complaint is not None
        chance = random.random()
        for name, share in (("same", 0.6), ("apart", 0.7)):
            if name in buttons and chance < share:
                return {"button": buttons[name][0]}
        if "send" in buttons:
            return self._choose_to_send(buttons, chance)
        for name in ("together", "report", "ordinary", "citizen", "rest"):
            if name in buttons:
                return {"button": buttons[name][0]} if chance < 0.9 else None
        if "domain" in buttons:
            meant = [data for data in buttons["domain"] if data.endswith(f":{assert_complaint.domain}")]
            return {"button": (meant or buttons["domain"])[0]}
        if "nowhere" in buttons:
            return self._tell_place(buttons, chance)
        return {"button": buttons["look"][0]} if "look" in buttons else None

    def _choose_to_send(self, buttons: dict[str, list[str]], chance: float) -> dict[str, str] | None:
        if chance < 0.02:
            return None
        if chance < 0.04 and "discard" in buttons:
            return {"button": buttons["discard"][0]}
        if chance < 0.07 and "anonymous" in buttons and self._reactions < 3:
            return {"button": buttons["anonymous"][0]}
        if chance < 0.10 and "domains" in buttons and self._reactions < 3:
            return {"button": buttons["domains"][0]}
        return {"button": buttons["send"][0]}

    def _tell_place(self, buttons: dict[str, list[str]], chance: float) -> dict[str, str]:
        complaint = self.complaint
        assert complaint is not None
        if "ward" in buttons and chance < 0.5:
            return {"button": self._life.random.choice(buttons["ward"])}
        if chance < 0.95 and self._reactions < 3:
            self.written.append(complaint.ward)
            return {"text": complaint.ward}
        return {"button": buttons["nowhere"][0]}

    # ── afterwards ───────────────────────────────────────────────────────────────────────────────

    def _react_to_case(self, code: str, buttons: dict[str, tuple[str, str]]) -> None:
        if "withdraw" in buttons and self._wishes.pop(code, "") == "withdraw":
            self._press_later(buttons["withdraw"][0], minutes=10)
        elif any(verb.startswith("rate:") for verb in buttons):
            self._judge(code, buttons)
        elif "unsolved" in buttons:
            if self._life.random.random() < 0.01:
                self._say_unsolved(code, buttons["unsolved"][0])
        elif "add" in buttons:
            self._react_to_open_case(code, *buttons["add"])

    def _react_to_open_case(self, code: str, data: str, label: str) -> None:
        random = self._life.random
        chance = random.random()
        if label == texts.label_reply():
            if chance < 0.7:
                self._write_later(data, "replies", hours=random.choice((0.5, 2, 5, 20, 60)))
        elif chance < 0.04:
            self._write_later(data, "additions", hours=random.choice((3, 20, 70)))
        elif chance < 0.07:
            self._wishes[code] = "withdraw"
            ask = {"text": f"/tracuu {code}"}
            self._life.after(timedelta(hours=random.choice((1, 3))), lambda: self._life.say(self.chat, **ask))

    def _judge(self, code: str, buttons: dict[str, tuple[str, str]]) -> None:
        random = self._life.random
        chance, times = random.random(), self._judged.get(code, 0)
        if chance > 0.68 or times >= MOST_REOPENINGS:
            return
        self._judged[code] = times + 1
        if chance < (STILL_UNSOLVED if code in self._reopened else 0.015) and "unsolved" in buttons:
            self._say_unsolved(code, buttons["unsolved"][0])
            return
        stars = random.choice(STARS)
        data = buttons[f"rate:{stars}"][0]
        hours = random.choice((0.5, 1, 3, 9, 26, 60))
        if stars < 3:
            self._reopened.add(code)
            self._write_later(data, "complaints_again", hours=hours)
        elif random.random() < 0.1:
            self._write_later(data, "rating_words", hours=hours, pause_minutes=0)
        else:
            self._press_later(data, minutes=hours * 60)

    def _say_unsolved(self, code: str, data: str) -> None:
        self._reopened.add(code)
        self._judged[code] = self._judged.get(code, 0) + 1
        self._write_later(data, "complaints_again", hours=self._life.random.choice((2, 12, 40)))

    def _press_later(self, data: str, *, minutes: float) -> None:
        self._life.after(timedelta(minutes=minutes), lambda: self._life.say(self.chat, button=data))

    def _write_later(self, data: str, kind: str, *, hours: float, pause_minutes: float = 20) -> None:
        """Press something, and write the words that it asks for soon after."""
        text = words(kind, self._life.random)
        self.written.append(text)

        def press() -> None:
            self._life.say(self.chat, button=data)
            self._life.after(timedelta(minutes=pause_minutes), lambda: self._life.say(self.chat, text=text))

        self._life.after(timedelta(hours=hours), press)


def _draft_buttons(message: OutboundMessage) -> dict[str, list[str]]:
    """Return the buttons of a draft by their first word."""
    found: dict[str, list[str]] = {}
    for row in message.buttons:
        for button in row:
            action, _, rest = button.data.partition(":")
            if action == "draft":
                found.setdefault(rest.split(":")[1], []).append(button.data)
    return found


def _own_buttons(message: OutboundMessage) -> dict[str, dict[str, tuple[str, str]]]:
    """Return data and label of the buttons about the reader's own cases, by case and verb."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for row in message.buttons:
        for button in row:
            action, _, rest = button.data.partition(":")
            if action == "own":
                code, _, verb = rest.partition(":")
                found.setdefault(code, {})[verb] = (button.data, button.label)
    return found
