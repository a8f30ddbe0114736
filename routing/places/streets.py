"""The street that a text names: after "đường", "phố", "hẻm 12", "QL 1A", a house number."""

import re
from collections.abc import Sequence

from routing.places.mentions import Mention
from routing.places.words import Word, agreement

_STREET_WORDS = {"duong": "đường", "dg": "đg", "pho": "phố", "dai lo": "đại lộ"}
_ALLEYS = frozenset(("ngo", "ngach", "hem", "kiet"))
_NUMBERED = {
    ("quoc", "lo"): "Quốc lộ",
    ("ql",): "Quốc lộ",
    ("tinh", "lo"): "Tỉnh lộ",
    ("tl",): "Tỉnh lộ",
    ("dt",): "Tỉnh lộ",
    ("huong", "lo"): "Hương lộ",
    ("hl",): "Hương lộ",
    ("vanh", "dai"): "Vành đai",
}
_NOT_PHO = frozenset(("thanh", "khu", "dan", "mon", "quan", "hang", "noi", "duong"))
_SURNAMES = frozenset(
    (
        "nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong li dinh trinh truong mai to ta cao"
        " luu luong chu ton dao doan ha lam phung quach thai tong trung trieu tang vuong cu ong ba"
    ).split()
)
# Words that end a street's name when nothing is capitalised.
_STOP = frozenset(
    (
        "o tai thuoc doan gan co bi dang cua voi va den truoc sau phuong quan huyen xa tinh thanh tp p q h tx tt"
        " thi la nay do kia ay khong ko k dc duoc thi ma nhung nen vi do mat nuoc den dien rac ngap xuong hu hong"
        " sut lun xe cong nguoi dan nha cho toi qua vao ra len xuong di ve tu khu ap thon to so ngo hem kiet ngach"
        " doi dien canh ngay chieu sang toi dem suot hay rat qua nhieu may cac nhung mot hai ba bon nam luc khi"
        " bay gio roi van con da se chua moi lam bat het toan bo cung luon moc day dai rong hep be lon cu moi"
        " noi ke goc nga cau hien doc duong pho ca kenh via he dau cuoi giua tren duoi trong ngoai ban dia"
        " thuong xuyen tuyen lien chinh lang dat nhua tong bo bao vinh ham quanh"
    ).split()
)
_NUMBER = re.compile(r"\d+(?:[.,/]\d+)*(?:[a-zđ]\b)?", re.IGNORECASE)
_HOUSE = re.compile(
    r"[ ]?(?:số\s+)?(?:nhà\s+)?\d+[a-z]?(?:[/.-]\d+[a-z]?)*[ ,]{1,2}(?:(?:đường|phố)\s+)?", re.IGNORECASE
)
_MOST = 5


def find_street(text: str, words: Sequence[Word], mentions: Sequence[Mention]) -> str | None:
    """Return the street's name as it is typed, without the house number; None when none is named."""
    units = {position for mention in mentions if mention.level != "bare" for position in (mention.start,)}
    capitals = sum(word.capital for word in words)
    capitalised = 1 < capitals <= 0.7 * len(words)
    for position in range(len(words)):
        street = _numbered(text, words, position) or _named(text, words, position, units, capitalised)
        if street:
            return street
    return None


def _numbered(text: str, words: Sequence[Word], position: int) -> str | None:
    for keys, full in _NUMBERED.items():
        after = position + len(keys)
        if tuple(word.key for word in words[position:after]) == keys and after < len(words):
            number = _NUMBER.match(text, words[after].start)
            if number and text[words[after - 1].end : words[after].start] in ("", " ", "."):
                return f"{full} {number.group().rstrip('.,/')}"
    return None


def _named(text: str, words: Sequence[Word], position: int, units: set[int], capitalised: bool) -> str | None:
    key = words[position].key
    after = position + 1
    if key in _ALLEYS and after < len(words) and words[after].key.isdecimal():
        after = _skip_house(text, words, after)
    elif key == "pho" and position and words[position - 1].key in _NOT_PHO:
        return None
    elif key not in ("duong", "dg", "pho") and not (
        words[position].lower == "đ" and not words[position].touching
    ):
        return None
    if key in ("duong", "pho") and agreement(words[position].lower, _STREET_WORDS[key]) < 0:
        return None
    if after >= len(words):
        return None
    code = _code(text, words, after)
    if code:
        return code
    end = _name_end(words, after, units, capitalised)
    return text[words[after].start : words[end - 1].end] if end - after >= 2 else None


def _skip_house(text: str, words: Sequence[Word], position: int) -> int:
    while position < len(words) and (words[position].key.isdecimal() or len(words[position].key) == 1):
        position += 1
    if position < len(words) and words[position].key in ("duong", "pho", "dg"):
        position += 1
    return position


def _code(text: str, words: Sequence[Word], position: int) -> str | None:
    """Return "Đường số 18D", "Đường D2", "Đường 3/2" when a street has a code for a name."""
    numbered = (
        words[position].key == "so" and position + 1 < len(words) and words[position + 1].key.isdecimal()
    )
    start = position + 1 if numbered else position
    word = words[start]
    if word.key.isdecimal():
        number = _NUMBER.match(text, word.start)
        plain = number is not None and (numbered or "/" in number.group())
        return f"Đường {'số ' if numbered else ''}{number.group()}" if number and plain else None
    if len(word.key) == 1 and word.capital and word.linked:
        follower = words[start + 1] if start + 1 < len(words) else None
        if follower is not None and follower.touching and follower.key.isdecimal():
            return f"Đường {text[word.start : follower.end]}"
        if follower is None or not (follower.linked and follower.capital):
            return f"Đường {text[word.start : word.end]}"
    return None


def _name_end(words: Sequence[Word], start: int, units: set[int], capitalised: bool) -> int:
    end = start
    while end < min(len(words), start + _MOST):
        word = words[end]
        if end > start and not word.linked:
            break
        if end > start and end in units:
            break
        if word.key.isdecimal():
            end += end - start >= 2
            break
        if capitalised:
            if not word.capital:
                break
        elif word.key in _STOP or not word.key:
            break
        elif end - start >= 3 and words[start].key in _SURNAMES:
            break
        end += 1
    return end
