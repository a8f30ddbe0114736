"""Build routing/data/places.json from the data of `vietnam-provinces` and `vietnamadminunits`.

Only their data files are read, never their code. Units are joined by (province, name): some codes of
`vietnam-provinces` sit on swapped names, so names come from there and codes, centroids and areas from
`vietnamadminunits`. Points and boxes that lie far from their neighbours, and shared boxes, are dropped.

Run: python scripts/build_places.py
"""

import json
import re
import sqlite3
import statistics
import sys
import unicodedata
from collections import Counter, defaultdict
from importlib.util import find_spec
from math import cos, hypot, radians, sqrt
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDER_NAMES = ROOT / "routing" / "data" / "older_names.json"
NUMERALS = {"1": "I", "2": "II", "3": "III", "I": "1", "II": "2", "III": "3"}
TARGET = ROOT / "routing" / "data" / "places.json"
KM_PER_DEGREE = 111.2

# Became a centrally run city on 30 April 2026; the package still calls it a province.
CITIES_SINCE = {"Đồng Nai"}
PROVINCE_ALIASES = {
    "ha-noi": ["hn", "hnoi", "thudo", "thudohanoi"],
    "ho-chi-minh": ["hcm", "tphcm", "hcmc", "sg", "saigon", "tpsg", "sgn", "tphochiminh", "hochiminhcity"],
    "da-nang": ["dn", "dnang", "tpdn"],
    "hai-phong": ["hp", "hphong"],
    "can-tho": ["ct", "ctho"],
    "hue": ["thuathienhue", "tthue", "tthhue", "tth"],
    "quang-ninh": ["qninh"],
}
# Districts that were gone before 1 July 2025: (name, province then, districts that hold their wards).
OLD_DISTRICTS = [
    ("Quận 2", "Thành phố Hồ Chí Minh", ["Thành phố Thủ Đức"]),
    ("Quận 9", "Thành phố Hồ Chí Minh", ["Thành phố Thủ Đức"]),
    ("Quận Thủ Đức", "Thành phố Hồ Chí Minh", ["Thành phố Thủ Đức"]),
    ("Huyện Từ Liêm", "Thành phố Hà Nội", ["Quận Bắc Từ Liêm", "Quận Nam Từ Liêm"]),
    ("Huyện An Dương", "Thành phố Hải Phòng", ["Quận An Dương", "Quận Hồng Bàng"]),
    ("Huyện Thủy Nguyên", "Thành phố Hải Phòng", ["Thành phố Thủy Nguyên"]),
    ("Huyện Thông Nông", "Tỉnh Cao Bằng", ["Huyện Hà Quảng"]),
    ("Huyện Trà Lĩnh", "Tỉnh Cao Bằng", ["Huyện Quảng Hòa", "Huyện Trùng Khánh"]),
    ("Huyện Phục Hòa", "Tỉnh Cao Bằng", ["Huyện Quảng Hòa"]),
    ("Huyện Quảng Uyên", "Tỉnh Cao Bằng", ["Huyện Quảng Hòa"]),
    ("Huyện Kỳ Sơn", "Tỉnh Hòa Bình", ["Thành phố Hòa Bình"]),
    ("Huyện Hoành Bồ", "Tỉnh Quảng Ninh", ["Thành phố Hạ Long"]),
    ("Huyện Đông Triều", "Tỉnh Quảng Ninh", ["Thành phố Đông Triều"]),
    ("Thị xã Đông Triều", "Tỉnh Quảng Ninh", ["Thành phố Đông Triều"]),
    ("Huyện Yên Dũng", "Tỉnh Bắc Giang", ["Thành phố Bắc Giang"]),
    ("Thị xã Phúc Yên", "Tỉnh Vĩnh Phúc", ["Thành phố Phúc Yên"]),
    ("Huyện Quế Võ", "Tỉnh Bắc Ninh", ["Thị xã Quế Võ"]),
    ("Huyện Thuận Thành", "Tỉnh Bắc Ninh", ["Thị xã Thuận Thành"]),
    ("Thị xã Từ Sơn", "Tỉnh Bắc Ninh", ["Thành phố Từ Sơn"]),
    ("Huyện Mỹ Hào", "Tỉnh Hưng Yên", ["Thị xã Mỹ Hào"]),
    ("Huyện Mỹ Lộc", "Tỉnh Nam Định", ["Thành phố Nam Định"]),
    ("Thành phố Ninh Bình", "Tỉnh Ninh Bình", ["Thành phố Hoa Lư"]),
    ("Huyện Hoa Lư", "Tỉnh Ninh Bình", ["Thành phố Hoa Lư"]),
    ("Huyện Đông Sơn", "Tỉnh Thanh Hóa", ["Thành phố Thanh Hóa"]),
    ("Huyện Tĩnh Gia", "Tỉnh Thanh Hóa", ["Thị xã Nghi Sơn"]),
    ("Thị xã Cửa Lò", "Tỉnh Nghệ An", ["Thành phố Vinh"]),
    ("Huyện Lộc Hà", "Tỉnh Hà Tĩnh", ["Thành phố Hà Tĩnh", "Huyện Thạch Hà"]),
    ("Huyện Nam Đông", "Thành phố Huế", ["Huyện Phú Lộc"]),
    ("Huyện Phong Điền", "Thành phố Huế", ["Thị xã Phong Điền"]),
    ("Huyện Nông Sơn", "Tỉnh Quảng Nam", ["Huyện Quế Sơn"]),
    ("Huyện Điện Bàn", "Tỉnh Quảng Nam", ["Thị xã Điện Bàn"]),
    ("Huyện Tây Trà", "Tỉnh Quảng Ngãi", ["Huyện Trà Bồng"]),
    ("Huyện Hoài Nhơn", "Tỉnh Bình Định", ["Thị xã Hoài Nhơn"]),
    ("Thị xã Gia Nghĩa", "Tỉnh Đắk Nông", ["Thành phố Gia Nghĩa"]),
    ("Huyện Cát Tiên", "Tỉnh Lâm Đồng", ["Huyện Đạ Huoai"]),
    ("Huyện Đạ Tẻh", "Tỉnh Lâm Đồng", ["Huyện Đạ Huoai"]),
    ("Thị xã Đồng Xoài", "Tỉnh Bình Phước", ["Thành phố Đồng Xoài"]),
    ("Huyện Chơn Thành", "Tỉnh Bình Phước", ["Thị xã Chơn Thành"]),
    ("Huyện Hòa Thành", "Tỉnh Tây Ninh", ["Thị xã Hòa Thành"]),
    ("Huyện Trảng Bàng", "Tỉnh Tây Ninh", ["Thị xã Trảng Bàng"]),
    ("Thị xã Bến Cát", "Tỉnh Bình Dương", ["Thành phố Bến Cát"]),
    ("Thị xã Tân Uyên", "Tỉnh Bình Dương", ["Thành phố Tân Uyên"]),
    ("Thị xã Dĩ An", "Tỉnh Bình Dương", ["Thành phố Dĩ An"]),
    ("Thị xã Thuận An", "Tỉnh Bình Dương", ["Thành phố Thuận An"]),
    ("Thị xã Long Khánh", "Tỉnh Đồng Nai", ["Thành phố Long Khánh"]),
    ("Huyện Đất Đỏ", "Tỉnh Bà Rịa - Vũng Tàu", ["Huyện Long Đất"]),
    ("Huyện Long Điền", "Tỉnh Bà Rịa - Vũng Tàu", ["Huyện Long Đất"]),
    ("Huyện Tân Thành", "Tỉnh Bà Rịa - Vũng Tàu", ["Thành phố Phú Mỹ"]),
    ("Thị xã Phú Mỹ", "Tỉnh Bà Rịa - Vũng Tàu", ["Thành phố Phú Mỹ"]),
    ("Thị xã Hồng Ngự", "Tỉnh Đồng Tháp", ["Thành phố Hồng Ngự"]),
    ("Huyện Tịnh Biên", "Tỉnh An Giang", ["Thị xã Tịnh Biên"]),
]
# The package writes the names of wards gone before 2025 without accents; these would be restored wrongly.
ALIAS_SPELLINGS = {
    "Thành phố Hà Nội": "Nguyễn Trung Trực, Sài Đồng, Quốc Tử Giám, Văn Miếu, Trung Phụng, Phương Liên, "
    "Ngã Tư Sở, Ngô Thì Nhậm, Đống Mác, Cầu Dền, Quỳnh Lôi, Thanh Xuân Nam, Kim "
    "Giang, Đình Xuyên, Dương Hà, Trung Mầu, Phú Thị, Kim Lan, Đông Dư, Vân Nam, Vân "
    "Hà, Cẩm Đình, Sen Chiểu, Phượng Cách, Chàng Sơn, Phú Nam An, Thư Phú, Vạn Điểm, "
    "Tri Trung, Văn Nhân, Vạn Thái, Vạn Kim, Trung Tự, Tản Hồng, Thụy Phú, Mỹ Thành",
    "Thành phố Hải Phòng": "Hạ Lý, Trại Chuối, Lạc Viên, Máy Tơ, Cát Dài, Hồ Nam, Dư Hàng, Niệm Nghĩa, Quán "
    "Trữ, Tràng Minh, Ngọc Hải, Lại Xuân, Lưu Kỳ, Kiền Bái, Thủy Triều, Phục Lễ, Phả "
    "Lễ, Lâm Động, Đặng Cương, Ngũ Đoan, Lãm Hà, Mỹ Đồng, Đổng Quốc Bình, Vạn Sơn, Thủy Sơn, Tiên Hưng",
    "Thành phố Đà Nẵng": "Bình Hiên, An Hải Đông, An Hải Tây, Tân Chính, Hòa Khê, Hòa Thuận Đông, Tam Thuận",
    "Thành phố Huế": "Điền Hòa, Điền Lộc, Vinh Phú, Vinh Thái, Vinh Giang, Vinh Hải, Hồng Quảng, "
    "Hương Hòa, Nhâm, A Đớt, Hồng Trung, Hương Hồ, Hương Thọ",
    "Tỉnh Quảng Ninh": "Trới, Tình Húc, Minh Cầm",
    "Tỉnh Nam Định": "Bà Triệu, Trần Đăng Ninh, Trần Quang Khải",
    "Tỉnh Thanh Hóa": "Hoằng Lý, Hoằng Anh, Hoằng Phúc, Hoằng Vinh, Hoằng Khánh, Hoằng Phượng, Hoằng "
    "Lương, Hoằng Khê, Hoằng Minh, Quảng Vọng, Quảng Lĩnh, Quảng Đại",
    "Tỉnh Nghệ An": "Diễn Hùng, Diễn Xuân, Diễn Tháp, Diễn Hạnh, Diễn Bích, Diễn Thắng, Thanh Lĩnh, "
    "Thanh Chương, Thanh Nho, Thanh Chi, Thanh Dương, Thanh Khai, Nghi Diên",
    "Tỉnh Hà Tĩnh": "Sơn Hàm, Sơn Diệm, Phương Mỹ, Phương Điền",
}
UNIT_WORD = re.compile(r"^(Phường|Xã|Thị trấn|Đặc khu|Thị xã|Thành phố|Quận|Huyện|Tỉnh)\s+", re.IGNORECASE)
TONE_ON_SECOND_VOWEL = re.compile(
    "((?:o(?=[ae]))|(?:(?<!q)u(?=y)))([aey])([\u0300\u0301\u0303\u0309\u0323])(?!\\w)", re.IGNORECASE
)
ALIAS = re.compile(r"^(phuong|xa|thitran)([a-z]{2,}|\d+)$")
FULL_WORD = {"phuong": "Phường", "xa": "Xã", "thitran": "Thị trấn"}


