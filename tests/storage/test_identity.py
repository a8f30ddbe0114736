"""Numbers for rows: unique, growing, positive, also from many threads and when the clock goes back."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from storage import identity
from storage.identity import new_id


def test_numbers_grow_and_never_repeat() -> None:
    numbers = [new_id() for _ in range(20_000)]
    assert numbers == sorted(set(numbers))


def test_numbers_fit_a_signed_column_for_a_century() -> None:
    assert 0 < new_id() < 2**63
    in_a_century = (time.time() - 1_577_836_800 + 100 * 365.25 * 86_400) * 1_000
    assert in_a_century < 2**42


def test_threads_never_share_a_number() -> None:
    with ThreadPoolExecutor(8) as threads:
        batches = list(threads.map(lambda _: [new_id() for _ in range(2_000)], range(8)))
    numbers = [number for batch in batches for number in batch]
    assert len(set(numbers)) == len(numbers)


def test_a_clock_that_goes_back_does_not_repeat_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(identity.time, "time_ns", lambda: 1_600_000_000_000_000_000)
    assert before < new_id() < new_id()


class Counting:
    """Chance that gives the same numbers each time."""

    def __init__(self) -> None:
        self.drawn = 0

    def milliseconds(self) -> int:
        return 1_700_000_000_000

    def below(self, limit: int) -> int:
        self.drawn += 1
        return self.drawn % limit


def test_the_same_source_gives_the_same_numbers_and_then_the_real_one_is_back() -> None:
    drawn = []
    for _ in range(2):
        with identity.drawn_from(Counting()):
            drawn.append(([new_id() for _ in range(3)], identity.below(29), identity.new_token(4)))
    assert drawn[0] == drawn[1]
    assert new_id() not in drawn[0][0]


def test_a_token_is_as_long_as_asked_for_and_hardly_ever_the_same() -> None:
    tokens = {identity.new_token(16) for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {32}
