"""
Scenarios as aligned text.

    Parts        invoice   I1 Steel 1000          -> OK
    Parts        propose   R1 I1 600              -> OK
    Steel        confirm   R1                     -> OK
    Parts+Bolts  assign    R1 Bolts I2            -> NO_TRADE
    -            right     R1                     -> live Parts 600/600

One line is one transaction: who signs (joined by +), the command, its arguments, and the code that must come back. A line
without an arrow belongs to the same transaction as the next. A line of `-` signs nothing: it shows a record.

Arguments are words by position and options as name=value. Things are named by whoever creates them: R1, I1, A1. A name that
nobody created stands for an identifier that the ledger does not know; a signer that nobody added is a stranger. `short` stands
for bytes of a wrong length and ! for a line feed. After a refusal every record must be what it was, and after a table every
invariant must hold.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import invariants
from hefu.assets.tags import Tag
from hefu.contracts.attestations import state as ats
from hefu.contracts.attestations.commands import Attest
from hefu.contracts.attestations.contract import payment_detail
from hefu.contracts.attestations.kinds import PaymentDetail
from hefu.contracts.clock.commands import AdvanceClock
from hefu.contracts.evidence import state as es
from hefu.contracts.evidence.commands import Register, SetStandingAcceptance
from hefu.contracts.parties import commands as pc
from hefu.contracts.parties import state as ps
from hefu.contracts.parties.contract import door_message, possession_message, validator_message
from hefu.contracts.receivables import commands as rc
from hefu.contracts.receivables import state as rs
from hefu.kernel.codec import Record, encode
from hefu.kernel.hashing import ZERO
from hefu.kernel.ids import derive_id
from hefu.kernel.signer import KeySigner
from hefu.kernel.time import DAY_MS, start_of_day_ms
from world import World, contact_key, digest, door, salt, validator

SHORT = b"\x01" * 7


def run(table: str, scene: Scene | None = None, **parameters: Any) -> Scene:
    """Run a table line by line; the scene as it is afterwards."""
    scene = Scene(World.fresh(**parameters)) if scene is None else scene
    open_lines: list[Line] = []
    for line in parse(table):
        open_lines.append(line)
        if line.expected:
            scene.play(open_lines)
            open_lines = []
    assert not open_lines, f"no arrow: {open_lines[-1].text}"
    invariants.check(scene.world)
    return scene


@dataclass(frozen=True)
class Line:
    """One line of a table."""

    text: str
    names: tuple[str, ...]
    command: str
    words: tuple[str, ...]
    options: dict[str, str]
    expected: str

    def word(self, at: int, default: str = "") -> str:
        """A word by position."""
        return self.words[at] if at < len(self.words) else default

    def flag(self, name: str) -> bool:
        """Whether a word stands among the arguments."""
        return name in self.words

    def option(self, name: str, default: str = "") -> str:
        """An option, or what it is where absent."""
        return self.options.get(name, default)

    def number(self, name: str, default: int) -> int:
        """An option that is a number."""
        return int(self.options.get(name, default))


def parse(table: str) -> list[Line]:
    """The lines of a table; empty ones and those that begin with # are skipped."""
    lines = []
    for raw in table.splitlines():
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        asked, _, expected = text.partition("->")
        names, command, *arguments = shlex.split(asked)
        words = tuple(a for a in arguments if "=" not in a)
        options = dict(a.split("=", 1) for a in arguments if "=" in a)
        signers = () if names == "-" else tuple(names.split("+"))
        lines.append(Line(text, signers, command, words, options, expected.strip()))
    return lines


