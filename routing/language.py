"""What little can be told of a text before it is understood: its language, and mere courtesy."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence, Set
from functools import lru_cache

from routing.kind import cues
from routing.model import bare_words
from routing.vietnamese import strip_accents, words

_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_WORDS = 3
_ENGLISH_WORDS = (
    "the this that these those there here is are was were have has had been please help my our your their his"
    " her its you they we he she it and with from for not very street road water garbage trash noise light"
    " broken near where when what why how who which hello report problem power outage flood smell house every"
    " building night day days week because about some any will would should could need want since people"
    " school hospital police"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_DANGER = frozenset(
    {
        "fire",
        "emergency",
        "ambulance",
        "dying",
        "drowning",
        "bleeding",
        "unconscious",
        "attacked",
        "explosion",
    }
)
_CRIES = frozenset(
    {
        "bat coc",
        "bat tinh",
        "bi chem",
        "bi danh",
        "boc chay",
        "cam dao",
        "chay nha",
        "chet duoi",
        "chong danh",
        "co giat",
        "cuu em",
        "cuu toi",
        "cuu voi",
        "danh dap",
        "de len nguoi",
        "dot quy",
        "duoi nuoc",
        "hiep dam",
        "keu cuu",
        "mac ket",
        "ngat xiu",
        "nguy kich",
        "nhay cau",
        "nhay lau",
        "nuoc cuon",
        "ro gas",
        "sap nha",
        "thuong nang",
        "xi gas",
    }
)
_ACCENTED_CRIES = frozenset(
    {
        "bị đâm",
        "cháy lớn",
        "cháy rồi",
        "muốn chết",
        "nhà cháy",
        "tự sát",
        "tự tử",
        "đang cháy",
        "đang đánh",
        "đám cháy",
    }
)
"""Without accents these are everyday words: "tu tu" is "từ từ", "dang chay" is "đang chạy"."""
_COURTESY = (
    "nhieu",
    "cam on",
    "nhe",
    "nha",
    "ban",
    "anh",
    "chi",
    "em",
    "a",
    "oke",
    "da",
    "vang",
    "um",
    "thank",
    "thanks",
)


def is_foreign(text: str) -> bool:
    """Tell whether a text is surely not Vietnamese.

    Most of its letters are of another script, or English words are a third of it and no letter carries a
    Vietnamese mark. Vietnamese typed without accents, and texts of one or two words, pass as Vietnamese.
    """
    counts = Counter(letter for letter in unicodedata.normalize("NFC", text) if letter.isalpha())
    if not counts:
        return False
    if sum(count for letter, count in counts.items() if not _is_latin(letter)) * 2 > counts.total():
        return True
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < _FEWEST_WORDS or any(not letter.isascii() for letter in counts):
        return False
    return sum(word in _ENGLISH for word in words) * 3 >= len(words)


def calls_for_help(text: str) -> bool:
    """Tell whether an English text names a danger to life."""
    return any(word.lower() in _DANGER for word in _WORD.findall(text))


def cries_for_help(text: str) -> bool:
    """Tell whether a Vietnamese text, with or without accents, says in plain words that a life is in danger.

    For messages that are read only together with earlier ones, which may drown them out.
    """
    tokens = words(text)
    return _any_said(tokens, _ACCENTED_CRIES) or _any_said(bare_words(tokens), _CRIES)


def _any_said(tokens: Sequence[str], phrases: Set[str]) -> bool:
    said = f" {' '.join(tokens)} "
    return any(f" {phrase} " in said for phrase in phrases)


def is_courtesy(text: str) -> bool:
    """Tell whether a text is nothing but thanks, greetings or "ok", with or without accents."""
    said = " ".join(_WORD.findall(strip_accents(text).lower()))
    for cue in sorted((*cues()["smalltalk"], *_COURTESY), key=len, reverse=True):
        said = re.sub(rf"\b{re.escape(strip_accents(cue).lower())}\b", "", said)
    return bool(text.strip()) and not said.strip()


@lru_cache(maxsize=4096)
def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")
