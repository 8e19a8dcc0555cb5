"""
Who may do what, walked as data: every row of every contract, each signer in each way that is not good enough, each status and
each precondition. A row without a setup here fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import msgspec
import pytest

from hefu import bootstrap
from hefu.assets.header import Encumbrance
from hefu.contracts.attestations.kinds import KINDS
from hefu.contracts.parties import state as ps
from hefu.contracts.parties.roles import PURPOSES, ROLES
from hefu.contracts.receivables import state as rs
from hefu.kernel.codec import Record, encode
from hefu.kernel.errors import Rejected
from hefu.kernel.hashing import ZERO
from hefu.kernel.time import DAY_MS
from hefu.ledger.authority import Row, Signer
from hefu.ledger.block import Result
from hefu.ledger.context import Context
from hefu.ledger.state import State
from scenario import COMMANDS, Scene, parse, run
from world import CAST, digest

PROPOSED = """
    Parts        invoice    I1 Steel 1000               -> OK
    Parts        propose    R1 I1 600                   -> OK
"""
LIVE = (
    PROPOSED
    + """
    Steel        confirm    R1                          -> OK
"""
)
TRADE = (
    LIVE
    + """
    Bolts        invoice    I2 Parts 600                -> OK
"""
)
PAID = "BankA pay A1 R1 Parts amount=600 -> OK\n"
DUE = "Operator advance 90 -> OK\n"
LOCKED = "Parts accept-offer R1 BankB sale price=590 -> OK\n"

#: For every command, by its tag: what happened before, and the command with those who sign it. Several where a signature may
#: be spared: one in which it is needed and one in which it is not.
SETUPS: dict[str, Sequence[tuple[str, str]]] = {
    "parties.enrol": [("", "Operator enrol Acme supplier"), ("", "BankC enrol Acme supplier")],
    "parties.open-account": [("", "Parts open-account Parts second")],
    "parties.add-key": [("", "Parts add-key Parts K1")],
    "parties.revoke-key": [("", "Parts revoke-key Parts Parts2")],
    "parties.set-contact": [("", "Parts set-contact Parts old")],
    "parties.propose-change": [("", "Operator propose-change P1 suspend Parts")],
    "parties.vote": [("Operator propose-change P1 suspend Parts -> OK", "BankA vote P1 yes")],
    "clock.advance": [("", "Operator advance 1")],
    "attestations.attest": [
        ("", "Store attest A1 delivery X delivered"),
        ("", "BankA pay A1 R1 Parts amount=600"),
    ],
    "evidence.register": [("", "Parts invoice I1 Steel 1000")],
    "evidence.set-standing-acceptance": [(PROPOSED, "Parts standing I1 yes")],
    "receivables.propose": [(PROPOSED, "Parts propose R2 I1 400")],
    "receivables.confirm": [(PROPOSED, "Steel confirm R1")],
    "receivables.refuse": [(PROPOSED, "Steel refuse R1 paid")],
    "receivables.withdraw": [(PROPOSED, "Parts withdraw R1")],
    "receivables.raise": [
        (PROPOSED + "Store attest A1 delivery I1 delivered -> OK", "Parts raise R2 I1 400 delivery=A1"),
    ],
    "receivables.split": [(LIVE, "Parts split R1 R2 200")],
    "receivables.assign": [
        (TRADE, "Parts+Bolts assign R1 Bolts I2"),
        (TRADE + "Bolts standing I2 yes -> OK", "Parts assign R1 Bolts I2"),
    ],
    "receivables.pledge": [(LIVE, "Parts+BankB pledge R1 BankB")],
    "receivables.release": [(LIVE + "Parts+BankB pledge R1 BankB -> OK", "BankB release R1")],
    "receivables.accept-offer": [(LIVE, "Parts accept-offer R1 BankB sale")],
    "receivables.decline-offer": [(LIVE + LOCKED, "BankB decline-offer R1")],
    "receivables.complete-finance": [
        (LIVE + LOCKED, "Parts+BankB complete-finance R1"),
        (LIVE + LOCKED + "BankA pay A1 R1 Parts price=590 -> OK", "BankB complete-finance R1 payment=A1"),
    ],
    "receivables.notify": [(LIVE, "Parts notify R1 here")],
    "receivables.acknowledge": [(LIVE + "Parts notify R1 here -> OK", "Steel acknowledge R1 here")],
    "receivables.settle": [
        (LIVE, "Parts settle R1 600"),
        (LIVE + DUE, "Parts settle R1 600"),
        (LIVE + PAID, "Parts settle R1 600 payment=A1"),
        (LIVE + PAID + DUE, "Steel settle R1 600 payment=A1"),
        (LIVE + "Parts+BankB pledge R1 BankB -> OK", "BankB settle R1 600"),
    ],
    "receivables.cancel": [(LIVE, "Parts+Steel cancel R1")],
    "receivables.set-ceiling": [("", "Steel set-ceiling Steel 1000")],
}

#: Commands that a court's order on the right does not stop: they move nothing and pay nobody.
UNTOUCHED_BY_FREEZES = {
    "receivables.confirm",
    "receivables.refuse",
    "receivables.withdraw",
    "receivables.release",
    "receivables.decline-offer",
    "receivables.notify",
    "receivables.acknowledge",
}

STATUSES = (rs.PROPOSED, rs.LIVE, rs.SETTLED, rs.REFUSED, rs.WITHDRAWN, rs.CANCELLED)
PLEDGE = Encumbrance(digest("loan"), digest("a pledgee"), 5, 1)


@cache
def _played(before: str) -> Scene:
    return run(before)


@dataclass
class Case:
    """A row, a scene in which its command succeeds, and the command."""

    row: Row
    resolvers: Any
    scene: Scene
    command: Record
    names: tuple[str, ...]

    @property
    def context(self) -> Context:
        """The next block's."""
        world = self.scene.world
        chain = world.chain
        return chain.application.context(chain.state, world.genesis, chain.tip.height + 1, world.block_ms + 1000)

    def state(self) -> State:
        """The tip's state, under an overlay of our own."""
        return State(lambda key: self.scene.world.chain.get(b"s" + key))

    def keys(self) -> list[bytes]:
        """Public keys of those who sign."""
        return [self.scene.signer(name).public_key for name in self.names]

    def needed(self) -> list[tuple[Signer, bytes, str]]:
        """The signatures that are needed here: the row's part, the organisation and its name."""
        found = []
        state, context = self.state(), self.context
        for required in self.row.signers:
            if required.unless and self.resolvers[required.unless](state, self.command, context):
                continue
            party = self.resolvers[required.who](state, self.command, context)
            directory = self.scene.world.chain.application.directory
            organisation = party if required.organisation else directory.organisation_of(state, party)
            found.append((required, organisation, next(n for n in CAST if self.scene.org(n) == organisation)))
        return found

    def amount(self, required: Signer) -> int:
        """The amount that a key's limit is held against."""
        return self.resolvers[required.amount](self.state(), self.command, self.context)

    def ask(self, *changes: Callable[[State], None], keys: Sequence[bytes] | None = None, **replaced: Any) -> str:
        """
        The code that comes back when records were changed, others sign, or the command has other fields.

        A refusal must leave nothing.
        """
        state = self.state()
        for change in changes:
            change(state)
        state.keep()
        before = dict(state.writes)
        command = msgspec.structs.replace(self.command, **replaced)
        application = self.scene.world.chain.application
        asked = application.read([(b"", encode(command))])
        try:
            signers = application.signers(state, self.keys() if keys is None else keys, self.context.height)
        except Rejected as refusal:
            return refusal.code
        result: Result = application.run(state, self.context, digest("a transaction"), signers, asked)
        if result.code != "OK":
            assert state.writes == before, "a refusal left a record"
            assert result.events == (), "a refusal left an event"
            assert state.drain()[1] == [], "a refusal left a link"
        else:
            assert state.writes != before
        return result.code

    def right(self, **changes: Any) -> Callable[[State], None]:
        """The right's record with other fields; those of its header too."""
        key = rs.right_key(self.command.right)  # type: ignore[attr-defined]

        def change(state: State) -> None:
            record = state.get(key, rs.RIGHT)
            assert record is not None
            own = {name: value for name, value in changes.items() if name in rs.RightRecord.__struct_fields__}
            rest = {name: value for name, value in changes.items() if name not in own}
            header = msgspec.structs.replace(record.header, **rest)
            state.put(key, msgspec.structs.replace(record, header=header, **own))

        return change

    def organisation(self, organisation: bytes, **changes: Any) -> Callable[[State], None]:
        """An organisation's record with other fields."""
        return _changed(ps.organisation_key(organisation), ps.ORGANISATION, changes)

    def key(self, name: str, **changes: Any) -> Callable[[State], None]:
        """A key's record with other fields."""
        return _changed(ps.key_key(self.scene.signer(name).public_key), ps.KEY, changes)

    def without(self, name: str) -> list[bytes]:
        """All signatures but one's."""
        own = self.scene.signer(name).public_key
        return [key for key in self.keys() if key != own]

    def instead(self, name: str, other: str) -> list[bytes]:
        """All signatures, one given by somebody else."""
        own, others = self.scene.signer(name).public_key, self.scene.signer(other).public_key
        return [others if key == own else key for key in self.keys()]


