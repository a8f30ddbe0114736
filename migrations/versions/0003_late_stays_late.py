"""A case whose answer was late stays late in the figures, also when it is reopened and answered again."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column; cases reopened before this count by their last answer alone."""
    op.add_column(
        "case",
        sa.Column(
            "late_before",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether an answer before the last reopening was late: that stays so in the figures.",
        ),
    )


def downgrade() -> None:
    """Forget it; the events still tell."""
    op.drop_column("case", "late_before")
