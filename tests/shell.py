"""A shell for tests of the command line: the real commands, an environment of their own."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from bot import moment
from bot.__main__ import main
from tests.city import CityHarness


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass
class Shell:
    """A shell with an environment of its own, and a clock where the commands work beside a city with one."""

    capsys: pytest.CaptureFixture[str]
    environment: dict[str, str] = field(default_factory=dict)
    now: Callable[[], datetime] = moment.now

    def __call__(self, *words: object) -> Answer:
        """Run one command."""
        self.capsys.readouterr()
        try:
            with patch.object(moment, "now", self.now):
                status = main([str(word) for word in words], environment=self.environment)
        except SystemExit as end:
            status = int(end.code or 0)
        return Answer(status, *self.capsys.readouterr())

    @property
    def database(self) -> Path:
        """The SQLite file that the commands work on."""
        return Path(self.environment["LANGNGHE_DATABASE_URL"].removeprefix("sqlite:///"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the database answers."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query).fetchall()

    def everything(self) -> list[str]:
        """Return all that the database holds, to compare, but for the keys that the first command makes."""
        with closing(sqlite3.connect(self.database)) as connection:
            return [line for line in connection.iterdump() if not line.startswith('INSERT INTO "data_key"')]


def shell_of(city: CityHarness, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return the shell of an operator beside the running city."""
    return Shell(
        capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{city.database.url.database}"}, now=lambda: city.now
    )
