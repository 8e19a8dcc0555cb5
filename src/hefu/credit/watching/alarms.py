"""
Alarms: what a firm's features say has changed for the worse, month by month.

A rule reads the features of a month's end and those of earlier ones. It raises at one line and clears at another, so that a
firm that stands on the line does not flap. A feature that is unknown neither raises nor clears: an absent source is no good
news and no bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

Values = Mapping[str, float | None]
#: Number that a rule measures, from the features of months' ends, the last one last; None where it cannot say.
Measure = Callable[[Sequence[Values]], float | None]


class Lines(NamedTuple):
    """Raised at or past the one, cleared at or behind the other; a measure grows with trouble."""

    raised: float
    cleared: float


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One alarm.

    Args:
        name: Stable.
        reads: Features; the sources behind them must be there.
        measure: Grows with trouble.
        lines: Where it raises and clears.
        english, chinese: The reason, with `{value}` and `{line}` as percent.
    """

    name: str
    reads: tuple[str, ...]
    measure: Measure
    lines: Lines
    english: str
    chinese: str


class Event(NamedTuple):
    """A rule's alarm raised, still up, or cleared for a firm."""

    firm: str
    rule: str
    on: date
    kind: str
    value: float
    #: What else it is about, such as a circle's firms.
    subject: str = ""


def _now(values: Sequence[Values], name: str, ago: int = 0) -> float | None:
    return values[-1 - ago].get(name) if len(values) > ago else None


def _risen(name: str, months: int, least: float = 0.0) -> Measure:
    """How much a share has grown since some months ago; nothing below the least level."""

    def measure(values: Sequence[Values]) -> float | None:
        now, then = _now(values, name), _now(values, name, months)
        if now is None or then is None:
            return None
        return now - then if now >= least else 0.0

    return measure


def _level(name: str, sign: int = 1) -> Measure:
    def measure(values: Sequence[Values]) -> float | None:
        now = _now(values, name)
        return None if now is None else sign * now

    return measure


def _sales_fall(values: Sequence[Values]) -> float | None:
    """Fall of three months' sales against the same months of the year before; without them, against the three before."""
    now, then = _now(values, "sales_3m"), _now(values, "sales_3m", 12)
    if now is None:
        return None
    if then is None:
        growth = _now(values, "sales_growth_3m")
        return None if growth is None else -growth
    return (then - now) / then if then > 0 else None


def _sales_stop(values: Sequence[Values]) -> float | None:
    """Days since the last sale, in longest gaps that were usual half a year ago; a month at least."""
    days, gap, sold = _now(values, "sales_recency"), _now(values, "sales_longest_gap", 6), _now(values, "sales_12m")
    if days is None or gap is None or not sold or sold <= 0:
        return None
    return days / max(30.0, gap)


def _buying_without_sales(values: Sequence[Values]) -> float | None:
    """Purchases against sales of three months, over what they were a year ago."""
    bought, sold = _now(values, "purchases_3m"), _now(values, "sales_3m")
    bought_then, sold_then = _now(values, "purchases_3m", 12), _now(values, "sales_3m", 12)
    if None in (bought, sold, bought_then, sold_then) or not bought_then or bought_then <= 0 or not sold_then:
        return None
    assert bought is not None
    assert sold is not None
    if bought <= 0:
        return 0.0
    # Without a sale the ratio has no end; ten times is as bad as it is told.
    ratio = min(10.0, bought / sold) if sold > 0 else 10.0
    return ratio * sold_then / bought_then - 1


def _fallen(name: str, months: int) -> Measure:
    rise = _risen(name, months)

    def measure(values: Sequence[Values]) -> float | None:
        found = rise(values)
        return None if found is None else -found

    return measure


