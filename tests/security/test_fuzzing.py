"""Hostile input to every parser of bytes from outside: refused as foreseen, or read, and nothing breaks.

`python -m benchmarks.fuzz --inputs 1000000` does the same at length, and looks at the time as well.
"""

import pytest

from benchmarks.fuzz import try_parser
from benchmarks.parsers import PARSERS, Parser

INPUTS = 500
"""Of all parsers together."""
FEWEST, SLOW = 3, frozenset({"workbooks", "models"})


@pytest.mark.parametrize("parser", [pytest.param(parser, id=parser.name) for parser in PARSERS])
def test_hostile_input_is_refused_or_read(parser: Parser) -> None:
    share = INPUTS * parser.weight // 1000
    tried = try_parser(parser, seed=1, inputs=FEWEST if parser.name in SLOW else max(10, share))
    assert [failure for failure in tried.failures if " ms for " not in failure.fault] == []


def test_what_breaks_a_parser_is_found_and_can_be_found_again() -> None:
    def read(text: str) -> None:
        if "a" in text:
            raise KeyError(text)
        raise ValueError

    broken = Parser(
        name="broken",
        draw=lambda random: random.choice("abc"),
        read=read,
        refusals=(ValueError,),
        weight=1,
    )
    tried = try_parser(broken, seed=3, inputs=50)
    assert tried == try_parser(broken, seed=3, inputs=50) or tried.failures
    assert 0 < len(tried.failures) < 50
    assert tried.refused + len(tried.failures) == 50
    assert all(failure.fault.startswith("KeyError") for failure in tried.failures)


def test_the_weights_are_shares_of_a_thousand() -> None:
    assert sum(parser.weight for parser in PARSERS) == 1000
