"""Casework: extensions, approval, supporting units, escalation, templates, seals, reorganisations."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ASKED = sa.text("extension_unit IS NOT NULL")
_LAPSING = sa.text("ends_at IS NOT NULL AND ended_reason IS NULL")
_TO_REMIND = sa.text("status = 'open' AND reminded_at IS NULL")
_RETURNED = sa.text("returned_count > 0")
_PAUSED = sa.text("paused_at IS NOT NULL")
_LOOK_AT_OPEN_CASES = (
    'UPDATE "case" SET next_check_at = received_at WHERE status IN '
    "('assigned', 'in_progress', 'received', 'reopened', 'triage', 'waiting_for_citizen')"
)
_DEPUTY = sa.text("deputy_for IS NOT NULL")
_PRESSING = sa.text("urgent AND next_check_at IS NOT NULL")


def _time() -> Any:
    return sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


def _json() -> Any:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _case_columns() -> tuple["sa.Column[Any]", ...]:
    return (
        sa.Column(
            "extended_from", _time(), comment="The deadline before the extension, with the pauses since."
        ),
        sa.Column("extension", _json(), comment="An extension that is asked for: hours, reason, by, at."),
        sa.Column("extension_unit", sa.String(length=96), comment="The unit whose chair decides it."),
        sa.Column("extension_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("proposed", _json(), comment="An answer that waits for the chair: text, photos, by, at."),
        sa.Column("leader_at", _time(), comment="When the level above is told that it is late."),
        sa.Column("chairman_at", _time(), comment="When the chairman is told that it is late."),
        sa.Column(
            "escalated",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="How many levels were told.",
        ),
        sa.Column("snoozed_until", _time(), comment="Its own unit is not reminded before."),
        sa.Column("triage_at", _time(), comment="Since when it waits for a dispatcher."),
        sa.Column("decide_due_at", _time(), comment="When those who must decide on something are reminded."),
        sa.Column(
            "accept_leader_at", _time(), comment="When the level above is told that nobody took it up."
        ),
        sa.Column("accept_chairman_at", _time(), comment="When the chairman is told that nobody took it up."),
        sa.Column("unreached_at", _time(), comment="Since when nobody of its unit could be reached."),
        sa.Column("reopened_at", _time(), comment="When it was reopened last: handling counts from then."),
        sa.Column(
            "paused_hours",
            sa.Float(),
            nullable=False,
            server_default="0",
            comment="Working hours, since then.",
        ),
        sa.Column(
            "handled_hours",
            sa.Float(),
            comment="Working hours from receipt or reopening to the answer.",
        ),
    )


def _unit_columns() -> tuple["sa.Column[Any]", ...]:
    return (
        sa.Column("former_names", _json(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("successors", _json(), nullable=False, server_default=sa.text("'[]'")),
    )


def _post_columns() -> tuple["sa.Column[Any]", ...]:
    return (
        sa.Column(
            "deputy_for",
            sa.BigInteger(),
            comment="The post that is held in somebody's place, until `ends_at`.",
        ),
        sa.Column("ended_reason", sa.String(length=200)),
    )


def _invitation_columns() -> tuple["sa.Column[Any]", ...]:
    return (
        sa.Column("name", sa.String(length=200), comment="Whom it is for; empty for whoever has the code."),
        sa.Column("post_ends_at", _time(), comment="Until when the post is held."),
        sa.Column("deputy_for", sa.BigInteger()),
    )


_COLUMNS = {
    "case": _case_columns,
    "unit": _unit_columns,
    "post": _post_columns,
    "invitation": _invitation_columns,
}


# A day that is sealed takes no event any more; days are those of Viet Nam, seven hours ahead of UTC.
_REFUSE_SEALED_DAY = {
    "sqlite": (
        """
        CREATE TRIGGER event_after_seal BEFORE INSERT ON event
        WHEN NEW."at" < (
            SELECT (CAST(strftime('%s', day, '+1 day') AS INTEGER) - 7 * 3600) * 1000000
            FROM seal ORDER BY day DESC LIMIT 1
        )
        BEGIN SELECT RAISE(ABORT, 'the day of this event is sealed: is this machine''s clock right?'); END
        """,
    ),
    "postgresql": (
        """
        CREATE FUNCTION refuse_sealed_day() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW."at" < (
                SELECT (CAST(day + 1 AS timestamp) - interval '7 hours') AT TIME ZONE 'UTC'
                FROM seal ORDER BY day DESC LIMIT 1
            ) THEN
                RAISE EXCEPTION 'the day of this event is sealed: is this machine''s clock right?'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$
        """,
        # Whatever the writer's own path is, and whatever temporary table they call "seal".
        """
        DO $$ BEGIN
            EXECUTE format(
                'ALTER FUNCTION refuse_sealed_day() SET search_path = %I, pg_temp', current_schema()
            );
        END $$
        """,
        """
        CREATE TRIGGER event_after_seal BEFORE INSERT ON event
        FOR EACH ROW EXECUTE FUNCTION refuse_sealed_day()
        """,
    ),
}


_PURPOSES, _PURPOSES_BEFORE = '"report", "answer" or "progress"', '"report" or "answer"'


def _comment_purpose(now: str, was: str) -> None:
    """Say what a picture may be for; SQLite keeps no comments."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("case_photo", "purpose", comment=now, existing_comment=was)


