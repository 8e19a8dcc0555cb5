"""`hefu credit watch`, `alerts`, `acknowledge`, `guarantees` and `delays …`: watching firms. Nothing here acts by itself."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from hefu.cli.codes import explain
from hefu.cli.common import common, day, home_path, money
from hefu.cli.credit_store import STORE, existing_store, synthetic_note
from hefu.cli.language import t
from hefu.cli.options import NO_LINKS, READ_FILE, WRITTEN_FILE, check_apart
from hefu.cli.output import Output
from hefu.credit.sources import Store
from hefu.credit.watching import delays
from hefu.credit.watching.alarms import BY_NAME, percent
from hefu.credit.watching.book import Alert, Book
from hefu.credit.watching.guarantees import RULE, circle_events, find_knots, read_guarantees
from hefu.credit.watching.receivables import Receivables, read_receivables
from hefu.credit.watching.running import events
from hefu.documents.invoices.report import harmless
from hefu.documents.invoices.saving import whole_file
from hefu.kernel.errors import UsageError

#: Alerts that a run shows; all of them are in the book.
_SHOWN = 20
STATES = {"new": "新", "acknowledged": "已确认", "cleared": "已解除"}
_BOOK = click.option(
    "--book",
    "book_path",
    type=WRITTEN_FILE,
    help=t("Book of alerts; alerts.db in the home if absent.", "预警簿文件；缺省为 home 中的 alerts.db。"),
)
_DATA = click.option(
    "--data",
    required=True,
    type=READ_FILE,
    help=t("Receivables (CSV or Parquet).", "应收账款表（CSV 或 Parquet）。"),
)
_COLUMN = click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=HEADER",
    help=t("Which column holds a field, where no known header does.", "表头不在已知之列时，指明字段所在的列。"),
)


def _book(given: Path | None, *, must_exist: bool = False) -> Book:
    path = given or home_path() / "alerts.db"
    if must_exist and not path.exists():
        raise UsageError(
            t(
                "there is no book of alerts yet; run `hefu credit watch` first",
                "尚无预警簿，请先运行 hefu credit watch",
            ),
            code="NO_BOOK",
            where=path.name,
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    return Book(path)


@click.command(
    "watch",
    help=t(
        "Look for alarms at the ends of months, and write them into the book of alerts.",
        "在各月末检查预警，并写入预警簿。",
    ),
)
@STORE
@_BOOK
@click.option(
    "--as-of",
    "as_of",
    required=True,
    help=t("Up to this day; months end on or before it.", "截至日期，检查此日及以前的各月末。"),
)
@click.option(
    "--from",
    "from_on",
    help=t(
        "First month's end to look at; where the book left off, else the last one.",
        "首个检查的月末；缺省为预警簿上次之后，或仅最近一个月末。",
    ),
)
@NO_LINKS
@click.option(
    "--relations",
    is_flag=True,
    help=t(
        "Look for overlaps and rings among the firms too; takes longer.",
        "同时查找企业之间的发票重合与循环开票，耗时较长。",
    ),
)
@common
def watch_command(
    output: Output,
    store_path: Path | None,
    book_path: Path | None,
    as_of: str,
    from_on: str | None,
    no_links: bool,
    relations: bool,
) -> None:
    """Months that were looked at before change nothing; an alarm that stays up is one alert."""
    path = existing_store(store_path)
    last = day(as_of)
    with _book(book_path) as book, Store(path) as store:
        before = book.last_on("features")
        first = day(from_on) if from_on else date(last.year, last.month, 1) if before is None else _next_day(before)
        if from_on is None and before is None and not _ends_month(last):
            first = _month_before(first)
        found = list(events(store, first, last, up=book.up(), with_links=not no_links, with_relations=relations))
        opened = book.take(found, at=datetime.now(UTC))
        cleared = sum(event.kind == "cleared" for event in found)
        new = [a for a in book.alerts(state="new") if a.raised_on >= first]
        synthetic, firms = store.is_synthetic, len(store.firms())
    output.data(
        {
            "as_of": last,
            "from": first,
            "firms": firms,
            "opened": opened,
            "cleared": cleared,
            "synthetic": synthetic,
            "alerts": [_told(a) for a in new],
        }
    )
    synthetic_note(output, synthetic)
    _table(output, new[:_SHOWN])
    if len(new) > _SHOWN:
        more = len(new) - _SHOWN
        output.line(t(f"… and {more:,} more: hefu credit alerts", f"……另有 {more:,} 条，见 hefu credit alerts"))
    output.line(
        t(
            f"{firms:,} firms watched: {opened:,} alerts opened, {cleared:,} cleared.",
            f"已检查 {firms:,} 家企业：新开预警 {opened:,} 条，解除 {cleared:,} 条。",
        )
    )


def _next_day(on: date) -> date:
    return date.fromordinal(on.toordinal() + 1)


def _ends_month(on: date) -> bool:
    return _next_day(on).day == 1


def _month_before(first: date) -> date:
    return date.fromordinal(first.toordinal() - 1).replace(day=1)


@click.command("alerts", help=t("Alerts in the book, latest first.", "列出预警簿中的预警，最近的在前。"))
@_BOOK
@click.option("--firm", help=t("Only this firm's.", "只列该企业的。"))
@click.option("--state", type=click.Choice(list(STATES)), help=t("Only those in this state.", "只列此状态的。"))
@click.option("--log", "with_log", is_flag=True, help=t("The log of every step, checked.", "列出并核验每一步的记录。"))
@click.option("-n", "count", default=50, show_default=True, help=t("At most so many.", "最多列出数量。"))
@common
def alerts_command(
    output: Output, book_path: Path | None, firm: str | None, state: str | None, with_log: bool, count: int
) -> None:
    """new: nobody has seen it; acknowledged: a person has, and it is still up; cleared: the alarm went away."""
    with _book(book_path, must_exist=True) as book:
        if with_log:
            lines = book.log()
            output.data({"log": lines})
            output.table(
                (t("step", "序号"), t("at", "时间"), t("who", "何人"), t("what", "事项"), t("alert", "预警"), ""),
                [(x["seq"], x["at"], x["who"], x["step"], x["alert"], x["told"]) for x in lines[-count:]],
            )
            return
        found = book.alerts(firm=firm, state=state)
    output.data({"total": len(found), "alerts": [_told(a) for a in found[:count]]})
    _table(output, found[:count])
    output.line(t(f"{min(count, len(found))} of {len(found)}", f"{len(found)} 条中的 {min(count, len(found))} 条"))


@click.command(
    "acknowledge",
    help=t("Say that a person has seen an alert, and what is to be done.", "确认一条预警，并写明处理意见。"),
)
@click.argument("number", type=int)
@click.option("--as", "who", required=True, help=t("Who has seen it.", "确认人。"))
@click.option("--note", required=True, help=t("What was found or is to be done.", "核实情况或处理意见。"))
@_BOOK
@common
def acknowledge_command(output: Output, number: int, who: str, note: str, book_path: Path | None) -> None:
    """Stays in the log with name and time; the alert itself is closed only by its alarm clearing."""
    with _book(book_path, must_exist=True) as book:
        alert = book.acknowledge(number, who, note, at=datetime.now(UTC))
    output.data(_told(alert))
    output.line(t(f"Alert {number} was acknowledged by {alert.who}.", f"预警 {number} 已由 {alert.who} 确认。"))


def _told(alert: Alert) -> dict[str, object]:
    return {
        "number": alert.number,
        "firm": alert.firm,
        "rule": alert.rule,
        "subject": alert.subject,
        "state": alert.state,
        "raised_on": alert.raised_on,
        "seen_on": alert.seen_on,
        "cleared_on": alert.cleared_on,
        "value": round(alert.value, 6),
        "worst": round(alert.worst, 6),
        "reason": reason(alert),
        "who": alert.who,
        "at": alert.at,
        "note": alert.note,
    }


def reason(alert: Alert) -> str:
    """Why, in words."""
    if alert.rule == RULE:
        return t(
            f"Stands in a circle of guarantees of {alert.value:.0f} firms.",
            f"处于由 {alert.value:.0f} 家企业构成的担保圈中。",
        )
    rule = BY_NAME[alert.rule]
    return t(rule.english, rule.chinese).format(value=percent(alert.value), line=percent(rule.lines.raised))


def _table(output: Output, alerts: Sequence[Alert]) -> None:
    output.table(
        (
            t("no.", "编号"),
            t("firm", "企业"),
            t("since", "起"),
            t("state", "状态"),
            t("reason", "原因"),
            t("acknowledged by", "确认人"),
        ),
        [(a.number, a.firm, a.raised_on, t(a.state, STATES[a.state]), reason(a), a.who or "") for a in alerts],
        right=(0,),
    )


@click.command("guarantees", help=t("Circles of guarantees among firms.", "查找企业之间的担保圈。"))
@click.argument("file", type=READ_FILE)
@click.option("--as-of", "as_of", required=True, help=t("Guarantees in force on this day.", "此日有效的担保。"))
@click.option("--alert", "with_alerts", is_flag=True, help=t("Write them into the book of alerts.", "写入预警簿。"))
@_BOOK
@common
def guarantees_command(output: Output, file: Path, as_of: str, with_alerts: bool, book_path: Path | None) -> None:
    """The file says who guarantees whose debt: guarantor, borrower, amount in yuan, until."""
    on = day(as_of)
    knots = find_knots(read_guarantees(file), on)
    opened = 0
    if with_alerts:
        with _book(book_path) as book:
            open_ones = [(a.firm, a.subject) for a in book.alerts() if a.rule == RULE and a.cleared_on is None]
            opened = book.take(circle_events(knots, open_ones, on), at=datetime.now(UTC), kind=RULE)
    output.data(
        {
            "as_of": on,
            "opened": opened,
            "knots": [
                {
                    "firms": list(k.firms),
                    "amount_minor": k.amount_minor,
                    "all_circles": k.is_all,
                    "circles": [{"firms": list(c.firms), "least_minor": c.least_minor} for c in k.circles],
                }
                for k in knots
            ],
        }
    )
    for knot in knots:
        output.line(
            t(
                f"{len(knot.firms)} firms, {money(knot.amount_minor)} of guarantees among them, {len(knot.circles)} circles:",
                f"{len(knot.firms)} 家企业，相互担保 {money(knot.amount_minor)}，共 {len(knot.circles)} 个担保圈：",
            )
        )
        for circle in knot.circles[:10]:
            output.line(f"  {' → '.join((*circle.firms, circle.firms[0]))}  ({money(circle.least_minor)})")
    if not knots:
        output.line(t("No circle of guarantees.", "未发现担保圈。"))


@click.group(
    "delays", help=t("How likely a receivable is paid late, and how late.", "应收账款逾期的可能性与逾期天数。")
)
def delays_group() -> None:
    """Group."""


@delays_group.command("fit", help=t("Fit a model on settled receivables.", "用已结清的应收账款拟合模型。"))
@_DATA
@_COLUMN
@click.option("--until", required=True, help=t("What was settled later is not used.", "此日之后结清的不使用。"))
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=WRITTEN_FILE,
    help=t("Model (JSON).", "模型文件（JSON）。"),
)
@common
def fit_command(output: Output, data: Path, columns: tuple[str, ...], until: str, target: Path) -> None:
    """A model of delays is a mean, a weight and a list of residuals, all integers."""
    check_apart(target, data)
    rows, last = _read(data, columns), day(until)
    model = delays.fit(rows.known_at(last), last)
    model.save(target)
    output.data(
        {"saved": str(target), "invoices": model.invoices, "customers": model.customers, "refused": _refused(rows)}
    )
    _tell_refused(output, rows)
    output.line(
        t(
            f"Fitted on {model.invoices:,} settled invoices of {model.customers:,} customers, saved to {target.name}.",
            f"已用 {model.customers:,} 个客户的 {model.invoices:,} 张已结清发票拟合，存入 {target.name}。",
        )
    )


@delays_group.command(
    "evaluate",
    help=t(
        "Try it out of time, beside the customer's prior late rate alone.", "按时间外样本检验，并与客户以往逾期率对照。"
    ),
)
@_DATA
@_COLUMN
@click.option(
    "--from", "start", required=True, help=t("Tried on invoices issued from this day on.", "检验此日及以后开具的发票。")
)
@click.option("--seed", default=1, show_default=True, help=t("Of the intervals.", "区间抽样的种子。"))
@common
def evaluate_command(output: Output, data: Path, columns: tuple[str, ...], start: str, seed: int) -> None:
    """Fitted on what was settled before that day; a customer's history counts as far as it was settled before each invoice."""
    rows = _read(data, columns)
    found = delays.evaluate(rows, day(start), seed=seed)
    output.data({**found, "refused": _refused(rows)})
    _tell_refused(output, rows)
    output.table(
        ("", t("model", "模型"), t("prior late rate alone", "仅以往逾期率")),
        [
            (
                "AUC",
                f"{found['auc']:.4f} ({found['auc_low']:.3f}–{found['auc_high']:.3f})",
                f"{found['prior_rate_auc']:.4f}",
            ),
            ("Brier", f"{found['brier']:.4f}", f"{found['prior_rate_brier']:.4f}"),
            (t("log loss", "对数损失"), f"{found['log_loss']:.4f}", f"{found['prior_rate_log_loss']:.4f}"),
        ],
        right=(1, 2),
    )
    is_gain = found["gain_low"] > 0
    output.line(
        t(
            f"Gain in AUC {found['gain']:+.4f} (95 % interval {found['gain_low']:+.4f} to {found['gain_high']:+.4f})"
            + (": a gain." if is_gain else ": no gain that could be told from none."),
            f"AUC 差 {found['gain']:+.4f}（95% 区间 {found['gain_low']:+.4f} 至 {found['gain_high']:+.4f}）"
            + ("，有提升。" if is_gain else "，未见可确认的提升。"),
        )
    )


