"""Document tags: which documents are the same, which are not, and what nobody may learn."""

# ruff: noqa: RUF001
# Look-alike characters are what this file is about.

from __future__ import annotations

import hashlib
import hmac
import inspect
import threading
import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.kernel.codec import Codec, encode
from hefu.kernel.errors import HefuError, UsageError
from hefu.privacy import fingerprints
from hefu.privacy.fingerprints import (
    EvaluationCount,
    EvaluationQuota,
    Identity,
    Kind,
    NamedEvaluator,
    QuotaExceeded,
    Tag,
    canonical_date,
    canonical_number,
    canonical_text,
    contract,
    delivery,
    einvoice,
    invoice,
    invoice_weak,
    tag_of,
)

KEY = bytes(range(32))
STEEL, PARTS, BANK = "91110000100000001A", "91310000200000002B", "91440300300000003C"
E20 = "24112000000012345678"
DAY = date(2024, 1, 5)

SAME = {
    "full-width digits": (einvoice(E20), einvoice("２４１１２０００００００１２３４５６７８")),
    "spaces in groups": (einvoice(E20), einvoice(" 2411 2000 0000 1234 5678\n")),
    "ideographic and zero-width spaces": (einvoice(E20), einvoice("24112000\u30000000\u200b1234\ufeff5678")),
    "soft hyphen and directions": (einvoice(E20), einvoice("2411\u00ad2000\u202e0000\u202c12345678")),
    "variation selector, filler, tag": (einvoice(E20), einvoice("2411\ufe0f2000\u31640000\U000e00411234\u28005678")),
    "circled digit": (einvoice(E20), einvoice("②4112000000012345678")),
    "leading zeros lost in a spreadsheet": (invoice("011001900111", "00012345"), invoice("11001900111", "12345")),
    "lower case party": (contract([STEEL, PARTS], "HT-1"), contract([STEEL.lower(), PARTS], "ht-1")),
    "full-width letters": (contract([STEEL, PARTS], "HT-1"), contract([STEEL, PARTS], "ＨＴ－１")),
    "another dash": (contract([STEEL, PARTS], "HT-1"), contract([STEEL, PARTS], "HT\u20141")),
    "minus sign and hyphen": (contract([STEEL, PARTS], "HT\u22121"), contract([STEEL, PARTS], "HT\u20101")),
    "full-width brackets": (contract([STEEL, PARTS], "（2024）7"), contract([STEEL, PARTS], "(2024) 7")),
    "parties in another order": (contract([STEEL, PARTS], "1"), contract([PARTS, STEEL], "1")),
    "a party named twice": (delivery([STEEL, PARTS], "1"), delivery([PARTS, STEEL, PARTS], "1")),
    "dates written otherwise": (
        invoice_weak(STEEL, PARTS, "7", DAY),
        invoice_weak(STEEL, PARTS, "007", "2024年1月5日"),
    ),
    "composed and decomposed letters": (delivery(["Caf\u00e9", PARTS], "1"), delivery(["Cafe\u0301", PARTS], "1")),
    "sharp s": (delivery(["Stra\u00dfe", PARTS], "1"), delivery(["STRASSE", PARTS], "1")),
}

DIFFERENT = {
    "another number": (einvoice(E20), einvoice(E20[:-1] + "9")),
    "leading zero of 20 digits": (einvoice("0" + E20[:19]), einvoice(E20[:19] + "0")),
    "digits moved between code and number": (invoice("1100190011", "112345"), invoice("11001900111", "12345")),
    "code and number exchanged": (invoice("12345678", "87654321"), invoice("87654321", "12345678")),
    "seller and buyer exchanged": (invoice_weak(STEEL, PARTS, "7", DAY), invoice_weak(PARTS, STEEL, "7", DAY)),
    "characters moved between parties": (delivery(["AB", "C"], "1"), delivery(["A", "BC"], "1")),
    "characters moved into the number": (delivery(["A", "B"], "C1"), delivery(["A", "BC"], "1")),
    "a party that looks like a number": (contract(["A", "B", "1"], "2"), contract(["A", "B"], "12")),
    "a separator inside a field": (contract(["A|B", "C"], "1"), contract(["A", "B|C"], "1")),
    "one party more": (contract([STEEL, PARTS], "1"), contract([STEEL, PARTS, BANK], "1")),
    "another kind": (contract([STEEL, PARTS], "1"), delivery([STEEL, PARTS], "1")),
    "another day": (invoice_weak(STEEL, PARTS, "7", DAY), invoice_weak(STEEL, PARTS, "7", "2024-05-01")),
    "zeros inside and behind": (contract([STEEL, PARTS], "100"), contract([STEEL, PARTS], "1")),
    "zeros before letters": (contract([STEEL, PARTS], "00A1"), contract([STEEL, PARTS], "A1")),
    "dash or none": (contract([STEEL, PARTS], "HT-1"), contract([STEEL, PARTS], "HT1")),
    "a Cyrillic letter": (contract([STEEL, PARTS], "\u0410-1"), contract([STEEL, PARTS], "A-1")),
    "Arabic digits in a text": (contract([STEEL, PARTS], "\u0661"), contract([STEEL, PARTS], "1")),
    "strong and weak": (invoice("7", "7"), invoice_weak("7", "7", "7", DAY)),
}


