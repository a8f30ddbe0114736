"""How often somebody may try a code in one chat."""

from datetime import datetime, timedelta

from handlers.turn import Turn


def may_try(turn: Turn, what: str, most: int) -> bool:
    """Count a try under this name; only so many an hour are looked at."""
    recent = [at for at in turn.chat.draft.get(what, []) if _is_recent(at, turn.now)]
    if len(recent) >= most:
        return False
    turn.chat.draft = {**turn.chat.draft, what: [*recent, turn.now.isoformat()]}
    return True


def _is_recent(at: str, now: datetime) -> bool:
    return now - datetime.fromisoformat(at) < timedelta(hours=1)