def package_file(package: str, path: str) -> Path:
    """Return the path of a data file inside an installed package without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"{package} is not installed")
    return Path(spec.submodule_search_locations[0]) / path


def bare(text: str) -> str:
    """Return lower-case letters and digits without accents, joined: "Phường Hòa Xuân" is "phuonghoaxuan"."""
    decomposed = unicodedata.normalize("NFD", text.lower()).replace("đ", "d")
    return re.sub(r"[^a-z0-9]", "", decomposed)


def tidy(name: str) -> str:
    """Return a unit's name with single spaces, plain hyphen and apostrophe, and capital syllables."""
    name = unicodedata.normalize("NFC", " ".join(name.split())).replace("–", "-").replace("’", "'")
    short = short_name(name)
    unit_word = name[: len(name) - len(short)].capitalize()
    return unit_word + " ".join(part[:1].upper() + part[1:] for part in short.split(" "))


def older_tones(name: str) -> str:
    """Return a name with the tone where official names put it: "Hoà" becomes "Hòa"."""
    decomposed = unicodedata.normalize("NFD", name)
    moved = TONE_ON_SECOND_VOWEL.sub(r"\1\3\2", decomposed)
    return unicodedata.normalize("NFC", moved)


def former_name(ward: str) -> str:
    """Return a former ward's name in full, "Phường 1" rather than "Phường 01"."""
    return re.sub(r" 0(\d)$", r" \1", older_tones(tidy(ward)))


