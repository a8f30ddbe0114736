"""Learning: who corrected what which model had read, the models adopted here, and what teaches most."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IN_TRIAGE = sa.text("status = 'triage'")


def _time() -> Any:
    return sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Add table and columns; of earlier corrections by citizens the case still tells whose they are."""
    op.create_table(
        "model",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("adopted_at", _time(), nullable=False),
        sa.Column("retired_at", _time(), comment="Until when it was in use; none for the one that is."),
        sa.Column(
            "previous_id", sa.BigInteger(), comment="The model that it replaced; none for the shipped one."
        ),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("figures", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_model"),
        comment="Models that were trained here and adopted; without one in use the shipped one reads.",
    )
    op.add_column("correction", sa.Column("person_id", sa.BigInteger()))
    op.add_column(
        "correction",
        sa.Column("model_version", sa.String(length=32), comment="The model that had read the text."),
    )
    op.create_index("ix_correction_case_id", "correction", ["case_id"])
    op.execute(
        'UPDATE correction SET person_id = (SELECT reporter_id FROM "case" WHERE "case".id = case_id) '
        "WHERE actor_role = 'citizen'"
    )
    op.add_column(
        "case",
        sa.Column(
            "teaching",
            sa.Float(),
            nullable=False,
            server_default="0",
            comment="How much a person's answer would teach, 0 to 1: how unsure the machine was.",
        ),
    )
    op.create_index(
        "ix_case_triage",
        "case",
        ["teaching", "received_at"],
        sqlite_where=_IN_TRIAGE,
        postgresql_where=_IN_TRIAGE,
    )


def downgrade() -> None:
    """Go back to the shipped model; the corrections themselves stay."""
    op.drop_index("ix_case_triage", "case")
    op.drop_column("case", "teaching")
    op.drop_index("ix_correction_case_id", "correction")
    for column in ("model_version", "person_id"):
        op.drop_column("correction", column)
    op.drop_table("model")
