"""The example for nginx, as far as it can be read without nginx: what the program counts on is passed on."""

import re
from pathlib import Path

from bot.web_chat import BEAT_SECONDS
from handlers.media import SIZE_LIMIT

TEXT = (Path(__file__).parents[2] / "deploy/nginx.conf").read_text(encoding="utf-8")
BARE = re.sub(r"^\s*#.*$", "", TEXT, flags=re.MULTILINE)


def value(name: str) -> str:
    found = re.search(rf"^\s*{name}\s+(.*?);", BARE, re.MULTILINE)
    assert found, name
    return found[1]


def location(path: str) -> str:
    found = re.search(rf"location {re.escape(path)} {{(.*?)}}", BARE, re.DOTALL)
    assert found, path
    return found[1]


def test_every_block_is_closed_and_every_line_ended() -> None:
    assert BARE.count("{") == BARE.count("}")
    lines = [line.strip() for line in BARE.splitlines() if line.strip()]
    assert not [line for line in lines if line[-1] not in ";{}"]


def test_what_a_visitor_claims_about_the_address_does_not_get_through() -> None:
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in BARE
    assert "$proxy_add_x_forwarded_for" not in BARE


def test_the_log_holds_no_query() -> None:
    [form] = re.findall(r"log_format langnghe '(.*?)';", BARE)
    assert not re.search(r"\$(request|request_uri|args|http_referer|query_string)\b(?!_)", form)
    assert value("access_log").endswith(" langnghe")


def test_a_photo_and_an_open_page_are_let_through() -> None:
    assert int(value("client_max_body_size").removesuffix("m")) * 1024 * 1024 > SIZE_LIMIT
    assert "proxy_set_header Upgrade $http_upgrade;" in BARE
    hours = int(re.findall(r"proxy_read_timeout (\d+)h;", location("= /chat/socket"))[0])
    assert hours * 3600 > BEAT_SECONDS * 2


def test_what_operators_watch_is_not_for_the_street() -> None:
    for path in ("= /metrics", "/healthz"):
        assert "return 404;" in location(path)
