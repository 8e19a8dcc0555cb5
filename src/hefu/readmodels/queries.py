"""
Questions to the read models. Each answer says at which height it holds; within one answer everything is of that height.

Identifiers go in and come out as bytes; whoever shows them makes them hexadecimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from hefu.contracts.receivables.state import LIVE, PROPOSED
from hefu.readmodels import database, schema
from hefu.readmodels import views as v
from hefu.readmodels.database import snapshot
from hefu.readmodels.marks import MARKS, Moment, mark

T = TypeVar("T")

LIMIT = 100
LIMIT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What was asked, and the height of the ledger that it holds at."""

    height: int
    value: T


def open_views(url: str) -> Engine:
    """
    A connection for questions; close it with `dispose`.

    Raises:
        UsageError: Not a database URL.
        Unavailable: The database's driver is missing.
    """
    return database.open_engine(url, read_only=True)


def _rows(connection: Connection, table: sa.Table, kind: type[T], *conditions: Any, **how: Any) -> list[T]:
    """Rows of a table as views; `order`, `limit` and `offset` as their names say."""
    query = sa.select(table).where(*conditions).order_by(*how.get("order", table.primary_key.columns))
    if "limit" in how:
        limit, offset = _page(how["limit"], how.get("offset", 0))
        query = query.limit(limit).offset(offset)
    return [kind(*row) for row in connection.execute(query)]


def _page(limit: int, offset: int) -> tuple[int, int]:
    return max(0, min(limit, LIMIT_MAX)), max(0, offset)


# -- rights -------------------------------------------------------------------------------------------------------


def rights_of_owner(
    views: Engine, owner: bytes, *, status: str | None = None, limit: int = LIMIT, offset: int = 0
) -> Answer[list[v.Right]]:
    """Rights that an account holds, by due date."""
    rights = schema.rights.c
    conditions = [rights.owner == owner] + ([rights.status == status] if status is not None else [])
    return _rights(views, conditions, limit, offset)


def rights_owed_by(
    views: Engine, obligor: bytes, *, status: str | None = None, limit: int = LIMIT, offset: int = 0
) -> Answer[list[v.Right]]:
    """Rights that an account is to pay, by due date."""
    rights = schema.rights.c
    conditions = [rights.obligor == obligor] + ([rights.status == status] if status is not None else [])
    return _rights(views, conditions, limit, offset)


def rights_pledged_to(views: Engine, pledgee: bytes, *, limit: int = LIMIT, offset: int = 0) -> Answer[list[v.Right]]:
    """Rights that secure an account's claims, by due date."""
    held = sa.select(schema.encumbrances.c.right_id).where(schema.encumbrances.c.pledgee == pledgee)
    return _rights(views, [schema.rights.c.right_id.in_(held)], limit, offset)


def rights_locked_for(views: Engine, financier: bytes, *, limit: int = LIMIT, offset: int = 0) -> Answer[list[v.Right]]:
    """Rights that wait for a financier's money, by due date; whether a lock has lapsed is the reader's date to say."""
    return _rights(views, [schema.rights.c.lock_financier == financier], limit, offset)


def _rights(views: Engine, conditions: Sequence[Any], limit: int, offset: int) -> Answer[list[v.Right]]:
    table = schema.rights
    with snapshot(views) as (connection, height):
        order = (table.c.due_on, table.c.right_id)
        return Answer(height, _rows(connection, table, v.Right, *conditions, order=order, limit=limit, offset=offset))


def right(views: Engine, right_id: bytes) -> Answer[v.RightDetail | None]:
    """One right with its pledges and its chain of holders, or None."""
    with snapshot(views) as (connection, height):
        found = _rows(connection, schema.rights, v.Right, schema.rights.c.right_id == right_id)
        return Answer(height, _details(connection, found)[0] if found else None)


