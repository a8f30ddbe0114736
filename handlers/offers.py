"""Buttons under what citizens get about their cases. Their data is handled in `followup`."""

from handlers import texts
from handlers.channel import Button

Rows = tuple[tuple[Button, ...], ...]


def rating(code: str, *, reopens: bool = True) -> Rows:
    """Return stars from 1 to 5, and "not solved" where the case may be reopened."""
    stars = tuple(
        Button(label=texts.label_stars(stars=number), data=f"own:{code}:rate:{number}")
        for number in range(1, 6)
    )
    return (stars, *(unsolved(code) if reopens else ()))


def unsolved(code: str) -> Rows:
    """Return "not solved" alone, for a case that was refused or closed."""
    return ((Button(label=texts.label_unsolved(), data=f"own:{code}:unsolved"),),)


def reply(code: str) -> Rows:
    """Return the button to answer a unit's question."""
    return ((Button(label=texts.label_reply(), data=f"own:{code}:add"),),)


def add(code: str) -> Rows:
    """Return the button to add something to an open case."""
    return ((Button(label=texts.label_add(), data=f"own:{code}:add"),),)


def open_case(code: str, *, withdraw: bool) -> Rows:
    """Return what can be done about an open case: add something, take it back."""
    back = Button(label=texts.label_withdraw(), data=f"own:{code}:withdraw")
    return (*add(code), *(((back,),) if withdraw else ()))


def leave(code: str) -> Rows:
    """Return the button to take one's report out of a merged case."""
    return ((Button(label=texts.label_leave(), data=f"own:{code}:leave"),),)


def show(code: str) -> Button:
    """Return the button that shows one case."""
    return Button(label=code, data=f"own:{code}:show")
