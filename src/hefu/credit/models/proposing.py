"""
A first schema of a table, for a person to correct: which column is the label, which name rows, which are days, words or
numbers, and
which look as if they were written after the fact. It only proposes; a fit takes nothing from here unseen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hefu.credit.features import BY_NAME, Feature
from hefu.credit.models.schema import FORMAT, VERSION, Column, Role, Schema, column_line, key_of, list_of, text_of
from hefu.credit.models.tables import Table
from hefu.credit.models.values import NotANumberError, day_reader, is_blank, number, word
from hefu.kernel.errors import UsageError

_SAMPLE = 20_000
#: Columns that are labels elsewhere, best first.
_LABELS = re.compile(
    r"^(default(ed)?|bankrupt(cy)?\??|is[_ ]?(default|bad|bankrupt)|target|label|class|y|bad|bad[_ ]?flag|outcome|creditability|"
    r"loan[_ ]?status|mis[_ ]?status|status[_ ]?label|failed|failure|late|delinquent|serious.*|default.*next.*|"
    r".*default.*|.*bankrupt.*|"
    r"是否违约|违约|逾期|标签|破产|rating|评级|信誉评级)$",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"^(1|true|yes|y|bad|default(ed)?|bankrupt(cy)?|failed|failure|late|delinquent|chgoff|charged? ?off|b|2|是|违约|逾期|破产|坏)$",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(
    r"(^|[_ .])(id|nr|no|number|uuid|guid|code_?id|index|name|symbol|ticker)($|[_ .\d])|"
    r"^(id|index|unnamed.*|\(row\)|.*name|loannr.*|"
    r".*_?id|__index.*)$|代号|编号|名称|代码|证号",
    re.IGNORECASE,
)
_CODES = re.compile(
    r"(zip|naics|sic|nace|isic|code|region|area|branch|state|province|city|industry|sector|type|category|urban|franchise|"
    r"行业|地区|省|市|类型)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(charge?.?_?off|chg.?off|write.?_?off|recover(y|ies|ed)|in_?collection|settled|days?_?late|paid.?(off|up|in.?full)|default.?(date|on|_?at)|"
    r"delinq|overdue|last_?pay|total_?pay|outstanding.?princ|out_?prncp|balance_?gross|term_?real|close(d)?_?date|resolution|outcome|"
    r"mis_?status|loan_?status|disburse?ment_?date|核销|逾期|违约|处置|回收|结清)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(approv|application|appl|issue|issued|origination|decision|report(ing)?|observation|as_?of|snapshot|fiscal|rating)?[_ ]?"
    r"(date|time|day|month|年|日期|日)$|_(on|at)$|^(year|date|fy|year_?month|period|approvalfy)$",
    re.IGNORECASE,
)
_CALENDAR = re.compile(r"^(fiscal[_ ]?)?(year|yr|fy|年份|年度|年)$", re.IGNORECASE)
#: Ratings from the best.
_RATINGS = ("aaa", "aa", "a", "bbb", "bb", "b", "ccc", "cc", "c", "d")
_YEAR = re.compile(r"^(fiscal[_ ]?)?(year|yr|fy|年份|年度)$|approvalfy", re.IGNORECASE)
_SENSITIVE = re.compile(
    r"(^|[_ ])(sex|gender|age(?![a-z])|race|ethnic|religion|marital|foreign|nationality|personal_status)", re.IGNORECASE
)


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


@dataclass(frozen=True, slots=True)
class _Seen:
    name: str
    rows: int
    blank: int
    distinct: int
    numbers: int
    days: int
    words: tuple[str, ...]
    low: str
    high: str
    is_whole: bool
    finite: int

    @property
    def known(self) -> int:
        return self.rows - self.blank

    @property
    def is_number(self) -> bool:
        # Cells such as "none" may stand in for a number, but a column of them and words is none of numbers.
        return self.numbers >= 0.9 * self.known and self.finite >= max(1, 0.5 * self.known)

    @property
    def is_day(self) -> bool:
        return self.known > 0 and not self.is_number and self.days >= 0.95 * self.known

    @property
    def names_rows(self) -> bool:
        unique = self.known >= 20 and self.distinct >= 0.95 * self.known
        return unique and (not self.is_number or (self.is_whole and bool(_IDENTIFIER.search(self.name))))


def propose(table: Table, *, label: str | None = None) -> Proposal:
    """
    Look at a table.

    Args:
        label: Column of the outcome, where the caller knows it.

    Raises:
        UsageError: TABLE_COLUMN, it has no such column; NO_LABEL_COLUMN, no column looks like a label.
    """
    seen = {name: _look(name, column) for name, column in zip(table.names, table.columns)}
    if label is not None:
        table.column(label)
    found = label or _label(list(seen.values()))
    if found is None:
        raise UsageError(
            "no column looks like an outcome; name it with --label", code="NO_LABEL_COLUMN", where=table.file
        )
    positive, why = _positive(table.column(found))
    questions = [f"label: is {found!r} the outcome, and do these words of it mean default? {why}"]
    comments = {name: _comment(s) for name, s in seen.items()}
    parts = (_of_features if _is_features(table) else _of_any)(table, seen, comments, found, positive)
    if parts.time:
        questions.append(
            f"time: are rows decided on in {parts.time!r}? Then later rows are held back; clear it otherwise"
        )
    if parts.group:
        questions.append(f"group: several rows have one {parts.group!r}; rows of one stay on one side of every split")
    if parts.banned:
        questions.append("banned: these look as if they were written after the fact; who knows better takes them out")
    schema = Schema(
        label=found,
        positive=positive,
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


def _of_any(
    table: Table, seen: dict[str, _Seen], comments: dict[str, str], label: str, positive: tuple[str, ...]
) -> _Parts:
    others = [s for s in seen.values() if s.name != label]
    identifiers = [s.name for s in others if s.names_rows or (_IDENTIFIER.search(s.name) and _can_name(s))]
    rest = [s for s in others if s.name not in identifiers]
    banned = {s.name: reason for s in rest if (reason := _after(s, table, label, positive))}
    rest = [s for s in rest if s.name not in banned]
    time = next((s.name for s in rest if s.is_day and _TIME.search(s.name)), "")
    group = next((name for name in identifiers if _is_group(seen[name])), "")
    for s in rest:
        if s.name != time and _YEAR.search(s.name):
            comments[s.name] += "; a year can give away which rows came last: ban it unless it is known and moves on"
        if _SENSITIVE.search(s.name):
            comments[s.name] += "; may be unlawful to decide by: a report can look at it all the same"
    columns = tuple(_column(s, time) for s in rest if s.name != time)
    return _Parts(identifiers, time, group, banned, columns)


def _of_features(
    table: Table, seen: dict[str, _Seen], comments: dict[str, str], label: str, positive: tuple[str, ...]
) -> _Parts:
    """Whoever wrote these columns says what they are; nothing is guessed from their names."""
    firm, day = seen["firm"], seen["as_of"]
    time, group = "as_of" if day.distinct > 1 else "", "firm" if firm.distinct < firm.known else ""
    rest = [s for s in seen.values() if s.name not in (label, "firm", "as_of")]
    features = [f for s in rest if (f := BY_NAME.get(s.name))]
    banned = {f.name: f"caution: {f.caution}" for f in features if f.caution}
    others = [Column(s.name, Role.IGNORE) for s in rest if s.name not in BY_NAME]
    columns = tuple(_feature(f) for f in features if f.name not in banned)
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


def _look(name: str, column: Sequence[str | None]) -> _Seen:
    cells = column if len(column) <= _SAMPLE else column[:: len(column) // _SAMPLE + 1]
    known = [cell.strip() for cell in cells if cell is not None and not is_blank(cell)]
    values = []
    for cell in known:
        try:
            value = number(cell)
        except NotANumberError:
            continue
        values.append(value)
    finite = [v for v in values if v is not None]
    read, days = day_reader(known), 0
    if len(values) < 0.9 * len(known) or all(len(cell) == 8 and cell.isdigit() for cell in known):
        for cell in known:
            try:
                days += read(cell) is not None
            except ValueError:
                continue
    counts = Counter(word(cell) for cell in known)
    return _Seen(
        name=name,
        rows=len(cells),
        blank=len(cells) - len(known),
        distinct=len(counts),
        numbers=len(values),
        days=days,
        words=tuple(str(w) for w, _ in counts.most_common(6)),
        low=f"{float(min(finite)):.6g}" if finite else "",
        high=f"{float(max(finite)):.6g}" if finite else "",
        is_whole=all(v == v.to_integral_value() for v in finite),
        finite=len(finite),
    )


def _label(seen: Sequence[_Seen]) -> str | None:
    for wanted in (2, 12):
        named = [s for s in seen if _LABELS.match(s.name.strip()) and 2 <= s.distinct <= wanted]
        if named:
            # A shorter name is rarely a date or an amount of the outcome.
            return min(named, key=lambda s: (s.distinct, len(s.name))).name
    two = [s for s in seen if s.distinct == 2 and s.blank < s.rows]
    return two[-1].name if len(two) == 1 else None


def _positive(column: Sequence[str | None]) -> tuple[tuple[str, ...], str]:
    counts = Counter(found for cell in column if (found := word(cell)) is not None)
    listed = ", ".join(f"{w} ({n})" for w, n in counts.most_common(12))
    known = [w for w in counts if _POSITIVE.match(w)]
    if set(counts) == {"1", "2"}:
        known = ["2"]
    if len(counts) > 2 and set(counts) <= set(_RATINGS):
        # Below investment grade; of a short scale, its last word.
        known = [w for w in counts if w in _RATINGS[4:]] if len(counts) > 4 else [max(counts, key=_RATINGS.index)]
    elif not known or len(known) == len(counts):
        # Defaults are the rarer outcome nearly always.
        known = [counts.most_common()[-1][0]] if counts else []
    return tuple(known), f"It holds {listed}"


def _can_name(s: _Seen) -> bool:
    """A column called a name or a number names rows only where it has many words, or all rows differ."""
    return (not s.is_number and s.distinct > 50) or (s.is_whole and s.is_number and s.distinct > 0.9 * max(1, s.known))


def _is_group(s: _Seen) -> bool:
    return s.known >= 20 and s.distinct < 0.9 * s.known


def _after(s: _Seen, table: Table, label: str, positive: tuple[str, ...]) -> str:
    if _CALENDAR.match(s.name):
        return "a calendar year does not carry over to the next, and can give away which rows came last"
    if _AFTER.search(s.name):
        return "its name says what became of the row"
    y = [word(cell) in positive for cell in table.column(label)]
    known = [not is_blank(cell) for cell in table.column(s.name)]
    bads = sum(y)
    if sum(known) >= 10 and all(b for k, b in zip(known, y) if k) and sum(known) >= 0.5 * bads:
        return "it is filled in for defaults alone"
    rows, hits = Counter(table.column(s.name)), Counter(c for c, b in zip(table.column(s.name), y) if b)
    if len(rows) <= 50 and any(n >= 10 and hits[c] == n and n >= 0.5 * bads for c, n in rows.items()):
        return "one value of it stands in defaults alone"
    return ""


def _column(s: _Seen, time: str) -> Column:
    if s.is_day:
        return Column(s.name, Role.DATE if time else Role.IGNORE)
    if not s.is_number:
        return Column(s.name, Role.CATEGORY if s.distinct > 1 else Role.IGNORE)
    if s.is_whole and _CODES.search(s.name) and s.distinct > 2:
        return Column(s.name, Role.CATEGORY)
    return Column(s.name, Role.IGNORE if s.distinct < 2 and not s.blank else Role.NUMBER)


def _comment(s: _Seen) -> str:
    parts = []
    if s.blank:
        parts.append(f"{100 * s.blank / max(1, s.rows):.1f} % unknown")
    if s.distinct <= 1:
        parts.append("constant")
    elif s.is_number:
        parts.append(f"{s.low} to {s.high}")
        if s.numbers < s.known:
            parts.append(f"{s.known - s.numbers} cells are no numbers and will count as unknown")
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
        "# The outcome, and its words that mean default. Every other word means none, unless negative lists those that do.",
        f"label = {text_of(schema.label)}",
        f"positive = {list_of(schema.positive)}",
        "negative = []",
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
