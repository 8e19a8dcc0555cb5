"""
A first schema of a table, for a person to correct: which column is the label, which name rows, which are days, words or numbers,
and which look as if they were written after the fact. It only proposes; a fit takes nothing from here unseen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple

from hefu.credit.features import BY_NAME, Feature
from hefu.credit.models.coding import days
from hefu.credit.models.labels import default_words, is_outcome, label_of
from hefu.credit.models.looking import SAMPLE, Seen, look
from hefu.credit.models.schema import (
    ALARM_AUC,
    ALARM_SHARE,
    FORMAT,
    NAMES_ROWS,
    VERSION,
    Column,
    Role,
    Schema,
    column_line,
    key_of,
    list_of,
    text_of,
)
from hefu.credit.models.tables import Table
from hefu.credit.models.values import NotANumberError, is_blank, number
from hefu.kernel.errors import Rejected, UsageError

# All but _SENSITIVE are matched against names in one form: lower case, words parted by `_`.
_WHO = (
    "(account|acct|loan|listing|cust|customer|client|application|invoice|contract|member|borrower|applicant|company|firm|"
    "企业|公司|客户)"
)
#: Who a row is about: rows that share it belong together, and a number of it is no amount.
_PARTY = re.compile(
    r"(company|corporation|firm|issuer|conm|customer|client|borrower|obligor|cik|gvkey|permno|permco|cusip|isin|lei|duns|tic|ticker|symbol)(_(code|name))?|"
    r"(\w+_)?(id|identifier|uuid|guid)|sk_id_\w+|"
    + _WHO
    + r"_?(no|nr|num|number|key|代号|代码|编号|号)(_\w+)?|(企业|公司|客户)(名称)?|(证券|股票)代码"
)
_ID = re.compile(
    r"no|nr|number|(row_)?index(_level_\d+)?|row|unnamed\w*|(\w+_)?name|(\w+_)?name_\w+|\w*(代号|编号|名称|代码|证号)"
)
#: Words, whether written as such or as numbers.
_CODES = re.compile(
    r"(?!num|count|no_|n_|total|avg|mean|max|years?_)(\w+_)?(zip|zip_?code|post_?code|postal|pin_?code|naics|sic|nace|isic|code|cd|country|region|area|branch|bank|agency|employer|"
    r"employee|state|province|city|industry|sector|product|supplier|dealer|manufacturer|type|category|urban|urban_rural|franchise|"
    r"purpose)(_?(code|cd|id|no|name)){0,2}(_?\d+)?|\w*(行业|地区|省|市|类型)\w*"
)
#: Written when the outcome was known, or on the way to it.
_AFTER = re.compile(
    r"charged?_?off|chg_?off|write_?off|written_?off|(^|_)recover(y|ies|ed)(_|$)|in_?collection|settled|(^|_)settlement|hardship|"
    r"paid_?off|paid_?in_?full|default(ed)?_(date|on|at|day|cycle)(_\w*(date|number))?$|date_of_default|deferral_term|"
    r"(last|next)_?(pay|paid|payment|pymnt)(_|$)|total_(pay|paid|payment|payments|pymnt)(_|$)|total_rec(eived)?_|last_(fico|credit_pull)|"
    r"outstanding_princ|out_prncp|balance_gross|term_real|close(d)?_date|(^|_)(resolution|outcome)|mis_status|loan_status|"
    r"disburse?ment_date|zero_balance|foreclos|principal_loss|^lgd$|^lp_|^pymnt_plan$|核销|处置|回收|结清"
)
#: Of this loan it is after the fact; counted over what came before, it is what a bank asks for first.
_LATE = re.compile(
    r"days?_?(late|overdue|past_due|delinquent)|overdue|delinquency_(date|status|flag|amount)$|^(is_)?delinquent$|逾期|违约"
)
_HISTORY = re.compile(
    r"(^|_)(no|num|nbr|cnt|count|number|times?|freq|frequency|ever|prior|previous|prev|hist|history|historical|since|accts?|accounts)(_|\d|$)|"
    r"\d_?(m|mo|mths?|months?|yrs?|years?)(_|$)|次数|历史|过去|近"
)
_PAYING = re.compile(r"late(_|$)|overdue|past_due|delinq|逾期|违约")
_CALENDAR = re.compile(r"((fiscal|financial|report|reporting|data|f)_?)?(year|yr|fy)|time|period|年份|年度|年")
_YEAR = re.compile(r"(\w+_)?(year|yr|fy)|\w*(年份|年度)")
_DECIDED = re.compile(
    r"(^|_)(approv\w*|appl|application|applied|issued?|originat\w*|decision|decided|grant\w*|report(ing|ed)?|observ\w*|as_of|snapshot|fiscal|"
    r"statement|rating|rated|fund(ed|ing))(_|$)|申请|审批|放款|观察|报告|报表|评级"
)
_TIME = re.compile(r"(^|_)(date|datadate|time|day|month|year|period|d|dt|on|at|fy)$|^date|年|日期|日$")
#: Days of the firm, or of what is yet to come, are none of the decision.
_NO_TIME = re.compile(
    r"birth|born|dob|incorporat|regist|establish|found|earliest|first|expir|matur|(^|_)(due|last|next)(_|$)|^(loan_|contract_)?end_|"
    r"成立|出生|注册|到期"
)
_SENSITIVE = re.compile(
    r"(^|[_ ])(sex|gender|age(?![a-z])|race|ethnic|religion|marital|foreign|nationality|personal_status)", re.IGNORECASE
)
#: Of so many words of their own a category learns names.
_TOO_MANY_WORDS = 0.5
#: Parties are at least so many, with at most so many rows each on average: years of monthly rows.
_PARTIES, _PARTY_ROWS = 20, 60


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    Args:
        schema: To be looked at.
        comments: Column to what was seen of it.
        questions: What a person has to answer, in order.
    """

    schema: Schema
    comments: dict[str, str]
    questions: tuple[str, ...]


