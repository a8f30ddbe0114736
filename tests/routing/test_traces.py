"""Taking somebody's traces out of texts: what is found, and that no text can hold the search up."""

import pytest

from routing.traces import Scrubber, Traces

SCRUBBER = Scrubber(Traces(numbers=("0912345678",)), mark="…", run=3)


@pytest.mark.parametrize("written", ["0912345678", "0912 345 678", "+84 (912) 345 - 678", "84.912.345.678"])
def test_a_number_is_found_however_it_is_grouped(written: str) -> None:
    assert SCRUBBER.scrub(f"Gọi {written} nhé") == "Gọi … nhé"


@pytest.mark.parametrize("blank", [" ", ".", "- ", "/tìm ", "/tìm" + " " * 50])
def test_a_long_text_of_nothing_is_read_once(blank: str) -> None:
    """Were it read again from each of its letters, this would not end today."""
    assert not SCRUBBER.finds(blank * (200_000 // len(blank)))
