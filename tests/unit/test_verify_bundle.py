"""The verifier agrees with the ledger: every kind of event, every basis of trust, both suites, and the same tables."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bundles import GOLDEN, BundleWorld, Story, lean, rich
from hefu import bootstrap
from hefu.assets.header import AssetHeader, Encumbrance
from hefu.contracts.attestations.kinds import PaymentDetail
from hefu.contracts.attestations.state import AttestationRecord
from hefu.contracts.evidence.state import DocumentRecord, Reservation
from hefu.contracts.parties.state import AccountRecord, KeyRecord, OrganisationRecord
from hefu.contracts.receivables import state as rs
from hefu.ledger import block as blocks
from hefu.ledger import checkpoint as checkpoints
from hefu.ledger import transaction as transactions
from hefu.ledger import tree
from hefu.services.proving import bundle
from hefu_verify import Refused, Verdict, authority, records, verify
from hefu_verify.facts import facts_of
from scenario import Scene, run

SUITES = pytest.mark.parametrize("suite", ["ed25519", "sm2"])

# Every event of a receivable, and every way to pay.
LIFE = """
    Parts          invoice          I1 Steel 1000                     -> OK
    Parts          invoice          I2 Steel 1000                     -> OK
    Bolts          invoice          B1 Parts 400                      -> OK
    Wire           invoice          W1 Bolts 150 standing             -> OK
    Parts          propose          R1 I1 600                         -> OK
    Parts          propose          R2 I1 100                         -> OK
    Parts          propose          R3 I1 100                         -> OK
    Parts          propose          R4 I1 100                         -> OK
    Parts          propose          R5 I1 100                         -> OK
    Steel          confirm          R1                                -> OK
    Steel          refuse           R2 paid                           -> OK
    Parts          withdraw         R3                                -> OK
    Steel          confirm          R4                                -> OK
    Parts+Steel    cancel           R4                                -> OK
    Store          attest           D1 delivery I2 delivered          -> OK
    Parts          raise            E1 I2 500 delivery=D1             -> OK
    Store          attest           D2 delivery I2 partly supersedes=D1 -> OK
    Operator       advance          1                                 -> OK
    Parts          split            R1 C1 400
    Parts+Bolts    assign           C1 Bolts B1 recourse              -> OK
    Bolts          split            C1 C2 150                         -> OK
    Bolts          assign           C2 Wire W1                        -> OK
    Wire+BankB     pledge           C2 BankB cap=90                   -> OK
    BankA          pay              P1 C2 BankB amount=100            -> OK
    Steel+BankB    settle           C2 30 payment=P1                  -> OK
    Steel+BankB    settle           C2 20 payment=P1                  -> OK
    BankB          settle           C2 10                             -> OK
    BankB          release          C2                                -> OK
    Bolts          notify           C1 home                           -> OK
    Steel          acknowledge      C1 home                           -> OK
    Bolts          accept-offer     C1 BankC sale price=p             -> OK
    BankC          decline-offer    C1                                -> OK
    Bolts          accept-offer     C1 BankB sale price=p until=2     -> OK
    Operator       advance          3                                 -> OK
    Bolts          accept-offer     C1 BankC pledge price=q           -> OK
    Bolts+BankC    complete-finance C1                                -> OK
    Parts          accept-offer     E1 BankB pledge recourse price=r  -> OK
    BankA          pay              P2 E1 Parts price=r               -> OK
    BankB          complete-finance E1 payment=P2                     -> OK
    Parts          split            R1 C3 50                          -> OK
    Parts          accept-offer     C3 BankB sale recourse price=s    -> OK
    Parts+BankB    complete-finance C3                                -> OK
    Parts          accept-offer     R1 BankB sale price=t             -> OK
    Operator       advance          90                                -> OK
    BankA          pay              P3 C1 BankC amount=250            -> OK
    Steel          settle           C1 250 payment=P3                 -> OK
    Wire           settle           C2 90                             -> OK
    Parts          settle           R1 1                              -> OK
