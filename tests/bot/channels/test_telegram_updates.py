"""What a person did, read from the vendor's JSON (`tests/payloads/telegram`)."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from telegram import Update

from bot.channels.telegram.fields import Me
from bot.channels.telegram.updates import envelope_of, parse_update, read
from handlers.channel import Contact, File, GroupRights, InboundMessage, Location, Malformed, Photo

PAYLOADS = Path(__file__).parents[2] / "payloads" / "telegram"
CITIZEN = {"sender": "1204811976", "sender_name": "Công Dân"}
OFFICIAL = {"sender": "1304811977", "sender_name": "Cán bộ"}
ME = Me(id=6270033418, username="langnghe_thu_bot")
PRIVATE, GROUP, BASIC_GROUP = "1204811976", "-1001893347716", "-4172250036"
LARGEST = Photo(reference="AgACAgUAAxkBAAIUtGcy", size=173220)
IN_GROUP = {"group": True, "chat": GROUP, "group_title": "Tổ công tác phường"}
IN_BASIC_GROUP = {"group": True, "chat": BASIC_GROUP, "group_title": "Tổ dân phố"}
EVERYTHING = ("read", "invite", "remove", "topics", "pin")
INVITE = "https://t.me/+kY3sample0001"
DON = File(reference="BQACAgUAAxkBAAIUumc", name="don.pdf", mime="application/pdf", size=88211)
RECORDING = File(kind="voice", reference="AwACAgUAAxkBAAIUwGc", mime="audio/ogg", size=27410)
SONG = File(kind="voice", reference="CQACAgUAAxkBAAIUwWc", name="ghi_am.mp3", mime="audio/mpeg", size=981223)
HERE = Location(latitude=20.99412, longitude=105.81033)

SAYS: dict[str, dict[str, Any]] = {
    "text": {"text": "Đèn đường đầu ngõ không sáng ba hôm nay 😟", **CITIZEN},
    "text_without_last_name": {"text": "Xin chào", "sender_name": "Công"},
    "command": {"text": "/start K7QM-2XPA"},
    "command_in_group": {"text": "/start K7QM-2XPA", "mentioned": True, **IN_GROUP, **CITIZEN},
    "start_in_group": {"text": "/start lap_nhom-17", "mentioned": True, **IN_GROUP},
    "photo": {"text": "Nắp cống vỡ", "photos": (LARGEST,)},
    "photo_in_album": {"photos": (LARGEST,), "album": "13857204911233461"},
    "document_image": {
        "text": "Ảnh gốc",
        "photos": (Photo(reference="BQACAgUAAxkBAAIUumc", size=4211873),),
    },
    "document_image_too_large": {"text": "Ảnh gốc", "unsupported": "large_photo"},
    "document_file": {"text": "Đơn của tổ dân phố", "unsupported": "file", "files": (DON,)},
    "sticker": {"unsupported": "sticker"},
    "voice": {"unsupported": "voice", "files": (RECORDING,)},
    "audio": {"unsupported": "voice", "files": (SONG,)},
    "video": {"text": "Nước tràn ra đường", "unsupported": "video"},
    "video_note": {"unsupported": "video"},
    "animation": {"unsupported": "video"},
    "poll": {"unsupported": "other"},
    "dice": {"unsupported": "other"},
    "unknown_content": {"unsupported": "other"},
    "location": {"location": HERE},
    "live_location": {"location": HERE},
    "venue": {"location": HERE, "text": "Chợ Khương Đình, Khương Đình, Hà Nội"},
    "contact_own": {"contact": Contact(phone="84912000111", name="Công Dân", own=True)},
    "contact_of_another": {"contact": Contact(phone="+84 912 000 222", name="Tổ trưởng")},
    "contact_without_account": {"contact": Contact(phone="02438583000", name="Ủy ban")},
    "reply": {"text": "Đã sửa xong", "reply_to": "5251"},
    "reply_in_group": {"text": "Đã sửa xong", "reply_to": "311", "mentioned": True, **IN_GROUP},
    "forum_topic_message": {"text": "Tuần này quận nào trễ nhiều nhất?", "topic": "77", **IN_GROUP},
    "mention_in_group": {"text": "😟 tuần này phường nào trễ?", "mentioned": True, **IN_GROUP},
    "mention_of_another_in_group": {"text": "@nguoi_khac xem giúp", **IN_GROUP},
    "text_mention_in_group": {"text": "Lắng Nghe ơi, việc này sao rồi?", "mentioned": True, **IN_GROUP},
    "reply_in_topic": {
        "text": "giao phường xử lý trước thứ Sáu",
        "reply_to": "5300",
        "topic": "77",
        "mentioned": True,
        **IN_GROUP,
    },
    "reply_outside_topic": {"text": "đã rõ", "reply_to": "5300", "mentioned": True, **IN_GROUP},
    "voice_in_topic": {
        "unsupported": "voice",
        "files": (replace(RECORDING, reference="AwACAgUAAxkBAAIUxGc", size=30144),),
        "topic": "77",
        **IN_GROUP,
    },
    "document_in_group": {
        "text": "báo cáo kèm theo",
        "unsupported": "file",
        "files": (replace(DON, reference="BQACAgUAAxkBAAIUyGc", name="báo cáo.pdf"),),
        "mentioned": True,
        **IN_GROUP,
    },
    "edited_text": {"text": "Đèn đường ngõ 5 không sáng", "edited": True},
    "edited_photo_of_album": {"text": "Hai cột đèn", "photos": (LARGEST,), "edited": True},
    "callback_query": {"button": "draft:send", "button_message": "5251", **CITIZEN},
    "callback_query_in_group": {"button": "draft:send", "button_message": "5251", **IN_GROUP},
    "callback_query_in_topic": {
        "button": "dseen:1",
        "button_message": "5300",
        "topic": "77",
        **IN_GROUP,
    },
    "callback_query_inaccessible": {"button": "draft:send", "button_message": "211", **CITIZEN},
    "callback_query_game": {"button_message": "5251"},
    "bot_blocked": {"left": True},
    "bot_unblocked": {"joined": True},
    "bot_added_to_group": {
        "joined": True,
        "rights": GroupRights(member=True, missing=("read", "invite", "remove", "pin")),
        **IN_BASIC_GROUP,
        **CITIZEN,
    },
    "bot_removed_from_group": {"left": True, "rights": GroupRights(member=False), **IN_GROUP},
    "bot_restricted_outside_group": {"left": True, "rights": GroupRights(member=False), **IN_GROUP},
    "bot_promoted": {"rights": GroupRights(member=True, missing=("remove",)), **IN_GROUP},
    "bot_promoted_in_forum": {"rights": GroupRights(member=True, forum=True), **IN_GROUP},
    "bot_demoted": {"rights": GroupRights(member=True, missing=EVERYTHING, forum=True), **IN_GROUP},
    "bot_without_topics": {"rights": GroupRights(member=True, missing=("topics",), forum=True), **IN_GROUP},
    "chat_member": {"member_joined": True, **IN_GROUP},
    "chat_member_by_link": {"member_joined": True, "invite": INVITE, **IN_GROUP, **OFFICIAL},
    "chat_member_removed": {"member_left": True, **IN_GROUP, **OFFICIAL},
    "chat_join_request": {"wants_in": True, **IN_GROUP},
    "chat_join_request_by_link": {"wants_in": True, "invite": INVITE, **IN_GROUP, **OFFICIAL},
    "new_chat_members": {"member_joined": True, **IN_GROUP, **OFFICIAL},
    "left_chat_member": {"member_left": True, **IN_GROUP, **OFFICIAL},
    "migrate_to_chat_id": {"moved_to": "-1002233445566", **IN_BASIC_GROUP},
    "migrate_to_chat_id_by_anonymous_admin": {
        "moved_to": "-1002233445566",
        **IN_BASIC_GROUP,
        "sender": "1087968824",
        "sender_name": "Group",
    },
}
"""What each update says; all that is not named here is empty."""

SAYS_NOTHING = {
    "live_location_moved",
    "callback_query_inline",
    "bot_added_to_channel",
    "bot_banned_after_leaving",
    "chat_member_promoted",
    "chat_member_other_bot",
    "command_to_another_bot_in_group",
    "forum_topic_deleted_service",
    "new_chat_members_only_bots",
    "migrate_from_chat_id",
    "pinned_message",
    "channel_post",
    "from_a_bot",
    "automatic_forward",
    "message_reaction",
}
USUAL = {"chat": PRIVATE, **CITIZEN}
NAMES = [field.name for field in fields(InboundMessage)]
IDENTITY = {"address", "sender", "sender_name", "sent_at", "message_id"}


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def parsed(name: str) -> InboundMessage:
    message = parse_update(payload(name), ME)
    assert message is not None
    return message


def test_every_recorded_update_has_an_expectation() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == SAYS.keys() | SAYS_NOTHING


@pytest.mark.parametrize("name", sorted(SAYS))
def test_an_update_says_what_the_person_did(name: str) -> None:
    message = parsed(name)
    expected = {**USUAL, **SAYS[name]}
    said = {field: getattr(message, field) for field in NAMES if field not in IDENTITY}
    said = {field: value for field, value in said.items() if value}
    assert str(message.address) == f"telegram:{expected.pop('chat')}"
    assert message.sender == expected.pop("sender")
    assert message.sender_name == expected.pop("sender_name")
    assert said == expected


@pytest.mark.parametrize("name", sorted(SAYS_NOTHING))
def test_an_update_without_anything_for_the_bot_says_nothing(name: str) -> None:
    assert parse_update(payload(name), ME) is None


@pytest.mark.parametrize("name", sorted(SAYS.keys() | SAYS_NOTHING))
def test_the_vendors_own_library_reads_the_recorded_updates(name: str) -> None:
    update = Update.de_json(json.loads(payload(name)), None)
    assert not update.api_kwargs


def test_times_are_aware_utc_and_an_edit_has_its_own() -> None:
    sent, edited = parsed("text"), parsed("edited_text")
    assert sent.sent_at == datetime.fromtimestamp(json.loads(payload("text"))["message"]["date"], UTC)
    assert sent.sent_at.tzinfo is UTC
    edit = json.loads(payload("edited_text"))["edited_message"]
    assert edited.sent_at == datetime.fromtimestamp(edit["edit_date"], UTC)
    assert edited.message_id == str(edit["message_id"])


def altered(name: str, **changes: Any) -> bytes:
    update = json.loads(payload(name))
    update["message"].update(changes)
    return json.dumps(update).encode()


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("/tracuu@OtherBot HN-7F3K-9Q2M", "/tracuu HN-7F3K-9Q2M"),
        ("/start@bot", "/start"),
        ("/thongke tuần này", "/thongke tuần này"),
        ("viết cho toi@thu.vn", "viết cho toi@thu.vn"),
        ("/ sau dấu gạch @ai", "/ sau dấu gạch @ai"),
        ("hỏng\ud83d rồi", "hỏng� rồi"),
        ("a\0b", "ab"),
    ],
)
def test_text_is_what_was_meant_and_can_be_stored(typed: str, understood: str) -> None:
    message = parse_update(altered("text", text=typed))
    assert message is not None
    assert message.text == understood


@pytest.mark.parametrize(
    ("name", "mentioned"),
    [
        ("mention_in_group", True),  # every bot's username ends so
        ("mention_of_another_in_group", False),
        ("reply_in_group", True),
        ("forum_topic_message", False),
        ("start_in_group", True),
    ],
)
def test_a_bot_that_does_not_know_itself_yet_takes_any_bot_for_itself(name: str, mentioned: bool) -> None:
    message = parse_update(payload(name))
    assert message is not None
    assert message.mentioned is mentioned


def test_a_bot_that_reads_everything_misses_nothing_as_a_member() -> None:
    message = parse_update(payload("bot_demoted"), replace(ME, reads_all=True))
    assert message is not None
    assert message.rights == GroupRights(member=True, missing=EVERYTHING[1:], forum=True)


def test_a_reply_to_another_bot_is_not_for_this_one() -> None:
    message = parse_update(payload("reply_in_group"), Me(id=77, username="khac_bot"))
    assert message is not None
    assert not message.mentioned


def test_the_largest_photo_is_taken_whatever_the_order() -> None:
    sizes = json.loads(payload("photo"))["message"]["photo"]
    message = parse_update(altered("photo", photo=sizes[::-1]))
    assert message is not None
    assert message.photos == (LARGEST,)


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1},
        {"update_id": 1, "hologram": {}},
        {"update_id": 1, "message": None},
        {"update_id": 1, "message": "xin chào"},
        {"update_id": 1, "message": {"chat": {"id": 5}}},
        {"update_id": 1, "message": {"chat": {"id": 5, "type": "private"}, "from": {"id": 5}, "text": 7}},
        {"update_id": 1, "message": {"chat": [], "from": []}},
        {"update_id": 1, "callback_query": {"message": {}}},
        {"update_id": 1, "my_chat_member": []},
    ],
)
def test_an_update_that_nobody_can_read_is_a_value_error_but_has_an_envelope(update: Any) -> None:
    assert envelope_of(update).external_id == "1"
    with pytest.raises(ValueError, match="update 1"):
        parse_update(json.dumps(update).encode())


@pytest.mark.parametrize("changes", [{"photo": []}, {"photo": None}, {"date": 10**18}, {"contact": {}}])
def test_a_broken_part_is_a_value_error(changes: dict[str, Any]) -> None:
    update = json.loads(altered("sticker", **changes))
    del update["message"]["sticker"]
    if "date" in changes:
        update["message"]["text"] = "xin chào"
    with pytest.raises(ValueError, match="not as documented"):
        parse_update(json.dumps(update).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"\xff\xfe\xfd",
        b'{"update_id": "7"}',
        b'{"update_id": true}',
        b'{"message": {}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_update_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(body)


@pytest.mark.parametrize(
    ("name", "chat", "album"),
    [
        ("text", PRIVATE, ""),
        ("photo_in_album", PRIVATE, "13857204911233461"),
        ("edited_photo_of_album", PRIVATE, ""),
        ("forum_topic_message", GROUP, ""),
        ("callback_query", PRIVATE, ""),
        ("callback_query_inaccessible", PRIVATE, ""),
        ("callback_query_inline", "", ""),
        ("bot_blocked", PRIVATE, ""),
        ("chat_member", GROUP, ""),
        ("chat_join_request", GROUP, ""),
        ("migrate_to_chat_id", BASIC_GROUP, ""),
        ("channel_post", "", ""),
    ],
)
def test_an_envelope_names_the_chat_and_the_album(name: str, chat: str, album: str) -> None:
    update = json.loads(payload(name))
    envelope = envelope_of(update)
    assert (envelope.external_id, envelope.chat, envelope.album) == (str(update["update_id"]), chat, album)