def propose(table: Table, *, label: str | None = None) -> Proposal:
    """
    Look at a table.

    Args:
        label: Column of the outcome, where the caller knows it.

    Raises:
        UsageError: TABLE_COLUMN, it has no such column; NO_LABEL_COLUMN, no column looks like a label.
        Rejected: TOO_FEW_ROWS, it has none.
    """
    if label is not None:
        table.column(label)
    if not table.rows:
        raise Rejected("the table has a header and no row", code="TOO_FEW_ROWS", where=table.file)
    seen = {name: look(name, column) for name, column in zip(table.names, table.columns)}
    found = (label, "") if label else label_of(list(seen.values()))
    if found is None:
        raise UsageError(
            "no column looks like an outcome; name it with --label", code="NO_LABEL_COLUMN", where=table.file
        )
    name, doubt = found
    words = default_words(name, table.column(name))
    questions = [f"label: {doubt}"] if doubt else []
    questions.append(f"label: is {name!r} the outcome, and do these words of it mean default? {words.why}")
    comments = {name: _comment(s) for name, s in seen.items()}
    outcome = Schema(name, words.positive, words.negative)
    parts = (_of_features if _is_features(table) else _of_any)(table, seen, comments, outcome)
    if parts.time:
        questions.append(
            f"time: are rows decided on in {parts.time!r}? Then later rows are held back; clear it otherwise"
        )
    if parts.group:
        questions.append(f"group: several rows have one {parts.group!r}; rows of one stay on one side of every split")
    if parts.banned:
        questions.append("banned: these look as if they were written after the fact; who knows better takes them out")
    schema = replace(
        outcome,
        identifiers=tuple(n for n in parts.identifiers if n != parts.group),
        time=parts.time,
        group=parts.group,
        banned=parts.banned,
        columns=parts.columns,
    )
    return Proposal(schema, comments, tuple(questions))


class _Parts(NamedTuple):
    identifiers: list[str]
    time: str
    group: str
    banned: dict[str, str]
    columns: tuple[Column, ...]


