"""The signs by which a question about the figures is read: patterns over words without accents.

Names have been marked before: "@u" is a unit, "@d" a domain, "@p" a period.
"""

import re
from typing import Literal

Direction = Literal["most", "least", "good", "bad"]

_WORK = r"(?:xu ly|giai quyet|tra loi|phan hoi|hoan thanh|thuc hien|dap ung)"
_NOUN = (
    r"(?:phan anh(?: kien nghi)?|y kien|kien nghi|vu(?: viec)?|ho so|don(?! vi| doc)|tin(?: bao)?|truong hop"
    r"|viec|cuoc goi|ca phan anh|yeu cau|phan nan|khieu nai)"
)
_COUNT = r"(?:bao nhieu|may|tong so(?: luong)?|tong|so luong|luong|so)"
_LATE = r"(?:bi )?(?:tre|muon|cham)(?: tre)?(?: han| hen| tien do| thoi han)?"
_PEOPLE = r"(?:nguoi(?: dan| gui)?|dan|cong dan|ba con|cu tri|ca nhan|nguoi nao)"
_SPEAK = (
    r"(?:phan anh|gui|keu(?: ca)?|kien nghi|phan nan|than phien|ca than|khieu nai|len tieng"
    r"|to(?= (?:nhieu|it)|$)|che|goi(?: dien| den)?)"
)

