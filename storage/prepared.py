"""Statements compiled once: their SQL, how values go to the driver, and how rows come back from it.

SQLAlchemy works this out anew for each execution, which costs more than the database does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast
from weakref import WeakKeyDictionary

from sqlalchemy import ClauseElement, CompoundSelect, Dialect, Executable, Select
from sqlalchemy.engine import ExecutionContext
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from storage.sealing import Sealed

Row = Mapping[str, Any]
Columns = tuple[str, ...]
Turn = Callable[[Any], Any]
"""Makes the driver's value of ours, or ours of the driver's."""

BARE = {"bare": True}
"""The execution option with which a statement of a driver returns `BareRows`."""
_MOST_LENGTHS = 64
"""For how many lengths of its lists a query stays prepared; it is read the usual way for any other."""
_MOST_FILLED = 512
"""Shorter lists are filled up with their last value to a power of two: one SQL serves many lengths."""


@dataclass(frozen=True, slots=True)
class PreparedWrite:
    """A statement that changes rows, and how a row becomes the driver's values."""

    sql: str
    fixed: Row
    parameters: tuple[tuple[str, Turn | None], ...]
    sealed: Mapping[str, TypeEngine[Any]] = field(default_factory=dict)
    """The parameters that are sealed, each with its type: with which keys depends on the database."""

    def values(self, row: Row) -> tuple[Any, ...]:
        """Return the driver's values of a row, in the order of the SQL."""
        return _ordered(self.parameters, {**self.fixed, **row})

    def for_dialect(self, dialect: Dialect) -> "PreparedWrite":
        """Return the same with the keys of one database."""
        own = _own(dialect)
        if id(self) not in own:
            turns = {name: _sealing(type_, dialect) for name, type_ in self.sealed.items()}
            parameters = tuple((name, turns.get(name, turn)) for name, turn in self.parameters)
            own[id(self)] = self, replace(self, parameters=parameters)
        return cast(PreparedWrite, own[id(self)][1])


def _own(dialect: Dialect) -> dict[int, tuple[Any, Any]]:
    """Return what was prepared for one database alone, by the id of what it was made of, kept beside it."""
    found: dict[int, tuple[Any, Any]] = dialect.__dict__.setdefault("prepared", {})
    return found


def _sealing(type_: TypeEngine[Any], dialect: Dialect) -> Turn | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


_writes: WeakKeyDictionary[Executable, dict[tuple[Columns, str], PreparedWrite]] = WeakKeyDictionary()


def prepare_write(statement: UpdateBase, columns: Columns, dialect: Dialect) -> PreparedWrite:
    """Return a statement for rows of these columns; compiles it the first time."""
    known = _writes.setdefault(statement, {})
    found = known.get((columns, dialect.name))
    if found is None:
        compiled = _compiled(statement, dialect, column_keys=list(columns))
        found = known[columns, dialect.name] = PreparedWrite(
            sql=compiled.string,
            fixed={name: value for name, value in compiled.params.items() if name not in columns},
            parameters=_parameters(compiled, compiled.positiontup or ()),
            sealed=_sealed(compiled),
        )
    return found.for_dialect(dialect) if found.sealed else found


def _sealed(compiled: SQLCompiler) -> dict[str, TypeEngine[Any]]:
    return {name: bind.type for name, bind in compiled.binds.items() if isinstance(bind.type, Sealed)}


class BareRows(NamedTuple):
    """What a driver returned: what it tells of the columns (name, type and more), and the rows."""

    description: Sequence[Sequence[Any]]
    rows: Iterable[Sequence[Any]]


@dataclass(slots=True, kw_only=True)
class PreparedRead:
    """A query for lists of certain lengths, and how its rows become mappings."""

    dialect: Dialect
    sql: str
    fixed: Row
    lists: Mapping[str, Sequence[str]]
    parameters: tuple[tuple[str, Turn | None], ...]
    columns: tuple[str, ...]
    types: tuple[TypeEngine[Any], ...]
    turns: tuple[tuple[str, Turn], ...] | None = None
    sealed: bool = False
    """Whether any column is sealed: with which keys depends on the database."""

    def for_dialect(self, dialect: Dialect) -> "PreparedRead":
        """Return the same with the keys of one database."""
        own = _own(dialect)
        if id(self) not in own:
            own[id(self)] = self, replace(self, dialect=dialect, turns=None)
        return cast(PreparedRead, own[id(self)][1])

    def values(self, row: Row) -> tuple[Any, ...]:
        """Return the driver's values of a query's parameters, in the order of the SQL."""
        full = {**self.fixed, **row}
        for name, parts in self.lists.items():
            full.update(zip(parts, _filled(full[name]), strict=True))
        return _ordered(self.parameters, full)

    def mappings(self, found: BareRows) -> Sequence[Row]:
        """Return the driver's rows as mappings by the names of the columns."""
        if self.turns is None:
            self.turns = tuple(self._turns(found.description))
        rows = [dict(zip(self.columns, values, strict=True)) for values in found.rows]
        for name, turn in self.turns:
            for row in rows:
                # No type makes anything of NULL, and most columns that have to be turned hold it.
                if (value := row[name]) is not None:
                    row[name] = turn(value)
        return rows

    def _turns(self, description: Sequence[Sequence[Any]]) -> Iterable[tuple[str, Turn]]:
        # Only the driver tells what type it returns, so this waits for the first rows.
        for name, type_, told in zip(self.columns, self.types, description, strict=True):
            turn = type_.dialect_impl(self.dialect).result_processor(self.dialect, told[1])
            if turn is not None:
                yield name, turn