def _of_any(table: Table, seen: dict[str, Seen], comments: dict[str, str], outcome: Schema) -> _Parts:
    others = [s for s in seen.values() if s.name != outcome.label]
    identifiers = [s.name for s in others if _names_rows(s)]
    rest = [s for s in others if s.name not in identifiers]
    # A customer may have several loans, and each several rows: of two parties the coarser holds both together.
    parties = sorted((seen[name] for name in identifiers), key=lambda s: (not _PARTY.fullmatch(s.plain), s.distinct))
    group = next((s for s in parties if _is_group(s)), None)
    if group:
        identifiers += [s.name for s in rest if _names_party(table, s, group)]
        rest = [s for s in rest if s.name not in identifiers]
    split = _split(table, outcome)
    banned = {s.name: reason for s in rest if (reason := _after(s, *split(s.name)))}
    rest = [s for s in rest if s.name not in banned]
    decided, time = _time(table, rest)
    for s in rest:
        if s.name != time and _YEAR.fullmatch(s.plain):
            comments[s.name] += "; a year can give away which rows came last: ban it unless it is known and moves on"
        if _SENSITIVE.search(s.name):
            comments[s.name] += "; may be unlawful to decide by: a report can look at it all the same"
        if _PAYING.search(s.plain):
            comments[s.name] += "; how others were paid before is a good sign: ban it if it tells of this very loan"
    for s in rest:
        if time and s.is_day and s.name != time and _comes_later(table, s.name, decided):
            banned[s.name] = "days of it lie after the day of the decision"
    columns = tuple(_column(s, time, table) for s in rest if s.name != time and s.name not in banned)
    for c in columns:
        if c.role is Role.IGNORE and seen[c.name].distinct > _TOO_MANY_WORDS * seen[c.name].known:
            comments[c.name] += "; too many words of their own to learn from"
    return _Parts(identifiers, time, group.name if group else "", banned, columns)


def _of_features(table: Table, seen: dict[str, Seen], comments: dict[str, str], outcome: Schema) -> _Parts:
    """Whoever wrote these columns says what they are; nothing is guessed from their names."""
    firm, day = seen["firm"], seen["as_of"]
    time, group = "as_of" if day.distinct > 1 else "", "firm" if firm.distinct < firm.known else ""
    rest = [s for s in seen.values() if s.name not in (outcome.label, "firm", "as_of")]
    features = [f for s in rest if (f := BY_NAME.get(s.name))]
    banned = {f.name: f"caution: {f.caution}" for f in features if f.caution}
    others = [Column(s.name, Role.IGNORE) for s in rest if s.name not in BY_NAME]
    # A source that is absent for every firm here has nothing to tell.
    columns = tuple(
        _feature(f) if seen[f.name].distinct else Column(f.name, Role.IGNORE) for f in features if f.name not in banned
    )
    return _Parts([n for n in ("firm", "as_of") if n != time], time, group, banned, (*columns, *others))


def _is_features(table: Table) -> bool:
    """What `hefu credit features` writes."""
    known = sum(name in BY_NAME for name in table.names)
    return {"firm", "as_of"} <= set(table.names) and known >= 0.9 * (len(table.names) - 3)


def _feature(feature: Feature) -> Column:
    # Whether a source is there says how a firm was asked, not how it does.
    role = Role.IGNORE if feature.name.endswith("_present") else Role.NUMBER
    unit, direction, digits = feature.unit, feature.direction, feature.digits
    return Column(feature.name, role, unit, direction, digits, english=feature.english, chinese=feature.chinese)


def _names_rows(s: Seen) -> bool:
    """Whether a column says who a row is about: by its name, and values that differ much; or as nearly every row has its own."""
    if s.known < 2 or s.is_day or (s.is_number and not s.is_whole):
        return False
    unique = s.distinct > NAMES_ROWS * s.known
    if _PARTY.fullmatch(s.plain) and not _CODES.fullmatch(s.plain):
        return unique or (s.distinct >= _PARTIES and s.known <= _PARTY_ROWS * s.distinct)
    if _ID.fullmatch(s.plain) and not _CODES.fullmatch(s.plain):
        return unique or (s.distinct > 50 and not s.is_number)
    return unique and s.known >= 20 and not s.is_number


