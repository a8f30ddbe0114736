"""Messages by an approved template (ZBS), which may be sent after the reply window has closed.

Source: https://developers.zalo.me/docs/zalo-notification-service/gui-tin-zns/gui-tin-su-dung-template
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.faults import is_night, until_morning
from bot.channels.zalo_oa.fields import first_text, part_of
from handlers.channel import RateLimited, Sent

PATH = "message/template"
VALUE_LIMIT = 100
"""Letters that a parameter may have; templates may be approved with less."""
_EMPTY = "–"
"""Stands where nothing is known: the vendor refuses an empty parameter."""
_TRACKING_LIMIT = 48
_PHONE = re.compile(r"\+?84(\d{9,10})|0(\d{9,10})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """The approved template: its id, which of our words fills each parameter, and what one costs (đồng)."""

    id: str
    fields: Mapping[str, str]
    price: int = 0


async def send_template(
    client: Client,
    template: Template,
    user: str,
    words: Mapping[str, str],
    *,
    reference: str,
    now: datetime,
) -> Sent:
    """Send it to a person, or to `words["phone"]` where that is given; at night it waits till morning."""
    if is_night(now):
        raise RateLimited("no templates at night", retry_after=until_morning(now))
    phone = as_phone(words.get("phone", ""))
    answer = await client.call(
        "POST",
        PATH,
        base="business",
        json={
            **({"phone": phone} if phone else {"user_id": user}),
            "template_id": template.id,
            "template_data": {name: _value(words.get(word, "")) for name, word in template.fields.items()},
            **({"tracking_id": reference[:_TRACKING_LIMIT]} if reference else {}),
        },
    )
    sent = first_text(part_of(answer, "data"), "msg_id", "message_id")
    return Sent(message_id=sent, price="template", cost=template.price)


def as_phone(number: str) -> str:
    """Return a number as the vendor writes it (84…); empty for what is none."""
    found = _PHONE.fullmatch(re.sub(r"[ .()-]", "", number))
    return f"84{found[1] or found[2]}" if found else ""


def _value(word: str) -> str:
    value = " ".join(word.split())
    return value[: VALUE_LIMIT - 1] + "…" if len(value) > VALUE_LIMIT else value or _EMPTY