def _changed(key: bytes, codec: Any, changes: dict[str, Any]) -> Callable[[State], None]:
    def change(state: State) -> None:
        record = state.get(key, codec)
        assert record is not None
        state.put(key, msgspec.structs.replace(record, **changes))

    return change


def _tag(row: Row) -> str:
    return row.command.__struct_config__.tag  # type: ignore[no-any-return]


def rows() -> list[tuple[Row, Any]]:
    """Every row of every contract, with the resolvers that its names mean."""
    return [(row, c.resolvers) for c in bootstrap.application().contracts for row in c.authority]


def case_of(row: Row, resolvers: Any, before: str, line: str) -> Case:
    """A case on a copy of the scene that a setup leads to."""
    played = _played(before)
    scene = Scene(played.world.fork(), dict(played.ids), dict(played.signers), dict(played.identities))
    (parsed,) = parse(line + " -> OK")
    return Case(row, resolvers, scene, COMMANDS[parsed.command](scene, parsed), parsed.names)


CASES = [
    pytest.param(row, resolvers, before, line, id=f"{_tag(row)}-{number}")
    for row, resolvers in rows()
    for number, (before, line) in enumerate(SETUPS.get(_tag(row), []))
]


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(*request.param)


every_case = pytest.mark.parametrize("case", [pytest.param(p.values, id=p.id) for p in CASES], indirect=True)


