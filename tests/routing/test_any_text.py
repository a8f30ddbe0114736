"""Anything at all can be read: random and mutated messages bring no exception and no span outside the text.

`python -m benchmarks.fuzz` does the same with 100,000 messages and looks at the time as well.
"""

import pytest

from benchmarks.fuzz import check, messages
from routing.understanding import Understanding


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding.load()


def test_random_and_mutated_messages_are_read(understanding: Understanding) -> None:
    faults = [check(understanding, text) for text in messages(seed=3, count=300)]
    assert [fault for fault in faults if fault and " ms for " not in fault] == []


def test_the_same_seed_gives_the_same_messages() -> None:
    assert list(messages(5, 20)) == list(messages(5, 20))
    assert len({*messages(5, 50)}) > 40


def test_an_exception_is_a_failure() -> None:
    class Broken:
        def read(self, text: str, *, province: str | None) -> None:
            raise ValueError(text)

    assert check(Broken(), "rác") == "ValueError: rác"  # type: ignore[arg-type]
