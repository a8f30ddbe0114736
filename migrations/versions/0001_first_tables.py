"""The first tables: queues, people, chats, units, cases and their ledger."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _time() -> Any:
    return sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def _json() -> Any:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _row_id() -> Any:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


TABLES = (
    "inbox",
    "outbox",
    "person",
    "photo",
    "setting",
    "unit",
    "account",
    "case",
    "chat",
    "invitation",
    "post",
    "case_photo",
    "correction",
    "event",
)


def upgrade() -> None:
    """Create every table."""
    _create_inbox()
    _create_outbox()
    _create_person()
    _create_photo()
    _create_setting()
    _create_unit()
    _create_account()
    _create_case()
    _create_chat()
    _create_invitation()
    _create_post()
    _create_case_photo()
    _create_correction()
    _create_event()


def downgrade() -> None:
    """Drop every table with all that it holds."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("chat", sa.String(length=128), nullable=False),
        sa.Column("album", sa.String(length=128), server_default="", nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", _time(), nullable=False),
        sa.Column("available_at", _time(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_until", _time()),
        sa.Column("finished_at", _time()),
        sa.Column("failed_at", _time()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("channel", "external_id", name="uq_inbox_channel_external_id"),
        comment="Every update as the vendor sent it; a row with failed_at is a dead letter.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_line", "inbox", ["id"], **_where("finished_at IS NULL AND failed_at IS NULL"))
    op.create_index("ix_inbox_chat", "inbox", ["channel", "chat", "id"])
    op.create_index("ix_inbox_failed", "inbox", ["failed_at"], **_where("failed_at IS NOT NULL"))
    op.create_index(
        "ix_inbox_pending",
        "inbox",
        ["channel", "chat", "id"],
        **_where("finished_at IS NULL AND failed_at IS NULL"),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("dedupe_key", sa.String(length=160)),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=128), nullable=False),
        sa.Column("message", _json(), nullable=False),
        sa.Column("case_id", sa.BigInteger()),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("available_at", _time(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_until", _time()),
        sa.Column("sent_at", _time()),
        sa.Column("failed_at", _time()),
        sa.Column("error", sa.Text()),
        sa.Column("external_id", sa.String(length=128)),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("dedupe_key", name="uq_outbox_dedupe_key"),
        comment="Every message to a person; sent in order per chat; a row with failed_at is a dead letter.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_line", "outbox", ["id"], **_where("sent_at IS NULL AND failed_at IS NULL"))
    op.create_index("ix_outbox_chat", "outbox", ["channel", "chat", "id"])
    op.create_index("ix_outbox_external", "outbox", ["channel", "chat", "external_id"])
    op.create_index("ix_outbox_failed", "outbox", ["failed_at"], **_where("failed_at IS NOT NULL"))
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["channel", "chat", "id"],
        **_where("sent_at IS NULL AND failed_at IS NULL"),
    )


def _create_person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("phone", sa.String(length=32)),
        sa.Column("created_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )


def _create_photo() -> None:
    op.create_table(
        "photo",
        sa.Column("media_key", sa.String(length=80), nullable=False),
        sa.Column("mime", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("created_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("media_key", name="pk_photo"),
        comment="A stored picture; the bytes lie in the media folder under the same key.",
    )


def _create_setting() -> None:
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", _json(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
        comment="What holds for the whole city: its organisation document and that document's version.",
    )


def _create_unit() -> None:
    op.create_table(
        "unit",
        sa.Column("code", sa.String(length=96), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("parent_code", sa.String(length=96)),
        sa.Column("ward_code", sa.String(length=16)),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        sa.ForeignKeyConstraint(["parent_code"], ["unit.code"], name="fk_unit_parent_code"),
        sa.PrimaryKeyConstraint("code", name="pk_unit"),
        comment="The org tree, for joins; the organisation document in `setting` is where it is edited.",
    )
    op.create_index("ix_unit_parent_code", "unit", ["parent_code"])
    op.create_index("ix_unit_ward_code", "unit", ["ward_code"])


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("user", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_account_person_id"),
        sa.PrimaryKeyConstraint("channel", "user", name="pk_account"),
        comment="Who a channel's user is.",
    )
    op.create_index("ix_account_person_id", "account", ["person_id"])


def _create_case() -> None:
    op.create_table(
        "case",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("domain", sa.String(length=48), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("ward_code", sa.String(length=16)),
        sa.Column("ward_name", sa.String(length=120)),
        sa.Column("street", sa.String(length=200)),
        sa.Column("latitude", sa.Float()),
        sa.Column("longitude", sa.Float()),
        sa.Column("unit_code", sa.String(length=96)),
        sa.Column("officer_id", sa.BigInteger()),
        sa.Column("reporter_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=128), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("consent_at", _time(), nullable=False),
        sa.Column("consent_text", sa.Text(), nullable=False),
        sa.Column("reading", _json(), nullable=False),
        sa.Column("triage_reason", sa.Text()),
        sa.Column("received_at", _time(), nullable=False),
        sa.Column("assigned_at", _time()),
        sa.Column("accept_due_at", _time()),
        sa.Column("accepted_at", _time()),
        sa.Column("due_at", _time()),
        sa.Column("warn_at", _time()),
        sa.Column("paused_at", _time()),
        sa.Column("answered_at", _time()),
        sa.Column("answer", sa.Text()),
        sa.Column("answer_due_at", _time(), comment="The deadline that the answer was held to."),
        sa.Column("extended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("closed_at", _time()),
        sa.Column("rating", sa.Integer()),
        sa.Column("returned_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reopened_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("event_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("head_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column(
            "head_at", _time(), comment="The time of the last event; no event is older than the one before."
        ),
        sa.Column("reminded_at", _time(), comment="Until when passed milestones have been reminded of."),
        sa.Column("next_check_at", _time(), comment="The first milestone that nobody was reminded of."),
        sa.ForeignKeyConstraint(["officer_id"], ["person.id"], name="fk_case_officer_id"),
        sa.ForeignKeyConstraint(["reporter_id"], ["person.id"], name="fk_case_reporter_id"),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_case_unit_code"),
        sa.PrimaryKeyConstraint("id", name="pk_case"),
        sa.UniqueConstraint("code", name="uq_case_code"),
        comment="What holds of each case now; how it came to be so stands in `event`.",
    )
    op.create_index("ix_case_answered_at", "case", ["answered_at"])
    op.create_index("ix_case_next_check_at", "case", ["next_check_at"], **_where("next_check_at IS NOT NULL"))
    op.create_index("ix_case_received_at", "case", ["received_at"])
    op.create_index("ix_case_reporter_id", "case", ["reporter_id", "received_at"])
    op.create_index("ix_case_status_due_at", "case", ["status", "due_at"])
    op.create_index("ix_case_to_close", "case", ["answered_at"], **_where("status = 'answered'"))
    op.create_index("ix_case_unit_code_status", "case", ["unit_code", "status", "due_at"])


def _create_chat() -> None:
    op.create_table(
        "chat",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.BigInteger()),
        sa.Column("group", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("step", sa.String(length=64), server_default="", nullable=False),
        sa.Column("draft", _json(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("last_inbound_at", _time(), nullable=False),
        sa.Column("unreachable_at", _time()),
        sa.Column("moved_to", sa.String(length=128)),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_chat_person_id"),
        sa.PrimaryKeyConstraint("channel", "chat", name="pk_chat"),
        comment="One conversation: where it stands (step) and what it holds so far (draft).",
    )
    op.create_index("ix_chat_person_id", "chat", ["person_id"])


def _create_invitation() -> None:
    op.create_table(
        "invitation",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("unit_code", sa.String(length=96), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("expires_at", _time(), nullable=False),
        sa.Column("used_at", _time()),
        sa.Column("used_by", sa.BigInteger()),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_invitation_unit_code"),
        sa.ForeignKeyConstraint(["used_by"], ["person.id"], name="fk_invitation_used_by"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_invitation"),
    )


def _create_post() -> None:
    op.create_table(
        "post",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_code", sa.String(length=96), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("starts_at", _time(), nullable=False),
        sa.Column("ends_at", _time()),
        sa.CheckConstraint(
            "role IN ('chair', 'officer', 'leader', 'dispatcher', 'admin')", name="ck_post_role"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_post_person_id"),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_post_unit_code"),
        sa.PrimaryKeyConstraint("id", name="pk_post"),
        comment="Who holds which role at which unit, and when.",
    )
    op.create_index("ix_post_person_id", "post", ["person_id"])
    op.create_index("ix_post_unit_code_role", "post", ["unit_code", "role"])


def _create_case_photo() -> None:
    op.create_table(
        "case_photo",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("media_key", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False, comment='"report" or "answer"'),
        sa.Column("added_at", _time(), nullable=False),
        sa.Column(
            "number", sa.BigInteger(), nullable=False, comment="Larger than those of the pictures before."
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_case_photo_case_id"),
        sa.ForeignKeyConstraint(["media_key"], ["photo.media_key"], name="fk_case_photo_media_key"),
        sa.PrimaryKeyConstraint("case_id", "media_key", name="pk_case_photo"),
    )


def _create_correction() -> None:
    op.create_table(
        "correction",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False, comment='"domain", "ward" or "kind"'),
        sa.Column("was", sa.String(length=96)),
        sa.Column("now", sa.String(length=96), nullable=False),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("at", _time(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_correction_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_correction"),
        comment="What people corrected of the machine's readings: the examples it learns from.",
    )


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("unit_code", sa.String(length=96)),
        sa.Column("at", _time(), nullable=False),
        sa.Column("data", _json(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name="fk_event_actor_id"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_event_case_id"),
        sa.PrimaryKeyConstraint("case_id", "sequence", name="pk_event"),
        comment="The ledger: what happened to each case, only ever appended, each event chained to the last.",
    )
    op.create_index("ix_event_at", "event", ["at"])
