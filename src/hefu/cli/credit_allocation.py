"""`hefu credit allocate`: a budget shared among many firms, as a file that checks."""

from __future__ import annotations

import csv
import io
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from hefu import __version__
from hefu.cli.common import common
from hefu.cli.credit_policy import AT, DECISION_FILE, POLICY, instant, policy_text
from hefu.cli.credit_store import synthetic_note
from hefu.cli.language import t
from hefu.cli.options import FORCE, READ_FILE, WRITTEN_FILE, check_new
from hefu.cli.output import Output
from hefu.credit.decision import allocation
from hefu.credit.decision.churn import read_churn, with_churn
from hefu.credit.decision.document import SALT_BYTES
from hefu.credit.decision.node import Node
from hefu.credit.decision.numbers import ONE, format_ppm, parse_fen
from hefu.credit.decision.policy import read_policy
from hefu.credit.decision.portfolio import Firm
from hefu.credit.decision.words import CAPS
from hefu.documents.invoices.report import harmless
from hefu.documents.invoices.saving import whole_file
from hefu.kernel.errors import UsageError
from hefu.kernel.keyfile import publish
from hefu.kernel.money import format_minor

ROW_KINDS = {"budget": "总额", "cap": "上限", "floor": "下限", "loss": "预期损失", "capital": "资本"}


@click.command(
    "allocate",
    help=t(
        "Share a budget among many firms: to whom, how much, at what price.",
        "在众多企业之间分配信贷总额：贷给谁、贷多少、以何利率。",
    ),
)
@click.argument("firms_path", metavar="FIRMS", type=READ_FILE)
@POLICY
@click.option("--budget", required=True, help=t("Yuan.", "总额（元）。"))
@click.option(
    "--churn",
    "churn_path",
    type=READ_FILE,
    help=t("Table: who turns an offer down at which rate (CSV).", "客户流失率表：各利率下的流失率（CSV）。"),
)
@click.option(
    "--planned",
    help=t(
        "Book that caps are shares of, yuan; the budget if absent.",
        "各项占比上限所依据的贷款总规模（元），缺省为总额。",
    ),
)
@click.option(
    "--taken",
    multiple=True,
    metavar="RULE=YUAN",
    help=t("Outstanding under a capped rule; may be repeated.", "某项上限已占用的金额，可重复指定。"),
)
@click.option(
    "--rules",
    "with_rules",
    is_flag=True,
    help=t("Solve again without each rule, to tell what it moves.", "逐条去掉规则重新求解，说明各规则的影响。"),
)
@click.option(
    "--synthetic",
    "synthetic",
    is_flag=True,
    help=t("Mark the file: these firms are made up.", "在文件中注明企业均为虚构。"),
)
@click.option(
    "--table",
    "table_path",
    type=WRITTEN_FILE,
    help=t("Offers as CSV, too.", "同时输出授信表（CSV）。"),
)
@AT
@DECISION_FILE
@FORCE
@common
def allocate_command(
    output: Output,
    firms_path: Path,
    policy_path: Path,
    budget: str,
    churn_path: Path | None,
    planned: str | None,
    taken: tuple[str, ...],
    with_rules: bool,
    synthetic: bool,
    table_path: Path | None,
    at: str | None,
    target: Path,
    force: bool,
) -> None:
    """
    FIRMS is a table (CSV) with columns firm (or firm_id), default_ppm (or default, such as 4.35%) and, where known, limit (yuan), industry, lists (words
    with blanks between) and purpose; others are not read. Firms of a Hefu store whose codes begin with SYN- are marked as made up.
    """
    from hefu.credit.decision.optimise import allocate, effects_of

    check_new(target, force=force)
    if table_path is not None:
        check_new(table_path, force=force)
        if table_path.absolute() == target.absolute():
            raise UsageError(
                t("two files of one name are to be written", "两个输出文件同名"), code="FILE_EXISTS", where=str(target)
            )
    text = policy_text(policy_path)
    left_out: Counter[str] = Counter()
    firms = tuple(_firms(firms_path, left_out))
    churn = read_churn(churn_path.read_bytes()) if churn_path else None
    policy = read_policy(text.encode())
    if churn is not None:
        policy = with_churn(policy, churn)
    money = _positive(budget, "--budget")
    inputs = allocation.Inputs(
        policy=text,
        churn=None if churn is None else {c.name: c.points for c in policy.churn},
        firms=firms,
        budget=money,
        planned=_positive(planned, "--planned") if planned else money,
        taken=_taken(taken),
        at_ms=instant(at),
        salt=secrets.token_bytes(SALT_BYTES),
        is_synthetic=synthetic or any(firm.name.startswith("SYN-") for firm in firms),
        hefu=__version__,
    )
    problem = inputs.to_problem(policy)
    made = allocate(problem)
    effects = effects_of(problem, made) if with_rules else []
    raw, digest = allocation.write(inputs, problem, made.choices, made.prices_ppm, effects)
    # What is handed out has been checked as whoever gets it will check it.
    allocation.replay(raw, digest=digest)
    publish(target, raw, overwrite=force)
    if table_path is not None:
        _save_table(table_path, problem, made)
    _told_allocation(output, inputs, problem, made, effects, left_out, target, digest)


