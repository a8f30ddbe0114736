"""Figures kept ready: tables, and triggers that note every change of what is counted.

What is there is counted once the tables are complete (`storage.migrating`), by the definitions of that time.
A step that makes the table of cases anew on SQLite has to make the triggers anew too.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STEPS = 66
_EMPTY = sa.text("open = 0 AND overdue = 0 AND troubled = 0")
_OF_BOTH = sa.text("tier = 'both'")
_IS_OPEN = sa.text(
    "status IN ('assigned', 'in_progress', 'received', 'reopened', 'triage', 'waiting_for_citizen')"
)
_COUNTED = (
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
_OPEN_INDEXES = {
    "ix_case_open_due_at": ["due_at", "unit_code", "domain", "warn_at", "paused_at", "kind", "status"],
    "ix_case_open_warn_at": ["warn_at", "unit_code", "domain", "due_at", "paused_at", "kind", "status"],
}


def _time() -> Any:
    return sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def _bucket() -> Any:
    return sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables and the triggers."""
    numbers = (
        *("received", "people", "reopened", "rejected", "rejected_late"),
        *("answered", "on_time", "late", "late_with_extension"),
        *("rating_count", "rating_sum", "satisfied"),
    )
    _create(
        "rollup",
        numbers,
        "Figures kept ready: what was received and answered in a day (d), week (w), month (m), year (y).",
    )
    _create(
        "rollup_hours",
        [f"step_{number:02}" for number in range(_STEPS)],
        "How many of the answers took how many working hours, in steps.",
    )
    _create(
        "rollup_open",
        ("open", "overdue", "troubled"),
        "Open cases: all (a), and when they become overdue or at risk: hour (h), day (d), month, year.",
    )
    op.create_index(
        "ix_rollup_open_empty", "rollup_open", ["tier"], sqlite_where=_EMPTY, postgresql_where=_EMPTY
    )
    op.create_index(
        "ix_rollup_open_unit",
        "rollup_open",
        ["unit_code", "bucket"],
        sqlite_where=_OF_BOTH,
        postgresql_where=_OF_BOTH,
    )
    _create_changes()
    for name, columns in _OPEN_INDEXES.items():
        op.create_index(name, "case", columns, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
    # Units whose cases are told apart by ward have no figures of their own.
    op.create_index("ix_case_unit_received", "case", ["unit_code", "received_at"], unique=False)
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _create(name: str, numbers: Sequence[str], comment: str) -> None:
    op.create_table(
        name,
        sa.Column(
            "tier",
            sa.String(length=8),
            nullable=False,
            comment='"unit", "domain", or "both" for one of each',
        ),
        sa.Column(
            "bucket", _bucket(), nullable=False, comment="A span of time: its kind, and its first day."
        ),
        sa.Column("unit_code", sa.String(length=96), nullable=False),
        sa.Column("domain", sa.String(length=48), nullable=False),
        *(sa.Column(number, sa.Integer(), server_default="0", nullable=False) for number in numbers),
        sa.PrimaryKeyConstraint("tier", "bucket", "unit_code", "domain", name=f"pk_{name}"),
        sqlite_with_rowid=False,
        comment=comment,
    )


def _create_changes() -> None:
    op.create_table(
        "rollup_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "sign", sa.Integer(), nullable=False, comment="-1 for a case before a change, 1 for after it."
        ),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("domain", sa.String(length=48), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("unit_code", sa.String(length=96)),
        sa.Column("received_at", _time(), nullable=False),
        sa.Column("due_at", _time()),
        sa.Column("warn_at", _time()),
        sa.Column("paused_at", _time()),
        sa.Column("answered_at", _time()),
        sa.Column("answer_due_at", _time()),
        sa.Column("extended_from", _time()),
        sa.Column("late_before", sa.Boolean(), nullable=False),
        sa.Column("handled_hours", sa.Float()),
        sa.Column("rating", sa.Integer()),
        sa.Column("reopened_count", sa.Integer(), nullable=False),
        sa.Column("people_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rollup_change"),
        comment="What figures count of cases that changed, until the clock adds it to those kept ready.",
    )


def _triggers(dialect: str) -> Sequence[str]:
    columns = ", ".join(_COUNTED)
    before, after = (", ".join(f"{row}.{name}" for name in _COUNTED) for row in ("OLD", "NEW"))
    into = f"INSERT INTO rollup_change (sign, {columns})"
    take, add = f"{into} VALUES (-1, {before});", f"{into} VALUES (1, {after});"
    differs = "IS NOT" if dialect == "sqlite" else "IS DISTINCT FROM"
    changed = " OR ".join(f"OLD.{name} {differs} NEW.{name}" for name in _COUNTED)
    if dialect == "sqlite":
        return (
            f'CREATE TRIGGER case_counted_added AFTER INSERT ON "case" BEGIN {add} END',
            f'CREATE TRIGGER case_counted_removed AFTER DELETE ON "case" BEGIN {take} END',
            f'CREATE TRIGGER case_counted_changed AFTER UPDATE OF {columns} ON "case" '
            f"WHEN {changed} BEGIN {take} {add} END",
        )
    return (
        f"""
        CREATE FUNCTION note_counted_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN {take} END IF;
            IF TG_OP <> 'DELETE' THEN {add} END IF;
            RETURN NULL;
        END $$
        """,
        # Whatever the writer's own path is.
        """
        DO $$ BEGIN
            EXECUTE format(
                'ALTER FUNCTION note_counted_change() SET search_path = %I, pg_temp', current_schema()
            );
        END $$
        """,
        'CREATE TRIGGER case_counted_added AFTER INSERT ON "case" '
        "FOR EACH ROW EXECUTE FUNCTION note_counted_change()",
        'CREATE TRIGGER case_counted_removed AFTER DELETE ON "case" '
        "FOR EACH ROW EXECUTE FUNCTION note_counted_change()",
        f'CREATE TRIGGER case_counted_changed AFTER UPDATE OF {columns} ON "case" '
        f"FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION note_counted_change()",
    )


def downgrade() -> None:
    """Take them away; the cases hold all that was counted."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in ("added", "removed", "changed"):
        op.execute(f"DROP TRIGGER case_counted_{name}" + (' ON "case"' if on_postgresql else ""))
    if on_postgresql:
        op.execute("DROP FUNCTION note_counted_change()")
    op.drop_index("ix_case_unit_received", table_name="case")
    for name in _OPEN_INDEXES:
        op.drop_index(name, table_name="case", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)
    op.drop_index(
        "ix_rollup_open_unit", table_name="rollup_open", sqlite_where=_OF_BOTH, postgresql_where=_OF_BOTH
    )
    op.drop_index(
        "ix_rollup_open_empty", table_name="rollup_open", sqlite_where=_EMPTY, postgresql_where=_EMPTY
    )
    for name in ("rollup_change", "rollup_open", "rollup_hours", "rollup"):
        op.drop_table(name)
    op.execute("DELETE FROM setting WHERE name = 'figures_kept'")
