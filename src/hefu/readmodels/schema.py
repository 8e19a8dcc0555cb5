"""
Tables of the read models. Never a source of truth: every row follows from the ledger's events and can be made again.

Identifiers, keys and digests are bytes, amounts minor units, instants milliseconds since 1970 UTC, business dates dates.
Nothing here depends on today: overdue and lapsed are questions that a reader asks with a date.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

#: Raised whenever a table changes; older read models are then made again.
SCHEMA_VERSION = 2

metadata = sa.MetaData()


def _table(name: str, *parts: sa.Column[Any] | sa.Index, wide: bool = False) -> sa.Table:
    # SQLite clusters narrow rows by their key, one tree fewer to write. Wide rows go at the end in order of arrival, so that
    # rows made together share pages although their identifiers are scattered: a third less time a block.
    return sa.Table(name, metadata, *parts, sqlite_with_rowid=wide)


def _column(name: str, kind: type[TypeEngine[Any]], *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=key, nullable=null, autoincrement=False)


def _id(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.LargeBinary, key=key, null=null)


def _number(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.BigInteger, key=key, null=null)


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.Text, key=key, null=null)


def _flag(name: str, *, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.Boolean, null=null)


def _day(name: str, *, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.Date, null=null)


def _sum(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Numeric(38, 0).with_variant(sa.Text, "sqlite"), nullable=False)


def _where_set(name: str, column: str) -> sa.Index:
    """An index over the rows that have a value, for columns that are mostly empty."""
    there = sa.text(f"{column} IS NOT NULL")
    return sa.Index(name, column, sqlite_where=there, postgresql_where=there)


#: One row: which ledger this is, and up to which block. `tip` is that block's id.
meta = _table(
    "meta",
    _number("row", key=True),
    _number("schema_version"),
    _id("chain_id"),
    _number("height"),
    _id("tip"),
)

#: The ledger's records under their state keys, as the events left them: what replay reads and writes.
records = _table("records", _id("key", key=True), _id("value"), wide=True)

blocks = _table(
    "blocks",
    _number("height", key=True),
    _id("block_id"),
    _number("at_ms"),
    _id("previous"),
    _id("transactions_root"),
    _id("results_root"),
    _id("state_root"),
    _number("code_version"),
    _number("count"),
    _number("events"),
)

#: `commands` lists the different command tags in order of first use, with commas; `?` stands for what cannot be read.
transactions = _table(
    "transactions",
    _id("transaction_id", key=True),
    _number("height"),
    _number("position"),
    _text("code"),
    _text("commands"),
    _number("count"),
    sa.Index("transactions_by_place", "height", "position"),
    wide=True,
)

#: `fields` is a JSON object for people; bytes in it are lower-case hexadecimal.
events = _table(
    "events",
    _number("height", key=True),
    _number("transaction_position", key=True),
    _number("position", key=True),
    _id("transaction_id"),
    _number("command"),
    _text("tag"),
    _id("subject", null=True),
    _number("business_at_ms"),
    _text("fields"),
)

#: Which events are about an identifier; for assets, `number` is the link's place in the asset's history.
event_subjects = _table(
    "event_subjects",
    _id("subject", key=True),
    _number("height", key=True),
    _number("transaction_position", key=True),
    _number("position", key=True),
    _number("number", null=True),
)

organisations = _table(
    "organisations",
    _id("organisation_id", key=True),
    _id("identity"),
    _text("roles"),
    _flag("member"),
    _text("status"),
    _id("vetted_by"),
)

accounts = _table(
    "accounts",
    _id("account_id", key=True),
    _id("organisation_id"),
    sa.Index("accounts_by_organisation", "organisation_id"),
)

keys = _table(
    "keys",
    _id("public_key", key=True),
    _id("organisation_id"),
    _text("purposes"),
    _number("limit_minor"),
    _number("valid_from"),
    _number("valid_until"),
    _id("certificate"),
    _id("mandate"),
    _id("vetted_by"),
    sa.Index("keys_by_organisation", "organisation_id"),
)

#: `change`, `approving` and `refusing` are JSON.
proposals = _table(
    "proposals",
    _id("proposal_id", key=True),
    _text("kind"),
    _text("change"),
    _number("until_ms"),
    _text("approving"),
    _text("refusing"),
    _text("status"),
)

#: gross = available + reserved + live + spent; reservations that lapsed still count as reserved.
documents = _table(
    "documents",
    _id("document_id", key=True),
    _text("kind"),
    _id("seller"),
    _id("buyer"),
    _text("currency"),
    _number("gross_minor"),
    _number("available_minor"),
    _number("reserved_minor"),
    _number("reservations"),
    _number("live_minor"),
    _number("spent_minor"),
    _id("terms"),
    _flag("standing_acceptance"),
    sa.Index("documents_by_seller", "seller"),
    sa.Index("documents_by_buyer", "buyer"),
    wide=True,
)

tags = _table(
    "tags",
    _text("kind", key=True),
    _text("scheme", key=True),
    _number("epoch", key=True),
    _id("value", key=True),
    _id("document_id"),
    sa.Index("tags_by_document", "document_id"),
)

#: `freezes` is a JSON list of order digests; `endorsed` and `encumbered` count the rows of the tables of those names.
rights = _table(
    "rights",
    _id("right_id", key=True),
    _text("kind"),
    _id("owner"),
    _text("currency"),
    _number("face_minor"),
    _number("open_minor"),
    _number("settled_minor"),
    _number("passed_minor"),
    _number("encumbered"),
    _text("freezes"),
    _id("history"),
    _number("length"),
    _text("status"),
    _text("backing"),
    _id("document_id"),
    _id("obligor"),
    _day("due_on"),
    _id("root_id"),
    _id("parent_id"),
    _number("depth"),
    _number("endorsed"),
    _id("lock_financier", null=True),
    _text("lock_method", null=True),
    _flag("lock_recourse", null=True),
    _id("lock_offer", null=True),
    _id("lock_price", null=True),
    _day("lock_since_on", null=True),
    _number("lock_until_ms", null=True),
    _number("notice_at_ms", null=True),
    _id("notice_payee_account", null=True),
    _number("notice_acknowledged_ms", null=True),
    _id("confirmation"),
    _id("terms"),
    _number("until_ms"),
    sa.Index("rights_by_owner", "owner", "due_on"),
    sa.Index("rights_by_obligor", "obligor", "due_on"),
    sa.Index("rights_by_document", "document_id"),
    sa.Index("rights_by_root", "root_id"),
    _where_set("rights_by_lock", "lock_financier"),
    wide=True,
)

encumbrances = _table(
    "encumbrances",
    _id("right_id", key=True),
    _number("position", key=True),
    _id("obligation"),
    _id("pledgee"),
    _number("cap_minor"),
    _number("rank"),
    sa.Index("encumbrances_by_pledgee", "pledgee"),
)

endorsements = _table(
    "endorsements",
    _id("right_id", key=True),
    _number("position", key=True),
    _id("assignor"),
    _flag("recourse"),
)

attestations = _table(
    "attestations",
    _id("attestation_id", key=True),
    _id("attester"),
    _id("subject"),
    _text("kind"),
    _number("as_of_ms"),
    _text("result"),
    _id("digest"),
    _id("supersedes"),
    _id("superseded_by"),
    _id("detail"),
    sa.Index("attestations_by_subject", "subject"),
    wide=True,
)

#: `amount_minor` is 0 where the amount stayed committed.
payments = _table(
    "payments",
    _id("end_to_end", key=True),
    _id("attestation_id"),
    _id("subject"),
    _id("payee"),
    _text("currency"),
    _number("amount_minor"),
    _id("amount_commitment"),
    _day("value_on"),
    _number("used_minor"),
    _flag("spent"),
    sa.Index("payments_by_subject", "subject"),
)

#: `ceiling_minor` and `room_minor` are empty where no ceiling is set.
exposures = _table(
    "exposures",
    _id("account_id", key=True),
    _text("currency", key=True),
    _number("live_minor"),
    _number("ceiling_minor", null=True),
    _number("room_minor", null=True),
)

#: Rights counted and summed, kept up with every batch; `face_minor` is less what was passed on to parts, which count for
#: themselves. Sums of many large amounts pass 63 bits: text in SQLite.
totals = _table(
    "totals",
    _text("status", key=True),
    _text("backing", key=True),
    _text("currency", key=True),
    _number("count"),
    _sum("face_minor"),
    _sum("open_minor"),
    _sum("settled_minor"),
)

#: Tables whose rows never change once written.
APPENDED = frozenset({"blocks", "transactions", "events", "event_subjects"})
