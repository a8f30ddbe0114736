"""Every table. Times are aware UTC in and out on both databases; ids of things people see are strings."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import JSON, TypeEngine

from storage.sealing import SealedBytes, SealedJson, SealedText

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time: timestamptz on PostgreSQL, whole microseconds since 1970 on SQLite.

    Raises ValueError for a time without a zone.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the database at hand."""
        return dialect.type_descriptor(
            DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger()
        )

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware time into what the database keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        return value if dialect.name == "postgresql" else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the database keeps into an aware UTC time."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            aware: datetime = value.astimezone(UTC)
            return aware
        return _EPOCH + timedelta(microseconds=value)


Json = JSON().with_variant(JSONB(), "postgresql")
JsonOrNone = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""JSON in which nothing is NULL, not the word null."""
RowId = BigInteger().with_variant(Integer(), "sqlite")
"""An automatic number; SQLite counts only in INTEGER."""

IS_OPEN = "status IN ('assigned', 'in_progress', 'received', 'reopened', 'triage', 'waiting_for_citizen')"
"""What partial indexes of open cases ask; a query is served by them when it says the same word for word."""

HOUR_STEPS = (
    *(number / 2 for number in range(17)),
    *map(float, range(9, 25)),
    *map(float, range(26, 41, 2)),
    *map(float, range(48, 241, 8)),
)
"""The working hours of an answer are counted in these steps: half hours up to a day of eight, hours up to
three, two hours up to a week of forty, and days up to six weeks; what took longer counts as that."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

