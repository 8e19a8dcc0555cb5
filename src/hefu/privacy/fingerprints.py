"""
Tags of documents: the same invoice gives the same tag wherever it is registered, and a tag gives no invoice back.

A tag covers a document's identity and nothing else: never an amount, so that an edited amount meets the same tag.

What this protects: whoever sees only tags (other banks, validators, a reader of the ledger) cannot try out invoice
numbers, for a tag is a keyed hash and the key stays with the evaluator. What it does not: the named evaluator sees each
identity that it evaluates, and can itself find the document behind a tag by trying; whoever may call it can try as many
guesses as the quota allows; and anyone sees which two documents have the same tag. An oblivious scheme (RFC 9497), in
which the evaluator sees nothing, takes its place under a scheme name and key epoch of its own; old tags stay valid
beside it.

Canonical form of a text: Unicode form KC, upper case, no spaces or invisible characters, every dash as "-". A number of
digits loses its leading zeros, which spreadsheets drop anyway; the 20 digits of an e-invoice stay as they are. Dates
are ISO 8601. Each field goes in behind its length, so that no two lists of fields run together into the same bytes.
Letters that only look alike (a Cyrillic A) stay different: give parties by their codes, not by their names.

Decision: docs/decisions/0003-document-tags.md.
"""

from __future__ import annotations

import hmac
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from hefu.kernel.codec import Record
from hefu.kernel.errors import Rejected, UsageError

FORMAT = b"hefu/document/1"
_DATES = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", re.ASCII),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日", re.ASCII),
    re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII),
)
# Unicode's default ignorable code points outside the categories of spaces and controls, and the blank of Braille: each
# is invisible, and one of them inside a number would hide a duplicate.
_INVISIBLE_RANGES = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
)
_INVISIBLE = frozenset(chr(point) for first, last in _INVISIBLE_RANGES for point in range(first, last + 1))


class Kind(StrEnum):
    """Which identity of a document went into its tag."""

    EINVOICE = "einvoice"
    INVOICE = "invoice"
    #: Weak: two documents may share it by chance, and one document may be written so that it misses it.
    INVOICE_WEAK = "invoice-weak"
    CONTRACT = "contract"
    DELIVERY = "delivery"


class QuotaExceeded(Rejected):
    """A caller has used up its evaluations of the period."""

    code = "QUOTA_EXCEEDED"


@dataclass(frozen=True, slots=True)
class Identity:
    """
    What makes a document the same document, in canonical form. Its repr shows the kind only.

    Make it by `einvoice`, `invoice`, `invoice_weak`, `contract` or `delivery`.
    """

    kind: Kind
    fields: tuple[str, ...] = field(repr=False)

    @property
    def canonical(self) -> bytes:
        """The bytes that are evaluated."""
        return _framed(FORMAT, self.kind.encode(), *(text.encode() for text in self.fields))


class Tag(Record, frozen=True):
    """
    A tag as it stands on the ledger.

    `scheme` says how it was computed, `epoch` under which key; tags are comparable only where both agree.
    """

    kind: Kind
    scheme: str
    epoch: int
    value: bytes

    @property
    def weak(self) -> bool:
        """Whether equality of this tag is a hint rather than proof of the same document."""
        return self.kind is Kind.INVOICE_WEAK


class Fingerprinter(Protocol):
    """Evaluates the keyed function of one scheme and key epoch."""

    @property
    def scheme(self) -> str:
        """Name and version of the scheme, for example "hmac-sha256/1"."""
        ...

    @property
    def epoch(self) -> int:
        """Number of the key, from 1."""
        ...

    def evaluate(self, kind: Kind, canonical: bytes) -> bytes:
        """
        The tag's value.

        Raises:
            QuotaExceeded: The caller has used up its evaluations of the period.
        """
        ...


def tag_of(fingerprinter: Fingerprinter, identity: Identity) -> Tag:
    """
    Tag of a document.

    Raises:
        QuotaExceeded: The caller has used up its evaluations of the period.
    """
    value = fingerprinter.evaluate(identity.kind, identity.canonical)
    return Tag(identity.kind, fingerprinter.scheme, fingerprinter.epoch, value)