def right_tree(views: Engine, right_id: bytes) -> Answer[list[v.RightDetail]]:
    """
    The whole of a receivable from any of its parts: the root first, every part after its parent.

    Returns:
        Nothing if there is no such right.
    """
    rights = schema.rights.c
    with snapshot(views) as (connection, height):
        root = sa.select(rights.root_id).where(rights.right_id == right_id).scalar_subquery()
        order = (rights.depth, rights.parent_id, rights.right_id)
        return Answer(
            height, _details(connection, _rows(connection, schema.rights, v.Right, rights.root_id == root, order=order))
        )


def _details(connection: Connection, found: Sequence[v.Right]) -> list[v.RightDetail]:
    pledges: dict[bytes, list[v.Encumbrance]] = {}
    steps: dict[bytes, list[v.Endorsement]] = {}
    for at in range(0, len(found), LIMIT_MAX):
        ids = [right.right_id for right in found[at : at + LIMIT_MAX]]
        for pledge in _rows(connection, schema.encumbrances, v.Encumbrance, schema.encumbrances.c.right_id.in_(ids)):
            pledges.setdefault(pledge.right_id, []).append(pledge)
        for step in _rows(connection, schema.endorsements, v.Endorsement, schema.endorsements.c.right_id.in_(ids)):
            steps.setdefault(step.right_id, []).append(step)
    return [
        v.RightDetail(right, tuple(pledges.get(right.right_id, ())), tuple(steps.get(right.right_id, ())))
        for right in found
    ]


def right_history(views: Engine, right_id: bytes) -> Answer[list[v.Event]]:
    """
    Every event in a right's lineage, oldest first: its ancestors' up to where it was split off, then its own.

    These are the links that its history's head commits to.
    """
    with snapshot(views) as (connection, height):
        history: list[v.Event] = []
        at: bytes | None = right_id
        before: tuple[int, int, int] | None = None
        while at is not None:
            own = [event for event in _events_about(connection, at) if before is None or event.place <= before]
            # A split stands in the histories of both: as the parent's link it was there first.
            history = own + [event for event in history if event.place not in {e.place for e in own}]
            parent = connection.execute(
                sa.select(schema.rights.c.parent_id).where(schema.rights.c.right_id == at)
            ).scalar()
            before = own[0].place if own else None
            at = parent if parent is not None and parent != at else None
        return Answer(height, history)


def events_about(views: Engine, subject: bytes, *, limit: int = LIMIT, offset: int = 0) -> Answer[list[v.Event]]:
    """Events about a right, document, organisation, account, key, attestation or proposal, oldest first."""
    with snapshot(views) as (connection, height):
        return Answer(height, _events_about(connection, subject, _page(limit, offset)))


def _events_about(connection: Connection, subject: bytes, page: tuple[int, int] | None = None) -> list[v.Event]:
    events, subjects = schema.events, schema.event_subjects
    same = sa.and_(*(events.c[name] == subjects.c[name] for name in ("height", "transaction_position", "position")))
    query = (
        sa.select(events)
        .select_from(subjects.join(events, same))
        .where(subjects.c.subject == subject)
        .order_by(*events.primary_key.columns)
    )
    if page is not None:
        query = query.limit(page[0]).offset(page[1])
    return [v.Event(*row) for row in connection.execute(query)]


# -- documents, obligors, attestations ------------------------------------------------------------------------------


def documents_of_seller(
    views: Engine, seller: bytes, *, limit: int = LIMIT, offset: int = 0
) -> Answer[list[v.Document]]:
    """Documents that an account registered, in order of identifier."""
    with snapshot(views) as (connection, height):
        table = schema.documents
        found = _rows(connection, table, v.Document, table.c.seller == seller, limit=limit, offset=offset)
        return Answer(height, found)


def exposures_of(views: Engine, account: bytes) -> Answer[list[v.Exposure]]:
    """What an obligor owes on confirmed receivables and the room below its ceiling, by currency."""
    with snapshot(views) as (connection, height):
        return Answer(height, _rows(connection, schema.exposures, v.Exposure, schema.exposures.c.account_id == account))


