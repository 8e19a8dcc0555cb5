"""
How likely a receivable is paid late, and how late: by the days at which its customer paid before, shrunk towards those of all.

A customer that pays two days early each time and one that pays three weeks early have the same late rate, and not the same
chance to be late next time: so the days count, early ones too, and not how often they passed a line. A customer's mean is
shrunk by as much as customers differ less from each other than invoices of one customer do. What is left over, the
residuals of the past, makes the probability. The score of record is an integer: the same bits on every machine. Only what
was settled before an invoice was issued speaks about it.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from hefu.credit.watching.measures import area, bootstrap
from hefu.credit.watching.receivables import Receivable, Receivables, in_order_of_settling
from hefu.documents.invoices.saving import whole_file
from hefu.documents.invoices.treatments import problem
from hefu.kernel.errors import Corrupt, UsageError

FORMAT = "hefu-payment-delay-1"
#: A probability as an integer: parts of a million.
SCALE = 1_000_000
#: Least settled invoices and customers to fit on.
INVOICES_MIN, CUSTOMERS_MIN = 30, 5
#: Days are whole: one day after the due date is late, none is not, and the line between lies half-way. Thousandths of a day.
_LATE_MILLI = 500
#: Points at which the residuals' distribution is kept.
_POINTS = 200
#: How many standard errors hold nine tenths.
_NINE_TENTHS = 1.645


class Record(NamedTuple):
    """
    What a customer had done before a day.

    Args:
        settled, late: Invoices, counts.
        days: Days after the due date, early ones negative, sum.
    """

    settled: int = 0
    late: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class DelayModel:
    """
    Args:
        mean_milli: Mean days after the due date, of all customers; thousandths of a day, negative where early.
        weight_milli: How many invoices of a customer's own weigh as much as that mean; thousandths.
        spread_milli: Standard deviation of one customer's invoices, thousandths of a day.
        residuals: Days less the shrunk mean, at even steps of probability, in order; thousandths of a day.
        until: Last day of settling that was used.
        invoices, customers: How many it was fitted on.
    """

    mean_milli: int
    weight_milli: int
    spread_milli: int
    residuals: tuple[int, ...]
    until: date
    invoices: int
    customers: int

    def centre(self, record: Record) -> int:
        """Days after the due date to be expected of the customer, thousandths; integers only."""
        above = self.weight_milli * self.mean_milli + 1_000_000 * record.days
        return above // (self.weight_milli + 1_000 * record.settled)

    def score(self, record: Record, passed: int | None = None) -> int:
        """
        Probability of being late, millionths; integers only. This is what counts.

        Args:
            passed: Days since the due date at whose end it is still open, negative before; None: nothing is known but the history.
        """
        return self._late_at(self.centre(record), passed)

    def _late_at(self, centre: int, passed: int | None) -> int:
        late = SCALE - self._below(_LATE_MILLI - centre)
        if passed is None:
            return late
        if passed >= 0:
            return SCALE
        open_still = SCALE - self._below(1_000 * passed + _LATE_MILLI - centre)
        return min(SCALE, late * SCALE // open_still)

    def _below(self, residual: int) -> int:
        """Part of the residuals below, millionths; between two points it grows evenly."""
        points = self.residuals
        at = bisect_left(points, residual)
        steps = len(points) + 1
        if at == 0:
            return SCALE // (2 * steps)
        if at == len(points):
            return SCALE - SCALE // (2 * steps)
        low, high = points[at - 1], points[at]
        return (at * SCALE + SCALE * (residual - low) // max(1, high - low)) // steps

    def interval(self, record: Record, passed: int | None = None) -> tuple[int, int]:
        """Where the probability lies with nine tenths, millionths, as the customer's own mean is unsure; to show only."""
        centre, count = self.centre(record), self.weight_milli / 1_000 + record.settled
        reach = round(_NINE_TENTHS * self.spread_milli / math.sqrt(max(count, 0.001)))
        # A habit of paying early says little once that time has passed, so an earlier centre need not mean a lower chance.
        every = [self._late_at(at, passed) for at in (centre - reach, centre, centre + reach)]
        return min(every), max(every)

    def expected_days(self, record: Record, passed: int | None = None) -> float:
        """Days late to be expected, those in time counted as zero."""
        days = self._days(record, passed)
        return sum(days) / len(days) / 1_000

    def days_interval(self, record: Record, passed: int | None = None) -> tuple[float, float]:
        """Between which days late the payment of one invoice falls with nine tenths, 0 being in time."""
        days = self._days(record, passed)
        count = len(days)
        return days[count // 20] / 1_000, days[min(count - 1, count - count // 20)] / 1_000

    def _days(self, record: Record, passed: int | None) -> list[int]:
        """Days late that are still possible, each as likely, in order; thousandths."""
        centre = self.centre(record)
        every = [centre + r for r in self.residuals]
        if passed is not None:
            # Later than all that was ever seen: a day from now at the earliest.
            every = [d for d in every if d > 1_000 * passed + _LATE_MILLI] or [1_000 * (passed + 1)]
        return [max(0, d) for d in every]

    def save(self, path: Path) -> None:
        """
        Write as JSON.

        Raises:
            UsageError: NOT_SAVED.
        """
        with whole_file(path) as file:
            json.dump({"format": FORMAT, **asdict(self), "until": self.until.isoformat()}, file, indent=1)

    @classmethod
    def load(cls, path: Path) -> DelayModel:
        """
        Read what `save` wrote.

        Raises:
            Corrupt: It is no such file (NOT_A_DELAY_MODEL).
        """
        try:
            tree = json.loads(path.read_text("utf-8"))
            if tree.pop("format") != FORMAT:
                raise ValueError
            residuals = tuple(tree["residuals"])
            model = cls(**{**tree, "until": date.fromisoformat(tree["until"]), "residuals": residuals})
            whole = (model.mean_milli, model.weight_milli, model.spread_milli, *residuals)
            if not all(type(n) is int and abs(n) < 10**12 for n in whole):
                raise ValueError
            if model.weight_milli <= 0 or not residuals or list(residuals) != sorted(residuals):
                raise ValueError
        except OSError:
            raise problem("FILE_MISSING", path.name) from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Corrupt("the file is no model of payment delays", code="NOT_A_DELAY_MODEL", where=path.name) from None
        return model


class Histories:
    """Each customer's settled invoices, asked for as of any day."""

    def __init__(self, rows: Iterable[Receivable]) -> None:
        self._days: defaultdict[str, list[date]] = defaultdict(list)
        self._sums: defaultdict[str, list[Record]] = defaultdict(list)
        for row in in_order_of_settling(rows):
            assert row.settled_on is not None
            sums = self._sums[row.customer]
            old = sums[-1] if sums else Record()
            late = int(bool(row.is_late))
            self._days[row.customer].append(row.settled_on)
            sums.append(Record(old.settled + 1, old.late + late, old.days + (row.days or 0)))

    def before(self, customer: str, day: date) -> Record:
        """What was settled before the day; what is settled on the day itself is not known in its morning."""
        at = bisect_left(self._days.get(customer, []), day)
        return self._sums[customer][at - 1] if at else Record()


def fit(receivables: Receivables, until: date) -> DelayModel:
    """
    Fit on what was issued and settled up to a day.

    Raises:
        UsageError: Too few invoices or customers, or all late, or none (TOO_FEW_RECEIVABLES).
    """
    rows = [r for r in receivables.rows if r.settled_on is not None and r.settled_on <= until]
    by_customer = defaultdict[str, list[int]](list)
    for row in rows:
        by_customer[row.customer].append(row.days or 0)
    late = sum(bool(row.is_late) for row in rows)
    if len(rows) < INVOICES_MIN or len(by_customer) < CUSTOMERS_MIN or not 0 < late < len(rows):
        raise UsageError(
            f"a model of delays needs {INVOICES_MIN} settled invoices of {CUSTOMERS_MIN} customers, some late and some in time",
            code="TOO_FEW_RECEIVABLES",
        )
    mean, weight, spread = _shrinkage(list(by_customer.values()))
    model = DelayModel(
        round(1_000 * mean),
        max(1, round(1_000 * weight)),
        round(1_000 * spread),
        (0,),
        until,
        len(rows),
        len(by_customer),
    )
    histories = Histories(rows)
    # Each by what was known when it was issued, as it will be used.
    left = sorted(1_000 * (r.days or 0) - model.centre(histories.before(r.customer, r.issued_on)) for r in rows)
    points = tuple(left[(2 * i + 1) * len(left) // (2 * _POINTS)] for i in range(_POINTS))
    return replace(model, residuals=points)


def _shrinkage(groups: Sequence[Sequence[int]]) -> tuple[float, float, float]:
    """
    Mean of all, the weight of that mean in invoices, and the standard deviation within a customer.

    Source:
        One-way random effects by analysis of variance; H. Bühlmann and A. Gisler, A Course in Credibility Theory (Springer,
        2005), 4.
    """
    count, total = len(groups), sum(map(len, groups))
    mean = sum(map(sum, groups)) / total
    within = sum((d - sum(g) / len(g)) ** 2 for g in groups for d in g) / max(1, total - count)
    among = sum(len(g) * (sum(g) / len(g) - mean) ** 2 for g in groups) / max(1, count - 1)
    size = (total - sum(len(g) ** 2 for g in groups) / total) / max(1, count - 1)
    between = max((among - within) / size, within / 1_000, 1e-6)
    return mean, max(within, 1e-6) / between, math.sqrt(within)


class Prediction(NamedTuple):
    """What is said of one receivable; score, low and high in parts of a million."""

    row: int
    customer: str
    number: str
    history: Record
    score: int
    low: int
    high: int
    expected_days: float
    days_low: float
    days_high: float


def predict(
    model: DelayModel, receivables: Receivables, rows: Iterable[Receivable], *, open_on: date | None = None
) -> Iterator[Prediction]:
    """
    Each row by what its customer had settled before it was issued.

    Args:
        open_on: At the end of this day all of them were open still: who is past its due date is late, by as many days at least.
    """
    histories = Histories(receivables.rows)
    shown: dict[tuple[Record, int | None], tuple[int, int, int, float, float, float]] = {}
    for row in rows:
        record = histories.before(row.customer, row.issued_on)
        passed = None if open_on is None else (open_on - row.due_on).days
        key = record, passed
        if key not in shown:
            chances = (model.score(*key), *model.interval(*key))
            shown[key] = (*chances, model.expected_days(*key), *model.days_interval(*key))
        yield Prediction(row.row, row.customer, row.number, record, *shown[key])


def prior_rate(record: Record, rate: float) -> float:
    """The line to beat: the customer's own late rate, and the rate of all where it has none."""
    return record.late / record.settled if record.settled else rate


def evaluate(receivables: Receivables, start: date, *, seed: int = 1, rounds: int = 1_000) -> Mapping[str, Any]:
    """
    Out of time: fitted on what was issued and settled before the day, tried on what was issued from then on and is settled.

    Returns:
        n, positives, auc with 95 % interval, the prior late rate's auc, their paired difference (customers drawn anew),
        brier, log loss, the error of expected days and the part of delays inside their 90 % interval.

    Raises:
        UsageError: Nothing to try it on, or of one class only (TOO_FEW_RECEIVABLES).
    """
    day_before = date.fromordinal(start.toordinal() - 1)
    model = fit(receivables.known_at(day_before), day_before)
    tested = [r for r in receivables.rows if r.issued_on >= start and r.settled_on is not None]
    labels = [int(bool(r.is_late)) for r in tested]
    if not 0 < sum(labels) < len(labels):
        raise UsageError("no settled invoices of both kinds from that day on", code="TOO_FEW_RECEIVABLES")
    said = list(predict(model, receivables, tested))
    scores = [float(p.score) for p in said]
    trained = [r for r in receivables.rows if r.settled_on is not None and r.settled_on < start]
    rate = sum(bool(r.is_late) for r in trained) / len(trained)
    line = [prior_rate(p.history, rate) for p in said]
    groups = [r.customer for r in tested]
    own = bootstrap(groups, lambda rows: area([labels[i] for i in rows], [scores[i] for i in rows]), seed, rounds)
    gain = bootstrap(
        groups,
        lambda rows: (
            area([labels[i] for i in rows], [scores[i] for i in rows])
            - area([labels[i] for i in rows], [line[i] for i in rows])
        ),
        seed,
        rounds,
    )
    chances = [s / SCALE for s in scores]
    days = [float(r.days_late or 0) for r in tested]
    inside = sum(p.days_low <= d <= p.days_high for p, d in zip(said, days)) / len(days)
    mean_days = sum(r.days_late or 0 for r in trained) / len(trained)
    return {
        "n": len(tested),
        "positives": sum(labels),
        "fitted_on": model.invoices,
        "auc": area(labels, scores),
        "auc_low": own[0],
        "auc_high": own[1],
        "prior_rate_auc": area(labels, line),
        "gain": area(labels, scores) - area(labels, line),
        "gain_low": gain[0],
        "gain_high": gain[1],
        "brier": sum((p - y) ** 2 for p, y in zip(chances, labels)) / len(labels),
        "prior_rate_brier": sum((p - y) ** 2 for p, y in zip(line, labels)) / len(labels),
        "log_loss": _log_loss(labels, chances),
        "prior_rate_log_loss": _log_loss(labels, line),
        "days_error": sum(abs(p.expected_days - d) for p, d in zip(said, days)) / len(days),
        "days_error_of_mean": sum(abs(mean_days - d) for d in days) / len(days),
        "days_inside_90": inside,
    }


def _log_loss(labels: Sequence[int], chances: Sequence[float]) -> float:
    # A rate of 0 or 1 says "never" or "always"; one such slip would cost without end, so it costs what one in a thousand does.
    kept = [min(0.999, max(0.001, p)) for p in chances]
    return -sum(math.log(p if y else 1 - p) for p, y in zip(kept, labels)) / len(labels)