RULES: tuple[Rule, ...] = (
    Rule("sales_drop", ("sales_3m", "sales_growth_3m"), _sales_fall, Lines(0.40, 0.20),
         "Sales of three months fell by {value} against a year before, or else the three months before (line {line}).",
         "近三个月销售较上年同期（无上年数据时较前三个月）下降 {value}（警戒线 {line}）。"),
    Rule("sales_stop", ("sales_recency", "sales_longest_gap", "sales_12m"), _sales_stop, Lines(2.0, 1.0),
         "No sale for {value} of the longest gap that was usual (line {line}).", "停开销项发票的天数为以往最长间隔的 {value}（警戒线 {line}）。"),
    Rule("concentration", ("sales_top1_12m",), _risen("sales_top1_12m", 6, 0.4), Lines(0.20, 0.10),
         "The largest customer's share grew by {value} in six months (line {line}).", "第一大客户占比半年内上升 {value}（警戒线 {line}）。"),
    Rule("void_surge", ("sales_void_share_12m",), _risen("sales_void_share_12m", 6), Lines(0.05, 0.02),
         "The share of voided sales grew by {value} in six months (line {line}).", "销项作废占比半年内上升 {value}（警戒线 {line}）。"),
    Rule("red_letter_surge", ("sales_red_share_12m",), _risen("sales_red_share_12m", 6), Lines(0.05, 0.02),
         "The share of reversed sales grew by {value} in six months (line {line}).", "销项红字金额占比半年内上升 {value}（警戒线 {line}）。"),
    Rule("buying_without_sales", ("purchases_3m", "sales_3m"), _buying_without_sales, Lines(0.60, 0.30),
         "Purchases against sales grew by {value} over a year (line {line}).", "采购与销售之比较上年上升 {value}（警戒线 {line}）。"),
    Rule("sales_without_power", ("power_per_yuan_change",), _level("power_per_yuan_change", -1), Lines(0.25, 0.12),
         "Electricity for a yuan of sales fell by {value} (line {line}): sales without work show so.",
         "每元销售额用电量下降 {value}（警戒线 {line}），无实际生产的开票即如此。"),
    Rule("power_without_sales", ("power_per_yuan_change",), _level("power_per_yuan_change"), Lines(0.35, 0.18),
         "Electricity for a yuan of sales grew by {value} (line {line}): work that is not sold shows so.",
         "每元销售额用电量上升 {value}（警戒线 {line}），产而不销即如此。"),
    Rule("money_behind_sales", ("bank_in_to_invoiced",), _fallen("bank_in_to_invoiced", 6), Lines(0.15, 0.07),
         "Money received against invoices fell by {value} in six months (line {line}).", "回款与开票之比半年内下降 {value}（警戒线 {line}）。"),
    Rule("stock_ahead", ("stock_ahead_of_sales",), _level("stock_ahead_of_sales"), Lines(0.60, 0.30),
         "Stock grew by {value} more than sales (line {line}).", "库存增速高于销售增速 {value}（警戒线 {line}）。"),
    Rule("margin_fall", ("margin_change",), _level("margin_change", -1), Lines(0.08, 0.04),
         "Sales less purchases fell by {value} of sales (line {line}).", "毛利代理指标下降 {value}（警戒线 {line}）。"),
    Rule("tax_late", ("tax_late_12m",), _risen("tax_late_12m", 6), Lines(0.12, 0.05),
         "The share of late tax filings grew by {value} in six months (line {line}).", "逾期申报占比半年内上升 {value}（警戒线 {line}）。"),
    Rule("twin", ("twins",), _level("twins"), Lines(0.5, 0.0),
         "Another firm shows this firm's invoices as its own.", "另有企业出示与本企业相同的发票。"),
    Rule("self_trade", ("self_trade_share",), _level("self_trade_share"), Lines(0.02, 0.01),
         "Invoices to itself make {value} of sales (line {line}).", "自开自收发票占销售 {value}（警戒线 {line}）。"),
    Rule("reciprocal_trade", ("reciprocal_partners",), _risen("reciprocal_partners", 6), Lines(1.0, 0.0),
         "Firms that it both sells to and buys from became more.", "与其互为购销双方的企业增加。"),
    Rule("ring", ("rings",), _level("rings"), Lines(1.0, 0.0),
         "Sells in a ring of firms: each to the next, the last to the first.", "处于循环开票之中：各家依次销售，末家售回首家。"),
    Rule("overlap", ("overlapping_firms",), _level("overlapping_firms"), Lines(1.0, 0.0),
         "Another firm shows some of this firm's invoices on the same side.", "另有企业在同一方向出示本企业的部分发票。"),
)  # fmt: skip
BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}
#: How many months' ends a rule looks back at most.
MEMORY = 13


class Watch:
    """
    The rules over one firm, month after month.

    Args:
        firm: Its code.
        up: Rules whose alarm is up from before.
    """

    def __init__(self, firm: str, up: Iterable[str] = ()) -> None:
        self.firm = firm
        self.up = set(up)
        self._values: list[Values] = []

    def remember(self, values: Values) -> None:
        """Features of a month's end that was looked at before."""
        self._values = [*self._values, values][-MEMORY:]

    def look(self, on: date, values: Values) -> Iterator[Event]:
        """Take in the features of a month's end; what was raised, is still up, or was cleared."""
        self.remember(values)
        for rule in RULES:
            measured = rule.measure(self._values)
            if measured is None:
                continue
            if rule.name in self.up:
                if measured <= rule.lines.cleared:
                    self.up.discard(rule.name)
                    yield Event(self.firm, rule.name, on, "cleared", measured)
                else:
                    yield Event(self.firm, rule.name, on, "up", measured)
            elif measured >= rule.lines.raised:
                self.up.add(rule.name)
                yield Event(self.firm, rule.name, on, "raised", measured)


def percent(value: float) -> str:
    """As people read it."""
    return f"{100 * value:.0f} %"


def month_ends(first: date, last: date) -> list[date]:
    """Last days of months from the first day's month to the last day, which must end its month to count."""
    found = list[date]()
    month = first.year * 12 + first.month - 1
    while True:
        month += 1
        end = date.fromordinal(date(month // 12, month % 12 + 1, 1).toordinal() - 1)
        if end > last:
            return found
        found.append(end)
