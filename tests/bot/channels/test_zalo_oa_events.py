"""What the Zalo adapter makes of webhook calls: whether they are genuine, whose they are, what they say."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.zalo_oa import Client, ZaloOaChannel
from bot.channels.zalo_oa.events import envelope_of, parse_event
from handlers.channel import Contact, Empty, Forbidden, InboundMessage, Location, Malformed, gather_album

APP, KEY, OA = "360846524940903967", "oa secret key", "388613280878808645"
CITIZEN, GROUP = "246845883529197922", "f414c8f76fa586fbdfb4"
NOW = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


class NoTokens:
    """Nothing is sent here."""

    async def access(self) -> str:
        raise AssertionError

    async def renewed(self, refused: str) -> str:
        raise AssertionError


async def open_media(key: str) -> bytes:
    raise AssertionError


@pytest.fixture
def channel() -> ZaloOaChannel:
    return ZaloOaChannel(
        client=Client(tokens=NoTokens()),
        app_id=APP,
        oa_secret_key=KEY,
        open_media=open_media,
        now=lambda: NOW,
    )


def event(name: str, *, at: datetime = NOW, **content: Any) -> dict[str, Any]:
    ends = {"sender": {"id": CITIZEN}, "recipient": {"id": OA}, "user_id_by_app": "552177279717587730"}
    stamp = str(int(at.timestamp() * 1000))
    return {"app_id": APP, **ends, "event_name": name, **content, "timestamp": stamp}


def said(text: str, **message: Any) -> dict[str, Any]:
    return event("user_send_text", message={"text": text, "msg_id": "96d3cdf3af150460909", **message})


def sent(kind: str, payload: dict[str, Any], text: str = "", **content: Any) -> dict[str, Any]:
    attachment = {"type": kind, "payload": payload}
    message = {"msg_id": "m1", "attachments": [attachment], **({"text": text} if text else {})}
    return event(f"user_send_{kind}", message=message, **content)


def in_group(kind: str, **message: Any) -> dict[str, Any]:
    return event(
        f"user_send_group_{kind}", recipient={"id": GROUP}, oa_id=OA, message={"msg_id": "m1", **message}
    )


def read(given: dict[str, Any]) -> InboundMessage:
    found = parse_event(given)
    assert found is not None
    return found


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    stamp = json.loads(body).get("timestamp", "")
    mac = hashlib.sha256(APP.encode() + body + str(stamp).encode() + key.encode()).hexdigest()
    return {"X-ZEvent-Signature": f"mac={mac}"}


# ---- whether it is genuine


@pytest.mark.parametrize(
    "spelled", ["mac={}", "{}", "MAC={}", "mac = {}"], ids=["usual", "bare", "capitals", "spaces"]
)
@pytest.mark.parametrize("letters", [str.lower, str.upper])
def test_a_signature_over_the_raw_bytes_is_taken_however_it_is_spelled(
    channel: ZaloOaChannel, spelled: str, letters: Any
) -> None:
    # Escapes and spaces as no serialiser here would write them.
    escaped = json.dumps(said("Rác ở ngõ 5"), indent=1).replace("ngõ", "ng\\u00f5").encode()
    mac = signed(escaped)["X-ZEvent-Signature"].removeprefix("mac=")

    envelope = channel.envelope(escaped, {"X-ZEvent-Signature": spelled.format(letters(mac))})

    assert envelope.chat == CITIZEN
    assert envelope.external_id == "user_send:96d3cdf3af150460909"


def test_what_is_changed_on_the_way_or_signed_with_another_key_is_refused(channel: ZaloOaChannel) -> None:
    body = json.dumps(said("Rác")).encode()
    headers = signed(body)
    for wrong in (
        (body.replace(b"R", b"T"), headers),
        (json.dumps(json.loads(body), indent=1).encode(), headers),  # the same JSON, other bytes
        (body, signed(body, "the app's secret")),
        (body, {}),
        (body, {"X-ZEvent-Signature": "mac=ậ"}),
    ):
        with pytest.raises(Forbidden):
            channel.envelope(*wrong)


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (timedelta(hours=1, minutes=51), True),
        (timedelta(hours=3, minutes=1), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_the_last_retry_is_taken_and_what_is_older_or_from_the_future_is_not(
    channel: ZaloOaChannel, age: timedelta, taken: bool
) -> None:
    body = json.dumps(event("follow", at=NOW - age, follower={"id": CITIZEN})).encode()
    if taken:
        channel.envelope(body, signed(body))
    else:
        with pytest.raises(Forbidden):
            channel.envelope(body, signed(body))


def test_a_time_in_seconds_or_as_a_number_is_understood(channel: ZaloOaChannel) -> None:
    body = json.dumps({**said("Rác"), "timestamp": int(NOW.timestamp())}).encode()
    assert channel.envelope(body, signed(body)).chat == CITIZEN


def test_the_consoles_unsigned_test_is_nothing_and_garbage_is_malformed(channel: ZaloOaChannel) -> None:
    for probe in (b"{}", b" {} \n"):
        with pytest.raises(Empty):
            channel.envelope(probe, {})
    for garbage in (b"", b"[]", b"\xff\xfe", b'"mac"'):
        with pytest.raises(Malformed):
            channel.envelope(garbage, {})


# ---- whose it is


def test_own_words_come_back_as_nothing_and_those_written_by_hand_as_the_staffs() -> None:
    echo = event("oa_send_text", sender={"id": OA}, recipient={"id": CITIZEN}, message={"msg_id": "m1"})
    with pytest.raises(Empty):
        envelope_of(echo)
    assert parse_event(echo) is None

    by_hand = {**echo, "sender": {"id": OA, "admin_id": "77"}, "message": {"msg_id": "m2", "text": "Chào bà"}}
    assert envelope_of(by_hand).chat == CITIZEN
    found = read(by_hand)
    assert (found.by_staff, found.text, found.address.chat, found.sender) == (
        True,
        "Chào bà",
        CITIZEN,
        CITIZEN,
    )


@pytest.mark.parametrize("lost", ["sender", "message"])
def test_own_words_whose_writer_is_not_told_are_never_taken_for_the_staffs(lost: str) -> None:
    echo = event("oa_send_text", sender={"id": OA}, recipient={"id": CITIZEN}, message={"msg_id": "m1"})
    assert parse_event({name: value for name, value in echo.items() if name != lost}) is None


def test_echoes_in_a_group_are_nothing() -> None:
    with pytest.raises(Empty):
        envelope_of(
            event("oa_send_group_text", sender={"id": OA}, recipient={"id": GROUP}, message={"msg_id": "m"})
        )


def test_a_replay_has_the_same_identity_and_another_event_another() -> None:
    follow = event("follow", follower={"id": CITIZEN})
    again = event("follow", follower={"id": CITIZEN}, at=NOW + timedelta(seconds=1))
    assert envelope_of(follow) == envelope_of(json.loads(json.dumps(follow)))
    assert envelope_of(follow).external_id != envelope_of(again).external_id


def test_an_unknown_event_is_kept_in_no_chat_and_means_nothing() -> None:
    unknown = event("oa_gets_a_prize", message={"msg_id": "m1"})
    assert envelope_of(unknown).chat == ""
    assert parse_event(unknown) is None


@pytest.mark.parametrize("id_name", ["msg_id", "mid", "message_id"])
def test_the_name_of_the_messages_id_may_drift(id_name: str) -> None:
    drifted = event("user_send_text", message={"text": "Rác", id_name: "m7"})
    assert read(drifted).message_id == "m7"
    assert envelope_of(drifted).external_id == "user_send:m7"


def test_ids_written_as_numbers_stay_exact() -> None:
    assert read({**said("Rác"), "sender": {"id": 7246845883529197922}}).sender == "7246845883529197922"


# ---- what it says


def test_words_a_quote_and_a_press() -> None:
    found = read(said("Rác ở ngõ 5", quote_msg_id="m0"))
    assert (found.text, found.reply_to, found.button, found.sent_at) == ("Rác ở ngõ 5", "m0", "", NOW)
    pressed = read(said("#draft:send"))
    assert (pressed.button, pressed.text) == ("draft:send", "")
    for no_press in ("# nước ngập", "#ngậpnước", "#", "xem #draft:send"):
        assert (read(said(no_press)).button, read(said(no_press)).text) == ("", no_press)


@pytest.mark.parametrize("typed", ["#2", "# 2", " #2 "])
def test_a_number_after_the_mark_is_the_number_of_the_list(typed: str) -> None:
    assert (read(said(typed)).text, read(said(typed)).button) == ("2", "")


def test_several_pictures_of_one_burst_are_gathered_with_their_caption() -> None:
    burst = [
        event(
            "user_send_image",
            at=NOW + timedelta(seconds=second),
            message={
                "msg_id": f"m{second}",
                **({"text": "Rác ở ngõ 5"} if second == 0 else {}),
                "attachments": [{"type": "image", "payload": {"url": f"https://photo.zdn.vn/{second}.jpg"}}],
            },
        )
        for second in range(3)
    ]
    assert len({envelope_of(each).album for each in burst}) == 1
    whole = gather_album([read(each) for each in burst])
    assert [photo.reference[-5:] for photo in whole.photos] == ["0.jpg", "1.jpg", "2.jpg"]
    assert whole.text == "Rác ở ngõ 5"

    assert envelope_of(said("Rác")).album == ""
    tomorrow = {**burst[0], "timestamp": str(int((NOW + timedelta(days=1)).timestamp() * 1000))}
    assert envelope_of(tomorrow).album != envelope_of(burst[0]).album


def test_positions_come_as_texts_and_impossible_ones_are_told() -> None:
    there = sent("location", {"coordinates": {"latitude": "21.00", "longitude": "105.80"}})
    assert read(there).location == Location(latitude=21.0, longitude=105.8)
    for impossible in ({"latitude": "nan", "longitude": "1"}, {"latitude": "91", "longitude": "1"}, {}):
        assert read(sent("location", {"coordinates": impossible})).unsupported == "other"


def test_recordings_and_documents_are_files_and_pictures_sent_as_files_are_pictures() -> None:
    voice = read(sent("audio", {"url": "https://voice.zdn.vn/a.amr"}))
    assert (voice.files[0].kind, voice.files[0].mime, voice.unsupported) == ("voice", "audio/amr", "voice")

    payload = {"size": "1024", "name": "Đơn.pdf", "checksum": "0", "type": "pdf", "url": "https://f.zdn.vn/d"}
    document = read(sent("file", payload))
    [file] = document.files
    assert (file.kind, file.name, file.mime, file.size) == ("document", "Đơn.pdf", "application/pdf", 1024)
    assert document.unsupported == "file"

    assert read(sent("file", {**payload, "name": "IMG_1.JPG"})).photos[0].reference == "https://f.zdn.vn/d"
    assert read(sent("file", {**payload, "name": "a.png", "size": str(2**24)})).unsupported == "large_photo"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("sticker", "sticker"), ("gif", "sticker"), ("video", "video"), ("hologram", "other")],
)
def test_what_the_bot_cannot_use_is_named(kind: str, name: str) -> None:
    assert read(sent(kind, {"id": "1", "url": "https://zdn.vn/1"})).unsupported == name


def test_a_picture_without_an_address_is_told_as_lost() -> None:
    assert read(sent("image", {})).unsupported == "photo_lost"


def test_a_link_is_read_as_words_and_a_card_as_somebodys_number() -> None:
    link = read(sent("link", {"description": "Báo", "url": "https://bao.vn/1"}, "Xem này"))
    assert link.text == "Xem này\nBáo\nhttps://bao.vn/1"
    card = {"description": json.dumps({"phone": "84901234567", "qrCodeUrl": "https://q"}), "url": "https://z"}
    assert read(sent("link", card)).contact == Contact(phone="84901234567", own=False)


def test_a_persons_own_data_is_a_contact_with_an_address() -> None:
    info = {"name": "Một công dân", "phone": 84901234567, "full_address": "12 ngõ 5"}
    found = read(event("user_submit_info", info=info))
    assert found.contact == Contact(phone="84901234567", name="Một công dân", own=True, address="12 ngõ 5")
    assert read(event("user_submit_info", info={"full_address": "12 ngõ 5"})).text == "12 ngõ 5"


def test_coming_going_and_asking_to_be_forgotten() -> None:
    about = {"oa_id": OA, "follower": {"id": CITIZEN}, "app_id": APP, "timestamp": "1772427600000"}
    assert read({"event_name": "follow", **about}).joined
    assert read({"event_name": "unfollow", **about}).left
    for who in ({"user_id": CITIZEN}, {"sender": {"id": CITIZEN}}):
        found = read({"event_name": "user_withdraw", "timestamp": "1772427600000", **who})
        assert (found.withdrawn, found.sender) == (True, CITIZEN)


@pytest.mark.parametrize("ends", [(OA, CITIZEN), (CITIZEN, OA)], ids=["from the account", "from the person"])
def test_receipts_name_messages_and_their_reader(ends: tuple[str, str]) -> None:
    sender, recipient = ({"id": end} for end in ends)
    seen = event("user_seen_message", sender=sender, recipient=recipient, message={"msg_ids": ["m1", "m2"]})
    found = parse_event(seen, OA)
    assert found is not None
    assert (found.seen, found.received, found.address.chat) == (("m1", "m2"), (), CITIZEN)
    arrived = event("user_received_message", sender=sender, recipient=recipient, message={"msg_id": "m1"})
    assert (parse_event(arrived, OA) or found).received == ("m1",)


# ---- groups


def test_words_in_a_group_know_whether_they_are_for_the_bot() -> None:
    asked = read(in_group("text", text=f"[@{OA}] /tim HN-1", quote_msg_id="m0"))
    assert (asked.address.chat, asked.sender, asked.group) == (f"g{GROUP}", CITIZEN, True)
    assert (asked.text, asked.mentioned, asked.reply_to) == ("/tim HN-1", True, "m0")
    other = read(in_group("text", text="[@123] xem giúp"))
    assert (other.text, other.mentioned) == ("[@123] xem giúp", False)


def test_members_who_come_ask_and_go_are_named_all() -> None:
    about = {"oa_id": OA, "group_id": GROUP, "app_id": APP, "timestamp": "1772427600000"}
    people = {"users": [{"id": "1"}, {"id": "2"}, {"id": "2"}]}
    joined = read({"event_name": "user_join_group", **about, **people})
    assert (joined.member_joined, joined.sender, joined.others) == (True, "1", ("2",))
    assert joined.address.chat == f"g{GROUP}"
    assert read({"event_name": "user_request_join_group", **about, **people}).wants_in
    assert read({"event_name": "user_out_group", **about, **people}).member_left
    assert parse_event({"event_name": "user_out_group", **about}) is None
    gone = read({"event_name": "delete_group", **about})
    assert gone.left
    assert gone.rights is not None
    assert not gone.rights.member


# ---- whatever comes

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_EXAMPLES = [
    said("Rác"),
    sent("image", {"url": "https://zdn.vn/1"}),
    sent("location", {"coordinates": {"latitude": "21", "longitude": "105"}}),
    sent("file", {"name": "a.pdf", "size": "1", "url": "https://zdn.vn/1"}),
    sent("link", {"description": "{", "url": "https://zdn.vn/1"}),
    in_group("text", text="x"),
    event("user_submit_info", info={"phone": "84901234567"}),
    event("user_seen_message", message={"msg_ids": ["1"]}),
    event("user_join_group", group_id=GROUP, users=[{"id": "1"}]),
    event("follow", follower={"id": CITIZEN}),
]


@given(example=st.sampled_from(_EXAMPLES), path=st.lists(st.integers(0, 5), max_size=5), value=_JSON)
def test_no_change_of_any_field_breaks_the_reading(example: Any, path: list[int], value: Any) -> None:
    changed = json.loads(json.dumps(example))
    place, last = changed, "message"
    for step in path:
        names = list(place) if isinstance(place, dict) else []
        if not names:
            break
        last = names[step % len(names)]
        if not isinstance(place[last], dict):
            break
        place = place[last]
    if isinstance(place, dict):
        place[last] = value
    try:
        envelope = envelope_of(changed)
    except Empty:
        return
    assert len(envelope.external_id) <= 128
    assert len(envelope.album) <= 128
    found = parse_event(changed)
    if str(changed.get("event_name", "")).startswith("user_send_") and envelope.chat:
        assert found is not None, "what a person sent is never dropped"
