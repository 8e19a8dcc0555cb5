"""
A decision as a file: all that it read, every integer on the way, and the answer, in one canonical form
(docs/reference/decision-file.md).

Whoever has the file can make the decision again, years later, with Python's standard library alone: same inputs, same bytes. What
reaches a ledger is the digest, never the file; a salt keeps the digest from being guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from hefu.credit.decision.application import Application, application_of
from hefu.credit.decision.decide import Answer, Steps, decide
from hefu.credit.decision.document import canonical, check_named, check_salt, differs, digest_of, read_document, whole
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.models.record import Model, ModelError, Score
from hefu.kernel.errors import Corrupt, HefuError, UsageError
from hefu.kernel.time import INSTANT_MAX_MS, business_date

FORMAT = "hefu-decision"
#: The arithmetic. A later one that decides otherwise gets a number of its own, and this one stays.
VERSION = 1
_KEYS = frozenset(
    [
        "format",
        "version",
        "hefu",
        "definitions",
        "synthetic",
        "salt",
        "at_ms",
        "as_of",
        "policy",
        "policy_digest",
        "model",
        "model_digest",
        "record",
        "application",
        "score",
        "steps",
        "answer",
        "digest",
    ]
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """
    All that a decision reads.

    Args:
        policy: The file's text; the digest is of its bytes.
        model: The model's document, or None where it is kept beside the file.
        record: Features as integers of record; only what model and policy read is kept.
        at_ms: The instant of the decision; its business date (UTC+8) chooses the rules.
        as_of: Nothing known later is in the record.
        definitions: Version of the features' definitions; 0 where the record came from elsewhere.
        is_synthetic: The firm is made up.
        hefu: Version of the program that decided first.
    """

    policy: str
    model: Mapping[str, Any] | None
    model_digest: str
    record: Mapping[str, int | None]
    application: Application
    at_ms: int
    as_of: date
    salt: bytes
    definitions: int
    is_synthetic: bool
    hefu: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision with the bytes that hold it."""

    inputs: Inputs
    score: Score
    answer: Answer
    steps: Steps
    raw: bytes
    digest: str


def fields_read(policy: Policy, model: Model) -> tuple[str, ...]:
    """Names of a record that a decision reads, each once, in order."""
    names = [field.name for field in model.fields]
    names += [anchor.field for segment in policy.segments for anchor in segment.anchors if "data" in policy.facilities]
    names += [rule.field for rule in policy.rules]
    names += [policy.debt_field] if policy.debt_field else []
    return tuple(dict.fromkeys(names))


def make(inputs: Inputs, model: Model, policy: Policy | None = None, *, with_model: bool = True) -> Decision:
    """
    Decide, and put everything into one file.

    Args:
        model: Read from the document that the inputs name.
        policy: The policy read before, to save time; from `inputs.policy` otherwise.
        with_model: Keep the model in the file; beside it otherwise, and a replay asks for it.

    Raises:
        UsageError: Policy, application or record make no sense; the code and `where` say what.
    """
    policy = policy or read_policy(inputs.policy.encode())
    on = business_date(inputs.at_ms)
    if inputs.as_of > on:
        raise UsageError(
            "the record knows what became known after the decision", code="RECORD_FROM_FUTURE", where="as_of"
        )
    check_salt(inputs.salt)
    record = _kept(inputs.record, fields_read(policy, model))
    score = scored(model, record)
    answer, steps = decide(policy, inputs.application, record, score, on)
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "hefu": inputs.hefu,
        "definitions": inputs.definitions,
        "synthetic": inputs.is_synthetic,
        "salt": inputs.salt.hex(),
        "at_ms": inputs.at_ms,
        "as_of": inputs.as_of.isoformat(),
        "policy": inputs.policy,
        "policy_digest": policy.digest,
        "model": inputs.model if with_model else None,
        "model_digest": model.digest,
        "record": record,
        "application": inputs.application.to_table(),
        "score": asdict(score),
        "steps": asdict(steps),
        "answer": {**asdict(answer), "profit": answer.expected.profit},
    }
    digest = digest_of(document)
    return Decision(inputs, score, answer, steps, canonical({**document, "digest": digest}), digest)


def _kept(record: Mapping[str, int | None], names: tuple[str, ...]) -> dict[str, int | None]:
    missing = next((name for name in names if name not in record), None)
    if missing is not None:
        raise UsageError(
            "the record lacks a field that is read; null says unknown",
            code="NO_SUCH_FIELD",
            where=missing,
        )
    kept = {name: record[name] for name in names}
    for name, value in kept.items():
        if value is not None and (type(value) is not int or abs(value) >= 2**63):
            raise UsageError(
                "a field of a record is a whole number of 64 bits, or null", code="BAD_FIELD", where=f"record.{name}"
            )
    return kept