def evaluator(caller: str = "bank-a", quota: EvaluationQuota | None = None, **options) -> NamedEvaluator:
    return NamedEvaluator(
        options.get("key", KEY), options.get("epoch", 1), caller=caller, quota=quota or EvaluationQuota(1000)
    )


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_the_same_document_gives_the_same_tag(one, other):
    assert tag_of(evaluator(), one) == tag_of(evaluator("bank-b"), other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_different_documents_give_different_tags(one, other):
    assert one.canonical != other.canonical
    assert tag_of(evaluator(), one).value != tag_of(evaluator(), other).value


BAD = {
    "19 digits": lambda: einvoice(E20[1:]),
    "21 digits": lambda: einvoice(E20 + "0"),
    "a letter": lambda: einvoice("A" + E20[1:]),
    "Arabic digits": lambda: einvoice("\u0661" * 20),
    "superscript outside digits": lambda: einvoice(E20[1:] + "½"),
    "nothing": lambda: einvoice(""),
    "only spaces": lambda: contract([STEEL, PARTS], " \u3000\u200b"),
    "code too long": lambda: invoice("1234567890123", "1"),
    "number too long": lambda: invoice("1100190011", "123456789"),
    "number with a letter": lambda: invoice("1100190011", "1234567A"),
    "decimal from a spreadsheet": lambda: invoice("1100190011", "12345678.0"),
    "one party": lambda: contract([STEEL], "1"),
    "one party written twice": lambda: contract([STEEL, STEEL.lower()], "1"),
    "parties as one text": lambda: contract(STEEL, "1"),
    "an empty party": lambda: delivery([STEEL, ""], "1"),
    "surrogates": lambda: delivery([STEEL, "\ud800"], "1"),
    "unassigned": lambda: delivery([STEEL, "\u0378"], "1"),
    "no such day": lambda: invoice_weak(STEEL, PARTS, "1", "2024-02-30"),
    "no such month": lambda: invoice_weak(STEEL, PARTS, "1", "20241301"),
    "two-digit year": lambda: invoice_weak(STEEL, PARTS, "1", "24-01-05"),
    "mixed separators": lambda: invoice_weak(STEEL, PARTS, "1", "2024-01/05"),
    "an instant": lambda: invoice_weak(STEEL, PARTS, "1", datetime(2024, 1, 5, tzinfo=UTC)),
    "Arabic date": lambda: invoice_weak(STEEL, PARTS, "1", "\u0662\u0660\u0662\u0664-01-05"),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_what_is_no_identity_is_refused_without_quoting_it(make):
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.code == "BAD_IDENTITY"
    assert STEEL not in str(caught.value)
    assert E20[1:] not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" ab c ", "ABC"),
        ("ａｂｃ１２３", "ABC123"),
        ("北京　钢铁\t有限公司", "北京钢铁有限公司"),
        ("a\u2013b\u2014c\u2212d\u2011e\uff0df", "A-B-C-D-E-F"),
        ("\u00a8a", "\u0308A"),
        ("ﬁ", "FI"),
    ],
)
def test_texts_have_one_form(text, canonical):
    assert canonical_text(text) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("000", "0"), ("0", "0"), ("００７", "7"), ("070", "70"), ("0A", "0A"), ("0-1", "0-1"), ("1e5", "1E5")],
)
def test_numbers_have_one_form(text, canonical):
    assert canonical_number(text) == canonical


@pytest.mark.parametrize(
    "text",
    ["2024-01-05", "2024-1-5", "2024/01/05", "2024.1.5", "2024年01月05日", "20240105", " ２０２４－１－５ ", DAY],
)
def test_dates_have_one_form(text):
    assert canonical_date(text) == "2024-01-05"


def test_canonical_form_is_stable_for_every_character():
    for point in range(0x110000):
        character = chr(point)
        # A character that folding leaves as it is cannot be unstable.
        if unicodedata.normalize("NFKC", character).upper() == character or unicodedata.category(character) == "Cs":
            continue
        text = canonical_text("A" + character + "1")
        assert canonical_text(text) == text, hex(point)


@given(st.text(min_size=1))
def test_canonical_form_is_stable_for_texts(text):
    try:
        once = canonical_text(text)
    except UsageError:
        return
    assert canonical_text(once) == once
    assert canonical_text(f" {once}\u3000") == once


FIELDS = st.lists(st.text("AB1|\0", min_size=1, max_size=4), min_size=1, max_size=4).map(tuple)


