"""Who looked at what a citizen wrote: the ledger notes it once for each reader, case and local day."""

from collections.abc import Sequence

from handlers import access, progress
from handlers.turn import Turn
from routing.deadline import LOCAL_TIME, midnight
from storage import cases, ledger
from storage.cases import Case
from storage.holdings import VIEWED
from storage.people import Post


async def note(turn: Turn, case: Case, post: Post | None = None) -> None:
    """Note that the writer is shown a case, which is locked; `post`: by which one, where that is known.

    A citizen's own look is none, and of somebody who was erased there is nothing to see.
    """
    if not await _unseen(turn, [case.id]) or not _is_anybodys(turn, case):
        return
    post = post or access.post_for(turn.person, turn.city, "see", case)
    if post is None:
        return
    progress.record(
        turn.transaction,
        case,
        VIEWED,
        actor=progress.actor_of(turn.person.id, post),
        now=turn.now,
        unit_code=post.unit_code,
    )
    cases.save_case(turn.transaction, case)


async def note_many(turn: Turn, case_ids: Sequence[int]) -> None:
    """Note the same of a few cases that nobody has locked, and that this turn does not change any more."""
    for case_id in sorted(await _unseen(turn, case_ids)):
        case = await cases.get_case_by_id(turn.transaction, case_id, lock=True)
        if case is not None:
            await note(turn, case)


def _is_anybodys(turn: Turn, case: Case) -> bool:
    return bool(case.chat) and case.reporter_id != turn.person.id


async def _unseen(turn: Turn, case_ids: Sequence[int]) -> set[int]:
    today = midnight(turn.now.astimezone(LOCAL_TIME).date())
    seen = await ledger.viewed_since(turn.transaction, case_ids, actor_id=turn.person.id, since=today)
    return set(case_ids) - seen
