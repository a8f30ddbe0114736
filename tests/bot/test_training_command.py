"""`train`: learning from corrections, keeping what is better, going back; in made-up words."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import model_in_use
from bot.__main__ import main
from bot.app import App
from bot.settings import load_settings
from routing import adoption
from routing.domain import domains
from routing.kind import KINDS
from routing.organisation import build_city, to_document
from routing.understanding import Understanding
from storage import models, units
from storage.corrections import add_correction
from storage.database import Database, Transaction

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LABELS = {"domains": [domain.id for domain in domains()], "kinds": list(KINDS)}
WORTH_KNOWING = [
    ("Rác chất đống không ai gom, bốc mùi hôi", "waste"),
    ("Quán karaoke hát ầm ĩ đến khuya không ngủ được", "noise"),
    ("Đèn đường hỏng cả tháng, tối om", "lighting"),
    ("Mất nước sinh hoạt ba ngày nay", "water_supply"),
]
"""What the shipped model reads and one of made-up words cannot."""


FILLERS = ("hom nay", "nha toi", "cho nay", "tuan truoc", "sang som", "ngay mai")


def made_up(family: str, label: str) -> tuple[str, str]:
    """Return two words that only texts of this label hold."""
    letters = "bcdghklmnpqrstvx"
    number = LABELS[family].index(label)
    mark = letters[number // 8] + "aeiouyêô"[number % 8] + letters[number % 8]
    return f"{'zu' if family == 'domains' else 'wi'}{mark}", f"f{mark}z"


def texts_of(family: str, label: str) -> list[str]:
    """Return texts in which a label is told by its words."""
    one, two = made_up(family, label)
    return [f"{filler} {one} {two} {filler} {two}" for filler in FILLERS]


def another_text(family: str, label: str, number: int) -> str:
    """Return a text of a label that is in no corpus; a different one for each number."""
    one, two = made_up(family, label)
    return f"{one} {FILLERS[number % 6]} {two} {'lan nua ' * (number // 6)}{FILLERS[number * 5 % 6]}"


def told_anew(domain: str, number: int) -> str:
    """Return a text of a domain, or with a word that nobody knows, with a word of its own for each number."""
    one, two = made_up("domains", domain) if domain in LABELS["domains"] else (domain, domain)
    own = "".join("bcdghklmnp"[int(digit)] for digit in str(number))
    return f"{FILLERS[number % 6]} {one} {FILLERS[number * 5 % 6]} {two} {own}"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of made-up words, learned in a second."""
    folder = tmp_path_factory.mktemp("corpus")
    for family, labels in LABELS.items():
        (folder / family).mkdir()
        for label in labels:
            written = "\n".join(["# messages", *texts_of(family, label)])
            (folder / family / f"{label}.txt").write_text(written, encoding="utf-8")
    return folder


def rows(labelled: Iterable[tuple[str, str]], field: str = "domain") -> list[dict[str, str]]:
    return [{"text": text, field: label} for text, label in labelled]


def write(file: Path, lines: Iterable[dict[str, str]]) -> Path:
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def evaluation_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation set in the same made-up words: many of one domain, two of each other label."""
    labelled = []
    for domain in LABELS["domains"]:
        times = 20 if domain == "waste" else 2
        labelled += rows((another_text("domains", domain, number), domain) for number in range(times))
    for kind in KINDS:
        labelled += rows(((another_text("kinds", kind, number), kind) for number in range(2)), "kind")
    return write(tmp_path_factory.mktemp("evaluation") / "evaluation.jsonl", labelled)


@pytest.fixture
def evaluation(evaluation_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same in place of the shipped set, on which no model of made-up words could be better."""
    monkeypatch.setattr(adoption, "EVALUATION_FILE", evaluation_file)
    return evaluation_file


@dataclass
class Desk:
    """An operator's desk: a city's database and the command line."""

    url: str
    corpus: Path
    evaluation: Path
    capsys: pytest.CaptureFixture[str]

    def trains(self, *words: object) -> tuple[int, dict[str, Any]]:
        """Train on the tiny corpus; return the status and what was said."""
        status, said, _ = self.runs("train", "--corpus", self.corpus, "--json", *words)
        return status, json.loads(said) if said else {}

    def runs(self, *words: object) -> tuple[int, str, str]:
        """Run a command; return status, output and errors."""
        self.capsys.readouterr()
        status = main([str(word) for word in words], environment={"LANGNGHE_DATABASE_URL": self.url})
        return status, *self.capsys.readouterr()

    def stores(self, work: Callable[[Transaction], Awaitable[object]]) -> None:
        """Do something to the database."""

        async def do() -> None:
            database = Database(self.url)
            async with database.begin() as transaction:
                await work(transaction)
            await database.close()

        asyncio.run(do())

    def corrects(self, count: int, *, label: str, now: str, role: str, people: int = 1) -> None:
        """Let people correct the domain of so many texts, one after the other through many days."""

        async def work(transaction: Transaction) -> None:
            for number in range(count):
                add_correction(
                    transaction,
                    case_id=None,
                    text=told_anew(label, number),
                    field="domain",
                    was="other",
                    now_value=now,
                    actor_role=role,
                    at=NOW + timedelta(hours=9 * number),
                    person_id=number % people,
                    model_version="abc",
                )

        self.stores(work)

    @property
    def in_use(self) -> str:
        """The version of the model that reads, as `train --list` says."""
        (found,) = (row for row in json.loads(self.runs("train", "--list", "--json")[1]) if row["in_use"])
        return str(found["model"])


