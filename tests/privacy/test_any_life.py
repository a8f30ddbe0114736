"""Whatever somebody did with the bot, on whichever channels: erased, nothing is left of them."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from storage import ledger
from storage.tables import case, person
from tests.city import CityHarness, Somebody
from tests.privacy.searching_everything import traces_left
from tests.privacy.test_erasing import erased

WARD = "phuong-khuong-dinh"
PLACES = ("trước ngõ 12 Vũ Tông Phan", "trên đường Khương Đình", "ở ngõ 5 phố Khương Hạ")
MATTERS = ("Rác chất đống", "Ổ gà lớn", "Đèn đường không sáng")
LETTERS = "bcdghklmnprstvx"


@dataclass
class Life:
    """Somebody on two channels, those who handle what they write, and a neighbour who stays."""

    city: CityHarness
    dice: random.Random
    number: str = ""
    needles: set[str] = field(default_factory=set)

    async def begins(self) -> None:
        """Let everybody be there."""
        self.number = f"09{self.dice.randrange(10**8):08}"
        self.name = f"{self.word().title()} {self.word().title()} {self.word().title()}"
        self.here = self.city.citizen(f"nguoi-{self.word()}")
        self.there = self.city.citizen(f"khach-{self.word()}", channel="other")
        self.here.name = self.there.name = self.name
        self.needles |= {self.name, self.number, self.here.chat, self.there.chat}
        self.chair = await self.city.official(WARD, "chair")
        self.officer = await self.city.official(WARD, "officer")
        self.dispatcher = await self.city.official("ha-noi", "dispatcher")
        self.neighbour = self.city.citizen("hang-xom-ben-canh")
        await self.neighbour.writes(f"{MATTERS[0]} {PLACES[0]}, phường Khương Đình, bốc mùi tỏagiữ")
        await self.neighbour.files()

    def word(self) -> str:
        """Return a word that nobody else says."""
        made = "".join(self.dice.choice(LETTERS) + self.dice.choice("aeiou") for _ in range(5))
        self.needles.add(made)
        return made

    def either(self) -> Somebody:
        """Return the person on one of their channels."""
        return self.dice.choice((self.here, self.there))

    async def reports(self) -> None:
        """Send a report; where it is known already, join it or not."""
        who = self.either()
        text = f"{self.dice.choice(MATTERS)} {self.dice.choice(PLACES)}, phường Khương Đình, {self.word()}"
        await who.writes(f"{text} {self.word()}, tôi là {self.name}", photos=self.dice.randrange(3))
        await self.press(who, "Ẩn danh tôi", "Không ghi tên", chance=0.3)
        await self.press(who, "Đồng ý và gửi")
        await self.press(who, *self.dice.sample(("Đúng, cùng việc", "Không, việc khác"), 2))
        await self.press(who, "Không, việc khác", "Việc khác")

    async def press(self, who: Somebody, *labels: str, chance: float = 1.0) -> None:
        """Press the first of these buttons that the last message offers, if any."""
        for label in labels if self.dice.random() < chance else ():
            if who.screen and any(each.startswith(label) for each in who.last.labels):
                await who.presses(label)
                return

    async def leaves_a_draft(self) -> None:
        """Begin something and leave it."""
        await self.either().writes(f"{MATTERS[1]} {PLACES[1]}, phường Khương Đình {self.word()}", photos=1)

    async def leaves_a_number(self) -> None:
        """Share the own number."""
        who = self.either()
        await who.sends(phone=self.number)
        await self.press(who, "Đồng ý lưu số này")

    async def links(self) -> None:
        """Make both accounts one."""
        await self.here.writes("/lienket")
        code = next(line for line in self.here.last.text.split("\n") if line.startswith("Mã liên kết:"))
        await self.there.writes(f"/lienket {code.rpartition(' ')[2]}")
        await self.press(self.there, "Liên kết", "Đúng")

    async def is_asked(self) -> None:
        """Let the unit ask by name, and the person reply."""
        if code := await self.code():
            await self.officer.writes(f"/viec {code}")
            await self.officer.replays(f"ask:{code}")
            await self.officer.writes(f"Thưa {self.name}, cụ thể ở đâu ạ?")
            await self.press(self.officer, "Gửi câu hỏi")
            for who in (self.here, self.there):
                await who.writes(f"Ở ngay đầu ngõ {self.word()}")

    async def is_answered(self) -> None:
        """Let the unit answer by name, and the person rate it in words."""
        if code := await self.code():
            await self.officer.replays(f"answer:{code}")
            await self.officer.writes(f"Kính gửi {self.name}: tổ vệ sinh đã dọn sạch sáng nay.", photos=1)
            await self.press(self.officer, "Gửi câu trả lời")
            for who in (self.here, self.there):
                await self.press(who, "1 ⭐", "⭐", "Chưa giải quyết")
                await who.writes(f"Vẫn chưa sạch {self.word()}")

    async def is_looked_up(self) -> None:
        """Let officials search, list and open."""
        written = " ".join(each.text for each in await self.city.cases())
        needles = [each for each in sorted(self.needles) if each in written]
        await self.chair.writes(f"/tim {self.dice.choice([*needles, self.name, self.number])}")
        await self.chair.writes("/viec")
        await self.dispatcher.writes("/dieuphoi")

    async def looks(self) -> None:
        """Look at one's own things."""
        await self.either().writes(self.dice.choice(("/cuatoi", "/dulieucuatoi", "/trogiup", "/huy")))

    async def talks_in_a_group(self) -> None:
        """Say something in a group that the bot is in."""
        member = self.city.somebody_in_group("nhom-pho", self.here, mentioned=True)
        await member.writes(f"bot ơi, {self.word()}")

    async def code(self) -> str:
        """Return the code of one of the person's cases that is with the ward; empty without any."""
        chats = {self.here.chat, self.there.chat}
        own = [each for each in await self.city.cases() if each.chat in chats and each.unit_code == WARD]
        return self.dice.choice(own).code if own else ""