@dataclass
class Scene:
    """A world and the names that a table gave to what is in it."""

    world: World
    ids: dict[str, bytes] = field(default_factory=dict)
    signers: dict[str, KeySigner] = field(default_factory=dict)
    identities: dict[str, bytes] = field(default_factory=dict)

    # -- playing ------------------------------------------------------------------------------------------------

    def play(self, lines: list[Line]) -> None:
        """Run the lines as one transaction and hold the answer against what the last one expects."""
        last = lines[-1]
        if not last.names and last.command in SHOWN:
            assert len(lines) == 1
            shown = SHOWN[last.command](self, last)
            assert shown == last.expected, f"{last.text}\n  it is {shown}"
            return
        names = list(dict.fromkeys(name for line in lines for name in line.names))
        commands = [COMMANDS[line.command](self, line) for line in lines]
        before = self.world.records()
        code = self.world.submit(self.world.draft(commands, *(self.signer(name) for name in names)).wire()).code
        text = "\n".join(line.text for line in lines)
        assert code == last.expected, f"{text}\n  came back as {code}"
        if code != "OK":
            assert self.world.records() == before, f"{text}\n  left a trace"
        elif any(line.command == "advance" for line in lines):
            self.world.today += timedelta(days=max(int(line.word(0)) for line in lines if line.command == "advance"))

    # -- names --------------------------------------------------------------------------------------------------

    def signer(self, name: str) -> KeySigner:
        """A signer: of the cast, its second key (Parts2), or a key named by a table."""
        world = self.world
        if name in world.signers:
            return world.signers[name]
        if name.endswith("2") and name[:-1] in world.second:
            return world.second[name[:-1]]
        if name not in self.signers:
            self.signers[name] = KeySigner(world.genesis.suite, digest("key " + name))
        return self.signers[name]

    def org(self, name: str) -> bytes:
        """An organisation."""
        return (
            self.world.org(name) if name in self.world.signers else self.ids.get("org " + name, digest("org " + name))
        )

    def account(self, name: str) -> bytes:
        """An account of the cast, or one that a table opened."""
        if name in self.world.signers:
            return self.world.account(name)
        return self.ids.get("account " + name, digest("account " + name))

    def thing(self, name: str) -> bytes:
        """A right, document, attestation or proposal."""
        return self.ids.get(name, digest("nothing " + name))

    def create(self, name: str, creator: bytes, kind: str, of: str = "") -> bytes:
        """The salt of a new thing, whose name is kept; `of` names the salt where it is not the thing's."""
        self.ids[name] = self.derive(creator, of or name, kind)
        return salt(of or name)

    def derive(self, creator: bytes, what: str, kind: str) -> bytes:
        """Identifier of what somebody creates under a salt named by a text."""
        return derive_id(self.world.genesis.hash, self.world.genesis.chain_id, creator, salt(what), kind)

    def sized(self, line: Line, option: str, default: str) -> bytes:
        """32 bytes that an option stands for, or too few."""
        text = line.option(option, default)
        return SHORT if text == "short" else digest(text)

    def salted(self, line: Line, given: bytes) -> bytes:
        """A salt, or too short a one."""
        return SHORT if line.option("salt") == "short" else given

    def until(self, line: Line, days: int) -> int:
        """A term in days, or to the millisecond."""
        if "until_ms" in line.options:
            return self.world.now_ms + int(line.options["until_ms"])
        return self.world.now_ms + line.number("until", days) * DAY_MS

    def right(self, name: str) -> rs.RightRecord | None:
        """A right's record."""
        return self.world.chain.state.get(rs.right_key(self.thing(name)), rs.RIGHT)

    def name_of(self, account: bytes) -> str:
        """Name of an account."""
        accounts = {self.world.account(name): name for name in self.world.signers}
        accounts |= {
            value: key.removeprefix("account ") for key, value in self.ids.items() if key.startswith("account ")
        }
        return accounts[account]

    def new_key(self, line: Line, name: str, identity: bytes) -> pc.NewKey:
        """A key with its proof of possession, as good or bad as the options say."""
        signer = self.signer(name)
        prover = self.signer(line.option("prover", name))
        possession = prover.sign(possession_message(self.world.genesis.chain_id, identity))
        return pc.NewKey(
            SHORT if line.option("bytes") == "short" else signer.public_key,
            tuple(line.option("purposes", "administer,transfer").split(",")),
            line.number("limit", 0),
            self.sized(line, "certificate", "certificate"),
            self.sized(line, "mandate", "mandate"),
            possession,
        )

    def identity(self, line: Line, name: str) -> bytes:
        """Identity digest of an organisation."""
        if line.option("identity") == "short":
            return SHORT
        return digest("identity " + line.option("identity", name))

    def roles(self, word: str) -> tuple[str, ...]:
        """Roles from a word; `none` for none."""
        return () if word == "none" else tuple(word.split(","))


# -- commands -------------------------------------------------------------------------------------------------------


