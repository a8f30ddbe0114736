"""What people do around an Official Account: write, press, follow, look, answer by hand in its console."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tests.standins.zalo_oa_events import Posted
from tests.standins.zalo_oa_groups import GroupsServer
from tests.standins.zalo_oa_messages import Person, Shown


def jpeg(width: int = 8, height: int = 6) -> bytes:
    """Return a grey picture."""
    content = io.BytesIO()
    Image.new("RGB", (width, height), "grey").save(content, "JPEG")
    return content.getvalue()


SMALL_JPEG = jpeg()


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file that a person sends."""

    content: bytes = b"%PDF-1.7"
    name: str = "don.pdf"
    kind: str = "pdf"


class PeopleServer(GroupsServer):
    """The vendor's servers and the people around the account."""

    # ---- what people do

    async def user_sends(
        self,
        user: str,
        text: str = "",
        *,
        group: str = "",
        photo: bytes | None = None,
        photos: Sequence[bytes] = (),
        location: tuple[float, float] | None = None,
        voice: bytes | None = None,
        document: Document | None = None,
        contact: str | None = None,
        address: str = "",
        sticker: bool = False,
        reply_to: Shown | str | None = None,
        name: str = "",
    ) -> list[Posted]:
        """Send something to the account, or into a group; `photos` are as many events.

        `text` is the caption of a photo (the first). `contact` is a phone number that the person gives in
        the form of a wish for information, with their `address`. Returns when the webhook has taken it.
        """
        person = self._speaks(user, name)
        if contact is not None:
            person.phone = contact
            info = {"name": person.name, "phone": contact, "full_address": address}
            return [await self.deliver(self._personal("user_submit_info", user, info=info))]
        sent: list[Posted] = []
        for kind, attachment in self._parts(photo, photos, location, voice, document, sticker):
            caption = text if kind == "image" and not sent else ""
            sent.append(await self._say(user, kind, caption, [attachment], group, reply_to))
        if text and not (sent and (photo or photos)):
            sent.append(await self._say(user, "text", text, [], group, reply_to))
        assert sent, "nothing was sent"
        return sent

    async def user_presses(self, shown: Shown, choice: str) -> None:
        """Press the button with this label or payload; AssertionError when there is none.

        What the button holds comes as a text of the person's.
        """
        payloads = [payload for label, payload in shown.buttons if choice in (label, payload)]
        assert payloads, f"no button {choice!r} among {shown.buttons}"
        await self.user_sends(shown.chat, payloads[0])

    async def user_follows(self, user: str, *, name: str = "", source: str = "oa_profile") -> None:
        """Follow the account."""
        self._speaks(user, name).follows = True
        await self.deliver(self._membership("follow", user, source=source))

    async def user_unfollows(self, user: str) -> None:
        """No longer follow the account."""
        self.person(user).follows = False
        await self.deliver(self._membership("unfollow", user, source="oa_profile"))

    async def user_restricts(self, user: str) -> None:
        """Forbid the account to write: it learns of it only when it tries."""
        self.person(user).restricts = True

    async def user_withdraws(self, user: str) -> None:
        """Ask that what is held about them be erased."""
        self.person(user).withdrawn = True
        await self.deliver(self._personal("user_withdraw", user))

    async def user_opens_chat(self, user: str) -> None:
        """Press the button to write to the account for the first time."""
        self._speaks(user)
        await self.deliver(self._membership("user_click_chatnow", user))

    async def user_sees(self, *shown: Shown) -> None:
        """Look at messages."""
        await self._receipt("user_seen_message", {"msg_ids": [each.id for each in shown]}, shown[0])

    async def user_receives(self, shown: Shown) -> None:
        """Be reached by a message."""
        await self._receipt("user_received_message", {"msg_id": shown.id}, shown)

    async def staff_writes(self, user: str, text: str, *, admin: str = "9100000000000000001") -> None:
        """Write to a person by hand in the account's console."""
        message = {"text": text, "msg_id": self.identity()}
        said = {"src": 0, "message_id": message["msg_id"], "message": text, "type": "text"}
        self._said(user, said, to=user)
        ends = {"sender": {"id": self.oa_id, "admin_id": admin}, "recipient": {"id": user}}
        await self.deliver(self.event("oa_send_text", **ends, message=message))

    def _speaks(self, user: str, name: str = "") -> Person:
        person = self.person(user)
        person.name = name or person.name
        person.last_word = self.now
        return person

    def _parts(
        self,
        photo: bytes | None,
        photos: Sequence[bytes],
        location: tuple[float, float] | None,
        voice: bytes | None,
        document: Document | None,
        sticker: bool,
    ) -> list[tuple[str, dict[str, Any]]]:
        parts: list[tuple[str, dict[str, Any]]] = []
        for content in (*([photo] if photo is not None else []), *photos):
            there = self._store(content, "jpg", "image/jpeg")
            parts.append(("image", {"type": "image", "payload": {"thumbnail": there, "url": there}}))
        if location is not None:
            place = {"latitude": str(location[0]), "longitude": str(location[1])}
            parts.append(("location", {"type": "location", "payload": {"coordinates": place}}))
        if voice is not None:
            parts.append(
                ("audio", {"type": "audio", "payload": {"url": self._store(voice, "amr", "audio/amr")}})
            )
        if document is not None:
            parts.append(("file", {"type": "file", "payload": self._describe(document)}))
        if sticker:
            there = self._store(SMALL_JPEG, "png", "image/png")
            parts.append(("sticker", {"type": "sticker", "payload": {"id": "47032", "url": there}}))
        return parts

    def _describe(self, document: Document) -> dict[str, str]:
        return {
            "size": str(len(document.content)),
            "name": document.name,
            "checksum": hashlib.md5(document.content, usedforsecurity=False).hexdigest(),
            "type": document.kind,
            "url": self._store(
                document.content, document.name.rpartition(".")[2], "application/octet-stream"
            ),
        }

    def _store(self, content: bytes, ending: str, kind: str) -> str:
        name = f"{self.identity()}.{ending}"
        self._media[name] = (content, kind)
        return f"{self.url}/media/{name}"

    async def _say(
        self,
        user: str,
        kind: str,
        text: str,
        attachments: list[dict[str, Any]],
        group: str,
        reply_to: Shown | str | None,
    ) -> Posted:
        message: dict[str, Any] = {"msg_id": self.identity()}
        if text:
            message["text"] = text
        if attachments:
            message["attachments"] = attachments
        if reply_to is not None:
            message["quote_msg_id"] = reply_to.id if isinstance(reply_to, Shown) else reply_to
        self._heard[message["msg_id"]] = user
        chat = group.removeprefix("g") or user
        self._said(chat, _remembered(kind, message), to=self.oa_id)
        if group:
            return await self.deliver(self._in_group(f"user_send_group_{kind}", chat, user, message))
        return await self.deliver(self._personal(f"user_send_{kind}", user, message=message))

    def _personal(self, name: str, user: str, **content: Any) -> dict[str, Any]:
        ends = {"sender": {"id": user}, "recipient": {"id": self.oa_id}, "user_id_by_app": f"55{user}"}
        return self.event(name, **ends, **content)

    def _membership(self, name: str, user: str, **content: Any) -> dict[str, Any]:
        ends = {"oa_id": self.oa_id, "follower": {"id": user}, "user_id_by_app": f"55{user}"}
        return self.event(name, **ends, **content)

    async def _receipt(self, name: str, message: dict[str, Any], shown: Shown) -> None:
        ends = {"sender": {"id": self.oa_id}, "recipient": {"id": shown.chat}}
        await self.deliver(self.event(name, **ends, message=message))


def _remembered(kind: str, message: dict[str, Any]) -> dict[str, Any]:
    """Return a person's message as the history tells it."""
    said = {"src": 1, "message_id": message["msg_id"], "message": message.get("text", "")}
    payload = message["attachments"][0]["payload"] if "attachments" in message else {}
    names = {"image": "photo", "audio": "voice"}
    said["type"] = names.get(kind, kind)
    if kind == "location":
        return {**said, "location": json.dumps(payload["coordinates"])}
    if kind == "image":
        return {**said, "url": payload["url"], "thumb": payload["url"], "description": said["message"]}
    return {**said, "url": payload["url"]} if "url" in payload else said
