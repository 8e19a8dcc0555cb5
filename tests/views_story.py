"""A story that touches every event of the ledger, for whoever wants a history with all of it: blocks of one and of many."""

from __future__ import annotations

import msgspec

from hefu.contracts.attestations.commands import Attest
from hefu.contracts.attestations.kinds import PaymentDetail
from hefu.contracts.clock.commands import AdvanceClock
from hefu.contracts.evidence.commands import SetStandingAcceptance
from hefu.contracts.parties import commands as pc
from hefu.contracts.parties.contract import door_message, possession_message
from hefu.contracts.receivables import commands as rc
from hefu.kernel.codec import Record, encode
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import derive_id
from hefu.kernel.signer import KeySigner
from hefu.kernel.time import DAY_MS, start_of_day_ms
from world import World, contact_key, digest, door, salt, validator


class Hostile(Record, tag="'; DROP TABLE rights; --\0\"`%s"):
    """No command of any contract."""

    text: str


def tell(world: World) -> dict[str, bytes]:
    """Run the whole story; identifiers by name."""
    ids: dict[str, bytes] = {}
    _parties(world)
    _proposals(world, ids)
    _moves(world, ids)
    _finance(world, ids)
    _settlement(world, ids)
    _one_block(world, ids)
    return ids


def ok(world: World, command: Record | list[Record], *names: str) -> None:
    """Run commands that must be accepted."""
    code = world.run(command, *names)
    assert code == "OK", (code, command)


def block_of(world: World, *entries: tuple[Record | list[Record], tuple[str, ...]]) -> list[str]:
    """Run transactions as one block; their codes."""
    raws = []
    for command, names in entries:
        commands = command if isinstance(command, list) else [command]
        raws.append(world.draft(commands, *(world.signers[name] for name in names)).wire())
    world.block_ms += 1000
    return [receipt.code for receipt in world.chain.append(raws, world.block_ms).receipts]


def attest(world: World, who: str, what: str, subject: bytes, kind: str, result: str, **more: bytes) -> Attest:
    """An attestation as of now."""
    return Attest(
        world.org(who),
        salt(what),
        subject,
        kind,
        world.now_ms,
        result,
        digest(what),
        more.get("supersedes", b""),
        more.get("detail", b""),
    )


def attestation_id(world: World, who: str, what: str) -> bytes:
    """Its identifier."""
    return derive_id(world.genesis.hash, world.genesis.chain_id, world.org(who), salt(what), "attestation")


def payment(world: World, what: str, payee: str, amount: int, currency: str = "CNY", commitment: bytes = b"") -> bytes:
    """Detail of a payment."""
    return encode(
        PaymentDetail(
            digest("end to end " + what),
            world.account(payee),
            currency,
            amount,  # type: ignore[arg-type]
            commitment,
            world.today,
        )
    )


def new_key(world: World, name: str, identity: bytes, limit_minor: int = 0) -> pc.NewKey:
    """A key that signed for itself."""
    signer = KeySigner(world.genesis.suite, digest("new key " + name))
    possession = signer.sign(possession_message(world.genesis.chain_id, identity))
    return pc.NewKey(signer.public_key, ("accept", "register"), limit_minor, digest("c"), digest("m"), possession)


