"""Whoever starts a stand-in by hand can serve with the settings that it prints."""

import os
import subprocess
import sys

import pytest

from bot.settings import load_settings


@pytest.mark.parametrize(
    ("vendor", "lines", "channel"),
    [
        ("telegram", 2, "telegram_token"),
        ("zalo_bot", 2, "zalo_bot_token"),
        ("zalo_oa", 6, "zalo_oa_secret_key"),
    ],
)
def test_the_settings_that_are_printed_are_taken(vendor: str, lines: int, channel: str) -> None:
    command = [sys.executable, "-m", f"tests.standins.{vendor}", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=os.getcwd()) as standin:
        assert standin.stdout is not None
        try:
            printed = [standin.stdout.readline().removeprefix("export ").strip() for _ in range(lines)]
        finally:
            standin.terminate()
    settings, warnings = load_settings(dict(line.split("=", 1) for line in printed))
    assert getattr(settings, channel).get_secret_value()
    assert warnings == []
