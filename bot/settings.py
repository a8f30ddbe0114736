"""Settings from the environment (prefix LANGNGHE_), all checked at once."""

import difflib
import json
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "LANGNGHE_"
_AMOUNTS = (
    "MONTHLY_BUDGET",
    "SMS_PRICE",
    "ZALO_PRICE",
    "ZALO_TEMPLATE_PRICE",
    "ZALO_FREE_HOURS",
    "ZALO_REPLY_HOURS",
    "ZALO_BOT_PEOPLE",
    "ZALO_BOT_MESSAGES",
    "ZALO_BOT_GROUPS",
)
_MEANT = {
    "PORT": "is not a port: a whole number from 0 to 65535",
    "PUBLIC_URL": "is not the address of a web site, such as https://phananh.example.vn",
    "TELEGRAM_API_URL": "is not the address of a web site, such as https://api.telegram.org",
    "SMS_URL": "is not the address of a web site, such as https://sms.example.vn/send",
    "TELEGRAM_MODE": "is not a mode: polling or webhook",
    "ZALO_API_URL": "is not the address of a web site, such as https://openapi.zalo.me",
    "ZALO_OAUTH_URL": "is not the address of a web site, such as https://oauth.zaloapp.com",
    "ZALO_BUSINESS_URL": "is not the address of a web site, such as https://business.openapi.zalo.me",
    "ZALO_BOT_API_URL": "is not the address of a web site, such as https://bot-api.zaloplatforms.com",
    "ZALO_BOT_MODE": "is not a mode: polling or webhook",
    "ZALO_PER_MINUTE": "is not a whole number, 1 or more",
    "DATABASE_CONNECTIONS": "is not a whole number from 2 to 100",
    "ZALO_PROOF": "is neither true nor false",
    "ERASE_AFTER_HOURS": "is not a whole number of hours, 0 to 240",
    **dict.fromkeys(_AMOUNTS, "is not a whole number, 0 or more"),
}
_SHOWN = (
    "PORT",
    "PUBLIC_URL",
    "TELEGRAM_MODE",
    "ZALO_BOT_MODE",
    "ZALO_PER_MINUTE",
    "DATABASE_CONNECTIONS",
    "ZALO_PROOF",
    *_AMOUNTS,
)
"""What may be repeated in an error: it is never a secret."""
_TOKEN = re.compile(r"\d+:[\w-]{20,}", re.ASCII)
_ZALO_BOT_TOKEN = re.compile(r"\d+:[\w-]+", re.ASCII)
_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", re.ASCII)
_SECRET = re.compile(r"[\w-]{1,256}", re.ASCII)


KEPT_KINDS = frozenset(
    {
        "inbox",
        "outbox",
        "drafts",
        "codes",
        "pictures",
        "recordings",
        "exports",
        "positions",
        "closed",
        "visitors",
        "traffic",
    }
)
"""Kinds of data with a time after which they are purged; `storage/retention.py` says how long by default."""
TEMPLATE_WORDS = frozenset({"code", "unit", "status", "date", "link"})
"""What can fill a template's parameters."""


