"""A small city's life, kept as rows: what a database of one version held, for later versions to be tried on.

`python -m tests.deploy.living FILE.jsonl.gz` writes it. It is run once, with the program of a version, before
the next step of the migrations is written; the file stays as it is. The first line names the step and the
time at the end, each further line a table and one of its rows.
"""

import asyncio
import gzip
import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select, update

from bot.clock import tick_all
from handlers.channel import RecipientUnreachable
from routing.organisation import build_city, to_document
from storage import credentials, messages, migrating, people, units
from storage.database import Database
from storage.tables import metadata, person
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding, Somebody

WARD, ABOVE = "phuong-khuong-dinh", "ha-noi"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
MORE = "Rác đổ trộm ở ngõ 211 Khương Trung, phường Khương Đình"
BESIDE = "phuong-thanh-xuan"


async def live(city: CityHarness) -> None:
    """Let people do most of what can be done, and leave things under way."""
    chair = await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer")
    leader = await city.official(ABOVE, "leader")
    for role in ("admin", "dispatcher"):
        await city.official(ABOVE, role)
    an, binh, chi = (city.citizen(name) for name in ("an", "binh", "chi"))
    await an.writes(RUBBISH, photos=2)
    await an.files()
    await _answers(chair, officer)
    await an.presses("2")
    await an.writes("Vẫn còn mùi.")
    await binh.writes(MORE)
    await binh.files()
    await _asks_others(chair, (await city.cases())[-1].code, await city.official(BESIDE, "chair"))
    await chi.writes("Không biết gọi ai bây giờ, nhờ xem giúp phường Khương Đình")
    await chi.files()
    await _keeps_a_template(chair)
    await _orders(leader, chair, (await city.cases())[1].code)
    await chair.sends(document="bien-ban.pdf")
    await leader.writes("/bantin 8:00")
    await leader.writes("/xuat")
    await _goes_wrong(city, an, chi)
    await binh.writes("Rác ở")
    for _ in range(2):
        await city.passes(days=1)
        await tick_all(city.database, city.now)
        await city.settles()


async def _answers(chair: Somebody, officer: Somebody) -> None:
    await chair.presses("Giao người xử lý")
    await chair.presses("officer")
    await officer.presses("Nhận việc")
    await officer.presses("Trả lời người dân")
    await officer.writes("Tổ môi trường đã dọn sạch lúc 7 giờ sáng nay.", photos=1)
    await officer.presses("Gửi câu trả lời")


async def _asks_others(chair: Somebody, code: str, beside: Somebody) -> None:
    await chair.presses(f"accept:{code}")
    await chair.writes(f"/viec {code}")
    await chair.presses("Xin gia hạn")
    await chair.presses("2 ngày")
    await chair.presses("Chờ vật tư")
    await chair.writes(f"/viec {code}")
    await chair.presses("Mời phối hợp")
    await chair.writes("phường Thanh Xuân")
    await chair.presses("Phường Thanh Xuân")
    await chair.writes("Nhờ đưa xe sang lúc 7 giờ")
    await chair.presses("Gửi lời mời")
    await beside.writes("/phoihop")
    await chair.writes(f"/viec {code}")
    await chair.presses("Sai lĩnh vực")
    await chair.presses("Ô nhiễm")


async def _keeps_a_template(chair: Somebody) -> None:
    await chair.writes("/mau")
    await chair.presses("Thêm mẫu")
    await chair.writes("Đã dọn")
    await chair.presses("Rác thải")
    await chair.writes("Phường đã dọn {nơi} lúc … ngày {hôm nay}.")


async def _orders(leader: Somebody, chair: Somebody, code: str) -> None:
    await leader.sends(text=f"{code} giao phường Khương Đình xử lý trước thứ Sáu")
    await leader.presses("Giao ngay")
    await chair.presses("Đã nhận việc")
    await leader.writes("/lapnhom khuong dinh, thanh xuan")
    await leader.presses("Lập nhóm")
    await leader.writes("/lapnhom khuong dinh")
    await leader.harness.passes(minutes=1)


async def _goes_wrong(city: CityHarness, an: Somebody, chi: Somebody) -> None:
    """Leave an update and a message that are set aside."""
    city.channel.failures[chi.chat] = RecipientUnreachable("Forbidden: bot was blocked by the user")
    await chi.writes("/cuatoi")
    city.channel.failures.clear()
    await an.writes("làm hỏng chương trình ở phường Khương Đình")
    await city.passes(hours=1)
    await city.passes(hours=1)


async def leave_waiting(city: CityHarness) -> None:
    """Leave what no conversation does: what nobody has read or sent yet, a number, an invitation, a token."""
    binh, now = city.citizen("binh"), city.now
    await city.receive("web", binh.message(text="/cuatoi"))
    message = {"text": "Chào bà con phường Khương Đình."}
    async with city.database.begin() as transaction:
        messages.post_notice(transaction, channel="web", chat=binh.chat, message=message, at=now)
        await credentials.put_credential(
            transaction, "zalo_oa", secret=b"encrypted", obtained_at=now, expires_at=now
        )
        await people.create_invitation(transaction, unit_code=WARD, role="officer", now=now)
        await transaction.flush()
        await transaction.execute(update(person).where(person.c.name == "Binh").values(phone="0912345678"))


def row_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON has it: times and days in ISO form, bytes in hexadecimal digits."""
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


async def lines(database: Database, *, ended_at: datetime) -> list[dict[str, Any]]:
    """Return the head and every row of a database, in an order in which they can be inserted."""
    async with database.read() as transaction:
        step = (
            await transaction.connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        ).scalar()
        found = [{"step": step, "ended_at": ended_at.isoformat()}]
        for table in metadata.sorted_tables:
            for row in (await transaction.connection.execute(select(table))).mappings():
                found.append(
                    {"table": table.name, "row": row_of({column.name: row[column] for column in table.c})}
                )
    return found


async def kept_life() -> bytes:
    """Let the city live; return what it leaves, as the file has it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/city.db"
        await migrating.upgrade(url)
        database = Database(url)
        async with database.begin() as transaction:
            await units.save_city(transaction, to_document(build_city("Hà Nội")), now=MONDAY_MORNING)
        city = CityHarness(
            database=database,
            city=build_city("Hà Nội"),
            understanding=PlainUnderstanding(),
            media_dir=Path(folder),
            now=MONDAY_MORNING,
        )
        await live(city)
        await leave_waiting(city)
        kept = await lines(database, ended_at=city.now + timedelta(minutes=1))
        await database.close()
    text = "\n".join(json.dumps(line, ensure_ascii=False, sort_keys=True) for line in kept)
    return gzip.compress(text.encode(), mtime=0)


def read(file: Path) -> tuple[dict[str, str], list[tuple[str, dict[str, Any]]]]:
    """Return the head of a kept life, and its rows by table."""
    head, *rest = map(json.loads, gzip.decompress(file.read_bytes()).decode().splitlines())
    return head, [(line["table"], line["row"]) for line in rest]


def counted(file: Path) -> Iterator[str]:
    """Yield how many rows of each table were kept."""
    _, rows = read(file)
    for table in metadata.sorted_tables:
        yield f"{table.name} {sum(name == table.name for name, _ in rows)}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(asyncio.run(kept_life()))
    sys.stdout.write("\n".join(counted(Path(sys.argv[1]))) + "\n")
