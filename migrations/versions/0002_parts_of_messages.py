"""The ids of all parts of a message, so that a reply to any of them finds its case."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column; whatever was sent before has none."""
    op.add_column("outbox", sa.Column("other_ids", sa.Text()))


def downgrade() -> None:
    """Forget the ids."""
    op.drop_column("outbox", "other_ids")