setting = Table(
    "setting",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Json, nullable=False),
    comment="What holds for the whole city: its organisation document and that document's version.",
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("external_id", String(128), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("album", String(128), nullable=False, server_default=""),
    Column("body", SealedBytes("inbox.body"), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("available_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_until", UtcTime),
    Column("finished_at", UtcTime),
    Column("failed_at", UtcTime),
    Column("error", Text),
    UniqueConstraint("channel", "external_id"),
    sqlite_autoincrement=True,
    comment="Every update as the vendor sent it; a row with failed_at is a dead letter.",
)
Index(
    "ix_inbox_pending",
    inbox.c.channel,
    inbox.c.chat,
    inbox.c.id,
    sqlite_where=text("finished_at IS NULL AND failed_at IS NULL"),
    postgresql_where=text("finished_at IS NULL AND failed_at IS NULL"),
)
Index(
    "ix_inbox_line",
    inbox.c.id,
    sqlite_where=text("finished_at IS NULL AND failed_at IS NULL"),
    postgresql_where=text("finished_at IS NULL AND failed_at IS NULL"),
)
Index("ix_inbox_chat", inbox.c.channel, inbox.c.chat, inbox.c.id)
Index(
    "ix_inbox_failed",
    inbox.c.failed_at,
    sqlite_where=text("failed_at IS NOT NULL"),
    postgresql_where=text("failed_at IS NOT NULL"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("dedupe_key", String(160), unique=True),
    Column("channel", String(32), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("message", SealedJson("outbox.message"), nullable=False),
    Column("case_id", BigInteger),
    Column("created_at", UtcTime, nullable=False),
    Column("available_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_until", UtcTime),
    Column("sent_at", UtcTime),
    Column("failed_at", UtcTime),
    Column("error", Text),
    Column("external_id", String(128)),
    Column("other_ids", Text),
    Column("delivered_at", UtcTime, comment="When the channel said that it arrived, where it says so."),
    Column("seen_at", UtcTime, comment="When the channel said that it was seen."),
    Column(
        "urgency",
        SmallInteger,
        nullable=False,
        server_default="1",
        comment="0: somebody waits for it now; 1: news; 2: sent to many. Lower goes first.",
    ),
    Column("held_at", UtcTime, comment="Since when it waits for the person to write again."),
    Column("price", String(16), comment='How it was counted: "free", "quota", "paid", "template".'),
    Column("cost", Integer, comment="In đồng."),
    sqlite_autoincrement=True,
    comment="Every message to a person; sent in order per chat; a row with failed_at is a dead letter.",
)
IS_WAITING = "sent_at IS NULL AND failed_at IS NULL AND held_at IS NULL"
"""What partial indexes of messages in line ask, word for word."""
IN_LINE = f"{IS_WAITING} AND urgency >= 0"
"""The same for walks along a line. What asks for one chat does not say the last part, so no planner with
old statistics goes along a whole line for it.
"""
Index(
    "ix_outbox_pending",
    outbox.c.channel,
    outbox.c.chat,
    outbox.c.urgency,
    outbox.c.id,
    sqlite_where=text(IS_WAITING),
    postgresql_where=text(IS_WAITING),
)
Index(
    "ix_outbox_line",
    outbox.c.urgency,
    outbox.c.id,
    outbox.c.available_at,
    sqlite_where=text(IN_LINE),
    postgresql_where=text(IN_LINE),
)
Index(
    "ix_outbox_channel_line",
    outbox.c.channel,
    outbox.c.urgency,
    outbox.c.id,
    outbox.c.available_at,
    sqlite_where=text(IN_LINE),
    postgresql_where=text(IN_LINE),
)
Index(
    "ix_outbox_held",
    outbox.c.channel,
    outbox.c.chat,
    outbox.c.id,
    sqlite_where=text("held_at IS NOT NULL AND sent_at IS NULL AND failed_at IS NULL"),
    postgresql_where=text("held_at IS NOT NULL AND sent_at IS NULL AND failed_at IS NULL"),
)
Index(
    "ix_outbox_held_case",
    outbox.c.case_id,
    sqlite_where=text("held_at IS NOT NULL AND sent_at IS NULL AND failed_at IS NULL"),
    postgresql_where=text("held_at IS NOT NULL AND sent_at IS NULL AND failed_at IS NULL"),
)
Index(
    "ix_outbox_shown",
    outbox.c.channel,
    outbox.c.chat,
    outbox.c.sent_at,
    outbox.c.id,
    sqlite_where=text("sent_at IS NOT NULL"),
    postgresql_where=text("sent_at IS NOT NULL"),
)
Index("ix_outbox_chat", outbox.c.channel, outbox.c.chat, outbox.c.id)
Index("ix_outbox_external", outbox.c.channel, outbox.c.chat, outbox.c.external_id)
Index(
    "ix_outbox_receipt",
    outbox.c.channel,
    outbox.c.external_id,
    sqlite_where=text("channel IN ('mail', 'sms')"),
    postgresql_where=text("channel IN ('mail', 'sms')"),
)
Index(
    "ix_outbox_failed",
    outbox.c.failed_at,
    sqlite_where=text("failed_at IS NOT NULL"),
    postgresql_where=text("failed_at IS NOT NULL"),
)

person = Table(
    "person",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False, server_default=""),
    Column("phone", SealedText("person.phone"), comment="Encrypted, where there is a key."),
    Column("created_at", UtcTime, nullable=False),
    Column("merged_into", BigInteger, comment="The same person, known by another account before."),
    Column("erased_at", UtcTime, comment="Since when nothing is known of them."),
)

account = Table(
    "account",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("user", String(128), primary_key=True),
    Column("person_id", BigInteger, ForeignKey("person.id"), nullable=False, index=True),
    Column("ended_at", UtcTime, comment="Since when a browser that had it is signed out."),
    comment="Who a channel's user is.",
)

chat = Table(
    "chat",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("chat", String(128), primary_key=True),
    Column("person_id", BigInteger, ForeignKey("person.id"), index=True),
    Column("group", Boolean, nullable=False, server_default=text("false")),
    Column("step", String(64), nullable=False, server_default=""),
    Column("draft", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_inbound_at", UtcTime, nullable=False),
    Column("unreachable_at", UtcTime),
    Column("moved_to", String(128)),
    Column("staff_since", UtcTime, comment="Since when somebody of the city answers here by hand."),
    comment="One conversation: where it stands (step) and what it holds so far (draft).",
)

unit = Table(
    "unit",
    metadata,
    Column("code", String(96), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("parent_code", String(96), ForeignKey("unit.code"), index=True),
    Column("ward_code", String(16), index=True),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("former_names", Json, nullable=False, server_default=text("'[]'")),
    Column("successors", Json, nullable=False, server_default=text("'[]'")),
    comment="The org tree, for joins; the organisation document in `setting` is where it is edited.",
)

post = Table(
    "post",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, ForeignKey("person.id"), nullable=False, index=True),
    Column("unit_code", String(96), ForeignKey("unit.code"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime),
    Column("deputy_for", BigInteger, comment="The post that is held in somebody's place, until `ends_at`."),
    Column("ended_reason", String(200)),
    CheckConstraint("role IN ('chair', 'officer', 'leader', 'dispatcher', 'admin')", name="role"),
    comment="Who holds which role at which unit, and when.",
)
Index("ix_post_unit_code_role", post.c.unit_code, post.c.role)
Index(
    "ix_post_ends_at",
    post.c.ends_at,
    sqlite_where=text("ends_at IS NOT NULL AND ended_reason IS NULL"),
    postgresql_where=text("ends_at IS NOT NULL AND ended_reason IS NULL"),
)
Index("ix_post_role", post.c.role)
Index(
    "ix_post_deputy_for",
    post.c.deputy_for,
    sqlite_where=text("deputy_for IS NOT NULL"),
    postgresql_where=text("deputy_for IS NOT NULL"),
)

invitation = Table(
    "invitation",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("unit_code", String(96), ForeignKey("unit.code"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("used_by", BigInteger, ForeignKey("person.id")),
    Column("name", String(200), comment="Whom it is for; empty for whoever has the code."),
    Column("post_ends_at", UtcTime, comment="Until when the post is held."),
    Column("deputy_for", BigInteger),
)
Index(
    "ix_invitation_deputy_for",
    invitation.c.deputy_for,
    sqlite_where=text("deputy_for IS NOT NULL"),
    postgresql_where=text("deputy_for IS NOT NULL"),
)

case = Table(
    "case",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("code", String(24), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("domain", String(48), nullable=False),
    Column("status", String(24), nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("ward_code", String(16)),
    Column("ward_name", String(120)),
    Column("street", String(200)),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("unit_code", String(96), ForeignKey("unit.code")),
    Column("officer_id", BigInteger, ForeignKey("person.id")),
    Column("reporter_id", BigInteger, ForeignKey("person.id"), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("anonymous", Boolean, nullable=False),
    Column("consent_at", UtcTime, nullable=False),
    Column("consent_text", Text, nullable=False),
    Column("reading", Json, nullable=False),
    Column("triage_reason", Text),
    Column("received_at", UtcTime, nullable=False),
    Column("assigned_at", UtcTime),
    Column("accept_due_at", UtcTime),
    Column("accepted_at", UtcTime),
    Column("due_at", UtcTime),
    Column("warn_at", UtcTime),
    Column("paused_at", UtcTime),
    Column("answered_at", UtcTime),
    Column("answer", Text),
    Column("answer_due_at", UtcTime, comment="The deadline that the answer was held to."),
    Column("extended", Boolean, nullable=False, server_default=text("false")),
    Column("extended_from", UtcTime, comment="The deadline before the extension, with the pauses since."),
    Column("extension", JsonOrNone, comment="An extension that is asked for: hours, reason, by, at."),
    Column("extension_unit", String(96), comment="The unit whose chair decides it."),
    Column("extension_count", Integer, nullable=False, server_default="0"),
    Column("proposed", JsonOrNone, comment="An answer that waits for the chair: text, photos, by, at."),
    Column("leader_at", UtcTime, comment="When the level above is told that it is late."),
    Column("chairman_at", UtcTime, comment="When the chairman is told that it is late."),
    Column("escalated", Integer, nullable=False, server_default="0", comment="How many levels were told."),
    Column("snoozed_until", UtcTime, comment="Its own unit is not reminded before."),
    Column("triage_at", UtcTime, comment="Since when it waits for a dispatcher."),
    Column("decide_due_at", UtcTime, comment="When those who must decide on something are reminded."),
    Column("accept_leader_at", UtcTime, comment="When the level above is told that nobody took it up."),
    Column("accept_chairman_at", UtcTime, comment="When the chairman is told that nobody took it up."),
    Column("unreached_at", UtcTime, comment="Since when nobody of its unit could be reached."),
    Column("reopened_at", UtcTime, comment="When it was reopened last: handling counts from then."),
    Column("paused_hours", Float, nullable=False, server_default="0", comment="Working hours, since then."),
    Column("handled_hours", Float, comment="Working hours from receipt or reopening to the answer."),
    Column("closed_at", UtcTime),
    Column("rating", Integer),
    Column("returned_count", Integer, nullable=False, server_default="0"),
    Column("reopened_count", Integer, nullable=False, server_default="0"),
    Column(
        "late_before",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether an answer before the last reopening was late: that stays so in the figures.",
    ),
    Column("event_count", Integer, nullable=False, server_default="0"),
    Column("head_hash", String(64), nullable=False, server_default=""),
    Column("head_at", UtcTime, comment="The time of the last event; no event is older than the one before."),
    Column("reminded_at", UtcTime, comment="Until when passed milestones have been reminded of."),
    Column("next_check_at", UtcTime, comment="The first milestone that nobody was reminded of."),
    Column("master_id", BigInteger, ForeignKey("case.id")),
    Column(
        "people_count",
        Integer,
        nullable=False,
        server_default="1",
        comment="How many different people reported it, with those of the cases merged into it.",
    ),
    Column("words", Text, comment="The words by which cases are compared."),
    Column("cell", BigInteger, comment="The square of the map that it lies in."),
    Column(
        "teaching",
        Float,
        nullable=False,
        server_default="0",
        comment="How much a person's answer would teach, 0 to 1: how unsure the machine was.",
    ),
    comment="What holds of each case now; how it came to be so stands in `event`.",
)
Index("ix_case_reporter_id", case.c.reporter_id, case.c.received_at)
Index("ix_case_unit_code_status", case.c.unit_code, case.c.status, case.c.due_at)
Index("ix_case_status_due_at", case.c.status, case.c.due_at)
Index("ix_case_received_at", case.c.received_at)
Index("ix_case_unit_received", case.c.unit_code, case.c.received_at)
Index("ix_case_answered_at", case.c.answered_at)
Index(
    "ix_case_unit_answered",
    case.c.unit_code,
    case.c.answered_at,
    sqlite_where=text("answered_at IS NOT NULL"),
    postgresql_where=text("answered_at IS NOT NULL"),
)
Index(
    "ix_case_to_close",
    case.c.answered_at,
    sqlite_where=text("status = 'answered'"),
    postgresql_where=text("status = 'answered'"),
)
Index(
    "ix_case_extension_unit",
    case.c.extension_unit,
    sqlite_where=text("extension_unit IS NOT NULL"),
    postgresql_where=text("extension_unit IS NOT NULL"),
)
Index(
    "ix_case_paused_at",
    case.c.paused_at,
    sqlite_where=text("paused_at IS NOT NULL"),
    postgresql_where=text("paused_at IS NOT NULL"),
)
Index(
    "ix_case_returned",
    case.c.received_at,
    sqlite_where=text("returned_count > 0"),
    postgresql_where=text("returned_count > 0"),
)
Index("ix_case_officer_id", case.c.officer_id, case.c.status)
Index(
    "ix_case_urgent_check",
    case.c.next_check_at,
    sqlite_where=text("urgent AND next_check_at IS NOT NULL"),
    postgresql_where=text("urgent AND next_check_at IS NOT NULL"),
)
Index(
    "ix_case_next_check_at",
    case.c.next_check_at,
    sqlite_where=text("next_check_at IS NOT NULL"),
    postgresql_where=text("next_check_at IS NOT NULL"),
)
Index(
    "ix_case_triage",
    case.c.teaching,
    case.c.received_at,
    sqlite_where=text("status = 'triage'"),
    postgresql_where=text("status = 'triage'"),
)
Index(
    "ix_case_master_id",
    case.c.master_id,
    sqlite_where=text("master_id IS NOT NULL"),
    postgresql_where=text("master_id IS NOT NULL"),
)
Index(
    "ix_case_alike",
    case.c.ward_code,
    case.c.domain,
    case.c.received_at,
    sqlite_where=text(IS_OPEN),
    postgresql_where=text(IS_OPEN),
)
Index(
    "ix_case_cell",
    case.c.cell,
    case.c.domain,
    case.c.received_at,
    sqlite_where=text("cell IS NOT NULL"),
    postgresql_where=text("cell IS NOT NULL"),
)

for _by, _with in (("due_at", "warn_at"), ("warn_at", "due_at")):
    Index(
        f"ix_case_open_{_by}",
        *(case.c[name] for name in (_by, "unit_code", "domain", _with, "paused_at", "kind", "status")),
        sqlite_where=text(IS_OPEN),
        postgresql_where=text(IS_OPEN),
    )

case_search = Table(
    "case_search",
    metadata,
    Column("case_id", RowId, ForeignKey("case.id"), primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),
    comment="What a case is found by, without accents; a full-text index stands beside it.",
)

part = Table(
    "part",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", BigInteger, ForeignKey("case.id"), nullable=False),
    Column("unit_code", String(96), ForeignKey("unit.code"), nullable=False),
    Column("task", Text, nullable=False),
    Column("status", String(16), nullable=False, comment='"open", "done", "declined" or "dropped"'),
    Column("asked_at", UtcTime, nullable=False),
    Column("asked_by", BigInteger, ForeignKey("person.id"), comment="None: the rule that gave the case."),
    Column("due_at", UtcTime),
    Column("officer_id", BigInteger, ForeignKey("person.id")),
    Column("answered_at", UtcTime),
    Column("answer", Text),
    Column("reminded_at", UtcTime),
    comment="What supporting units contribute to a case; the unit that has the case answers the citizen.",
)
Index("ix_part_case_id", part.c.case_id)
Index("ix_part_unit_code_status", part.c.unit_code, part.c.status)
Index(
    "ix_part_due_at",
    part.c.due_at,
    sqlite_where=text("status = 'open' AND reminded_at IS NULL"),
    postgresql_where=text("status = 'open' AND reminded_at IS NULL"),
)

template = Table(
    "template",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("unit_code", String(96), ForeignKey("unit.code"), nullable=False),
    Column("domain", String(48), nullable=False, comment='A domain, or "*" for every one.'),
    Column("name", String(80), nullable=False),
    Column("text", Text, nullable=False),
    Column("used", Integer, nullable=False, server_default="0"),
    Column("created_by", BigInteger, ForeignKey("person.id")),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    UniqueConstraint("unit_code", "name"),
    comment="Answers that chairs wrote beforehand.",
)

seal = Table(
    "seal",
    metadata,
    Column("day", Date, primary_key=True),
    Column("root", String(64), nullable=False),
    Column("previous_root", String(64), nullable=False),
    Column("events", Integer, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("entries", Text, nullable=False, comment="A line for each event: to name what a seal misses."),
    Column("sealed_at", UtcTime, nullable=False),
    comment="One root for the events of each local day, chained to the day before.",
)

org_change = Table(
    "org_change",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("on_day", Date, nullable=False, index=True),
    Column("document", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Column("outcome", JsonOrNone),
    comment="Reorganisations: those to come, and those carried out.",
)

reminder = Table(
    "reminder",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("case_id", BigInteger, ForeignKey("case.id"), nullable=False),
    Column("matter", String(16), nullable=False),
    Column(
        "role", String(16), nullable=False, comment='What the reader is to the case, "above" for no part.'
    ),
    Column("urgent", Boolean, nullable=False),
    Column("at", UtcTime, nullable=False, comment="The moment that it is about."),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
    comment="What a chat is to be reminded of; gathered into one message and then taken away.",
)
Index("ix_reminder_chat", reminder.c.channel, reminder.c.chat, reminder.c.id)

photo = Table(
    "photo",
    metadata,
    Column("media_key", String(80), primary_key=True),
    Column("mime", String(40), nullable=False),
    Column("size", Integer, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("created_at", UtcTime, nullable=False),
    Column("person_id", BigInteger, comment="Who sent it; none for what the program drew."),
    comment="A stored picture; the bytes lie in the media folder under the same key.",
)
Index(
    "ix_photo_person_id",
    photo.c.person_id,
    sqlite_where=text("person_id IS NOT NULL"),
    postgresql_where=text("person_id IS NOT NULL"),
)
Index("ix_photo_created_at", photo.c.created_at)

case_photo = Table(
    "case_photo",
    metadata,
    Column("case_id", BigInteger, ForeignKey("case.id"), primary_key=True),
    Column("media_key", String(80), ForeignKey("photo.media_key"), primary_key=True),
    Column("purpose", String(16), nullable=False, comment='"report", "answer" or "progress"'),
    Column("added_at", UtcTime, nullable=False),
    Column("number", BigInteger, nullable=False, comment="Larger than those of the pictures before."),
)

event = Table(
    "event",
    metadata,
    Column("case_id", BigInteger, ForeignKey("case.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("type", String(32), nullable=False),
    Column("actor_id", BigInteger, ForeignKey("person.id")),
    Column("actor_role", String(16), nullable=False),
    Column("unit_code", String(96)),
    Column("at", UtcTime, nullable=False),
    Column("data", Json, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    comment="The ledger: what happened to each case, only ever appended, each event chained to the last.",
)
Index("ix_event_at", event.c.at)

correction = Table(
    "correction",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", BigInteger, ForeignKey("case.id")),
    Column("text", Text, nullable=False),
    Column("field", String(16), nullable=False, comment='"domain", "ward" or "kind"'),
    Column("was", String(96)),
    Column("now", String(96), nullable=False),
    Column("actor_role", String(16), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("person_id", BigInteger),
    Column("model_version", String(32), comment="The model that had read the text."),
    comment="What people corrected of the machine's readings: the examples it learns from.",
)
Index("ix_correction_case_id", correction.c.case_id)

model = Table(
    "model",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", String(32), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("adopted_at", UtcTime, nullable=False),
    Column("retired_at", UtcTime, comment="Until when it was in use; none for the one that is."),
    Column("previous_id", BigInteger, comment="The model that it replaced; none for the shipped one."),
    Column("bytes", LargeBinary, nullable=False),
    Column("figures", Json, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    comment="Models that were trained here and adopted; without one in use the shipped one reads.",
)

file = Table(
    "file",
    metadata,
    Column("media_key", String(80), primary_key=True),
    Column("kind", String(16), nullable=False, comment='"voice", "document" or "export"'),
    Column("name", String(120), nullable=False),
    Column("mime", String(80), nullable=False),
    Column("size", Integer, nullable=False),
    Column("person_id", BigInteger, ForeignKey("person.id"), comment="Who sent it or may open it."),
    Column("created_at", UtcTime, nullable=False),
    comment="A kept recording or document; the bytes lie in the media folder under the same key.",
)
Index(
    "ix_file_person_id",
    file.c.person_id,
    sqlite_where=text("person_id IS NOT NULL"),
    postgresql_where=text("person_id IS NOT NULL"),
)
Index("ix_file_created_at", file.c.created_at)

group_chat = Table(
    "group_chat",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(32), nullable=False),
    Column("chat", String(128), comment="None until there is a group."),
    Column("title", String(200), nullable=False),
    Column("purpose", String(16), nullable=False, comment='"chairs", "cluster", "unit" or "case"'),
    Column("unit_code", String(96), ForeignKey("unit.code"), nullable=False, comment="Who is above it."),
    Column("units", Json, nullable=False, comment="Its scope: their chairs belong to it."),
    Column("case_id", BigInteger, ForeignKey("case.id")),
    Column(
        "status",
        String(16),
        nullable=False,
        comment='"proposed", "asked", "linked", "active", "lost" or "closed"',
    ),
    Column("forum", Boolean, nullable=False, server_default=text("false")),
    Column("missing", Json, nullable=False, server_default=text("'[]'"), comment="Rights the bot lacks."),
    Column("token_hash", String(64), unique=True, comment="Of the word by which a person binds a group."),
    Column("token_until", UtcTime),
    Column("created_by", BigInteger, ForeignKey("person.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("bound_at", UtcTime),
    Column("lost_at", UtcTime),
    Column("checked_at", UtcTime),
    UniqueConstraint("channel", "chat"),
    comment="A group chat of officials: what it is for, and how the bot stands in it.",
)
Index("ix_group_chat_case_id", group_chat.c.case_id)
_IN_USE = text("status IN ('asked', 'linked', 'active', 'lost')")
Index(
    "uq_group_chat_one_per_case",
    group_chat.c.case_id,
    unique=True,
    sqlite_where=_IN_USE,
    postgresql_where=_IN_USE,
)
Index("ix_group_chat_status", group_chat.c.status, group_chat.c.checked_at)

group_member = Table(
    "group_member",
    metadata,
    Column("group_id", BigInteger, ForeignKey("group_chat.id"), primary_key=True),
    Column("person_id", BigInteger, ForeignKey("person.id"), primary_key=True),
    Column("user", String(128), nullable=False, server_default="", comment="Within the group's channel."),
    Column("unit_code", String(96), ForeignKey("unit.code"), nullable=False),
    Column("role", String(16), nullable=False),
    Column(
        "state",
        String(16),
        nullable=False,
        comment='"wanted", "invited", "joined", "left", "leaving", "removed" or "stays"',
    ),
    Column("invite", String(200), comment="The link that only this person may use."),
    Column("changed_at", UtcTime, nullable=False),
    comment="Who belongs to a group, and whether they are in it.",
)
Index("ix_group_member_person_id", group_member.c.person_id)
Index(
    "ix_group_member_invite",
    group_member.c.invite,
    sqlite_where=text("invite IS NOT NULL"),
    postgresql_where=text("invite IS NOT NULL"),
)

group_topic = Table(
    "group_topic",
    metadata,
    Column("group_id", BigInteger, ForeignKey("group_chat.id"), primary_key=True),
    Column("key", String(120), primary_key=True, comment='"case:CODE" or "unit:CODE"'),
    Column("topic", String(64), comment="The channel's id of it; None until it is open."),
    Column("title", String(128), nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    comment="The topics of a group that has any.",
)

directive = Table(
    "directive",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False, comment='"assign", "report", "extend" or "explain"'),
    Column("status", String(16), nullable=False, comment='"proposed", "given", "seen", "done" or "dropped"'),
    Column("case_id", BigInteger, ForeignKey("case.id")),
    Column("unit_code", String(96), ForeignKey("unit.code"), nullable=False, comment="Who must answer."),
    Column("about", JsonOrNone, comment="The figure that is to be explained."),
    Column("text", Text, nullable=False, comment="What was ordered, as it was written."),
    Column("due_at", UtcTime),
    Column("given_by", BigInteger, ForeignKey("person.id"), nullable=False),
    Column("given_role", String(16), nullable=False),
    Column("given_unit", String(96), nullable=False),
    Column("group_id", BigInteger, ForeignKey("group_chat.id")),
    Column("channel", String(32), nullable=False, comment="Where it was given."),
    Column("chat", String(128), nullable=False),
    Column("topic", String(64), nullable=False, server_default=""),
    Column("proposed_at", UtcTime, nullable=False),
    Column("given_at", UtcTime),
    Column("seen_at", UtcTime),
    Column("seen_by", BigInteger, ForeignKey("person.id")),
    Column("done_at", UtcTime),
    Column("done_by", BigInteger, ForeignKey("person.id")),
    Column("report", Text),
    Column("next_check_at", UtcTime, comment="When its unit, or its giver, is reminded next."),
    Column("reminders", Integer, nullable=False, server_default="0"),
    comment="What a leader or chair ordered of a unit: on a case, or to explain a figure.",
)
Index("ix_directive_case_id", directive.c.case_id)
Index("ix_directive_unit_code_status", directive.c.unit_code, directive.c.status)
Index("ix_directive_given_by_status", directive.c.given_by, directive.c.status)
Index("ix_directive_group_id", directive.c.group_id)
Index(
    "ix_directive_next_check_at",
    directive.c.next_check_at,
    sqlite_where=text("next_check_at IS NOT NULL"),
    postgresql_where=text("next_check_at IS NOT NULL"),
)

directive_event = Table(
    "directive_event",
    metadata,
    Column("directive_id", BigInteger, ForeignKey("directive.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("type", String(24), nullable=False),
    Column("actor_id", BigInteger, ForeignKey("person.id")),
    Column("actor_role", String(16), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("data", Json, nullable=False),
    comment="What became of each directive, only ever appended; those on a case stand in its ledger too.",
)

directive_file = Table(
    "directive_file",
    metadata,
    Column("directive_id", BigInteger, ForeignKey("directive.id"), primary_key=True),
    Column("media_key", String(80), primary_key=True),
    Column("purpose", String(16), nullable=False, comment='"order" or "report"'),
    Column("kind", String(16), nullable=False, comment='"photo", "voice" or "document"'),
    Column("added_at", UtcTime, nullable=False),
    comment="The photos and recordings of a directive and of the report on it.",
)

digest = Table(
    "digest",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("chat", String(128), primary_key=True),
    Column("person_id", BigInteger, ForeignKey("person.id"), comment="None for a group."),
    Column("group_id", BigInteger, ForeignKey("group_chat.id")),
    Column("daily", Boolean, nullable=False),
    Column("weekly", Boolean, nullable=False),
    Column("minute", Integer, nullable=False, comment="Of the local day: 450 is 07:30."),
    Column("parts", Json, nullable=False, comment="What it tells of."),
    Column("sent_until", Date, comment="The last local day on which it was sent."),
    Column("next_at", UtcTime, comment="When the next one is due; None while it is off."),
    comment="Which digest a chat gets, and when.",
)
Index(
    "ix_digest_next_at",
    digest.c.next_at,
    sqlite_where=text("next_at IS NOT NULL"),
    postgresql_where=text("next_at IS NOT NULL"),
)

pace = Table(
    "pace",
    metadata,
    Column("unit_code", String(96), primary_key=True),
    Column("counts", Text, nullable=False, comment="JSON: time spent and answers given, by share of time."),
    Column("counted_at", UtcTime, nullable=False),
    comment="How quickly each unit answers: what chances of missing a deadline are learnt from.",
)

day_count = Table(
    "day_count",
    metadata,
    Column("day", Date, primary_key=True),
    Column("counts", Text, nullable=False, comment="JSON: ward, domain, how many people reported."),
    comment="How many people reported what where on each local day: what is usual is learnt from it.",
)

rise = Table(
    "rise",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("unit_code", String(96), nullable=False, comment="The ward's unit."),
    Column("domain", String(48), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False, comment="The last day on which it was still unusual."),
    Column("people", Integer, nullable=False, comment="From the first day until it was noticed."),
    Column("expected", Float, nullable=False),
    Column("noticed_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    comment="What rose unusually in a ward: told once, and again only after it was over.",
)
Index(
    "ix_rise_lasting",
    rise.c.unit_code,
    rise.c.domain,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)

_Bucket = String(16).with_variant(String(16, collation="C"), "postgresql")
"""Sorted by its letters, whatever the language of the server."""


def _number(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False, server_default="0")


def _cell() -> tuple[Column[Any], ...]:
    """Return what says which cases a row of ready figures is of: "*" stands for all, "" for no unit."""
    return (
        Column("tier", String(8), primary_key=True, comment='"unit", "domain", or "both" for one of each'),
        Column("bucket", _Bucket, primary_key=True, comment="A span of time: its kind, and its first day."),
        Column("unit_code", String(96), primary_key=True),
        Column("domain", String(48), primary_key=True),
    )


rollup = Table(
    "rollup",
    metadata,
    *_cell(),
    _number("received"),
    _number("people"),
    _number("reopened"),
    _number("rejected"),
    _number("rejected_late"),
    _number("answered"),
    _number("on_time"),
    _number("late"),
    _number("late_with_extension"),
    _number("rating_count"),
    _number("rating_sum"),
    _number("satisfied"),
    sqlite_with_rowid=False,
    comment="Figures kept ready: what was received and answered in a day (d), week (w), month (m), year (y).",
)

rollup_hours = Table(
    "rollup_hours",
    metadata,
    *_cell(),
    *(_number(f"step_{number:02}") for number in range(len(HOUR_STEPS))),
    sqlite_with_rowid=False,
    comment="How many of the answers took how many working hours, in steps.",
)

rollup_open = Table(
    "rollup_open",
    metadata,
    *_cell(),
    _number("open"),
    _number("overdue"),
    _number("troubled"),
    sqlite_with_rowid=False,
    comment="Open cases: all (a), and when they become overdue or at risk: hour (h), day (d), month, year.",
)
Index(
    "ix_rollup_open_empty",
    rollup_open.c.tier,
    sqlite_where=text("open = 0 AND overdue = 0 AND troubled = 0"),
    postgresql_where=text("open = 0 AND overdue = 0 AND troubled = 0"),
)

Index(
    "ix_rollup_open_unit",
    rollup_open.c.unit_code,
    rollup_open.c.bucket,
    sqlite_where=text("tier = 'both'"),
    postgresql_where=text("tier = 'both'"),
)

rollup_change = Table(
    "rollup_change",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("sign", Integer, nullable=False, comment="-1 for a case before a change, 1 for after it."),
    *(
        Column(name, case.c[name].type, nullable=case.c[name].nullable)
        for name in (
            "kind",
            "domain",
            "status",
            "unit_code",
            "received_at",
            "due_at",
            "warn_at",
            "paused_at",
            "answered_at",
            "answer_due_at",
            "extended_from",
            "late_before",
            "handled_hours",
            "rating",
            "reopened_count",
            "people_count",
        )
    ),
    comment="What figures count of cases that changed, until the clock adds it to those kept ready.",
)

__all__ = [
    "HOUR_STEPS",
    "IS_OPEN",
    "account",
    "case",
    "case_photo",
    "case_search",
    "chat",
    "correction",
    "day_count",
    "digest",
    "directive",
    "directive_event",
    "directive_file",
    "event",
    "file",
    "group_chat",
    "group_member",
    "group_topic",
    "inbox",
    "invitation",
    "metadata",
    "model",
    "org_change",
    "outbox",
    "pace",
    "part",
    "person",
    "photo",
    "post",
    "reminder",
    "rise",
    "seal",
    "setting",
    "template",
    "unit",
]


traffic = Table(
    "traffic",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("day", Date, primary_key=True, comment="The local day."),
    Column(
        "what",
        String(16),
        primary_key=True,
        comment='"sent", "arrived", "seen", "failed", "held", "released", or a price of `outbox`',
    ),
    Column("count", Integer, nullable=False),
    Column("cost", BigInteger, nullable=False, server_default="0", comment="In đồng."),
    comment="How many messages each channel took each day, and what they cost.",
)

credential = Table(
    "credential",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("secret", LargeBinary, nullable=False, comment="Encrypted with LANGNGHE_DATA_KEY."),
    Column("version", Integer, nullable=False, server_default="1", comment="Counts every change."),
    Column("obtained_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("lease_until", UtcTime, comment="Until when somebody renews it; nobody else may meanwhile."),
    Column("lease_by", String(64)),
    Column("broken_at", UtcTime, comment="Since when the vendor takes it no more."),
    Column("error", String(500)),
    comment="Tokens that a vendor gives and renews.",
)

link_code = Table(
    "link_code",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("person_id", BigInteger, ForeignKey("person.id"), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    comment="One-time codes by which a person shows that two accounts are theirs.",
)

attempt = Table(
    "attempt",
    metadata,
    Column("what", String(16), primary_key=True),
    Column("whose", String(64), primary_key=True, comment="A hash of the chat or person."),
    Column("since", UtcTime, nullable=False, index=True),
    Column("count", Integer, nullable=False),
    comment="How often codes were tried lately.",
)

group_asset = Table(
    "group_asset",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("asset", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("valid_until", UtcTime),
    Column("renews", Boolean, nullable=False),
    Column("chat", String(128), nullable=False, server_default="", comment="The group made of it."),
    Column("listed_at", UtcTime, nullable=False),
    comment="What groups are made of, where a channel sells that; as the vendor listed it last.",
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("person_id", BigInteger, ForeignKey("person.id"), nullable=False, index=True),
    Column("channel", String(32), nullable=False, comment="Through which it was asked for."),
    Column("asked_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Column("kind", String(16), nullable=False, server_default="erase"),
    Column("answer_due_at", UtcTime, comment="Until when the person must have heard of it."),
    Column("answered_at", UtcTime),
    Column("due_at", UtcTime, comment="Until when it must be done."),
    Column("outcome", String(16), comment='"done", "refused" or "withdrawn"'),
    Column("note", Text, comment="What the operator noted; never anything about the person."),
    sqlite_autoincrement=True,
    comment="Requests of people about what is held about them.",
)
Index(
    "ix_erasure_open",
    erasure.c.due_at,
    sqlite_where=text("done_at IS NULL"),
    postgresql_where=text("done_at IS NULL"),
)

consent = Table(
    "consent",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("person_id", BigInteger, ForeignKey("person.id"), nullable=False, index=True),
    Column("what", String(16), nullable=False, comment='"phone" or "link"; of a report it stands in `case`.'),
    Column("text", Text, nullable=False, comment="The sentence exactly as it was shown."),
    Column("channel", String(32), nullable=False),
    Column("given_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),
    sqlite_autoincrement=True,
    comment="What people agreed to, and when they took it back.",
)

doomed_file = Table(
    "doomed_file",
    metadata,
    Column("media_key", String(80), primary_key=True),
    Column("doomed_at", UtcTime, nullable=False),
    comment="Pictures and files that nothing speaks of any more, until they are gone from the media folder.",
)

data_key = Table(
    "data_key",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False, comment="Encrypted with LANGNGHE_DATA_KEY."),
    Column("created_at", UtcTime, nullable=False),
    Column("active_from", UtcTime, nullable=False, comment="What is written from then on uses it."),
    Column("retired_at", UtcTime, comment="Since when nothing is encrypted with it any more."),
    comment="Keys of contact data; the newest active one encrypts.",
)

shown_media = Table(
    "shown_media",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("chat", String(128), primary_key=True),
    Column("media_key", String(80), primary_key=True),
    sqlite_with_rowid=False,
    comment="Which pictures and files a chat of the web page shows: nobody else may open them there.",
)
