"""What a model's file says of its making, checked before anything is made of it: the file is from elsewhere. It never scores."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any

from hefu.credit.models.record import Model
from hefu.kernel.errors import UsageError

_FIGURE = (int, NoneType)
_EVALUATION = dict.fromkeys(
    ("auc", "auc_low", "auc_high", "ks", "pr_auc", "brier", "calibration_slope", "error_at_half"), _FIGURE
)
_SHARES = {"edges": [int], "ppm": [int]}
#: A type, a list of it, keys that have to be there, or any keys (None) with values of one kind.
_SHAPE: Mapping[str | None, Any] = {
    "data": {
        "file": str,
        "sha256": str,
        **dict.fromkeys(("rows", "used", "defaults", "unlabelled", "copies", "marked"), int),
        "marks": [int],
    },
    "digits": {None: int},
    "schema": {
        **dict.fromkeys(("label", "time", "group"), str),
        **{key: [str] for key in ("positive", "negative", "identifiers", "accepted", "prior", "segments")},
        "banned": {None: str},
    },
    "method": {"parts": [str], "tried_auc_ppm": {None: _FIGURE}, "seed": int, "split": str, "folds": int},
    "then": {"fields": {None: _SHARES}, "score": _SHARES},
    "held_out": {**_EVALUATION, "auc": int},
    "one_field": _EVALUATION,
    "gain_ppm": [int],
    "cautions": [{"code": str, "field": str}],
    "versions": {None: str},
}


def making_of(model: Model) -> Mapping[str, Any]:
    """
    What the file says of the table, the method, the held-out figures and the firms as they were then.

    Raises:
        UsageError: MODEL_ABOUT, a part of it is not there or is something else, with its place.
    """
    about = model.about
    _check(about, _SHAPE, "about")
    for field in model.fields:
        if field.name not in about["then"]["fields"]:
            raise _wrong(f"about.then.fields.{field.name}")
    for where, shares in (*about["then"]["fields"].items(), ("score", about["then"]["score"])):
        if len(shares["ppm"]) != len(shares["edges"]) + 2:
            raise _wrong(f"about.then: {where}")
    if len(about["gain_ppm"]) != 3:
        raise _wrong("about.gain_ppm")
    if about["data"]["used"] < 1:
        raise _wrong("about.data.used")
    return about


def _check(value: Any, shape: Any, where: str) -> None:
    match shape:
        case list():
            if not isinstance(value, list):
                raise _wrong(where)
            for i, entry in enumerate(value):
                _check(entry, shape[0], f"{where}[{i}]")
        case Mapping():
            if not isinstance(value, dict):
                raise _wrong(where)
            for key in value if None in shape else shape:
                if key not in value:
                    raise _wrong(f"{where}.{key}")
                _check(value[key], shape.get(key, shape.get(None)), f"{where}.{key}")
        case _:
            if not isinstance(value, shape) or isinstance(value, bool):
                raise _wrong(where)


def _wrong(where: str) -> UsageError:
    return UsageError(
        "the model's file does not say this of how it was made, so the model can score and not be compared",
        code="MODEL_ABOUT",
        where=where,
    )
