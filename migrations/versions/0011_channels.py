"""The same product on every channel: order of sending, what messages cost, tokens, linked accounts."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OPEN = "sent_at IS NULL AND failed_at IS NULL"
_WAITING = f"{_OPEN} AND held_at IS NULL"
_IN_LINE = f"{_WAITING} AND urgency >= 0"
_HELD = f"held_at IS NOT NULL AND {_OPEN}"


def _time() -> Any:
    return sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def _row_id() -> Any:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what messages and people need, then the tables."""
    _extend_outbox()
    op.add_column(
        "person",
        sa.Column(
            "merged_into", sa.BigInteger(), comment="The same person, known by another account before."
        ),
    )
    op.add_column(
        "chat",
        sa.Column("staff_since", _time(), comment="Since when somebody of the city answers here by hand."),
    )
    _make_tables()


def _extend_outbox() -> None:
    for column in (
        sa.Column("seen_at", _time(), comment="When the channel said that it was seen."),
        sa.Column(
            "urgency",
            sa.SmallInteger(),
            server_default="1",
            nullable=False,
            comment="0: somebody waits for it now; 1: news; 2: sent to many. Lower goes first.",
        ),
        sa.Column("held_at", _time(), comment="Since when it waits for the person to write again."),
        sa.Column(
            "price", sa.String(length=16), comment='How it was counted: "free", "quota", "paid", "template".'
        ),
        sa.Column("cost", sa.Integer(), comment="In đồng."),
    ):
        op.add_column("outbox", column)
    op.drop_index("ix_outbox_pending", table_name="outbox")
    op.drop_index("ix_outbox_line", table_name="outbox")
    for name, columns, condition in (
        ("ix_outbox_pending", ["channel", "chat", "urgency", "id"], _WAITING),
        ("ix_outbox_line", ["urgency", "id", "available_at"], _IN_LINE),
        ("ix_outbox_channel_line", ["channel", "urgency", "id", "available_at"], _IN_LINE),
        ("ix_outbox_shown", ["channel", "chat", "sent_at", "id"], "sent_at IS NOT NULL"),
        ("ix_outbox_held", ["channel", "chat", "id"], _HELD),
        ("ix_outbox_held_case", ["case_id"], _HELD),
    ):
        where = sa.text(condition)
        op.create_index(name, "outbox", columns, sqlite_where=where, postgresql_where=where)


def _make_tables() -> None:
    op.create_table(
        "traffic",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="The local day."),
        sa.Column(
            "what",
            sa.String(length=16),
            nullable=False,
            comment='"sent", "arrived", "seen", "failed", "held", "released", or a price of `outbox`',
        ),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger(), server_default="0", nullable=False, comment="In đồng."),
        sa.PrimaryKeyConstraint("channel", "day", "what", name="pk_traffic"),
        comment="How many messages each channel took each day, and what they cost.",
    )
    op.create_table(
        "credential",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="Encrypted with LANGNGHE_DATA_KEY."),
        sa.Column(
            "version", sa.Integer(), server_default="1", nullable=False, comment="Counts every change."
        ),
        sa.Column("obtained_at", _time(), nullable=False),
        sa.Column("expires_at", _time()),
        sa.Column(
            "lease_until", _time(), comment="Until when somebody renews it; nobody else may meanwhile."
        ),
        sa.Column("lease_by", sa.String(length=64)),
        sa.Column("broken_at", _time(), comment="Since when the vendor takes it no more."),
        sa.Column("error", sa.String(length=500)),
        sa.PrimaryKeyConstraint("name", name="pk_credential"),
        comment="Tokens that a vendor gives and renews.",
    )
    op.create_table(
        "link_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("expires_at", _time(), nullable=False),
        sa.Column("used_at", _time()),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_link_code_person_id"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_link_code"),
        comment="One-time codes by which a person shows that two accounts are theirs.",
    )
    op.create_index("ix_link_code_person_id", "link_code", ["person_id"])
    op.create_table(
        "group_asset",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("valid_until", _time()),
        sa.Column("renews", sa.Boolean(), nullable=False),
        sa.Column(
            "chat", sa.String(length=128), server_default="", nullable=False, comment="The group made of it."
        ),
        sa.Column("listed_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "asset", name="pk_group_asset"),
        comment="What groups are made of, where a channel sells that; as the vendor listed it last.",
    )
    op.create_table(
        "erasure",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False, comment="Through which it was asked for."),
        sa.Column("asked_at", _time(), nullable=False),
        sa.Column("done_at", _time()),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_erasure_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
        sqlite_autoincrement=True,
        comment="Wishes of people that what is held about them be erased.",
    )
    op.create_index("ix_erasure_person_id", "erasure", ["person_id"])


def downgrade() -> None:
    """Take it all away again; what was held becomes what waits."""
    op.drop_index("ix_erasure_person_id", table_name="erasure")
    op.drop_index("ix_link_code_person_id", table_name="link_code")
    for table in ("erasure", "group_asset", "link_code", "credential", "traffic"):
        op.drop_table(table)
    op.drop_column("chat", "staff_since")
    op.drop_column("person", "merged_into")
    for index in (
        "ix_outbox_shown",
        "ix_outbox_held_case",
        "ix_outbox_held",
        "ix_outbox_channel_line",
        "ix_outbox_line",
        "ix_outbox_pending",
    ):
        op.drop_index(index, table_name="outbox")
    for column in ("cost", "price", "held_at", "urgency", "seen_at"):
        op.drop_column("outbox", column)
    where = sa.text(_OPEN)
    for name, columns in (("ix_outbox_pending", ["channel", "chat", "id"]), ("ix_outbox_line", ["id"])):
        op.create_index(name, "outbox", columns, sqlite_where=where, postgresql_where=where)
