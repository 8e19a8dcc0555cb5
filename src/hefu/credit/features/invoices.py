"""Features of what a firm sells and buys: level, trend, volatility, season, continuity, recency, concentration, voids, tax."""

from __future__ import annotations

from collections.abc import Mapping

from hefu.credit.features.definitions import (
    EVER,
    CellTable,
    Column,
    Direction,
    Fact,
    Feature,
    Key,
    count,
    gap,
    largest,
    smallest,
    top,
    total,
)

YEAR, YEAR_BEFORE = "1 <= m <= 12", "13 <= m <= 24"
#: Ten thousand yuan, in fen; an invoice over a whole multiple is a round one.
_ROUND = 1_000_000
_POST_DEFAULT = "where defaults have no date, an old last invoice may follow the default and not foretell it"
_SPAN = "rests on how long the data reach back: compare only firms with equally long histories"


def measures(side: str) -> Mapping[str, str]:
    """What is summed up by month."""
    return {
        f"{side}_rows": "1",
        f"{side}_n": "blue",
        f"{side}_net": "(blue + red) * net",
        f"{side}_blue": "blue * net",
        f"{side}_gross": "(blue + red) * gross",
        f"{side}_tax": "(blue + red) * tax",
        f"{side}_red_n": "red",
        f"{side}_red": "red * (0 - net)",
        f"{side}_void_n": "void",
        f"{side}_round_n": f"blue * multiple_of(gross, {_ROUND})",
    }


def month_facts(side: str) -> Mapping[str, Fact]:
    """Facts of one side by month."""
    s = side
    return {
        f"{s}_present": total(f"{s}_rows"),
        **{
            f"{s}_{what}_12": total(f"{s}_{what} if {YEAR} else 0")
            for what in ("n", "net", "blue", "gross", "tax", "red_n", "red", "void_n", "round_n")
        },
        **{f"{s}_{what}_prior": total(f"{s}_{what} if {YEAR_BEFORE} else 0") for what in ("n", "net", "tax")},
        **{f"{s}_{what}_all": total(f"{s}_{what}") for what in ("n", "net", "blue", "tax", "red_n", "red", "void_n")},
        f"{s}_net_3": total(f"{s}_net if 1 <= m <= 3 else 0"),
        f"{s}_net_4_6": total(f"{s}_net if 4 <= m <= 6 else 0"),
        f"{s}_square_12": total(f"square({s}_net) if {YEAR} else square(0)"),
        f"{s}_ramp_12": total(f"m * {s}_net if {YEAR} else 0"),
        f"{s}_months_12": count(f"{s}_n > 0 and {YEAR}"),
        f"{s}_months_prior": count(f"{s}_n > 0 and {YEAR_BEFORE}"),
        f"{s}_months_all": count(f"{s}_n > 0"),
        f"{s}_best_12": largest(f"{s}_net", f"{s}_net > 0 and {YEAR}"),
    }