def short_name(full: str) -> str:
    """Return a name without the word for its kind of unit."""
    return UNIT_WORD.sub("", full)


def kilometres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the distance between two points, flat-earth, good to a percent within Viet Nam."""
    return hypot(a[0] - b[0], (a[1] - b[1]) * cos(radians(a[0]))) * KM_PER_DEGREE


def read_box(text: str | None) -> list[float] | None:
    """Return [south, west, north, east] from "south,west – north,east"."""
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", text.replace("–", " ") if text else "")]
    return numbers if len(numbers) == 4 else None


def read_successors(converter: dict[str, dict[str, dict]]) -> dict[str, list[tuple[str, str, bool]]]:
    """Return former key -> [(province key now, ward key now, default?)]."""
    found: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for province, wards in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, former_keys in wards.items():
            for key in former_keys:
                found[key].append((province, ward, True))
    for province, former in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for key, parts in former.items():
            found[key] += [(province, part["newWardKey"], bool(part["isDefaultNewWard"])) for part in parts]
    return found


def accent_books(names: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the commonest accented form of each whole bare name and of each bare syllable."""
    whole: dict[str, Counter[str]] = defaultdict(Counter)
    syllable: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        whole[bare(name)][name] += 1
        for part in re.split(r"[\s\-']+", name):
            syllable[bare(part)][part] += 1
    return (
        {key: count.most_common(1)[0][0] for key, count in whole.items()},
        {
            key: count.most_common(1)[0][0]
            for key, count in syllable.items()
            if key.isalpha() and re.search("[aeiouy]", key)
        },
    )