# -- the table itself -----------------------------------------------------------------------------------------------


def test_every_row_has_a_setup_and_every_setup_a_row():
    assert {_tag(row) for row, _ in rows()} == SETUPS.keys()


def test_every_signature_that_may_be_spared_is_needed_in_one_setup_and_spared_in_another():
    for row, resolvers in rows():
        for required in row.signers:
            cases = [case_of(row, resolvers, *setup) for setup in SETUPS[_tag(row)]]
            needed = [any(found[0] is required for found in case.needed()) for case in cases]
            assert any(needed), f"no setup of {_tag(row)} needs {required.who}: {required.purpose}"
            assert not required.unless or not all(needed), f"no setup of {_tag(row)} spares {required.who}"


def test_every_name_that_a_row_uses_is_a_resolver_and_every_purpose_is_of_the_list():
    for row, resolvers in rows():
        for required in row.signers:
            assert required.purpose in PURPOSES
            assert {required.who} <= resolvers.keys()
            assert not required.amount or required.amount in resolvers
            assert not required.unless or required.unless in resolvers
        assert not row.subject or row.subject in resolvers
        assert bool(row.statuses or row.preconditions) <= bool(row.subject)
        assert row.signers, f"{_tag(row)} asks nobody"
        assert row.text.endswith(".")
        assert row.becomes


def test_every_contract_that_has_a_subject_has_preconditions_that_can_be_broken():
    broken = {(p.code, p.text) for row, _ in rows() for p in row.preconditions}
    assert broken == BREAKERS.keys()


# -- who signs ------------------------------------------------------------------------------------------------------


@every_case
def test_the_command_succeeds_and_leads_to_the_state_that_the_row_names(case):
    assert case.ask() == "OK"
    world = case.scene.world
    signers = [case.scene.signer(name) for name in case.names]
    assert world.submit(world.draft([case.command], *signers).wire()).code == "OK"
    if case.row.subject:
        record = world.right(case.command.right)
        assert record.status in case.row.becomes.split(" or ")


@every_case
def test_nobody_signs_who_is_not_needed_and_who_is_needed_must(case):
    needed = case.needed()
    if not needed:
        assert case.ask(keys=[case.scene.signer("Ore").public_key]) == "OK"
    for _, _, name in needed:
        assert case.ask(keys=case.without(name)) == "NOT_AUTHORIZED", f"without {name}"
        alone = [case.scene.signer(n).public_key for n in {found[2] for found in needed}]
        assert case.ask(keys=alone) == "OK"


