"""`/xuat`: a real Excel workbook of any answer, for the asker alone, of what the asker may see."""

import tracemalloc
from datetime import datetime, timedelta
from typing import Any

import openpyxl

from bot.workbook.report import Reports
from storage import cases
from storage.cases import Case
from storage.identity import new_id
from tests.city import CityHarness

WARD, OTHER = "phuong-khuong-dinh", "phuong-thanh-xuan"
RUBBISH = "Rác chất đống ở ngõ 12 Vũ Tông Phan, phường Khương Đình"
ELSEWHERE = "Rác chất đống ở phường Thanh Xuân"


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    return (await city.cases())[-1]


async def workbook(city: CityHarness) -> Any:
    """Make what was asked for last, as the program does, and open it as a spreadsheet program would."""
    path, name = await Reports(city.database, now=city.clock).make(city.exported[-1])
    assert name == "lang-nghe-2026-11-23.xlsx"
    try:
        return openpyxl.load_workbook(path)
    finally:
        path.unlink()


def table(sheet: Any) -> list[list[Any]]:
    """Return the rows of the sheet's one table, its headings first."""
    (found,) = sheet.tables.values()
    assert found.autoFilter is not None
    rows = [[cell.value for cell in row] for row in sheet[found.ref]]
    assert rows[0] == [column.name for column in found.tableColumns]
    return rows


async def test_an_answer_becomes_a_workbook_with_its_figures_and_cases(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    case = await report(city)
    await report(city, "ba", text=ELSEWHERE)
    await leader.writes("hôm nay các phường nhận bao nhiêu phản ánh")
    await leader.presses("Xuất Excel")
    leader.sees("Tệp Excel: Phản ánh nhận được", "danh sách hồ sơ")
    assert [file.name for file in leader.last.message.files] == ["so-lieu.xlsx"]
    book = await workbook(city)
    assert book.sheetnames == ["Số liệu", "Hồ sơ"]
    figures = table(book["Số liệu"])
    assert figures[0][:3] == ["Dòng", "Nhận", "Đã trả lời"]
    assert figures[-1][:2] == ["Tổng", 2]
    rows = table(book["Hồ sơ"])
    assert {row[0] for row in rows[1:]} == {each.code for each in await city.cases()}
    row = dict(zip(rows[0], next(row for row in rows[1:] if row[0] == case.code), strict=True))
    assert row["Đơn vị"] == "Phường Khương Đình"
    assert row["Nhận lúc"] == datetime(2026, 11, 23, 9, 0)  # noqa: DTZ001
    assert row["So với hạn"] == "Còn trong hạn"
    moment = next(cell for cell in book["Hồ sơ"][4] if isinstance(cell.value, datetime))
    assert moment.number_format == "dd/mm/yyyy hh:mm"
    assert book["Hồ sơ"].freeze_panes == "B4"


async def test_a_question_may_follow_the_command(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await report(city)
    await leader.writes("/xuat hôm nay có bao nhiêu phản ánh")
    leader.sees("Tệp Excel")
    assert table((await workbook(city))["Số liệu"])[1][:2] == ["Thành phố Hà Nội", 1]
    await leader.writes("/xuat con mèo")
    leader.sees("Tôi chưa chắc đã hiểu")


async def test_a_chair_gets_no_more_than_the_own_unit(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    mine = await report(city)
    await report(city, "ba", text=ELSEWHERE)
    await chair.writes("/xuat hôm nay có bao nhiêu phản ánh")
    book = await workbook(city)
    assert [row[0] for row in table(book["Hồ sơ"])[1:]] == [mine.code]
    await chair.writes("/xuat phường Thanh Xuân hôm nay có bao nhiêu phản ánh")
    book = await workbook(city)
    assert table(book["Số liệu"])[1][:2] == ["Thành phố Hà Nội", 2]
    assert table(book["Hồ sơ"])[1:] == [[None] * 14]
    await chair.writes("/xuat toàn thành phố hôm nay có bao nhiêu phản ánh")
    book = await workbook(city)
    assert table(book["Số liệu"])[1][:2] == ["Thành phố Hà Nội", 2]
    assert table(book["Hồ sơ"])[1:] == [[None] * 14]
    citizen = city.citizen("an")
    made = len(city.exported)
    await citizen.replays("export")
    citizen.sees("dành cho lãnh đạo và cán bộ")
    assert len(city.exported) == made


async def test_what_people_wrote_is_never_a_formula(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    case = await report(city)
    async with city.database.begin() as transaction:
        case.street = '=HYPERLINK("http://bad.example","x")\x07'
        cases.save_case(transaction, case)
    await leader.writes("/xuat hôm nay có bao nhiêu phản ánh")
    book = await workbook(city)
    cell = next(cell for cell in book["Hồ sơ"][4] if str(cell.value).startswith("=HYPERLINK"))
    assert cell.data_type == "s"


async def test_a_longer_list_takes_no_more_memory(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    first = await report(city)
    await leader.writes("/xuat hôm nay có bao nhiêu phản ánh")
    await add_copies(city, first, 1000)
    short = await peak(city)
    await add_copies(city, first, 4000)
    long = await peak(city)
    assert long < 1.5 * short


async def add_copies(city: CityHarness, case: Case, count: int) -> None:
    async with city.database.begin() as transaction:
        for number in range(count):
            fields = {name: getattr(case, name) for name in case.__slots__}
            case_id = new_id()
            copy = Case(**fields | {"id": case_id, "code": f"HN-{case_id}"})
            copy.received_at = case.received_at + timedelta(seconds=number % 3600)
            cases.add_case(transaction, copy)


async def peak(city: CityHarness) -> int:
    """Return the most memory that making the workbook took, in bytes."""
    tracemalloc.start()
    path, _ = await Reports(city.database, now=city.clock).make(city.exported[-1])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    path.unlink()
    return most