def restore_accents(key: str, whole: dict[str, str], syllable: dict[str, str]) -> str | None:
    """Return the likeliest accented name of a joined bare key: whole name known, else fewest syllables."""
    if key in whole:
        return whole[key]
    best: list[list[str] | None] = [[]] + [None] * len(key)
    for end in range(1, len(key) + 1):
        for start in range(max(0, end - 7), end):
            before, part = best[start], syllable.get(key[start:end])
            if before is not None and part and (best[end] is None or len(before) + 1 <= len(best[end] or [])):
                best[end] = [*before, part]
    return " ".join(best[-1]) if best[-1] else None


def alias_name(key: str, whole: dict[str, str], syllable: dict[str, str]) -> str | None:
    """Return the name of a ward gone before 2025 from its bare key; "02" is "2"."""
    return str(int(key)) if key.isdigit() else restore_accents(key, whole, syllable)


def clean_positions(former: list[dict], wards: list[dict]) -> None:
    """Drop boxes that are shared or far too large, and points and centroids far from their neighbours."""
    shared = Counter(tuple(row["box"]) for row in former if row["box"])
    by_district: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for row in former:
        if row["point"]:
            by_district[row["district"]].append(row["point"])
    for row in former:
        middle = tuple(statistics.median(axis) for axis in zip(*by_district[row["district"]], strict=True))
        spread = (
            statistics.median(kilometres(middle, point) for point in by_district[row["district"]])
            if middle
            else 0
        )
        limit = max(15.0, 5 * spread)
        if row["box"] and (
            shared[tuple(row["box"])] > 1
            or kilometres(((row["box"][0] + row["box"][2]) / 2, (row["box"][1] + row["box"][3]) / 2), middle)
            > limit
        ):
            row["box"] = None
        if row["point"] and kilometres(row["point"], middle) > limit:
            row["point"] = None
        if row["box"] and row["point"] is None:
            row["point"] = ((row["box"][0] + row["box"][2]) / 2, (row["box"][1] + row["box"][3]) / 2)
    points: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for row in former:
        if row["point"]:
            points[row["successors"][0]].append(row["point"])
    for index, ward in enumerate(wards):
        if points[index]:
            middle = tuple(statistics.fmean(axis) for axis in zip(*points[index], strict=True))
            if kilometres(ward["point"], middle) > 10 + 3 * sqrt(ward["area"] / 3.1416):
                ward["point"] = middle


