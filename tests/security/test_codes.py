"""Codes: how hard they are to guess, that each works once, and that nobody learns anything by trying."""

import asyncio
import math
from datetime import timedelta
from pathlib import Path

import pytest

from handlers import texts, tries
from routing import tracking_code
from routing.organisation import build_city, to_document
from storage import attempts, linking, people, units
from storage.database import Database, Transaction
from storage.identity import below
from tests.city import MONDAY_MORNING, CityHarness

WARD = "phuong-khuong-dinh"
NOW = MONDAY_MORNING


# ── how hard they are to guess ───────────────────────────────────────────────────────────────────


def bits(alphabet: str, length: int) -> float:
    return length * math.log2(len(alphabet))


def test_codes_have_the_entropy_that_is_promised() -> None:
    """An invitation lives a week, a linking code ten minutes; a tracking code opens nothing by itself."""
    assert bits(people.ALPHABET, people.CODE_LENGTH) == 75
    assert bits(people.ALPHABET, linking.LENGTH) == 50
    assert bits(tracking_code.ALPHABET, 7) > 33
    assert timedelta(days=7) == people.INVITATION_VALID
    assert timedelta(minutes=10) == linking.VALID


def test_every_letter_of_a_code_is_drawn_from_all_and_by_the_system() -> None:
    drawn: list[int] = []

    def random(limit: int) -> int:
        drawn.append(limit)
        return len(drawn) % limit

    code = people.new_code(random)
    assert drawn == [len(people.ALPHABET)] * people.CODE_LENGTH
    assert len(set(code) - {"-"}) == people.CODE_LENGTH
    assert len({people.new_code() for _ in range(1000)}) == 1000
    assert {below(32) for _ in range(2000)} == set(range(32))


# ── once ─────────────────────────────────────────────────────────────────────────────────────────


async def founded(database: Database) -> list[int]:
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(build_city("Hà Nội")), now=NOW)
        return [
            people.add_person(transaction, channel="web", user=f"u{number}", name="", now=NOW).id
            for number in range(3)
        ]


async def test_of_two_who_use_an_invitation_at_once_one_gets_the_post(database: Database) -> None:
    first, second, _ = await founded(database)
    async with database.begin() as transaction:
        code = await people.create_invitation(transaction, unit_code=WARD, role="chair", now=NOW)

    async def redeem(person_id: int) -> bool:
        async with database.begin() as transaction:
            post = await people.redeem_invitation(transaction, code, person_id=person_id, now=NOW)
            await asyncio.sleep(0.01)  # the other has asked by now
            return post is not None

    assert sorted(await asyncio.gather(redeem(first), redeem(second))) == [False, True]
    async with database.read() as transaction:
        assert len(await people.held_posts(transaction, now=NOW)) == 1


async def test_of_two_who_use_a_linking_code_at_once_one_is_joined(database: Database) -> None:
    owner, first, second = await founded(database)
    async with database.begin() as transaction:
        code = await linking.create_code(transaction, person_id=owner, now=NOW)

    async def join(person_id: int) -> bool:
        async with database.begin() as transaction:
            if await linking.person_of_code(transaction, code, now=NOW) is None:
                return False
            await asyncio.sleep(0.01)
            return await linking.join(transaction, code, old=person_id, new=owner, now=NOW)

    assert sorted(await asyncio.gather(join(first), join(second))) == [False, True]


# ── how often ────────────────────────────────────────────────────────────────────────────────────


async def test_tries_are_counted_for_an_hour_and_two_at_once_are_two(database: Database) -> None:
    async def once() -> int:
        async with database.begin() as transaction:
            return await attempts.add(transaction, "invitation", "person:1", now=NOW)

    assert sorted(await asyncio.gather(*(once() for _ in range(5)))) == [1, 2, 3, 4, 5]
    async with database.begin() as transaction:
        assert await attempts.count(transaction, "invitation", "person:2", now=NOW) == 0
        assert await attempts.count(transaction, "invitation", "person:1", now=NOW) == 5
        later = NOW + attempts.WINDOW
        assert await attempts.count(transaction, "invitation", "person:1", now=later) == 0
        assert await attempts.add(transaction, "invitation", "person:1", now=later) == 1