def _parties(world: World) -> None:
    operator, identity = world.org("Operator"), digest("identity Nuts")
    ok(
        world,
        pc.Enrol(operator, salt("Nuts"), identity, ("supplier",), (new_key(world, "Nuts", identity),)),
        "Operator",
    )
    ok(world, pc.OpenAccount(world.org("Parts"), salt("second")), "Parts")
    limited = new_key(world, "limited", digest("identity Parts"), 10**15)
    ok(world, pc.AddKey(world.org("Parts"), limited, world.chain.tip.height + 9), "Parts")
    ok(
        world,
        pc.RevokeKey(world.org("Wire"), world.second["Wire"].public_key, world.chain.tip.height + 3),
        "Wire",
    )
    takes = door("Parts").sign(door_message(world.genesis.chain_id, world.org("Parts")))
    for name, address in (("first", "https://node.example"), ("second", "")):
        contact = pc.SetContact(
            world.org("Parts"), "mlkem768-x25519", contact_key(name), door("Parts").public_key, address, takes
        )
        ok(world, contact, "Parts")
    until_ms = world.now_ms + 7 * DAY_MS
    changes: dict[str, pc.Change] = {
        "admit": pc.Admit(
            salt("Factor"),
            digest("identity Factor"),
            ("factor",),
            True,
            (new_key(world, "F", digest("identity Factor")),),
        ),
        "roles": pc.SetRoles(world.org("BankC"), ("bank", "factor", "settlement_bank"), False),
        "suspend": pc.SetStatus(world.org("Ore"), "suspended"),
        "refused": pc.SetStatus(world.org("Bolts"), "suspended"),
        # Long after the story's end.
        "upgrade": pc.Upgrade(world.chain.next_version() + 1, 1_000_000),
    }
    if world.genesis.validators:
        changes["validator"] = pc.SetValidator(world.org("BankA"), validator("BankA").public_key, 20, b"")
    for what, change in changes.items():
        ok(world, pc.ProposeChange(operator, salt(what), change, until_ms), "Operator")
        proposal = derive_id(world.genesis.hash, world.genesis.chain_id, operator, salt(what), "proposal")
        for voter in ("BankA", "BankB", "BankC"):
            world.run(pc.Vote(proposal, world.org(voter), what != "refused"), voter)
    assert world.run(world.register_command("Ore", "", "late", 5), "Ore") == "ORGANISATION_SUSPENDED"


def _proposals(world: World, ids: dict[str, bytes]) -> None:
    ok(world, rc.SetCeiling(world.account("Steel"), "CNY", 10_000_000), "Steel")  # type: ignore[arg-type]
    ids["document"] = world.invoice("Parts", "Steel", "big", 1_000_000)
    for what in ("refused", "withdrawn", "lapsed", "open", "cancelled"):
        ok(world, world.propose_command("Parts", "big", what, 1000), "Parts")
        ids[what] = world.new_id("Parts", what, "right")
    ok(world, rc.Refuse(ids["refused"], "goods_missing"), "Steel")
    ok(world, rc.Withdraw(ids["withdrawn"]), "Parts")
    ok(world, world.confirm_command("Parts", "big", "cancelled", 1000), "Steel")
    ok(world, rc.Cancel(ids["cancelled"]), "Parts", "Steel")
    world.advance(8)
    assert world.run(rc.Refuse(ids["lapsed"], "duplicate"), "Steel") == "LAPSED"
    ok(world, world.propose_command("Parts", "big", "after the lapse", 500), "Parts")
    ok(world, SetStandingAcceptance(ids["document"], True), "Parts")
    ok(world, attest(world, "Store", "delivery", ids["document"], "delivery", "delivered"), "Store")
    delivery = attestation_id(world, "Store", "delivery")
    again = attest(world, "Store", "delivery again", ids["document"], "delivery", "delivered", supersedes=delivery)
    ok(world, again, "Store")
    on_evidence = rc.Raise(
        ids["document"],
        salt("evidence"),
        700,  # type: ignore[arg-type]
        msgspec.structs.replace(world.propose_command("Parts", "big", "x", 1)).due_on,
        digest("terms"),
        attestation_id(world, "Store", "delivery again"),
    )
    ok(world, on_evidence, "Parts")
    ids["evidence"] = world.new_id("Parts", "evidence", "right")


def _moves(world: World, ids: dict[str, bytes]) -> None:
    ids["root"] = root = world.confirmed("Parts", "Steel", "root", 100_000)
    for what, amount in (("a", 40_000), ("b", 10_000)):
        ok(world, rc.Split(root, salt(what), amount), "Parts")  # type: ignore[arg-type]
        ids[what] = world.new_id("Parts", what, "right")
    ok(world, rc.Split(ids["a"], salt("aa"), 15_000), "Parts")  # type: ignore[arg-type]
    ids["aa"] = world.new_id("Parts", "aa", "right")
    bill = world.invoice("Bolts", "Parts", "bill", 25_000, standing=True)
    ok(world, rc.Assign(ids["a"], world.account("Bolts"), bill, world.tag("bill"), True), "Parts")
    ok(world, rc.Split(ids["a"], salt("ab"), 5_000), "Bolts")  # type: ignore[arg-type]
    ids["ab"] = world.new_id("Bolts", "ab", "right")
    next_bill = world.invoice("Wire", "Bolts", "next bill", 5_000)
    ok(world, rc.Assign(ids["ab"], world.account("Wire"), next_bill, world.tag("next bill"), False), "Bolts", "Wire")
    pledge = rc.Pledge(ids["aa"], world.account("BankA"), digest("loan"), 15_000, None)  # type: ignore[arg-type]
    ok(world, pledge, "Parts", "BankA")
    assert world.run(rc.Split(ids["aa"], salt("no"), 1), "Parts") == "PLEDGED"  # type: ignore[arg-type]
    ok(world, rc.Release(ids["aa"]), "BankA")
    ok(world, rc.Pledge(ids["b"], world.account("BankB"), digest("loan 2"), 9_000, None), "Parts", "BankB")  # type: ignore[arg-type]