def _is_group(s: Seen) -> bool:
    return s.known >= 20 and s.distinct < (s.known if _PARTY.fullmatch(s.plain) else NAMES_ROWS * s.known)


def _names_party(table: Table, s: Seen, group: Seen) -> bool:
    """Words of which each party has one of its own, such as its name beside its number."""
    if s.is_number or s.is_day or s.distinct < max(_PARTIES, NAMES_ROWS * group.distinct):
        return False
    return len(set(zip(table.column(group.name), table.column(s.name)))) <= 1.1 * group.distinct


def _time(table: Table, rest: Sequence[Seen]) -> tuple[list[int | None], str]:
    """The day of the decision, and its column: one that says so before one that is just a date."""
    named = [s for s in rest if s.is_day and s.distinct > 1 and not _NO_TIME.search(s.plain)]
    named = [s for s in named if _DECIDED.search(s.plain)] + [s for s in named if _TIME.search(s.plain)]
    for s in named:
        if found := _days(table, s.name):
            return found, s.name
    return [], ""


def _days(table: Table, name: str) -> list[int | None]:
    """None at all where a fit would stop at a cell that is no day."""
    try:
        return days(table, name)
    except UsageError:
        return []


def _comes_later(table: Table, name: str, decided: Sequence[int | None]) -> bool:
    ahead = [day > at for day, at in zip(_days(table, name), decided) if day is not None and at is not None]
    return 100 * sum(ahead) > len(ahead)


# -- what was written after the fact ----------------------------------------------------------------------------------

_Counts = Mapping[str | None, int]


def _split(table: Table, outcome: Schema) -> Callable[[str], tuple[_Counts, _Counts]]:
    """A function from a column to how often each cell stands in rows without default, and in defaults."""
    column = table.column(outcome.label)
    says = {cell: outcome.outcome(cell) for cell in set(column)}
    goods, bads = ([says[cell] == y for cell in column] for y in (0, 1))

    def split(name: str) -> tuple[_Counts, _Counts]:
        cells = table.column(name)
        return Counter(compress(cells, goods)), Counter(compress(cells, bads))

    return split


def _after(s: Seen, goods: _Counts, bads: _Counts) -> str:
    if _CALENDAR.fullmatch(s.plain) and s.is_number and s.is_whole:
        return "a calendar year does not carry over to the next, and can give away which rows came last"
    if _AFTER.search(s.plain) or (_LATE.search(s.plain) and not _HISTORY.search(s.plain)):
        return "its name says what became of the row"
    if is_outcome(s.plain) and s.distinct == 2:
        return "its name says that it is an outcome too"
    total = sum(bads.values())
    known = sum(n for cell, n in bads.items() if not is_blank(cell))
    if known >= max(10, ALARM_SHARE * total) and all(is_blank(cell) for cell in goods):
        return "it is filled in for defaults alone"
    if s.distinct <= 50 and any(n >= max(10, ALARM_SHARE * total) and not goods.get(c) for c, n in bads.items()):
        return "one value of it stands in defaults alone"
    if total >= 20 and (area := _auc(s, goods, bads)) >= ALARM_AUC:
        return f"alone it ranks with an AUC of {area:.3f}, as if it knew the outcome"
    return ""


