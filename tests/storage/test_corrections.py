"""Corrections are kept with who made them and what the machine was, and without personal data."""

from datetime import timedelta

from storage.corrections import add_correction, corrections
from storage.database import Database
from tests.storage.samples import NOON


async def test_a_correction_comes_back_as_it_was_made_but_for_personal_data(database: Database) -> None:
    async with database.begin() as transaction:
        for number, value in enumerate(("noise", "waste")):
            add_correction(
                transaction,
                case_id=None,
                text="Rác đầy ngõ, gọi tôi theo số 0912345678",
                field="domain",
                was="other",
                now_value=value,
                actor_role="officer",
                at=NOON - timedelta(hours=number),
                person_id=5,
                model_version="abc",
            )
    async with database.read() as transaction:
        earlier, later = await corrections(transaction)
    assert (earlier.now, later.now) == ("waste", "noise")
    assert later.text == "Rác đầy ngõ, gọi tôi theo số •••"
    assert (later.case_id, later.was, later.actor_role) == (None, "other", "officer")
    assert (later.person_id, later.model_version, later.at) == (5, "abc", NOON)
