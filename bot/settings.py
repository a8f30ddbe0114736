"""Settings from the environment (prefix LANGNGHE_), all checked at once."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "LANGNGHE_"
LATER = {
    "ZALO_APP_ID",
    "ZALO_APP_SECRET",
    "ZALO_OA_SECRET_KEY",
    "ZALO_API_URL",
    "ZALO_OAUTH_URL",
    "ZALO_BOT_TOKEN",
    "ZALO_BOT_API_URL",
    "ZALO_BOT_SECRET",
    "DATA_KEY",
}
"""Names kept for the Zalo channels and encryption; they are taken and have no effect yet."""


class WrongSettings(Exception):
    """One or more settings are wrong; `problems` holds a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """What an operator can set. Secrets never show in logs or errors."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: str = "sqlite:///var/langnghe.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: AnyHttpUrl | None = None
    media_dir: Path = Path("var/media")
    telegram_token: SecretStr = SecretStr("")
    telegram_api_url: AnyHttpUrl = AnyHttpUrl("https://api.telegram.org")
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_secret: SecretStr = SecretStr("")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            backend = make_url(value).get_backend_name()
        except ArgumentError:
            raise ValueError("not a database URL; for example sqlite:///var/langnghe.db") from None
        if backend not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError(f"no such kind of database: {backend} (sqlite or postgresql)")
        return value

    @field_validator("telegram_token")
    @classmethod
    def _token_form(cls, value: SecretStr) -> SecretStr:
        number, colon, rest = value.get_secret_value().partition(":")
        if value.get_secret_value() and not (number.isdigit() and colon and len(rest) >= 20):
            raise ValueError("not a bot token (digits, a colon, letters), as BotFather gives it")
        return value

    @model_validator(mode="after")
    def _webhook_complete(self) -> Self:
        if self.telegram_token.get_secret_value() and self.telegram_mode == "webhook":
            missing = [
                name
                for name, value in (
                    ("PUBLIC_URL", self.public_url),
                    ("TELEGRAM_SECRET", self.telegram_secret.get_secret_value()),
                )
                if not value
            ]
            if missing:
                names = " and ".join(PREFIX + name for name in missing)
                raise ValueError(f"{PREFIX}TELEGRAM_MODE=webhook also needs {names}")
        return self


def load_settings(environment: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """Read all settings; return them with warnings about unknown names. Raises WrongSettings."""
    given = {
        name.removeprefix(PREFIX).upper(): value
        for name, value in environment.items()
        if name.upper().startswith(PREFIX)
    }
    fields = {name.upper() for name in Settings.model_fields}
    try:
        settings = Settings(
            **{name.lower(): value for name, value in given.items() if name in fields}  # type: ignore[arg-type]
        )
    except ValidationError as error:
        raise WrongSettings([_problem(part) for part in error.errors()]) from error
    return settings, [_unknown(name, fields) for name in sorted(given.keys() - fields - LATER)]


def _problem(error: Mapping[str, object]) -> str:
    location = error["loc"]
    message = str(error["msg"]).removeprefix("Value error, ")
    if not location:
        return message
    assert isinstance(location, tuple)
    return f"{PREFIX}{str(location[0]).upper()}: {message}"


def _unknown(name: str, fields: set[str]) -> str:
    near = difflib.get_close_matches(name, fields, n=1)
    return f"{PREFIX}{name} is not a setting" + (f"; did you mean {PREFIX}{near[0]}?" if near else "")


def sqlite_path(database_url: str) -> Path | None:
    """Return the file of a SQLite URL; None for another database or one in memory."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def without_password(database_url: str) -> str:
    """Return the URL as it may be shown."""
    return make_url(database_url).render_as_string(hide_password=True)
