"""Settings: every wrong one is named at once, an unknown one has its neighbour suggested, no secret shows."""

import traceback

import pytest

from bot.settings import WrongSettings, domains_in, load_settings, sqlite_path, without_password

TOKEN = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
WEBHOOK = {"LANGNGHE_TELEGRAM_TOKEN": TOKEN, "LANGNGHE_TELEGRAM_MODE": "webhook"}


def problems(**environment: str) -> list[str]:
    with pytest.raises(WrongSettings) as wrong:
        load_settings({f"LANGNGHE_{name}": value for name, value in environment.items()})
    return wrong.value.problems


def test_nothing_has_to_be_set() -> None:
    settings, warnings = load_settings({"PATH": "/bin", "DATABASE_URL": "not ours"})
    assert settings.database_url == "sqlite:///var/langnghe.db"
    assert (settings.host, settings.port, settings.telegram_mode) == ("127.0.0.1", 8080, "polling")
    assert warnings == []


def test_every_wrong_setting_is_named_at_once() -> None:
    found = problems(
        DATABASE_URL="mysql://somewhere/db",
        PORT="eighty",
        PUBLIC_URL="here",
        TELEGRAM_TOKEN="secret",
        TELEGRAM_API_URL="there",
        TELEGRAM_MODE="webhook",
        TELEGRAM_SECRET="a b",
    )
    assert [line.split(":")[0].removeprefix("LANGNGHE_") for line in found] == [
        "DATABASE_URL",
        "PORT",
        "PUBLIC_URL",
        "TELEGRAM_TOKEN",
        "TELEGRAM_API_URL",
        "TELEGRAM_SECRET",
    ]


def test_a_wrong_setting_is_told_in_plain_words_with_what_was_given() -> None:
    found = problems(
        PORT="eighty", PUBLIC_URL="here", TELEGRAM_MODE="push", TELEGRAM_API_URL="http://k:hush@"
    )
    assert found == [
        "LANGNGHE_PORT: 'eighty' is not a port: a whole number from 0 to 65535",
        "LANGNGHE_PUBLIC_URL: 'here' is not the address of a web site, such as https://phananh.example.vn",
        "LANGNGHE_TELEGRAM_API_URL: what is given is not the address of a web site, such as "
        "https://api.telegram.org",
        "LANGNGHE_TELEGRAM_MODE: 'push' is not a mode: polling or webhook",
    ]
    [kept] = problems(PUBLIC_URL="ftp://office:hush@city.example")
    assert "hush" not in kept


def test_what_belongs_together_is_asked_for_beside_other_mistakes() -> None:
    found = problems(TELEGRAM_TOKEN=TOKEN, TELEGRAM_MODE="webhook", PORT="-1")
    assert found[0].startswith("LANGNGHE_PORT: ")
    assert found[1:] == [
        "LANGNGHE_TELEGRAM_MODE: webhook also needs LANGNGHE_PUBLIC_URL and LANGNGHE_TELEGRAM_SECRET"
    ]


@pytest.mark.parametrize(
    "url",
    [
        "langnghe.db",
        "sqlite://",
        "sqlite:///:memory:",
        "oracle://x/y",
        "postgresql://user:hunter2",
        "postgresql://host:hunter2/x",
    ],
)
def test_a_database_that_cannot_be_one_is_refused(url: str) -> None:
    [problem] = problems(DATABASE_URL=url)
    assert problem.startswith("LANGNGHE_DATABASE_URL: ")
    assert "hunter2" not in problem


def test_no_secret_shows_in_what_is_printed_or_raised() -> None:
    settings, _ = load_settings(
        {
            **WEBHOOK,
            "LANGNGHE_TELEGRAM_SECRET": "hush-hush",
            "LANGNGHE_PUBLIC_URL": "https://city.example",
            "LANGNGHE_DATABASE_URL": "postgresql://bot:hunter2@localhost/city",
        }
    )
    for shown in (repr(settings), str(settings), without_password(settings.database_url)):
        assert not any(secret in shown for secret in (TOKEN, "hush-hush", "hunter2"))