def _invoice(scene: Scene, line: Line) -> Record:
    name, buyer, gross = line.words[:3]
    seller = scene.account(line.option("seller", line.names[0]))
    given = scene.create(name, seller, "document", line.option("again"))
    tags = tuple(
        Tag(
            line.option("tagkind", "einvoice"),
            line.option("scheme", "hmac-sha256/1").replace("!", "\n"),
            line.number("epoch", 1),
            SHORT if line.option("value") == "short" else digest("tag " + tag),
        )
        for tag in line.option("tags", line.option("again") or name).split(",")
        if tag
    )
    return Register(
        seller,
        scene.salted(line, given),
        line.option("kind", "invoice"),
        {"nobody": ZERO, "short": SHORT}.get(buyer) or scene.account(buyer),
        line.option("currency", "CNY"),
        int(gross),
        tags,
        scene.sized(line, "terms", "terms"),
        line.flag("standing"),
    )


def _propose(scene: Scene, line: Line) -> Record:
    name, document, amount = line.words[:3]
    found = scene.world.chain.state.get(es.document_key(scene.thing(document)), es.DOCUMENT)
    seller = scene.account(line.names[0]) if found is None else found.seller
    given = scene.create(name, seller, "right", line.option("again"))
    due_on = scene.world.today + timedelta(days=line.number("due", 90))
    common = (
        scene.thing(document),
        scene.salted(line, given),
        int(amount),
        due_on,
        scene.sized(line, "terms", "terms"),
    )
    if line.command == "raise":
        return rc.Raise(*common, scene.thing(line.option("delivery", "no delivery")))
    return rc.Propose(*common, scene.until(line, 7))


def _tag(scene: Scene, line: Line, document: bytes | None) -> Tag:
    """The tag that a party computes itself: of the document, or of the one named by an option."""
    name = line.option("tag") or next((key for key, value in scene.ids.items() if value == document), "")
    return Tag("einvoice", "hmac-sha256/1", 1, digest("tag " + name))


def _financiers_tag(scene: Scene, line: Line) -> Tag | None:
    record = scene.right(line.word(0))
    if (
        record is None
        or line.option("tag") == "none"
        or (record.backing == rs.CONFIRMED_BACKING and "tag" not in line.options)
    ):
        return None
    return _tag(scene, line, record.document)


def _confirm(scene: Scene, line: Line) -> Record:
    name = line.word(0)
    record = scene.right(name)
    amount = 1 if record is None else record.header.open
    tag = _tag(scene, line, None if record is None else record.document)
    return rc.Confirm(
        scene.thing(name), line.number("amount", amount), scene.sized(line, "confirmation", "confirmation"), tag
    )


def _split(scene: Scene, line: Line) -> Record:
    parent, child, amount = line.words[:3]
    record = scene.right(parent)
    owner = scene.account(line.names[0]) if record is None else record.header.owner
    given = scene.create(child, owner, "right", line.option("again"))
    return rc.Split(scene.thing(parent), scene.salted(line, given), int(amount))


def _accept_offer(scene: Scene, line: Line) -> Record:
    right, financier, method = line.words[:3]
    return rc.AcceptOffer(
        scene.thing(right),
        scene.account(financier),
        method,
        line.flag("recourse"),
        scene.sized(line, "offer", "offer " + right),
        scene.sized(line, "price", "price " + right),
        scene.until(line, 5),
    )


def _attest(scene: Scene, line: Line) -> Record:
    name, kind, subject, result = line.words[:4]
    attester = scene.org(line.option("attester", line.names[0].removesuffix("2")))
    given = scene.create(name, attester, "attestation", line.option("again"))
    about = SHORT if subject == "short" else attester if subject == "itself" else scene.thing(subject)
    supersedes = scene.thing(line.options["supersedes"]) if "supersedes" in line.options else b""
    as_of = scene.world.now_ms + line.number("as_of", 0) * DAY_MS + line.number("as_of_ms", 0)
    detail = line.option("detail").encode()
    given = scene.salted(line, given)
    return Attest(attester, given, about, kind, as_of, result, scene.sized(line, "digest", name), supersedes, detail)


