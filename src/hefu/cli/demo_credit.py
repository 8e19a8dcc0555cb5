"""What the credit desk said in `hefu demo`: figures, and a few firms in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hefu.cli.credit_decision import VERDICTS, shown_value
from hefu.cli.language import t
from hefu.cli.output import Output
from hefu.credit.decision.numbers import format_ppm
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.decision.words import text_of
from hefu.kernel.money import format_minor
from hefu.services.crediting import Case
from hefu.services.story import Outcome


def report_credit(output: Output, outcome: Outcome) -> None:
    """Print it."""
    told = outcome.credit
    policy = read_policy(outcome.cases[0].decision.inputs.policy.encode())
    output.line()
    output.table(
        (
            t("firm", "企业"),
            t("points", "评分"),
            t("default in a year", "一年违约概率"),
            t("answer", "结论"),
            t("limit, CNY", "额度（元）"),
            t("rate", "年利率"),
        ),
        [_row(case) for case in outcome.cases],
        right=(1, 2, 4, 5),
    )
    for case in outcome.cases:
        for line in _words(case, policy):
            output.line(f"  · {case.name}{t(': ', '：')}{line}")
    output.line(
        t(
            f"{told['firms']:,} firms assessed from what was known on {told['as_of']}: {told['approve']:,} approved, "
            f"{told['refer']:,} for a person to decide, {told['refuse']:,} refused.",
            f"以 {told['as_of']} 前已知数据评估 {told['firms']:,} 家企业：批准 {told['approve']:,} 家，转人工 {told['refer']:,} 家，"
            f"拒绝 {told['refuse']:,} 家。",
        )
    )
    if "defaults_after" in told:
        output.line(
            t(
                f"Of the {told['defaults_after']:,} that the generator lets default in the year after, "
                f"{told['defaults_after_approved']:,} were approved.",
                f"生成器设定在此后一年内违约的 {told['defaults_after']:,} 家中，获批 {told['defaults_after_approved']:,} 家。",
            )
        )
    output.line(t("A decision replays to the bit:", "任一决策均可逐位重放："))
    decided = Path(told["model"]).parent / f"{outcome.cases[-1].decision.digest}.json"
    output.line(f"    hefu credit replay {decided} --model {told['model']}")


def _row(case: Case) -> tuple[str, ...]:
    answer, score = case.decision.answer, case.decision.score
    return (
        case.name,
        str(score.points),
        f"{score.default_ppm / 10_000:.2f} %",
        t(*VERDICTS[answer.verdict]),
        format_minor(answer.limit, "CNY") if answer.limit else "",
        format_ppm(answer.offers[0].rate_ppm) if answer.offers else "",
    )


def _words(case: Case, policy: Policy) -> Iterator[str]:
    for why in case.decision.answer.reasons:
        if why.effect == case.decision.answer.verdict:
            yield t(*text_of(why, policy))
    if case.found is None:
        return
    if case.found.turn is None:
        yield t(
            "nothing that it can change in a year was found to turn that",
            "未发现企业一年内可作出的、足以改变结论的变动",
        )
        return
    names = {change.field: t(change.english, change.chinese) for change in policy.changes}
    moves = "; ".join(
        f"{names[move.field]} ({shown_value(move.field, move.old)} → {shown_value(move.field, move.new)})"
        for move in case.found.turn.moves
    )
    yield t(f"what would turn it: {moves}", f"如何可改变结论：{moves}")
