"""
An allocation as a file: firms, policy, budget, offers, and what they come to. A solver proposed it once; whoever has the file
checks with the standard library alone that the offers keep to every rule, what they are worth to the fen, and how good they
could be at best.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from hefu.credit.decision.churn import with_churn
from hefu.credit.decision.file import SALT_BYTES, canonical, digest_of
from hefu.credit.decision.numbers import ONE, ceil_div
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.decision.portfolio import Choice, Firm, Problem, Totals
from hefu.kernel.errors import Corrupt, HefuError, UsageError
from hefu.kernel.money import AMOUNT_MAX
from hefu.kernel.time import INSTANT_MAX_MS, business_date

FORMAT = "hefu-allocation"
VERSION = 1
_KEYS = frozenset(
    [
        "format",
        "version",
        "hefu",
        "synthetic",
        "salt",
        "at_ms",
        "policy",
        "policy_digest",
        "churn",
        "budget",
        "planned",
        "taken",
        "firms",
        "offers",
        "refused",
        "rows",
        "totals",
        "bound",
        "gap_ppm",
        "effects",
        "digest",
    ]
)
Churn = Mapping[str, Sequence[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """
    All that an allocation reads.

    Args:
        churn: Points by class where a table gave them; None where the policy says all.
    """

    policy: str
    churn: Churn | None
    firms: tuple[Firm, ...]
    budget: int
    planned: int
    taken: Mapping[str, int]
    at_ms: int
    salt: bytes
    is_synthetic: bool
    hefu: str

    def to_problem(self, policy: Policy | None = None) -> Problem:
        """What is to be allocated."""
        policy = policy or read_policy(self.policy.encode())
        if self.churn is not None:
            policy = with_churn(policy, {name: tuple((a, b) for a, b in points) for name, points in self.churn.items()})
        return Problem(
            policy, self.firms, self.budget, business_date(self.at_ms), planned=self.planned, taken=self.taken
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """
    What a rule moves: the allocation with it less the one that would be made without it. Fen.

    Args:
        meant, meant_without: Offered to the firms that the rule means, with it and without; all firms for a rule without firms.
    """

    rule: str
    profit: int
    loss: int
    offered: int
    firms: int
    meant: int
    meant_without: int


def write(
    inputs: Inputs,
    problem: Problem,
    choices: Sequence[Choice],
    prices_ppm: Sequence[int],
    effects: Sequence[Effect] = (),
) -> tuple[bytes, str]:
    """
    The file's bytes, and its digest.

    Args:
        prices_ppm: Of the problem's rows.
        effects: Reported as the solver found them; a replay holds them to the digest alone.

    Raises:
        UsageError: The choices break a bound (ALLOCATION_INFEASIBLE).
    """
    document = _document(inputs, problem, choices, prices_ppm, [asdict(effect) for effect in effects])
    digest = digest_of(document)
    return canonical({**document, "digest": digest}), digest


def _document(
    inputs: Inputs, problem: Problem, choices: Sequence[Choice], prices_ppm: Sequence[int], effects: list[Any]
) -> dict[str, Any]:
    if len(inputs.salt) != SALT_BYTES:
        raise UsageError(f"a salt has {SALT_BYTES} bytes", code="BAD_FIELD", where="salt")
    totals = problem.checked(choices)
    bound = max(totals.profit, problem.bound(prices_ppm))
    return {
        "format": FORMAT,
        "version": VERSION,
        "hefu": inputs.hefu,
        "synthetic": inputs.is_synthetic,
        "salt": inputs.salt.hex(),
        "at_ms": inputs.at_ms,
        "policy": inputs.policy,
        "policy_digest": problem.policy.digest,
        "churn": None
        if inputs.churn is None
        else {name: [list(p) for p in points] for name, points in inputs.churn.items()},
        "budget": inputs.budget,
        "planned": inputs.planned,
        "taken": dict(inputs.taken),
        "firms": [[f.name, f.default_ppm, f.limit, f.industry, list(f.lists), f.purpose] for f in inputs.firms],
        "offers": [[problem.candidates[c.candidate].firm, c.amount, c.rate_ppm] for c in choices],
        "refused": [[firm, why] for firm, why in sorted(problem.refused.items())],
        "rows": [
            {"name": row.name, "kind": row.kind, "room": row.room, "used": used, "price_ppm": price}
            for row, used, price in zip(problem.rows, problem.used(choices), prices_ppm)
        ],
        "totals": {**asdict(totals), "profit": totals.profit},
        "bound": bound,
        "gap_ppm": ceil_div((bound - totals.profit) * ONE, bound) if bound > 0 else 0,
        "effects": effects,
    }


@dataclass(frozen=True, slots=True)
class Read:
    """An allocation read back and checked."""

    inputs: Inputs
    problem: Problem
    choices: tuple[Choice, ...]
    totals: Totals
    document: Mapping[str, Any]

    def offers(self) -> Iterator[tuple[Firm, int, int]]:
        """Firm, amount and rate of each offer."""
        for choice in self.choices:
            yield self.problem.firms[self.problem.candidates[choice.candidate].firm], choice.amount, choice.rate_ppm


def replay(raw: bytes, *, digest: str | None = None) -> Read:
    """
    Check an allocation: every offer and every row within its bounds, objective and bound to the fen, every byte.

    Args:
        digest: What the ledger has, hexadecimal.

    Raises:
        Corrupt: Not an allocation (NOT_AN_ALLOCATION), not in the one form that it can have (DECISION_NOT_CANONICAL), altered
            (DECISION_DIFFERS, `where` names the part), or another one than the digest names (OTHER_DECISION).
        UsageError: Of a version that this program does not know (DECISION_VERSION).
    """
    document = _parsed(raw)
    try:
        inputs = _inputs(document)
        problem = inputs.to_problem()
        places = {candidate.firm: n for n, candidate in enumerate(problem.candidates)}
        choices = tuple(Choice(places[firm], amount, rate) for firm, amount, rate in document["offers"])
        prices = tuple(_whole(row["price_ppm"], 10**9) for row in document["rows"])
        if len(prices) != len(problem.rows):
            raise _differs("rows")
        made = _document(inputs, problem, choices, prices, document["effects"])
    except Corrupt:
        raise
    except HefuError as error:
        raise _differs(error.where or "inputs") from None
    except (KeyError, ValueError, TypeError, AttributeError):
        raise _differs("inputs") from None
    made["digest"] = digest_of(made)
    for key in sorted(made, key=lambda key: (key == "digest", key)):
        if canonical({key: made[key]}) != canonical({key: document[key]}):
            raise _differs(key)
    if digest is not None and digest.lower() != made["digest"]:
        raise Corrupt(
            "consistent, but not the decision that this digest names",
            code="OTHER_DECISION",
            where="digest",
        )
    return Read(inputs, problem, choices, problem.totals(choices), document)


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse, parse_int=_int)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Corrupt("this is not the file of an allocation, or it was damaged", code="NOT_AN_ALLOCATION")
    if found.get("version") != VERSION:
        raise UsageError(
            "the decision was made by an arithmetic that this program does not know", code="DECISION_VERSION"
        )
    if found.keys() != _KEYS:
        raise _differs(min(found.keys() ^ _KEYS))
    try:
        same = canonical(found) == raw
    except ValueError:
        same = False
    if not same:
        raise Corrupt("the bytes are not in the one form that a decision has", code="DECISION_NOT_CANONICAL")
    return found


def _inputs(document: dict[str, Any]) -> Inputs:
    churn = document["churn"]
    return Inputs(
        policy=document["policy"],
        churn=None
        if churn is None
        else {
            name: tuple((_whole(a, ONE + 1), _whole(b, ONE + 1)) for a, b in points) for name, points in churn.items()
        },
        firms=tuple(
            Firm(name, _whole(default, ONE + 1), _whole(limit, AMOUNT_MAX), industry, tuple(lists), purpose)
            for name, default, limit, industry, lists, purpose in document["firms"]
        ),
        budget=_whole(document["budget"], 10**18),
        planned=_whole(document["planned"], 10**18),
        taken={name: _whole(amount, 10**18) for name, amount in document["taken"].items()},
        at_ms=_whole(document["at_ms"], INSTANT_MAX_MS),
        salt=bytes.fromhex(document["salt"]),
        is_synthetic=document["synthetic"],
        hefu=document["hefu"],
    )


def _whole(value: object, top: int) -> int:
    if type(value) is not int or not 0 <= value < top:
        raise ValueError("not a whole number in its range")
    return value


def _refuse(_: str) -> NoReturn:
    raise ValueError("not an integer")


def _int(text: str) -> int:
    if len(text) > 40:
        raise ValueError("an integer of more than forty characters")
    return int(text)


def _differs(where: str) -> Corrupt:
    return Corrupt(
        "the file does not say what comes of its own inputs: it was altered", code="DECISION_DIFFERS", where=where
    )
