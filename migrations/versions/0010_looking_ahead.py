"""Looking ahead: how long cases take, and what rises unusually."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _time() -> Any:
    return sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pace",
        sa.Column("unit_code", sa.String(length=96), nullable=False),
        sa.Column(
            "counts",
            sa.Text(),
            nullable=False,
            comment="JSON: time spent and answers given, by share of time.",
        ),
        sa.Column("counted_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("unit_code", name="pk_pace"),
        comment="How quickly each unit answers: what chances of missing a deadline are learnt from.",
    )
    op.create_table(
        "day_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "counts", sa.Text(), nullable=False, comment="JSON: ward, domain, how many people reported."
        ),
        sa.PrimaryKeyConstraint("day", name="pk_day_count"),
        comment="How many people reported what where on each local day: what is usual is learnt from it.",
    )
    op.create_table(
        "rise",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit_code", sa.String(length=96), nullable=False, comment="The ward's unit."),
        sa.Column("domain", sa.String(length=48), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column(
            "last_day", sa.Date(), nullable=False, comment="The last day on which it was still unusual."
        ),
        sa.Column("people", sa.Integer(), nullable=False, comment="From the first day until it was noticed."),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("noticed_at", _time(), nullable=False),
        sa.Column("ended_at", _time()),
        sa.PrimaryKeyConstraint("id", name="pk_rise"),
        comment="What rose unusually in a ward: told once, and again only after it was over.",
    )
    op.create_index(
        "ix_rise_lasting",
        "rise",
        ["unit_code", "domain"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_case_unit_answered",
        "case",
        ["unit_code", "answered_at"],
        unique=False,
        sqlite_where=sa.text("answered_at IS NOT NULL"),
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index(
        "ix_case_unit_answered",
        table_name="case",
        sqlite_where=sa.text("answered_at IS NOT NULL"),
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_rise_lasting",
        table_name="rise",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("rise")
    op.drop_table("day_count")
    op.drop_table("pace")
