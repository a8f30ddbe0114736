"""What the Official Account sends: messages in their windows, uploads, quotas, profiles and templates."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from tests.standins import zalo_oa_rules as rules
from tests.standins.zalo_oa_rules import Message, Refused, wrong
from tests.standins.zalo_oa_server import Files, VendorServer

LOCAL_TIME = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(kw_only=True, slots=True)
class Shown:
    """A message from the bot as the person sees it."""

    chat: str
    id: str
    text: str = ""
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """Label and payload of each button."""
    links: list[tuple[str, str]] = field(default_factory=list)
    phones: list[tuple[str, str]] = field(default_factory=list)
    photos: list[bytes] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    """Addresses of pictures that were not uploaded."""
    file: bytes = b""
    file_name: str = ""
    sticker: str = ""
    quote: str = ""
    ask_contact: dict[str, str] = field(default_factory=dict)
    template: dict[str, str] = field(default_factory=dict)
    template_id: str = ""
    by_phone: bool = False
    """Whether it was addressed to a phone number."""
    price: str = "free"
    """"free", "welcome", "quota", "paid" or "template"."""
    at: datetime


@dataclass(kw_only=True, slots=True)
class Person:
    """What the vendor knows of a person."""

    name: str
    phone: str = ""
    follows: bool = False
    last_word: datetime | None = None
    restricts: bool = False
    """Whether they have forbidden the account to write."""
    banned: bool = False
    welcomes: int = rules.WELCOME_MESSAGES
    withdrawn: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that the bot has uploaded."""

    content: bytes
    name: str
    call: str
    at: datetime


