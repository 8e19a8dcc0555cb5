"""
What a file of each source holds, as data: fields, units, checks. The import runs from it, and docs/reference/sources.md is printed
from it. Invoices have a schema of their own (docs/invoices.md).

A quantity's unit stands in its header: a column that says only "amount" is refused, because a factor of ten thousand between
two spreadsheets is the commonest error there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hefu.kernel.money import AMOUNT_MAX


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    DATE = "date"
    WORD = "word"
    MONEY = "money"
    QUANTITY = "quantity"


@dataclass(frozen=True, slots=True)
class Field:
    """
    One field of a row.

    Args:
        name: Of the row.
        headers: Words that a header may have for it, without case; to the factor that brings its unit to the smallest one.
        english, chinese: What it is.
        default: Field or word that stands in where the column or the cell is absent; None: it must be there.
        words: For WORD: what may stand in a cell, without case, to what is kept.
        is_signed: Whether a number may be negative.
    """

    name: str
    kind: Kind
    headers: Mapping[str, int]
    english: str
    chinese: str
    default: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    is_signed: bool = False

    @property
    def bare_headers(self) -> tuple[str, ...]:
        """The same headers without their unit: what is recognised and refused."""
        if self.kind not in (Kind.MONEY, Kind.QUANTITY):
            return ()
        bare = (h.split("（")[0] if "（" in h else h.rsplit("_", 1)[0] for h in self.headers)
        return tuple(sorted(set(bare) - set(self.headers)))


@dataclass(frozen=True, slots=True)
class Schema:
    """
    One source.

    Args:
        source: Its name, of its table too.
        version: Raised whenever a file that was taken before would be read otherwise.
        order: Pairs of fields of which the first must not be larger; with the code of the refusal.
        known_english, known_chinese: When a row counts as known: what the as-of date is held against.
        owner: Who answers for the data.
    """

    source: str
    version: int
    fields: tuple[Field, ...]
    order: tuple[tuple[str, str, str], ...]
    english: str
    chinese: str
    known_english: str
    known_chinese: str
    owner: str


#: Largest number of a row in its smallest unit.
NUMBER_MAX = AMOUNT_MAX
#: Longest period that one row may cover, days.
PERIOD_DAYS_MAX = 366
_YUAN, _TEN_THOUSAND_YUAN = 100, 1_000_000


def _text(name: str, headers: tuple[str, ...], english: str, chinese: str, default: str | None = None) -> Field:
    return Field(name, Kind.TEXT, dict.fromkeys(headers, 1), english, chinese, default)


def _date(name: str, headers: tuple[str, ...], english: str, chinese: str, default: str | None = None) -> Field:
    return Field(name, Kind.DATE, dict.fromkeys(headers, 1), english, chinese, default)


def _money(name: str, stem: str, chinese_stem: str, english: str, chinese: str, *, is_signed: bool = False) -> Field:
    headers = {
        f"{stem}_yuan": _YUAN,
        f"{stem}_10k_yuan": _TEN_THOUSAND_YUAN,
        f"{chinese_stem}（元）": _YUAN,
        f"{chinese_stem}（万元）": _TEN_THOUSAND_YUAN,
    }
    return Field(name, Kind.MONEY, headers, english, chinese, is_signed=is_signed)


_FIRM = _text("firm", ("firm_id", "企业代号", "企业名称", "统一社会信用代码"), "Firm", "企业")
_START = _date("period_start", ("period_start", "起始日期", "所属期起"), "First day of the period", "所属期首日")
_END = _date("period_end", ("period_end", "截止日期", "所属期止"), "Last day of the period", "所属期末日")
_PERIOD_ORDER = (("period_start", "period_end", "PERIOD_BACKWARDS"), ("period_end", "recorded_on", "KNOWN_TOO_EARLY"))


def _recorded(default: str) -> Field:
    return _date(
        "recorded_on", ("recorded_on", "获知日期", "入库日期"), "When the row became known", "获知日期", default
    )


def _words(pairs: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {word: kept for kept, words in pairs.items() for word in (kept, *words)}


TAX = Schema(
    "tax",
    1,
    (
        _FIRM,
        Field("kind", Kind.WORD, {"tax_kind": 1, "税种": 1, "征收项目": 1}, "Tax", "税种",
              words=_words({"vat": ("增值税",), "income": ("企业所得税", "所得税"), "other": ("其他",)})),
        _START,
        _END,
        _money("declared_minor", "sales_declared", "申报销售额", "Sales declared, without tax", "申报销售额（不含税）", is_signed=True),
        _money("payable_minor", "tax_payable", "应纳税额", "Tax payable", "应纳税额", is_signed=True),
        _money("paid_minor", "tax_paid", "已缴税额", "Tax paid", "已缴税额", is_signed=True),
        _date("filed_on", ("filed_on", "申报日期"), "First filed", "首次申报日期"),
        _date("due_on", ("due_on", "申报期限"), "Last day for filing", "申报截止日", "filed_on"),
        _recorded("filed_on"),
    ),
    (("period_end", "filed_on", "KNOWN_TOO_EARLY"), *_PERIOD_ORDER),
    "Tax returns", "纳税申报",
    "from the day of filing; a correction from the day it was recorded",
    "自申报日起；更正申报自其获知日起",
    "tax authority",
)  # fmt: skip
BANK = Schema(
    "bank",
    1,
    (
        _FIRM,
        _text("account", ("account_id", "账户代号", "账号"), "Account", "账户"),
        _text("flow", ("flow_id", "流水号", "交易流水号"), "The bank's number of the entry", "流水号"),
        _date("booked_on", ("booked_on", "交易日期", "记账日期"), "Booking date", "记账日期"),
        _money("amount_minor", "amount", "金额", "Amount, positive in and negative out", "金额（收入为正，支出为负）", is_signed=True),
        Field("category", Kind.WORD, {"category": 1, "摘要类别": 1, "用途": 1}, "What for", "用途", "other",
              words=_words({"sales": ("货款收入", "销售回款"), "purchase": ("采购付款", "货款支出"), "wages": ("工资",), "tax": ("税款",),
                            "borrowing": ("借款", "贷款发放"), "debt_service": ("还本付息", "还款"), "other": ("其他",)})),
        _text("counterparty", ("counterparty_id", "对方单位代号", "对方户名"), "Counterparty", "对方单位", ""),
        _recorded("booked_on"),
    ),
    (("booked_on", "recorded_on", "KNOWN_TOO_EARLY"),),
    "Bank flows", "银行流水", "from the booking date", "自记账日起", "bank",
)  # fmt: skip
INVENTORY = Schema(
    "inventory",
    1,
    (
        _FIRM,
        _text("site", ("site_id", "仓库代号"), "Warehouse", "仓库", ""),
        Field("kind", Kind.WORD, {"stock_kind": 1, "存货类别": 1}, "Kind of stock", "存货类别", "other",
              words=_words({"raw": ("原材料",), "in_process": ("在产品",), "finished": ("产成品", "库存商品"), "other": ("其他",)})),
        _date("counted_on", ("counted_on", "盘点日期"), "Day of the count", "盘点日期"),
        _money("value_minor", "value", "账面价值", "Value at cost", "账面价值（成本）"),
        _recorded("counted_on"),
    ),
    (("counted_on", "recorded_on", "KNOWN_TOO_EARLY"),),
    "Stock counts", "库存盘点", "from the day of the count", "自盘点日起", "firm or warehouse keeper",
)  # fmt: skip
CAPACITY = Schema(
    "capacity",
    1,
    (
        _FIRM,
        _text("line", ("line_id", "产线代号", "设备代号"), "Line or equipment", "产线或设备"),
        _START,
        _END,
        Field("available_minutes", Kind.QUANTITY,
              {"available_hours": 60, "available_minutes": 1, "可用工时（小时）": 60, "可用工时（分钟）": 1}, "Equipment time available", "可用工时"),
        Field("run_minutes", Kind.QUANTITY, {"run_hours": 60, "run_minutes": 1, "运行工时（小时）": 60, "运行工时（分钟）": 1},
              "Equipment time run", "运行工时"),
        Field("output_milli", Kind.QUANTITY, {"output_units": 1000, "产量（件）": 1000, "产量（吨）": 1000, "产量（台）": 1000},
              "Output in the line's own unit, which must stay the same", "产量（该产线自身单位，须前后一致）"),
        _recorded("period_end"),
    ),
    (*_PERIOD_ORDER, ("run_minutes", "available_minutes", "RUN_OVER_AVAILABLE")),
    "Equipment hours and output", "产能", "from the last day of the period", "自所属期末日起", "firm",
)  # fmt: skip
ELECTRICITY = Schema(
    "electricity",
    1,
    (
        _FIRM,
        _text("meter", ("meter_id", "电表号", "户号"), "Meter", "电表"),
        _START,
        _END,
        Field("energy_wh", Kind.QUANTITY,
              {"energy_kwh": 1000, "energy_mwh": 1_000_000, "用电量（千瓦时）": 1000, "用电量（度）": 1000, "用电量（万千瓦时）": 10_000_000},
              "Energy between the readings", "两次抄表之间的用电量"),
        _recorded("period_end"),
    ),
    _PERIOD_ORDER,
    "Electricity", "用电", "from the last day of the period", "自所属期末日起", "electricity utility",
)  # fmt: skip
WATER = Schema(
    "water",
    1,
    (
        _FIRM,
        _text("meter", ("meter_id", "水表号", "户号"), "Meter", "水表"),
        _START,
        _END,
        Field("volume_litres", Kind.QUANTITY, {"volume_m3": 1000, "volume_litres": 1, "用水量（立方米）": 1000, "用水量（吨）": 1000},
              "Volume between the readings", "两次抄表之间的用水量"),
        _recorded("period_end"),
    ),
    _PERIOD_ORDER,
    "Water", "用水", "from the last day of the period", "自所属期末日起", "water utility",
)  # fmt: skip
#: Every source but invoices, in order.
SCHEMAS: Mapping[str, Schema] = {s.source: s for s in (TAX, BANK, INVENTORY, CAPACITY, ELECTRICITY, WATER)}
INVOICE_VERSION = 1
