"""No bit of a bundle can change, and no bytes at all bring anything but a verdict or a refusal."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bundles import GENESIS, PROOFS, Story, lean, lists_in, parts_of, rich
from hefu.kernel.codec import encode
from hefu_verify import Refused, verify
from hefu_verify.facts import facts_of
from hefu_verify.primitives import check_state_proof
from hefu_verify.records import BUNDLE
from hefu_verify.report import report
from hefu_verify.suites import hash_named

ROOT = Path(__file__).parent.parent.parent


def not_refused(story: Story, places: list[int]) -> list[int]:
    """Of these bytes, those of which a bit can be flipped; the bit goes with the place, so that all eight have their turn."""
    raw, genesis = story.raw, story.genesis
    found = []
    for at in places:
        flipped = bytearray(raw)
        flipped[at] ^= 1 << (at * 5 + at // 8) % 8
        try:
            verify(bytes(flipped), genesis)
            found.append(at)
        except Refused:
            pass
    return found


def test_a_flipped_bit_in_any_byte_is_refused():
    """Every byte of a bundle; of the siblings in its proofs every eighth, and all of them below, as the proofs that they are."""
    assert not_refused(lean(), places_of(lean().raw, every=1, sibling=8 + 1)) == []


def test_a_flipped_bit_in_any_sibling_leads_to_another_root():
    file = BUNDLE.read("bundle", lean().raw)
    h, root = hash_named("sha256"), BUNDLE.read("block", file.tip.header).state_root
    for proof in file.proofs:
        check_state_proof(h, proof, root)
        for level, group in enumerate(proof.siblings):
            for at in range(len(group)):
                flipped = bytearray(group)
                flipped[at] ^= 1 << at % 8
                proof.siblings[level] = bytes(flipped)
                with pytest.raises(Refused, match="BAD_PROOF"):
                    check_state_proof(h, proof, root)
            proof.siblings[level] = group


@pytest.mark.parametrize(("suite", "every"), [("ed25519", 41), ("sm2", 307)])
def test_a_flipped_bit_in_any_part_of_a_long_history_is_refused(suite, every):
    places = places_of(rich(suite).raw, every=every, sibling=every * 67)
    assert len(places) > 80
    assert not_refused(rich(suite), places) == []


def places_of(raw: bytes, *, every: int, sibling: int) -> list[int]:
    """Every so many bytes, and every so many of all, among which are the siblings in proofs. Every bit: scripts/bit_run.py."""
    siblings, start = bytearray(len(raw)), 0
    for group in (group for proof in parts_of(raw)[PROOFS] for group in proof[3]):
        start = raw.index(group, start)
        siblings[start : start + len(group)] = b"\1" * len(group)
        start += len(group)
    return sorted({*[at for at in range(len(raw)) if not siblings[at]][::every], *range(0, len(raw), sibling)})


def test_the_long_run_counts_every_bit_and_finds_survivors(tmp_path, capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location("bit_run", ROOT / "scripts" / "bit_run.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    raw = lean().raw
    count, found = script.survivors((raw, lean().genesis, len(raw) - 40))
    assert (count, found) == (320, [])
    monkeypatch.setattr(script, "verify", lambda raw, genesis: None)
    count, found = script.survivors((raw, lean().genesis, len(raw) - 2))
    assert (count, len(found)) == (16, 16)


def looked_at(raw: bytes) -> None:
    """Verify, and print what was found: either works, or it is refused."""
    try:
        verdict = verify(raw)
    except Refused:
        return
    facts = facts_of(verdict)
    assert report(facts, "en")
    assert report(facts, "zh")


@given(st.binary(max_size=2000))
@example(b"")
@example(b"\x99")
@example(b"\x99" * 100_000)
@example(b"\xdd\xff\xff\xff\xff" * 50_000)
def test_any_bytes_bring_a_verdict_or_a_refusal(raw):
    looked_at(raw)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.sampled_from([0, 1, (1 << 63) - 1, 250_000_000_000_000, 10**15, b"", bytes(16), bytes(32), bytes(480), ""])
    | st.text(max_size=5)
    | st.binary(max_size=70),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


@given(st.data())
def test_a_bundle_with_junk_anywhere_brings_a_verdict_or_a_refusal(data):
    parts = parts_of(rich().raw)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(lists_in(parts))))
        target = parts
        for number in path:
            target = target[number]
        junk = data.draw(JUNK)
        if target:
            target[data.draw(st.integers(0, len(target) - 1))] = junk
        else:
            target.append(junk)
    looked_at(encode(parts))


@given(st.data())
def test_a_bundle_with_changed_inner_bytes_brings_a_verdict_or_a_refusal(data):
    raw = bytearray(lean().raw)
    for _ in range(data.draw(st.integers(1, 4))):
        at, width = data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(0, 6))
        raw[at : at + width] = data.draw(st.binary(max_size=6))
    looked_at(bytes(raw))


@pytest.mark.parametrize(
    "genesis",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"name": 1}',
        b"[" * 100_000,
        b"\xff",
        b"1" * 10_000,
        b'{"seal": {"key": "zz"}}',
        b"NaN",
        b" " * (1 << 20) + b" ",
        lean().genesis.replace(b'"name": "test"', b'"name": "\\ud800"'),
        lean().genesis.replace(b'"name": "test"', b'"name": "test", "name": "other"'),
        lean().genesis.replace(b'"name": "test"', b'"name": 5'),
        lean().genesis.replace(b'"sha256"', b'"md5"'),
        lean().genesis.replace(b'"ed25519"', b'"rsa"'),
        lean().genesis.replace(b'"arity": 16', b'"arity": 2'),
        lean().genesis.replace(b'"kind": "block"', b'"kind": "sundial"'),
        lean().genesis.replace(b'"code_version": 2', b'"code_version": 3'),
        lean().genesis.replace(b'"calendar": "utc8/1"', b'"calendar": "utc8/2"'),
        lean().genesis.replace(b'"countersignatures_min": 2', b'"countersignatures_min": 1.0'),
        lean().genesis.replace(b'"founders": [', b'"founders": [7, '),
        lean().genesis.decode().encode("utf-16"),
    ],
)
def test_a_file_that_is_no_genesis_is_refused(genesis):
    assert genesis != lean().genesis
    parts = parts_of(lean().raw)
    parts[GENESIS] = genesis
    with pytest.raises(Refused, match=r"BAD_GENESIS|TOO_LARGE"):
        verify(encode(parts))


def test_a_lean_genesis_has_the_defaults_of_the_ledger():
    from hefu_verify.trust.genesis import read_genesis

    short = read_genesis(
        b'{"name":"x","suite":"ed25519","hash":"sha256","seal":{"key":"","post_quantum_key":""},"founders":[]}'
    )
    assert (short.clock, short.rule_version, short.register) == ("block", 1, "not_required")
    assert short.countersignatures_min == 2
