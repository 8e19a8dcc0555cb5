"""
Who may cause which event of a right, in which state, and on whose signature: the receivables table of
docs/reference/authority.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from hefu_verify.codec import Record, require

_EPOCH = date(1970, 1, 1).toordinal()

#: A rule a line: command, the event that it causes, the right's status before (- where it begins), what must hold of the
#: right, whose signatures are needed: party:purpose, the amount that its key's limit is held against, what excuses it.
RULES = {
    f"receivables.{command}": Record(
        event=event,
        status=status,
        conditions=conditions.split(","),
        signers=[Record(**dict(zip(("who", "purpose", "limited", "unless"), need.split(":")))) for need in signers],
    )
    for command, event, status, conditions, *signers in map(
        str.split,
        """
        propose           proposed        -         none                          owner:transfer::
        raise             raised          -         none                          owner:transfer::
        confirm           confirmed       proposed  unlapsed                      obligor:confirm:open:
        refuse            refused         proposed  unlapsed                      obligor:confirm::
        withdraw          withdrawn       proposed  unlapsed                      owner:transfer::
        cancel            cancelled       live      free,whole,unmoved,confirmed  owner:transfer:: obligor:confirm:open:
        split             split-off       live      free,undue                    owner:transfer::
        assign            assigned        live      free,undue,confirmed          owner:transfer:open: to:accept::standing
        pledge            pledged         live      free,undue                    owner:pledge:open: pledgee:finance::
        release           released        live      pledged                       pledgee:finance::
        accept-offer      offer-accepted  live      free,undue                    owner:transfer:open:
        decline-offer     offer-declined  live      locked                        financier:finance::
        complete-finance  financed        live      locked,unpledged,undue        owner:receive:open:attested financier:finance::
        notify            notified        live      confirmed                     owner:transfer::
        acknowledge       acknowledged    live      none                          obligor:confirm::
        settle            settled         live      unlocked      payee:receive:amount:attested payee:receive::due
        """.strip().splitlines(),
    )
}
_CONDITIONS: dict[str, Callable[[Record, int], object]] = {
    "none": lambda right, now_ms: True,
    "free": lambda right, now_ms: not is_locked(right, now_ms) and not right.header.encumbrances,
    "locked": lambda right, now_ms: is_locked(right, now_ms),
    "unlocked": lambda right, now_ms: not is_locked(right, now_ms),
    "pledged": lambda right, now_ms: right.header.encumbrances,
    "unpledged": lambda right, now_ms: not right.header.encumbrances,
    "undue": lambda right, now_ms: business_date(now_ms) < right.due_on,
    "unlapsed": lambda right, now_ms: right.until_ms >= now_ms,
    "confirmed": lambda right, now_ms: right.backing == "confirmed",
    "whole": lambda right, now_ms: right.header.open == right.header.face,
    "unmoved": lambda right, now_ms: right.depth == 0 and not right.endorsements,
}


def business_date(at_ms: int) -> str:
    """The date at UTC+8, YYYY-MM-DD."""
    return date.fromordinal(_EPOCH + (at_ms + 8 * 3_600_000) // 86_400_000).isoformat()


def is_locked(right: Record, at_ms: int) -> bool:
    """Whether an accepted offer still holds the right; it lapses by itself."""
    return right.lock is not None and bool(right.lock.until_ms >= at_ms)


def payee_of(right: Record) -> bytes:
    """Whom a payment discharges: the pledgee, else the owner."""
    pledges = right.header.encumbrances
    return bytes(pledges[0].pledgee if pledges else right.header.owner)


def warrants(
    command: str, asked: Record, right: Record, link: Record, keys: Sequence[bytes], record: Callable[[bytes], Record]
) -> list[Record]:
    """
    Refuse unless the right's state and the signing keys allow the command.

    Args:
        asked: The command's fields.
        right: The record before it.
        keys: Those that signed its transaction.
        record: Proven records by state key.

    Returns:
        For each signature that the table asks for: party, purpose, account, the keys that gave it, or what excused it.
    """
    rule = RULES[command]
    broken = [name for name in rule.conditions if not _CONDITIONS[name](right, link.business_ms)]
    require(not broken, "RULE_BROKEN", f"a step although the right was not {', '.join(broken)}")
    signers = [(key, record(b"K" + key)) for key in keys]
    for _, key in signers:
        holds = key.valid_from <= link.height and (not key.valid_until or link.height < key.valid_until)
        require(holds, "KEY_NOT_VALID", "a key signed that did not hold at that height")
    return [_warrant(need, asked, right, link, signers, record) for need in rule.signers]


def _warrant(
    need: Record,
    asked: Record,
    right: Record,
    link: Record,
    signers: Sequence[tuple[bytes, Record]],
    record: Callable[[bytes], Record],
) -> Record:
    payee = payee_of(right)
    named = {"owner": right.header.owner, "obligor": right.obligor, "payee": payee, "pledgee": payee} | vars(asked)
    account = named[need.who] if need.who in named else right.lock.financier  # noqa: SIM401
    organisation = record(b"A" + account).organisation
    given = [(key, k) for key, k in signers if k.organisation == organisation and need.purpose in k.purposes]
    excused = {
        "": False,
        # Whether an assignee's document took payment beforehand is not in the bundle: its signature is optional.
        "standing": True,
        "attested": bool(named.get("payment")),
        "due": business_date(link.business_ms) >= right.due_on,
    }[need.unless]
    if not excused:
        require(given, "NOT_AUTHORIZED", f"the {need.who} did not sign with a key for {need.purpose}")
        amount = {"": 0, "open": right.header.open, "amount": named.get("amount")}[need.limited]
        within = len(given) > 1 or not given[0][1].limit or amount <= given[0][1].limit
        require(within, "ABOVE_KEY_LIMIT", "one key signed above its limit")
    keys, excuse = [key for key, _ in given], "" if given else need.unless
    return Record(who=need.who, purpose=need.purpose, account=account, keys=keys, excuse=excuse)
