"""
The database behind the read models: opens it, makes and checks its tables, writes rows by the thousand.

Rows go to the driver as tuples, in SQL that SQLAlchemy compiled once: its own per-row work would take three quarters of the
time (measured: 12,000 against 42,000 rows a second).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from hefu.kernel.errors import EngineError, Unavailable, UsageError
from hefu.readmodels import schema
from hefu.readmodels.rows import Row

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

#: Columns of each table that an index stands on, besides the key.
INDEXED = {
    table.name: tuple(sorted({column.name for index in table.indexes for column in index.columns}))
    for table in schema.metadata.sorted_tables
}

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


class Writer:
    """
    Writes rows to the tables of one database.

    Args:
        engine: Names the database's dialect.
    """

    def __init__(self, engine: Engine) -> None:
        self._dialect = engine.dialect
        insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        #: By table and whether the indexed columns stay: leaving those out spares their trees.
        self._upserts: dict[tuple[str, bool], str] = {}
        for table in schema.metadata.sorted_tables:
            statement: Any = insert(table)
            keys = [column.name for column in table.primary_key]
            for unmoved in (False, True):
                skip = {*keys, *(INDEXED[table.name] if unmoved else ())}
                values = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in skip}
                self._upserts[table.name, unmoved] = self._sql(
                    statement.on_conflict_do_update(index_elements=keys, set_=values)
                    if values
                    else statement.on_conflict_do_nothing()
                )
        encumbrances, records = schema.encumbrances, schema.records
        self._cut = self._sql(
            sa.delete(encumbrances)
            .where(encumbrances.c.right_id == sa.bindparam("right"))
            .where(encumbrances.c.position >= sa.bindparam("kept"))
        )
        self._record = self._sql(sa.select(records.c.value).where(records.c.key == sa.bindparam("key")))

    def _sql(self, statement: Any) -> str:
        return str(statement.compile(dialect=self._dialect))

    def fetch(self, connection: Connection, key: bytes) -> bytes | None:
        """A committed record's bytes."""
        # On the driver's own connection: a look-up costs 4 microseconds instead of 40.
        row = connection.connection.driver_connection.execute(self._record, (key,)).fetchone()  # type: ignore[union-attr]
        return None if row is None else row[0]

    def claim(self, connection: Connection, before: int, height: int, tip: bytes) -> None:
        """
        Move the height forward, first thing in the transaction: it takes the lock, and a second writer finds out.

        Raises:
            EngineError: Another process moved it.
        """
        meta = schema.meta
        moved = connection.execute(sa.update(meta).where(meta.c.height == before).values(height=height, tip=tip))
        if moved.rowcount != 1:
            raise EngineError("another process writes these read models", code="READ_MODELS_TAKEN")

    def write(self, connection: Connection, name: str, rows: Sequence[Row], *, unmoved: bool = False) -> None:
        """
        Insert rows, or replace those with their keys.

        Args:
            unmoved: No row changes an indexed column of one that is there.
        """
        if rows:
            connection.exec_driver_sql(self._upserts[name, unmoved], list(rows))

    def cut_encumbrances(self, connection: Connection, cuts: Sequence[tuple[bytes, int]]) -> None:
        """Remove the encumbrances of rights from a position on."""
        if cuts:
            connection.exec_driver_sql(self._cut, list(cuts))
