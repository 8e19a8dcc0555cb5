"""Features across sources, and of a firm's place among the others: what agrees, what does not, who is linked to whom."""

from __future__ import annotations

from collections.abc import Mapping

from hefu.credit.features.definitions import Fact, Feature, count, total
from hefu.credit.features.invoices import YEAR, YEAR_BEFORE
from hefu.credit.features.others import COVERED

_TAX = f"tax_covered >= {COVERED} and {YEAR}"
_POWER = f"electricity_covered >= {COVERED} and "
_WATER = f"water_covered >= {COVERED} and {YEAR}"
_CAPACITY = f"capacity_covered >= {COVERED} and {YEAR}"

#: Facts by month that read several sources: only months that both cover are compared.
MONTH_FACTS: Mapping[str, Fact] = {
    "matched_declared": total(f"tax_declared if {_TAX} else 0"),
    "matched_invoiced": total(f"sales_net if {_TAX} else 0"),
    "power_wh_12": total(f"electricity_wh if {_POWER}{YEAR} else 0"),
    "power_sales_12": total(f"sales_net if {_POWER}{YEAR} else 0"),
    "power_wh_prior": total(f"electricity_wh if {_POWER}{YEAR_BEFORE} else 0"),
    "power_sales_prior": total(f"sales_net if {_POWER}{YEAR_BEFORE} else 0"),
    "power_months_12": count(f"{_POWER}{YEAR}"),
    "power_wh_square": total(f"square(electricity_wh) if {_POWER}{YEAR} else square(0)"),
    "power_sales_square": total(f"square(sales_net) if {_POWER}{YEAR} else square(0)"),
    "power_product": total(f"times(electricity_wh, sales_net) if {_POWER}{YEAR} else times(0, 0)"),
    "water_matched": total(f"water_litres if {_WATER} else 0"),
    "water_sales": total(f"sales_net if {_WATER} else 0"),
    "run_matched": total(f"capacity_run if {_CAPACITY} else 0"),
    "run_sales": total(f"sales_net if {_CAPACITY} else 0"),
    "run_power": total(f"electricity_wh if {_CAPACITY} and electricity_covered >= {COVERED} else 0"),
    "run_powered": total(f"capacity_run if {_CAPACITY} and electricity_covered >= {COVERED} else 0"),
    "buying_only_12": count(f"purchases_n > 0 and sales_n == 0 and {YEAR}"),
    "selling_only_12": count(f"sales_n > 0 and purchases_n == 0 and {YEAR}"),
}

_SALES = "(sales_net_12 if sales_net_12 > 0 else 0)"
_SALES_PRIOR = "(sales_net_prior if sales_net_prior > 0 else 0)"

