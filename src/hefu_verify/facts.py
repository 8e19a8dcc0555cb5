"""
A verdict as plain data: what `--json` prints, and all that the report knows. Keys are stable; identifiers and digests are
hexadecimal, amounts integers in minor units, instants ISO 8601 at UTC+8.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hefu_verify.authority import business_date
from hefu_verify.codec import Record
from hefu_verify.confirmation import words_of
from hefu_verify.primitives import ZERO
from hefu_verify.records import ACCOUNTS, STATE, VOUCHERS
from hefu_verify.suites import hash_named
from hefu_verify.verdict import Verdict

CHINA = timezone(timedelta(hours=8))
Facts = dict[str, Any]


def facts_of(verdict: Verdict) -> Facts:
    """Everything that the bundle proves."""
    right, tip, genesis = verdict.right, verdict.tip, verdict.genesis
    return {
        "format": "hefu-verdict/1",
        "verdict": "proven" if verdict.authenticated else "consistent, not authenticated",
        "authenticated": verdict.authenticated,
        "basis": {
            "name": verdict.basis.name,
            "members": [{"identity": m.identity.hex(), "roles": m.roles} for m in verdict.basis.members],
            "needed": verdict.basis.needed,
            "checkpoint": verdict.basis.checkpoint,
            **({"power": verdict.basis.power, "total": verdict.basis.total} if verdict.basis.total else {}),
            **({} if verdict.basis.took_over_at is None else {"took_over_at": verdict.basis.took_over_at}),
        },
        "ledger": {
            "name": genesis.name,
            "chain_id": verdict.chain_id.hex(),
            "height": tip.height,
            "at": instant(tip.at_ms),
            "state_root": tip.state_root.hex(),
            "clock": genesis.clock,
            "rule_version": genesis.rule_version,
            "register": genesis.register,
        },
        "right": {"id": verdict.subject.hex(), **_right(right, verdict)},
        "document": {"id": right.document.hex(), **_document(verdict.document)},
        "organisations": _organisations(verdict.records),
        "holders": _holders(verdict.steps, verdict.subject),
        "steps": [_step(step, verdict.records) for step in verdict.steps],
        "openings": [
            {"thing": thing.hex(), "fields": [{"name": field.name, "value": _term(field.value)} for field in fields]}
            for thing, fields in verdict.openings.items()
        ],
        "order_is_legal_priority": False,
    }


def instant(at_ms: int) -> str:
    """
    ISO 8601 at UTC+8.

    >>> instant(1_767_542_400_000)
    '2026-01-05T00:00:00+08:00'
    """
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(CHINA)
    return moment.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds")


def _right(right: Record, verdict: Verdict) -> Facts:
    header, notice = right.header, right.notice
    return {
        "kind": header.kind,
        "status": right.status,
        "backing": right.backing,
        "currency": header.currency,
        "face": header.face,
        "open": header.open,
        "settled": header.settled,
        "passed": header.passed,
        "due_on": right.due_on,
        "owner": header.owner.hex(),
        "obligor": _account(right.obligor),
        "root": right.root.hex(),
        "parent": right.parent.hex(),
        "depth": right.depth,
        "endorsements": [{"assignor": e.assignor.hex(), "recourse": e.recourse} for e in right.endorsements],
        "pledges": [_plain(pledge) for pledge in header.encumbrances],
        "freezes": [order.hex() for order in header.freezes],
        "lock": None if right.lock is None else _lock(right.lock, verdict),
        "notice": None if notice is None else _plain(notice),
        "proposal_until": instant(right.until_ms) if right.until_ms else None,
        "confirmation": None if right.confirmation == ZERO else right.confirmation.hex(),
        "confirmation_words": words_of(hash_named(verdict.genesis.hash), right.confirmation),
        "terms": right.terms.hex(),
    }


def _lock(lock: Record, verdict: Verdict) -> Facts:
    # Of a simulated clock the bundle shows no later time than the last step's; block time is the tip's.
    simulated = verdict.genesis.clock == "simulated"
    known_ms = verdict.steps[-1].link.business_ms if simulated else verdict.tip.at_ms
    lapsed = True if lock.until_ms < known_ms else None if simulated else False
    return _plain(lock) | {"lapsed": lapsed}


def _document(document: Record) -> Facts:
    return {
        "kind": document.kind,
        "seller": document.seller.hex(),
        "buyer": _account(document.buyer),
        "currency": document.currency,
        "gross": document.gross,
        "available": document.available,
        "reserved": sum(reservation.amount for reservation in document.reserved),
        "live": document.live,
        "spent": document.spent,
        "tags": [_plain(tag) for tag in document.tags],
        "terms": document.terms.hex(),
        "standing_acceptance": document.standing_acceptance,
    }


def _organisations(records: dict[bytes, Record]) -> list[Facts]:
    found: dict[bytes, Facts] = {
        key[1:]: {"id": key[1:].hex(), **_plain(record), "accounts": [], "keys": []}
        for key, record in records.items()
        if key[:1] == b"O"
    }
    for key, record in records.items():
        if key[:1] == b"A":
            found[record.organisation]["accounts"].append(key[1:].hex())
        if key[:1] == b"K":
            found[record.organisation]["keys"].append({"key": key[1:].hex(), **_plain(record)})
    return list(found.values())


def _holders(steps: list[Record], subject: bytes) -> list[Facts]:
    """Who held which right from when to when; a split that leads to the subject ends the parent's line."""
    lineage = {step.asset for step in steps} | {subject}
    holders: list[Facts] = []
    for step in steps:
        at, right, amount = instant(step.link.business_ms), step.asset, step.open
        if step.event == "split-off" and step.fields.child in lineage:
            right, amount = step.fields.child, step.fields.amount
        held = {"account": step.owner.hex(), "right": right.hex()}
        if not holders or held != {name: holders[-1][name] for name in held}:
            if holders:
                holders[-1]["until"] = at
            holders.append(held | {"open": amount, "from": at, "until": None})
    return holders


