"""
The SQL that types the columns of one file and gives each row its treatment. Decisions are made on decimals and
integers; a Parquet double is turned into cents first and refused where it is not the nearest double to a cent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hefu.documents.invoices.mappings import ColumnMapping, Direction
from hefu.documents.invoices.treatments import DATE_MIN, KEY_LENGTH_MAX, SUM_TOLERANCE_MINOR
from hefu.kernel.money import AMOUNT_MAX

#: Columns of the table that an import fills: every readable row with its treatment.
ROW_COLUMNS = (
    "firm VARCHAR, direction VARCHAR, number VARCHAR, issued_on DATE, counterparty VARCHAR, "
    'net_minor BIGINT, tax_minor BIGINT, gross_minor BIGINT, "row" BIGINT, file VARCHAR, treatment VARCHAR'
)
_AMOUNTS = ("net", "tax", "gross")
_DOUBLES = ("DOUBLE", "FLOAT")
_KEYS = ("firm", "number", "counterparty")
_BLANKS = "' \t\r\n\u00a0\u3000\ufeff'"
# What nearly every text looks like: nothing to trim, nothing to normalise.
_TIDY = "'[!-~]+'"
_TIDY_AMOUNT = "'[+-]?[0-9]+([.][0-9]{0,2})?'"
# Plain decimals only: an exponent shows that a spreadsheet has already dropped digits.
_AMOUNT = "'[+-]?[¥￥]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]*)?'"


def quoted(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    """An SQL identifier."""
    return '"' + text.replace('"', '""') + '"'


def insert_rows(
    table: str,
    source: str,
    *,
    columns: Mapping[str, tuple[str, str]],
    mapping: ColumnMapping,
    direction: Direction,
    file: str,
    today: str,
) -> str:
    """
    The statement that reads one file into the table.

    Args:
        source: Table function with the file's columns and `row_number`, negative for a ragged row.
        columns: Field to SQL name and SQL type of its column.
        today: Business date; later invoices are refused. ISO 8601.
    """
    texts = ", ".join(_text(field, sql, kind, mapping) for field, (sql, kind) in columns.items())
    plain = "".join(f", {_plain(a)}" for a in _AMOUNTS if columns[a][1] not in _DOUBLES)
    minor = ", ".join(_double(a) if columns[a][1] in _DOUBLES else _decimal(a) for a in _AMOUNTS)
    faults = ", ".join(_fault(a) for a in _AMOUNTS)
    kept = ", ".join(f"CASE WHEN {a}_fault IS NULL THEN {a}_minor END" for a in _AMOUNTS)
    # One step builds on the one before, so that nothing is worked out twice.
    return f"""
        INSERT INTO {table}
        WITH texts AS (SELECT row_number, {texts} FROM {source}),
             plain AS (SELECT *{plain} FROM texts),
             minor AS (SELECT *, {minor} FROM plain),
             checked AS (SELECT *, {faults} FROM minor)
        SELECT firm, '{direction}', number, issued_on, counterparty, {kept},
               abs(row_number), {quoted(file)}, {_treatment(mapping, today)}
        FROM checked
    """  # noqa: S608 - names and texts are quoted above; a table function's columns cannot be parameters.


def _text(field: str, sql: str, kind: str, mapping: ColumnMapping) -> str:
    # A look at the usual form first spares nine tenths of the work; the rest of each CASE says what is meant.
    text = sql if kind == "VARCHAR" else f"CAST({sql} AS VARCHAR)"
    if field in _AMOUNTS:
        return f"CAST({sql} AS DOUBLE) AS {field}" if kind in _DOUBLES else f"{text} AS {field}"
    if field == "issued_on":
        return f"{_date(sql, kind, text, mapping.date_formats)} AS issued_on"
    if field == "status":
        known = _words((*mapping.valid, *mapping.void))
        return f"CASE WHEN {text} IN ({known}) THEN {text} ELSE lower(trim({text}, {_BLANKS})) END AS status"
    tidied = f"nfc_normalize(nullif(trim({text}, {_BLANKS}), ''))"
    return f"CASE WHEN regexp_full_match({text}, {_TIDY}) THEN {text} ELSE {tidied} END AS {field}"


def _words(words: Sequence[str]) -> str:
    return ", ".join(quoted(word.strip().lower()) for word in words) or "NULL"


def _date(sql: str, kind: str, text: str, formats: Sequence[str]) -> str:
    if "WITH TIME ZONE" in kind:  # The business date is the one at UTC+8.
        return f"CAST(make_timestamp(epoch_us({sql})) + INTERVAL 8 HOUR AS DATE)"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"CAST({sql} AS DATE)"
    known = f"[{', '.join(map(quoted, formats))}]"
    read, read_trimmed = (f"try_strptime({t}, {known})" for t in (text, f"trim({text}, {_BLANKS})"))
    return f"CAST(coalesce({read}, {read_trimmed}) AS DATE)"


def _plain(amount: str) -> str:
    """A text that is a decimal number, or none."""
    trimmed = f"trim({amount}, {_BLANKS})"
    return (
        f"regexp_full_match({amount}, {_TIDY_AMOUNT}) AS {amount}_is_tidy, "
        f"CASE WHEN {amount}_is_tidy THEN {amount} WHEN regexp_full_match({trimmed}, {_AMOUNT})"
        f" THEN translate({trimmed}, '¥￥,', '') END AS {amount}_plain"
    )


def _decimal(amount: str) -> str:
    cents = f"TRY_CAST({amount}_plain AS DECIMAL(18, 2))"
    near = f"abs(TRY_CAST({amount}_plain AS DECIMAL(38, 10)) - {cents}) <= 0.00000001"
    return (
        f"CAST({cents} * 100 AS BIGINT) AS {amount}_minor, {amount}_plain IS NOT NULL AS {amount}_is_number, "
        f"CASE WHEN {amount}_is_tidy THEN true ELSE {near} END AS {amount}_is_cents"
    )


def _double(amount: str) -> str:
    # A double holds a cent where no double is nearer to it, or within a millionth of a cent where sums left noise.
    return (
        f"TRY_CAST(round({amount} * 100) AS BIGINT) AS {amount}_minor, "
        f"coalesce(isfinite({amount}), false) AS {amount}_is_number, "
        f"(abs({amount} * 100 - round({amount} * 100)) <= 0.000001 OR round({amount} * 100) / 100 = {amount})"
        f" AS {amount}_is_cents"
    )


def _fault(amount: str) -> str:
    return f"""
        CASE WHEN NOT {amount}_is_number THEN 'BAD_AMOUNT'
             WHEN {amount}_minor IS NULL OR abs({amount}_minor) > {AMOUNT_MAX} THEN 'AMOUNT_TOO_LARGE'
             WHEN NOT {amount}_is_cents THEN 'NOT_CENTS' END AS {amount}_fault
    """


def _treatment(mapping: ColumnMapping, today: str) -> str:
    valid, void = _words(mapping.valid), _words(mapping.void)
    missing = "\n".join(f"WHEN {key} IS NULL THEN 'MISSING_{key.upper()}'" for key in _KEYS)
    lengths = f"greatest(length(firm), length(number), length(counterparty)) > {KEY_LENGTH_MAX}"
    faults = "\n".join(
        f"WHEN '{code}' IN (net_fault, tax_fault, gross_fault) THEN '{code}'"
        for code in ("BAD_AMOUNT", "AMOUNT_TOO_LARGE", "NOT_CENTS")
    )
    disagree = (
        f"abs(net_minor + tax_minor - gross_minor) > {SUM_TOLERANCE_MINOR}"
        " OR (gross_minor > 0 AND (net_minor < 0 OR tax_minor < 0))"
        " OR (gross_minor < 0 AND (net_minor > 0 OR tax_minor > 0))"
    )
    return f"""
        CASE WHEN row_number < 0 THEN 'ROW_COLUMNS'
             {missing}
             WHEN {lengths} THEN 'KEY_TOO_LONG'
             WHEN issued_on IS NULL OR issued_on < DATE '{DATE_MIN}' THEN 'BAD_DATE'
             WHEN issued_on > DATE '{today}' THEN 'FUTURE_DATE'
             {faults}
             WHEN status IN ({void}) THEN 'VOID'
             WHEN status IS NULL OR status NOT IN ({valid}) THEN 'UNKNOWN_STATUS'
             WHEN {disagree} THEN 'AMOUNTS_DISAGREE'
             WHEN gross_minor = 0 THEN 'ZERO'
             WHEN gross_minor < 0 THEN 'RED_LETTER'
             ELSE 'ACCEPTED' END
    """


def mark_duplicates(table: str) -> str:
    """The statement that sets aside each accepted row equal to one before it, in order of file and row."""
    identity = "firm, direction, number, issued_on, counterparty, net_minor, tax_minor, gross_minor"
    # Grouping by one hash finds the few candidates three times as fast as grouping by eight columns.
    return f"""
        UPDATE {table} SET treatment = 'DUPLICATE' FROM (
            SELECT file AS copy_file, "row" AS copy_row,
                   row_number() OVER (PARTITION BY {identity} ORDER BY file, "row") AS copy
            FROM {table}
            WHERE treatment = 'ACCEPTED' AND hash({identity}) IN (
                SELECT hash({identity}) FROM {table} WHERE treatment = 'ACCEPTED' GROUP BY 1 HAVING count(*) > 1))
        WHERE file = copy_file AND "row" = copy_row AND copy > 1
    """  # noqa: S608 - the table's name is ours.
