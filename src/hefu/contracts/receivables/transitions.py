"""How each event changes the records of receivables. Writes and cannot refuse."""

from __future__ import annotations

from typing import Any

from hefu.assets.header import (
    AssetHeader,
    Encumbrance,
    new_header,
    pay_down,
    remember,
    split_off,
)
from hefu.contracts.receivables import events as e
from hefu.contracts.receivables import state as s
from hefu.kernel.hashing import ZERO
from hefu.kernel.money import Amount, add, equal, subtract, zero
from hefu.ledger.context import Link
from hefu.ledger.state import State


def begin(state: State, event: e.Proposed | e.Raised, link: Link) -> None:
    """A root right, proposed or raised on evidence."""
    proposed = isinstance(event, e.Proposed)
    state.put(
        s.right_key(event.right),
        s.RightRecord(
            new_header(
                state,
                link,
                asset=event.right,
                kind="receivable",
                owner=event.owner,
                currency=event.currency,
                face=event.amount,
            ),
            s.PROPOSED if proposed else s.LIVE,
            s.CONFIRMED_BACKING if proposed else s.EVIDENCE_BACKING,
            event.document,
            event.obligor,
            event.due_on,
            event.right,
            event.right,
            0,
            (),
            None,
            None,
            ZERO,
            event.terms,
            event.until_ms if isinstance(event, e.Proposed) else 0,
        ),
    )


def confirm(state: State, event: e.Confirmed, link: Link) -> None:
    record = _load(state, event.right)
    header = remember(state, link, event.right, record.header)
    _put(state, event.right, record, header, status=s.LIVE, confirmation=event.confirmation)
    _expose(state, record, record.header.open, up=True)


def end(state: State, event: e.Refused | e.Withdrawn | e.Cancelled, link: Link) -> None:
    """Refused, withdrawn, cancelled: nothing is open any more, and nothing was paid."""
    record = _load(state, event.right)
    status = {e.Refused: s.REFUSED, e.Withdrawn: s.WITHDRAWN, e.Cancelled: s.CANCELLED}[type(event)]
    header = remember(state, link, event.right, record.header)
    _put(state, event.right, record, header, status=status)
    if isinstance(event, e.Cancelled):
        _expose(state, record, record.header.open, up=False)


def split(state: State, event: e.SplitOff, link: Link) -> None:
    record = _load(state, event.right)
    parent = split_off(state, link, event.right, record.header, event.amount)
    _put(state, event.right, record, parent)
    child = new_header(
        state,
        link,
        asset=event.child,
        kind=parent.kind,
        owner=parent.owner,
        currency=parent.currency,
        face=event.amount,
        parent_head=parent.history,
    )
    state.put(
        s.right_key(event.child),
        s.RightRecord(
            child,
            s.LIVE,
            record.backing,
            record.document,
            record.obligor,
            record.due_on,
            record.root,
            event.right,
            record.depth + 1,
            record.endorsements,
            None,
            None,
            record.confirmation,
            record.terms,
            0,
        ),
    )


def assign(state: State, event: e.Assigned, link: Link) -> None:
    _transfer(state, event.right, event.to, event.recourse, link)


def sell(state: State, event: e.Sold, link: Link) -> None:
    _transfer(state, event.right, event.financier, event.recourse, link)


def encumber(state: State, event: e.Pledged | e.Financed, link: Link) -> None:
    record = _load(state, event.right)
    if isinstance(event, e.Pledged):
        pledge = Encumbrance(event.obligation, event.pledgee, event.cap, 1)
    else:
        pledge = Encumbrance(event.obligation, event.financier, record.header.open, 1)
    header = remember(state, link, event.right, record.header, encumbrances=(*record.header.encumbrances, pledge))
    _put(state, event.right, record, header, lock=None)


def release(state: State, event: e.Released, link: Link) -> None:
    record = _load(state, event.right)
    header = remember(state, link, event.right, record.header, encumbrances=record.header.encumbrances[1:])
    _put(state, event.right, record, header)


