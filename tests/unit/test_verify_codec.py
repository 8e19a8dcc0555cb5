"""The verifier's own codec: the one encoding of a value and no other, records as the tables say, bounds."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu_verify import codec
from hefu_verify.codec import Record, Refused, Shapes, decode, encode

INTEGERS = st.integers(-(1 << 63), (1 << 64) - 1)
PLAIN = st.booleans() | INTEGERS | st.text() | st.binary()
VALUES = st.recursive(st.none() | PLAIN, lambda inner: st.lists(inner, max_size=20), max_leaves=30)
EDGES = [n + d for k in (5, 7, 8, 15, 16, 31, 32, 63) for n in (1 << k, -(1 << k)) for d in (-1, 0, 1)]


def depth(value: object) -> int:
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(VALUES)
def test_what_the_ledger_encodes_is_read_as_it_was(value):
    raw = msgspec.msgpack.encode(value)
    if depth(value) <= codec.DEPTH_MAX:
        assert decode(raw) == value
    else:
        with pytest.raises(Refused, match="TOO_LARGE"):
            decode(raw)


@given(st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=20), max_leaves=30))
def test_encoding_is_that_of_the_ledger(value):
    assert encode(value) == msgspec.msgpack.encode(value)


@pytest.mark.parametrize("number", [*EDGES, -33, -32, -1, 0, 127, 128])
def test_integers_have_their_shortest_form(number):
    if -(1 << 63) <= number < 1 << 64:
        assert decode(encode(number)) == number
        assert encode(number) == msgspec.msgpack.encode(number)


@given(st.binary(max_size=40))
def test_any_bytes_are_the_one_encoding_of_their_value_or_are_refused(raw):
    try:
        value = decode(raw)
    except Refused:
        return
    assert msgspec.msgpack.encode(value) == raw


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "MALFORMED"),
        (b"\x00\x00", "MALFORMED"),  # bytes after the end
        (b"\xcc\x05", "NOT_CANONICAL"),
        (b"\xcd\x00\xff", "NOT_CANONICAL"),
        (b"\xce\x00\x00\xff\xff", "NOT_CANONICAL"),
        (b"\xcf\x00\x00\x00\x00\xff\xff\xff\xff", "NOT_CANONICAL"),
        (b"\xd0\x05", "NOT_CANONICAL"),
        (b"\xd0\xff", "NOT_CANONICAL"),
        (b"\xd1\xff\x80", "NOT_CANONICAL"),
        (b"\xd9\x01a", "NOT_CANONICAL"),
        (b"\xc5\x00\x01a", "NOT_CANONICAL"),
        (b"\xdc\x00\x01\x00", "NOT_CANONICAL"),
        (b"\xdd\x00\x00\x00\x10" + bytes(16), "NOT_CANONICAL"),
        (b"\xc1", "MALFORMED"),
        (b"\x80", "MALFORMED"),  # a map
        (b"\xca\x00\x00\x00\x00", "MALFORMED"),  # a float
        (b"\xd4\x00\x00", "MALFORMED"),  # an extension
        (b"\xa1\xff", "MALFORMED"),  # not UTF-8
        (b"\xa3\xed\xa0\x80", "MALFORMED"),  # a surrogate
        (b"\xc4\x02a", "MALFORMED"),  # ends early
        (b"\xdd\xff\xff\xff\xff", "MALFORMED"),  # four thousand million items that are not there
        (b"\x91" * 10 + b"\x00", "TOO_LARGE"),
    ],
)
def test_other_bytes_are_refused(raw, code):
    with pytest.raises(Refused, match=code):
        decode(raw)


def test_size_and_count_are_bounded(monkeypatch):
    monkeypatch.setattr(codec, "BYTES_MAX", 100)
    monkeypatch.setattr(codec, "VALUES_MAX", 50)
    assert decode(encode([0] * 49)) == [0] * 49
    with pytest.raises(Refused, match="TOO_LARGE"):
        decode(encode([0] * 50))
    with pytest.raises(Refused, match="TOO_LARGE"):
        decode(encode(bytes(100)))


SHAPES = Shapes("""
    thing  id:id count:int on:date parts:part* last:part? free:term
    part   amount:amount yes:bool
    a.b    text:text
""")
PART = [5, True]
GOOD = [bytes(32), 7, "2026-01-31", [PART, PART], None, b"x"]


def test_a_record_has_its_fields_by_name():
    thing = SHAPES.read("thing", encode(GOOD[:4]) and msgspec.msgpack.encode(GOOD))
    assert (thing.count, thing.on, thing.last, thing.free) == (7, "2026-01-31", None, b"x")
    assert thing.parts == [Record(amount=5, yes=True)] * 2
    assert SHAPES.read("thing", msgspec.msgpack.encode([*GOOD[:4], PART, "y"])).last.amount == 5
    assert SHAPES.read_tagged(encode(["a.b", "x"])) == ("a.b", Record(text="x"))
    assert SHAPES.make("part", 1, False) == Record(amount=1, yes=False)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, bytes(31)),
        (0, "x" * 32),
        (1, True),
        (1, -1),
        (1, 1 << 63),
        (1, None),
        (2, "2026-1-31"),
        (2, "20260131"),
        (2, "2026-02-30"),
        (2, "2026-W01-1"),
        (2, 5),
        (3, None),
        (3, [5]),
        (3, [[5]]),
        (3, [[5, True, 0]]),
        (3, [[5, 1]]),
        (3, [[10**15 + 1, True]]),
        (4, 0),
        (5, True),
        (5, []),
    ],
)
def test_a_field_of_another_kind_is_refused(at, value):
    bad = [*GOOD]
    bad[at] = value
    with pytest.raises(Refused, match="MALFORMED"):
        SHAPES.read("thing", msgspec.msgpack.encode(bad))


@pytest.mark.parametrize("value", [GOOD[:5], [*GOOD, 0], 7, None, {}])
def test_a_record_with_too_few_fields_or_too_many_is_refused(value):
    with pytest.raises(Refused, match="MALFORMED"):
        SHAPES.read("thing", msgspec.msgpack.encode(value))


@pytest.mark.parametrize("value", [[], "a.b", ["a.c", "x"], ["part", 5, True], [5], [["a.b"], "x"], [None]])
def test_a_tag_that_is_not_known_is_refused(value):
    with pytest.raises(Refused, match="UNKNOWN_RECORD"):
        SHAPES.read_tagged(msgspec.msgpack.encode(value))