FEATURES: tuple[Feature, ...] = (
    Feature("margin_12m", "ratio", f"(sales_net_12 - purchases_net_12) / {_SALES}", "Sales less purchases against sales, 12 months",
            "近12个月（销项减进项）与销项之比", "safer", "across"),
    Feature("margin_change", "ratio",
            f"(sales_net_12 - purchases_net_12) / {_SALES} - (sales_net_prior - purchases_net_prior) / {_SALES_PRIOR}",
            "Margin, 12 months less the 12 before", "毛利代理指标较前12个月的变化", "safer", "across"),
    Feature("margin_all", "ratio", "(sales_net_all - purchases_net_all) / (sales_net_all if sales_net_all > 0 else 0)",
            "Sales less purchases against sales, whole history", "全部历史（销项减进项）与销项之比", "safer", "across"),
    Feature("value_added_tax_12m", "ratio", f"(sales_tax_12 - purchases_tax_12) / {_SALES}",
            "Output tax less input tax against sales, 12 months", "近12个月（销项税额减进项税额）与销项之比", "either", "across"),
    Feature("rate_gap_12m", "share",
            f"sales_tax_12 / {_SALES} - purchases_tax_12 / (purchases_net_12 if purchases_net_12 > 0 else 0)",
            "Tax rate of sales less that of purchases, 12 months", "近12个月销项与进项平均税率之差", "either", "across"),
    Feature("buying_only_12m", "count", "buying_only_12", "Months with purchases and no sale, of 12", "近12个月中只进不销的月份数", "riskier",
            "across"),
    Feature("selling_only_12m", "count", "selling_only_12", "Months with sales and no purchase, of 12", "近12个月中只销不进的月份数", "riskier",
            "across"),
    Feature("tax_declared_to_invoiced", "ratio", "matched_declared / (matched_invoiced if matched_invoiced > 0 else 0)",
            "Sales declared for VAT against sales invoiced, in months that filings cover, of 12",
            "已申报月份内申报销售额与开票销售额之比（近12个月）", "either", "across"),
    Feature("bank_in_to_invoiced", "ratio", "bank_sales_in_12 / (sales_gross_12 if sales_gross_12 > 0 else 0)",
            "Money received without borrowing against invoices with tax, 12 months", "近12个月流入（不含借款）与开票价税合计之比", "safer", "across"),
    Feature("bank_out_to_purchases", "ratio", "bank_out_12 / (purchases_gross_12 if purchases_gross_12 > 0 else 0)",
            "Money paid against purchases with tax, 12 months", "近12个月流出与进项价税合计之比", "either", "across"),
    Feature("stock_to_sales", "ratio", f"12 * inventory_sum_12 / (inventory_days_12 * {_SALES})",
            "Average stock in months of sales, 12 months", "近12个月平均库存折合销售月数", "riskier", "across"),
    Feature("stock_to_purchases", "ratio",
            "12 * inventory_sum_12 / (inventory_days_12 * (purchases_net_12 if purchases_net_12 > 0 else 0))",
            "Average stock in months of purchases, 12 months", "近12个月平均库存折合采购月数", "riskier", "across"),
    Feature("stock_ahead_of_sales", "ratio",
            "(inventory_sum_3 / inventory_days_3) / (inventory_sum_13_15 / inventory_days_13_15)"
            f" - {_SALES} / {_SALES_PRIOR}",
            "Growth of stock less growth of sales", "库存增速减销售增速", "riskier", "across"),
    Feature("power_per_yuan", "Wh per yuan", "100 * power_wh_12 / (power_sales_12 if power_sales_12 > 0 else 0)",
            "Electricity for a yuan of net sales, in months that readings cover, of 12", "有抄表月份内每元销售额用电量（近12个月）", "either",
            "across"),
    Feature("power_per_yuan_change", "ratio",
            "(power_wh_12 / (power_sales_12 if power_sales_12 > 0 else 0))"
            " / (power_wh_prior / (power_sales_prior if power_sales_prior > 0 else 0)) - 1",
            "Electricity for a yuan of sales against the year before: sales without work show as a fall",
            "每元销售额用电量较上年变化；无实际生产的开票表现为下降", "either", "across"),
    Feature("power_follows_sales", "ratio",
            "(power_months_12 * power_product - power_wh_12 * power_sales_12)"
            " / (sqrt(power_months_12 * power_wh_square - power_wh_12 * power_wh_12)"
            " * sqrt(power_months_12 * power_sales_square - power_sales_12 * power_sales_12))",
            "Correlation of monthly electricity and sales, 12 months", "近12个月月度用电与销售的相关系数", "safer", "across"),
    Feature("water_per_yuan", "litres per yuan", "100 * water_matched / (water_sales if water_sales > 0 else 0)",
            "Water for a yuan of net sales, in months that readings cover, of 12", "有抄表月份内每元销售额用水量（近12个月）", "either", "across"),
    Feature("sales_per_run_hour", "fen per hour", "60 * run_sales / run_matched", "Net sales for an hour that equipment ran, 12 months",
            "近12个月单位设备工时销售额", "either", "across"),
    Feature("power_per_run_hour", "Wh per hour", "60 * run_power / run_powered", "Electricity for an hour that equipment ran, 12 months",
            "近12个月单位设备工时用电量", "either", "across"),
    Feature("twins", "count", "link_twins", "Other firms that show the same invoices as their own (twins)", "出示相同发票的其他企业数（孪生企业）",
            "riskier", "links"),
    Feature("twin_shared", "count", "link_twin_invoices", "Most invoices that a twin and the firm both show", "与孪生企业共有的发票张数（最多）",
            "riskier", "links"),
    Feature("self_trades", "count", "link_self_trades", "Invoices that the firm shows as its sale and its purchase",
            "同时列为本企业销项与进项的发票张数", "riskier", "links"),
    Feature("self_trade_share", "share", "link_self_gross / (sales_gross_ever if sales_gross_ever > 0 else 0)",
            "Such invoices against all sales with tax", "自开自收发票占全部销项价税合计的比重", "riskier", "links"),
    Feature("linked_customers", "count", "link_customers", "Firms in this data that show the firm's sales as their purchases",
            "本数据内以其销项为进项的企业数", "safer", "links"),
    Feature("linked_suppliers", "count", "link_suppliers", "Firms in this data whose sales the firm shows as purchases",
            "本数据内以其进项为销项的企业数", "safer", "links"),
    Feature("linked_sales_share", "share", "link_sales_gross / (sales_gross_ever if sales_gross_ever > 0 else 0)",
            "Sales that the buyer's own file confirms, against all", "由购方数据印证的销项占比", "safer", "links"),
    Feature("reciprocal_partners", "count", "link_reciprocal", "Firms in this data that both sell to it and buy from it",
            "与其互为购销双方的企业数", "riskier", "links"),
    Feature("overlapping_firms", "count", "link_overlaps", "Firms that show some of its invoices on the same side, beyond chance",
            "在同一方向出示其部分发票且非巧合的企业数", "riskier", "links"),
    Feature("rings", "count", "link_rings", "Rings of three or more firms that it sells in", "其所处三家以上循环开票的个数", "riskier", "links"),
    Feature("own_code_trades", "count", "link_own_code", "Invoices to itself, by both sides or by its own code among its counterparties",
            "自开自收的发票张数（含以自身代号列为往来单位者）", "riskier", "links"),
)  # fmt: skip
#: Facts of the links between firms, which are found among all firms at once and handed in.
LINK_FACTS = (
    "link_twins",
    "link_twin_invoices",
    "link_self_trades",
    "link_self_gross",
    "link_customers",
    "link_suppliers",
    "link_sales_gross",
    "link_reciprocal",
    "link_overlaps",
    "link_rings",
    "link_own_code",
)
#: Those that take longer to find, and are unknown where they were not looked for.
RELATION_FACTS = ("link_overlaps", "link_rings", "link_own_code")