def _pay(scene: Scene, line: Line) -> Record:
    name, right, payee = line.words[:3]
    detail = PaymentDetail(
        scene.sized(line, "e2e", "e2e " + name),
        SHORT if payee == "short" else scene.account(payee),
        line.option("currency", "CNY"),
        line.number("amount", 0),
        scene.sized(line, "price", "") if "price" in line.options else b"",
        scene.world.today + timedelta(days=line.number("value", 0)),
    )
    raw = encode(detail)
    raw = raw[:-1] if line.flag("cut") else raw + bytes(600) if line.flag("long") else raw
    attester = scene.org(line.option("attester", line.names[0]))
    given = scene.create(name, attester, "attestation")
    supersedes = scene.thing(line.options["supersedes"]) if "supersedes" in line.options else b""
    as_of, own = scene.world.now_ms, digest(name)
    return Attest(attester, given, scene.thing(right), "payment", as_of, "paid", own, supersedes, raw)


def _enrol(scene: Scene, line: Line) -> Record:
    name, roles = line.words[:2]
    registrar = scene.org(line.option("registrar", line.names[0]))
    given = scene.create("org " + name, registrar, "organisation", line.option("again"))
    identity = scene.identities[name] = scene.identity(line, name)
    keys = tuple(scene.new_key(line, key, identity) for key in line.option("keys", name).split(",") if key)
    return pc.Enrol(registrar, scene.salted(line, given), identity, scene.roles(roles), keys)


def _open_account(scene: Scene, line: Line) -> Record:
    organisation, name = line.words[:2]
    given = scene.create("account " + name, scene.org(organisation), "account")
    return pc.OpenAccount(scene.org(organisation), scene.salted(line, given))


def _add_key(scene: Scene, line: Line) -> Record:
    organisation, name = line.words[:2]
    identity = scene.identities.get(organisation, digest("identity " + organisation))
    height = scene.world.chain.tip.height + 1 + line.number("from", 1)
    return pc.AddKey(scene.org(organisation), scene.new_key(line, name, identity), height)


def _revoke_key(scene: Scene, line: Line) -> Record:
    organisation, name = line.words[:2]
    height = scene.world.chain.tip.height + 1 + line.number("from", 1)
    return pc.RevokeKey(scene.org(organisation), scene.signer(name).public_key, height)


def _set_contact(scene: Scene, line: Line) -> Record:
    """The organisation, then a word for its key; `door` names another node, `for` whom that node signed for."""
    organisation, name = line.words[:2]
    node = door(line.option("door", organisation))
    possession = node.sign(door_message(scene.world.genesis.chain_id, scene.org(line.option("for", organisation))))
    key = contact_key(name)[: line.number("bytes", 1216)]
    suite, address = line.option("suite", "mlkem768-x25519"), line.option("address", "https://node.example:443")
    return pc.SetContact(scene.org(organisation), suite, key, node.public_key, address, possession)


def _propose_change(scene: Scene, line: Line) -> Record:
    name, what, who = line.words[:3]
    proposer = scene.org(line.option("proposer", line.names[0].removesuffix("2")))
    given = scene.create(name, proposer, "proposal", line.option("again"))
    change: pc.Change
    match what:
        case "admit":
            inner = scene.create("org " + who, ZERO, "organisation")
            inner = SHORT if line.option("inner") == "short" else inner
            identity = scene.identities[who] = scene.identity(line, who)
            keys = tuple(scene.new_key(line, key, identity) for key in line.option("keys", who).split(",") if key)
            change = pc.Admit(inner, identity, scene.roles(line.word(3)), line.flag("member"), keys)
        case "roles":
            change = pc.SetRoles(scene.org(who), scene.roles(line.word(3)), line.flag("member"))
        case "validator":
            # Who runs it, a colon and a word for another of the same.
            owner = who.partition(":")[0]
            message = validator_message(scene.world.genesis.chain_id, scene.org(line.option("for", owner)))
            signer = validator(line.option("key", who))
            possession = validator(line.option("prover", line.option("key", who))).sign(message)
            change = pc.SetValidator(scene.org(owner), signer.public_key, line.number("power", 10), possession)
        case "handover":
            # Who runs one each, as for a validator; power, whose key signs for the key, for whom: as there, for all of them.
            message_of = lambda owner: validator_message(  # noqa: E731
                scene.world.genesis.chain_id, scene.org(line.option("for", owner))
            )
            change = pc.HandOver(
                tuple(
                    pc.SetValidator(
                        scene.org(seat.partition(":")[0]),
                        validator(seat).public_key,
                        line.number("power", 10),
                        validator(line.option("prover", seat)).sign(message_of(seat.partition(":")[0])),
                    )
                    for seat in who.split(",")
                    if seat != "nobody"
                )
            )
        case "upgrade":
            # The next version counted from the ledger's own, and blocks from the next one on.
            version = scene.world.chain.next_version() + int(who)
            change = pc.Upgrade(version, scene.world.chain.tip.height + 1 + line.number("in", 50))
        case _:
            change = pc.SetStatus(scene.org(who), {"suspend": "suspended", "reinstate": "active"}.get(what, what))
    return pc.ProposeChange(proposer, scene.salted(line, given), change, scene.until(line, 7))


