"""What the credit desk said in `hefu demo`: figures, and a few firms in words."""

from __future__ import annotations

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
            t("because; what would turn it", "理由；如何可改变结论"),
        ),
        [_row(case, policy) for case in outcome.cases],
        right=(1, 2, 4, 5),
    )
    output.line(
        t(
            f"{told['firms']:,} firms assessed from what was known on {told['as_of']}: {told['approve']:,} approved, "
            f"{told['refer']:,} to be seen by a person, {told['refuse']:,} refused.",
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
    decided = Path(told["model"]).parent / f"{outcome.cases[-1].decision.digest}.json"
    output.line(t("A decision replays to the bit:", "任一决策均可逐位重放："))
    output.line(f"    hefu credit replay {decided} --model {told['model']}")


def _row(case: Case, policy: Policy) -> tuple[str, ...]:
    answer, score = case.decision.answer, case.decision.score
    why = next((why for why in answer.reasons if why.effect == answer.verdict), None)
    words = [t(*text_of(why, policy))] if why is not None else []
    if case.found is not None and case.found.turn is not None:
        names = {change.field: t(change.english, change.chinese) for change in policy.changes}
        moves = ", ".join(
            f"{names[move.field]} {shown_value(move.field, move.old)} → {shown_value(move.field, move.new)}"
            for move in case.found.turn.moves
        )
        words.append(t(f"would turn: {moves}", f"改变条件：{moves}"))
    return (
        case.name,
        str(score.points),
        format_ppm(score.default_ppm),
        t(*VERDICTS[answer.verdict]),
        format_minor(answer.limit, "CNY") if answer.limit else "",
        format_ppm(answer.offers[0].rate_ppm) if answer.offers else "",
        "; ".join(words),
    )
