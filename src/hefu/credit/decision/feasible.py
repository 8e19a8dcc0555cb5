"""What a firm's record cannot be, whatever the firm does: fields that are parts of one another have to agree."""

from __future__ import annotations

from hefu.credit.decision.decide import Record
from hefu.credit.decision.numbers import ONE

#: Concentration, the largest party's share, and the number of parties.
_CONCENTRATIONS = (
    ("sales_hhi_12m", "sales_top1_12m", "sales_customers_12m"),
    ("sales_hhi_all", "sales_top1_all", "sales_customers_all"),
    ("purchases_hhi_12m", "purchases_top1_12m", ""),
    ("purchases_hhi_all", "purchases_top1_all", ""),
    ("bank_payer_hhi_12m", "bank_payer_top1_12m", ""),
)
#: Each is rounded to a millionth.
_ROUNDED = 2


def is_possible(record: Record) -> bool:
    """
    Whether the fields that a record has agree with each other.

    A sum of squared shares (Herfindahl) is at least the square of the largest share and one over their number, and at most the
    largest.
    """
    for hhi_name, top_name, count_name in _CONCENTRATIONS:
        hhi, top, count = record.get(hhi_name), record.get(top_name), record.get(count_name)
        if hhi is None:
            continue
        # Shares lie between none and all where nothing was reversed; elsewhere the sums say nothing of each other.
        if top is not None and 0 <= top <= ONE and not top * top // ONE - _ROUNDED <= hhi <= top + _ROUNDED:
            return False
        if count is not None and count > 0 and hhi + _ROUNDED < ONE // count:
            return False
    return True