METRICS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (metric, re.compile(pattern))
    for metric, pattern in (
        (
            "late_with_extension",
            r"\bgia han\b|\bxin (?:them thoi gian|lui han)\b|\b(?:lui|gian|keo dai thoi) han\b",
        ),
        (
            "at_risk",
            r"\b(?:sap|chuan bi|suyt)(?: sua)?(?: bi)? (?:tre|qua|het|den|toi|cham|muon|vi pham)"
            r"(?: thoi)?(?: han| hen| ky han| tien do)?(?: xu ly| tra loi| giai quyet)?\b"
            r"|\b(?:co )?nguy co(?: cao)?(?: bi)?(?: tre| qua| cham| het| muon)?(?: han| hen)?\b"
            r"|\b(?:can|gan|ke)(?: ke)?(?: ngay)?(?: den| toi| het| tre| qua)? han\b|\bgan tre\b"
            r"|\b(?:co )?kha nang(?: bi)? (?:tre|cham|qua)(?: han| hen)?\b|\bde (?:tre|cham)(?: han| hen)\b",
        ),
        (
            "reopened",
            rf"\b(?:phai |bi |duoc )*(?:mo|lat|dao|gui|lam|phan anh|kien nghi|khieu nai|{_WORK}|tra|dong)"
            r"(?: ho so| vu viec)? lai\b(?! cho)|\b(?:khong|chua) (?:dong y|chap nhan|thoa dang)\b"
            r"|\btai mo\b",
        ),
        (
            "satisfaction",
            r"\b(?:ty le |muc do |muc |do |diem )?(?:chua |khong )?hai long\b|\bdanh gia\b|\bcham (?:diem"
            r"|sao)\b"
            r"|\bdiem (?:so|trung binh|danh gia|tin nhiem)\b|\b(?:bao nhieu|may) (?:sao|diem)\b|\bvua long\b"
            r"|\b(?:duoc )?(?:khen|che)\b",
        ),
        (
            "on_time_rate",
            r"\b(?:ty le )?(?:xu ly |giai quyet |tra loi |lam )?(?<!khong )(?<!chua )(?<!khong xu ly )"
            r"(?<!khong giai quyet )(?<!khong tra loi )(?:dung|kip)"
            r" (?:thoi )?(?:han|hen|ky han|tien do|thoi gian quy dinh)\b|\btrong han\b|\b(?:dat|som) han\b"
            r"|\btruoc han\b",
        ),
        (
            "late",
            rf"\b(?:da )?{_WORK}(?: xong)? (?:bi )?qua han\b|\b(?:khong|chua)(?: {_WORK})? (?:dung"
            r"|kip)(?: thoi)? (?:han|hen)\b"
            r"|\b(?:truot|lo|vo) (?:han|hen)\b|\bvi pham thoi han\b",
        ),
        (
            "overdue",
            r"\b(?:dang |bi |da )*(?:qua|vuot)(?: thoi)? (?:han|hen)\b|\bhet han\b"
            rf"|\b(?:dang|con)(?: dang)? {_LATE}(?! nhat)\b"
            rf"|\b{_LATE}(?: roi)?(?: ma| nhung)?(?: van)?(?: con)? chua(?: duoc)?(?: {_WORK}| xong| lam)*\b"
            rf"|\bchua {_WORK}(?: ma)?(?: da| bi)* {_LATE}\b"
            rf"|\b(?:con|dang) no\b|\bno (?=nhieu|bao nhieu|dong|han|{_NOUN})|\b(?:cham|qua) tra no\b",
        ),
        (
            "median_hours",
            r"\b(?:mat |het |trong |ton )?(?:khoang )?bao lau\b|\bthoi gian(?: trung binh| trung vi)?"
            rf" (?:de )?(?:{_WORK}|cho|trung binh|trung vi|binh quan|nhanh|lau)(?: xong)?\b"
            r"|\b(?:so )?trung vi\b"
            r"|\b(?:mat |het |trong |ton )(?:bao nhieu|may) (?:gio|ngay|tieng|thoi gian)\b"
            r"|\bbao nhieu (?:gio|ngay|tieng|thoi gian)\b|(?<!luc )\bmay (?:gio|tieng)\b(?! roi)"
            r"|\bmay ngay(?! nay| qua| gan)\b"
            r"|\bso (?:gio|ngay) (?:trung binh|xu ly|giai quyet|trung vi)\b|\btoc do(?: xu ly| giai quyet)?\b"
            r"|\b(?:tb|trung binh) (?:mot|1) (?:vu|ho so)\b",
        ),
        (
            "late",
            r"\b(?:tra loi|xu ly|giai quyet|bi|vu|phan anh|ho so|so|hay|lam) muon(?! biet| xem| hoi| nghe)\b"
            r"|\bmuon (?=han|hen|nhat|nhieu|bao nhieu|hon)(?:han|hen)?"
            r"|\b(?:bi )?tre(?! em)(?: han| hen| tien do)?\b|\bcham (?:tre|han|hen|tien do)(?: han)?\b"
            r"|\bcham(?= nhieu nhat| bao nhieu| may)"
            rf"|\b(?:so|bao nhieu|may|nhieu) {_NOUN}(?: bi)?(?: {_WORK})? cham\b|\bbi cham\b",
        ),
        (
            "median_hours",
            r"\b(?:cham|lau|nhanh)(?: chap| lep)?(?: nhat| hon| hay cham| the nao)\b"
            r"|\b(?:nao|\d \w+|\d \w+ \w+)(?: dang)?(?: xu ly| giai quyet| tra loi)? cham\b"
            r"|\bnhanh\b(?= (?:nhat|hay))"
            r"|\b(?:nhanh|cham) chong\b|\brua\b",
        ),
        (
            "people",
            rf"\b(?:bao nhieu|may|tong so|so luong|luong|so) (?:luot )?{_PEOPLE}\b(?! (?:khong|chua|dan))"
            rf"|\b(?:dong|nhieu|it) (?:luot )?{_PEOPLE}(?: di)? {_SPEAK}(?: phan anh| kien nghi)?\b"
            r"|\bluot nguoi(?: dan)?\b|\bso luot\b",
        ),
        (
            "open",
            rf"\b(?:con |dang |van )*(?:duoc )?dang (?:duoc )?(?:{_WORK}|mo|ton|treo|lam|cho|do dang|giu)\b"
            r"|\b(?:con |dang |bi |van |hien )*(?:ton dong|ton lai|ton|(?<!@)u dong|do dang|treo"
            r"|ket lai|ngam)\b"
            r"|\bchua (?:duoc )?(?:dut diem|dong|co ket qua|ai lam|dau vao dau|xong|lam|"
            rf"{_WORK})(?: xong| dut diem| duoc)*\b|\b{_WORK} chua xong\b"
            r"|\bcon (?:lai |mo )?(?=bao nhieu|may|nhieu)|\bcon mo\b|\bcon lai\b|\bdang mo\b|\bton kho\b",
        ),
        (
            "answered",
            rf"\b(?:da |duoc |vua |moi |kip )+(?:duoc )?(?:{_WORK}|dong|khep|lam)(?: xong| duoc| dut diem"
            r"| roi)*\b"
            rf"|\b(?:{_WORK}|dong|lam)(?: xong| duoc| dut diem)+(?= |$)"
            rf"|\b{_WORK} (?=(?:bao nhieu|may|nhieu|it)\b)|\bso {_WORK}\b"
            rf"|\bso {_NOUN} (?:da )?{_WORK}(?: xong| duoc| roi)*\b"
            rf"|\b(?:bao nhieu|may|tong so|so luong) {_NOUN} (?:@d |@u |ve )*(?:duoc |da )*(?:{_WORK}|xong)"
            r"(?: xong| duoc| roi)*\b|\b(?:da |co )(?:co )?ket qua\b|\b(?:da )?xong (?=bao nhieu|may"
            r"|nhieu)|\bda xong\b",
        ),
        (
            "received",
            rf"\bco (?:them |gi )?(?:{_NOUN} )(?:nao|gi)(?: moi)?\b|\bco gi moi\b"
            rf"|\bco nhieu (?={_NOUN})|\bkeu(?: ca)? (?:cai )?gi\b"
            r"|\b(?:duoc |da |bi )*(?:tiep nhan|nhan duoc|nhan ve|nhan vao|gui den|gui ve|gui len|gui toi"
            r"|do ve)\b"
            rf"|\b(?:nhan|gui) (?=(?:moi )?(?:bao nhieu|may|nhieu|it|them)\b)|\b{_COUNT} {_NOUN}(?: moi)?\b"
            rf"|\b(?:nhieu|it) {_NOUN}\b(?=.* (?:nhat|hon)\b)"
            r"|\b(?:bi |duoc )(?:dan )?(?:phan anh|keu|phan nan|kien nghi|keu ca|che trach)\b|\bkeu ca\b"
            r"|\b(?:than phien|ca than|phan nan)\b"
            rf"|\b(?:nguoi dan|ba con|dan|cu tri|cong dan)(?: minh| hay| ho)? {_SPEAK}(?: ca)?\b"
            rf"|^(?:cho (?:anh|chi|toi|em|minh|biet) )?(?:tong )?(?:so )?(?:luong )?(?:cac )?{_NOUN}"
            r"(?: (?:ve|o|cua|tai|trong|thuoc|lien quan den|@\w))+(?: (?:thi|la|co|het|duoc|tong cong))*"
            r" (?:bao nhieu|may)\b(?: vu| cai)?(?= |$)"
            rf"|\b{_NOUN} moi\b",
        ),
    )
)
"""What is counted, the most telling sign first."""

