"""Answer templates are kept by unit and domain, and the most used come first."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.templates import (
    Template,
    add_template,
    change_template,
    count_templates,
    count_use,
    delete_template,
    fitting_templates,
    get_template,
    name_taken,
    templates_of,
)
from tests.storage.samples import NOON, UNITS, add_reporter

ABOVE, WARD, BESIDE = UNITS


async def stored(database: Database, *rows: tuple[str, str, str]) -> list[Template]:
    """Store templates of (unit, domain, name)."""
    chair = await add_reporter(database)
    async with database.begin() as transaction:
        return [
            add_template(
                transaction,
                unit_code=unit,
                domain=domain,
                name=name,
                text="Đã dọn tại {nơi} lúc …",
                created_by=chair,
                now=NOON,
            )
            for unit, domain, name in rows
        ]


async def test_a_template_comes_back_as_it_was_written_and_as_it_was_changed(database: Database) -> None:
    (template,) = await stored(database, (WARD, "waste", "Đã dọn"))
    later = NOON + timedelta(hours=1)
    async with database.begin() as transaction:
        assert await get_template(transaction, template.id) == template
        change_template(transaction, template.id, name="Đã thu gom", domain="*", text="Xong.", now=later)
    async with database.read() as transaction:
        changed = await get_template(transaction, template.id)
    assert changed is not None
    assert (changed.name, changed.domain, changed.text) == ("Đã thu gom", "*", "Xong.")
    assert (changed.created_at, changed.changed_at, changed.unit_code) == (NOON, later, WARD)


async def test_what_fits_is_of_these_units_and_domains_the_most_used_first(database: Database) -> None:
    rows = (WARD, "waste", "B"), (WARD, "noise", "ồn"), (ABOVE, "*", "A"), (BESIDE, "waste", "khác")
    templates = {each.name: each for each in await stored(database, *rows)}
    async with database.begin() as transaction:
        for _ in range(2):
            count_use(transaction, templates["B"].id)
    async with database.read() as transaction:
        found = await fitting_templates(transaction, [WARD, ABOVE], ["waste"])
        assert [(each.name, each.used) for each in found] == [("B", 2), ("A", 0)]
        assert {each.name for each in await templates_of(transaction, [WARD, ABOVE])} == {"A", "B", "ồn"}
        assert await fitting_templates(transaction, [], ["waste"]) == []
        assert await count_templates(transaction, WARD) == 2


async def test_a_deleted_template_is_gone_and_its_name_free(database: Database) -> None:
    (template,) = await stored(database, (WARD, "waste", "Đã dọn"))
    async with database.begin() as transaction:
        assert await name_taken(transaction, WARD, "Đã dọn")
        assert not await name_taken(transaction, WARD, "Đã dọn", by_another=template.id)
        assert not await name_taken(transaction, BESIDE, "Đã dọn")
        delete_template(transaction, template.id)
    async with database.read() as transaction:
        assert await get_template(transaction, template.id) is None
        assert not await name_taken(transaction, WARD, "Đã dọn")


async def test_the_database_keeps_two_templates_of_one_name_apart(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await stored(database, (WARD, "waste", "Đã dọn"), (WARD, "noise", "Đã dọn"))