def scored(model: Model, record: Mapping[str, int | None]) -> Score:
    """
    The score, with the model's own error told as ours.

    Raises:
        UsageError: The record cannot be scored; code and `where` are the model's.
    """
    try:
        return model.score(record)
    except ModelError as error:
        raise UsageError(
            "this firm cannot be scored: " + str(error.args[0]), code=error.code, where=error.where
        ) from None


def read_inputs(raw: bytes, model_raw: bytes | None = None) -> tuple[Inputs, Model, dict[str, Any]]:
    """
    What a file says that it read.

    Args:
        model_raw: The model's file, where it is kept beside.

    Returns:
        The inputs, the model, and the whole document as it stands.

    Raises:
        Corrupt: Not a decision (NOT_A_DECISION), not in the one form that it can have (DECISION_NOT_CANONICAL), or parts that
            contradict each other (DECISION_DIFFERS; `where` names the part).
        UsageError: The model is kept beside and was not given (MODEL_NOT_GIVEN), or another one was (OTHER_MODEL); an arithmetic
            that this program does not know (DECISION_VERSION).
    """
    document = read_document(
        raw,
        format=FORMAT,
        version=VERSION,
        keys=_KEYS,
        damaged=Corrupt("this is not the file of a decision, or it was damaged", code="NOT_A_DECISION"),
    )
    if type(document["synthetic"]) is not bool or not isinstance(document["hefu"], str):
        raise differs("inputs")
    try:
        model = _model(document, model_raw)
        inputs = Inputs(
            policy=document["policy"],
            model=document["model"],
            model_digest=document["model_digest"],
            record=document["record"],
            application=application_of(document["application"], "application"),
            at_ms=whole(document["at_ms"], INSTANT_MAX_MS, "at_ms"),
            as_of=date.fromisoformat(document["as_of"]),
            salt=bytes.fromhex(document["salt"]),
            definitions=whole(document["definitions"], 10**9, "definitions"),
            is_synthetic=document["synthetic"],
            hefu=document["hefu"],
        )
    except UsageError as error:
        if error.code in ("MODEL_NOT_GIVEN", "OTHER_MODEL"):
            raise
        raise differs(error.where or "inputs") from None
    except (ValueError, TypeError, AttributeError):
        raise differs("inputs") from None
    return inputs, model, document


def replay(raw: bytes, model_raw: bytes | None = None, *, digest: str | None = None) -> Decision:
    """
    Make the decision again from the inputs in the file, and hold every byte against it.

    Args:
        model_raw: The model's file, where it is kept beside.
        digest: What the ledger has, hexadecimal.

    Returns:
        The decision: the file says what the program says.

    Raises:
        Corrupt: As `read_inputs`; or what comes out is not what stands there (DECISION_DIFFERS, `where` names the first part that
            differs); or the file is another one than the digest names (OTHER_DECISION).
        UsageError: As `read_inputs`.
    """
    inputs, model, document = read_inputs(raw, model_raw)
    try:
        made = make(inputs, model, with_model=document["model"] is not None)
    except HefuError as error:
        raise differs(error.where or "inputs") from None
    except (TypeError, ValueError, AttributeError):
        raise differs("inputs") from None
    if made.raw != raw:
        raise differs(_first_difference(json.loads(made.raw), document))
    check_named(made.digest, digest)
    return made


def _model(document: dict[str, Any], beside: bytes | None) -> Model:
    inside = document["model"]
    if inside is None and beside is None:
        raise UsageError("the model is kept beside this decision; name its file", code="MODEL_NOT_GIVEN")
    try:
        model = Model.read(canonical(inside) if inside is not None else beside or b"")
    except ModelError as error:
        if inside is None:
            raise UsageError("the file beside is no model: " + str(error), code="OTHER_MODEL") from None
        raise differs("model") from None
    if model.digest != document["model_digest"]:
        if inside is None:
            raise UsageError("the model given is not the one that decided", code="OTHER_MODEL", where="model_digest")
        raise differs("model")
    return model


def _first_difference(ours: Any, theirs: Any, path: str = "") -> str:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        # The digest follows from all the rest, so it is named last.
        for key in sorted(ours.keys() | theirs.keys(), key=lambda key: (key == "digest", key)):
            if ours.get(key, ...) != theirs.get(key, ...):
                return _first_difference(ours.get(key, ...), theirs.get(key, ...), f"{path}.{key}".lstrip("."))
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (a, b) in enumerate(zip(ours, theirs)):
            if a != b:
                return _first_difference(a, b, f"{path}[{i}]")
    return path or "the whole"