def _positive(text: str, name: str) -> int:
    minor = parse_fen(text)
    if minor <= 0:
        raise UsageError(t("an amount is above zero", "金额应大于零"), code="BAD_AMOUNT", where=name)
    return minor


def _taken(texts: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        name, sign, amount = text.partition("=")
        if not sign or name in found:
            raise UsageError(
                t(f"{text!r} does not say RULE=YUAN once", f"“{text}”不是“规则=金额”的形式，或规则重复"),
                code="BAD_FIELD",
                where="--taken",
            )
        found[name] = parse_fen(amount)
    return found


def _firms(path: Path, left_out: Counter[str]) -> Iterator[Firm]:
    try:
        reader = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")))
        # Scores carry the identifier's own name.
        reader.fieldnames = ["firm" if name == "firm_id" else name for name in reader.fieldnames or ()]
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise UsageError(
            t("the table of firms is not CSV in UTF-8", "企业表不是 UTF-8 编码的 CSV"), code="BAD_FIRMS"
        ) from None
    names = set(reader.fieldnames)
    if not names >= {"firm"} or not names & {"default", "default_ppm"}:
        raise UsageError(
            t(
                "the table needs the columns firm and default_ppm (or default)",
                "企业表须有 firm 与 default_ppm（或 default）两列",
            ),
            code="BAD_FIRMS",
            where="row 1",
        )
    for number, row in enumerate(rows, 2):
        # Cells past the header have no name.
        if None in row or any(value is None for value in row.values()):
            raise UsageError(
                t("the row has more or fewer cells than the header", "该行单元格数与表头不符"),
                code="BAD_FIRMS",
                where=f"row {number}",
            )
        table: dict[str, Any] = {name: value.strip() for name, value in row.items() if value.strip()}
        if not table:
            continue
        node = Node(table, f"row {number}")
        # Who could not be scored, or was granted nothing before, is lent nothing; an empty limit sets no bound of its own.
        limit = node.amount("limit", None)
        if "error" in table or limit == 0:
            left_out["unscored" if "error" in table else "limit_zero"] += 1
            continue
        default = node.share("default") if "default" in node else _ppm(node, table)
        yield Firm(
            node.text("firm"),
            default,
            limit or 0,
            node.text("industry", "", empty=True),
            tuple(dict.fromkeys(node.text("lists", "", empty=True).replace(";", " ").split())),
            node.text("purpose", "", empty=True),
        )


def _ppm(node: Node, table: Mapping[str, str]) -> int:
    text = table.get("default_ppm", "")
    if not text.isascii() or not text.isdigit() or len(text) > 7 or int(text) > ONE:
        raise node.wrong("default_ppm", "a whole number from 0 to 1000000 is expected")
    return int(text)


def _save_table(path: Path, problem: Any, made: Any) -> None:
    with whole_file(path) as stream:
        writer = csv.writer(stream)
        writer.writerow(("firm", "amount", "rate", "default_ppm", "expected_profit", "expected_loss"))
        for choice in made.choices:
            firm, result = problem.firms[problem.candidates[choice.candidate].firm], problem.result(choice)
            writer.writerow(
                (
                    harmless(firm.name),
                    format_minor(choice.amount, "CNY").replace(",", ""),
                    format_ppm(choice.rate_ppm),
                    firm.default_ppm,
                    format_minor(result.profit, "CNY").replace(",", ""),
                    format_minor(result.loss, "CNY").replace(",", ""),
                )
            )


def _told_allocation(
    output: Output,
    inputs: allocation.Inputs,
    problem: Any,
    made: Any,
    effects: Sequence[allocation.Effect],
    left_out: Counter[str],
    target: Path,
    digest: str,
) -> None:
    totals, used = made.totals, problem.used(made.choices)
    output.data(
        {
            "saved": str(target),
            "digest": digest,
            "synthetic": inputs.is_synthetic,
            "firms": len(inputs.firms),
            "refused": len(problem.refused),
            "left_out": dict(left_out),
            "unmet_floors": list(problem.unmet_floors),
            "offers": totals.firms,
            "offered": totals.offered,
            "lent": totals.expected.lent,
            "interest": totals.expected.interest,
            "loss": totals.expected.loss,
            "profit": totals.profit,
            "bound": made.bound,
            "gap_ppm": made.gap_ppm,
            "rows": [
                {"name": row.name, "kind": row.kind, "room": row.room, "used": part, "price_ppm": price}
                for row, part, price in zip(problem.rows, used, made.prices_ppm)
            ],
            "effects": [{name: getattr(e, name) for name in allocation.Effect.__dataclass_fields__} for e in effects],
        }
    )
    synthetic_note(output, inputs.is_synthetic)

    def yuan(minor: int) -> str:
        return format_minor(minor, "CNY")

    output.line(
        t(
            f"{totals.firms:,} of {len(inputs.firms):,} firms are offered {yuan(totals.offered)} yuan; {yuan(totals.expected.lent)} are expected to be "
            f"taken up.",
            f"{len(inputs.firms):,} 家企业中有 {totals.firms:,} 家获得授信，共 {yuan(totals.offered)} 元；预计实际提用 {yuan(totals.expected.lent)} 元。",
        )
    )
    output.line(
        t(
            f"Expected: interest {yuan(totals.expected.interest)}, loss {yuan(totals.expected.loss)}, profit {yuan(totals.profit)} yuan; no allocation "
            f"brings more than {yuan(made.bound)}, of which {format_ppm(made.gap_ppm)} are missed at most.",
            f"预期利息 {yuan(totals.expected.interest)} 元，损失 {yuan(totals.expected.loss)} 元，收益 {yuan(totals.profit)} 元；"
            f"任何方案的收益不超过 {yuan(made.bound)} 元，差距至多为其 {format_ppm(made.gap_ppm)}。",
        )
    )
    if left_out:
        output.line(
            t(
                f"Left out: {left_out['unscored']:,} that could not be scored, {left_out['limit_zero']:,} whose own limit is zero.",
                f"未参与分配：无法评分 {left_out['unscored']:,} 家，自身额度为零 {left_out['limit_zero']:,} 家。",
            )
        )
    steering = {rule.code: (rule.english, rule.chinese) for rule in problem.policy.steering}
    for name in problem.unmet_floors:
        output.line(
            t(
                f"Nothing can be lent: the policy wants a part of it to go to {steering[name][0]}, and no such firm is there.",
                f"无法放款：政策要求部分投向“{steering[name][1]}”，而企业表中没有此类企业。",
            )
        )
    plain = {
        "budget": ("the budget", "总额"),
        "loss": ("expected losses", "预期损失"),
        "capital": ("capital", "资本"),
        **CAPS,
        **steering,
    }
    output.table(
        (t("bound", "约束"), t("kind", "类别"), t("one more yuan brings, yuan", "每放宽一元的收益（元）")),
        [
            (t(*plain[row.name]), t(row.kind, ROW_KINDS[row.kind]), f"{price / ONE:.4f}")
            for row, price in zip(problem.rows, made.prices_ppm)
        ],
        right=(2,),
    )
    if effects:
        output.table(
            (
                t("rule", "规则"),
                t("profit", "收益"),
                t("expected loss", "预期损失"),
                t("to the firms meant", "投向所指企业"),
                t("without it", "无此规则时"),
            ),
            [(t(*plain[e.rule]), yuan(e.profit), yuan(e.loss), yuan(e.meant), yuan(e.meant_without)) for e in effects],
            right=(1, 2, 3, 4),
        )
    output.line(t(f"Saved to {target.name}; digest {digest}", f"已存入 {target.name}；摘要 {digest}"))
