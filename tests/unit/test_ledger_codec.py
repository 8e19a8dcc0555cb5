"""Canonical bytes: one value has one encoding, and every other is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu import bootstrap
from hefu.kernel.codec import Codec, Record, encode
from hefu.kernel.errors import Corrupt


class Part(Record):
    name: str
    amount: int


class Whole(Record, tag="test.whole"):
    identifier: bytes
    count: int
    on: date
    parts: tuple[Part, ...]
    note: str | None
    yes: bool


class Other(Record, tag="test.other"):
    identifier: bytes


CODEC: Codec[Any] = Codec(Whole | Other)
NUMBER: Codec[int] = Codec(int)
TEXT: Codec[str] = Codec(str)
BYTES: Codec[bytes] = Codec(bytes)
LIST: Codec[tuple[int, ...]] = Codec(tuple[int, ...])

WHOLES = st.builds(
    Whole,
    st.binary(max_size=300),
    st.integers(-(2**63), 2**64 - 1),
    st.dates(),
    st.lists(st.builds(Part, st.text(max_size=40), st.integers(0, 10**15)), max_size=20).map(tuple),
    st.none() | st.text(max_size=20),
    st.booleans(),
)
ONE = Whole(b"\x01" * 32, 7, date(2026, 1, 5), (Part("steel", 1000),), None, True)


def refusal(codec: Codec[Any], raw: bytes) -> str:
    """The code with which bytes are refused; empty where they are accepted."""
    try:
        value = codec.load_canonical(raw, "a test")
    except Corrupt as error:
        return error.code
    assert encode(value) == raw, "accepted bytes are not the encoding of their value"
    return ""


@given(WHOLES)
def test_what_is_encoded_comes_back_and_encodes_the_same(whole):
    raw = encode(whole)
    assert CODEC.load_canonical(raw, "a test") == whole
    assert encode(CODEC.load(raw)) == raw


@given(WHOLES, WHOLES)
def test_two_values_never_share_an_encoding(one, other):
    assert (encode(one) == encode(other)) == (one == other)


@pytest.mark.parametrize(
    ("codec", "shortest", "longer"),
    [
        (NUMBER, b"\x05", [b"\xcc\x05", b"\xcd\x00\x05", b"\xce\0\0\0\x05", b"\xcf" + bytes(7) + b"\x05"]),
        (NUMBER, b"\x05", [b"\xd0\x05", b"\xd1\x00\x05", b"\xd2\0\0\0\x05", b"\xd3" + bytes(7) + b"\x05"]),
        (NUMBER, b"\xff", [b"\xd0\xff", b"\xd1\xff\xff", b"\xd2" + b"\xff" * 4, b"\xd3" + b"\xff" * 8]),
        (NUMBER, b"\xcc\x80", [b"\xcd\x00\x80", b"\xd1\x00\x80"]),
        (NUMBER, b"\xcd\x01\x00", [b"\xce\0\0\x01\x00", b"\xd2\0\0\x01\x00"]),
        (TEXT, b"\xa1a", [b"\xd9\x01a", b"\xda\x00\x01a", b"\xdb\0\0\0\x01a"]),
        (BYTES, b"\xc4\x01a", [b"\xc5\x00\x01a", b"\xc6\0\0\0\x01a"]),
        (LIST, b"\x91\x05", [b"\xdc\x00\x01\x05", b"\xdd\0\0\0\x01\x05", b"\x91\xcc\x05"]),
    ],
    ids=["unsigned", "signed", "negative", "128", "256", "text", "bytes", "array"],
)
def test_only_the_shortest_form_of_a_value_is_accepted(codec, shortest, longer):
    assert refusal(codec, shortest) == ""
    assert [refusal(codec, raw) for raw in longer] == ["NOT_CANONICAL"] * len(longer)


def test_nothing_may_follow_a_value():
    raw = encode(ONE)
    assert refusal(CODEC, raw) == ""
    for tail in (b"\0", b"\xc0", raw):
        assert refusal(CODEC, raw + tail) == "MALFORMED"


def test_every_shortened_value_is_refused():
    raw = encode(ONE)
    assert {refusal(CODEC, raw[:end]) for end in range(len(raw))} == {"MALFORMED"}


@pytest.mark.parametrize(
    "items",
    [
        ["test.whole", b"x", 7.0, "2026-01-05", [], None, True],
        ["test.whole", b"x", float("nan"), "2026-01-05", [], None, True],
        ["test.whole", b"x", True, "2026-01-05", [], None, True],
        ["test.whole", b"x", None, "2026-01-05", [], None, True],
        ["test.whole", b"x", "7", "2026-01-05", [], None, True],
        ["test.whole", b"x", 7, "2026-01-05", [], None, 1],
        ["test.whole", "x", 7, "2026-01-05", [], None, True],
        ["test.whole", b"x", 7, "2026-02-30", [], None, True],
        ["test.whole", b"x", 7, "2026-1-5", [], None, True],
        ["test.whole", b"x", 7, 20260105, [], None, True],
        ["test.whole", b"x", 7, "2026-01-05", {}, None, True],
        ["test.whole", b"x", 7, "2026-01-05", [["steel", 1, 2]], None, True],
        ["test.whole", b"x", 7, "2026-01-05", [["steel"]], None, True],
        ["test.whole", b"x", 7, "2026-01-05", [], None],
        ["test.whole", b"x", 7, "2026-01-05", [], None, True, None],
        ["test.third", b"x"],
        [b"test.other", b"x"],
        ["test.other"],
        ["test.other", b"x", b"y"],
        {"type": "test.other", "identifier": b"x"},
        [],
        None,
    ],
    ids=str,
)
def test_other_types_more_fields_and_fewer_are_refused(items):
    assert refusal(CODEC, encode(items)) == "MALFORMED"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc1",
        b"\xd4\x00\x00",
        b"\x92\xaatest.other\xa1x",
        b"\x92\xaatest.other\xc4\xffx",
        b"\x92\xa2\xff\xfe\xc4\x01x",
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x91" * 100_000,
        b"\x81" * 100_000,
    ],
    ids=lambda raw: raw[:8].hex() or "empty",
)
def test_bytes_that_are_no_record_are_refused_and_never_crash(raw):
    assert refusal(CODEC, raw) == "MALFORMED"
    assert refusal(Codec(Any), raw) in ("", "MALFORMED", "NOT_CANONICAL")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_are_the_encoding_of_their_value(raw):
    refusal(CODEC, raw)


def test_a_changed_byte_is_refused_or_is_the_encoding_of_another_value():
    raw = encode(ONE)
    accepted = 0
    for at in range(len(raw)):
        for byte in range(256):
            changed = raw[:at] + bytes([byte]) + raw[at + 1 :]
            if refusal(CODEC, changed) == "":
                accepted += 1
                assert (CODEC.load(changed) == ONE) == (changed == raw)
    assert accepted > len(ONE.identifier) * 255


def test_every_command_of_the_ledger_begins_with_its_own_tag():
    application = bootstrap.application()
    commands = [command for contract in application.contracts for command in contract.commands]
    tags = [command.__struct_config__.tag for command in commands]
    assert len(frozenset(tags)) == len(tags)
    assert all(
        tag.startswith(c.name + ".") for c in application.contracts for tag in tags if tag.split(".")[0] == c.name
    )
    assert frozenset(tag.split(".")[0] for tag in tags) == frozenset(c.name for c in application.contracts)


@given(st.binary(max_size=400))
def test_any_bytes_as_a_command_are_refused_or_canonical(raw):
    refusal(bootstrap.application().command_codec, raw)
