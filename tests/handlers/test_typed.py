"""What is typed in place of a button: numbers however said, labels, and ordinary words left alone."""

import pytest

from handlers import typed
from handlers.channel import Button, Capabilities, OutboundMessage
from handlers.typed import UNOFFERED
from routing import tracking_code

CODE = tracking_code.new_code("HN", lambda below: below // 2)

AGREE, CHANGE, DROP = (
    Button(label=label, data=data)
    for label, data in (
        ("Đồng ý và gửi", "send:"),
        ("Sửa nơi", "place:"),
        ("Bỏ", "drop:"),
    )
)
CHOICES = (AGREE, CHANGE, DROP)
DAYS = tuple(Button(label=f"{days} ngày", data=f"days:{days}") for days in (1, 2, 3, 5))
BY_TYPING = Capabilities(source="https://example.org", text_limit=2000, buttons=False)


@pytest.mark.parametrize(
    ("said", "number"),
    [("1", "1"), ("số 1", "1"), ("so 2", "2"), ("chọn 3", "3"), ("một", "1"), ("mot", "1"), ("năm", "5")],
)
def test_a_number_is_taken_however_it_is_said(said: str, number: str) -> None:
    assert typed._number_said(said) == number


@pytest.mark.parametrize("said", ["nam", "sau", "số nhà 12 đường Láng", "ba con chó", "1 cái cây đổ"])
def test_other_words_stay_words(said: str) -> None:
    assert typed._number_said(said) == said


def test_a_number_means_its_place_in_the_last_list() -> None:
    assert typed._among([CHOICES], "2") == "place:"
    assert typed._among([CHOICES], "9") == ""


def test_a_number_that_labels_begin_with_means_the_label() -> None:
    assert typed._among([DAYS], "5") == "days:5"
    assert typed._among([DAYS], "4") == UNOFFERED


def test_a_label_may_be_typed_without_accents_and_means_older_messages_too() -> None:
    assert typed._among([DAYS, CHOICES], "dong y va gui") == "send:"
    assert typed._among([CHOICES], "ĐỒNG Ý VÀ GỬI") == "send:"
    assert typed._shortened(CHOICES, "dong y") == "send:"
    assert typed._shortened(CHOICES, "dong") == ""


def test_a_label_that_two_buttons_share_without_accents_means_neither() -> None:
    alike = (Button(label="Bỏ", data="drop:"), Button(label="Bò", data="cow:"))
    assert typed._among([alike], "bo") == ""
    assert typed._among([alike], "bò") == "cow:"


def test_only_where_choices_are_typed_a_card_tells_how_to_use_it_later() -> None:
    card = OutboundMessage(text=f"{CODE}: rác", buttons=((AGREE,),))
    assert CODE in typed.explained(card, BY_TYPING, about_case=True).text.removeprefix(card.text)
    with_buttons = Capabilities(source="https://example.org", text_limit=2000)
    assert typed.explained(card, with_buttons, about_case=True) is card
    assert typed.explained(card, BY_TYPING, about_case=False) is card
    plain = OutboundMessage(text=f"{CODE}: rác")
    assert typed.explained(plain, BY_TYPING, about_case=True) is plain