NOUN = re.compile(rf"\b{_NOUN}\b")
BARE_METRICS = frozenset({"on_time_rate", "overdue", "at_risk", "satisfaction", "late_with_extension"})
"""Their names alone, with a unit, a domain or a time, are a question; of others they may be a report."""

NOT_KEPT = re.compile(
    r"(?<!sap )(?<!can )(?<!gan )(?<!bi )\bden han\b|"
    r"\b(?:ty le|phan tram)(?: bao nhieu)? (?:\w+ ){0,2}?(?:tre|qua han|cham|ton|mo lai|sap|nguy co)\b"
    r"|\b(?:tre|qua han|ton dong|mo lai)(?: han)? (?:bao nhieu|may) phan tram\b"
    r"|\b(?:chuyen|day) (?:len|tuyen|cap|sang|ve|cho|tra)\b"
    r"|\b(?:co|kem|khong co) (?:anh|hinh|hinh anh|video|clip)\b"
)
"""Shares, and cases by the day on which they are due: not kept, and a number of cases is no answer."""

ABOUT_WHY = re.compile(
    r"\b(?:vi sao|tai sao|vi dau|do dau|tai dau|ly do(?: gi)?|nguyen nhan(?: nao| gi)?)\b|^sao\b"
)
CHANGED = re.compile(
    r"\b(?:lai |bi |ngay cang |dot ngot |het )*(?:tut(?: hang| doc| lui| giam)?|sut(?: giam)?"
    r"|giam(?: sut)?|tang(?: vot"
    r"| manh| cao)?|di xuong|xuong(?: thap| doc)?|di lui|kem(?: di| the)?|te(?: the| di)?|xau(?: di)?|len cao"
    r"|thap(?: the)?|cao(?: the)?|nhieu(?: the| vay| qua)?|yeu(?: kem)?|do dang)\b"
)
WORSE_OR_BETTER = re.compile(
    r"\b(?:tut|sut|giam|tang|xuong|di lui|ngay cang|len cao|tot len|kha len|do dan|dan len"
    r"|(?:kem|te|xau|yeu|cham|thap|it|lui)(?: han)? (?:di|hon)"
    r"|(?:nhieu|cao|cham|lau|tre|kem|te) (?:hon|len|dan))\b"
)
"""That something is not as it was."""
ABOUT_HOT = re.compile(
    r"\b(?:dang |bi |duoc |gay )*(?:nong(?: nhat| len| hoi)?|noi com(?: nhat)?|noi len|noi bat"
    r"|buc xuc(?: nhat)?"
    r"|nhuc nhoi(?: nhat)?|gay gat(?: nhat)?|quan tam(?: nhat)?|bung phat|dang chu y(?: nhat)?|diem nong"
    r"|sot)\b"
)
HOW = re.compile(
    r"\b(?:thi |dang |co )*(?:nhu the nao|the nao|ra sao|sao roi|(?:co )?(?:tot|on|hieu qua) khong|hieu qua"
    r"|lam an(?: ra sao| the nao)?|nhu nao)\b"
)
STATE = re.compile(r"\btinh hinh\b|\bhieu qua\b|\bket qua (?:xu ly|giai quyet|cong viec|hoat dong)\b")

