"""Leaders and chairs: groups, directives, digests, kept files, and receipts of what was sent."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _time() -> Any:
    return sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def _json() -> Any:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "file",
        sa.Column("media_key", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment='"voice", "document" or "export"'),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("mime", sa.String(length=80), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), comment="Who sent it or may open it."),
        sa.Column("created_at", _time(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_file_person_id"),
        sa.PrimaryKeyConstraint("media_key", name="pk_file"),
        comment="A kept recording or document; the bytes lie in the media folder under the same key.",
    )
    op.create_table(
        "group_chat",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=128), comment="None until there is a group."),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "purpose", sa.String(length=16), nullable=False, comment='"chairs", "cluster", "unit" or "case"'
        ),
        sa.Column("unit_code", sa.String(length=96), nullable=False, comment="Who is above it."),
        sa.Column("units", _json(), nullable=False, comment="Its scope: their chairs belong to it."),
        sa.Column("case_id", sa.BigInteger()),
        sa.Column(
            "status",
            sa.String(length=16),
            nullable=False,
            comment='"proposed", "asked", "linked", "active", "lost" or "closed"',
        ),
        sa.Column("forum", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "missing",
            _json(),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="Rights the bot lacks.",
        ),
        sa.Column("token_hash", sa.String(length=64), comment="Of the word by which a person binds a group."),
        sa.Column("token_until", _time()),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("bound_at", _time()),
        sa.Column("lost_at", _time()),
        sa.Column("checked_at", _time()),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_group_chat_case_id"),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name="fk_group_chat_created_by"),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_group_chat_unit_code"),
        sa.PrimaryKeyConstraint("id", name="pk_group_chat"),
        sa.UniqueConstraint("channel", "chat", name="uq_group_chat_channel_chat"),
        sa.UniqueConstraint("token_hash", name="uq_group_chat_token_hash"),
        comment="A group chat of officials: what it is for, and how the bot stands in it.",
    )
    op.create_index("ix_group_chat_case_id", "group_chat", ["case_id"], unique=False)
    op.create_index("ix_group_chat_status", "group_chat", ["status", "checked_at"], unique=False)
    op.create_index(
        "uq_group_chat_one_per_case",
        "group_chat",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('asked', 'linked', 'active', 'lost')"),
        postgresql_where=sa.text("status IN ('asked', 'linked', 'active', 'lost')"),
    )
    op.create_table(
        "digest",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.BigInteger(), comment="None for a group."),
        sa.Column("group_id", sa.BigInteger()),
        sa.Column("daily", sa.Boolean(), nullable=False),
        sa.Column("weekly", sa.Boolean(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False, comment="Of the local day: 450 is 07:30."),
        sa.Column("parts", _json(), nullable=False, comment="What it tells of."),
        sa.Column("sent_until", sa.Date(), comment="The last local day on which it was sent."),
        sa.Column("next_at", _time(), comment="When the next one is due; None while it is off."),
        sa.ForeignKeyConstraint(["group_id"], ["group_chat.id"], name="fk_digest_group_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_digest_person_id"),
        sa.PrimaryKeyConstraint("channel", "chat", name="pk_digest"),
        comment="Which digest a chat gets, and when.",
    )
    op.create_index(
        "ix_digest_next_at",
        "digest",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_table(
        "directive",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "kind", sa.String(length=16), nullable=False, comment='"assign", "report", "extend" or "explain"'
        ),
        sa.Column(
            "status",
            sa.String(length=16),
            nullable=False,
            comment='"proposed", "given", "seen", "done" or "dropped"',
        ),
        sa.Column("case_id", sa.BigInteger()),
        sa.Column("unit_code", sa.String(length=96), nullable=False, comment="Who must answer."),
        sa.Column("about", _json(), comment="The figure that is to be explained."),
        sa.Column("text", sa.Text(), nullable=False, comment="What was ordered, as it was written."),
        sa.Column("due_at", _time()),
        sa.Column("given_by", sa.BigInteger(), nullable=False),
        sa.Column("given_role", sa.String(length=16), nullable=False),
        sa.Column("given_unit", sa.String(length=96), nullable=False),
        sa.Column("group_id", sa.BigInteger()),
        sa.Column("channel", sa.String(length=32), nullable=False, comment="Where it was given."),
        sa.Column("chat", sa.String(length=128), nullable=False),
        sa.Column("topic", sa.String(length=64), server_default="", nullable=False),
        sa.Column("proposed_at", _time(), nullable=False),
        sa.Column("given_at", _time()),
        sa.Column("seen_at", _time()),
        sa.Column("seen_by", sa.BigInteger()),
        sa.Column("done_at", _time()),
        sa.Column("done_by", sa.BigInteger()),
        sa.Column("report", sa.Text()),
        sa.Column("next_check_at", _time(), comment="When its unit, or its giver, is reminded next."),
        sa.Column("reminders", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_directive_case_id"),
        sa.ForeignKeyConstraint(["done_by"], ["person.id"], name="fk_directive_done_by"),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name="fk_directive_given_by"),
        sa.ForeignKeyConstraint(["group_id"], ["group_chat.id"], name="fk_directive_group_id"),
        sa.ForeignKeyConstraint(["seen_by"], ["person.id"], name="fk_directive_seen_by"),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_directive_unit_code"),
        sa.PrimaryKeyConstraint("id", name="pk_directive"),
        comment="What a leader or chair ordered of a unit: on a case, or to explain a figure.",
    )
    op.create_index("ix_directive_case_id", "directive", ["case_id"], unique=False)
    op.create_index("ix_directive_given_by_status", "directive", ["given_by", "status"], unique=False)
    op.create_index("ix_directive_group_id", "directive", ["group_id"], unique=False)
    op.create_index(
        "ix_directive_next_check_at",
        "directive",
        ["next_check_at"],
        unique=False,
        sqlite_where=sa.text("next_check_at IS NOT NULL"),
        postgresql_where=sa.text("next_check_at IS NOT NULL"),
    )
    op.create_index("ix_directive_unit_code_status", "directive", ["unit_code", "status"], unique=False)
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "user",
            sa.String(length=128),
            server_default="",
            nullable=False,
            comment="Within the group's channel.",
        ),
        sa.Column("unit_code", sa.String(length=96), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column(
            "state",
            sa.String(length=16),
            nullable=False,
            comment='"wanted", "invited", "joined", "left", "leaving", "removed" or "stays"',
        ),
        sa.Column("invite", sa.String(length=200), comment="The link that only this person may use."),
        sa.Column("changed_at", _time(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group_chat.id"], name="fk_group_member_group_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_group_member_person_id"),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_group_member_unit_code"),
        sa.PrimaryKeyConstraint("group_id", "person_id", name="pk_group_member"),
        comment="Who belongs to a group, and whether they are in it.",
    )
    op.create_index(
        "ix_group_member_invite",
        "group_member",
        ["invite"],
        unique=False,
        sqlite_where=sa.text("invite IS NOT NULL"),
        postgresql_where=sa.text("invite IS NOT NULL"),
    )
    op.create_index("ix_group_member_person_id", "group_member", ["person_id"], unique=False)
    op.create_table(
        "group_topic",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False, comment='"case:CODE" or "unit:CODE"'),
        sa.Column("topic", sa.String(length=64), comment="The channel's id of it; None until it is open."),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("opened_at", _time(), nullable=False),
        sa.Column("closed_at", _time()),
        sa.ForeignKeyConstraint(["group_id"], ["group_chat.id"], name="fk_group_topic_group_id"),
        sa.PrimaryKeyConstraint("group_id", "key", name="pk_group_topic"),
        comment="The topics of a group that has any.",
    )
    op.create_table(
        "directive_event",
        sa.Column("directive_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=24), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("at", _time(), nullable=False),
        sa.Column("data", _json(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name="fk_directive_event_actor_id"),
        sa.ForeignKeyConstraint(["directive_id"], ["directive.id"], name="fk_directive_event_directive_id"),
        sa.PrimaryKeyConstraint("directive_id", "sequence", name="pk_directive_event"),
        comment="What became of each directive, only ever appended; those on a case stand in its ledger too.",
    )
    op.create_table(
        "directive_file",
        sa.Column("directive_id", sa.BigInteger(), nullable=False),
        sa.Column("media_key", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False, comment='"order" or "report"'),
        sa.Column("kind", sa.String(length=16), nullable=False, comment='"photo", "voice" or "document"'),
        sa.Column("added_at", _time(), nullable=False),
        sa.ForeignKeyConstraint(["directive_id"], ["directive.id"], name="fk_directive_file_directive_id"),
        sa.PrimaryKeyConstraint("directive_id", "media_key", name="pk_directive_file"),
        comment="The photos and recordings of a directive and of the report on it.",
    )
    op.add_column(
        "outbox",
        sa.Column(
            "delivered_at", _time(), comment="When the channel said that it arrived, where it says so."
        ),
    )
    op.create_index(
        "ix_outbox_receipt",
        "outbox",
        ["channel", "external_id"],
        unique=False,
        sqlite_where=sa.text("channel IN ('mail', 'sms')"),
        postgresql_where=sa.text("channel IN ('mail', 'sms')"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index(
        "ix_outbox_receipt",
        table_name="outbox",
        sqlite_where=sa.text("channel IN ('mail', 'sms')"),
        postgresql_where=sa.text("channel IN ('mail', 'sms')"),
    )
    op.drop_column("outbox", "delivered_at")
    op.drop_table("directive_file")
    op.drop_table("directive_event")
    op.drop_table("group_topic")
    op.drop_index("ix_group_member_person_id", table_name="group_member")
    op.drop_index(
        "ix_group_member_invite",
        table_name="group_member",
        sqlite_where=sa.text("invite IS NOT NULL"),
        postgresql_where=sa.text("invite IS NOT NULL"),
    )
    op.drop_table("group_member")
    op.drop_index("ix_directive_unit_code_status", table_name="directive")
    op.drop_index(
        "ix_directive_next_check_at",
        table_name="directive",
        sqlite_where=sa.text("next_check_at IS NOT NULL"),
        postgresql_where=sa.text("next_check_at IS NOT NULL"),
    )
    op.drop_index("ix_directive_group_id", table_name="directive")
    op.drop_index("ix_directive_given_by_status", table_name="directive")
    op.drop_index("ix_directive_case_id", table_name="directive")
    op.drop_table("directive")
    op.drop_index(
        "ix_digest_next_at",
        table_name="digest",
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.drop_table("digest")
    op.drop_index(
        "uq_group_chat_one_per_case",
        table_name="group_chat",
        sqlite_where=sa.text("status IN ('asked', 'linked', 'active', 'lost')"),
        postgresql_where=sa.text("status IN ('asked', 'linked', 'active', 'lost')"),
    )
    op.drop_index("ix_group_chat_status", table_name="group_chat")
    op.drop_index("ix_group_chat_case_id", table_name="group_chat")
    op.drop_table("group_chat")
    op.drop_table("file")
