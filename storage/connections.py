"""Connections to PostgreSQL: how they are made, what they may take, and how many there may be.

Processes × (connections of a pool + 1 that listens) must stay below the server's `max_connections`. Where
it does not, whoever finds no room waits, and idle connections are given back so that there soon is some.
"""

import asyncio
import random
import socket
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DisconnectionError

if TYPE_CHECKING:
    import asyncpg

NAME = "langnghe"
"""What our connections call themselves; programs before this one gave no name (`storage.partitions`)."""
POOL_SIZE = 5
"""Connections of a process when nothing else is said: 50 processes need 50 × (5 + 1) = 300."""
IDLE_SECONDS = 20
"""After so long unused a connection is closed by the server. The pool hands out the one used last."""
CLOSING_SECONDS = 0.5
"""So long before that no statement is begun on it any more."""
CONNECT_SECONDS = 10.0
PATIENCE_SECONDS = 60.0
"""How long a process waits for room on a server that is full."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0

LIMITS = {
    "statement_timeout": "10min",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "5min",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""What the server ends by itself: statements and transactions that hang, and what a lost machine held."""
KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": 20_000}
"""The same on our side: a server that vanished is noticed within 20 seconds."""
log = structlog.get_logger()


def engine_options(*, pooled: bool, idle_seconds: int = IDLE_SECONDS) -> dict[str, Any]:
    """Return what SQLAlchemy's engine is told about connections.

    pooled: they lead to PgBouncer in transaction mode, which knows no session: no statement stays prepared,
    and limits are those of the database's role (docs/operating.md).
    """
    if pooled:
        return {
            "connect_args": {
                "async_creator_fn": connect,
                "server_settings": {"application_name": NAME},
                "statement_cache_size": 0,
                "prepared_statement_cache_size": 0,
                "prepared_statement_name_func": lambda: f"{NAME}_{uuid4().hex}",
            },
            "pool_use_lifo": True,
        }
    settings = {"application_name": NAME, "idle_session_timeout": f"{idle_seconds}s", **LIMITS}
    return {
        "connect_args": {"async_creator_fn": connect, "server_settings": settings},
        "pool_use_lifo": True,
    }


async def listen(arguments: dict[str, Any]) -> "asyncpg.Connection[Any]":
    """Return a connection that may be idle for ever; `arguments` as `connect` takes them."""
    known = {name: value for name, value in arguments.items() if not name.startswith("prepared_statement")}
    return await connect(**known, server_settings={"application_name": f"{NAME} listens", **LIMITS})


async def connect(*arguments: Any, **named: Any) -> "asyncpg.Connection[Any]":
    """Return a connection to the server, as asyncpg's `connect`; waits while the server has no room.

    Raises what asyncpg raises; TooManyConnectionsError after a minute without room.
    """
    import asyncpg

    loop = asyncio.get_running_loop()
    until, pause = loop.time() + PATIENCE_SECONDS, FIRST_PAUSE
    named.setdefault("timeout", CONNECT_SECONDS)
    while True:
        try:
            connection = await asyncpg.connect(*arguments, **named)
        except asyncpg.TooManyConnectionsError as error:
            if loop.time() > until:
                raise
            log.warning(
                "The database has no room for another connection; waiting for some. Processes × "
                "(LANGNGHE_DATABASE_CONNECTIONS + 1) must be less than its max_connections.",
                action="database_full",
                error=error,
            )
            # Not all at the same moments, and ever more seldom.
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            _keep_alive(connection)
            return connection


def _keep_alive(connection: Any) -> None:
    transport = getattr(connection, "_transport", None)
    wire = transport.get_extra_info("socket") if transport else None
    if wire is None or wire.family not in (socket.AF_INET, socket.AF_INET6):
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if option := getattr(socket, name, None):
            wire.setsockopt(socket.IPPROTO_TCP, option, value)


def replace_closed(engine: Engine, *, idle_seconds: float = IDLE_SECONDS) -> None:
    """Let the pool make a connection anew that the server has closed, or is about to, without asking it."""

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: Any, _proxy: Any) -> None:
        idle = time.monotonic() - record.info.get("idle_since", time.monotonic())
        if idle > idle_seconds - CLOSING_SECONDS or connection.driver_connection.is_closed():
            raise DisconnectionError("the server has closed it")