def build() -> dict[str, list]:
    """Return the whole gazetteer as lists of rows."""
    nested = json.loads(package_file("vietnam_provinces", "data/nested-divisions.json").read_text("utf-8"))
    converter = json.loads(package_file("vietnamadminunits", "data/converter_2025.json").read_text("utf-8"))
    database = sqlite3.connect(
        f"file:{package_file('vietnamadminunits', 'data/dataset.db')}?mode=ro", uri=True
    )
    present = {
        (bare(short_name(province)), unicodedata.normalize("NFC", older_tones(tidy(ward))).lower()): rest
        for province, ward, *rest in database.execute(
            "select province, ward, provinceKey, wardKey, wardCode, wardLat, wardLon, wardAreaKm2"
            " from admin_units"
        )
    }
    provinces, wards, ward_index, province_of_key = [], [], {}, {}
    for number, province in enumerate(nested):
        short = short_name(province["name"])
        city = province["name"].startswith("Thành phố") or short in CITIES_SINCE
        slug = province["codename"].replace("_", "-")
        provinces.append(
            [slug, f"{'Thành phố' if city else 'Tỉnh'} {short}", short, PROVINCE_ALIASES.get(slug, [])]
        )
        for ward in province["wards"]:
            name = tidy(ward["name"])
            province_key, ward_key, code, latitude, longitude, area = present[
                bare(short), older_tones(name).lower()
            ]
            province_of_key[province_key] = number
            ward_index.setdefault((province_key, ward_key), []).append(len(wards))
            wards.append(
                {
                    "code": code,
                    "name": name,
                    "province": number,
                    "point": (latitude, longitude),
                    "area": area or 20.0,
                }
            )
    successors = read_successors(converter)
    former_provinces, districts, former, aliases = [], [], [], []
    province_rows: dict[str, int] = {}
    district_rows: dict[tuple[str, str], int] = {}
    raw_aliases = []
    query = (
        "select province, district, ward, provinceKey, districtKey, wardKey, wardLat, wardLon, wardBounds,"
        " wardAlias from admin_units_legacy"
    )
    for (
        province,
        district,
        ward,
        province_key,
        district_key,
        ward_key,
        lat,
        lon,
        box,
        alias,
    ) in database.execute(query):
        parts = successors[f"{province_key}_{district_key}_{ward_key or ''}"]
        parts.sort(key=lambda part: not part[2])
        targets = [same_accents(ward, ward_index[key, name], wards) for key, name, _ in parts]
        if province not in province_rows:
            province_rows[province] = len(former_provinces)
            former_provinces.append([older_tones(province), wards[targets[0]]["province"]])
        if (province, district) not in district_rows:
            district_rows[province, district] = len(districts)
            districts.append([older_tones(tidy(district)), province_rows[province]])
        if alias:
            keys = set(json.loads(alias))
            raw_aliases += [
                (key, len(former), province)
                for key in sorted(keys)
                if not keys & {f"{unit_word}{key}" for unit_word in FULL_WORD}
            ]
        former.append(
            {
                "name": former_name(ward) if ward else "",
                "district": district_rows[province, district],
                "point": (lat, lon) if lat is not None else None,
                "box": read_box(box),
                "successors": targets,
            }
        )
    clean_positions(former, wards)
    whole, syllable = accent_books(
        [short_name(row["name"]) for row in former] + [older_tones(short_name(row["name"])) for row in wards]
    )
    seen = set()
    for key, index, province in raw_aliases:
        match = ALIAS.match(key)
        spelled = {bare(name): name for name in ALIAS_SPELLINGS.get(province, "").split(", ")}
        if match and (name := alias_name(match[2], whole | spelled, syllable)):
            row = [f"{FULL_WORD[match[1]]} {name}", index]
            if tuple(row) not in seen and bare(former[index]["name"]) != bare(row[0]):
                seen.add(tuple(row))
                aliases.append(row)
    aliases += older_names(former, districts, former_provinces) + roman_names(former)
    old, unknown = [], []
    for name, province, parts in OLD_DISTRICTS:
        old.append(
            [
                name,
                [
                    district_rows[key]
                    for key in district_rows
                    if older_tones(key[0]) == province and older_tones(tidy(key[1])) in parts
                ],
            ]
        )
        if len(old[-1][1]) != len(parts):
            unknown.append(f"{name}: {parts}")
    if unknown:
        sys.exit("old districts whose successors are not in the data: " + "; ".join(unknown))
    return {
        "provinces": provinces,
        "former_provinces": former_provinces,
        "districts": districts,
        "old_districts": old,
        "wards": [
            [
                ward["code"],
                ward["name"],
                ward["province"],
                *(round(axis, 5) for axis in ward["point"]),
                ward["area"],
            ]
            for ward in wards
        ],
        "former_wards": [
            [
                row["name"],
                row["district"],
                row["successors"],
                [round(axis, 5) for axis in row["point"]] if row["point"] else None,
                [round(axis, 5) for axis in row["box"]] if row["box"] else None,
            ]
            for row in former
        ],
        "aliases": aliases,
    }


