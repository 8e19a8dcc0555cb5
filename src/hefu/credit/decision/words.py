"""
Reasons in plain words, English and Chinese side by side: what a borrower is told, and what the desk sees. Words only; nothing
here decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hefu.credit.decision.decide import Why
from hefu.credit.decision.numbers import format_ppm
from hefu.credit.decision.policy import KINDS, Policy
from hefu.kernel.money import format_minor


@dataclass(frozen=True, slots=True)
class Word:
    """
    One reason's text.

    Args:
        unit: Of `have` and `need`: "share", "fen", "days", "count", "value" (a field's own integer) or "" for none.
        english, chinese: With {subject}, {have} and {need}.
    """

    unit: str
    english: str
    chinese: str


WORDS: Mapping[str, Word] = {
    "DEFAULT_TOO_LIKELY": Word(
        "share",
        "the data point to a probability of default of {have} in a year; the bank lends up to {need}",
        "根据数据估计，一年内违约概率为{have}，超过本行可放款上限{need}",
    ),
    "DEFAULT_REFERRED": Word(
        "share",
        "the probability of default is {have}; above {need} a person looks at the case",
        "违约概率为{have}，超过{need}须人工审查",
    ),
    "SCORE_UNSURE": Word(
        "share",
        "the data leave room for doubt: the probability's interval is {have} wide, and above {need} a person looks",
        "数据不足以给出可靠判断：违约概率区间宽度为{have}，超过{need}须人工审查",
    ),
    "OVERDUE": Word(
        "days", "a debt is overdue by {have}; the bank lends up to {need}", "存在逾期{have}的债务，超过可接受的{need}"
    ),
    "OVERDUE_REFERRED": Word(
        "days", "a debt is overdue by {have}; a person looks at the case", "存在逾期{have}的债务，须人工审查"
    ),
    "TENOR_TOO_LONG": Word(
        "days", "{have} are asked for; the longest tenor is {need}", "申请期限{have}，超过最长期限{need}"
    ),
    "ASKED_TO_LOOK": Word("", "somebody asked that a person look: {subject}", "已要求人工审查：{subject}"),
    "RULE": Word("value", "{subject}", "{subject}"),
    "RULE_UNKNOWN": Word(
        "", "the data do not show whether this is so: {subject}", "数据未能表明是否存在以下情形：{subject}"
    ),
    "LIMIT_TOO_SMALL": Word(
        "fen",
        "what the data and the backing carry is {have} yuan; the smallest loan is {need} yuan",
        "数据与担保资产可支持的额度为{have}元，低于最低放款额{need}元",
    ),
    "AMOUNT_REFERRED": Word(
        "fen",
        "a person approves amounts above {need} yuan; this one is {have} yuan",
        "额度{have}元，超过{need}元须人工审批",
    ),
    "NO_DATA_TO_LEND_ON": Word(
        "",
        "no source shows what the firm earns, so there is no limit on its data",
        "没有数据显示企业的经营收入，无法核定数据信用额度",
    ),
    "FEW_SOURCES": Word(
        "count",
        "{have} of the {need} sources wanted show what the firm earns; the limit is reduced",
        "显示经营收入的数据源有{have}个，应有{need}个，额度相应下调",
    ),
    "CAP": Word(
        "fen",
        "{subject} leaves {need} yuan of the {have} yuan that data and backing carry",
        "可支持额度{have}元，受{subject}限制为{need}元",
    ),
    "PRICE_TOO_HIGH": Word(
        "share",
        "{subject} would have to cost {have} a year to pay for its risk; the bank asks for {need} at most",
        "{subject}按风险定价年利率须达{have}，超过本行上限{need}，故不提供",
    ),
    "FACILITY_REFUSED": Word(
        "share",
        "{subject} is not offered above a probability of default of {need}; here it is {have}",
        "违约概率{have}，超过{need}，不提供{subject}",
    ),
    "STEERED_PRICE": Word("share", "the price is changed by {have} a year: {subject}", "利率调整{have}：{subject}"),
    "STEERED_LIMIT": Word(
        "share", "the limit on data is {have} of the usual one: {subject}", "数据信用额度为常规的{have}：{subject}"
    ),
    "NOT_OFFERED": Word("", "{subject}: the bank does not lend on this kind", "{subject}：本行不以此类资产放款"),
    "ENCUMBERED": Word("", "{subject}: pledged, frozen or financed already", "{subject}：已质押、冻结或已融资"),
    "SAME_TRADE": Word(
        "", "{subject}: another document of the same trade counts already", "{subject}：同一笔交易已有其他单据计入"
    ),
    "EVIDENCE_MISSING": Word("", "{subject}: more evidence of the trade is needed", "{subject}：贸易证明不足"),
    "GOODS_NOT_TAKEN": Word("", "{subject}: goods of this kind are not lent on", "{subject}：不接受此类货物"),
    "VALUED_IN_FUTURE": Word("", "{subject}: the valuation is dated in the future", "{subject}：估值日期晚于今日"),
    "VALUATION_OLD": Word("", "{subject}: the valuation is too old", "{subject}：估值已过期"),
    "PAST_DUE": Word("", "{subject}: due already", "{subject}：已到期"),
    "DUE_TOO_LATE": Word("", "{subject}: due later than the longest tenor", "{subject}：到期日超过最长期限"),
    "PAYER_UNKNOWN": Word("", "{subject}: nothing is known of who pays", "{subject}：付款方信用状况未知"),
    "PAYER_RISKY": Word("", "{subject}: who pays is too likely to default", "{subject}：付款方违约概率过高"),
    "WORTH_NOTHING": Word("", "{subject}: worth nothing after the haircut", "{subject}：折扣后价值为零"),
}
CAPS: Mapping[str, tuple[str, str]] = {
    "maximum": ("the largest limit, less what is outstanding here,", "单户上限（扣除在本行的余额）"),
    "request": ("the amount asked for", "申请金额"),
    "debts": ("the bound on all debts together", "总负债上限"),
}
FACILITIES: Mapping[str, tuple[str, str]] = {
    "receivables": ("a loan on confirmed receivables", "确权应收账款融资"),
    "decored": ("a loan on receivables without confirmation", "未确权应收账款融资（脱核）"),
    "orders": ("a loan on orders", "订单融资"),
    "goods": ("a loan on goods", "存货融资"),
    "data": ("a loan on the firm's data", "数据信用贷款"),
}
#: What the model says of a field that took points off.
TOOK: Mapping[str, tuple[str, str]] = {
    "TOO_LOW": ("is low", "偏低"),
    "TOO_HIGH": ("is high", "偏高"),
    "CATEGORY": ("is of a kind that defaults more often", "属违约较多的类别"),
    "UNKNOWN": ("is not known", "未知"),
}
assert set(FACILITIES) == set(KINDS)


def text_of(why: Why, policy: Policy) -> tuple[str, str]:
    """A reason in English and in Chinese."""
    word, subject = WORDS[why.word], _subject(why, policy)
    have, need = (_shown(value, word.unit) for value in (why.have, why.need))
    return tuple(
        text.format(subject=name, have=a, need=b)
        for text, name, a, b in (
            (word.english, subject[0], have[0], need[0]),
            (word.chinese, subject[1], have[1], need[1]),
        )
    )  # type: ignore[return-value]


def _subject(why: Why, policy: Policy) -> tuple[str, str]:
    name = why.subject
    if why.word in ("RULE", "RULE_UNKNOWN"):
        rule = next((rule for rule in policy.rules if rule.code == name), None)
        return (rule.english, rule.chinese) if rule else (name, name)
    if name in FACILITIES and why.effect == "limit":
        return FACILITIES[name]
    if name in CAPS and why.word == "CAP":
        return CAPS[name]
    steering = next((rule for rule in policy.steering if rule.code == name), None)
    return (steering.english, steering.chinese) if steering else (name, name)


def _shown(value: int | None, unit: str) -> tuple[str, str]:
    if value is None:
        return "", ""
    if unit == "share":
        return format_ppm(value), format_ppm(value)
    if unit == "fen":
        return format_minor(value, "CNY"), format_minor(value, "CNY")
    if unit == "days":
        return f"{value} days" if value != 1 else "1 day", f"{value}天"
    return str(value), str(value)