class MessagesServer(VendorServer):
    """The vendor's servers with what is said between the account and single people."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.people: dict[str, Person] = {}
        self.counts: Counter[str] = Counter()
        """How many messages were sent, by price."""
        self.package = 0
        """How many messages after the free hours the account's package still holds."""
        self.wallet: int | None = None
        """How many messages can still be charged; None for as many as there are."""
        self.uploads_left = rules.UPLOADS_A_MONTH
        self.templates: dict[str, set[str]] = {}
        """The parameters of each approved template."""
        self._shown: dict[str, list[Shown]] = defaultdict(list)
        self._talks: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._uploads: dict[str, Upload] = {}
        self._media: dict[str, tuple[bytes, str]] = {}
        self._replies: Counter[str] = Counter()
        self._heard: dict[str, str] = {}

    def approve_template(self, template: str, *parameters: str) -> None:
        """Let a template with these parameters be sent."""
        self.templates[template] = set(parameters)

    def person(self, user: str) -> Person:
        """Return what the vendor knows of a person."""
        return self.people.setdefault(user, Person(name=f"Công dân {user}"))

    def routes(self) -> list[web.RouteDef]:
        """Serve what people sent besides."""
        return [web.get("/media/{name}", self._serve), *super().routes()]

    async def _serve(self, request: web.Request) -> web.Response:
        content, kind = self._media.get(request.match_info["name"], (b"", ""))
        if not content:
            raise web.HTTPNotFound
        return web.Response(body=content, content_type=kind)

    def lose_contents(self) -> None:
        """Forget what people sent: the addresses have expired."""
        self._media.clear()

    # ---- sending

    async def _post_v3_0_oa_message_cs(self, content: dict[str, Any]) -> dict[str, Any]:
        given = rules.fields("body", content, "recipient", "message")
        user = self._recipient(given["recipient"])
        message = rules.read_message(given["message"])
        self._check_quote(user, message)
        price = self._price(user)
        shown = self._show(user, message, price=price)
        answer = {"message_id": shown.id, "user_id": user, "sent_time": str(int(self.now.timestamp() * 1000))}
        return answer if price == "paid" else {**answer, "quota": self._quota(user, price)}

    def _recipient(self, value: Any) -> str:
        given = rules.fields("recipient", value, optional=("user_id", "message_id"))
        if len(given) != 1:
            raise wrong("recipient needs either user_id or message_id")
        if "user_id" in given:
            return rules.string("user_id", given["user_id"])
        answered = rules.string("message_id", given["message_id"])
        if answered not in self._heard:
            raise wrong("message_id is of no message from a person")
        self._replies[answered] += 1
        if self._replies[answered] > rules.REPLIES_TO_A_MESSAGE:
            raise Refused(-211)
        return self._heard[answered]

    def _check_quote(self, chat: str, message: Message) -> None:
        known = {said["message_id"] for said in self._talks[chat]}
        if message.quote and message.quote not in known and not self._strangers:
            raise Refused(-201, "quote_message_id is of no message of this chat")

    def _price(self, user: str) -> str:
        """Tell how a message is counted, taking it off what it is counted against; raises Refused."""
        person = self.people.get(user)
        if person is None:
            if self._strangers:
                return "free"
            raise wrong(f"nobody has the user_id {user}")
        if person.banned:
            raise Refused(-227)
        if person.restricts or person.withdrawn:
            raise Refused(-244)
        if person.last_word is None:
            return self._price_of_welcome(person)
        since = self.now - person.last_word
        if since > rules.REPLY_WINDOW:
            raise Refused(-230)
        return "free" if since <= rules.FREE_WINDOW else self._price_after_free_hours()

    @staticmethod
    def _price_of_welcome(person: Person) -> str:
        if not person.follows:
            raise Refused(-213)
        if not person.welcomes:
            raise Refused(-211)
        person.welcomes -= 1
        return "welcome"

    def _price_after_free_hours(self) -> str:
        if self.package:
            self.package -= 1
            return "quota"
        if self.wallet == 0:
            raise Refused(-321)
        if self.wallet is not None:
            self.wallet -= 1
        return "paid"

    def _quota(self, user: str, price: str) -> dict[str, Any]:
        if price == "welcome":
            left = self.person(user).welcomes
            return {"quota_type": "welcome_msg", "remain": str(left), "total": str(rules.WELCOME_MESSAGES)}
        if price == "quota":
            return {"quota_type": "sub_quota", "remain": str(self.package), "owner_type": "OA"}
        return {"quota_type": "reply", "remain": "8", "total": "8"}

    def _show(self, chat: str, message: Message, *, price: str, **more: Any) -> Shown:
        shown = Shown(
            chat=chat,
            id=self.identity(),
            at=self.now,
            text=message.text,
            buttons=message.buttons,
            links=message.links,
            phones=message.phones,
            photos=[self._uploaded(message.attachment, "image", "gif").content] if message.attachment else [],
            pictures=[message.picture] if message.picture else [],
            sticker=message.sticker,
            quote=message.quote,
            ask_contact=message.ask_contact,
            price=price,
            **more,
        )
        if message.file:
            file = self._uploaded(message.file, "file")
            shown.file, shown.file_name = file.content, file.name
        return self._record(shown)

    def _record(self, shown: Shown) -> Shown:
        self.counts[shown.price] += 1
        if self._remember:
            self._shown[shown.chat].append(shown)
            said = {"src": 0, "message_id": shown.id, "message": shown.text, "type": "text"}
            self._said(shown.chat, said, to=shown.chat)
        kind = "image" if shown.photos else "file" if shown.file else "text"
        self._tell_bot(shown, kind)
        return shown

    def _tell_bot(self, shown: Shown, kind: str) -> None:
        message = {"text": shown.text, "msg_id": shown.id}
        ends: dict[str, Any] = {"sender": {"id": self.oa_id}, "recipient": {"id": shown.chat}}
        if self._is_group(shown.chat):
            kind, ends["oa_id"] = f"group_{kind}", self.oa_id
        self._echo(self.event(f"oa_send_{kind}", **ends, message=message))

    def _is_group(self, chat: str) -> bool:
        return False

    def _said(self, chat: str, content: Mapping[str, Any], *, to: str) -> None:
        ends = {"from_id": chat if to == self.oa_id else self.oa_id, "to_id": to}
        if self._remember:
            said = {**content, **ends, "time": int(self.now.timestamp() * 1000)}
            self._talks[chat].append(said)

    async def _post_v2_0_oa_message(self, content: dict[str, Any]) -> dict[str, Any]:
        """Only what is left of the old call: a reaction."""
        if "sender_action" not in content:
            raise wrong("sending by v2.0 has ended", -240)
        given = rules.fields("body", content, "recipient", "sender_action")
        user = self._recipient(given["recipient"])
        action = rules.fields("sender_action", given["sender_action"], "react_icon", "react_message_id")
        if action["react_message_id"] not in {said["message_id"] for said in self._talks[user]}:
            raise wrong("react_message_id is of no message of this chat")
        return {"message_id": action["react_message_id"], "user_id": user}

    # ---- uploads

    async def _post_v2_0_oa_upload_image(self, content: dict[str, Any]) -> dict[str, Any]:
        return {"attachment_id": self._upload("image", content, rules.check_image)}

    async def _post_v2_0_oa_upload_gif(self, content: dict[str, Any]) -> dict[str, Any]:
        return {"attachment_id": self._upload("gif", content, rules.check_gif)}

    async def _post_v2_0_oa_upload_file(self, content: dict[str, Any]) -> dict[str, Any]:
        return {"token": self._upload("file", content, rules.check_file)}

    def _upload(self, call: str, content: Mapping[str, Any], check: Any) -> str:
        file = content.get("file")
        if not isinstance(file, Files):
            raise wrong("a file is expected as multipart/form-data")
        checked = check(file.content, name=file.name, kind=file.kind)
        if self.uploads_left <= 0:
            raise Refused(-211)
        self.uploads_left -= 1
        identity = f"{call}-{self.identity()}"
        self._uploads[identity] = Upload(content=checked, name=file.name, call=call, at=self.now)
        return identity

    def _uploaded(self, identity: str, *calls: str) -> Upload:
        upload = self._uploads.get(identity)
        if upload is None or upload.call not in calls:
            raise wrong(f"{identity!r} is no upload of the kind {' or '.join(calls)}")
        if self.now - upload.at > rules.UPLOAD_LIFE:
            raise Refused(-100)
        return upload

    def expires_uploads(self) -> None:
        """Let all uploads be as if they were a week old."""
        past = timedelta(days=8)
        for identity, upload in self._uploads.items():
            self._uploads[identity] = Upload(
                content=upload.content, name=upload.name, call=upload.call, at=upload.at - past
            )

    # ---- asking

    async def _get_v2_0_oa_getoa(self, content: dict[str, Any]) -> dict[str, Any]:
        rules.fields("query", content)
        return {
            "oa_id": self.oa_id,
            "name": "Phản ánh đô thị",
            "is_verified": True,
            "package_name": "Toàn diện",
        }

    async def _get_v3_0_oa_user_detail(self, content: dict[str, Any]) -> dict[str, Any]:
        user = rules.string("user_id", rules.fields("data", content, "user_id")["user_id"])
        person = self.people.get(user)
        if person is None:
            raise wrong(f"nobody has the user_id {user}")
        return {"user_id": user, "display_name": person.name, "user_is_follower": person.follows}

    async def _get_v2_0_oa_conversation(self, content: dict[str, Any]) -> list[dict[str, Any]]:
        given = rules.fields("data", content, "user_id", "offset", "count")
        offset, count = given["offset"], given["count"]
        if not (isinstance(offset, int) and isinstance(count, int) and 1 <= count <= 10 and offset >= 0):
            raise wrong("offset must be 0 or more, count 1 to 10")
        user = rules.string("user_id", given["user_id"])
        newest_first = self._talks[user][::-1]
        return newest_first[offset : offset + count]

    async def _post_v3_0_oa_quota_message(self, content: dict[str, Any]) -> Any:
        if "user_id" not in content:
            rules.fields("body", content, "quota_owner", "product_type", "quota_type")
            return [{"quota_type": "sub_quota", "remain": self.package, "total": self.package}]
        user = rules.string("user_id", rules.fields("body", content, "user_id")["user_id"])
        last = self.person(user).last_word
        return {
            "last_interaction": str(int(last.timestamp() * 1000)) if last else "",
            "cs_reply": {"remain": 8, "total": 8},
        }

    # ---- templates

    async def _post_message_template(self, content: dict[str, Any]) -> dict[str, Any]:
        given = rules.fields(
            "body",
            content,
            "template_id",
            "template_data",
            optional=("phone", "user_id", "tracking_id", "mode"),
        )
        if ("phone" in given) == ("user_id" in given):
            raise wrong("either phone or user_id is needed")
        filled = self._filled(rules.string("template_id", given["template_id"]), given["template_data"])
        user = self._by_phone(given["phone"]) if "phone" in given else self._known_user(given["user_id"])
        if not 6 <= self.now.astimezone(LOCAL_TIME).hour < 22:
            raise Refused(-133, "Templates are not sent at this hour")
        if self.person(user).restricts or self.person(user).withdrawn:
            raise Refused(-139, "User refused to receive this type of message")
        shown = Shown(
            chat=user,
            id=self.identity(),
            at=self.now,
            template=filled,
            template_id=given["template_id"],
            by_phone="phone" in given,
            price="template",
        )
        self._record(shown)
        sent = str(int(self.now.timestamp() * 1000))
        return {"msg_id": shown.id, "sent_time": sent, "sending_mode": "1"}

    def _filled(self, template: str, values: Any) -> dict[str, str]:
        if template not in self.templates:
            raise wrong(f"the template {template} is not approved", -131)
        parameters = self.templates[template]
        filled = rules.fields("template_data", values, *sorted(parameters))
        return {name: rules.string(name, value, 100) for name, value in filled.items()}

    def _by_phone(self, given: Any) -> str:
        phone = rules.phone("phone", given)
        found = next((user for user, person in self.people.items() if person.phone == phone), None)
        if found is None:
            raise Refused(-118, "Zalo account does not exist or is inactive")
        return found

    def _known_user(self, given: Any) -> str:
        user = rules.string("user_id", given)
        if user not in self.people:
            raise wrong(f"nobody has the user_id {user}")
        return user