def _step(step: Record, records: dict[bytes, Record]) -> Facts:
    link, fields = step.link, vars(step.fields)
    voucher = next((fields[name] for name in VOUCHERS if fields.get(name)), None)
    return {
        "right": step.asset.hex(),
        "event": f"receivables.{step.event}",
        "fields": _plain(step.fields) | {name: _account(fields[name]) for name in ACCOUNTS if name in fields},
        "business_at": instant(link.business_ms),
        "block_at": instant(link.at_ms),
        "height": link.height,
        "transaction": link.transaction.hex(),
        "command": link.index,
        "keys": [key.hex() for key in step.keys],
        "warrants": [
            {
                "party": warrant.who,
                "purpose": warrant.purpose,
                "account": warrant.account.hex(),
                "organisation": records[b"A" + warrant.account].organisation.hex(),
                "keys": [key.hex() for key in warrant.keys],
                "excuse": warrant.excuse or None,
            }
            for warrant in step.warrants
        ],
        "attestation": None if voucher is None else _attestation(voucher, records[b"E" + voucher]),
        "owner_after": step.owner.hex(),
        "open_after": step.open,
        "status_after": step.status,
    }


def _attestation(attestation: bytes, said: Record) -> Facts:
    paid = STATE.read("payment", said.detail) if said.kind == "payment" else None
    return {
        "id": attestation.hex(),
        "attester": said.attester.hex(),
        "kind": said.kind,
        "result": said.result,
        "as_of": instant(said.as_of_ms),
        "as_of_on": business_date(said.as_of_ms),
        "superseded": bool(said.superseded_by),
        "payment": None if paid is None else _plain(paid),
    }


def _plain(record: Record) -> Facts:
    """A record's fields; times get the suffix off and become instants."""
    plain: Facts = {}
    for name, value in vars(record).items():
        if name.endswith("_ms"):
            plain[name[:-3]] = instant(value) if value else None
        elif name != "schema":
            plain[name] = value.hex() if type(value) is bytes else value
    return plain


def _account(account: bytes) -> str | None:
    return None if account == ZERO else account.hex()


def _term(value: Any) -> Any:
    return {"bytes": value.hex()} if type(value) is bytes else value