def tables(side: str) -> tuple[CellTable, ...]:
    """Cells by counterparty, rate, day and season."""
    s = side
    positive = "({0} if {0} > 0 else 0)"
    year, before, ever = (positive.format(f"{s}_party_{window}") for window in ("12", "prior", "all"))
    return (
        CellTable(
            f"{s}_party",
            Key.VALUE,
            {s: {"net": "(blue + red) * net", "n": "blue"}},
            {
                f"{s}_parties_12": count(f"{s}_party_12 > 0"),
                f"{s}_parties_all": count(f"{s}_party_all > 0"),
                f"{s}_party_sum_12": total(year),
                f"{s}_party_sum_prior": total(before),
                f"{s}_party_sum_all": total(ever),
                f"{s}_party_square_12": total(f"square({year})"),
                f"{s}_party_square_all": total(f"square({ever})"),
                f"{s}_party_top1_12": top(1, year),
                f"{s}_party_top5_12": top(5, year),
                f"{s}_party_top1_all": top(1, ever),
                f"{s}_party_new_12": total(f"{s}_party_12 if {s}_party_12 > 0 and {s}_party_n_before == 0 else 0"),
                f"{s}_party_lost": total(f"{s}_party_prior if {s}_party_prior > 0 and {s}_party_n_since == 0 else 0"),
                f"{s}_party_lost_n": count(f"{s}_party_prior > 0 and {s}_party_n_since == 0"),
                f"{s}_parties_prior": count(f"{s}_party_prior > 0"),
            },
            key_text="party",
            columns={
                f"{s}_party_12": Column("net", 1, 12),
                f"{s}_party_prior": Column("net", 13, 24),
                f"{s}_party_all": Column("net", 0, EVER),
                f"{s}_party_n_since": Column("n", 0, 12),
                f"{s}_party_n_before": Column("n", 13, EVER),
            },
        ),
        CellTable(
            f"{s}_rate",
            Key.VALUE,
            {s: {"net": "blue * net"}},
            {
                f"{s}_rates_12": count(f"{s}_rate_12 > 0"),
                f"{s}_rate_sum_12": total(f"{s}_rate_12"),
                f"{s}_rate_top_12": top(1, f"{s}_rate_12"),
                f"{s}_rate_zero_12": total(f"{s}_rate_12 if key == 0 else 0"),
                f"{s}_rate_small_12": total(f"{s}_rate_12 if 1 <= key <= 5 else 0"),
            },
            # The rate to the nearest percent: amounts to the cent never give 13 % exactly.
            key_text="rounded_ratio(100 * tax, net) if blue == 1 and net > 0 and tax >= 0 else -1",
            columns={f"{s}_rate_12": Column("net", 1, 12)},
        ),
        CellTable(
            f"{s}_day",
            Key.DAY,
            {s: {f"{s}_day_n": "blue"}},
            {
                f"{s}_last_ago": smallest("ago", f"{s}_day_n > 0"),
                f"{s}_first_ago": largest("ago", f"{s}_day_n > 0"),
                f"{s}_days_90": count(f"{s}_day_n > 0 and ago < 90"),
                f"{s}_gap_days": gap(f"{s}_day_n > 0"),
            },
        ),
        CellTable(
            f"{s}_season",
            Key.VALUE,
            {s: {"net": "(blue + red) * net"}},
            {
                f"{s}_season_sum": total(positive.format(f"{s}_season_24")),
                f"{s}_season_square": total(f"square({positive.format(f'{s}_season_24')})"),
            },
            key_text="calendar",
            columns={f"{s}_season_24": Column("net", 1, 24)},
        ),
    )