async def test_what_was_tried_is_kept_as_a_hash_and_not_for_long(sqlite: Database, sqlite_url: str) -> None:
    async with sqlite.begin() as transaction:
        await attempts.add(transaction, "invitation", "chat:telegram:5551234567", now=NOW)
        await attempts.add(transaction, "wrong", "city", now=NOW + timedelta(days=2))
        [row] = await transaction.fetch(attempts.attempt.select())
    assert row["what"] == "wrong"
    kept = await asyncio.to_thread(Path(sqlite_url.removeprefix("sqlite:///")).read_bytes)
    assert b"5551234567" not in kept


async def test_dropping_what_is_being_written_gives_no_new_tries(city: CityHarness) -> None:
    guesser = city.citizen("an")
    code = await city.invitation(WARD, "chair")
    for number in range(5):
        await guesser.writes(f"/start AAAAA-AAAAA-0000{number}")
        await guesser.writes("/huy")
    await guesser.writes(f"/start {code}")
    guesser.sees(texts.invitation_too_often())
    await city.passes(hours=1, seconds=1)
    await guesser.writes(f"/start {code}")
    guesser.sees("đã vào với vai trò")


async def test_another_chat_of_the_same_person_has_no_tries_of_its_own(city: CityHarness) -> None:
    here, there = city.citizen("an"), city.citizen("an", channel="other")
    await here.writes("/lienket")
    code = next(word for word in here.last.text.split() if "-" in word and len(word.strip(".")) == 11)
    await there.writes(f"/lienket {code}")
    await there.presses("Đúng, cả hai")
    for number in range(5):
        await here.writes(f"/start AAAAA-AAAAA-0000{number}")
    await there.writes("/start AAAAA-AAAAA-00009")
    there.sees(texts.invitation_too_often())


async def test_many_chats_that_guess_together_are_slowed_and_operators_hear_of_it(
    city: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "WRONG_IN_CITY", 6)
    admin = await city.official("ha-noi", "admin")
    code = await city.invitation(WARD, "chair")
    for number in range(6):
        await city.citizen(f"kẻ đoán {number}").writes("/start AAAAA-AAAAA-AAAAA")
    admin.sees("gõ sai mã")
    latecomer = city.citizen("kẻ đoán 0")
    await latecomer.writes("/start AAAAA-AAAAA-AAAAB")
    latecomer.sees(texts.invitation_too_often())
    invited = city.citizen("chủ tịch mới")
    await invited.writes(f"/start {code}")
    invited.sees("đã vào với vai trò")


# ── nothing is learnt by trying ──────────────────────────────────────────────────────────────────


async def test_wrong_used_expired_and_foreign_invitations_are_answered_alike(city: CityHarness) -> None:
    used, old = await city.invitation(WARD, "chair"), await city.invitation(WARD, "officer")
    await city.citizen("chủ tịch").writes(f"/start {used}")
    await city.passes(days=8)
    answers = set()
    for number, code in enumerate((used, old, "AAAAA-AAAAA-AAAAA", "xin chào")):
        one = city.citizen(f"ai đó {number}")
        await one.writes(f"/start {code}")
        answers.add(one.last.text)
    assert answers == {texts.invitation_refused()}


async def test_a_foreign_tracking_code_and_none_are_answered_alike_and_ask_as_much(
    city: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    an, stranger = city.citizen("an"), city.citizen("người lạ")
    await an.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await an.files()
    foreign = (await city.only_case()).code
    none = tracking_code.new_code("HN", lambda limit: 5)
    asked: list[int] = []
    answers, questions = [], []
    inner = Transaction._read

    async def counting(self: Transaction, *arguments: object) -> object:
        asked.append(1)
        return await inner(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Transaction, "_read", counting)
    await stranger.writes(f"/tracuu {none}")
    for code in (foreign, none):
        asked.clear()
        await stranger.writes(f"/tracuu {code}")
        answers.append(stranger.last.text)
        questions.append(len(asked))
    assert answers[0] == answers[1] == texts.no_such_case()
    assert questions[0] == questions[1]


def test_signatures_and_secrets_are_compared_in_constant_time() -> None:
    """Whatever a stranger can try again and again goes through `compare_digest`."""
    import bot

    root = Path(str(bot.__file__)).parent
    for name in (
        "channels/telegram/channel.py",
        "channels/zalo_oa/signature.py",
        "channels/zalo_bot/channel.py",
        "channels/sms.py",
        "limits.py",
        "public_photos.py",
        "session.py",
        "zalo_consent.py",
    ):
        assert "hmac.compare_digest(" in (root / name).read_text(encoding="utf-8"), name
