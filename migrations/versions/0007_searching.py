"""Searching: the words of each case without accents, in the full-text index of the database at hand."""

import re
import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_AT_ONCE = 1000
_SQLITE = (
    "CREATE VIRTUAL TABLE case_words USING fts5 (words, content='case_search', content_rowid='case_id')",
    "CREATE TRIGGER case_search_added AFTER INSERT ON case_search BEGIN "
    "INSERT INTO case_words (rowid, words) VALUES (new.case_id, new.words); END",
    "CREATE TRIGGER case_search_removed AFTER DELETE ON case_search BEGIN "
    "INSERT INTO case_words (case_words, rowid, words) VALUES ('delete', old.case_id, old.words); END",
    "CREATE TRIGGER case_search_changed AFTER UPDATE ON case_search BEGIN "
    "INSERT INTO case_words (case_words, rowid, words) VALUES ('delete', old.case_id, old.words); "
    "INSERT INTO case_words (rowid, words) VALUES (new.case_id, new.words); END",
)
_POSTGRESQL = (
    "CREATE INDEX ix_case_search_words ON case_search "
    "USING gin (to_tsvector(CAST('simple' AS regconfig), words))",
)


def upgrade() -> None:
    """Make table and index, and take in the cases that are there."""
    op.create_table(
        "case_search",
        sa.Column(
            "case_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_search"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_case_search_case_id"),
        comment="What a case is found by, without accents; a full-text index stands beside it.",
    )
    if op.get_bind().dialect.name == "sqlite":
        _make_index(_SQLITE)
        _take_in()
    else:
        # Built at once from all that is there, which is far less work than a row at a time.
        _take_in()
        _make_index(_POSTGRESQL)


def _make_index(statements: Sequence[str]) -> None:
    for statement in statements:
        op.execute(statement)


def _take_in() -> None:
    connection, after = op.get_bind(), -1
    found = sa.text(
        'SELECT c.id, c.code, c.text, c.street, c.ward_name, c.anonymous, p.name, p.phone FROM "case" AS c '
        "JOIN person AS p ON p.id = c.reporter_id WHERE c.id > :after ORDER BY c.id LIMIT :most"
    )
    while rows := connection.execute(found, {"after": after, "most": _AT_ONCE}).all():
        connection.execute(
            sa.text("INSERT INTO case_search (case_id, words) VALUES (:id, :words)"),
            [{"id": row.id, "words": _words(row)} for row in rows],
        )
        after = rows[-1].id


def _words(row: "sa.Row[tuple[object, ...]]") -> str:
    # What an anonymous writer says of themselves is not told apart here, so the whole text stays out.
    parts = [row.code, row.street, row.ward_name]
    parts += [] if row.anonymous else [row.text, row.name, row.phone]
    bare = unicodedata.normalize("NFD", " ".join(str(part) for part in parts if part).lower())
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter)).replace("đ", "d")
    return " ".join(re.findall(r"[a-z0-9]+", letters))


def downgrade() -> None:
    """Forget the index; the cases hold all of it."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE case_words")
    op.drop_table("case_search")