def features(side: str) -> tuple[Feature, ...]:
    """Features of one side."""
    sales = side == "sales"
    s = side
    one, many, zh, zh_many = (
        ("sale", "customers", "销项", "客户") if sales else ("purchase", "suppliers", "进项", "供应商")
    )
    safer: Direction = "safer" if sales else "either"
    riskier: Direction = "riskier" if sales else "either"

    def feature(
        name: str,
        unit: str,
        formula: str,
        english: str,
        chinese: str,
        direction: Direction = "either",
        caution: str = "",
    ) -> Feature:
        return Feature(f"{s}_{name}", unit, formula, english, chinese, direction, s, caution)

    return (
        feature("present", "yes or no", f"1 if {s}_present > 0 else 0", f"Whether there are {s} invoices at all",
                f"是否有{zh}发票"),
        feature("12m", "fen", f"{s}_net_12", f"Net {s} of the last 12 complete months, red letters taken off",
                f"近12个完整月{zh}净额（已扣红字）", safer),
        feature("all", "fen", f"{s}_net_all", f"Net {s} of the whole history", f"全部历史{zh}净额", safer, _SPAN),
        feature("3m", "fen", f"{s}_net_3", f"Net {s} of the last 3 complete months", f"近3个完整月{zh}净额", safer),
        feature("invoices_12m", "count", f"{s}_n_12", f"Valid positive {one} invoices, 12 months", f"近12个月有效蓝字{zh}发票张数",
                safer),
        feature("invoices_all", "count", f"{s}_n_all", f"Valid positive {one} invoices, whole history", f"全部有效蓝字{zh}发票张数", safer,
                _SPAN),
        feature("mean_invoice_12m", "fen per invoice", f"{s}_blue_12 / {s}_n_12", "Average net amount of an invoice, 12 months",
                f"近12个月单张{zh}发票平均净额"),
        feature("growth_12m", "ratio", f"({s}_net_12 - {s}_net_prior) / ({s}_net_prior if {s}_net_prior > 0 else 0)",
                f"{s.capitalize()}, 12 months against the 12 before", "近12个月较前12个月增长率", safer, _POST_DEFAULT),
        feature("growth_3m", "ratio", f"({s}_net_3 - {s}_net_4_6) / ({s}_net_4_6 if {s}_net_4_6 > 0 else 0)",
                f"{s.capitalize()}, 3 months against the 3 before", "近3个月较前3个月增长率", safer, _POST_DEFAULT),
        feature("slope_12m", "ratio per month",
                f"(78 * {s}_net_12 - 12 * {s}_ramp_12) * 12 / (1716 * ({s}_net_12 if {s}_net_12 > 0 else 0))",
                "Least-squares slope over 12 months, against the monthly mean", "12个月线性趋势斜率与月均值之比", safer, _POST_DEFAULT),
        feature("volatility_12m", "ratio",
                f"sqrt(12 * {s}_square_12 - {s}_net_12 * {s}_net_12) / ({s}_net_12 if {s}_net_12 > 0 else 0)",
                "Standard deviation of 12 monthly sums against their mean; months without any count as zero",
                "12个月月度金额标准差与均值之比（无票月份计零）", riskier),
        feature("peak_12m", "share", f"{s}_best_12 / ({s}_net_12 if {s}_net_12 > 0 else 0)", "Best month's share of 12 months",
                "最高月份占12个月的比重", riskier),
        feature("season_24m", "ratio", f"12 * {s}_season_square / ({s}_season_sum * {s}_season_sum) - 1",
                "Unevenness over the months of the year, 24 months: 0 where all weigh the same, 11 where one holds all",
                "24个月按日历月份计的不均匀度：各月相同为0，集中于一个月为11"),
        feature("active_12m", "share", f"{s}_months_12 / 12", "Share of 12 months with an invoice", "近12个月中有票月份占比", safer),
        feature("active_prior", "share", f"{s}_months_prior / 12", "Share of the 12 months before with an invoice", "前12个月中有票月份占比",
                safer, _SPAN),
        feature("active_days_90d", "count", f"{s}_days_90", "Days with an invoice among the last 90", "近90天中有票天数", safer,
                _POST_DEFAULT),
        feature("longest_gap", "days", f"{s}_gap_days", "Longest time between two days with an invoice", "相邻两个有票日之间的最长间隔",
                riskier, _SPAN),
        feature("recency", "days", f"{s}_last_ago", "Days since the last invoice", "距最近一张发票的天数", riskier, _POST_DEFAULT),
        feature("history", "days", f"{s}_first_ago", "Days since the first invoice", "距最早一张发票的天数", safer, _SPAN),
        feature(f"{many}_12m", "count", f"{s}_parties_12", f"{many.capitalize()} with a positive net sum, 12 months",
                f"近12个月净额为正的{zh_many}数", safer),
        feature(f"{many}_all", "count", f"{s}_parties_all", f"{many.capitalize()} with a positive net sum, whole history",
                f"全部历史净额为正的{zh_many}数", safer, _SPAN),
        feature("hhi_12m", "share", f"{s}_party_square_12 / ({s}_party_sum_12 * {s}_party_sum_12)",
                f"Concentration on {many} (Herfindahl-Hirschman), 12 months", f"近12个月{zh_many}集中度（HHI）", riskier),
        feature("hhi_all", "share", f"{s}_party_square_all / ({s}_party_sum_all * {s}_party_sum_all)",
                f"Concentration on {many} (Herfindahl-Hirschman), whole history", f"全部历史{zh_many}集中度（HHI）", riskier),
        feature("top1_12m", "share", f"{s}_party_top1_12 / {s}_party_sum_12", f"Largest of the {many}, 12 months",
                f"近12个月第一大{zh_many}占比", riskier),
        feature("top5_12m", "share", f"{s}_party_top5_12 / {s}_party_sum_12", f"Five largest {many}, 12 months",
                f"近12个月前五大{zh_many}占比", riskier),
        feature("top1_all", "share", f"{s}_party_top1_all / {s}_party_sum_all", f"Largest of the {many}, whole history",
                f"全部历史第一大{zh_many}占比", riskier),
        feature(f"new_{many}_12m", "share", f"{s}_party_new_12 / {s}_party_sum_12",
                f"Share of 12 months from {many} never seen before them", f"近12个月中新增{zh_many}的金额占比"),
        feature(f"lost_{many}_12m", "share", f"{s}_party_lost / {s}_party_sum_prior",
                f"Share of the 12 months before that came from {many} not seen since", f"前12个月中此后再未出现的{zh_many}金额占比", riskier),
        feature(f"lost_{many}_count", "share", f"{s}_party_lost_n / {s}_parties_prior",
                f"Share of the {many} of the 12 months before that were not seen since", f"前12个月{zh_many}中此后再未出现的家数占比", riskier),
        feature("void_share_12m", "share", f"{s}_void_n_12 / ({s}_n_12 + {s}_red_n_12 + {s}_void_n_12)", "Voided invoices, 12 months",
                f"近12个月作废{zh}发票占比", "riskier"),
        feature("void_share_all", "share", f"{s}_void_n_all / ({s}_n_all + {s}_red_n_all + {s}_void_n_all)",
                "Voided invoices, whole history", f"全部历史作废{zh}发票占比", "riskier"),
        feature("red_share_12m", "share", f"{s}_red_12 / {s}_blue_12", "Red letters by amount, 12 months", f"近12个月{zh}红字金额占比", "riskier"),
        feature("red_share_all", "share", f"{s}_red_all / {s}_blue_all", "Red letters by amount, whole history",
                f"全部历史{zh}红字金额占比", "riskier"),
        feature("red_count_12m", "share", f"{s}_red_n_12 / ({s}_n_12 + {s}_red_n_12)", "Red letters by number, 12 months",
                f"近12个月{zh}红字张数占比", "riskier"),
        feature("round_12m", "share", f"{s}_round_n_12 / {s}_n_12", "Invoices over a whole multiple of 10,000 yuan, 12 months",
                f"近12个月价税合计为整万元的{zh}发票占比", "riskier"),
        feature("tax_rate_12m", "share", f"{s}_tax_12 / ({s}_net_12 if {s}_net_12 > 0 else 0)", "Tax against net, 12 months",
                f"近12个月{zh}平均税率"),
        feature("tax_rate_change", "share",
                f"{s}_tax_12 / ({s}_net_12 if {s}_net_12 > 0 else 0) - {s}_tax_prior / ({s}_net_prior if {s}_net_prior > 0 else 0)",
                "Tax against net, 12 months less the 12 before", f"近12个月{zh}平均税率较前12个月的变化"),
        feature("tax_rates_12m", "count", f"{s}_rates_12", "Different tax rates, to the nearest percent, 12 months",
                f"近12个月{zh}不同税率个数（四舍五入到百分点）"),
        feature("main_rate_12m", "share", f"{s}_rate_top_12 / {s}_rate_sum_12", "Share of the most used rate, 12 months",
                "近12个月最主要税率的金额占比"),
        feature("zero_rate_12m", "share", f"{s}_rate_zero_12 / {s}_rate_sum_12", "Share at no tax, 12 months", f"近12个月零税率{zh}金额占比"),
        feature("small_rate_12m", "share", f"{s}_rate_small_12 / {s}_rate_sum_12",
                "Share at 1 to 5 percent, as small-scale taxpayers invoice, 12 months", f"近12个月1%至5%征收率{zh}金额占比"),
    )  # fmt: skip
