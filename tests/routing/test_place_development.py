"""How often the right place is read in complaints of development; skipped where they are absent."""

import json
from pathlib import Path
from typing import Any

import pytest

from routing.place import find_province, read_place
from routing.vietnamese import normalise

COMPLAINTS = Path(__file__).parents[3] / "shared" / "data" / "complaints_dev.jsonl"

pytestmark = pytest.mark.skipif(not COMPLAINTS.exists(), reason="the complaints of development are not here")


def readings(variant: str) -> list[tuple[str | None, str | None]]:
    """Return the ward labelled and the ward named for each complaint of a variant."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in COMPLAINTS.read_text("utf-8").splitlines()]
    pairs = []
    for row in rows:
        if row[variant]:
            home = find_province(row["province_context"] or "")
            read = read_place(row[variant], province=home.slug if home else None)
            pairs.append((row["ward"], read.ward_named))
    return pairs


@pytest.mark.parametrize("variant", ["text", "text_messy"])
def test_the_ward_named_is_found_and_none_is_made_up(variant: str) -> None:
    pairs = readings(variant)
    named = [(label, read) for label, read in pairs if label]
    right = sum(read is not None and normalise(label) == normalise(read) for label, read in named)
    made_up = [read for label, read in pairs if not label and read]
    assert right / len(named) >= 0.95
    assert len(made_up) <= 0.03 * (len(pairs) - len(named))
