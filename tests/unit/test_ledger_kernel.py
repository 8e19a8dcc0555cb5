"""Money, time, identifiers, commitments and the cache: what everyone leans on."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.kernel import commitments, merkle, money, time
from hefu.kernel.cache import GenerationCache
from hefu.kernel.codec import encode
from hefu.kernel.errors import UsageError
from hefu.kernel.hashing import TAGS, Tag, hash_named, sha256
from hefu.kernel.ids import derive_id

AMOUNTS = st.integers(-money.AMOUNT_MAX, money.AMOUNT_MAX)

# -- money ----------------------------------------------------------------------------------------------------------


@given(AMOUNTS, st.sampled_from(sorted(money.MINOR_DIGITS)))
def test_an_amount_that_is_written_is_read_back(minor, currency):
    assert money.parse_minor(money.format_minor(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("text", "minor"),
    [("12,345.67", 1234567), ("0", 0), ("-0.01", -1), (" 7 ", 700), ("1e3", 100000), ("10000000000000", 10**15)],
)
def test_amounts_are_read_to_the_cent(text, minor):
    assert money.parse_minor(text, "CNY") == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1.005",
        "0.001",
        "1.00" + "0" * 70 + "1",
        "1e-9",
        "1e-2000000",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "10000000000000.01",
        "-10000000000000.01",
        "1e40",
        "1e999999",
        "1e1000000",
        "1e99999999999999999999",
        "0x10",
        "1 000",
    ],
)
def test_what_is_no_amount_to_the_cent_is_refused(text):
    with pytest.raises(UsageError) as refusal:
        money.parse_minor(text, "CNY")
    assert refusal.value.code == "BAD_AMOUNT"


def test_a_currency_without_cents_has_none_and_an_unknown_one_is_refused():
    assert money.parse_minor("1,234", "JPY") == 1234
    with pytest.raises(UsageError):
        money.parse_minor("1.5", "JPY")
    with pytest.raises(UsageError) as refusal:
        money.parse_minor("1", "XXX")
    assert refusal.value.code == "UNKNOWN_CURRENCY"


@given(AMOUNTS, AMOUNTS)
def test_amounts_add_and_subtract_back(a, b):
    assert money.subtract(money.add(a, b), b) == a
    assert money.equal(money.add(a, b), money.add(b, a))
    assert money.total([a, b, money.zero()]) == money.add(a, b)


@pytest.mark.parametrize("what", [True, False, 1.0, Decimal(1), "1", None])
def test_only_an_integer_is_in_a_range(what):
    assert money.in_range(1, 1, 1)
    assert not money.in_range(what, -10, 10)


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(-5, 5))
def test_a_range_includes_both_ends(amount, low, high):
    assert money.in_range(amount, low, high) == (amount in range(low, high + 1))


@given(st.integers(0, money.AMOUNT_MAX), st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
def test_parts_by_weight_sum_to_the_whole_and_are_within_a_cent_of_their_share(minor, weights):
    if not sum(weights):
        with pytest.raises(UsageError):
            money.largest_remainder(minor, weights)
        return
    parts = money.largest_remainder(minor, weights)
    assert sum(parts) == minor
    assert all(abs(p - Fraction(minor * w, sum(weights))) < 1 for p, w in zip(parts, weights, strict=True))
    assert all(p == 0 for p, w in zip(parts, weights, strict=True) if w == 0)
    order = sorted(range(len(weights)), key=lambda i: -weights[i])
    assert all(parts[a] >= parts[b] for a, b in pairwise(order) if weights[a] > weights[b])


def test_weights_that_make_no_sense_are_refused():
    for weights in ([], [0], [1, -1], [2, -1]):
        with pytest.raises(UsageError):
            money.largest_remainder(100, weights)


@given(AMOUNTS, st.decimals(-10, 10, places=6))
def test_a_share_is_the_nearest_cent_with_halves_away_from_zero(minor, rate):
    exact = Fraction(minor) * Fraction(rate)
    share = money.share_half_up(minor, rate)
    assert abs(share - exact) <= Fraction(1, 2)
    if abs(share - exact) == Fraction(1, 2):
        assert abs(share) > abs(exact)


# -- time -----------------------------------------------------------------------------------------------------------

INSTANTS = st.integers(0, 253_402_300_799_000 - 8 * 3_600_000)


@given(INSTANTS)
def test_a_business_date_is_the_calendar_date_eight_hours_east(at_ms):
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    assert time.business_date(at_ms) == expected.astimezone(timezone(timedelta(hours=8))).date()


@given(st.dates(date(1971, 1, 1)))
def test_a_day_begins_where_its_date_begins(day):
    start = time.start_of_day_ms(day)
    assert time.business_date(start) == day
    assert time.business_date(start - 1) == day - timedelta(days=1)
    assert time.business_date(start + time.DAY_MS - 1) == day


def test_business_dates_are_those_of_shanghai():
    shanghai = ZoneInfo("Asia/Shanghai")
    for moment in (datetime(2026, 1, 5, 0, 0, tzinfo=shanghai), datetime(2026, 1, 5, 23, 59, tzinfo=shanghai)):
        assert time.business_date(time.instant_ms(moment)) == date(2026, 1, 5)


@given(st.integers(0, 200_000_000_000_000_000))
def test_instants_are_whole_milliseconds_rounded_down(microseconds):
    began = datetime(1970, 1, 1, tzinfo=UTC)
    moment = began + timedelta(microseconds=microseconds)
    at_ms = time.instant_ms(moment)
    exact = Fraction(microseconds, 1000)
    assert 0 <= exact - at_ms < 1
    assert datetime.fromisoformat(time.format_instant(at_ms)) == moment.replace(microsecond=0)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(UsageError):
        time.instant_ms(datetime(2026, 1, 5))  # noqa: DTZ001


# -- identifiers ----------------------------------------------------------------------------------------------------


def test_an_identifier_is_of_chain_account_salt_and_kind():
    chain, account, own_salt = bytes(32), b"\x01" * 32, b"\x02" * 16
    first = derive_id(sha256, chain, account, own_salt, "right")
    assert first == hashlib.sha256(b"\x14" + chain + account + own_salt + b"right").digest()
    others = [
        derive_id(sha256, b"\x09" * 32, account, own_salt, "right"),
        derive_id(sha256, chain, b"\x09" * 32, own_salt, "right"),
        derive_id(sha256, chain, account, b"\x09" * 16, "right"),
        derive_id(sha256, chain, account, own_salt, "document"),
        derive_id(hash_named("sm3"), chain, account, own_salt, "right"),
    ]
    assert len({first, *others}) == 6


def test_every_use_of_a_hash_has_a_first_byte_of_its_own():
    assert len(frozenset(Tag)) == len(Tag.__members__)
    assert all(len(tag) == 1 for tag in TAGS.values())
    assert len(frozenset(TAGS.values())) == len(Tag.__members__)
    with pytest.raises(UsageError):
        hash_named("md5")


def test_the_hashes_are_the_published_ones():
    # Sources: FIPS 180-4 example "abc"; GB/T 32905-2016 annex A.1.
    assert hash_named("sha256")(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_named("sm3")(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


# -- commitments ----------------------------------------------------------------------------------------------------

VALUES = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=6),
    st.integers(-(2**63), 2**63) | st.text("价格abc ", max_size=9) | st.binary(max_size=9),
    min_size=1,
    max_size=9,
)


def terms_of(values):
    return commitments.terms_of(values, {name: hashlib.sha256(name.encode()).digest()[:16] for name in values})


@given(VALUES, st.data())
def test_any_fields_open_alone_and_show_nothing_of_the_others(values, data):
    names = frozenset(data.draw(st.sets(st.sampled_from(sorted(values)))))
    terms = terms_of(values)
    opened = commitments.open_fields(sha256, terms, names)
    assert merkle.root(sha256, list(opened.commitments)) == commitments.terms_root(sha256, terms)
    assert {field.name: field.value for _, field in opened.opened} == {name: values[name] for name in names}
    for index, field in opened.opened:
        assert commitments.field_commitment(sha256, field) == opened.commitments[index]
    raw = encode(opened)
    for field in terms.fields:
        assert (field.salt in raw) == (field.name in names)


@given(VALUES, VALUES)
def test_other_terms_have_other_roots(one, other):
    same = {name: (type(v), v) for name, v in one.items()} == {name: (type(v), v) for name, v in other.items()}
    roots = [commitments.terms_root(sha256, terms_of(values)) for values in (one, other)]
    assert (roots[0] == roots[1]) == same


def test_a_commitment_changes_with_name_value_and_salt():
    field = commitments.OpenField("price", 1000, bytes(16))
    changed = [
        field,
        msgspec.structs.replace(field, name="prices"),
        msgspec.structs.replace(field, value=1001),
        msgspec.structs.replace(field, value="1000"),
        msgspec.structs.replace(field, value=b"1000"),
        msgspec.structs.replace(field, salt=b"\x01" + bytes(15)),
    ]
    for one, other in combinations(changed, 2):
        assert commitments.field_commitment(sha256, one) != commitments.field_commitment(sha256, other)


def test_terms_need_a_salt_for_every_field_and_text_in_normal_form():
    salts = {"name": bytes(16)}
    assert commitments.terms_of({"name": "é"}, salts).fields[0].value == "é"
    for values, own_salts in (
        ({"name": "e\u0301"}, salts),
        ({"name": "a"}, {}),
        ({"name": "a"}, {"name": bytes(15)}),
        ({"name": "a"}, {"name": bytes(17)}),
    ):
        with pytest.raises(UsageError):
            commitments.terms_of(values, own_salts)


# -- cache ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=80))
def test_a_cache_never_answers_wrongly_and_never_grows_past_its_bound(steps):
    cache: GenerationCache[int, int] = GenerationCache(4)
    known: dict[int, int] = {}
    for number, (key, write) in enumerate(steps):
        if write:
            cache.put(key, number)
            known[key] = number
            assert cache.get(key) == number
        else:
            assert cache.get(key) in (None, known.get(key))
        assert len(cache._young) + len(cache._old) <= 8
    cache.clear()
    assert all(cache.get(key) is None for key in known)


def test_a_cache_keeps_what_is_read_often():
    cache: GenerationCache[int, int] = GenerationCache(4)
    cache.put(0, 7)
    for key in range(1, 50):
        cache.put(key, key)
        assert cache.get(0) == 7
    assert cache.get(2) is None