Deed = Callable[[Life], Awaitable[None]]
DEEDS: tuple[Deed, ...] = (
    Life.reports,
    Life.reports,
    Life.leaves_a_draft,
    Life.leaves_a_number,
    Life.links,
    Life.is_asked,
    Life.is_answered,
    Life.is_looked_up,
    Life.looks,
    Life.talks_in_a_group,
)


async def lives(city: CityHarness, seed: int) -> Life:
    """Live a life of a dozen deeds, then ask on both channels to be erased."""
    life = Life(city=city, dice=random.Random(seed))
    await life.begins()
    await life.reports()
    for deed in life.dice.choices(DEEDS, k=12):
        await deed(life)
        await city.passes(minutes=life.dice.randrange(1, 90))
    await city.ticks()
    for who in (life.here, life.there):
        await who.writes("/xoadulieu")
        await life.press(who, "Xóa dữ liệu của tôi")
    return life


async def is_gone(life: Life) -> None:
    """Assert that nothing is left of the person, and everything of the neighbour."""
    city = life.city
    assert await traces_left(city.database, city.media_dir, life.needles) == []
    assert await ledger.verify(city.database) is None
    assert await traces_left(city.database, city.media_dir, ["tỏagiữ"])
    nobody = (
        select(case.c.id)
        .join(person, person.c.id == case.c.reporter_id)
        .where(person.c.erased_at.is_not(None))
    )
    assert {row["id"] for row in await city.rows(nobody)} == {
        each.id for each in await city.cases() if "tỏagiữ" not in each.text
    }


@pytest.mark.parametrize("seed", [0, 3])
async def test_nothing_is_left_of_any_life(city: CityHarness, seed: int) -> None:
    life = await lives(city, seed)
    await erased(city)
    await is_gone(life)


async def test_nothing_is_left_on_postgresql_either(big_town: CityHarness) -> None:
    life = await lives(big_town, 11)
    await erased(big_town)
    await is_gone(life)
