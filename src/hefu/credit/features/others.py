"""Features of tax filings, bank flows, stock, capacity, electricity and water."""

from __future__ import annotations

from collections.abc import Mapping

from hefu.credit.features.definitions import CellTable, Column, Fact, Feature, Key, count, largest, smallest, top, total
from hefu.credit.features.invoices import YEAR, YEAR_BEFORE

#: Days of a month that a period must cover for the month to be compared with another source.
COVERED = 28


def _windows(names: tuple[str, ...]) -> dict[str, Fact]:
    return {
        f"{name}_{window}": total(f"{name} if {where} else 0")
        for name in names
        for window, where in (("12", YEAR), ("prior", YEAR_BEFORE))
    }


def _moments(name: str) -> dict[str, Fact]:
    return {
        f"{name}_square_12": total(f"square({name}) if {YEAR} else square(0)"),
        f"{name}_ramp_12": total(f"m * {name} if {YEAR} else 0"),
    }


def _growth(name: str) -> str:
    return f"({name}_12 - {name}_prior) / ({name}_prior if {name}_prior > 0 else 0)"


def _volatility(name: str) -> str:
    return f"sqrt(12 * {name}_square_12 - {name}_12 * {name}_12) / ({name}_12 if {name}_12 > 0 else 0)"


def _slope(name: str) -> str:
    return f"(78 * {name}_12 - 12 * {name}_ramp_12) * 12 / (1716 * ({name}_12 if {name}_12 > 0 else 0))"


#: What is summed up by month, by source.
MONTHLY: Mapping[str, Mapping[str, str]] = {
    "tax": {
        "tax_rows": "1",
        "tax_declared": "declared if kind == 'vat' else 0",
        "tax_payable": "payable if kind == 'vat' else 0",
        "tax_due": "payable",
        "tax_paid": "paid",
        "tax_covered": "days if kind == 'vat' else 0",
        "tax_filings": "ends",
        "tax_late": "ends * late",
    },
    "bank": {
        "bank_rows": "1",
        "bank_in": "amount if amount > 0 else 0",
        "bank_out": "0 - amount if amount < 0 else 0",
        "bank_n": "1",
        "bank_wages": "0 - amount if category == 'wages' and amount < 0 else 0",
        "bank_debt": "0 - amount if category == 'debt_service' and amount < 0 else 0",
        "bank_borrowed": "amount if category == 'borrowing' and amount > 0 else 0",
        "bank_sales_in": "amount if category != 'borrowing' and amount > 0 else 0",
    },
    "inventory": {"inventory_rows": "1"},
    "capacity": {
        "capacity_rows": "1",
        "capacity_available": "available",
        "capacity_run": "run",
        "capacity_output": "output",
        "capacity_covered": "days",
    },
    "electricity": {"electricity_rows": "1", "electricity_wh": "wh", "electricity_covered": "days"},
    "water": {"water_rows": "1", "water_litres": "litres", "water_covered": "days"},
}

#: Facts by month, of one source each.
MONTH_FACTS: Mapping[str, Fact] = {
    **{f"{source}_present": total(f"{source}_rows") for source in MONTHLY},
    **_windows(("tax_declared", "tax_payable", "tax_due", "tax_paid", "tax_filings", "tax_late")),
    "tax_months_12": count(f"tax_covered >= {COVERED} and {YEAR}"),
    **_windows(("bank_in", "bank_out", "bank_n", "bank_wages", "bank_debt", "bank_borrowed", "bank_sales_in")),
    **_moments("bank_in"),
    "bank_wage_months_12": count(f"bank_wages > 0 and {YEAR}"),
    "bank_short_months_12": count(f"bank_out > bank_in and {YEAR}"),
    "bank_months_12": count(f"bank_n > 0 and {YEAR}"),
    **_windows(("capacity_available", "capacity_run", "capacity_output")),
    **_moments("capacity_run"),
    "capacity_idle_months_12": count(f"capacity_available > 0 and capacity_run == 0 and {YEAR}"),
    "capacity_months_12": count(f"capacity_covered >= {COVERED} and {YEAR}"),
    **_windows(("electricity_wh",)),
    **_moments("electricity_wh"),
    "electricity_months_12": count(f"electricity_covered >= {COVERED} and {YEAR}"),
    "electricity_least_12": smallest("electricity_wh", f"electricity_covered >= {COVERED} and {YEAR}"),
    "electricity_3": total("electricity_wh if 1 <= m <= 3 else 0"),
    "electricity_4_6": total("electricity_wh if 4 <= m <= 6 else 0"),
    **_windows(("water_litres",)),
    **_moments("water_litres"),
    "water_months_12": count(f"water_covered >= {COVERED} and {YEAR}"),
}

_PAYER = "(payer_12 if payer_12 > 0 else 0)"
_STOCK_N = "inventory_day_n > 0 and {}"