@dataclass(frozen=True, slots=True)
class EvaluationCount:
    """A line of the log: who evaluated how many identities of a kind. Content is never logged."""

    caller: str
    kind: Kind
    count: int


class EvaluationQuota:
    """
    Counts evaluations by caller and kind, and refuses past the limit. Threads may share it.

    The counts are in memory: a restart begins a new period. Periods begin when told; nothing here reads a clock.

    Args:
        evaluations_max: Evaluations of one caller in one period, all kinds and epochs together, count.
    """

    def __init__(self, evaluations_max: int) -> None:
        if evaluations_max < 1:
            raise UsageError("evaluations_max must be at least 1")
        self._evaluations_max = evaluations_max
        self._counts: Counter[tuple[str, Kind]] = Counter()
        self._totals: Counter[str] = Counter()
        self._lock = threading.Lock()

    def spend(self, caller: str, kind: Kind) -> None:
        """
        Count one evaluation.

        Raises:
            QuotaExceeded: None is left; nothing is counted.
        """
        with self._lock:
            if self._totals[caller] >= self._evaluations_max:
                raise QuotaExceeded(f"this caller has used its {self._evaluations_max} evaluations of the period")
            self._totals[caller] += 1
            self._counts[caller, kind] += 1

    def log(self) -> list[EvaluationCount]:
        """What was evaluated in this period, by caller and kind."""
        with self._lock:
            return _lines(self._counts)

    def start_period(self) -> list[EvaluationCount]:
        """Begin a new period; the log of the one that ended."""
        with self._lock:
            ended, self._counts, self._totals = self._counts, Counter(), Counter()
        return _lines(ended)


class NamedEvaluator:
    """
    A named institution evaluates under a key that it alone holds: HMAC-SHA-256 (RFC 2104), 32 bytes.

    Args:
        key: 32 bytes from the system's random source, another one for each epoch.
        epoch: Number of the key, from 1.
        caller: For whom it evaluates; one object a caller.
        quota: Counts for all callers, shared by their evaluators.

    Raises:
        UsageError: The key is not 32 bytes, the epoch is below 1, or the caller has no name.
    """

    scheme = "hmac-sha256/1"

    def __init__(self, key: bytes, epoch: int, *, caller: str, quota: EvaluationQuota) -> None:
        if len(key) != 32:
            raise UsageError("an evaluation key is 32 bytes", code="BAD_KEY")
        if epoch < 1 or not caller:
            raise UsageError("an evaluator needs an epoch from 1 and a caller")
        self._key, self.epoch, self._caller, self._quota = key, epoch, caller, quota

    def evaluate(self, kind: Kind, canonical: bytes) -> bytes:
        """
        32 bytes. Every evaluation counts, repeated ones too.

        Raises:
            QuotaExceeded: The caller has used up its evaluations of the period.
        """
        self._quota.spend(self._caller, kind)
        message = _framed(self.scheme.encode(), str(self.epoch).encode(), kind.encode(), canonical)
        return hmac.digest(self._key, message, "sha256")

    def __repr__(self) -> str:
        return f"NamedEvaluator(epoch={self.epoch}, caller={self._caller!r})"


def einvoice(number: str) -> Identity:
    """
    Identity of a fully digital e-invoice.

    Args:
        number: 20 digits (2 year, 2 province bureau, 1 channel, 15 serial).

    Raises:
        UsageError: Not 20 digits (BAD_IDENTITY).
    """
    text = canonical_text(number)
    if not re.fullmatch(r"[0-9]{20}", text):
        raise _bad("an e-invoice number is 20 digits")
    return Identity(Kind.EINVOICE, (text,))


def invoice(code: str, number: str) -> Identity:
    """
    Identity of an invoice with code and number.

    Args:
        code: 10 or 12 digits.
        number: 8 digits.

    Raises:
        UsageError: Not digits, or longer than that (BAD_IDENTITY).
    """
    fields = canonical_number(code), canonical_number(number)
    if not (re.fullmatch(r"[0-9]{1,12}", fields[0]) and re.fullmatch(r"[0-9]{1,8}", fields[1])):
        raise _bad("an invoice has a code of at most 12 digits and a number of at most 8")
    return Identity(Kind.INVOICE, fields)


