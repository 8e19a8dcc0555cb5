"""
What happens to each row of an invoice file, and what stops a whole file. The import runs from these tables and
docs/invoices.md is printed from them; a test holds the two together. Texts name no value from a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hefu.kernel.errors import Corrupt, HefuError, Unavailable, UsageError

#: Smallest date that is taken for a date; older ones are a spreadsheet's zero or a slip.
DATE_MIN = "1990-01-01"
#: How far net plus tax may be from gross, in minor units: each of the two was rounded by itself.
SUM_TOLERANCE_MINOR = 2
#: Longest firm, number or counterparty, in characters.
KEY_LENGTH_MAX = 64


class Outcome(StrEnum):
    """What a treatment means for a row."""

    ACCEPTED = "accepted"
    SET_ASIDE = "set aside"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Treatment:
    """One way to treat a row."""

    code: str
    outcome: Outcome
    when: str


#: In order of precedence: the first that fits is the row's only treatment.
TREATMENTS = (
    Treatment("ROW_COLUMNS", Outcome.REFUSED, "the row has more or fewer columns than the header"),
    Treatment("MISSING_FIRM", Outcome.REFUSED, "no firm"),
    Treatment("MISSING_NUMBER", Outcome.REFUSED, "no invoice number"),
    Treatment("MISSING_COUNTERPARTY", Outcome.REFUSED, "no counterparty"),
    Treatment("KEY_TOO_LONG", Outcome.REFUSED, f"firm, number or counterparty exceeds {KEY_LENGTH_MAX} characters"),
    Treatment("BAD_DATE", Outcome.REFUSED, f"the date cannot be read in any known format, or is before {DATE_MIN}"),
    Treatment("FUTURE_DATE", Outcome.REFUSED, "the date is after the given business date"),
    Treatment("BAD_AMOUNT", Outcome.REFUSED, "net, tax or gross is absent or not a plain decimal number"),
    Treatment("AMOUNT_TOO_LARGE", Outcome.REFUSED, "net, tax or gross is past the largest amount, ten trillion yuan"),
    Treatment("NOT_CENTS", Outcome.REFUSED, "net, tax or gross is not a whole number of cents"),
    Treatment("UNKNOWN_STATUS", Outcome.REFUSED, "the status is neither a word for valid nor one for void"),
    Treatment("VOID", Outcome.SET_ASIDE, "the invoice was voided (作废), whatever its amounts"),
    Treatment("AMOUNTS_DISAGREE", Outcome.REFUSED, "net plus tax is more than 0.02 from gross, or their signs differ"),
    Treatment("ZERO", Outcome.SET_ASIDE, "gross is zero"),
    Treatment("RED_LETTER", Outcome.SET_ASIDE, "gross is negative (红字); it cancels no other row, for it names none"),
    Treatment("DUPLICATE", Outcome.SET_ASIDE, "equal in every column to an accepted row before it, in any file"),
    Treatment("ACCEPTED", Outcome.ACCEPTED, "valid, positive, and all of the above is in order"),
)
BY_CODE = {treatment.code: treatment for treatment in TREATMENTS}


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Why a whole file, or the whole import, is refused; nothing of it is kept."""

    code: str
    kind: type[HefuError]
    text: str


_WHICH = "purchases or sales? Name the direction, or put input, output, 进项 or 销项 in the file name"
_DISAGREE = "what is named, file name and header disagree on purchases or sales; name the right direction"
FILE_PROBLEMS = (
    FileProblem("FILE_MISSING", UsageError, "no such file or folder; check the path"),
    FileProblem("FILE_UNREADABLE", UsageError, "the file cannot be opened; check its permissions"),
    FileProblem("FILE_KIND", UsageError, "neither .csv nor .parquet; save the file as CSV"),
    FileProblem("FILE_EMPTY", Corrupt, "the file has no content; export it again"),
    FileProblem("FILE_TRUNCATED", Corrupt, "the file ends in the middle of a row or block; export or copy it again"),
    FileProblem("BAD_ENCODING", Corrupt, "the text is neither UTF-8 nor GB18030; save the file as UTF-8"),
    FileProblem("BAD_CSV", Corrupt, "a quote is out of place, a row is endless or a byte is zero; export it again"),
    FileProblem("BAD_PARQUET", Corrupt, "the Parquet file is damaged; export or copy it again"),
    FileProblem("UNKNOWN_COLUMNS", UsageError, "no column mapping fits the header; write one and name it"),
    FileProblem("UNKNOWN_DIRECTION", UsageError, _WHICH),
    FileProblem("DIRECTION_CONFLICT", UsageError, _DISAGREE),
    FileProblem("NO_INVOICE_FILES", UsageError, "the folder holds no CSV or Parquet file with the columns of invoices"),
    FileProblem("BAD_MAPPING", UsageError, "the column mapping cannot be used"),
    FileProblem(
        "CONNECTION_BUSY",
        UsageError,
        "the connection holds a table named invoices, or another transaction changes these tables",
    ),
    FileProblem("NO_ROOM", Unavailable, "memory or the folder for temporary files is full; free some, or set TMPDIR"),
    FileProblem("BAD_REPORT_KIND", UsageError, "a report is saved as .csv or .json"),
    FileProblem("NOT_SAVED", UsageError, "the file cannot be written; check folder, space and permissions"),
)
_PROBLEM = {problem.code: problem for problem in FILE_PROBLEMS}


def problem(code: str, where: str | None = None, detail: str = "") -> HefuError:
    """
    The error for a file problem, ready to raise.

    Args:
        code: One of FILE_PROBLEMS.
        where: File, and row where known.
        detail: More about this case, without values from the file.
    """
    entry = _PROBLEM[code]
    # A file's name may hold bytes that are no text; printing them must not fail in turn.
    where = where and where.encode("utf-8", "replace").decode("utf-8")
    return entry.kind(f"{entry.text} ({detail})" if detail else entry.text, code=code, where=where)


def treatments_table() -> str:
    """The table of treatments, as Markdown."""
    lines = ["| | code | outcome | when |", "|---|---|---|---|"]
    lines += [f"| {i} | `{t.code}` | {t.outcome} | {t.when} |" for i, t in enumerate(TREATMENTS, 1)]
    return "\n".join(lines)


def file_problems_table() -> str:
    """The table of file problems, as Markdown."""
    lines = ["| code | exit | what is wrong and what to do |", "|---|---|---|"]
    lines += [f"| `{p.code}` | {p.kind.exit_code} | {p.text} |" for p in FILE_PROBLEMS]
    return "\n".join(lines)