def lock(state: State, event: e.OfferAccepted, link: Link) -> None:
    record = _load(state, event.right)
    held = s.Lock(
        event.financier,
        event.method,
        event.recourse,
        event.offer,
        event.price,
        link.business_on,
        event.until_ms,
    )
    _put(state, event.right, record, remember(state, link, event.right, record.header), lock=held)
    key = s.price_key(event.right, event.price)
    if state.get(key, s.PRICE) is None:
        state.put(key, s.PriceRecord(event.financier, event.method, event.recourse, event.offer))


def unlock(state: State, event: e.OfferDeclined, link: Link) -> None:
    record = _load(state, event.right)
    _put(state, event.right, record, remember(state, link, event.right, record.header), lock=None)


def notify(state: State, event: e.Notified, link: Link) -> None:
    record = _load(state, event.right)
    notice = s.Notice(link.business_at_ms, event.payee_account, 0)
    _put(state, event.right, record, remember(state, link, event.right, record.header), notice=notice)


def acknowledge(state: State, event: e.Acknowledged, link: Link) -> None:
    record = _load(state, event.right)
    assert record.notice is not None
    notice = s.Notice(record.notice.at_ms, record.notice.payee_account, link.business_at_ms)
    _put(state, event.right, record, remember(state, link, event.right, record.header), notice=notice)


def settle(state: State, event: e.Settled, link: Link) -> None:
    record = _load(state, event.right)
    header = pay_down(state, link, event.right, record.header, event.amount)
    status = s.SETTLED if equal(header.open, zero()) else record.status
    _put(state, event.right, record, header, status=status)
    _expose(state, record, event.amount, up=False)


def set_ceiling(state: State, event: e.CeilingSet, link: Link) -> None:
    key = s.exposure_key(event.account, event.currency)
    known = state.get(key, s.EXPOSURE)
    live = zero() if known is None else known.live
    state.put(key, s.ExposureRecord(event.currency, live, event.ceiling))


def _transfer(state: State, right: bytes, to: bytes, recourse: bool, link: Link) -> None:
    record = _load(state, right)
    endorsement = s.Endorsement(record.header.owner, recourse)
    state.put(
        s.right_key(right),
        s.RightRecord(
            remember(state, link, right, record.header, owner=to),
            record.status,
            record.backing,
            record.document,
            record.obligor,
            record.due_on,
            record.root,
            record.parent,
            record.depth,
            (*record.endorsements, endorsement),
            None,
            # The new holder notifies anew: the old notice named the old holder's account.
            None,
            record.confirmation,
            record.terms,
            record.until_ms,
        ),
    )


def _expose(state: State, record: s.RightRecord, amount: Amount, *, up: bool) -> None:
    """What an obligor owes in all; unconfirmed receivables do not count, for the obligor said nothing."""
    if record.backing != s.CONFIRMED_BACKING:
        return
    key = s.exposure_key(record.obligor, record.header.currency)
    known = state.get(key, s.EXPOSURE)
    live, ceiling = (zero(), None) if known is None else (known.live, known.ceiling)
    live = add(live, amount) if up else subtract(live, amount)
    state.put(key, s.ExposureRecord(record.header.currency, live, ceiling))


def _load(state: State, right: bytes) -> s.RightRecord:
    record = state.get(s.right_key(right), s.RIGHT)
    assert record is not None, "an event speaks of a right that does not exist"
    return record


def _put(state: State, right: bytes, record: s.RightRecord, header: AssetHeader, **changes: Any) -> None:
    get = changes.get
    state.put(
        s.right_key(right),
        s.RightRecord(
            header,
            get("status", record.status),
            record.backing,
            record.document,
            record.obligor,
            record.due_on,
            record.root,
            record.parent,
            record.depth,
            record.endorsements,
            get("lock", record.lock),
            get("notice", record.notice),
            get("confirmation", record.confirmation),
            record.terms,
            record.until_ms,
        ),
    )
