"""Duplicates: a case may belong to another, and what finds those that are alike."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OPEN = sa.text(
    "status IN ('assigned', 'in_progress', 'received', 'reopened', 'triage', 'waiting_for_citizen')"
)
_PLACED = sa.text("cell IS NOT NULL")
_MERGED = sa.text("master_id IS NOT NULL")


def upgrade() -> None:
    """Add the columns; cases of before have no stored words and no cell, and are found by their ward."""
    # Both databases take this sentence as it is; alembic's own way rebuilds the table on SQLite.
    op.execute(
        'ALTER TABLE "case" ADD COLUMN master_id BIGINT CONSTRAINT fk_case_master_id REFERENCES "case" (id)'
    )
    op.add_column(
        "case",
        sa.Column(
            "people_count",
            sa.Integer(),
            nullable=False,
            server_default="1",
            comment="How many different people reported it, with those of the cases merged into it.",
        ),
    )
    op.add_column("case", sa.Column("words", sa.Text(), comment="The words by which cases are compared."))
    op.add_column(
        "case", sa.Column("cell", sa.BigInteger(), comment="The square of the map that it lies in.")
    )
    op.create_index(
        "ix_case_master_id", "case", ["master_id"], sqlite_where=_MERGED, postgresql_where=_MERGED
    )
    op.create_index(
        "ix_case_alike",
        "case",
        ["ward_code", "domain", "received_at"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_case_cell",
        "case",
        ["cell", "domain", "received_at"],
        sqlite_where=_PLACED,
        postgresql_where=_PLACED,
    )


def downgrade() -> None:
    """Forget who belongs to whom; the events still tell."""
    for index in ("ix_case_cell", "ix_case_alike", "ix_case_master_id"):
        op.drop_index(index, "case")
    for column in ("cell", "words", "people_count", "master_id"):
        op.drop_column("case", column)
