"""What keeps people safe: keys of contact data, requests about one's own data, people who were erased."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _time() -> Any:
    return sa.BigInteger().with_variant(sa.DateTime(timezone=True), "postgresql")


_ERASURE: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("kind", sa.String(length=16), {"server_default": "erase", "nullable": False}),
    ("answer_due_at", _time(), {"comment": "Until when the person must have heard of it."}),
    ("answered_at", _time(), {}),
    ("due_at", _time(), {"comment": "Until when it must be done."}),
    ("outcome", sa.String(length=16), {"comment": '"done", "refused" or "withdrawn"'}),
    ("note", sa.Text(), {"comment": "What the operator noted; never anything about the person."}),
)


def upgrade() -> None:
    """Add what people and their requests need, then the keys."""
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("person", "phone", type_=sa.Text(), comment="Encrypted, where there is a key.")
    op.add_column("person", sa.Column("erased_at", _time(), comment="Since when nothing is known of them."))
    for name, kind, options in _ERASURE:
        op.add_column("erasure", sa.Column(name, kind, **options))
    _say_what_erasure_holds("Requests of people about what is held about them.")
    op.create_index("ix_erasure_open", "erasure", ["due_at"], **_where("done_at IS NULL"))
    op.create_table(
        "consent",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "what",
            sa.String(length=16),
            nullable=False,
            comment='"phone" or "link"; of a report it stands in `case`.',
        ),
        sa.Column("text", sa.Text(), nullable=False, comment="The sentence exactly as it was shown."),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("given_at", _time(), nullable=False),
        sa.Column("withdrawn_at", _time()),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_consent_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
        sqlite_autoincrement=True,
        comment="What people agreed to, and when they took it back.",
    )
    op.create_index("ix_consent_person_id", "consent", ["person_id"])
    op.create_table(
        "doomed_file",
        sa.Column("media_key", sa.String(length=80), nullable=False),
        sa.Column("doomed_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("media_key", name="pk_doomed_file"),
        comment="Pictures and files that nothing speaks of any more, until they are gone from the media "
        "folder.",
    )
    op.add_column(
        "photo",
        sa.Column("person_id", sa.BigInteger(), comment="Who sent it; none for what the program drew."),
    )
    for table in ("photo", "file"):
        op.create_index(f"ix_{table}_person_id", table, ["person_id"], **_where("person_id IS NOT NULL"))
        op.create_index(f"ix_{table}_created_at", table, ["created_at"])
    op.create_table(
        "data_key",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False, comment="Encrypted with LANGNGHE_DATA_KEY."),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("active_from", _time(), nullable=False, comment="What is written from then on uses it."),
        sa.Column("retired_at", _time(), comment="Since when nothing is encrypted with it any more."),
        sa.PrimaryKeyConstraint("id", name="pk_data_key"),
        comment="Keys of contact data; the newest active one encrypts.",
    )
    op.add_column(
        "account", sa.Column("ended_at", _time(), comment="Since when a browser that had it is signed out.")
    )
    op.create_table(
        "attempt",
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("whose", sa.String(length=64), nullable=False, comment="A hash of the chat or person."),
        sa.Column("since", _time(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("what", "whose", name="pk_attempt"),
        comment="How often codes were tried lately.",
    )
    op.create_index("ix_attempt_since", "attempt", ["since"])
    op.create_table(
        "shown_media",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=128), nullable=False),
        sa.Column("media_key", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("channel", "chat", "media_key", name="pk_shown_media"),
        sqlite_with_rowid=False,
        comment="Which pictures and files a chat of the web page shows: nobody else may open them there.",
    )


def _say_what_erasure_holds(comment: str) -> None:
    if op.get_context().dialect.name == "postgresql":
        op.create_table_comment("erasure", comment)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def downgrade() -> None:
    """Take it all away again. Raises RuntimeError while contact data is sealed: it would be lost."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM data_key")):
        raise RuntimeError("contact data is sealed; open it before: python -m bot keys off")
    op.drop_table("shown_media")
    op.drop_table("attempt")
    op.drop_column("account", "ended_at")
    op.drop_table("data_key")
    for table in ("file", "photo"):
        op.drop_index(f"ix_{table}_created_at", table_name=table)
        op.drop_index(f"ix_{table}_person_id", table_name=table)
    op.drop_column("photo", "person_id")
    op.drop_table("doomed_file")
    op.drop_table("consent")
    op.drop_index("ix_erasure_open", table_name="erasure")
    for name, _, _ in reversed(_ERASURE):
        op.drop_column("erasure", name)
    _say_what_erasure_holds("Wishes of people that what is held about them be erased.")
    op.drop_column("person", "erased_at")
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("person", "phone", type_=sa.String(length=32), comment=None)