@delays_group.command(
    "score", help=t("Say of each open receivable how likely it is paid late.", "对每笔未结清的应收账款给出逾期概率。")
)
@click.argument("model", type=READ_FILE)
@_DATA
@_COLUMN
@click.option(
    "--as-of", "as_of", required=True, help=t("What was settled later counts as open.", "此日之后结清的视为未结清。")
)
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=WRITTEN_FILE,
    help=t("Scores (CSV).", "评分文件（CSV）。"),
)
@common
def score_command(output: Output, model: Path, data: Path, columns: tuple[str, ...], as_of: str, target: Path) -> None:
    """late_millionths is the score of record, the interval says how sure the customer's own mean is; who is overdue is late."""
    check_apart(target, model, data)
    loaded, on = delays.DelayModel.load(model), day(as_of)
    rows = _read(data, columns)
    known = rows.known_at(on)
    waiting = [r for r in known.rows if r.settled_on is None]
    names = ("row", "customer", "number", "settled_before", "late_before", "late_millionths", "late_low", "late_high",
             "expected_days", "days_low", "days_high")  # fmt: skip
    count = 0
    with whole_file(target, encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for p in delays.predict(loaded, known, waiting, open_on=on):
            days = (f"{p.expected_days:.2f}", f"{p.days_low:.1f}", f"{p.days_high:.1f}")
            own = (p.history.settled, p.history.late, p.score, p.low, p.high)
            writer.writerow((p.row, harmless(p.customer), harmless(p.number), *own, *days))
            count += 1
    output.data({"saved": str(target), "scored": count, "refused": _refused(rows)})
    _tell_refused(output, rows)
    output.line(
        t(
            f"{count:,} open receivables scored, saved to {target.name}.",
            f"已评分 {count:,} 笔未结清应收账款，存入 {target.name}。",
        )
    )


def _read(data: Path, columns: tuple[str, ...]) -> Receivables:
    named = {}
    for text in columns:
        name, sign, header = text.partition("=")
        if not sign or not header:
            raise UsageError(
                t(f"{text!r} does not say FIELD=HEADER", f"“{text}”不是“字段=表头”的形式"), code="BAD_COLUMN"
            )
        named[name] = header
    return read_receivables(data, named)


def _refused(rows: Receivables) -> list[dict[str, object]]:
    return [r._asdict() for r in rows.refused]


def _tell_refused(output: Output, rows: Receivables) -> None:
    for row in rows.refused[:20]:
        output.line(
            f"  {t('row', '第')} {row.row}{t('', ' 行')} {row.code} [{row.field}]: {explain(row.code, row.code)}"
        )
    if len(rows.refused) > 20:
        output.line(t(f"  … {len(rows.refused) - 20:,} more", f"  … 另有 {len(rows.refused) - 20:,} 行"))


COMMANDS = (watch_command, alerts_command, acknowledge_command, guarantees_command, delays_group)