COMMANDS: dict[str, Callable[[Scene, Line], Record]] = {
    "enrol": _enrol,
    "open-account": _open_account,
    "add-key": _add_key,
    "revoke-key": _revoke_key,
    "set-contact": _set_contact,
    "propose-change": _propose_change,
    "vote": lambda s, line: pc.Vote(
        s.thing(line.word(0)),
        s.org(line.option("voter", line.names[0].removesuffix("2"))),
        {"yes": True, "no": False}[line.word(1)],
    ),
    "advance": lambda s, line: AdvanceClock(
        s.world.now_ms + int(line.option("ms", "0"))
        if "ms" in line.options
        else start_of_day_ms(s.world.today + timedelta(days=int(line.word(0))))
    ),
    "attest": _attest,
    "pay": _pay,
    "invoice": _invoice,
    "standing": lambda s, line: SetStandingAcceptance(s.thing(line.word(0)), {"yes": True, "no": False}[line.word(1)]),
    "propose": _propose,
    "raise": _propose,
    "confirm": _confirm,
    "refuse": lambda s, line: rc.Refuse(s.thing(line.word(0)), line.word(1)),
    "withdraw": lambda s, line: rc.Withdraw(s.thing(line.word(0))),
    "split": _split,
    "assign": lambda s, line: rc.Assign(
        s.thing(line.word(0)),
        s.account(line.word(1)),
        s.thing(line.word(2)),
        _tag(s, line, s.thing(line.word(2))),
        line.flag("recourse"),
    ),
    "pledge": lambda s, line: rc.Pledge(
        s.thing(line.word(0)),
        s.account(line.word(1)),
        s.sized(line, "obligation", "loan"),
        line.number("cap", 10**12),
        _financiers_tag(s, line),
    ),
    "release": lambda s, line: rc.Release(s.thing(line.word(0))),
    "accept-offer": _accept_offer,
    "decline-offer": lambda s, line: rc.DeclineOffer(s.thing(line.word(0))),
    "complete-finance": lambda s, line: rc.CompleteFinance(
        s.thing(line.word(0)),
        s.thing(line.options["payment"]) if "payment" in line.options else b"",
        _financiers_tag(s, line),
    ),
    "notify": lambda s, line: rc.Notify(s.thing(line.word(0)), s.sized(line, "at", line.word(1))),
    "acknowledge": lambda s, line: rc.Acknowledge(s.thing(line.word(0)), s.sized(line, "at", line.word(1))),
    "settle": lambda s, line: rc.Settle(
        s.thing(line.word(0)),
        int(line.word(1)),
        s.thing(line.options["payment"]) if "payment" in line.options else b"",
    ),
    "cancel": lambda s, line: rc.Cancel(s.thing(line.word(0))),
    "set-ceiling": lambda s, line: rc.SetCeiling(
        s.account(line.word(0)), line.option("currency", "CNY"), int(line.word(1))
    ),
}


# -- what a record shows --------------------------------------------------------------------------------------------


def _show_right(scene: Scene, line: Line) -> str:
    record = scene.right(line.word(0))
    if record is None:
        return "none"
    header = record.header
    shown = f"{record.status} {scene.name_of(header.owner)} {header.open}/{header.face}"
    shown += "".join(f" pledged:{scene.name_of(e.pledgee)}:{e.cap}" for e in header.encumbrances)
    if record.lock is not None:
        shown += f" locked:{scene.name_of(record.lock.financier)}"
    if record.backing == rs.EVIDENCE_BACKING:
        shown += " unconfirmed"
    return shown


