"""The menu of commands beside the field where people type: it follows the posts that somebody holds."""

from collections.abc import Sequence

from storage.people import Person


def menu_of(person: Person) -> Sequence[tuple[str, str]]:
    """Return the commands that a person's private chat is to offer, with what they do."""
    from handlers import dispatch  # it imports whoever asks here

    return dispatch.commands_for(person)