_UNIT_KINDS = (
    r"(?:phuong xa|xa phuong|phuong|thi tran|xa|quan huyen|quan|huyen|so (?:ban )?nganh|ban nganh|so"
    r"|don vi|dia phuong"
    r"|co quan|uy ban|cong an|phong ban|noi|cho)"
)
_DOMAIN_KINDS = (
    r"(?:linh vuc|loai(?: hinh)?(?: phan anh| vu viec| viec| vu| chuyen)?|nhom(?: van de)?|mang|van de"
    r"|chuyen|chu de|nganh)"
)
LEVELS = {
    **dict.fromkeys(("phuong xa", "xa phuong", "phuong", "xa", "thi tran"), "ward"),
    **dict.fromkeys(("quan huyen", "quan", "huyen"), "district"),
    **dict.fromkeys(("so", "so nganh", "so ban nganh", "ban nganh"), "department"),
}

TIME_STEPS = re.compile(
    r"\b(?:chia |tach |thong ke |bieu do )?(?:theo|tung|moi|hang|qua(?: cac| tung))(?: tung| cac| moi)?"
    r" (?P<step>ngay|tuan|thang)(?! (?:nay|truoc|qua|\d))(?: (?:mot|1))?\b"
    r"|\b(?P<which>ngay|tuan|thang) nao\b"
)
STEPS: dict[str, Literal["day", "week", "month"]] = {"ngay": "day", "tuan": "week", "thang": "month"}
TREND = re.compile(r"\b(?:dien bien|xu huong|bieu do|chieu huong|xu the)\b")
BY_DOMAIN = re.compile(
    rf"\b(?P<many>nhung |cac |may )?(?P<asked>{_DOMAIN_KINDS}) (?:nao|gi)\b"
    rf"|\b(?:top )?(?P<count>\d{{1,2}}) {_DOMAIN_KINDS}\b"
    r"|\b(?P<each>theo(?: tung)?|tung|moi|cac|giua cac|nhung|tat ca cac|chia theo|tach theo"
    rf"|phan theo) {_DOMAIN_KINDS}\b"
    r"|\b(?P<what>dieu gi|cai gi|ve gi|keu gi|nhung gi|gi nhieu nhat|(?:y kien|phan anh|kien nghi"
    r"|noi dung) (?:nao|gi)(?! (?:@p )?(?:khong|chua|moi)\b))\b"
)
DOMAIN_KIND = re.compile(rf"\b{_DOMAIN_KINDS}\b(?! @d)")
BY_UNIT = re.compile(
    rf"\b(?P<many>nhung |cac |may )?(?P<asked>{_UNIT_KINDS}) (?:nao|gi)\b"
    rf"|\b(?:top )?(?P<count>\d{{1,2}}) (?P<counted>{_UNIT_KINDS})\b"
    r"|\b(?:theo(?: tung)?|tung|moi|cac|giua cac|nhung|tat ca cac|toan bo cac|chia theo|tach theo"
    r"|hang|danh sach(?: cac| nhung)?|liet ke(?: cac| nhung)?)"
    rf" (?P<each>{_UNIT_KINDS})\b"
    r"|\b(?:may|bao nhieu) (?P<many_of>phuong|xa|quan|huyen|don vi|dia phuong)\b"
    r"|\b(?P<where>(?:o dau|nhung ai|ai|dau)(?= .*\bnhat\b)"
    r"|(?:(?<=\bnhat )|(?<=\bnhat @\w ))(?:la )?(?:(?:o|tai) )?dau\b)"
)
UNIT_KIND = re.compile(
    r"(?<!@u )\b(?P<asked>phuong xa|xa phuong|phuong|xa|quan huyen|quan|huyen|so nganh|ban nganh|don vi"
    r"|dia phuong)\b"
)
TOP = re.compile(
    r"\btop(?: (?P<count>\d{1,2}))?\b(?! @)|(?<![@\d])\b(?P<only>\d{1,2}) (?:cai|muc|dong) (?:dau|thoi)\b"
)
RANKED = re.compile(r"\b(?:xep hang|bang xep hang|xep thu tu|sap xep|xep)(?: theo)?\b")
ASCENDING = re.compile(
    r"\b(?:tu (?:thap|it|nho|be)(?: nhat)? (?:den|toi|len) (?:cao|nhieu|lon)(?: nhat)?|tang dan|nguoc lai)\b"
)
DESCENDING = re.compile(
    r"\b(?:tu (?:cao|nhieu|lon)(?: nhat)? (?:den|toi|xuong) (?:thap|it|nho)(?: nhat)?|giam dan)\b"
)
_MOST = r"nhieu|cao|lon|dong|dai"
SUPERLATIVES: tuple[tuple[Direction, re.Pattern[str]], ...] = (
    (
        "bad",
        re.compile(
            r"\b(?:kem|te|xau|toi|yeu|ba|do|be bet|bet)(?: coi)?(?: nhat| bang)\b|\b(?:doi so|cuoi bang"
            r"|bet bang|chot bang)\b"
        ),
    ),
    ("good", re.compile(r"\b(?:tot|gioi|kha|on|hieu qua|xuat sac|gon|ngon)(?: lanh)? nhat\b")),
    ("least", re.compile(r"\b(?:it|thap|nho|be|ngan)(?: (?:\w+|@\w)){0,4}? nhat\b")),
    (
        "most",
        re.compile(
            rf"\b(?:{_MOST})(?: (?:\w+|@\w)){{0,3}}? nhat\b|\b(?:dung|dan) dau\b|\b(?:quan quan|dau bang)\b"
        ),
    ),
    ("most", re.compile(r"\bnhat\b")),
)
ASKED_WHICH = re.compile(r"\b(?:nao|gi|nhung|cac)\b")
MUCH = re.compile(r"\b(?<!bao )(?:nhieu|dong|cao|lon)\b(?! (?:hon|hay|nhat))")
LITTLE = re.compile(r"\b(?:it|thap)\b(?! (?:hon|hay|nhat))")
MORE = re.compile(r"\b(?:nhieu|cao|lon|@m|han|hen|long) hon\b")
FEWER = re.compile(r"\b(?:it|thap|nho) hon\b")
BETTER = re.compile(r"\b(?:tot|kha|gioi) hon\b")
WORSE = re.compile(r"\b(?:kem|te|xau) hon\b")
SLOW_OR_FAST = re.compile(r"\b(?P<fast>nhanh|som)\b|\b(?:cham|lau|rua)\b")
NEGATED = re.compile(r"\b(?:khong|chua) hai long\b|\bche\b|\b(?:khong|chua) vua long\b")