def _finance(world: World, ids: dict[str, bytes]) -> None:
    def accept(right: bytes, bank: str, method: str) -> rc.AcceptOffer:
        until_ms = world.now_ms + 5 * DAY_MS
        return rc.AcceptOffer(
            right, world.account(bank), method, True, digest("offer " + bank), digest("price " + bank), until_ms
        )

    ok(world, accept(ids["aa"], "BankB", "sale"), "Parts")
    ok(world, rc.DeclineOffer(ids["aa"]), "BankB")
    ok(world, accept(ids["aa"], "BankA", "sale"), "Parts")
    detail = payment(world, "price", "Parts", 0, commitment=digest("price BankA"))
    ok(world, attest(world, "BankC", "paid", ids["aa"], "payment", "paid", detail=detail), "BankC")
    ok(world, rc.CompleteFinance(ids["aa"], attestation_id(world, "BankC", "paid"), None), "BankA")
    ok(world, accept(ids["root"], "BankA", "pledge"), "Parts")
    ok(world, rc.CompleteFinance(ids["root"], b"", None), "Parts", "BankA")
    # Still locked at the end of the story.
    ok(world, accept(ids["a"], "BankB", "pledge"), "Bolts")
    ok(world, rc.Notify(ids["aa"], digest("account of BankA")), "BankA")
    ok(world, rc.Acknowledge(ids["aa"], digest("account of BankA")), "Steel")


def _settlement(world: World, ids: dict[str, bytes]) -> None:
    world.advance(90)
    detail = payment(world, "at maturity", "BankA", 12_000)
    ok(world, attest(world, "BankA", "maturity", ids["aa"], "payment", "paid", detail=detail), "BankA")
    ok(world, rc.Settle(ids["aa"], 12_000, attestation_id(world, "BankA", "maturity")), "BankA")  # type: ignore[arg-type]
    ok(world, rc.Settle(ids["aa"], 3_000, b""), "BankA")  # type: ignore[arg-type]
    ok(world, rc.Settle(ids["ab"], 1_000, b""), "Wire")  # type: ignore[arg-type]
    hostile = payment(world, "hostile", "Wire", 7, "CNY'); DROP TABLE rights; --\0\"%s $1 \\")
    # Whether it is refused is the contract's affair.
    world.run(attest(world, "BankA", "hostile", ids["ab"], "payment", "paid", detail=hostile), "BankA")


def _one_block(world: World, ids: dict[str, bytes]) -> None:
    """Many transactions in one block, business time moving between them and inside one."""
    wire = rc.Notify(ids["ab"], digest("account of Wire"))
    first, second = (start_of_day_ms(world.today) + hour * 3_600_000 for hour in (1, 2))
    other = "Wire 50%"
    codes = block_of(
        world,
        (wire, ("Wire",)),
        (AdvanceClock(first), ("Operator",)),
        ([wire, AdvanceClock(second), wire], ("Wire", "Operator")),
        (wire, ("Wire",)),
        (Hostile("\0'"), ("Wire",)),
        (world.register_command("Wire", "Steel", other, 10), ("Bolts",)),
        (
            [
                world.register_command("Wire", "Steel", other, 10),
                world.propose_command("Wire", other, other, 10),
                world.confirm_command("Wire", other, other, 10),
                rc.Split(world.new_id("Wire", other, "right"), salt("half"), 5),  # type: ignore[arg-type]
            ],
            ("Wire", "Steel"),
        ),
    )
    assert codes == ["OK", "OK", "OK", "OK", "MALFORMED", "NOT_AUTHORIZED", "OK"], codes
    ids["composed"] = world.new_id("Wire", other, "right")
    assert ZERO not in ids.values()
