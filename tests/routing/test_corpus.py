"""The corpus covers every label, and the same seed gives the same texts."""

from collections import Counter
from random import Random

from routing.corpus import examples, fill, sources
from routing.domain import domains
from routing.kind import KINDS
from routing.typing_habits import typed_in_a_hurry, without_accents


def test_every_domain_has_situations_and_messages_enough() -> None:
    written = sources("domains")
    messages = Counter(source.label for source in written if not source.is_situation)
    situations = Counter(source.label for source in written if source.is_situation)

    for domain in domains():
        assert messages[domain.id] >= 25, domain.id
        assert situations[domain.id] >= 40, domain.id


def test_every_kind_has_messages_enough() -> None:
    messages = Counter(source.label for source in sources("kinds") if not source.is_situation)

    assert all(messages[kind] >= 50 for kind in KINDS)


def test_no_line_is_written_twice_in_a_domain() -> None:
    seen = Counter((source.label, source.text) for source in sources("domains"))

    assert [line for line, times in seen.items() if times > 1] == []


def test_the_same_seed_gives_the_same_texts_and_no_blank_is_left() -> None:
    written = sources("domains")[::40]
    made = examples(written, seed=3, compositions=2, dressed=2)

    assert made == examples(written, seed=3, compositions=2, dressed=2)
    assert made != examples(written, seed=4, compositions=2, dressed=2)
    assert not any("{" in example.text for example in made)


def test_blanks_are_filled_with_names() -> None:
    assert fill("ngõ {n} phố {S}", Random(1)) != fill("ngõ {n} phố {S}", Random(2))


def test_hurried_typing_changes_the_text_but_not_its_order() -> None:
    text = "Đường trước nhà tôi ngập nước không đi được"

    assert without_accents(text, Random(1)).lower().startswith("duong truoc nha toi")
    assert any(typed_in_a_hurry(text, random=Random(seed)) != text for seed in range(5))