def _show_document(scene: Scene, line: Line) -> str:
    record = scene.world.chain.state.get(es.document_key(scene.thing(line.word(0))), es.DOCUMENT)
    if record is None:
        return "none"
    reserved = sum(r.amount for r in record.reserved)
    return f"{record.available} available {reserved} reserved {record.live} live {record.spent} spent"


def _show_endorsements(scene: Scene, line: Line) -> str:
    record = scene.right(line.word(0))
    assert record is not None
    steps = [scene.name_of(e.assignor) + ("(recourse)" if e.recourse else "") for e in record.endorsements]
    return " > ".join([*steps, scene.name_of(record.header.owner)])


def _show_notice(scene: Scene, line: Line) -> str:
    record = scene.right(line.word(0))
    assert record is not None
    if record.notice is None:
        return "none"
    return "acknowledged" if record.notice.acknowledged_ms else "given"


def _show_exposure(scene: Scene, line: Line) -> str:
    key = rs.exposure_key(scene.account(line.word(0)), line.option("currency", "CNY"))
    record = scene.world.chain.state.get(key, rs.EXPOSURE)
    return "none" if record is None else f"{record.live} of {record.ceiling}"


def _show_organisation(scene: Scene, line: Line) -> str:
    record = scene.world.chain.state.get(ps.organisation_key(scene.org(line.word(0))), ps.ORGANISATION)
    if record is None:
        return "none"
    return f"{record.status} {','.join(record.roles) or 'none'}" + (" member" if record.member else "")


def _show_contact(scene: Scene, line: Line) -> str:
    """Which of the keys named the organisation's contact has, which it had before, and its address."""
    record = scene.world.chain.state.get(ps.contact_key(scene.org(line.words[0])), ps.CONTACT)
    if record is None:
        return "none"
    names = line.words[1:]
    keys = {contact_key(name): name for name in names}
    before = {scene.world.genesis.hash(contact_key(name)): name for name in names}
    return f"{keys[record.key]} {before.get(record.previous, '-')} {record.address or '-'}"


def _show_validators(scene: Scene, line: Line) -> str:
    """Voting power of each validator asked about."""
    record = scene.world.chain.state.get(ps.VALIDATORS_KEY, ps.VALIDATORS)
    known = {v.key: v.power for v in record.validators} if record else {}
    return " ".join(str(known.get(validator(name).public_key, 0)) for name in line.words)


def _show_proposal(scene: Scene, line: Line) -> str:
    record = scene.world.chain.state.get(ps.proposal_key(scene.thing(line.word(0))), ps.PROPOSAL)
    return "none" if record is None else f"{record.status} {len(record.approving)}:{len(record.refusing)}"


def _show_payment(scene: Scene, line: Line) -> str:
    record = scene.world.chain.state.get(ats.attestation_key(scene.thing(line.word(0))), ats.ATTESTATION)
    if record is None:
        return "none"
    payment = scene.world.chain.state.get(ats.payment_key(payment_detail(record.detail).end_to_end), ats.PAYMENT_RECORD)
    assert payment is not None
    return f"{payment.used} used" + (" spent" if payment.spent else "")


def _show_latest(scene: Scene, line: Line) -> str:
    kind, subject = line.words[:2]
    newest = scene.world.chain.state.get(ats.newest_key(scene.thing(subject), kind), ats.NEWEST_CODEC)
    shown = []
    for attestation in () if newest is None else newest.attestations:
        record = scene.world.chain.state.get(ats.attestation_key(attestation), ats.ATTESTATION)
        assert record is not None
        name = next(key for key, value in scene.ids.items() if value == attestation)
        shown.append(f"{name}:{record.result}" + ("(superseded)" if record.superseded_by else ""))
    return " ".join(shown) or "none"


SHOWN: dict[str, Callable[[Scene, Line], str]] = {
    "payment": _show_payment,
    "latest": _show_latest,
    "right": _show_right,
    "document": _show_document,
    "endorsements": _show_endorsements,
    "notice": _show_notice,
    "exposure": _show_exposure,
    "organisation": _show_organisation,
    "validators": _show_validators,
    "contact": _show_contact,
    "proposal": _show_proposal,
}