TABLES: tuple[CellTable, ...] = (
    CellTable(
        "bank_payer",
        Key.VALUE,
        {"bank": {"received": "amount if amount > 0 and category != 'borrowing' else 0"}},
        {
            "payers_12": count("payer_12 > 0"),
            "payer_sum_12": total(_PAYER),
            "payer_square_12": total(f"square({_PAYER})"),
            "payer_top1_12": top(1, _PAYER),
        },
        key_text="party",
        columns={"payer_12": Column("received", 1, 12)},
    ),
    CellTable(
        "inventory_day",
        Key.DAY,
        {
            "inventory": {
                "inventory_day_n": "1",
                "inventory_value": "value",
                "inventory_finished": "value if kind == 'finished' else 0",
            }
        },
        {
            "inventory_last_ago": smallest("ago", "inventory_day_n > 0"),
            "inventory_days_12": count(_STOCK_N.format(YEAR)),
            "inventory_sum_12": total(f"inventory_value if {YEAR} else 0"),
            "inventory_finished_12": total(f"inventory_finished if {YEAR} else 0"),
            "inventory_days_3": count(_STOCK_N.format("0 <= m <= 3")),
            "inventory_sum_3": total("inventory_value if 0 <= m <= 3 else 0"),
            "inventory_days_13_15": count(_STOCK_N.format("13 <= m <= 15")),
            "inventory_sum_13_15": total("inventory_value if 13 <= m <= 15 else 0"),
            "inventory_most_12": largest("inventory_value", _STOCK_N.format(YEAR)),
        },
    ),
)


def _present(source: str, english: str, chinese: str) -> Feature:
    return Feature(
        f"{source}_present", "yes or no", f"1 if {source}_present > 0 else 0", english, chinese, "either", source
    )


