"""Settings: every wrong one is named at once, an unknown one has its neighbour suggested, no secret shows."""

import traceback

import pytest

from bot.settings import (
    _AMOUNTS,
    WrongSettings,
    domains_in,
    load_settings,
    read_template,
    sqlite_path,
    without_password,
)

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


ZALO = {"ZALO_APP_ID": "360846524940903967", "ZALO_APP_SECRET": "s1", "ZALO_OA_SECRET_KEY": "s2"}
BOT = "12345689:abc-xyz"
TEMPLATE = '{"id": "12345", "fields": {"ma_phan_anh": "code", "don_vi": "unit"}}'


def test_a_short_key_is_refused_with_how_to_get_a_good_one() -> None:
    assert problems(DATA_KEY="fifteen letters") == [
        "LANGNGHE_DATA_KEY: must have at least 16 characters; `python -m bot new-key` makes a good one"
    ]
    assert load_settings({"LANGNGHE_DATA_KEY": "sixteen letters!"})[1] == []


@pytest.mark.parametrize("given", ["app", "12 34", "\u0661\u0662"])
def test_an_app_id_is_digits(given: str) -> None:
    (wrong,) = problems(**{**ZALO, "ZALO_APP_ID": given})
    assert wrong.startswith("LANGNGHE_ZALO_APP_ID: not an app id")


@pytest.mark.parametrize("name", ["ZALO_API_URL", "ZALO_OAUTH_URL", "ZALO_BUSINESS_URL", "ZALO_BOT_API_URL"])
def test_an_address_of_the_vendor_that_is_none_is_told_with_the_usual_one(name: str) -> None:
    (wrong,) = problems(**{name: "there"})
    assert wrong.startswith(f"LANGNGHE_{name}: what is given is not the address of a web site, such as http")


def test_what_messages_cost_and_how_long_windows_are_open_has_usual_values() -> None:
    settings, _ = load_settings({})
    assert (settings.monthly_budget, settings.sms_price) == (0, 800)
    assert (settings.zalo_price, settings.zalo_template_price) == (72, 120)
    assert (settings.zalo_free_hours, settings.zalo_reply_hours, settings.zalo_per_minute) == (48, 168, 4000)
    assert (settings.zalo_bot_people, settings.zalo_bot_messages, settings.zalo_bot_groups) == (50, 3000, 3)
    assert settings.zalo_proof is False


@pytest.mark.parametrize("name", _AMOUNTS)
def test_an_amount_is_a_whole_number(name: str) -> None:
    for given in ("-1", "ten", "1.5"):
        assert problems(**{name: given}) == [f"LANGNGHE_{name}: {given!r} is not a whole number, 0 or more"]
    settings, _ = load_settings({f"LANGNGHE_{name}": "100"})
    assert getattr(settings, name.lower()) == 100


def test_settings_of_zalo_are_refused_in_plain_words() -> None:
    assert problems(ZALO_PER_MINUTE="0") == ["LANGNGHE_ZALO_PER_MINUTE: '0' is not a whole number, 1 or more"]
    assert problems(ZALO_PROOF="maybe") == ["LANGNGHE_ZALO_PROOF: 'maybe' is neither true nor false"]
    assert problems(ZALO_REPLY_HOURS="24") == [
        "LANGNGHE_ZALO_REPLY_HOURS: must not be less than LANGNGHE_ZALO_FREE_HOURS (48)"
    ]


def test_a_template_names_what_fills_it() -> None:
    settings, _ = load_settings({"LANGNGHE_ZALO_TEMPLATE": TEMPLATE})
    assert read_template(settings.zalo_template) == ("12345", {"ma_phan_anh": "code", "don_vi": "unit"})
    for given in (
        "12345",
        "{}",
        '{"id": 12345, "fields": {"ma": "code"}}',
        '{"id": "1", "fields": {}}',
        "[]",
    ):
        (wrong,) = problems(ZALO_TEMPLATE=given)
        assert wrong.startswith("LANGNGHE_ZALO_TEMPLATE: must be JSON such as"), given
    (unknown,) = problems(ZALO_TEMPLATE='{"id": "1", "fields": {"ma": "colour"}}')
    assert "does not know colour; there are code, date, link, status, unit" in unknown


def test_the_code_of_the_domain_s_proof_is_a_part_of_a_file_s_name() -> None:
    assert load_settings({"LANGNGHE_ZALO_VERIFIER": "SeEEB8-_z"})[0].zalo_verifier == "SeEEB8-_z"
    assert problems(ZALO_VERIFIER="../etc")[0].startswith("LANGNGHE_ZALO_VERIFIER: must be the letters")


def test_a_zalo_bot_by_webhook_needs_an_address_and_a_secret() -> None:
    assert load_settings({"LANGNGHE_ZALO_BOT_TOKEN": BOT})[0].zalo_bot_mode == "polling"
    assert problems(ZALO_BOT_TOKEN=BOT, ZALO_BOT_MODE="webhook") == [
        "LANGNGHE_ZALO_BOT_MODE: webhook also needs LANGNGHE_PUBLIC_URL and LANGNGHE_ZALO_BOT_SECRET"
    ]
    assert problems(ZALO_BOT_MODE="push") == [
        "LANGNGHE_ZALO_BOT_MODE: 'push' is not a mode: polling or webhook"
    ]
    assert "8 to 256" in problems(ZALO_BOT_SECRET="seven77")[0]
    assert "not a bot token" in problems(ZALO_BOT_TOKEN="secret")[0]


def test_no_secret_of_zalo_shows() -> None:
    given = {
        "DATA_KEY": "hush-hush hush-hush",
        "ZALO_APP_ID": "1",
        "ZALO_APP_SECRET": "hush-app",
        "ZALO_OA_SECRET_KEY": "hush-webhook",
        "ZALO_BOT_TOKEN": "1:hush-bot",
        "ZALO_BOT_SECRET": "hush-secret",
    }
    settings, _ = load_settings({f"LANGNGHE_{name}": value for name, value in given.items()})
    assert "hush" not in repr(settings) + str(settings)
    wrong = problems(DATA_KEY="hush", ZALO_BOT_TOKEN="hush", ZALO_BOT_SECRET="hush")
    assert len(wrong) == 3
    assert "hush" not in "".join(wrong)
