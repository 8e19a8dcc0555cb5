"""
Whether an offer can be accepted, asked before it is sent and whenever it is looked at.

Nothing reaches the ledger here: the contract decides as if the holder accepted now, and what it would refuse is known before a bank
signs a promise that nobody can take.
"""

from __future__ import annotations

from hefu.contracts.receivables import commands as rc
from hefu.contracts.receivables import state as rs
from hefu.kernel.errors import Rejected
from hefu.kernel.hashing import ZERO
from hefu.ledger.chain import Chain
from hefu.services.lookup import moment
from hefu.services.offers import Offer

OPEN, ACCEPTED, COMPLETED, EXPIRED, VOID = "open", "accepted", "completed", "expired", "void"


def check_acceptable(
    chain: Chain, *, right: bytes, financier: bytes, method: str, recourse: bool, price_minor: int, until_ms: int
) -> None:
    """
    Refuse whatever acceptance would refuse now, and a price above what is open.

    Raises:
        Rejected: UNKNOWN_RIGHT, WRONG_STATUS, EXPIRED, LOCKED, PLEDGED, FROZEN, BAD_TERM, WRONG_ROLE, ORGANISATION_SUSPENDED,
            SELF_DEALING, TOO_DEEP, AMOUNT_OUT_OF_RANGE.
    """
    command = rc.AcceptOffer(
        right=right, financier=financier, method=method, recourse=recourse, offer=ZERO, price=ZERO, until_ms=until_ms
    )
    contract, row = chain.application.rows[rc.AcceptOffer]
    now = moment(chain).at_ms
    context = chain.application.context(chain.state, chain.genesis, chain.tip.height + 1, now)
    record: rs.RightRecord = contract.resolvers[row.subject](chain.state, command, context)
    if record.status not in row.statuses:
        raise Rejected(f"this is {record.status}", code="WRONG_STATUS")
    for precondition in row.preconditions:
        if not precondition.holds(record, command, context):
            raise Rejected(precondition.text, code=precondition.code)
    contract.decide(chain.state, command, context)
    if not 0 < price_minor <= record.header.open:
        raise Rejected("the price is above zero and at most what is open", code="AMOUNT_OUT_OF_RANGE")


def state_of(chain: Chain, identifier: bytes, offer: Offer) -> tuple[str, str]:
    """
    What has become of an offer.

    Returns:
        `open`, `accepted` (the right waits for the money), `completed`, `expired`, or `void` with the code of what acceptance
        would refuse.
    """
    right, financier = offer.account("right"), offer.account("financier")
    record = chain.state.get(rs.right_key(right), rs.RIGHT)
    if record is None:
        return VOID, "UNKNOWN_RIGHT"
    now = moment(chain).at_ms
    lock = record.lock
    if lock is not None and lock.offer == identifier and lock.until_ms >= now:
        return ACCEPTED, ""
    if record.header.owner == financier or any(x.obligation == identifier for x in record.header.encumbrances):
        return COMPLETED, ""
    if offer.number("until_ms") < now:
        return EXPIRED, ""
    try:
        check_acceptable(
            chain,
            right=right,
            financier=financier,
            method=str(offer.value("method")),
            recourse=bool(offer.number("recourse")),
            price_minor=offer.number("price_minor"),
            until_ms=offer.number("until_ms"),
        )
    except Rejected as refusal:
        return VOID, refusal.code
    return OPEN, ""