@every_case
def test_a_strangers_signature_is_none(case):
    for _, _, name in case.needed():
        assert case.ask(keys=case.instead(name, "Stranger")) == "UNKNOWN_KEY"
        assert case.ask(keys=[*case.keys(), case.scene.signer("Stranger").public_key]) == "UNKNOWN_KEY"


@every_case
def test_another_organisations_signature_is_none(case):
    involved = {name for _, _, name in case.needed()}
    for name in involved:
        for other in sorted(CAST.keys() - involved):
            assert case.ask(keys=case.instead(name, other)) == "NOT_AUTHORIZED", f"{other} for {name}"


@every_case
def test_a_key_of_another_purpose_is_none(case):
    for required, _, name in case.needed():
        for purposes in (PURPOSES - {required.purpose}, frozenset[str]()):
            change = case.key(name, purposes=tuple(sorted(purposes)))
            assert case.ask(change) == "NOT_AUTHORIZED", f"{name} without {required.purpose}"


@every_case
def test_a_key_of_the_purpose_alone_is_enough(case):
    purposes: dict[str, set[str]] = {}
    for required, _, name in case.needed():
        purposes.setdefault(name, set()).add(required.purpose)
    changes = [case.key(name, purposes=tuple(sorted(own))) for name, own in purposes.items()]
    assert case.ask(*changes) == "OK"


@every_case
def test_a_suspended_organisation_signs_nothing(case):
    for _, organisation, _ in case.needed():
        assert case.ask(case.organisation(organisation, status="suspended")) == "ORGANISATION_SUSPENDED"


@every_case
def test_a_key_holds_from_its_first_height_until_before_its_last(case):
    height = case.context.height
    for _, _, name in case.needed():
        assert case.ask(case.key(name, valid_until=height)) == "KEY_NOT_VALID"
        assert case.ask(case.key(name, valid_until=1)) == "KEY_NOT_VALID"
        assert case.ask(case.key(name, valid_from=height + 1)) == "KEY_NOT_VALID"
        assert case.ask(case.key(name, valid_from=height, valid_until=height + 1)) == "OK"


@every_case
def test_where_roles_are_named_one_of_them_is_needed_and_enough(case):
    for required, organisation, _ in case.needed():
        others = tuple(sorted(ROLES - set(required.roles))) if required.roles else ()
        if required.roles:
            assert case.ask(case.organisation(organisation, roles=())) == "WRONG_ROLE"
            assert case.ask(case.organisation(organisation, roles=others)) == "WRONG_ROLE"
            for role in required.roles:
                assert case.ask(case.organisation(organisation, roles=(role,))) == "OK"
        elif _tag(case.row) != "attestations.attest":
            assert case.ask(case.organisation(organisation, roles=())) == "OK"


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_an_attester_has_one_of_the_roles_that_the_kind_names(kind):
    (before, line) = SETUPS["attestations.attest"][kind.detail is not None]
    row, resolvers = next(found for found in rows() if _tag(found[0]) == "attestations.attest")
    case = case_of(row, resolvers, before, line)
    organisation = case.command.attester
    replaced = {"kind": kind.name, "result": kind.results[0]}
    if not kind.roles:
        assert case.ask(**replaced) == "BAD_SUBJECT"
        replaced["subject"] = organisation
    for role in sorted(ROLES):
        code = case.ask(case.organisation(organisation, roles=(role,)), **replaced)
        assert code == ("OK" if role in kind.roles or not kind.roles else "WRONG_ROLE"), role


@every_case
def test_where_a_member_is_asked_for_no_other_will_do(case):
    for required, organisation, _ in case.needed():
        code = case.ask(case.organisation(organisation, member=False))
        assert code == ("NOT_A_MEMBER" if required.member else "OK")


@every_case
def test_above_a_keys_limit_two_keys_of_organisation_and_purpose_sign(case):
    for required, _, name in case.needed():
        if not required.amount:
            continue
        amount = case.amount(required)
        second = case.scene.signer(name + "2").public_key
        below, other = case.key(name, limit_minor=amount - 1), case.key(name + "2", limit_minor=amount - 1)
        assert amount > 1
        assert case.ask(below) == "ABOVE_KEY_LIMIT"
        assert case.ask(below, keys=[*case.keys(), case.scene.signer("Ore").public_key]) == "ABOVE_KEY_LIMIT"
        assert case.ask(below, other, keys=[*case.keys(), second]) == "OK"
        assert case.ask(below, keys=[second, *case.without(name)]) == "OK"
        without = case.key(name + "2", purposes=tuple(sorted(PURPOSES - {required.purpose})))
        assert case.ask(below, without, keys=[*case.keys(), second]) == "ABOVE_KEY_LIMIT"
        assert case.ask(case.key(name, limit_minor=amount)) == "OK"
        assert case.ask(case.key(name, limit_minor=0)) == "OK"