def _auc(s: Seen, goods: _Counts, bads: _Counts) -> float:
    """Of a column by itself, as a fit looks at it: by value, or by whether it is known; words by their rate, rare ones as one."""
    every = list({**goods, **bads})
    cells = every[:: len(every) // SAMPLE + 1]
    good_rows, bad_rows = (max(1, sum(counts.get(cell, 0) for cell in cells)) for counts in (goods, bads))
    rate, is_number = bad_rows / (good_rows + bad_rows), s.is_number
    pairs: dict[float, list[int]] = {}
    for cell in cells:
        good, bad = goods.get(cell, 0), bads.get(cell, 0)
        value = (
            _value(cell, s.mark) if is_number else bad / (good + bad) if s.distinct <= 50 and good + bad >= 20 else rate
        )
        if value is not None:
            found = pairs.setdefault(value, [0, 0])
            found[0] += good
            found[1] += bad
    below = above = area = 0
    for _, (good, bad) in sorted(pairs.items()):
        area += bad * (2 * below + good)
        below, above = below + good, above + bad
    known = abs(above / bad_rows - below / good_rows) / 2
    if not below or not above:
        return 0.5 + known
    return 0.5 + max(known, abs(area / (2 * below * above) - 0.5) * (below + above) / (good_rows + bad_rows))


def _value(cell: str | None, mark: str | None) -> float | None:
    try:
        value = number(cell, mark)
    except NotANumberError:
        return None
    return None if value is None else float(value)


def _column(s: Seen, time: str, table: Table) -> Column:
    if s.is_day:
        return Column(s.name, Role.DATE if time and _days(table, s.name) else Role.IGNORE)
    if not s.is_number:
        tells = 1 < s.distinct <= _TOO_MANY_WORDS * s.known
        return Column(s.name, Role.CATEGORY if tells else Role.IGNORE)
    if s.is_whole and s.distinct > 2 and (_CODES.fullmatch(s.plain) or s.plain.endswith("_id")):
        return Column(s.name, Role.CATEGORY if s.distinct <= _TOO_MANY_WORDS * s.known else Role.IGNORE)
    return Column(s.name, Role.IGNORE if s.distinct < 2 and not s.blank else Role.NUMBER)


def _comment(s: Seen) -> str:
    parts = []
    if s.blank:
        parts.append(f"{100 * s.blank / max(1, s.rows):.1f} % unknown")
    if s.distinct <= 1:
        parts.append("constant")
    elif s.is_number:
        parts.append(f"{s.low} to {s.high}")
        if s.numbers < s.sampled:
            parts.append(f"{s.sampled - s.numbers} cells are no numbers and will count as unknown")
    elif s.is_day:
        parts.append("days")
    else:
        parts.append(f"{s.distinct} words: {', '.join(s.words[:4])}"[:90])
    return "; ".join(parts).replace("\n", " ")


def schema_text(proposal: Proposal, table: Table) -> str:
    """The proposal as TOML with comments."""
    schema, out = proposal.schema, list[str]()
    out += [
        f"# Proposed from {_plain(table.file)}, {table.rows} rows, by `hefu credit schema`. Read it, correct it, then fit.",
        *(f"# ? {_plain(question)}" for question in proposal.questions),
        f'format = "{FORMAT}"',
        f"version = {VERSION}",
        "",
        "# The outcome, and its words that mean default, and none (empty: all others). Rows with none of them are left out.",
        f"label = {text_of(schema.label)}",
        f"positive = {list_of(schema.positive)}",
        f"negative = {list_of(schema.negative)}",
        "# Who a row is about: copied into scores, never read by a model.",
        f"identifiers = {list_of(schema.identifiers)}",
        "# When a row was decided on, and what keeps rows together; empty: neither.",
        f"time = {text_of(schema.time)}",
        f"group = {text_of(schema.group)}",
        "# How rows are held back: auto (group, else time, else at random), stratified, grouped or time.",
        'split = "auto"',
        f"folds = {schema.folds}",
        "# Numbers of size and age that every firm has: the model begins with them.",
        "prior = []",
        "# Columns whose groups a report shows side by side, such as region and type of firm.",
        "segments = []",
        "# Columns that a leak check stopped at and a person has looked at.",
        "accepted = []",
        "",
        "# What a model must not see, and why.",
        "[banned]",
        *(f"{key_of(name)} = {text_of(reason)}" for name, reason in schema.banned.items()),
        "",
        "# What it may read. role: number, category, date (days before the time column) or ignore. direction: riskier, safer or",
        "# either; a model is held to it. lowest and highest: what a number can be at all. digits: after the point.",
        "[columns]",
        *(column_line(c, _plain(proposal.comments[c.name])) for c in schema.columns),
    ]
    return "\n".join(out) + "\n"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