class WrongSettings(Exception):
    """One or more settings are wrong; `problems` holds a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseModel):
    """What an operator can set. Secrets never show in logs or errors."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    database_url: str = Field(default="sqlite:///var/langnghe.db", repr=False)
    """It may hold a password; `without_password` shows it."""
    database_connections: int = Field(default=5, ge=2, le=100)
    """How many connections a process may have to PostgreSQL, beside the one by which it listens."""
    database_direct_url: str = Field(default="", repr=False)
    """PostgreSQL itself, where `database_url` leads to PgBouncer; for listening and for migrations."""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: AnyHttpUrl | None = None
    trusted_proxies: str = ""
    """Addresses or networks, with commas between, whose X-Forwarded-For is believed."""
    metrics_token: SecretStr = SecretStr("")
    """Whoever sends it may read /metrics from anywhere; without it only this machine and private networks."""
    media_dir: Path = Path("var/media")
    telegram_token: SecretStr = SecretStr("")
    telegram_api_url: AnyHttpUrl = AnyHttpUrl("https://api.telegram.org")
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_secret: SecretStr = SecretStr("")
    smtp_url: SecretStr = SecretStr("")
    """The server that sends mail to units: smtp://user:password@host:587, or smtps://; none for no mail."""
    mail_from: str = ""
    """The address that mail comes from."""
    sms_url: AnyHttpUrl | None = None
    """Where short messages to units are posted; none for no short messages."""
    sms_token: SecretStr = SecretStr("")
    sms_from: str = ""
    sms_template: str = ""
    """The JSON that is posted, with {to}, {text}, {from} and {reference} in its strings."""
    sms_receipt_secret: SecretStr = SecretStr("")
    sms_price: int = Field(default=800, ge=0)
    """What a short message costs, in đồng."""
    monthly_budget: int = Field(default=0, ge=0)
    """How many đồng messages to citizens may cost in a calendar month; 0: nothing that costs is sent."""
    retention: dict[str, int] = Field(default_factory=dict)
    """JSON: how many days which kinds of data are kept, 0 for ever; see `storage/retention.py`."""
    erase_after_hours: int = Field(default=24, ge=0, le=240)
    """How many hours somebody can take back that they want to be erased."""
    data_key: SecretStr = SecretStr("")
    """Encrypts what is secret in the database, at least 16 characters (`python -m bot new-key`); without it
    SQLite uses a key in a file beside the database."""
    data_key_before: SecretStr = SecretStr("")
    """The value of DATA_KEY before it was changed, until the program has been started once with both."""
    zalo_app_id: str = ""
    """The app of the Official Account; with it the channel zalo_oa is on."""
    zalo_app_secret: SecretStr = SecretStr("")
    zalo_oa_secret_key: SecretStr = SecretStr("")
    """What webhook calls are signed with; another one than the app's secret."""
    zalo_api_url: AnyHttpUrl = AnyHttpUrl("https://openapi.zalo.me")
    zalo_oauth_url: AnyHttpUrl = AnyHttpUrl("https://oauth.zaloapp.com")
    zalo_business_url: AnyHttpUrl = AnyHttpUrl("https://business.openapi.zalo.me")
    """Where templates (ZBS) are sent."""
    zalo_template: str = ""
    """JSON: the id of an approved template, and which of our words fill its parameters, for example
    {"id": "12345", "fields": {"ma_phan_anh": "code", "don_vi": "unit", "trang_thai": "status"}}."""
    zalo_template_price: int = Field(default=120, ge=0)
    zalo_price: int = Field(default=72, ge=0)
    """What a message after the free hours costs at most, in đồng."""
    zalo_free_hours: int = Field(default=48, ge=0)
    zalo_reply_hours: int = Field(default=168, ge=0)
    """So many hours after a person's last word nothing but a template may be sent."""
    zalo_per_minute: int = Field(default=4000, ge=1)
    """Requests a minute that the app may make."""
    zalo_proof: bool = False
    """Whether calls carry `appsecret_proof` (when the app's console asks for it)."""
    zalo_media_hosts: str = ""
    """Further domains, with commas between, that people's pictures and files may be fetched from."""
    zalo_verifier: str = ""
    """The code in the name of the file zalo_verifier….html by which the domain is verified."""
    zalo_bot_token: SecretStr = SecretStr("")
    zalo_bot_api_url: AnyHttpUrl = AnyHttpUrl("https://bot-api.zaloplatforms.com")
    zalo_bot_secret: SecretStr = SecretStr("")
    zalo_bot_mode: Literal["polling", "webhook"] = "polling"
    zalo_bot_people: int = Field(default=50, ge=0)
    """How many people the bot's plan allows."""
    zalo_bot_messages: int = Field(default=3000, ge=0)
    """How many messages a month the bot's plan allows."""
    zalo_bot_groups: int = Field(default=3, ge=0)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        try:
            read_networks(value)
        except ValueError:
            raise ValueError(
                "must be addresses or networks with commas between, such as 10.0.0.0/8"
            ) from None
        return value

    @field_validator("metrics_token")
    @classmethod
    def _metrics_token_form(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters; `python -m bot new-key` makes a good one")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp_server(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            from bot.channels.mail import Server

            Server.parse(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_address(cls, value: str) -> str:
        if value and not is_mail_address(value):
            raise ValueError("not a mail address; for example phananh@hanoi.example.vn")
        return value

    @field_validator("sms_template")
    @classmethod
    def _json_template(cls, value: str) -> str:
        try:
            given = json.loads(value) if value else {"to": "{to}", "text": "{text}"}
        except ValueError:
            raise ValueError("not JSON") from None
        shown = json.dumps(given)
        if "{to}" not in shown or "{text}" not in shown:
            raise ValueError("must hold {to} and {text}")
        return value

    @field_validator("retention", mode="before")
    @classmethod
    def _days_by_kind(cls, value: object) -> object:
        try:
            given = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise ValueError('must be JSON such as {"inbox": 30, "closed": 0}') from None
        return _known_days(given)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            raise ValueError("not a database URL; for example sqlite:///var/langnghe.db") from None
        backend = url.get_backend_name()
        if backend not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError(f"no such kind of database: {backend} (sqlite or postgresql)")
        if backend == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError("SQLite needs a file; for example sqlite:///var/langnghe.db")
        return value

    @field_validator("database_direct_url")
    @classmethod
    def _postgresql(cls, value: str) -> str:
        try:
            backend = make_url(value).get_backend_name() if value else "postgresql"
        except (ArgumentError, ValueError):
            backend = ""
        if backend not in {"postgresql", "postgres"}:
            raise ValueError("not the URL of a PostgreSQL; for example postgresql://USER:PASSWORD@HOST/NAME")
        return value

    @field_validator("telegram_token")
    @classmethod
    def _token_form(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if token and not _TOKEN.fullmatch(token):
            raise ValueError("not a bot token (digits, a colon, letters), as BotFather gives it")
        return value

    @field_validator("zalo_app_id")
    @classmethod
    def _app_id(cls, value: str) -> str:
        if value and not (value.isascii() and value.isdigit()):
            raise ValueError("not an app id: digits only, as the developers' console shows it")
        return value

    @field_validator("zalo_bot_token")
    @classmethod
    def _zalo_bot_token_form(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _ZALO_BOT_TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("not a bot token (digits, a colon, letters), as Zalo Bot Manager gives it")
        return value

    @field_validator("zalo_bot_secret")
    @classmethod
    def _zalo_bot_secret_form(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not 8 <= len(value.get_secret_value()) <= 256:
            raise ValueError("must have 8 to 256 characters")
        return value

    @field_validator("zalo_template")
    @classmethod
    def _template_form(cls, value: str) -> str:
        if value:
            read_template(value)
        return value

    @field_validator("zalo_media_hosts")
    @classmethod
    def _domains(cls, value: str) -> str:
        wrong = [name for name in domains_in(value) if not _DOMAIN.fullmatch(name)]
        if wrong:
            raise ValueError("must be domains with commas between, such as zdn.vn,zadn.vn")
        return value

    @field_validator("zalo_verifier")
    @classmethod
    def _verifier_form(cls, value: str) -> str:
        if value and not _SECRET.fullmatch(value):
            raise ValueError("must be the letters between zalo_verifier and .html in the file's name")
        return value

    @field_validator("data_key", "data_key_before")
    @classmethod
    def _key_form(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters; `python -m bot new-key` makes a good one")
        return value

    @field_validator("telegram_secret")
    @classmethod
    def _secret_form(cls, value: SecretStr) -> SecretStr:
        secret = value.get_secret_value()
        if secret and not _SECRET.fullmatch(secret):
            raise ValueError("must be 1 to 256 of A-Z a-z 0-9 _ -")
        return value


def load_settings(environment: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """Read all settings; return them with warnings about unknown names. Raises WrongSettings.

    An empty value counts as not set.
    """
    given = {
        name.upper().removeprefix(PREFIX): value
        for name, value in environment.items()
        if name.upper().startswith(PREFIX) and value
    }
    fields = {name.upper() for name in Settings.model_fields}
    problems = [
        *_direct_url_alone(given),
        *_incomplete_webhook(given),
        *_incomplete_mail(given),
        *_incomplete_zalo(given),
        *_incomplete_zalo_bot(given),
    ]
    try:
        settings = Settings.model_validate(
            {name.lower(): value for name, value in given.items() if name in fields}
        )
    except ValidationError as error:
        # Not from the error, which holds what was given, secrets too.
        problems = [_problem(part, given) for part in error.errors()] + problems
    else:
        problems += _windows_that_cross(settings)
    if problems:
        raise WrongSettings(problems)
    return settings, [_unknown(name, fields) for name in sorted(given.keys() - fields)]


def _direct_url_alone(given: Mapping[str, str]) -> list[str]:
    name = "DATABASE_DIRECT_URL"
    if name not in given or not given.get("DATABASE_URL", "sqlite").startswith("sqlite"):
        return []
    return [f"{PREFIX}{name}: is for PgBouncer, which {PREFIX}DATABASE_URL must lead to"]


def _known_days(given: object) -> dict[str, int]:
    if not isinstance(given, dict) or not all(type(days) is int and days >= 0 for days in given.values()):
        raise ValueError('must be JSON such as {"inbox": 30, "closed": 0}: whole numbers of days')
    if unknown := sorted(given.keys() - KEPT_KINDS):
        raise ValueError(f"does not know {', '.join(unknown)}; there are {', '.join(sorted(KEPT_KINDS))}")
    return dict(given)


def _incomplete_webhook(given: Mapping[str, str]) -> list[str]:
    if not given.get("TELEGRAM_TOKEN") or given.get("TELEGRAM_MODE") != "webhook":
        return []
    missing = [PREFIX + name for name in ("PUBLIC_URL", "TELEGRAM_SECRET") if name not in given]
    return [f"{PREFIX}TELEGRAM_MODE: webhook also needs {' and '.join(missing)}"] if missing else []


def _incomplete_mail(given: Mapping[str, str]) -> list[str]:
    if ("SMTP_URL" in given) == ("MAIL_FROM" in given):
        return []
    there, missing = ("SMTP_URL", "MAIL_FROM") if "SMTP_URL" in given else ("MAIL_FROM", "SMTP_URL")
    return [f"{PREFIX}{there}: mail also needs {PREFIX}{missing}"]


def _incomplete_zalo(given: Mapping[str, str]) -> list[str]:
    needed = ["ZALO_APP_ID", "ZALO_APP_SECRET", "ZALO_OA_SECRET_KEY"]
    there = [name for name in needed if name in given]
    if not given.get("DATABASE_URL", "sqlite").startswith("sqlite"):
        needed.append("DATA_KEY")
    missing = [PREFIX + name for name in needed if name not in given]
    if not there or not missing:
        return []
    return [f"{PREFIX}{there[0]}: a Zalo Official Account also needs {' and '.join(missing)}"]


def _windows_that_cross(settings: Settings) -> list[str]:
    if settings.zalo_free_hours <= settings.zalo_reply_hours:
        return []
    free = f"{PREFIX}ZALO_FREE_HOURS ({settings.zalo_free_hours})"
    return [f"{PREFIX}ZALO_REPLY_HOURS: must not be less than {free}"]


def _incomplete_zalo_bot(given: Mapping[str, str]) -> list[str]:
    if not given.get("ZALO_BOT_TOKEN") or given.get("ZALO_BOT_MODE") != "webhook":
        return []
    missing = [PREFIX + name for name in ("PUBLIC_URL", "ZALO_BOT_SECRET") if name not in given]
    return [f"{PREFIX}ZALO_BOT_MODE: webhook also needs {' and '.join(missing)}"] if missing else []


def domains_in(value: str) -> tuple[str, ...]:
    """Return the domains of a list with commas between, in small letters."""
    return tuple(name for part in value.split(",") if (name := part.strip().lower()))


def read_template(value: str) -> tuple[str, dict[str, str]]:
    """Return the id of a template and what fills its parameters; raises ValueError."""
    try:
        given = json.loads(value)
        number, fields = given["id"], given["fields"]
    except (ValueError, KeyError, TypeError):
        raise ValueError('must be JSON such as {"id": "12345", "fields": {"ma": "code"}}') from None
    if not (isinstance(number, str) and isinstance(fields, dict) and fields):
        raise ValueError('must be JSON such as {"id": "12345", "fields": {"ma": "code"}}')
    if unknown := sorted({str(word) for word in fields.values()} - TEMPLATE_WORDS):
        known = ", ".join(sorted(TEMPLATE_WORDS))
        raise ValueError(f"does not know {', '.join(unknown)}; there are {known}")
    return number, {str(name): str(word) for name, word in fields.items()}


def _problem(error: Mapping[str, object], given: Mapping[str, str]) -> str:
    location = error["loc"]
    assert isinstance(location, tuple)
    name = str(location[0]).upper()
    if name not in _MEANT:
        return f"{PREFIX}{name}: " + str(error["msg"]).removeprefix("Value error, ")
    value = given.get(name, "")
    # An address may hold a password before its "@".
    shown = repr(value) if name in _SHOWN and "@" not in value else "what is given"
    return f"{PREFIX}{name}: {shown} {_MEANT[name]}"


def _unknown(name: str, fields: set[str]) -> str:
    near = difflib.get_close_matches(name, fields, n=1)
    return f"{PREFIX}{name} is not a setting" + (f"; did you mean {PREFIX}{near[0]}?" if near else "")


def is_mail_address(text: str) -> bool:
    """Tell whether a text has the form of a mail address."""
    return _MAIL.fullmatch(text) is not None


def read_networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks of a list with commas between; raises ValueError for what is none."""
    return tuple(ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())


def sqlite_path(database_url: str) -> Path | None:
    """Return the file of a SQLite URL; None for another database or one in memory."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def without_password(database_url: str) -> str:
    """Return the URL as it may be shown."""
    return make_url(database_url).render_as_string(hide_password=True)