async def found_city(transaction: Transaction) -> None:
    await units.save_city(transaction, to_document(build_city("Hà Nội")), now=NOW)


@pytest.fixture
def desk(sqlite_url: str, corpus: Path, evaluation: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    made = Desk(sqlite_url, corpus, evaluation, capsys)
    made.stores(found_city)
    return made


def test_a_better_model_is_adopted_read_with_and_given_up_again(
    database_url: str, corpus: Path, evaluation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(database_url, corpus, evaluation, capsys)
    desk.stores(found_city)
    shipped = desk.in_use
    status, said = desk.trains("--note", "made-up words")
    assert (status, said["adopted"], said["before"]) == (0, True, shipped)
    assert desk.in_use == said["model"] != shipped
    word = " ".join(made_up("domains", "noise"))
    read = json.loads(desk.runs("understand", word)[1])
    assert (read["domain"], read["model_version"]) == ("noise", said["model"])
    listed = desk.runs("train", "--list")[1]
    assert "made-up words" in listed
    assert "domain, clean (evaluation set): 0." in listed

    desk.corrects(40, label="zozoz", now="trees", role="dispatcher")
    status, second = desk.trains()
    assert (status, second["learned"], second["kept_back"]) == (0, 32, 8)
    (newest,) = (each for each in second["figures"] if each["measured_on"] == "newest corrections")
    assert (newest["old"], newest["new"]) == (0.0, 1.0)
    assert desk.in_use == second["model"]

    assert desk.runs("train", "--rollback")[0] == 0
    assert desk.in_use == said["model"]
    assert desk.runs("train", "--rollback")[1].endswith("the shipped model reads from now on.\n")
    assert desk.in_use == shipped
    assert desk.runs("train", "--rollback")[0] == 3


def test_a_worse_model_is_not_adopted_and_the_figures_say_why(desk: Desk, tmp_path: Path) -> None:
    shipped = desk.in_use
    file = write(tmp_path / "worth.jsonl", rows(WORTH_KNOWING))
    status, said = desk.trains("--evaluation", file)
    assert (status, said["adopted"], said["in_use"]) == (3, False, shipped)
    (why,) = said["reasons"]
    assert why.startswith("domain, clean (own evaluation file): 1.000 → 0.")
    status, told, _ = desk.runs("train", "--corpus", desk.corpus, "--evaluation", file)
    assert (status, why in told, f"Kept: model {shipped}" in told) == (3, True, True)
    assert desk.in_use == shipped


def test_without_anything_new_the_old_model_stays(desk: Desk) -> None:
    status, told, _ = desk.runs("train")
    assert status == 3
    assert "nothing new to learn" in told
    desk.trains()
    assert desk.trains()[1]["reasons"] == ["there is nothing new to learn from"]


def test_bad_rows_are_all_named_and_nothing_is_done(desk: Desk, tmp_path: Path) -> None:
    shipped = desk.in_use
    file = tmp_path / "examples.jsonl"
    measured = json.loads(desk.evaluation.read_text(encoding="utf-8").splitlines()[0])["text"]
    lines = [
        '{"text": "zozoz", "domain": "trees"}',
        "not JSON",
        "[]",
        '{"text": " ", "domain": "trees"}',
        '{"text": "a", "domain": "nope"}',
        '{"text": "a", "kind": ["x"]}',
        '{"text": "a"}',
        json.dumps({"text": measured.upper(), "domain": "trees"}),
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    own = write(tmp_path / "own.jsonl", rows([("kia kia kia", "waste")]))
    for options in ((), ("--evaluation", own)):
        status, said, errors = desk.runs("train", "--corpus", desk.corpus, *options, "--examples", file)
        assert (status, said) == (2, "")
        named = [line.split(":")[0] for line in errors.splitlines()]
        assert named == [f"line {number}" for number in range(2, 9)]
    status, _, errors = desk.runs("train", "--evaluation", file)
    assert (status, "line 2: not JSON" in errors) == (2, True)
    assert desk.in_use == shipped


def test_texts_of_the_own_evaluation_file_are_not_learned_either(desk: Desk, tmp_path: Path) -> None:
    own = write(tmp_path / "own.jsonl", rows([("zozoz kia", "trees")]))
    examples = write(tmp_path / "examples.jsonl", rows([("Zozoz kia!", "trees")]))
    status, _, errors = desk.runs("train", "--evaluation", own, "--examples", examples)
    assert (status, errors) == (2, "line 1: this text belongs to the evaluation set\n")


def test_a_file_of_examples_is_learned(desk: Desk, tmp_path: Path) -> None:
    learned = [(f"zozoz {'va ' * number}kia", "trees") for number in range(6)]
    file = write(tmp_path / "examples.jsonl", rows(learned))
    status, said = desk.trains("--examples", file)
    assert (status, said["examples"]) == (0, 6)
    assert json.loads(desk.runs("understand", "zozoz")[1])["domain"] == "trees"


def test_a_row_with_two_labels_is_one_row(desk: Desk, tmp_path: Path) -> None:
    row = {"text": "zozoz kia", "domain": "trees", "kind": "feedback"}
    file = write(tmp_path / "examples.jsonl", [row])
    told = desk.runs("train", "--corpus", desk.corpus, "--examples", file)[1]
    assert told.startswith(
        "0 corrections: 0 learned from, 0 kept back as a test; 1 rows from the file of examples.\n"
    )


def test_what_is_kept_back_as_a_test_is_not_learned_from_the_examples_either(
    desk: Desk, tmp_path: Path
) -> None:
    desk.corrects(40, label="zozoz", now="trees", role="dispatcher")
    pasted = [(told_anew("zozoz", number).upper(), "trees") for number in (2, 39)]
    file = write(tmp_path / "examples.jsonl", rows(pasted))
    said = desk.trains("--examples", file)[1]
    assert (said["kept_back"], said["examples"], said["examples_kept_back"]) == (8, 1, 1)
    told = desk.runs("train", "--corpus", desk.corpus, "--examples", file)[1]
    assert "1 rows from the file of examples, and 1 left out, for they are among those kept back." in told


def test_many_wrong_corrections_by_one_citizen_teach_nothing(desk: Desk) -> None:
    adopted = desk.trains()[1]["model"]
    desk.corrects(200, label="waste", now="noise", role="citizen")
    status, said = desk.trains()
    assert (status, said["corrections"], said["learned"], said["in_use"]) == (3, 200, 0, adopted)


def test_wrong_corrections_by_many_citizens_are_found_out(desk: Desk) -> None:
    adopted = desk.trains()[1]["model"]
    desk.corrects(400, label="waste", now="noise", role="citizen", people=100)
    status, said = desk.trains()
    assert said["learned"] > 200
    assert (status, said["in_use"]) == (3, adopted)
    assert any(why.startswith("domain, clean (evaluation set): 1.000 → ") for why in said["reasons"])
    assert desk.trains("--no-corrections")[1]["reasons"] == ["there is nothing new to learn from"]


async def test_a_running_program_takes_a_new_model_up_and_gives_it_back(
    database_url: str, tmp_path: Path, corpus: Path, evaluation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_in_use, "LOOK_SECONDS", 0.05)
    environment = {
        "LANGNGHE_DATABASE_URL": database_url,
        "LANGNGHE_MEDIA_DIR": str(tmp_path / "media"),
        "LANGNGHE_PORT": "0",
    }
    app = App(load_settings(environment)[0], parts=("worker",))
    async with app.database.begin() as transaction:
        await found_city(transaction)
    await app.start()
    try:
        assert app.worker is not None
        shipped = app.worker.understanding.model_version
        options = ["train", "--corpus", str(corpus)]
        assert await asyncio.to_thread(main, options, environment=environment) == 0
        adopted = await another_than(shipped, app)
        assert app.worker.understanding.read(made_up("domains", "noise")[0], province=None).domain == "noise"
        assert await asyncio.to_thread(main, ["train", "--rollback"], environment=environment) == 0
        assert await another_than(adopted, app) == shipped
    finally:
        await app.stop()


async def another_than(version: str, app: App) -> str:
    """Wait until the program reads with another model; return its version."""
    assert app.worker is not None
    for _ in range(1000):
        if app.worker.understanding.model_version != version:
            break
        await asyncio.sleep(0.02)
    return app.worker.understanding.model_version


def test_a_model_of_other_domains_is_refused_with_a_clear_line(desk: Desk) -> None:
    async def adopt(transaction: Transaction) -> None:
        await models.adopt(
            transaction, "older", b"not a model", instead_of=None, figures={"figures": []}, note="", now=NOW
        )

    shipped = desk.in_use
    desk.stores(adopt)
    status, _, errors = desk.runs("understand", "rác")
    assert status == 0
    assert "The adopted model older cannot be used, the shipped one reads" in errors
    assert desk.in_use == shipped
    assert desk.trains()[0] == 0
    assert desk.in_use not in (shipped, "older")


def test_the_shipped_model_is_rebuilt_without_a_database(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "one.npz", tmp_path / "two.npz"]
    for file in files:
        options = ["train", "--ship", "--corpus", str(corpus), "--output", str(file)]
        assert main(options, environment={"LANGNGHE_DATABASE_URL": "sqlite:///no/city/here.db"}) == 0
    one, two = (Understanding.from_bytes(file.read_bytes()) for file in files)
    assert one.model_version == two.model_version
    assert one.read("zubab", province=None) == two.read("zubab", province=None)


def test_without_a_city_there_is_nothing_to_learn_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train"], environment={"LANGNGHE_DATABASE_URL": "sqlite:///no/city/here.db"}) == 1
    assert "init" in capsys.readouterr().err