def _filled(values: Sequence[Any]) -> Sequence[Any]:
    """Return what stands in the brackets of an IN, where a value may stand twice."""
    missing = _room(len(values)) - len(values)
    return [*values, *[values[-1]] * missing] if missing else values


def _room(length: int) -> int:
    return 1 << (length - 1).bit_length() if 0 < length <= _MOST_FILLED else length


@dataclass(slots=True, kw_only=True)
class _Query:
    """A query on one kind of database: what holds for lists of any length, and what was prepared so far."""

    fixed: Row
    lists: tuple[str, ...]
    by_lengths: dict[tuple[int, ...], PreparedRead] = field(default_factory=dict)

    def prepared(self, statement: Executable, row: Row, dialect: Dialect) -> PreparedRead | None:
        lists = {name: row[name] if name in row else self.fixed[name] for name in self.lists}
        lengths = tuple([_room(len(values)) for values in lists.values()])
        found = self.by_lengths.get(lengths)
        if found is None and len(self.by_lengths) < _MOST_LENGTHS:
            filled = {name: _filled(values) for name, values in lists.items()}
            found = self.by_lengths[lengths] = self._prepare(_compiled(statement, dialect), {**row, **filled})
        return found

    def _prepare(self, compiled: SQLCompiler, row: Row) -> PreparedRead:
        state = compiled.construct_expanded_state(dict(row))
        lists = {name: tuple(parts) for name, parts in state.parameter_expansion.items()}
        origins = {part: name for name, parts in lists.items() for part in parts}
        return PreparedRead(
            dialect=compiled.dialect,
            sql=state.statement,
            fixed=self.fixed,
            lists=lists,
            parameters=_parameters(compiled, state.positiontup or (), origins),
            columns=tuple(column.keyname for column in compiled._result_columns),
            types=tuple(column.type for column in compiled._result_columns),
            sealed=any(isinstance(column.type, Sealed) for column in compiled._result_columns),
        )


_queries: WeakKeyDictionary[Executable, dict[str, _Query | None]] = WeakKeyDictionary()


def prepare_read(statement: Executable, row: Row, dialect: Dialect) -> PreparedRead | None:
    """Return a query for parameters like these, None when it has to be read the usual way."""
    queries = _queries.get(statement)
    if queries is None:
        # Of a query that is made anew each time SQLAlchemy keeps more than could be kept here.
        _queries[statement] = {}
        return None
    if dialect.name not in queries:
        queries[dialect.name] = _query(statement, dialect)
    query = queries[dialect.name]
    found = query.prepared(statement, row, dialect) if query else None
    return found.for_dialect(dialect) if found and found.sealed else found


def _query(statement: Executable, dialect: Dialect) -> _Query | None:
    if not isinstance(statement, Select | CompoundSelect) or statement.get_execution_options():
        return None
    compiled = _compiled(statement, dialect)
    if not _is_plain(compiled):
        return None
    binds = compiled.binds
    return _Query(
        fixed={name: value for name, value in compiled.params.items() if not binds[name].required},
        lists=tuple(compiled.bind_names[bind] for bind in compiled.post_compile_params),
    )


def _is_plain(compiled: SQLCompiler) -> bool:
    """Tell whether columns go by their order and parameters by their names, whatever the values."""
    names = [column.keyname for column in compiled._result_columns]
    return (
        compiled._ordered_columns
        and len(names) == len(set(names)) > 0
        and not compiled.literal_execute_params
        and not compiled.escaped_bind_names
        and not any(bind.callable or bind.type._is_tuple_type for bind in compiled.binds.values())
    )


def _compiled(statement: Executable, dialect: Dialect, **how: Any) -> SQLCompiler:
    compiled = cast(ClauseElement, statement).compile(dialect=dialect, **how)
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup is not None
    return compiled


def _parameters(
    compiled: SQLCompiler, names: Iterable[str], origins: Mapping[str, str] | None = None
) -> tuple[tuple[str, Turn | None], ...]:
    dialect = compiled.dialect
    types = ((name, compiled.binds[(origins or {}).get(name, name)].type) for name in names)
    return tuple((name, type_.dialect_impl(dialect).bind_processor(dialect)) for name, type_ in types)


def _ordered(parameters: tuple[tuple[str, Turn | None], ...], full: Row) -> tuple[Any, ...]:
    return tuple([turn(full[name]) if turn else full[name] for name, turn in parameters])


def returning_bare_rows(usual: type[ExecutionContext]) -> type[ExecutionContext]:
    """Return a database's way to execute, with `BareRows` for statements with the option `BARE`.

    All else stays SQLAlchemy's: events, errors, and giving up a connection that is broken.
    """

    class Context(usual):  # type: ignore[misc, valid-type]
        def _setup_result_proxy(self) -> Any:
            if "bare" not in self.execution_options:
                return super()._setup_result_proxy()
            return BareRows(self.cursor.description, self.cursor.fetchall())

    return Context