"""


def life(**parameters: Any) -> Scene:
    return run(LIFE, **parameters)


def rights_of(scene: Scene) -> dict[str, bytes]:
    return {name: thing for name, thing in scene.ids.items() if b"R" + thing in scene.world.records()}


def verified(scene: Scene, name: str) -> Verdict:
    genesis = scene.world.genesis
    verdict = verify(bundle(scene.world.chain, scene.thing(name)), genesis.raw)
    assert verdict.authenticated
    return verdict


@SUITES
def test_every_kind_of_event_verifies_and_leads_to_the_ledgers_own_record(suite):
    scene = life(suite_name=suite)
    seen = set()
    for name, right in rights_of(scene).items():
        verdict, record = verified(scene, name), scene.world.right(right)
        seen |= {step.event for step in verdict.steps}
        assert (verdict.right.status, verdict.right.header.owner) == (record.status, record.header.owner)
        assert (verdict.right.header.open, verdict.right.header.history) == (record.header.open, record.header.history)
        assert verdict.steps[-1].open == record.header.open
    known = {event.__struct_config__.tag for event in bootstrap.application().contracts[-1].events}
    assert {f"receivables.{event}" for event in seen} == known - {"receivables.ceiling-set"}


def test_a_parts_history_begins_at_its_root():
    scene = life()
    verdict = verified(scene, "C2")
    assert [step.event for step in verdict.steps][:6] == [
        "proposed",
        "confirmed",
        "split-off",
        "assigned",
        "split-off",
        "assigned",
    ]
    assert verdict.right.depth == 2
    assert verdict.steps[0].asset == scene.thing("R1")


def test_a_right_on_block_time_verifies():
    scene = run(
        """
        Parts        invoice      I1 Steel 1000             -> OK
        Parts        propose      R1 I1 600                 -> OK
        Steel        confirm      R1                        -> OK
        Parts        accept-offer R1 BankB sale price=p     -> OK
        """,
        simulated=False,
    )
    assert verified(scene, "R1").genesis.clock == "block"


def test_two_keys_sign_above_a_limit_and_keys_come_and_go():
    scene = run(
        """
        Parts          invoice    I1 Steel 1000             -> OK
        Parts          propose    R1 I1 600                 -> OK
        Steel          confirm    R1                        -> ABOVE_KEY_LIMIT
        Steel+Steel2   confirm    R1                        -> OK
        Parts          add-key    Parts K1                  -> OK
        Parts          notify     R1 home                   -> OK
        Parts          revoke-key Parts Parts2              -> OK
        K1             split      R1 C1 100                 -> OK
        Parts          revoke-key Parts Parts               -> OK
        Operator       advance    1                         -> OK
        K1             notify     C1 home                   -> OK
        Operator       propose-change X1 suspend Parts      -> OK
        """,
        key_limit=500,
    )
    verdict = verified(scene, "C1")
    assert [len(step.keys) for step in verdict.steps] == [1, 2, 1, 1, 1]


def test_roles_that_changed_since_refuse_nothing():
    scene = run("""
        Parts          invoice        I1 Steel 1000             -> OK
        Parts          propose        R1 I1 600                 -> OK
        Steel          confirm        R1                        -> OK
        Parts+BankB    pledge         R1 BankB                  -> OK
        Operator       propose-change X1 roles BankB none       -> OK
        BankA          vote           X1 yes                    -> OK
        BankC          vote           X1 yes                    -> OK
    """)
    verdict = verified(scene, "R1")
    assert verdict.records[b"O" + scene.org("BankB")].roles == []


# -- trust ----------------------------------------------------------------------------------------------------------


def basis(world: BundleWorld, right: bytes) -> tuple[str, int]:
    found = verify(bundle(world.chain, right), world.genesis.raw).basis
    return found.name, len(found.members)


@SUITES
def test_members_that_countersign_are_the_strongest_basis(suite):
    world, right = rich(suite).world.fork(), rich(suite).right
    expected = {
        (): ("operator", 0),
        ("BankA",): ("operator", 1),
        ("BankA", "BankA2"): ("operator", 1),  # two keys of one member are one member
        ("BankA", "Operator"): ("operator", 1),  # the operator's own organisation adds nobody
        ("Operator", "Operator2"): ("operator", 0),
        ("BankA", "BankB"): ("countersigned", 2),
        ("BankA", "BankB", "BankB2", "Operator"): ("countersigned", 2),
    }
    for names, answer in expected.items():
        world.checkpoint(*names)
        assert basis(world, right) == answer, names


@pytest.mark.parametrize(
    ("needed", "alone", "one"), [(0, "operator", "countersigned"), (1, "operator", "countersigned")]
)
def test_nobody_is_not_a_basis_whatever_the_genesis_asks_for(needed, alone, one):
    world = BundleWorld.fresh(needed=needed)
    assert isinstance(world, BundleWorld)
    right = world.confirmed("Parts", "Steel", "R1", 100)
    world.checkpoint()
    assert basis(world, right) == (alone, 0)
    world.checkpoint("BankB")
    assert basis(world, right) == (one, 1)


def test_without_a_genesis_to_trust_it_is_consistent_and_no_more():
    story = rich()
    verdict = verify(story.raw)
    assert not verdict.authenticated
    assert facts_of(verdict)["verdict"] == "consistent, not authenticated"


@pytest.mark.parametrize("make", [lambda s: lean("sm2"), lambda s: rich("sm2"), lambda s: lean()])
def test_another_genesis_than_the_one_trusted_is_refused(make):
    story: Story = rich()
    with pytest.raises(Refused, match="OTHER_GENESIS"):
        verify(story.raw, make(story).genesis)
    with pytest.raises(Refused, match="OTHER_GENESIS"):
        verify(story.raw, story.genesis + b"\n")


def test_opened_terms_are_shown_and_the_others_are_not():
    story = rich()
    openings = facts_of(verify(story.raw, story.genesis))["openings"]
    fields = {field["name"]: field["value"] for opening in openings for field in opening["fields"]}
    assert fields.keys() == {"contract", "note", "scan", "lines", "weight_kg"}
    assert (fields["contract"], fields["weight_kg"]) == ("2026-采购-017", 12_000)


def test_the_golden_bundle_still_proves_what_it_proved():
    raw, genesis = (GOLDEN / "bundle.hefu").read_bytes(), (GOLDEN / "bundle_genesis.json").read_bytes()
    facts = json.loads((GOLDEN / "bundle_facts.json").read_text(encoding="utf-8"))
    assert facts_of(verify(raw, genesis)) == facts


# -- the tables are the ledger's ------------------------------------------------------------------------------------

#: The verifier's names for fields, where the ledger has a longer one.
SHORTER = {"limit_minor": "limit", "amount_commitment": "commitment", "seal_kind": "kind"}
PAIRS = [
    (records.STATE, "right", rs.RightRecord),
    (records.STATE, "asset", AssetHeader),
    (records.STATE, "encumbrance", Encumbrance),
    (records.STATE, "endorsement", rs.Endorsement),
    (records.STATE, "lock", rs.Lock),
    (records.STATE, "notice", rs.Notice),
    (records.STATE, "document", DocumentRecord),
    (records.STATE, "reservation", Reservation),
    (records.STATE, "account", AccountRecord),
    (records.STATE, "organisation", OrganisationRecord),
    (records.STATE, "key", KeyRecord),
    (records.STATE, "attestation", AttestationRecord),
    (records.STATE, "payment", PaymentDetail),
    (records.BUNDLE, "block", blocks.BlockHeader),
    (records.BUNDLE, "sealed", blocks.Sealed),
    (records.BUNDLE, "vouched", checkpoints.CheckpointBody),
    (records.BUNDLE, "checkpoint", checkpoints.Checkpoint),
    (records.BUNDLE, "header", transactions.Header),
    (records.BUNDLE, "proof", tree.StateProof),
]


@pytest.mark.parametrize(("shapes", "name", "struct"), PAIRS, ids=[name for _, name, _ in PAIRS])
def test_records_have_the_ledgers_fields(shapes, name, struct):
    assert [field for field, _ in shapes._fields[name]] == [SHORTER.get(f, f) for f in struct.__struct_fields__]


def test_commands_and_events_have_the_ledgers_fields():
    contract = bootstrap.application().contracts[-1]
    commands = {command.__struct_config__.tag: command for command in contract.commands}
    events = {event.__struct_config__.tag: event for event in contract.events}
    del commands["receivables.set-ceiling"]
    assert {tag for tag in records.COMMANDS._fields if "." in tag} == commands.keys() == authority.RULES.keys()
    for tag, command in commands.items():
        fields = tuple(field for field, _ in records.COMMANDS._fields[tag])
        assert fields == command.__struct_fields__
        # An event that the verifier has no table for has its command's fields.
        event = authority.RULES[tag].event
        told = tuple(field for field, _ in records.EVENTS._fields.get(event, records.COMMANDS._fields[tag]))
        assert told == events[f"receivables.{event}"].__struct_fields__
    assert tuple(f for f, _ in records.EVENTS._fields["sold"]) == events["receivables.sold"].__struct_fields__


CONDITIONS = {
    "free": {"LOCKED", "PLEDGED"},
    "locked": {"NOT_LOCKED"},
    "unlocked": {"LOCKED"},
    "pledged": {"NOT_PLEDGED"},
    "unpledged": {"PLEDGED"},
    "undue": {"EXPIRED"},
    "unlapsed": {"LAPSED"},
    "confirmed": {"UNCONFIRMED"},
    "whole": {"ALREADY_MOVED"},
    "unmoved": {"ALREADY_MOVED"},
    "none": set(),
}
EXCUSES = {"standing": "standing acceptance", "attested": "payment attested", "due": "due", "": ""}


def party(who: str) -> str:
    return {"document.seller": "owner", "right.lock.financier": "financier"}.get(who) or re.sub(r"^right\.", "", who)


def test_rules_are_those_of_the_ledgers_table():
    for row in bootstrap.application().contracts[-1].authority:
        tag = row.command.__struct_config__.tag
        if tag == "receivables.set-ceiling":
            continue
        rule = authority.RULES[tag]
        assert (rule.status,) == (row.statuses or ("-",)), tag
        codes = set().union(*(CONDITIONS[name] for name in rule.conditions))
        # A freeze is in the record alone: the verifier shows it, and cannot say since when it is there.
        assert codes == {condition.code for condition in row.preconditions} - {"FROZEN"}, tag
        needs = [(n.who, n.purpose, n.limited, EXCUSES[n.unless]) for n in rule.signers]
        assert needs == [(party(s.who), s.purpose, s.amount.removeprefix("right."), s.unless) for s in row.signers], tag
