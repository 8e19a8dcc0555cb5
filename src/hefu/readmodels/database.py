"""
The database behind the read models: opens it, makes and checks its tables, and says which height a reader sees.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from hefu.kernel.errors import EngineError, Unavailable, UsageError
from hefu.readmodels import schema

REBUILD = "make them again with `hefu views rebuild`"
#: A lost power cord may cost the last blocks, never the file; the trees over identifiers are written at random places, so
#: many pages stay in memory, and the log grows to 64 MiB before they are written home.
_WRITER = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "temp_store=MEMORY",
    "cache_size=-131072",
    "wal_autocheckpoint=16384",
)
_READER = ("query_only=1",)

# The driver's own adapter does the same and is marked for removal.
sqlite3.register_adapter(date, date.isoformat)


class SchemaChanged(UsageError):
    """The tables were made by another version."""

    code = "READ_MODELS_SCHEMA"


@contextmanager
def database_errors() -> Iterator[None]:
    """
    Turn the database's troubles into ours.

    Raises:
        EngineError: Locked, full, or the connection was lost.
    """
    try:
        yield
    except sa.exc.OperationalError as error:
        raise EngineError(f"the read models' database refused: {error.orig}", code="READ_MODELS_DATABASE") from error


def open_engine(url: str, *, read_only: bool = False) -> Engine:
    """
    Connect to SQLite or PostgreSQL.

    Args:
        url: `sqlite:///path` or `postgresql+psycopg://user@host/database`.
        read_only: For queries: each transaction sees one height.

    Raises:
        UsageError: Not such a URL.
        Unavailable: The driver is not installed.
    """
    try:
        parsed = sa.make_url(url)
        dialect = parsed.get_backend_name()
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError):
        raise UsageError("not a database URL; sqlite:///path and postgresql+psycopg://... are known") from None
    if dialect == "sqlite":
        return _open_sqlite(parsed, read_only)
    if dialect != "postgresql":
        raise UsageError(f"read models live in SQLite or PostgreSQL, not in {dialect}")
    level = "REPEATABLE READ" if read_only else "READ COMMITTED"
    try:
        return sa.create_engine(parsed, paramstyle="format", isolation_level=level)
    except ModuleNotFoundError:
        raise Unavailable("PostgreSQL needs its driver: pip install 'hefu[postgres]'", code="NO_DRIVER") from None


def _open_sqlite(url: sa.URL, read_only: bool) -> Engine:
    path = Path(url.database) if url.database and url.database != ":memory:" else None
    if path is not None and read_only and not path.exists():
        raise Unavailable(f"there are no read models yet: {REBUILD}", code="NO_READ_MODELS", where=str(path))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30.0})
    settings = _READER if read_only else _WRITER

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        # SQLAlchemy, not the driver, says when a transaction begins; so one that only reads sees one height too.
        connection.isolation_level = None
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")

    @sa.event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def create(connection: Connection, chain_id: bytes) -> None:
    """Make the tables, at the height before the first block."""
    schema.metadata.create_all(connection)
    connection.execute(
        schema.meta.insert().values(row=0, schema_version=schema.SCHEMA_VERSION, chain_id=chain_id, height=-1, tip=b"")
    )


def check(connection: Connection, chain_id: bytes) -> tuple[int, bytes] | None:
    """
    Height and tip of the read models, None where there are none yet.

    Raises:
        SchemaChanged: Another version made them.
        UsageError: They are of another ledger.
    """
    if not sa.inspect(connection).has_table(schema.meta.name):
        return None
    row = connection.execute(sa.select(schema.meta.c.schema_version)).first()
    if row is None:
        raise SchemaChanged(f"the read models were not finished: {REBUILD}")
    _check_version(row.schema_version)
    row = connection.execute(sa.select(schema.meta)).one()
    if row.chain_id != chain_id:
        raise UsageError("these read models are of another ledger", code="OTHER_LEDGER")
    return row.height, row.tip


@contextmanager
def snapshot(views: Engine) -> Iterator[tuple[Connection, int]]:
    """
    A connection that sees one height, and that height.

    Raises:
        Unavailable: There are no read models yet.
        SchemaChanged: Another version made them.
        EngineError: The database refused.
    """
    meta = schema.meta.c
    with database_errors(), views.connect() as connection:
        try:
            row = connection.execute(sa.select(meta.schema_version, meta.height)).first()
        except (sa.exc.OperationalError, sa.exc.ProgrammingError):
            connection.rollback()
            if sa.inspect(connection).has_table(schema.meta.name):
                raise
            row = None
        if row is not None:
            _check_version(row.schema_version)
        if row is None or row.height < 0:
            raise Unavailable(f"there are no read models yet: {REBUILD}", code="NO_READ_MODELS")
        yield connection, row.height


def _check_version(found: int) -> None:
    if found != schema.SCHEMA_VERSION:
        raise SchemaChanged(f"the read models have schema {found}, this version {schema.SCHEMA_VERSION}: {REBUILD}")
