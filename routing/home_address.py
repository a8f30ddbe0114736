"""Where a text says that somebody lives: masked wherever the text is shown to more than those who act."""

import re
from collections.abc import Iterator

from routing.personal_data import PersonalData

_NUMBER = (
    r"(?:số(?:\s+nhà)?\s*)?\d{1,4}[A-Za-z]?(?:[/-]\d{1,4}[A-Za-z]?){0,3}"
    r"(?:,?\s+(?:ngõ|ngách|hẻm|kiệt|tổ)\s+\d{1,4}[A-Za-z]?(?:/\d{1,4}){0,2}){0,3}"
    r"|(?:phòng|căn(?:\s+hộ)?)\s+[A-Z]?\d{1,5}[A-Z]?"
)
_WHO = r"(?:tôi|em|mình|cháu|chúng\s+tôi|ông|bà|anh|chị|cô|chú|bác|gia\s+đình(?:\s+tôi)?|•••)"
_CUE = re.compile(
    rf"(?:nhà\s+(?:riêng\s+)?(?:của\s+)?{_WHO}(?:\s+•••)?|{_WHO}(?:\s+•••)?\s+(?:hiện\s+)?(?:đang\s+)?"
    rf"(?:ở|sống|cư\s+trú|thường\s+trú|tạm\s+trú)|địa\s+chỉ(?:\s+nhà)?(?:\s+(?:của\s+)?{_WHO})?|hộ\s+(?:ông|bà)"
    rf"(?:\s+•••)?|thường\s+trú|tạm\s+trú)(?:\s+(?:ở|tại|là))?\s*[:,]?\s*({_NUMBER})(?![\w/])",
    re.IGNORECASE,
)


def find_home_addresses(text: str) -> Iterator[PersonalData]:
    """Find the house numbers that stand behind words such as "nhà tôi ở" or "địa chỉ nhà".

    The streets stay: that is where the matter is. Names may be masked already.
    """
    for match in _CUE.finditer(text):
        yield PersonalData(type="home_address", start=match.start(1), end=match.end(1))
