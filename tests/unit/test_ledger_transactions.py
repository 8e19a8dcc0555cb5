"""What a transaction must be before anybody looks at state: form, bounds, chain, root of commands, signatures."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.contracts.parties.commands import OpenAccount
from hefu.kernel import merkle
from hefu.kernel.codec import encode
from hefu.kernel.errors import Rejected
from hefu.ledger import transaction as tx
from hefu.ledger.genesis import Bounds
from world import BLOCK_START_MS, World, salt

H = 3_600_000


@cache
def worlds() -> dict[str, World]:
    return {name: World(suite_name=name) for name in ("ed25519", "sm2")}


@pytest.fixture(params=["ed25519", "sm2"])
def world(request) -> World:
    return worlds()[request.param]


def check(world: World, raw: bytes, **bounds: int) -> str:
    genesis = world.genesis
    return tx.check_stateless(
        raw, h=genesis.hash, suite=genesis.suite, chain_id=genesis.chain_id, bounds=Bounds(**bounds)
    )


def commands(world: World, count: int = 2) -> list[OpenAccount]:
    return [OpenAccount(world.org("Parts"), salt(str(i))) for i in range(count)]


def signed(world: World, names: tuple[str, ...] = ("Parts", "Steel"), commands_=None, **changes) -> bytes:
    """Wire bytes of a transaction whose header has some fields changed before it is signed."""
    signers = [world.signers[name] for name in names]
    draft = tx.Draft(
        world.genesis.hash,
        world.genesis.chain_id,
        commands(world) if commands_ is None else commands_,
        [signer.public_key for signer in signers],
        BLOCK_START_MS,
        BLOCK_START_MS + H,
    )
    header = encode(msgspec.structs.replace(tx.HEADER.load(draft.header), **changes))
    signatures = tuple(signer.sign(tx.SIGNING_PREFIX + header) for signer in signers)
    return encode(tx.Wire(header, signatures, draft.commands))


def rewired(raw: bytes, **changes) -> bytes:
    """The same header and signatures around something else."""
    return encode(msgspec.structs.replace(tx.WIRE.load(raw), **changes))


def test_a_good_transaction_passes(world):
    assert check(world, signed(world)) == ""
    assert check(world, signed(world, ("Parts",))) == ""
    assert check(world, world.draft(commands(world, 1), world.signers["Parts"]).wire()) == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 0}, "WRONG_VERSION"),
        ({"version": 2}, "WRONG_VERSION"),
        ({"chain_id": bytes(32)}, "WRONG_CHAIN"),
        ({"chain_id": b""}, "WRONG_CHAIN"),
        ({"valid_from_ms": -1}, "BAD_WINDOW"),
        ({"valid_from_ms": BLOCK_START_MS + H + 1}, "BAD_WINDOW"),
        ({"expires_at_ms": BLOCK_START_MS + 24 * H + 1}, "BAD_WINDOW"),
        ({"expires_at_ms": 2**64 - 1}, "BAD_WINDOW"),
        ({"count": 1}, "BAD_COUNT"),
        ({"count": 3}, "BAD_COUNT"),
        ({"count": -2}, "BAD_COUNT"),
        ({"commands_root": bytes(32)}, "BAD_ROOT"),
        ({"commands_root": b""}, "BAD_ROOT"),
    ],
    ids=str,
)
def test_a_header_that_says_something_else_is_refused_even_if_signed(world, changes, code):
    assert check(world, signed(world, **changes)) == code


def test_the_longest_window_is_a_day(world):
    assert check(world, signed(world, expires_at_ms=BLOCK_START_MS + 24 * H)) == ""
    assert check(world, signed(world, valid_from_ms=BLOCK_START_MS, expires_at_ms=BLOCK_START_MS)) == ""


def test_sizes_past_the_bounds_are_refused(world):
    raw = signed(world)
    assert check(world, raw, transaction_bytes=len(raw)) == ""
    assert check(world, raw, transaction_bytes=len(raw) - 1) == "TOO_LARGE"
    assert check(world, raw, commands=2) == ""
    assert check(world, raw, commands=1) == "BAD_COUNT"
    assert check(world, raw, signers=2) == ""
    assert check(world, raw, signers=1) == "SIGNATURE_MISSING"
    assert check(world, bytes((1 << 20) + 1)) == "TOO_LARGE"


def test_a_transaction_without_commands_or_keys_is_refused(world):
    assert check(world, signed(world, commands_=[])) == "BAD_COUNT"
    assert check(world, signed(world, ())) == "SIGNATURE_MISSING"


def test_each_key_signs_once_and_in_order(world):
    raw = signed(world)
    first, second = tx.WIRE.load(raw).signatures
    assert check(world, rewired(raw, signatures=(first,))) == "SIGNATURE_MISSING"
    assert check(world, rewired(raw, signatures=())) == "SIGNATURE_MISSING"
    assert check(world, rewired(raw, signatures=(first, second, second))) == "SIGNATURE_MISSING"
    assert check(world, rewired(raw, signatures=(second, first))) == "BAD_SIGNATURE"
    assert check(world, rewired(raw, signatures=(first, first))) == "BAD_SIGNATURE"
    assert check(world, rewired(raw, signatures=(first, b""))) == "BAD_SIGNATURE"
    assert check(world, rewired(raw, signatures=(first, second + b"\0"))) == "BAD_SIGNATURE"
    assert check(world, signed(world, ("Parts", "Parts"))) == "DUPLICATE_SIGNER"


def test_a_key_of_no_shape_is_a_bad_signature(world):
    key = world.signers["Parts"].public_key
    for keys in ((b"",), (key[:-1],), (key + b"\0",), (bytes(len(key)),), (b"\xff" * len(key),)):
        assert check(world, signed(world, ("Parts",), keys=keys)) == "BAD_SIGNATURE"


def test_commands_are_the_ones_that_the_header_commits_to(world):
    raw = signed(world)
    (salt_0, command_0), (salt_1, command_1) = tx.WIRE.load(raw).commands
    for other in (
        ((salt_1, command_1), (salt_0, command_0)),
        ((salt_0, command_0), (salt_0, command_0)),
        ((salt_0, command_0), (salt_1, command_0)),
        ((salt_0, command_0), (bytes(16), command_1)),
    ):
        assert check(world, rewired(raw, commands=other)) == "BAD_ROOT"
    assert check(world, rewired(raw, commands=((salt_0, command_0),))) == "BAD_COUNT"


def test_a_salt_of_another_length_is_malformed_even_if_the_root_fits(world):
    # Salt and command are hashed joined: a byte could else move from one to the other under the same root.
    raw = signed(world)
    (salt_0, command_0), other = tx.WIRE.load(raw).commands
    for moved in ((salt_0 + command_0[:1], command_0[1:]), (salt_0[:-1], salt_0[-1:] + command_0), (b"", b"")):
        assert check(world, rewired(raw, commands=(moved, other))) == "MALFORMED"


def test_other_encodings_of_the_same_transaction_are_refused(world):
    raw = signed(world)
    wire = tx.WIRE.load(raw)
    assert check(world, b"\xdc\x00\x03" + raw[1:]) == "NOT_CANONICAL"
    assert check(world, raw + b"\0") == "MALFORMED"
    assert check(world, raw[:-1]) == "MALFORMED"
    assert check(world, b"") == "MALFORMED"
    header = b"\xdc\x00\x07" + wire.header[1:]
    signatures = tuple(world.signers[name].sign(tx.SIGNING_PREFIX + header) for name in ("Parts", "Steel"))
    assert check(world, rewired(raw, header=header, signatures=signatures)) == "NOT_CANONICAL"
    assert check(world, rewired(raw, header=wire.header + b"\0")) == "MALFORMED"
    assert check(world, rewired(raw, header=b"")) == "MALFORMED"


def test_every_flipped_bit_is_refused():
    world = worlds()["ed25519"]
    raw = signed(world)
    at_header = raw.index(tx.WIRE.load(raw).header)
    assert 0 < at_header < 10
    codes = set()
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        code = check(world, bytes(changed))
        assert code, f"bit {bit} of {len(raw) * 8} may be flipped"
        codes.add(code)
    assert {"BAD_SIGNATURE", "BAD_ROOT", "WRONG_CHAIN", "WRONG_VERSION", "MALFORMED", "BAD_COUNT"} <= codes


def test_a_sample_of_flipped_bits_is_refused_under_sm2_too():
    world = worlds()["sm2"]
    raw = signed(world, ("Parts",))
    for bit in range(0, len(raw) * 8, 7):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert check(world, bytes(changed)), f"bit {bit}"


def test_a_signature_for_another_purpose_is_none_for_a_transaction(world):
    raw = signed(world, ("Parts",))
    header = tx.WIRE.load(raw).header
    for prefix in (b"", b"hefu/block/1\n", b"hefu/checkpoint/1\n", b"hefu/transaction/2\n"):
        assert check(world, rewired(raw, signatures=(world.signers["Parts"].sign(prefix + header),))) == "BAD_SIGNATURE"


@given(st.binary(max_size=300))
def test_any_bytes_get_a_code_and_never_an_exception(raw):
    assert check(worlds()["ed25519"], raw)


@given(
    st.tuples(
        st.binary(max_size=120),
        st.lists(st.binary(max_size=65), max_size=3),
        st.lists(st.tuples(st.binary(max_size=17), st.binary(max_size=9)), max_size=3),
    )
)
def test_any_wire_gets_a_code_and_never_an_exception(wire):
    assert check(worlds()["ed25519"], encode(wire))


def test_one_command_of_a_hundred_opens_alone():
    world = worlds()["ed25519"]
    draft = world.draft(commands(world, 100), world.signers["Parts"])
    h, header = world.genesis.hash, tx.HEADER.load(draft.header)
    leaves = tx.command_leaves(h, draft.commands)
    for index in (0, 41, 99):
        own_salt, command = draft.commands[index]
        path = merkle.path(h, leaves, index)
        leaf = merkle.leaf_hash(h, own_salt + command)
        assert merkle.root_from_path(h, leaf, index, header.count, path) == header.commands_root
    assert len({own_salt for own_salt, _ in draft.commands}) == 100


def test_a_draft_is_complete_only_when_all_have_signed():
    world = worlds()["ed25519"]
    steel, parts = world.signers["Steel"], world.signers["Parts"]
    keys = [steel.public_key, parts.public_key]
    draft = tx.Draft(world.genesis.hash, world.genesis.chain_id, commands(world), keys, BLOCK_START_MS, BLOCK_START_MS)
    with pytest.raises(Rejected) as missing:
        draft.sign(parts).wire()
    assert missing.value.code == "SIGNATURE_MISSING"
    with pytest.raises(Rejected) as stranger:
        draft.sign(world.signers["Bolts"])
    assert stranger.value.code == "NOT_A_SIGNER"
    assert check(world, draft.sign(steel).wire()) == ""
    assert draft.id == tx.transaction_id(world.genesis.hash, draft.header)


def test_the_identifier_is_of_the_header_so_a_bad_signature_burns_none():
    world = worlds()["ed25519"]
    raw = signed(world, ("Parts",))
    forged = rewired(raw, signatures=(bytes(64),))
    assert tx.WIRE.load(raw).header == tx.WIRE.load(forged).header
    assert check(world, forged) == "BAD_SIGNATURE"
    assert world.submit(forged).code == "BAD_SIGNATURE"
    assert world.submit(raw).code == "OK"
