"""Words as people type them come out as words that the model knows."""

import unicodedata

from routing.vietnamese import has_accents, normalise, strip_accents, words


def test_tones_of_both_spellings_become_one() -> None:
    assert normalise("Hoà Thuỷ") == normalise("Hòa Thủy")


def test_decomposed_text_reads_like_composed_text() -> None:
    assert words(unicodedata.normalize("NFD", "Đường ngập nước")) == words("Đường ngập nước")


def test_abbreviations_are_written_out() -> None:
    assert words("rác ko ai dọn, đg dơ lun") == ["rác", "không", "ai", "dọn", "đường", "dơ", "luôn"]


def test_numbers_keep_only_their_size() -> None:
    assert words("số 7, ngõ 245/12") == ["số", "0", "ngõ", "00"]


def test_invisible_characters_do_not_split_words() -> None:
    assert words("r\u200bác th\u200fải") == ["rác", "thải"]


def test_accents_are_stripped_letter_by_letter() -> None:
    assert strip_accents("Đường Nguyễn Huệ") == "Duong Nguyen Hue"


def test_text_without_accents_is_noticed() -> None:
    assert has_accents(words("đường ngập nước"))
    assert not has_accents(words("duong ngap nuoc o day"))