def attestations_about(views: Engine, subject: bytes) -> Answer[list[v.Attestation]]:
    """What was vouched for about a subject, oldest statement first; superseded ones say by what."""
    table = schema.attestations
    with snapshot(views) as (connection, height):
        order = (table.c.as_of_ms, table.c.attestation_id)
        return Answer(height, _rows(connection, table, v.Attestation, table.c.subject == subject, order=order))


# -- blocks and transactions ----------------------------------------------------------------------------------------


def blocks(views: Engine, *, before: int | None = None, limit: int = LIMIT) -> Answer[list[v.Block]]:
    """Blocks from the newest down, those below a height if one is given."""
    table = schema.blocks
    conditions = [] if before is None else [table.c.height < before]
    with snapshot(views) as (connection, height):
        order = (table.c.height.desc(),)
        return Answer(height, _rows(connection, table, v.Block, *conditions, order=order, limit=limit))


def transaction(views: Engine, transaction_id: bytes) -> Answer[v.TransactionDetail | None]:
    """What became of a transaction, with its events; None if no block up to the answer's height holds it."""
    transactions, events = schema.transactions, schema.events
    with snapshot(views) as (connection, height):
        found = _rows(connection, transactions, v.Transaction, transactions.c.transaction_id == transaction_id)
        if not found:
            return Answer(height, None)
        here = (events.c.height == found[0].height, events.c.transaction_position == found[0].position)
        return Answer(height, v.TransactionDetail(found[0], tuple(_rows(connection, events, v.Event, *here))))


def transactions_of_block(views: Engine, block: int) -> Answer[list[v.Transaction]]:
    """The transactions of a block, in order."""
    table = schema.transactions
    with snapshot(views) as (connection, height):
        found = _rows(connection, table, v.Transaction, table.c.height == block, order=(table.c.position,))
        return Answer(height, found)


# -- totals ---------------------------------------------------------------------------------------------------------


def totals(views: Engine, moment: Moment | None = None) -> Answer[list[v.Total]]:
    """
    Rights counted and summed by status, backing and currency.

    Args:
        moment: Tell lapsed, due and overdue rights apart as of then, with a row of their own.
    """
    with snapshot(views) as (connection, height):
        rows = connection.execute(sa.select(schema.totals).order_by(*schema.totals.primary_key.columns))
        found = [v.Total(*row[:3], *map(int, row[3:])) for row in rows]
        if moment is None:
            return Answer(height, found)
        marked = _marked(connection, moment)
        told: list[v.Total] = []
        for total in found:
            group = (total.status, total.backing, total.currency)
            parts = [(mark, sums) for mark in MARKS if (sums := marked.get((*group, mark)))]
            left = [total.count, total.face_minor, total.open_minor, total.settled_minor]
            left = [whole - sum(sums[i] for _, sums in parts) for i, whole in enumerate(left)]
            if left[0]:
                told.append(v.Total(*group, left[0], left[1], left[2], left[3]))
            told += [v.Total(*group, sums[0], sums[1], sums[2], sums[3], mark) for mark, sums in parts]
        return Answer(height, told)


def _marked(connection: Connection, moment: Moment) -> dict[tuple[str, str, str, str], list[int]]:
    """Count, face, open and settled amounts of rights with a mark, summed here: a column's sum could pass 63 bits."""
    rights = schema.rights.c
    lapsed = sa.and_(rights.status == PROPOSED, rights.until_ms < moment.at_ms)
    due = sa.and_(rights.status == LIVE, rights.due_on <= moment.on)
    columns = (rights.status, rights.backing, rights.currency, rights.until_ms, rights.due_on)
    amounts = (rights.face_minor - rights.passed_minor, rights.open_minor, rights.settled_minor)
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for row in connection.execute(sa.select(*columns, *amounts).where(sa.or_(lapsed, due))):
        status, backing, currency, until_ms, due_on, face, is_open, settled = row
        named = mark(status, until_ms, due_on, moment)
        if not named:
            continue
        total = sums.setdefault((status, backing, currency, named), [0, 0, 0, 0])
        for i, amount in enumerate((1, face, is_open, settled)):
            total[i] += amount
    return sums
