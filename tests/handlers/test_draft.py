"""The draft of a report: what it keeps, and that nothing of it is shared with what the chat holds."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from handlers.draft import KEPT_FOR, MOST_PHOTOS, Draft, draft_of
from routing.organisation import City, build_city
from tests.city import PlainUnderstanding

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def hanoi() -> City:
    return build_city("Hà Nội")


def draft_about(text: str, city: City) -> Draft:
    draft = Draft.begun(NOW)
    draft.write("1", text)
    draft.understand(PlainUnderstanding().read(text, province=city.province), city)
    return draft


def test_a_draft_survives_the_database(hanoi: City) -> None:
    draft = draft_about("Rác chất đống ở phường Hạ Đình", hanoi)
    stored = json.dumps(draft.as_dict())
    assert json.dumps(Draft.from_dict(json.loads(stored)).as_dict()) == stored


def test_what_the_chat_holds_changes_only_when_it_is_kept(hanoi: City) -> None:
    kept = draft_about("Rác chất đống", hanoi).as_dict()
    before = json.dumps(kept)
    opened = draft_of("draft", kept, NOW)
    assert opened is not None
    opened.write("2", "cả tuần nay")
    opened.add_photos(["a.jpg"])
    assert json.dumps(kept) == before


def test_a_chat_may_hold_other_things_beside() -> None:
    kept = {**Draft.begun(NOW).as_dict(), "invitation_tries": ["x"]}
    assert draft_of("draft", kept, NOW) is not None


def test_a_draft_is_forgotten_after_hours() -> None:
    kept = Draft.begun(NOW).as_dict()
    assert draft_of("draft", kept, NOW + KEPT_FOR) is not None
    assert draft_of("draft", kept, NOW + KEPT_FOR + timedelta(seconds=1)) is None
    assert draft_of("", kept, NOW) is None


def test_an_edit_replaces_only_its_own_part() -> None:
    draft = Draft.begun(NOW)
    draft.write("1", "một")
    draft.write("2", "hai")
    draft.write("1", "ba", edited=True)
    assert draft.text == "ba\n\nhai"


def test_what_the_writer_chose_outlives_a_new_reading(hanoi: City) -> None:
    draft = draft_about("Rác ở phường Khương Đình", hanoi)
    draft.choose_domain("noise")
    assert draft.choose_ward("00367", hanoi)
    draft.understand(PlainUnderstanding().read("Rác ở phường Khương Đình", province="ha-noi"), hanoi)
    assert (draft.domain, draft.ward_name) == ("noise", "Phường Thanh Xuân")
    assert draft.corrections() == [("domain", "waste", "noise"), ("ward", "00364", "00367")]


def test_telling_a_ward_that_nobody_read_is_no_correction(hanoi: City) -> None:
    draft = draft_about("Rác chất đống", hanoi)
    assert draft.choose_ward("00367", hanoi)
    assert draft.corrections() == []


def test_a_ward_of_another_city_is_not_taken(hanoi: City) -> None:
    draft = draft_about("Rác ở phường Hòa Xuân, Đà Nẵng", hanoi)
    assert (draft.ward_code, draft.elsewhere) == (None, "Phường Hòa Xuân")
    assert not draft.choose_ward("20314", hanoi)
    assert not draft.choose_ward("so-xay-dung", hanoi)


def test_a_position_gives_way_to_the_text_and_settles_what_the_text_leaves_open(hanoi: City) -> None:
    draft = Draft.begun(NOW)
    assert draft.choose_ward("00364", hanoi, located=True)
    open_text = PlainUnderstanding().read("Rác ở phường Hạ Đình", province="ha-noi")
    draft.understand(open_text, hanoi)
    assert draft.ward_name == "Phường Khương Đình"
    sure_text = PlainUnderstanding().read("Rác ở phường Thanh Xuân", province="ha-noi")
    draft.understand(sure_text, hanoi)
    assert draft.ward_name == "Phường Thanh Xuân"


def test_pictures_have_a_limit() -> None:
    draft = Draft.begun(NOW)
    draft.add_photos([f"{number}.jpg" for number in range(MOST_PHOTOS + 5)])
    assert len(draft.photos) == MOST_PHOTOS


def test_two_drafts_never_share_a_nonce() -> None:
    assert len({Draft.begun(NOW).nonce for _ in range(100)}) == 100