FEATURES: tuple[Feature, ...] = (
    _present("tax", "Whether there are tax filings at all", "是否有纳税申报数据"),
    Feature("tax_declared_12m", "fen", "tax_declared_12", "Sales declared for VAT, 12 months", "近12个月增值税申报销售额", "safer", "tax"),
    Feature("tax_declared_growth", "ratio", _growth("tax_declared"), "Declared sales, 12 months against the 12 before",
            "申报销售额近12个月较前12个月增长率", "safer", "tax"),
    Feature("tax_burden_12m", "share", "tax_payable_12 / (tax_declared_12 if tax_declared_12 > 0 else 0)",
            "VAT payable against declared sales, 12 months", "近12个月增值税税负率", "either", "tax"),
    Feature("tax_unpaid_12m", "share", "(tax_due_12 - tax_paid_12) / (tax_due_12 if tax_due_12 > 0 else 0)",
            "Tax of all kinds payable and not paid, 12 months", "近12个月应缴未缴税款占比", "riskier", "tax"),
    Feature("tax_late_12m", "share", "tax_late_12 / tax_filings_12", "Filings after their due date, 12 months", "近12个月逾期申报占比",
            "riskier", "tax"),
    Feature("tax_months_12m", "count", "tax_months_12", "Months covered by a VAT filing, of 12", "近12个月中已申报增值税的月份数", "safer",
            "tax"),
    _present("bank", "Whether there are bank flows at all", "是否有银行流水"),
    Feature("bank_in_12m", "fen", "bank_sales_in_12", "Money received without borrowing, 12 months", "近12个月流入（不含借款）", "safer", "bank"),
    Feature("bank_in_growth", "ratio", _growth("bank_sales_in"), "Money received without borrowing, 12 months against the 12 before",
            "流入（不含借款）近12个月较前12个月增长率", "safer", "bank"),
    Feature("bank_in_volatility_12m", "ratio", _volatility("bank_in"), "Standard deviation of 12 monthly receipts against their mean",
            "近12个月月度流入标准差与均值之比", "riskier", "bank"),
    Feature("bank_in_slope_12m", "ratio per month", _slope("bank_in"), "Least-squares slope of receipts over 12 months, against the mean",
            "近12个月流入线性趋势斜率与均值之比", "safer", "bank"),
    Feature("bank_cover_12m", "ratio", "bank_sales_in_12 / bank_out_12", "Money received without borrowing against money paid, 12 months",
            "近12个月流入（不含借款）与流出之比", "safer", "bank"),
    Feature("bank_short_months_12m", "share", "bank_short_months_12 / bank_months_12", "Months with more paid than received, of 12",
            "近12个月中入不敷出的月份占比", "riskier", "bank"),
    Feature("bank_debt_12m", "share", "bank_debt_12 / (bank_sales_in_12 if bank_sales_in_12 > 0 else 0)",
            "Debt service against money received, 12 months", "近12个月还本付息与流入之比", "riskier", "bank"),
    Feature("bank_borrowed_12m", "share", "bank_borrowed_12 / bank_in_12", "Share of receipts that was borrowed, 12 months",
            "近12个月流入中借款占比", "riskier", "bank"),
    Feature("bank_wage_months_12m", "count", "bank_wage_months_12", "Months in which wages were paid, of 12", "近12个月中发放工资的月份数",
            "safer", "bank"),
    Feature("bank_wage_growth", "ratio", _growth("bank_wages"), "Wages, 12 months against the 12 before", "工资近12个月较前12个月增长率",
            "safer", "bank"),
    Feature("bank_payers_12m", "count", "payers_12", "Counterparties that paid, 12 months", "近12个月付款方数", "safer", "bank"),
    Feature("bank_payer_hhi_12m", "share", "payer_square_12 / (payer_sum_12 * payer_sum_12)",
            "Concentration of receipts on payers (Herfindahl-Hirschman), 12 months", "近12个月付款方集中度（HHI）", "riskier", "bank"),
    Feature("bank_payer_top1_12m", "share", "payer_top1_12 / payer_sum_12", "Largest payer, 12 months", "近12个月第一大付款方占比", "riskier",
            "bank"),
    _present("inventory", "Whether there are stock counts at all", "是否有库存数据"),
    Feature("inventory_mean_12m", "fen per count", "inventory_sum_12 / inventory_days_12", "Average stock over the counts of 12 months",
            "近12个月各次盘点平均库存", "either", "inventory"),
    Feature("inventory_change", "ratio",
            "(inventory_sum_3 / inventory_days_3) / (inventory_sum_13_15 / inventory_days_13_15) - 1",
            "Average stock now against a year ago", "当前平均库存较一年前变化", "riskier", "inventory"),
    Feature("inventory_finished_12m", "share", "inventory_finished_12 / inventory_sum_12", "Finished goods in stock, 12 months",
            "近12个月库存中产成品占比", "riskier", "inventory"),
    Feature("inventory_peak_12m", "ratio", "inventory_most_12 * inventory_days_12 / inventory_sum_12",
            "Highest count against the average, 12 months", "近12个月最高库存与平均库存之比", "riskier", "inventory"),
    Feature("inventory_recency", "days", "inventory_last_ago", "Days since the last count", "距最近一次盘点的天数", "riskier", "inventory"),
    _present("capacity", "Whether there are equipment hours at all", "是否有产能数据"),
    Feature("capacity_use_12m", "share", "capacity_run_12 / capacity_available_12", "Equipment hours run against available, 12 months",
            "近12个月设备利用率", "safer", "capacity"),
    Feature("capacity_use_change", "share", "capacity_run_12 / capacity_available_12 - capacity_run_prior / capacity_available_prior",
            "Equipment use, 12 months less the 12 before", "设备利用率较前12个月的变化", "safer", "capacity"),
    Feature("capacity_volatility_12m", "ratio", _volatility("capacity_run"), "Standard deviation of 12 monthly run hours against their mean",
            "近12个月月度运行工时标准差与均值之比", "riskier", "capacity"),
    Feature("capacity_idle_12m", "share", "capacity_idle_months_12 / capacity_months_12", "Months in which all equipment stood still, of 12",
            "近12个月中全部设备停机的月份占比", "riskier", "capacity"),
    Feature("capacity_output_growth", "ratio", _growth("capacity_output"), "Output, 12 months against the 12 before",
            "产量近12个月较前12个月增长率", "safer", "capacity"),
    Feature("capacity_yield_change", "ratio",
            "(capacity_output_12 / capacity_run_12) / (capacity_output_prior / capacity_run_prior) - 1",
            "Output an hour, 12 months against the 12 before", "单位工时产量较前12个月变化", "safer", "capacity"),
    _present("electricity", "Whether there are electricity readings at all", "是否有用电数据"),
    Feature("electricity_12m", "watt-hours", "electricity_wh_12", "Electricity, 12 months", "近12个月用电量", "safer", "electricity"),
    Feature("electricity_growth", "ratio", _growth("electricity_wh"), "Electricity, 12 months against the 12 before",
            "用电量近12个月较前12个月增长率", "safer", "electricity"),
    Feature("electricity_growth_3m", "ratio", "(electricity_3 - electricity_4_6) / (electricity_4_6 if electricity_4_6 > 0 else 0)",
            "Electricity, 3 months against the 3 before", "用电量近3个月较前3个月增长率", "safer", "electricity"),
    Feature("electricity_slope_12m", "ratio per month", _slope("electricity_wh"),
            "Least-squares slope of electricity over 12 months, against the mean", "近12个月用电线性趋势斜率与均值之比", "safer", "electricity"),
    Feature("electricity_volatility_12m", "ratio", _volatility("electricity_wh"),
            "Standard deviation of 12 monthly consumptions against their mean", "近12个月月度用电标准差与均值之比", "riskier", "electricity"),
    Feature("electricity_floor_12m", "ratio", "12 * electricity_least_12 / electricity_wh_12",
            "Least month that is covered against the mean month, 12 months", "近12个月最低月用电与月均之比", "safer", "electricity"),
    _present("water", "Whether there are water readings at all", "是否有用水数据"),
    Feature("water_12m", "litres", "water_litres_12", "Water, 12 months", "近12个月用水量", "safer", "water"),
    Feature("water_growth", "ratio", _growth("water_litres"), "Water, 12 months against the 12 before", "用水量近12个月较前12个月增长率",
            "safer", "water"),
    Feature("water_volatility_12m", "ratio", _volatility("water_litres"), "Standard deviation of 12 monthly consumptions against their mean",
            "近12个月月度用水标准差与均值之比", "riskier", "water"),
)  # fmt: skip
