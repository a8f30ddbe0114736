"""Messages and events in partitions by time, and what is there once as keys of its own (PostgreSQL).

Only a database in which nothing has happened is divided here. In any other the clock does it, step by step
and without keeping anybody waiting, once no program of the version before is running: that one inserts as
only undivided tables let it. Until then the tables stay as they were, with triggers that fill the keys.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from alembic import op

from storage import partitions

revision = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEYED = tuple(table for table in partitions.DIVIDED if table.key)


def upgrade() -> None:
    """Make the keys; divide what is new."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for table in _KEYED:
        partitions.make_keys(connection, table)
    partitions.divide_new(connection, datetime.now(UTC))


def downgrade() -> None:
    """Make one table of all partitions again; this copies every row."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for table in partitions.DIVIDED:
        partitions.join_again(connection, table)
    for table in _KEYED:
        partitions.drop_keys(connection, table)