@every_case
def test_a_limit_binds_only_where_the_row_names_an_amount(case):
    bound = {name for required, _, name in case.needed() if required.amount}
    for _, _, name in case.needed():
        assert case.ask(case.key(name, limit_minor=1)) == ("ABOVE_KEY_LIMIT" if name in bound else "OK")


# -- what it is about -----------------------------------------------------------------------------------------------


@every_case
def test_a_right_that_does_not_exist_is_unknown(case):
    if case.row.subject:
        assert case.ask(right=digest("no right")) == "UNKNOWN_RIGHT"
        assert case.ask(right=b"") == "UNKNOWN_RIGHT"
        assert case.ask(right=bytes(1000)) == "UNKNOWN_RIGHT"


@every_case
def test_in_every_other_status_the_command_is_refused(case):
    for status in STATUSES if case.row.statuses else ():
        code = case.ask(case.right(status=status))
        assert code == ("OK" if status in case.row.statuses else "WRONG_STATUS"), status


@every_case
def test_a_frozen_right_neither_moves_nor_pays(case):
    if case.row.subject:
        for orders in ((digest("order"),), (digest("order"), digest("another"))):
            code = case.ask(case.right(freezes=orders))
            assert code == ("OK" if _tag(case.row) in UNTOUCHED_BY_FREEZES else "FROZEN")


def _yesterday(case: Case) -> int:
    return case.context.business_at_ms - 1


def _lock(case: Case, until_ms: int) -> rs.Lock:
    return rs.Lock(case.scene.account("BankB"), "sale", False, ZERO, ZERO, case.scene.world.today, until_ms)


#: How each precondition is broken, by its code and text: changes of the right's record, each of which alone breaks it.
BREAKERS: dict[tuple[str, str], Callable[[Case], list[dict[str, Any]]]] = {
    ("FROZEN", "a judicial order freezes it"): lambda case: [{"freezes": (digest("order"),)}],
    ("PLEDGED", "it is pledged"): lambda case: [{"encumbrances": (PLEDGE,)}, {"encumbrances": (PLEDGE, PLEDGE)}],
    ("NOT_PLEDGED", "it is not pledged"): lambda case: [{"encumbrances": ()}],
    ("ALREADY_MOVED", "parts of it were passed on or settled"): lambda case: [
        {"open": 599, "passed": 1},
        {"open": 599, "settled": 1},
    ],
    ("ALREADY_MOVED", "it was split off or passed on"): lambda case: [
        {"depth": 1},
        {"endorsements": (rs.Endorsement(ZERO, False),)},
    ],
    ("LOCKED", "an accepted offer locks it"): lambda case: [
        {"lock": _lock(case, case.context.business_at_ms)},
        {"lock": _lock(case, case.context.business_at_ms + DAY_MS)},
    ],
    ("NOT_LOCKED", "no accepted offer holds it"): lambda case: [
        {"lock": None},
        {"lock": _lock(case, _yesterday(case))},
    ],
    ("EXPIRED", "it fell due"): lambda case: [
        {"due_on": case.scene.world.today},
        {"due_on": case.scene.world.today - timedelta(days=1)},
    ],
    ("LAPSED", "the proposal lapsed"): lambda case: [{"until_ms": _yesterday(case)}, {"until_ms": 0}],
    ("UNCONFIRMED", "no obligor confirmed it"): lambda case: [{"backing": rs.EVIDENCE_BACKING}],
}


@every_case
def test_each_precondition_refuses_with_its_code(case):
    for precondition in case.row.preconditions:
        for changes in BREAKERS[precondition.code, precondition.text](case):
            assert case.ask(case.right(**changes)) == precondition.code, f"{precondition.text}: {changes}"


@every_case
def test_what_no_precondition_forbids_is_not_refused_for_it(case):
    asked = {(p.code, p.text) for p in case.row.preconditions}
    held = {("LOCKED", "an accepted offer locks it"), ("UNCONFIRMED", "no obligor confirmed it")}
    for name in held - asked if case.row.subject else ():
        for changes in BREAKERS[name](case):
            assert case.ask(case.right(**changes)) != name[0]