def invoice_weak(seller: str, buyer: str, number: str, issued_on: date | str) -> Identity:
    """
    Weak identity of an invoice that has neither a 20-digit number nor a code.

    Args:
        seller: Seller's unified social credit code, or its name where there is none.
        buyer: Likewise.

    Raises:
        UsageError: A field is empty or no date (BAD_IDENTITY).
    """
    fields = (canonical_text(seller), canonical_text(buyer), canonical_number(number), canonical_date(issued_on))
    return Identity(Kind.INVOICE_WEAK, fields)


def contract(parties: Sequence[str], number: str) -> Identity:
    """
    Identity of a contract: the order of its parties does not matter.

    Args:
        parties: Unified social credit codes, two or more.
        number: The number that the parties gave it.

    Raises:
        UsageError: Fewer than two different parties, or a field is empty (BAD_IDENTITY).
    """
    return Identity(Kind.CONTRACT, _parties_and_number(parties, number))


def delivery(parties: Sequence[str], number: str) -> Identity:
    """
    Identity of a delivery: the order of its parties does not matter.

    Args:
        parties: Unified social credit codes of who delivers and who receives.
        number: The note's number.

    Raises:
        UsageError: Fewer than two different parties, or a field is empty (BAD_IDENTITY).
    """
    return Identity(Kind.DELIVERY, _parties_and_number(parties, number))


def canonical_text(text: str) -> str:
    """
    Canonical form of a text; taking it twice changes nothing.

    Raises:
        UsageError: Nothing is left, or the text is not valid Unicode (BAD_IDENTITY).

    >>> canonical_text(" ht-2024\u3000001")
    'HT-2024001'
    """
    seen = None
    # Form KC can bring forth spaces, and removing one can let two characters compose: go on until nothing changes.
    while seen != text:
        seen = text
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
        text = "".join(_plain(character) for character in folded)
    # What a code point not yet assigned folds to is for a later Unicode to say, so it cannot enter a lasting tag.
    if not text or any(unicodedata.category(character) in ("Cs", "Cn") for character in text):
        raise _bad("a field of the identity is empty or not valid text")
    return text


def canonical_number(text: str) -> str:
    """
    Canonical form of a number: digits alone lose their leading zeros, anything else is a text.

    Raises:
        UsageError: Nothing is left (BAD_IDENTITY).

    >>> canonical_number("00 0123"), canonical_number("00A1"), canonical_number("000")
    ('123', '00A1', '0')
    """
    text = canonical_text(text)
    return text.lstrip("0") or "0" if re.fullmatch(r"[0-9]+", text) else text


def canonical_date(day: date | str) -> str:
    """
    ISO 8601 date. Texts may be 2024-1-5, 2024/1/5, 2024.1.5, 2024年1月5日 or 20240105.

    Raises:
        UsageError: No such date, or an instant, whose date depends on a zone (BAD_IDENTITY).

    >>> canonical_date("2024年1月5日")
    '2024-01-05'
    """
    if isinstance(day, datetime):
        raise _bad("a date is needed, not an instant")
    if isinstance(day, date):
        return day.isoformat()
    text = canonical_text(day)
    for form in _DATES:
        if match := form.fullmatch(text):
            year, month, day_of_month = map(int, match.groups())
            try:
                return date(year, month, day_of_month).isoformat()
            except ValueError:
                break
    raise _bad("not a date; write it as 2024-01-05")


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp", "Cc", "Cf") or character in _INVISIBLE:
        return ""
    return "-" if category == "Pd" or character == "\N{MINUS SIGN}" else character


def _parties_and_number(parties: Sequence[str], number: str) -> tuple[str, ...]:
    if isinstance(parties, str):
        raise _bad("parties are a list, not one text")
    different = sorted({canonical_text(party) for party in parties})
    if len(different) < 2:
        raise _bad("two different parties are needed")
    return (*different, canonical_number(number))


def _lines(counts: Counter[tuple[str, Kind]]) -> list[EvaluationCount]:
    return [EvaluationCount(caller, kind, count) for (caller, kind), count in sorted(counts.items())]


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _bad(text: str) -> UsageError:
    return UsageError(text, code="BAD_IDENTITY")