def older_names(former: list[dict], districts: list[list], provinces: list[list]) -> list[list]:
    """Return the names of data/older_names.json with the former ward each had become."""
    rows = {
        (provinces[districts[row["district"]][1]][0], districts[row["district"]][0], row["name"]): index
        for index, row in enumerate(former)
    }
    listed = json.loads(OLDER_NAMES.read_text(encoding="utf-8"))["names"]
    return [[name, rows[province, district, became]] for province, district, name, became, _ in listed]


def roman_names(former: list[dict]) -> list[list]:
    """Return names that end in a number as many write them: "Mỹ Đình II" for "Mỹ Đình 2", and the reverse."""
    found = []
    for index, row in enumerate(former):
        name, _, last = row["name"].rpartition(" ")
        if last in NUMERALS and UNIT_WORD.match(name):
            found.append([f"{name} {NUMERALS[last]}", index])
    return found


def same_accents(former: str | None, indexes: list[int], wards: list[dict]) -> int:
    """Return the ward among those with one bare key whose accents are the former ward's, else the first."""
    wanted = older_tones(short_name(tidy(former))) if former else ""
    return next(
        (index for index in indexes if older_tones(short_name(wards[index]["name"])) == wanted), indexes[0]
    )


def main() -> None:
    """Write the data file, one row a line so that differences stay readable."""
    tables = build()
    lines = []
    for name, rows in tables.items():
        body = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        lines.append(f'"{name}":[\n{body}\n]')
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print({name: len(rows) for name, rows in tables.items()}, f"{TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
