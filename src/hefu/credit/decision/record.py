"""A firm's record from its features, for a model that was made from such features; another model's record comes from elsewhere."""

from __future__ import annotations

from hefu.credit.features import BY_NAME
from hefu.credit.models.record import Model
from hefu.kernel.errors import UsageError


def check_fields(model: Model) -> None:
    """
    Hold a model's fields against the features, so that no amount in yuan is read as one in fen.

    Raises:
        UsageError: A field is no feature (NOT_A_FEATURE), or counts in another unit than the feature of its name (FIELD_UNIT).
    """
    for field in model.fields:
        feature = BY_NAME.get(field.name)
        if feature is None:
            raise UsageError(
                "the model reads a field that no source gives: it was made from another table, whose record has to be given",
                code="NOT_A_FEATURE",
                where=field.name,
            )
        if field.digits != feature.digits:
            raise UsageError(
                f"the model counts this field with {field.digits} digits after the point, the feature has {feature.digits}",
                code="FIELD_UNIT",
                where=field.name,
            )
