"""
The SQL that types the rows of one file of a source and gives each its treatment: a code and the field that it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hefu.credit.sources.schema import NUMBER_MAX, PERIOD_DAYS_MAX, Field, Kind, Schema
from hefu.documents.invoices.classify import quoted
from hefu.documents.invoices.mappings import DATE_FORMATS
from hefu.documents.invoices.treatments import DATE_MIN, KEY_LENGTH_MAX, Outcome, Treatment

#: In order of precedence. Each but the first and the last names a field.
TREATMENTS = (
    Treatment("ROW_COLUMNS", Outcome.REFUSED, "the row has more or fewer columns than the header"),
    Treatment("MISSING_VALUE", Outcome.REFUSED, "a required cell is empty"),
    Treatment("KEY_TOO_LONG", Outcome.REFUSED, f"a text exceeds {KEY_LENGTH_MAX} characters"),
    Treatment("UNKNOWN_WORD", Outcome.REFUSED, "the cell has none of the words that the field knows"),
    Treatment("BAD_DATE", Outcome.REFUSED, f"the date cannot be read in any known format, or is before {DATE_MIN}"),
    Treatment("NOT_A_NUMBER", Outcome.REFUSED, "the cell is not a plain decimal number"),
    Treatment("NUMBER_TOO_LARGE", Outcome.REFUSED, "the number is past the largest; check its unit"),
    Treatment("NOT_CENTS", Outcome.REFUSED, "the amount is not a whole number of cents"),
    Treatment("NEGATIVE", Outcome.REFUSED, "the number is negative where nothing can be"),
    Treatment("FUTURE_DATE", Outcome.REFUSED, "the date is after the given business date"),
    Treatment("PERIOD_BACKWARDS", Outcome.REFUSED, "the period ends before it begins"),
    Treatment("PERIOD_TOO_LONG", Outcome.REFUSED, f"the period is longer than {PERIOD_DAYS_MAX} days"),
    Treatment("KNOWN_TOO_EARLY", Outcome.REFUSED, "the row became known before its day or the end of its period"),
    Treatment("RUN_OVER_AVAILABLE", Outcome.REFUSED, "equipment ran longer than it was available; check the unit"),
    Treatment("ACCEPTED", Outcome.ACCEPTED, "all of the above is in order"),
)
BY_CODE = {treatment.code: treatment for treatment in TREATMENTS}
_BLANKS = "' \t\r\n\u00a0\u3000\ufeff'"
# Plain decimals only: an exponent shows that a spreadsheet has already dropped digits.
_NUMBER = "'[+-]?[¥￥]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]*)?'"


def typed_rows(
    source: str, schema: Schema, columns: Mapping[str, tuple[str, str, int]], *, file: str, today: str
) -> str:
    """
    The query that reads a file: every field typed, with `treatment`, `field`, `row` and `file`.

    Args:
        source: SQL source of rows with `row_number`, negative for a ragged row.
        columns: Field to SQL name, SQL type and unit factor of its column; absent ones take their default.
        today: Business date, ISO 8601; later dates are refused.
    """
    texts = ", ".join(f"{_cell(*columns[f.name][:2])} AS {f.name}_text" for f in schema.fields if f.name in columns)
    typed = ", ".join(_typed(f, columns[f.name][2]) for f in schema.fields if f.name in columns)
    whole = ", ".join(_whole(f, f.name in columns) for f in _in_order(schema))
    checks = "\n".join(
        f"WHEN {condition} THEN {quoted(f'{code}|{name}')}" for condition, code, name in _checks(schema, columns, today)
    )
    verdict = f"CASE WHEN row_number < 0 THEN 'ROW_COLUMNS|' {checks} ELSE 'ACCEPTED|' END"
    names = ", ".join(f.name for f in schema.fields)
    return f"""
        WITH texts AS (SELECT row_number, {texts} FROM {source}),
             typed AS (SELECT *, {typed} FROM texts),
             whole AS (SELECT * REPLACE (row_number AS row_number), {whole} FROM typed),
             judged AS (SELECT *, {verdict} AS verdict FROM whole)
        SELECT {names}, split_part(verdict, '|', 1) AS treatment, split_part(verdict, '|', 2) AS field,
               abs(row_number) AS "row", {quoted(file)} AS file
        FROM judged
    """  # noqa: S608 - names are the schema's and texts are quoted; a table function's columns cannot be parameters.


def _in_order(schema: Schema) -> list[Field]:
    """Fields with those first that others take as their default."""
    return sorted(schema.fields, key=lambda f: f.default is not None and f.default != "")


def _cell(sql: str, kind: str) -> str:
    if kind in ("DOUBLE", "FLOAT"):
        # Six digits keep every cent and watt-hour, and drop the noise of a spreadsheet's sums.
        text = f"CAST(TRY_CAST({sql} AS DECIMAL(38, 6)) AS VARCHAR)"
        return f"CASE WHEN {sql} IS NULL THEN NULL ELSE coalesce({text}, 'no number') END"
    if kind.startswith("TIMESTAMP"):
        moment = f"make_timestamp(epoch_us({sql})) + INTERVAL 8 HOUR" if "ZONE" in kind else sql
        return f"CAST(CAST({moment} AS DATE) AS VARCHAR)"
    text = sql if kind == "VARCHAR" else f"CAST({sql} AS VARCHAR)"
    return f"nfc_normalize(nullif(trim({text}, {_BLANKS}), ''))"


def _typed(f: Field, factor: int) -> str:
    text = f"{f.name}_text"
    match f.kind:
        case Kind.TEXT:
            return f"{text} AS {f.name}_value"
        case Kind.WORD:
            known = " ".join(f"WHEN {quoted(word.lower())} THEN {quoted(kept)}" for word, kept in f.words.items())
            return f"CASE lower({text}) {known} END AS {f.name}_value"
        case Kind.DATE:
            formats = f"[{', '.join(map(quoted, DATE_FORMATS))}]"
            return f"CAST(try_strptime({text}, {formats}) AS DATE) AS {f.name}_value"
        case _:
            plain = f"CASE WHEN regexp_full_match({text}, {_NUMBER}) THEN translate({text}, '¥￥,', '') END"
            return (
                f"TRY_CAST({plain} AS DECIMAL(38, 10)) AS {f.name}_number, "
                f"{f.name}_number IS NOT NULL AND abs({f.name}_number) * {factor} <= {NUMBER_MAX} AS {f.name}_fits, "
                f"CASE WHEN {f.name}_fits THEN CAST(round({f.name}_number * {factor}) AS BIGINT) END AS {f.name}_value, "
                f"CASE WHEN {f.name}_fits THEN abs({f.name}_number * {factor} - {f.name}_value) <= 0.000001 END AS {f.name}_exact"
            )


def _whole(f: Field, is_there: bool) -> str:
    value = f"{f.name}_value" if is_there else "NULL"
    if f.default is None:
        return f"{value} AS {f.name}"
    otherwise = f.default if f.kind is Kind.DATE else quoted(f.default)
    empty = f"{f.name}_text IS NULL" if is_there else "true"
    return f"CASE WHEN {empty} THEN {otherwise} ELSE {value} END AS {f.name}"


def _checks(schema: Schema, columns: Mapping[str, tuple[str, str, int]], today: str) -> Iterator[tuple[str, str, str]]:
    there = [f for f in schema.fields if f.name in columns]
    numbers = [f for f in there if f.kind in (Kind.MONEY, Kind.QUANTITY)]
    dates = [f for f in there if f.kind is Kind.DATE]
    for f in there:
        if f.default is None:
            yield f"{f.name}_text IS NULL", "MISSING_VALUE", f.name
    for f in there:
        if f.kind is Kind.TEXT:
            yield f"length({f.name}) > {KEY_LENGTH_MAX}", "KEY_TOO_LONG", f.name
    for f in there:
        if f.kind is Kind.WORD:
            yield f"{f.name} IS NULL", "UNKNOWN_WORD", f.name
    for f in dates:
        yield f"{f.name} IS NULL OR {f.name} < DATE '{DATE_MIN}'", "BAD_DATE", f.name
    for f in numbers:
        yield f"{f.name}_number IS NULL", "NOT_A_NUMBER", f.name
    for f in numbers:
        yield f"NOT {f.name}_fits", "NUMBER_TOO_LARGE", f.name
    for f in numbers:
        if f.kind is Kind.MONEY:
            yield f"NOT {f.name}_exact", "NOT_CENTS", f.name
    for f in numbers:
        if not f.is_signed:
            yield f"{f.name} < 0", "NEGATIVE", f.name
    for f in dates:
        # A due date may lie ahead; nothing else may.
        if f.name != "due_on":
            yield f"{f.name} > DATE '{today}'", "FUTURE_DATE", f.name
    # In the order of the table above: the first that fits is the row's only treatment.
    for code in ("PERIOD_BACKWARDS", "PERIOD_TOO_LONG", "KNOWN_TOO_EARLY", "RUN_OVER_AVAILABLE"):
        for smaller, larger, refusal in schema.order:
            if refusal == code:
                yield f"{smaller} > {larger}", refusal, larger if code != "RUN_OVER_AVAILABLE" else smaller
        if code == "PERIOD_TOO_LONG" and any(f.name == "period_start" for f in schema.fields):
            yield f"period_end - period_start >= {PERIOD_DAYS_MAX}", code, "period_end"