def test_a_wrong_secret_does_not_show_in_the_error() -> None:
    token, secret = "42:" + "short", "hush" + " hush"
    with pytest.raises(WrongSettings) as wrong:
        load_settings({"LANGNGHE_TELEGRAM_TOKEN": token, "LANGNGHE_TELEGRAM_SECRET": secret})
    shown = "".join(traceback.format_exception(wrong.value))
    assert token not in shown
    assert secret not in shown


def test_an_unknown_setting_is_mentioned_with_what_may_have_been_meant() -> None:
    _, warnings = load_settings({"LANGNGHE_TELEGRAM_TOKN": TOKEN, "LANGNGHE_COLOUR": "green"})
    assert warnings == [
        "LANGNGHE_COLOUR is not a setting",
        "LANGNGHE_TELEGRAM_TOKN is not a setting; did you mean LANGNGHE_TELEGRAM_TOKEN?",
    ]


def test_a_zalo_account_needs_its_secrets_and_on_postgresql_a_key() -> None:
    app = {"ZALO_APP_ID": "1", "ZALO_APP_SECRET": "a", "ZALO_OA_SECRET_KEY": "b"}
    assert load_settings({f"LANGNGHE_{name}": value for name, value in app.items()})[1] == []
    assert problems(ZALO_APP_ID="1") == [
        "LANGNGHE_ZALO_APP_ID: a Zalo Official Account also needs LANGNGHE_ZALO_APP_SECRET and "
        "LANGNGHE_ZALO_OA_SECRET_KEY"
    ]
    assert problems(**app, DATABASE_URL="postgresql://localhost/city") == [
        "LANGNGHE_ZALO_APP_ID: a Zalo Official Account also needs LANGNGHE_DATA_KEY"
    ]


def test_domains_of_media_are_domains() -> None:
    settings, _ = load_settings({"LANGNGHE_ZALO_MEDIA_HOSTS": "zdn.vn, New.example.vn"})
    assert domains_in(settings.zalo_media_hosts) == ("zdn.vn", "new.example.vn")
    (wrong,) = problems(ZALO_MEDIA_HOSTS="https://zdn.vn")
    assert wrong.startswith("LANGNGHE_ZALO_MEDIA_HOSTS: must be domains")


def test_an_empty_value_counts_as_not_set() -> None:
    settings, warnings = load_settings(
        {"LANGNGHE_PORT": "", "LANGNGHE_PUBLIC_URL": "", "LANGNGHE_TELEGRAM_TOKEN": ""}
    )
    assert (settings.port, settings.public_url) == (8080, None)
    assert warnings == []


def test_only_a_sqlite_url_has_a_file() -> None:
    assert str(sqlite_path("sqlite:///var/city.db")) == "var/city.db"
    assert sqlite_path("postgresql://localhost/city") is None


def test_mail_needs_a_server_and_an_address_and_neither_shows_its_secret() -> None:
    assert problems(SMTP_URL="smtp://mail.example.vn") == [
        "LANGNGHE_SMTP_URL: mail also needs LANGNGHE_MAIL_FROM"
    ]
    assert problems(MAIL_FROM="a@b.vn") == ["LANGNGHE_MAIL_FROM: mail also needs LANGNGHE_SMTP_URL"]
    (wrong,) = problems(SMTP_URL="http://user:geheim@mail.example.vn", MAIL_FROM="a@b.vn")
    assert "smtp://user:password@" in wrong
    assert "geheim" not in wrong
    assert "not a mail address" in problems(SMTP_URL="smtp://mail.example.vn", MAIL_FROM="nobody")[0]
    settings, _ = load_settings(
        {"LANGNGHE_SMTP_URL": "smtp://u:geheim@mail.example.vn", "LANGNGHE_MAIL_FROM": "a@b.vn"}
    )
    assert "geheim" not in repr(settings)


def test_the_gateway_s_template_is_json_that_holds_number_and_text() -> None:
    assert "not JSON" in problems(SMS_TEMPLATE="{to} {text}")[0]
    assert "must hold {to} and {text}" in problems(SMS_TEMPLATE='{"to": "{to}"}')[0]
    assert "LANGNGHE_SMS_URL" in problems(SMS_URL="gateway")[0]