def upgrade() -> None:
    """Add columns and tables; of what waits in triage the last event tells since when."""
    for table, columns in _COLUMNS.items():
        for column in columns():
            op.add_column(table, column)
    _comment_purpose(_PURPOSES, _PURPOSES_BEFORE)
    op.execute("UPDATE \"case\" SET triage_at = head_at WHERE status = 'triage'")
    # Whom to tell when was not stored: the clock looks at each open case once and works it out.
    op.execute(_LOOK_AT_OPEN_CASES)
    op.create_index(
        "ix_case_extension_unit", "case", ["extension_unit"], sqlite_where=_ASKED, postgresql_where=_ASKED
    )
    op.create_index(
        "ix_case_paused_at", "case", ["paused_at"], sqlite_where=_PAUSED, postgresql_where=_PAUSED
    )
    op.create_index(
        "ix_case_returned", "case", ["received_at"], sqlite_where=_RETURNED, postgresql_where=_RETURNED
    )
    op.create_index("ix_case_officer_id", "case", ["officer_id", "status"])
    op.create_index("ix_post_ends_at", "post", ["ends_at"], sqlite_where=_LAPSING, postgresql_where=_LAPSING)
    op.create_index("ix_post_role", "post", ["role"])
    for table in ("post", "invitation"):
        name = f"ix_{table}_deputy_for"
        op.create_index(name, table, ["deputy_for"], sqlite_where=_DEPUTY, postgresql_where=_DEPUTY)
    op.create_index(
        "ix_case_urgent_check",
        "case",
        ["next_check_at"],
        sqlite_where=_PRESSING,
        postgresql_where=_PRESSING,
    )
    _create_reminder()
    _create_part()
    _create_template()
    op.create_table(
        "seal",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("previous_root", sa.String(length=64), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column(
            "entries",
            sa.Text(),
            nullable=False,
            comment="A line for each event: to name what a seal misses.",
        ),
        sa.Column("sealed_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_seal"),
        comment="One root for the events of each local day, chained to the day before.",
    )
    op.create_table(
        "org_change",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("document", _json(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("done_at", _time()),
        sa.Column("outcome", _json()),
        sa.PrimaryKeyConstraint("id", name="pk_org_change"),
        comment="Reorganisations: those to come, and those carried out.",
    )
    op.create_index("ix_org_change_on_day", "org_change", ["on_day"])
    op.execute(
        'UPDATE "case" SET reopened_at = (SELECT max("at") FROM event '
        "WHERE case_id = \"case\".id AND type = 'reopened') WHERE reopened_count > 0"
    )
    for statement in _REFUSE_SEALED_DAY[op.get_bind().dialect.name]:
        op.execute(statement)


def _create_reminder() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=128), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("matter", sa.String(length=16), nullable=False),
        sa.Column(
            "role",
            sa.String(length=16),
            nullable=False,
            comment='What the reader is to the case, "above" for no part.',
        ),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("at", _time(), nullable=False, comment="The moment that it is about."),
        sa.Column("created_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reminder"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_reminder_case_id"),
        sqlite_autoincrement=True,
        comment="What a chat is to be reminded of; gathered into one message and then taken away.",
    )
    op.create_index("ix_reminder_chat", "reminder", ["channel", "chat", "id"])


def _create_part() -> None:
    op.create_table(
        "part",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_code", sa.String(length=96), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column(
            "status", sa.String(length=16), nullable=False, comment='"open", "done", "declined" or "dropped"'
        ),
        sa.Column("asked_at", _time(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), comment="None: the rule that gave the case."),
        sa.Column("due_at", _time()),
        sa.Column("officer_id", sa.BigInteger()),
        sa.Column("answered_at", _time()),
        sa.Column("answer", sa.Text()),
        sa.Column("reminded_at", _time()),
        sa.PrimaryKeyConstraint("id", name="pk_part"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_part_case_id"),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_part_unit_code"),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name="fk_part_asked_by"),
        sa.ForeignKeyConstraint(["officer_id"], ["person.id"], name="fk_part_officer_id"),
        comment="What supporting units contribute to a case; the unit that has the case answers the citizen.",
    )
    op.create_index("ix_part_case_id", "part", ["case_id"])
    op.create_index("ix_part_unit_code_status", "part", ["unit_code", "status"])
    op.create_index(
        "ix_part_due_at", "part", ["due_at"], sqlite_where=_TO_REMIND, postgresql_where=_TO_REMIND
    )


def _create_template() -> None:
    op.create_table(
        "template",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit_code", sa.String(length=96), nullable=False),
        sa.Column("domain", sa.String(length=48), nullable=False, comment='A domain, or "*" for every one.'),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created_by", sa.BigInteger()),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("changed_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_template"),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name="fk_template_unit_code"),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name="fk_template_created_by"),
        sa.UniqueConstraint("unit_code", "name", name="uq_template_unit_code_name"),
        comment="Answers that chairs wrote beforehand.",
    )


def downgrade() -> None:
    """Forget what was asked and planned; cases, events and answers stay."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute("DROP TRIGGER event_after_seal" + (" ON event" if on_postgresql else ""))
    if on_postgresql:
        op.execute("DROP FUNCTION refuse_sealed_day()")
    for name in ("org_change", "seal", "template", "part", "reminder"):
        op.drop_table(name)
    _comment_purpose(_PURPOSES_BEFORE, _PURPOSES)
    op.drop_index("ix_invitation_deputy_for", "invitation")
    for index in ("ix_post_ends_at", "ix_post_role", "ix_post_deputy_for"):
        op.drop_index(index, "post")
    for index in (
        "ix_case_urgent_check",
        "ix_case_officer_id",
        "ix_case_returned",
        "ix_case_paused_at",
        "ix_case_extension_unit",
    ):
        op.drop_index(index, "case")
    for table, columns in _COLUMNS.items():
        for column in reversed(columns()):
            op.drop_column(table, column.name)