WITH_BEFORE = re.compile(
    r"\b(?:khi |neu )?(?:dem )?so (?:voi|sanh voi|do voi)(?: thoi gian| so)?(?: cua)? (?P<which>@p"
    r"|ky (?:lien )?truoc|truoc do|truoc day"
    r"|truoc kia|lan truoc|truoc|cung ky(?: (?:@p|truoc))?)"
    r"|\b(?:nhieu|it|cao|thap|tot|kem|kha|nhanh|cham|te|xau|cai thien|tang"
    r"|giam)? ?hon(?: so voi)? (?P<than>@p|ky truoc|truoc|lan truoc)\b"
    r"|\b(?:so )?cung ky\b"
)
CHANGES = re.compile(
    r"\b(?:tang|len|nhieu len|tot len|kha len|nhieu hon|cao hon|kha hon)(?: them)? (?:hay|hoac|hay la|voi|va)"
    r"(?: la)? (?:giam|xuong|it|kem|te|xau|thap)(?: di| hon| xuong| bot)*\b"
    r"|\b(?:giam|xuong) (?:hay|hoac|hay la) (?:tang|len)\b|\btang giam(?: the nao| ra sao)?\b"
    r"|\b(?:co )?(?:tang|giam|cai thien|kha hon|tot hon|tot len|xau di|te hon|kem hon|nhieu hon|it hon|bot"
    r"|do hon|kha len|do)"
    r"(?: len| di| xuong| hon| gi| them)*(?: @p)? (?:khong|chua)\b"
    r"|\b(?:tang|giam)(?: len| di| xuong)? (?:bao nhieu|may|the nao|ra sao)\b|\bhon kem\b|\bthay doi\b"
    r"|\bbien dong\b"
    r"|\bchenh lech\b|\bcai thien\b|\btien bo\b"
)
BETWEEN = re.compile(r"\bso sanh\b|\bdoi chieu\b")
ORDERED = re.compile(
    r"\bgiao (?:ngay |gap )?(?:cho |viec )?(?:@u|phuong|xa|so|don vi|uy ban|cong an)|\bchuyen (?:ho so "
    r"|vu nay )?(?:cho |sang |ve |den )"
    r"|\b(?:de nghi|yeu cau|nhac|don doc|chi dao|giuc) (?:ngay )?@u|\b(?:xu ly|bao cao|giai quyet|tra loi"
    r"|xong|hoan thanh|giai trinh)(?: xong| dut diem| ngay)? "
    r"(?:truoc|trong) (?:ngay )?@p(?! (?:bao|co|may))(?=$| nhe| nha| cho| de)|\bgia han (?:den|toi|them"
    r"|cho)\b|\bgiai trinh\b"
    r"|\b(?:dong|mo|huy|gop|tach|sua|xoa|doi|dang ky) (?:vu|ho so) (?:nay|do|ma)\b|\bgui (?:ngay )?(?:cho"
    r"|tin nhan|thong bao)\b"
)
FOLLOWS = re.compile(
    r"^(?:the con|vay con|roi con|con nhu|con|the|vay|roi|ua|o|a|u|uh|uhm|ok|uk|u the)\b(?! (?:bao nhieu"
    r"|may|ton|lai|no|dang|mo)\b)"
)
THEN_HOW = re.compile(
    r"^(?:(?:con|the|vay|roi|ve|cua|o|rieng|linh vuc|voi|@u|@d|@p) )+(?P<then>thi )?"
    r"(?:sao|ra sao|the nao|nhu the nao|nhu nao)(?: (?:roi|nhi|a|em|vay|anh|chi))*$"
)
THEN_HOW_MANY = re.compile(r"\bthi (?:co |duoc |la |con |het )?(?:bao nhieu|may)\b")
VAGUE = re.compile(rf"\b(?:bao nhieu|may)(?: (?:cai|vu(?: viec)?|ho so|truong hop|don|viec|{_NOUN}))?\b")
"""A number of cases, of which nothing is told but perhaps by the question before."""
OF_CASES = re.compile(r"\b(?:phan anh|y kien|kien nghi)\b")
SPOKEN_OF = re.compile(
    rf"^(?:va |the |vay |con |roi )?(?:trong|o|cua) (?:so )?(?:(?:\d+|may|nhung|cac) )?(?:{_NOUN} )?"
    rf"(?:do|day|ay|kia|(?:(?<=so )|(?<=vu ))nay)\b(?! (?:thi )?co gi)"
)
"""Those that the question before was about."""
REJECTED = re.compile(
    r"^(?:\S+ ){0,6}?(?:thoi khoi|khoi|khong (?:can|hoi|muon|phai)|chua can|bo qua|dung noi)\b(?: \S+){0,6}?"
    r" (?=(?:cho|chi cho|lay|dua|dem|chi can|chi hoi)(?: (?:anh|chi|em|toi|minh|bac|sep|xem|biet|luon))*"
    r" (?:so|ty le|bao nhieu|may|danh sach|tong|top|xem|biet|cac|muc|phuong nao|don vi nao|linh vuc nao)\b)"
)
"""What somebody does not want to know, said before what they do."""
ASKS_OF_ONE = re.compile(
    r"\b(?:xong|xu ly|giai quyet|tra loi|den dau|lam)(?: gi| xong)?(?: roi)? chua$|\b(?:nay|do) (?:den"
    r"|toi) dau\b"
)
LISTED = re.compile(
    r"\b(?:thong ke|liet ke|tong hop|so lieu|bao cao|danh sach|cho (?:toi |em |minh )?(?:xem|biet))\b"
)
ELSEWHERE = re.compile(
    r"\b(?:o|tai) (?!@|(?:sao|cac|nhung|dau|toan|ca|dia|khu|cap|day|do|muc|tung|moi|phia|don|linh|noi|cho"
    r"|phuong|xa"
    r"|quan|huyen|so|thanh|tren|trong|ben|may|\d+|he|bo|van|co|nhieu)\b)\w"
)
"""A place that is no unit of the city."""
WORK = re.compile(rf"\b(?:{_WORK}|lam viec|hoat dong|lam (?:an|tot|the nao|ra sao|duoc))\b")
HEADING = re.compile(rf"^(?:cac |nhung |so )?{_NOUN}\b")
HOT_SPOT = re.compile(r"\b(?:diem nong|noi com)\b")
OF_ONE_CASE = re.compile(
    r"(?<!nhieu )(?<!may )(?<!so )(?<!cac )(?<!nhung )(?<!loai )(?<!kieu )\b(?:vu(?: viec)?|viec|ho so|case"
    r"|phan anh|kien nghi|y kien|don|tin) (?:(?:nay|kia|ay)\b|do(?= (?:di|nhe|cho|lai|xong|ngay|giup)\b|$))"
)
POPULATION = re.compile(rf"\b(?:bao nhieu|may|tong so|so luong|luong|so) {_PEOPLE}\b(?! (?:khong|chua|dan))")
SPOKEN = re.compile(
    rf"\b(?:{_SPEAK}|to cao|y kien|tham gia|hai long|vua long|dong y|danh gia|cham diem|cham sao|lien he|nop"
    r"|luot|phan hoi|bao tin|nhan tin|su dung|dung app|hoi)\b"
)
"""What makes people those who reported something, rather than inhabitants."""
_FIGURE = (
    r"(?:nhanh |giup |ve |them |lai |cho |xem |bang |cac |nhung |toan bo |tong hop |thong ke )*"
    r"(?:so|ty le|phan tram|tong|tinh hinh|danh sach|top|bao nhieu|may|ket qua|muc|thoi gian|xep hang)\b"
)
_WHO = (
    r"(?:cac |cac dong |dong )?(?:anh|chi|sep|lanh dao|thu truong|chu tich|bi thu|bac|chu|co|thay|ban|ong|ba)"
)
TOLD_TO_A_LEADER = re.compile(
    rf"^(?:(?:da|a|vang|u|kinh|thua|xin|phep|duoc|{_WHO}) )*(?:bao cao|thua)(?: voi| len| den)? {_WHO}\b"
    rf"(?: (?:{_WHO}|a|oi|la|rang))*+(?! {_FIGURE})"
    r"|^(?!.*\bcho (?:\w+ )?xin\b)(?:\S+ ){0,4}?(?:em|chau|xin|phep)(?: xin)?(?: phep)?(?: duoc)? bao cao\b"
)
"""What a subordinate tells, not asks."""
URGED = re.compile(
    r"\b(?:co gang|dung de|(?:khong|tuyet doi khong|chang) (?:duoc )?de|phan dau|quyet tam|khan truong"
    r"|tap trung|luu y|chu y|rut kinh nghiem|lam on (?:xu ly|giai quyet)|quan triet|can phai|bang moi gia)\b"
    r"|\b(?:phai|can|nen)(?: som| co gang)? (?:giam|ha|keo|xu ly|giai quyet|khac phuc|lam|tra loi)\b"
    r"|^(?:giam|keo|ha)\b|\b(?:lam|an) (?:an )?(?:kieu )?gi ma\b"
)
"""What is wished, unless a number is asked for as well."""
ASKED_FOR = re.compile(r"\b(?:bao nhieu|may|nao|ty le|phan tram|top|the nao|ra sao|bao lau)\b")
PUT_ASIDE = re.compile(r"\b(?:thi thoi|thoi khoi|khoi can|khoi noi|khoi xem|khong can)\b")
WITHOUT_SENSE = re.compile(
    r"\b(?:khong|chua)(?: (?:a|em|anh|chi|vay|the|nhe|ha|nhi|roi|nay|day|ban|sep|@p))*$"
)
COUNTED = re.compile(rf"\b(?:{_COUNT}|ty le)\b")
FIRST_PERSON = re.compile(
    r"(?<!ba )\b(?:toi|em|minh|con|chau|nha|gia dinh|chung toi|bon toi|tui)(?: da| cung| moi| vua| dang)?"
    r" (?:gui|phan anh|bao(?! nhieu| lau)|o|song|thay|bi|goi|nop|kien nghi|khieu nai|to cao|de nghi"
    r"|yeu cau)\b"
)
POLITE = re.compile(
    r"\b(?:(?:toi|minh|em|anh|chi|lanh dao|ban lanh dao|sep) )?(?:dang )?(?:muon|can|xin|duoc)(?: duoc)?"
    r" (?:biet|xem|hoi|nghe|nam|tra cuu|tham khao)\b"
)
ENDS_ASKING = re.compile(r"\b(?:thi sao|thi the nao|thi ra sao|sao|the nao|di|thoi|nhe|xem)$")
ASKS = re.compile(
    r"\b(?:bao nhieu|may|ty le|phan tram|nao|top|the nao|ra sao|sao|gi|thong ke|xep hang|liet ke|so sanh"
    r"|theo|tung|tinh hinh"
    r"|cho biet|cho toi biet|xem|tong|dien bien|xu huong|hay|danh sach|so lieu|bao lau|thoi gian|toc do"
    r"|trung vi|trung binh|khong|chua|biet|tra cuu|bao cao|luong"
    r"|so (?:phan anh|y kien|kien nghi|vu|ho so|luong|nguoi|dan|luot|gio|cong dan|don|tin|truong|lan|qua"
    r"|tre|sap|ton)|@s)\b"
)
