"""What a citizen's turn costs the database: no query that is not needed, none for each row."""

from sqlalchemy import event

from tests.city import CityHarness

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


async def test_a_first_message_costs_the_handlers_no_query(city: CityHarness) -> None:
    an = city.citizen("an")
    reads: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("SELECT"):
            reads.append(statement)

    event.listen(city.database._writer.sync_engine, "before_cursor_execute", note)
    await city.receive(an.channel, an.message(text=RUBBISH))
    await city.worker.drain()
    machinery = ["FROM setting", "FROM inbox", "FROM chat", "FROM account"]
    if city.channel.capabilities.reply_window:
        machinery.append("FROM outbox")  # what was kept for this chat is shown first
    assert [found for found in reads if not any(part in found for part in machinery)] == []


async def test_a_list_of_ten_costs_as_many_queries_as_a_list_of_one(city: CityHarness) -> None:
    counted = []
    for name, count in (("an", 1), ("binh", 10)):
        citizen = city.citizen(name)
        for _ in range(count):
            await citizen.writes(RUBBISH)
            await citizen.presses("Đồng ý và gửi")
        await city.receive(citizen.channel, citizen.message(text="/cuatoi"))
        reads: list[str] = []
        event.listen(
            city.database._writer.sync_engine,
            "before_cursor_execute",
            lambda connection, cursor, statement, *rest, into=reads: into.append(statement),
        )
        await city.worker.drain()
        counted.append(len(reads))
    assert counted[0] == counted[1]
