"""Orders in ordinary words: what a leader or a chair tells a unit to do, whom, and until when.

`docs/directives.md` tells the rules. What is no order is read as None: thanks, agreement, a question, what
was done or is being done, what somebody else asks for. Whoever wrote it is asked before anything counts, so
an order that is understood in part is shown with its doubt rather than dropped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from routing.deadline import WorkingCalendar
from routing.moments import (
    MOST_READ,
    LunarMoment,
    Moment,
    NoSuchMoment,
    PastMoment,
    read_moment,
    squeezed,
    typed_and_plain,
)
from routing.organisation import City
from routing.unit_mentions import Mention, find_units

ASSIGN, REPORT, EXTEND, EXPLAIN = "assign", "report", "extend", "explain"
LOOK = "look"
"""An order to find out: with a word of reporting it is a report, else an order to settle the case."""

PAST, NO_SUCH_DAY, LUNAR, UNKNOWN_UNIT, SEVERAL_UNITS, HOW_LONG = (
    "past",
    "no_such_day",
    "lunar",
    "unknown_unit",
    "several_units",
    "how_long",
)
"""What is in doubt: the time named is over, does not exist or is of the lunar calendar, the unit named is
none or may be several, and how much more time is meant."""
DAYS_OF_A_WEEK = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """An order. kind: "assign", "report", "extend" or "explain".

    unit_code: the unit named, None for the one that has the case. units: those that may be meant where
    several are. of_place: the ward of the case's place is meant ("giao phường xử lý"). bare: the kind of
    unit, without accents, that is told to act without a name ("công an", "sở"). due: until when.
    more_hours: working hours more, for "extend". doubt: what must be asked before it can count, or "".
    """

    kind: str
    unit_code: str | None = None
    units: tuple[str, ...] = ()
    of_place: bool = False
    bare: str = ""
    due: Moment | None = None
    more_hours: float | None = None
    doubt: str = ""
    doubtful: str = ""
    """The words in doubt."""

    @property
    def due_at(self) -> datetime | None:
        """Until when, in UTC; None where no time is named."""
        return self.due.at if self.due else None


_LEAD = (
    r"(?:giao(?: lai)?(?: cho)?|chuyen(?: lai| ngay| gap| tiep)?(?: cho| sang| ve)?|phan cong(?: cho)?"
    r"|chi dao"
    r"|yeu cau|de nghi|don doc|nhac(?: nho)?|nho|giuc|cu|tra lai(?: cho)?|kinh de nghi|cho phep|dong y cho)"
)
_WORK = (
    r"(?:x[uư] l[iy]|giai quyet|kiem tra|xac minh|khac phuc|thuc hien|khan truong|don(?! doc| vi)|thu gom"
    r"|sua(?: chua)?"
    r"|va lai|thay|cat tia|xu phat|tra loi|vao cuoc|tham muu|to chuc|phoi hop|hoan thanh|lam(?: ngay"
    r"| xong| gap| di)"
    r"|dut diem|theo doi|ra soat|cu nguoi|co mat|xuong(?: ngay| hien truong)|tiep nhan|thao do|giai toa"
    r"|lap bien ban"
    r"|bo tri|cap cuu|ho tro|don dep|nao vet|phun|lap lai|dan di|giam sat|tiep thu|tap trung|cham dut"
    r"|dinh chi)"
)
_REPORT = (
    r"(?:bao cao|bc(?= (?:toi|anh|chi|ket|lai|truoc|ngay|tien|tinh|ve|gap|t|thanh)|$)|cho biet"
    r"|cho toi biet|bao lai"
    r"|phan hoi|thong tin lai|tra loi (?:toi|lanh dao|thanh pho|thuong truc)|cap nhat (?:tinh hinh"
    r"|tien do|ket qua)"
    r"|gui (?:ket qua|bao cao|anh))"
)
_EXPLAIN = (
    r"(?:giai trinh|kiem diem|giai thich(?: ro)?(?: ly do| li do| vi sao| tai sao| nguyen nhan)?"
    r"|(?:lam|neu|noi|chi) ro (?:ly do|li do|nguyen nhan|vi sao|tai sao|trach nhiem)"
    r"|(?:bao cao|cho biet|tra loi) (?:ro )?(?:ly do|li do|nguyen nhan|vi sao|tai sao))"
)
_WHY = re.compile(
    r"^(?:the )?(?:vi sao|tai sao|sao(?! y)|ly do (?:gi|vi sao)|vi ly do gi|nguyen nhan (?:gi|vi sao"
    r"|tai sao))\b"
)
_WHY_WHAT = re.compile(r"\b(?:cham|tre|qua han|chua|khong|lau|de (?:keo dai|qua|cham)|mai|keo dai|ton|bo)\b")
_TIME_AMOUNT = (
    r"(?P<count>\d{1,3}|mot|hai|ba|bon|nam|sau|bay|tam|chin|muoi) ?(?P<what>ngay|tuan|gio|tieng|thang|h)"
)
_EXTEND = re.compile(
    r"(?:gia han|lui (?:thoi )?han|noi han|keo dai (?:thoi )?han|cho lui|gian han"
    r"|(?:cho (?:(?:@|phuong|so|xa|don vi|ho|anh em|dia phuong|ben \w+)[@ ]*)?)?"
    rf"them (?:\w+ ){{0,2}}?(?:{_TIME_AMOUNT}|thoi gian|thoi han))"
)
_AMOUNT = re.compile(
    rf"(?:gia han|lui|noi han|keo dai|them|gian han)(?: (?!den|toi|truoc)\w+){{0,4}}? {_TIME_AMOUNT}\b(?! \d)"
)
_NUMBERS = dict(
    zip(("mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin", "muoi"), range(1, 11), strict=True)
)

_SPEAKER = (
    r"(?:toi|anh|chi|minh|em(?= (?:giao|de nghi))|lanh dao(?: thanh pho| tp| ubnd)*|thanh pho"
    r"|ubnd(?: thanh pho| tp)?|thuong truc(?: \w+){0,3}?"
    r"|chu tich(?: ubnd)?(?: thanh pho| tp)?)"
)
_CALLS = (
    r"(?:dong chi|d/c|dc|cac dong chi|anh|chi|em|chu tich|bi thu|giam doc|lanh dao|ubnd|uy ban nhan dan"
    r"|uy ban|ong|ba"
    r"|cac|don vi|ben|phia|can bo|dia phuong)"
)
_SOFT = (
    r"(?:vang|da|u|ok|oke|duoc|ro|roi|the|vay|the thi|vay thi|xin|vui long|lam on|hay|nay|gio|bay gio"
    r"|ngay|gap|lai|tiep"
    r"|tiep tuc|truoc mat|truoc het|can|phai|can phai|con|va|thi|cung|nen|khan truong|khan|tiep theo"
    r"|mot lan nua"
    r"|cam on|nhat tri|dong y|tuy nhien|nhung|a|nhe|chao(?: \w+)?|alo|nghiem tuc|trinh|thong nhat"
    r"|ve viec nay|viec nay|vu nay)"
)
_FEW = "{0,8}"
"""How many words of politeness and address are passed over: some can be read in two ways, and many of them in
more ways than could ever be tried."""
_CLAUSE = re.compile(r"[.,;:!\n–]+| - |(?<=\w)\? ?")
_HEAD = re.compile(
    rf"^(?:{_SOFT} ){_FEW}(?:{_SPEAKER} (?:(?:tiep tuc|de nghi|xin|cung|muon|can) )*)?"
    rf"(?P<head>{_LEAD}|{_WORK}|{_REPORT}|{_EXPLAIN}|(?:cho )?{_EXTEND.pattern})\b"
)
_UNIT_FIRST = re.compile(
    rf"^(?:{_SOFT} ){_FEW}(?:{_CALLS} ){_FEW}"
    rf"@+ ?(?:(?:can|phai|hay|khan truong|nhanh chong|chu dong|chu tri|som"
    rf"|cho|tiep tuc|"
    rf"va|lien he|phoi hop voi|ngay|gap|cung|nho|xin|vui long|co trach nhiem|tap trung) |@+ )*"
    rf"(?P<head>{_WORK}|{_REPORT}|{_EXPLAIN})\b"
)
_DONE = re.compile(
    r"\b(?:da|dang|vua|moi|se) (?:duoc |co |cho |cu |to chuc |phoi hop |kiem tra |tien hanh |va dang )*"
    rf"(?:{_WORK}|{_REPORT}|{_LEAD}|gia han|giai trinh|xong)\b"
)
_SAID_DONE = re.compile(
    r"(?:\bxong (?:roi|het|a)\b|\broi(?: nhe| a| anh| ban)?$|\bthay (?:da|rang|van|rac|khong)\b)"
)
_REFUSED = re.compile(
    r"(?:^|\s)(?:khong|chua|khoi|dung|thoi|chang)(?: can| phai| nen| co| duoc| muon| can phai| phai la)*$"
)
_ASKED = re.compile(
    r"(?:\b(?:khong|chua|chu|ha|a|nhi)$|^(?:ai|khi nao|bao gio|the nao|o dau|bao nhieu|may|co|da|lieu"
    r"|phuong nao"
    r"|don vi nao|so nao)\b|\b(?:duoc khong|chua|khi nao|bao gio|the nao|ra sao|den dau|ai)\b.*$)"
)
_FROM_BELOW = re.compile(
    r"^(?:da |thua |kinh )*(?:em|chau|phuong em|ben em|chung em|don vi em|xin|kinh)(?: xin| kinh)* "
    r"(?:bao cao|giai trinh|gia han|thua|gui|tiep thu)"
    r"|^(?:kinh )?bao cao (?:anh|chi|dong chi|lanh dao|thu truong|sep|chu tich|ubnd|thanh pho|cac dong chi)\b"
    r"(?!.{0,40}\b(?:truoc|trong|hom nay|ngay|gap|chieu|sang)\b)"
    r"|\bxin (?:duoc )?(?:phep )?(?:gia han|lui|them|giai trinh|bao cao|y kien|cho em)\b"
)
"""What a unit says to whoever gives orders."""
_TOLD_OF = re.compile(
    r"^(?:theo|da|dang|nhan|xem|doc|cho|nguoi dan|dan|ba con|cong dan|bao chi)\b"
    r"(?! (?:thanh pho|phep|them|lui|gia|toi|biet|noi|don|cu tri|@|phuong|xa|so|ho|anh|ben|dia))"
    r"|\bbao cao (?:cua|nay|do|tren|nhu sau)\b"
)
"""What is told of, or what somebody else asks for."""
_PLACE = re.compile(
    r"\b(?:o|tai|dia ban|thuoc|cua|khu vuc|gan|giua|phia|doan|ben canh|canh|tu|rieng|nhu|bao cao(?: ve"
    r"| cho| len)?"
    r"|phan hoi(?: cho)?|gui(?: cho| ve)?|phoi hop(?: chat che)?(?: voi)?|cung(?: voi)?|voi"
    r"|bao) *(?:ubnd *)?$"
)
"""What stands before a unit that is not the one who is told to act."""
_HELD = re.compile(
    r"\b(?:don vi(?: dang (?:xu ly|giai quyet|thu ly|phu trach|giu)| duoc (?:giao|phan cong)| chu tri"
    r"| phu trach)?"
    r"|dia phuong|co quan chuc nang)\b"
)


_WORTH_READING = re.compile(rf"{_LEAD}|{_WORK}|{_REPORT}|{_EXPLAIN}|them|gia han|han|sao|ly do|nguyen nhan")
"""Without any of these words nothing is ordered, and no names need to be looked up."""


def read_instruction(
    text: str, city: City, *, now: datetime, calendar: WorkingCalendar | None = None
) -> Instruction | None:
    """Return the order that a text gives, None where it gives none. `now` is aware; times are worked out by
    the city's calendar unless another is given.
    """
    text = text[:MOST_READ]
    typed, plain = typed_and_plain(text)
    mentions = find_units(text, city) if _WORTH_READING.search(plain) else []
    kind = _kind_in(plain, mentions)
    if kind is None:
        return None
    told = _addressed(Instruction(kind=kind), typed, plain, mentions, city)
    if kind == EXTEND and (hours := _more_hours(plain, calendar or city.calendar)) is not None:
        return replace(told, more_hours=hours)
    blank = _without(typed, mentions)
    return _until(told, blank, now, calendar or city.calendar)


_REASON = re.compile(
    r"\b(?:(?:với |vì )?(?:lý do|lí do|ly do|li do)(?: là)?(?! (?:gì|vì sao|tại sao))"
    r"|vì(?! (?:sao|thế|vậy|đó|lý do|lí do))|do(?! (?:đó|vậy|ai|sao)))\b:? *(?P<why>[^.;!?\n]+)",
    re.IGNORECASE,
)
_REASON_HURRIED = re.compile(
    r"\b(?:l[yi] do(?: la)?|vi(?! (?:sao|the|vay|do|pham|tri)\b))\b:? *(?P<why>[^.;!?\n]+)", re.IGNORECASE
)
_ORDER_GOES_ON = re.compile(
    r", *(?=(?:nên |thì )?(?:gia hạn|gia han|cho thêm|cho them|thêm|lùi|yêu cầu|giao|báo cáo|đề nghị"
    r"|đồng ý)\b)",
    re.IGNORECASE,
)


def reason_in(text: str) -> str:
    """Return the reason that an order states behind "vì", "do" or "lý do", as typed; empty for none."""
    typed, _ = typed_and_plain(text)
    found = (_REASON_HURRIED if typed.isascii() else _REASON).search(typed)
    return _ORDER_GOES_ON.split(found["why"])[0].strip(' ,:–-"”') if found else ""


# ── what is ordered ──────────────────────────────────────────────────────────────────────────────


def _kind_in(plain: str, mentions: Sequence[Mention]) -> str | None:
    """Return the kind of the order, each unit that is named standing as one sign."""
    shown = plain
    for mention in reversed(mentions):
        shown = f"{shown[: mention.start]} @ {shown[mention.end :]}"
    close = squeezed(re.sub(r"[\"'“”()*]", " ", shown))[0].strip(" -")
    close = _HELD.sub("@", close)
    asked = close.endswith("?")
    if any(_FROM_BELOW.search(clause) for clause in _clauses(close)):
        return None
    kinds = {_kind_of_clause(clause, asked=asked) for clause in _clauses(close)}
    if LOOK in kinds and ASSIGN not in kinds:  # who is to look and to tell need not take the case over
        kinds |= {ASSIGN} - ({ASSIGN} if REPORT in kinds else set())
    return next((kind for kind in (EXTEND, EXPLAIN, ASSIGN, REPORT) if kind in kinds), None)


def _clauses(close: str) -> list[str]:
    """Return the parts of a text between stops; what "P." or "17:00" holds together stays so."""
    kept = re.sub(r"(?<=\d)[.:,](?=\d)", "·", close)
    parts = [part.strip() for part in _CLAUSE.split(kept)]
    return [part for part in parts if part]


def _kind_of_clause(clause: str, *, asked: bool) -> str | None:
    if _WHY.search(clause):
        return EXPLAIN if _WHY_WHAT.search(clause) else None
    head = _HEAD.search(clause) or _UNIT_FIRST.search(clause)
    if head is None or _TOLD_OF.search(clause) or _DONE.search(clause) or _SAID_DONE.search(clause):
        return None
    if _REFUSED.search(clause[: head.start("head")]):
        return None
    rest = clause[head.start("head") :]
    explains = re.search(rf"\b{_EXPLAIN}\b", rest) is not None
    reports = re.search(rf"\b{_REPORT}\b", rest) is not None
    if (asked or _ASKED.search(clause)) and not (
        (re.match(_LEAD, rest) and (explains or reports)) or (explains and not asked)
    ):
        return None
    if _EXTEND.search(rest) and not re.search(
        r"\b(?:khong|chua|dung) (?:duoc |cho |xin )*(?:gia han|them|lui)", rest
    ):
        return EXTEND
    if explains:
        return EXPLAIN
    return _work_or_report(rest, reports)


_GIVES = re.compile(r"(?:giao|chuyen|phan cong|tra lai)\b")
_LOOKS = re.compile(r"\b(?:kiem tra|xac minh|ra soat|theo doi|giam sat)\b")
_SETTLES = re.compile(
    r"\b(?:xu l[iy]|giai quyet|khac phuc|thu gom|don(?! doc| vi)|sua|thao do|giai toa|dut diem|xu phat"
    r"|tra loi (?:nguoi )?dan)\b"
)
_BARE_WORK = re.compile(
    rf"^{_WORK}(?:$| (?:@ )?(?:ngay|gap|dut diem|truoc|trong|som|khan|nhanh|lai|ket qua|cho|xong|di|luon"
    rf"|trong|theo|va|"
    r"bao cao|viec|vu|hien truong|thong tin|phan anh|the|nghiem|triet de|kip thoi|gon|hom nay|chieu|sang"
    r"|mai|den|nhe|"
    r"nguoi dan|rac|o ga|ben|ro|cu the|hoan thanh|toan bo|tinh trang|tai|xac minh|xu ly|giai quyet|\d))"
)


def _work_or_report(rest: str, reports: bool) -> str | None:
    """Tell an order to settle something from one to look into it and one to report."""
    lead = re.match(_LEAD, rest)
    if reports and not _SETTLES.search(rest):
        return REPORT
    works = re.search(rf"\b{_WORK}\b", rest) is not None
    if lead is None:
        told = _BARE_WORK.search(rest) or "@" in rest or (works and _has_time(rest))
    elif _GIVES.match(rest):
        told = works or "@" in rest
    else:
        told = works
    if not told:
        return None
    return LOOK if _LOOKS.search(rest) and not _SETTLES.search(rest) else ASSIGN


def _has_time(rest: str) -> bool:
    return re.search(r"\b(?:truoc|trong|hom nay|ngay mai|han|cham nhat|den het)\b", rest) is not None


# ── whom ─────────────────────────────────────────────────────────────────────────────────────────


def _addressed(
    told: Instruction, typed: str, plain: str, mentions: Sequence[Mention], city: City
) -> Instruction:
    """Return the order with the unit that is told to act."""
    named = [
        mention
        for number, mention in enumerate(mentions)
        if not _PLACE.search(squeezed(plain[: mention.start])[0])
        and not (
            number and mentions[number - 1].kind and plain[mentions[number - 1].end : mention.start] == " "
        )
    ]
    sure = [mention for mention in named if not mention.bare]
    if not sure:
        told = replace(told, bare=named[0].kind if named else "")
        wards = any(mention.bare and mention.kind in ("phuong", "xa") for mention in named)
        return replace(told, of_place=wards and told.kind == ASSIGN)
    first = sure[0]
    if not first.units:
        return replace(told, doubt=UNKNOWN_UNIT, doubtful=typed[first.start : first.end])
    codes = dict.fromkeys(code for mention in _beside(plain, sure) for code in mention.units)
    if len(codes) == 1:
        return replace(told, unit_code=first.units[0])
    words = typed[first.start : first.end]
    return replace(told, units=tuple(codes), doubt=SEVERAL_UNITS, doubtful=words)


def _beside(plain: str, mentions: Sequence[Mention]) -> list[Mention]:
    """Return the first mention with those that are told together with it: "giao phường A và Sở B"."""
    told = [mentions[0]]
    for mention in mentions[1:]:
        between = squeezed(plain[told[-1].end : mention.start])[0].strip()
        if re.fullmatch(r"(?:,|va|hoac|hay|&|\+|cung)?(?: ?ubnd)?", between) is None:
            break
        told.append(mention)
    return told


# ── until when ───────────────────────────────────────────────────────────────────────────────────


def _without(typed: str, mentions: Sequence[Mention]) -> str:
    """Return the text with blanks for the units, so that "Hoàng Mai" is no morning."""
    for mention in mentions:
        typed = typed[: mention.start] + " " * (mention.end - mention.start) + typed[mention.end :]
    return typed


def _until(told: Instruction, text: str, now: datetime, calendar: WorkingCalendar) -> Instruction:
    try:
        due = read_moment(text, now=now, calendar=calendar)
    except PastMoment as past:
        return _doubted(told, PAST, past.words)
    except NoSuchMoment as impossible:
        return _doubted(told, NO_SUCH_DAY, impossible.words)
    except LunarMoment as lunar:
        return _doubted(told, LUNAR, lunar.words)
    if due is None and told.kind == EXTEND:
        return _doubted(told, HOW_LONG, "")
    return replace(told, due=due)


def _doubted(told: Instruction, doubt: str, words: str) -> Instruction:
    return told if told.doubt else replace(told, doubt=doubt, doubtful=words)


def _more_hours(plain: str, calendar: WorkingCalendar) -> float | None:
    """Return the working hours that "thêm 3 ngày" or "gia hạn 1 tuần" mean; None where no amount is named."""
    found = _AMOUNT.search(squeezed(plain)[0])
    if found is None or found["what"] == "thang":
        return None
    count = int(found["count"]) if found["count"].isdecimal() else _NUMBERS[found["count"]]
    if not 0 < count <= 100:
        return None
    if found["what"] in ("gio", "tieng", "h"):
        return float(count)
    days = count * (DAYS_OF_A_WEEK if found["what"] == "tuan" else 1)
    return days * calendar.hours_of_day