@given(FIELDS, FIELDS)
def test_no_two_lists_of_fields_have_the_same_bytes(one, other):
    same = Identity(Kind.CONTRACT, one).canonical == Identity(Kind.CONTRACT, other).canonical
    assert same == (one == other)


def test_the_bytes_of_a_tag_are_fixed():
    # A change here orphans every tag on every ledger: it needs a new scheme.
    canonical = einvoice(E20).canonical
    assert canonical == b"\0\0\0\x0fhefu/document/1\0\0\0\x08einvoice\0\0\0\x14" + E20.encode()
    message = b"\0\0\0\x0dhmac-sha256/1\0\0\0\x011\0\0\0\x08einvoice\0\0\0\x37" + canonical
    tag = tag_of(evaluator(), einvoice(E20))
    assert tag == Tag(Kind.EINVOICE, "hmac-sha256/1", 1, hmac.digest(KEY, message, hashlib.sha256))
    assert tag.value.hex() == "0cebef7ec1d074029794258e77b2d428ecd7dfb53b58c427745e554fff04c1b2"
    assert Codec(Tag).load_canonical(encode(tag), "a tag") == tag
    assert encode(tag)[:10] == b"\x94\xa8einvoice"


def test_scheme_epoch_key_and_kind_set_tags_apart():
    identity = einvoice(E20)
    values = {
        evaluator().evaluate(identity.kind, identity.canonical),
        evaluator(epoch=2).evaluate(identity.kind, identity.canonical),
        evaluator(key=bytes(32)).evaluate(identity.kind, identity.canonical),
        evaluator().evaluate(Kind.CONTRACT, identity.canonical),
    }
    assert len(values) == 4
    assert tag_of(evaluator(epoch=2), identity).epoch == 2


def test_only_the_weak_kind_is_weak():
    assert tag_of(evaluator(), invoice_weak(STEEL, PARTS, "7", DAY)).weak
    for identity in (einvoice(E20), invoice("1", "2"), contract(["A", "B"], "1"), delivery(["A", "B"], "1")):
        assert not tag_of(evaluator(), identity).weak


def test_no_identity_has_room_for_an_amount():
    words = {
        name
        for make in (einvoice, invoice, invoice_weak, contract, delivery)
        for name in inspect.signature(make).parameters
    }
    assert words == {"number", "code", "seller", "buyer", "issued_on", "parties"}


def test_a_tag_cannot_be_changed():
    with pytest.raises(AttributeError):
        tag_of(evaluator(), einvoice(E20)).value = b""


def test_a_caller_has_a_quota_of_its_own_for_all_kinds_and_epochs():
    quota = EvaluationQuota(3)
    first, rotated, other = evaluator("a", quota), evaluator("a", quota, epoch=2), evaluator("b", quota)
    tag_of(first, einvoice(E20))
    tag_of(first, einvoice(E20))
    tag_of(rotated, contract(["A", "B"], "1"))
    for mine in (first, rotated):
        with pytest.raises(QuotaExceeded) as caught:
            tag_of(mine, einvoice(E20))
        assert caught.value.code == "QUOTA_EXCEEDED"
        assert E20 not in str(caught.value)
    tag_of(other, einvoice(E20))
    assert quota.log() == [
        EvaluationCount("a", Kind.CONTRACT, 1),
        EvaluationCount("a", Kind.EINVOICE, 2),
        EvaluationCount("b", Kind.EINVOICE, 1),
    ]
    assert sum(line.count for line in quota.start_period()) == 4
    assert quota.log() == []
    tag_of(first, einvoice(E20))


def test_threads_cannot_overspend_a_quota():
    quota, refused = EvaluationQuota(100), []
    mine = evaluator("a", quota)

    def work() -> None:
        for _ in range(50):
            try:
                tag_of(mine, einvoice(E20))
            except QuotaExceeded:
                refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refused), quota.log()) == (100, [EvaluationCount("a", Kind.EINVOICE, 100)])


def test_no_text_shows_key_or_identity():
    quota = EvaluationQuota(1)
    mine = evaluator("a", quota)
    tag_of(mine, einvoice(E20))
    shown = f"{mine!r}{mine}{einvoice(E20)!r}{einvoice(E20)}{quota!r}{quota.log()!r}"
    assert E20 not in shown
    assert KEY.hex() not in shown
    assert repr(KEY)[2:14] not in shown


@pytest.mark.parametrize(
    "make",
    [
        lambda: evaluator(key=bytes(31)),
        lambda: evaluator(key=b""),
        lambda: evaluator(epoch=0),
        lambda: evaluator(caller=""),
        lambda: EvaluationQuota(0),
    ],
)
def test_an_evaluator_needs_a_whole_key_an_epoch_a_caller_and_a_quota(make):
    with pytest.raises(HefuError):
        make()


def test_the_module_says_what_it_does_not_protect():
    text = " ".join((fingerprints.__doc__ or "").split())
    for phrase in ("the named evaluator sees each identity", "never an amount", "as the quota allows"):
        assert phrase in text
