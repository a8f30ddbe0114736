"""Whether updates still come in, as the vendor and the polling tell (`ailments` of the port).

Source: https://core.telegram.org/bots/api#webhookinfo
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.channels.telegram.polling import Polling
from handlers.channel import Ailment

MANY_WAITING = 100
"""Updates that wait at the vendor at two looks in a row: more than a short rush."""
FRESH_SECONDS = 600.0
"""How long an error of the webhook counts as one of now."""
SILENT_SECONDS = 180.0
"""How long the polling may go without an answer."""


@dataclass(slots=True, kw_only=True)
class Looks:
    """Compares what is seen at a look with the look before, so that a short rush or restart is no alarm."""

    waited: int = 0
    """How many updates waited at the look before."""

    def at_webhook(self, info: Mapping[str, Any], *, url: str, now: float) -> list[Ailment]:
        """Return what is wrong with the webhook, which should be at `url`; `now` in seconds since 1970."""
        if info.get("url", "") != url:
            return [Ailment(what="webhook_stolen", detail=_whose(info))]
        failing = self.waited > 0 and info["pending_update_count"] > 0
        found = self._behind(info, "webhook_behind")
        if failing and now - info.get("last_error_date", 0) < FRESH_SECONDS:
            found.append(Ailment(what="webhook_failing", detail=str(info.get("last_error_message", ""))))
        return found

    def at_polling(self, info: Mapping[str, Any], polling: Polling) -> list[Ailment]:
        """Return what is wrong with the polling, in this process or in the one that polls."""
        found = self._behind(info, "polling_behind")
        if info.get("url"):
            found.append(Ailment(what="polling_conflict", detail=_whose(info)))
        elif polling.disturbed:
            found.append(Ailment(what="polling_conflict", detail=polling.trouble))
        elif polling.silent_for() > SILENT_SECONDS:
            detail = f"for {polling.silent_for() / 60:.0f} minutes: {polling.trouble or 'no answer'}"
            found.append(Ailment(what="polling_silent", detail=detail))
        return found

    def _behind(self, info: Mapping[str, Any], what: str) -> list[Ailment]:
        before, self.waited = self.waited, int(info["pending_update_count"])
        if min(before, self.waited) < MANY_WAITING:
            return []
        return [Ailment(what=what, detail=f"{self.waited} updates wait")]


def examined(info: Mapping[str, Any], *, url: str, now: float) -> list[Ailment]:
    """Return what one look tells that nobody compares to another; `url` is empty for polling."""
    found: list[Ailment] = []
    if info.get("url", "") != url:
        what = "webhook_stolen" if url else "polling_conflict"
        return [Ailment(what=what, detail=_whose(info))]
    if url and now - info.get("last_error_date", 0) < FRESH_SECONDS:
        found.append(Ailment(what="webhook_failing", detail=str(info.get("last_error_message", ""))))
    if (waiting := int(info["pending_update_count"])) >= MANY_WAITING:
        found.append(Ailment(what="webhook_behind", detail=f"{waiting} updates wait"))
    return found


def _whose(info: Mapping[str, Any]) -> str:
    """Say where updates are sent to; of an address only the host, since the rest may be a secret."""
    host = urlsplit(info.get("url", "")).hostname
    return f"the webhook is at {host}" if host else "no webhook is set"
