"""
An allocation as a file: firms, policy, budget, offers, and what they come to. A solver proposed it once; whoever has the file
checks with the standard library alone that the offers keep to every rule, what they are worth to the fen, and how good they
could be at best.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hefu.credit.decision.churn import with_churn
from hefu.credit.decision.document import canonical, check_named, check_salt, differs, digest_of, read_document, whole
from hefu.credit.decision.numbers import ONE, ceil_div
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.decision.portfolio import Choice, Firm, Problem, Totals
from hefu.kernel.errors import Corrupt, HefuError
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
    check_salt(inputs.salt)
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
    document = read_document(
        raw,
        format=FORMAT,
        version=VERSION,
        keys=_KEYS,
        damaged=Corrupt("this is not the file of an allocation, or it was damaged", code="NOT_AN_ALLOCATION"),
    )
    try:
        inputs = _inputs(document)
        problem = inputs.to_problem()
        places = {candidate.firm: n for n, candidate in enumerate(problem.candidates)}
        choices = tuple(Choice(places[firm], amount, rate) for firm, amount, rate in document["offers"])
        prices = tuple(whole(row["price_ppm"], 10**18) for row in document["rows"])
        if len(prices) != len(problem.rows):
            raise differs("rows")
        made = _document(inputs, problem, choices, prices, document["effects"])
    except Corrupt:
        raise
    except HefuError as error:
        raise differs(error.where or "inputs") from None
    except (LookupError, ValueError, TypeError, AttributeError):
        raise differs("inputs") from None
    made["digest"] = digest_of(made)
    for key in sorted(made, key=lambda key: (key == "digest", key)):
        if canonical({key: made[key]}) != canonical({key: document[key]}):
            raise differs(key)
    check_named(made["digest"], digest)
    return Read(inputs, problem, choices, problem.totals(choices), document)


def _inputs(document: dict[str, Any]) -> Inputs:
    churn = document["churn"]
    texts = [document["hefu"], *(firm[n] for firm in document["firms"] for n in (0, 3, 5))]
    if type(document["synthetic"]) is not bool or not all(isinstance(text, str) for text in texts):
        raise ValueError("not of its type")
    return Inputs(
        policy=document["policy"],
        churn=None
        if churn is None
        else {name: tuple((whole(a, ONE + 1), whole(b, ONE + 1)) for a, b in points) for name, points in churn.items()},
        firms=tuple(
            Firm(name, whole(default, ONE + 1), whole(limit, AMOUNT_MAX + 1), industry, tuple(lists), purpose)
            for name, default, limit, industry, lists, purpose in document["firms"]
        ),
        budget=whole(document["budget"], 10**18),
        planned=whole(document["planned"], 10**18),
        taken={name: whole(amount, 10**18) for name, amount in document["taken"].items()},
        at_ms=whole(document["at_ms"], INSTANT_MAX_MS),
        salt=bytes.fromhex(document["salt"]),
        is_synthetic=document["synthetic"],
        hefu=document["hefu"],
    )
