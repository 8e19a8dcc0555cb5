"""Letters between organisations: what is sealed, who is let in, what is kept, and what a receipt proves."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from hefu.contracts.parties import commands as pc
from hefu.kernel import sealing
from hefu.kernel.codec import encode
from hefu.kernel.errors import Corrupt, EngineError, HefuError, Rejected, UsageError
from hefu.kernel.time import DAY_MS
from hefu.services import keys
from hefu.services.letters import book as books
from hefu.services.letters import letter as letters
from hefu.services.letters.book import Book
from hefu.services.letters.evidence import ReceiptFile, check_file, read_file
from hefu.services.letters.letter import (
    BUNDLE,
    DOCUMENT,
    ENVELOPE,
    RECEIPT,
    Content,
    Envelope,
    Recipient,
    check_envelope,
    open_letter,
    read_envelope,
    write,
)
from hefu.services.letters.office import Office, door_key
from hefu.services.letters.receipts import ARRIVAL, check_arrival
from letters import CONTRACT, Country, country

#: Every bit by command; else one in so many, another place in each byte.
EACH = 1 if os.environ.get("HEFU_SIM") == "long" else 29


@pytest.fixture(scope="module", params=["ed25519", "sm2"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    made = country(tmp_path_factory.mktemp("letters"), request.param)
    yield made
    made.close()


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    made = country(tmp_path_factory.mktemp("letters"))
    yield made
    made.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Country]:
    made = country(tmp_path)
    yield made
    made.close()


def refusal(office: Office, raw: bytes) -> str:
    """The code with which a door refuses; nothing is kept then."""
    before = office.book.counts()
    with pytest.raises(HefuError) as caught:
        office.deliver(raw)
    assert office.book.counts() == before
    return caught.value.code


def private_key(land: Country, name: str) -> bytes:
    contact = land.offices[name].contact(land.organisation(name))
    assert contact is not None
    path = land.letters._key_file(land.firm(name), land.network.genesis.hash(contact.key))
    return land.network.open_key(path, "letters").private_key


def replaced(raw: bytes, land: Country, signer: str, **head: object) -> bytes:
    """A letter with another head, signed anew by somebody."""
    envelope = ENVELOPE.load(raw)
    return signed_by(
        land, signer, msgspec.structs.replace(envelope, head=msgspec.structs.replace(envelope.head, **head))
    )


def signed_by(land: Country, signer: str, envelope: Envelope) -> bytes:
    from hefu.services.letters.letter import _envelope_message

    key = land.network.ring(land.firm(signer)).office
    message = _envelope_message(land.network.genesis.hash, envelope.head, key.public_key, envelope.sealed)
    return encode(msgspec.structs.replace(envelope, key=key.public_key, signature=key.sign(message)))


# -- from end to end ------------------------------------------------------------------------------------------------


def test_a_document_reaches_its_receiver_alone_and_its_receipt_comes_back(both):
    id = both.send("Alpha", "Beta")
    sent = both.letters.letters(both.firm("Alpha"))[-1]
    assert both.letters.state_of(both.firm("Alpha"), sent)[0] == "waiting"
    assert both.carry() == []
    got = both.letters.collect(both.firm("Beta"))
    assert ([kept.id for kept in got.letters], got.receipts, got.left, got.trouble) == ([id], 1, [], "")
    assert both.letters.content(both.firm("Beta"), id) == CONTRACT
    assert both.carry() == []
    both.letters.collect(both.firm("Alpha"))
    proof = both.letters.proof(both.firm("Alpha"), id)
    assert proof.anchor.height <= both.network.chain.tip.height
    assert proof.anchor.at_ms == both.network.chain.block(proof.anchor.height).header.at_ms
    assert both.letters.state_of(both.firm("Alpha"), both.letters.letters(both.firm("Alpha"))[-1]) == ("read", "")
    assert both.offices["Gamma"].book.counts() == (0, 0)
    assert [office.book.counts() for office in both.offices.values()] == [(0, 0)] * 3


def test_a_receipt_proves_to_an_outsider_exactly_what_was_read(land):
    id = land.send("Alpha", "Beta")
    land.carry()
    land.letters.collect(land.firm("Beta"))
    land.carry()
    land.letters.collect(land.firm("Alpha"))
    proof = land.letters.proof(land.firm("Alpha"), id)
    file = read_file(encode(ReceiptFile(CONTRACT, proof.receipt)))
    chain = land.network.chain
    assert check_file(chain, file) == proof.anchor
    said = file.receipt.receipt
    for other in (
        ReceiptFile(msgspec.structs.replace(CONTRACT, body=b"between us all"), file.receipt),
        ReceiptFile(msgspec.structs.replace(CONTRACT, name="other.txt"), file.receipt),
        *(
            ReceiptFile(CONTRACT, msgspec.structs.replace(file.receipt, **change))
            for change in (
                {"transaction": bytes(32)},
                {"attestation": bytes(32)},
                {"index": 1},
                {"count": 2},
                {"siblings": (bytes(32),)},
                {"key": land.network.ring(land.firm("Alpha")).office.public_key},
                {"receipt": msgspec.structs.replace(said, salt=bytes(32))},
                {"receipt": msgspec.structs.replace(said, read_at_ms=said.read_at_ms - 1)},
                {"receipt": msgspec.structs.replace(said, receiver=land.organisation("Alpha"))},
            )
        ),
    ):
        with pytest.raises(Corrupt) as caught:
            check_file(chain, other)
        assert caught.value.code == "BAD_RECEIPT"


def test_what_the_ledger_holds_of_letters_says_nothing_of_them(land):
    before = land.network.chain.tip.height
    ids = [land.send("Alpha", "Beta", msgspec.structs.replace(CONTRACT, body=bytes([n]))) for n in range(3)]
    land.carry()
    assert land.letters.collect(land.firm("Beta")).receipts == 3
    chain = land.network.chain
    blocks = [chain.block(height) for height in range(before + 1, chain.tip.height + 1)]
    assert sum(block.header.count for block in blocks) == 1, "one root for all that was read at once"
    public = b"".join(part for block in blocks for part in block.body) + encode([b.results for b in blocks])
    vault = land.letters.letters(land.firm("Beta"))
    for secret in (*ids, CONTRACT.body, land.organisation("Alpha"), *(kept.receipt[40:72] for kept in vault)):
        assert secret not in public


# -- the seal -------------------------------------------------------------------------------------------------------


def test_every_bit_of_a_letter_is_bound(land):
    raw = land.envelope("Alpha", "Beta")
    land.carry()
    h, suite = land.network.genesis.hash, land.network.genesis.suite
    for place in range(0, 8 * len(raw), EACH):
        bad = bytearray(raw)
        bad[place >> 3] ^= 1 << (place & 7)
        with pytest.raises(Corrupt):
            check_envelope(h, suite, read_envelope(bytes(bad)))
    for cut in range(len(raw)):
        with pytest.raises(Corrupt):
            read_envelope(raw[:cut])
    with pytest.raises(Corrupt):
        read_envelope(raw + b"\0")


def test_the_seal_opens_for_its_receiver_and_no_other(land):
    envelope = ENVELOPE.load(land.envelope("Alpha", "Beta"))
    land.carry()
    h, suite = land.network.genesis.hash, land.network.genesis.suite
    assert open_letter(h, suite, envelope, private_key(land, "Beta")).content == CONTRACT
    for name in ("Alpha", "Gamma"):
        with pytest.raises(Corrupt) as caught:
            open_letter(h, suite, envelope, private_key(land, name))
        assert caught.value.code == "LETTER_SEAL"
    assert CONTRACT.body not in encode(envelope)
    assert CONTRACT.name.encode() not in encode(envelope)


def test_every_bit_of_the_seal_is_bound_whoever_signs_around_it(land):
    """A node on the way that is an organisation too cannot make another's letter its own, nor alter what is inside."""
    envelope = ENVELOPE.load(land.envelope("Alpha", "Beta"))
    land.carry()
    h, suite, private = land.network.genesis.hash, land.network.genesis.suite, private_key(land, "Beta")
    resigned = ENVELOPE.load(signed_by(land, "Gamma", envelope))
    check_envelope(h, suite, resigned)
    with pytest.raises(Corrupt) as caught:
        open_letter(h, suite, resigned, private)
    assert caught.value.code == "LETTER_SEAL"
    for place in range(0, 8 * len(envelope.sealed), EACH):
        bad = bytearray(envelope.sealed)
        bad[place >> 3] ^= 1 << (place & 7)
        altered = ENVELOPE.load(signed_by(land, "Alpha", msgspec.structs.replace(envelope, sealed=bytes(bad))))
        with pytest.raises(Corrupt) as caught:
            open_letter(h, suite, altered, private)
        assert caught.value.code == "LETTER_SEAL"


def test_a_letter_cannot_be_passed_on_as_if_it_were_written_to_another(land):
    """Beta seals what Alpha signed for it again, to Gamma, and signs around it: Gamma is not fooled."""
    h, suite = land.network.genesis.hash, land.network.genesis.suite
    envelope = ENVELOPE.load(land.envelope("Alpha", "Beta"))
    land.carry()
    inside = open_letter(h, suite, envelope, private_key(land, "Beta"))
    contact = land.offices["Gamma"].contact(land.organisation("Gamma"))
    from hefu.services.letters.letter import INFO_PREFIX

    for sender in ("Alpha", "Beta"):
        head = msgspec.structs.replace(
            envelope.head,
            sender=land.organisation(sender),
            receiver=land.organisation("Gamma"),
            seal_key=h(contact.key),
        )
        key = land.network.ring(land.firm("Beta")).office.public_key
        sealed = sealing.seal(contact.key, encode(inside), INFO_PREFIX + encode((head, key)))
        forwarded = signed_by(land, "Beta", Envelope(head, key, sealed, b""))
        if sender == "Alpha":
            assert refusal(land.offices["Gamma"], forwarded) == "FOREIGN_LETTER"
            continue
        land.offices["Gamma"].deliver(forwarded)
        (got,) = land.letters.collect(land.firm("Gamma")).letters
        assert (got.refused, got.size) == ("BAD_SIGNATURE", len(forwarded))
        with pytest.raises(UsageError):
            land.letters.content(land.firm("Gamma"), got.id)


def test_a_letter_of_before_opens_in_every_later_version():
    golden = Path(__file__).parents[1] / "golden" / "letter.json"
    found = msgspec.json.decode(golden.read_bytes())
    plain = sealing.unseal(bytes.fromhex(found["private"]), bytes.fromhex(found["sealed"]), found["info"].encode())
    assert plain.decode() == found["plain"]


# -- the door -------------------------------------------------------------------------------------------------------


def test_the_door_refuses_before_it_keeps(land):
    raw = land.envelope("Alpha", "Beta")
    beta, now = land.offices["Beta"], land.now()
    assert refusal(beta, msgspec.msgpack.encode(msgspec.msgpack.decode(raw)[:3])) == "MALFORMED"
    for code, bad in {
        "MALFORMED": b"",
        "TOO_LARGE": bytes(9 << 20),
        "BAD_SIGNATURE": encode(msgspec.structs.replace(ENVELOPE.load(raw), signature=bytes(64))),
        "WRONG_CHAIN": replaced(raw, land, "Alpha", chain=bytes(32)),
        "LETTER_EXPIRED": replaced(raw, land, "Alpha", sent_at_ms=now - DAY_MS, expires_at_ms=now - 1),
        "NO_CONTACT": replaced(raw, land, "Alpha", receiver=land.organisation("Operator")),
        "CONTACT_CHANGED": replaced(raw, land, "Alpha", seal_key=bytes(32)),
        "FOREIGN_LETTER": replaced(raw, land, "Gamma"),
        "UNKNOWN_ORGANISATION": replaced(raw, land, "Gamma", sender=bytes(32)),
    }.items():
        assert refusal(beta, bad) == code
    assert refusal(beta, replaced(raw, land, "Alpha", sent_at_ms=now + DAY_MS, expires_at_ms=now + 2 * DAY_MS)) == (
        "LETTER_EXPIRED"
    )
    assert refusal(beta, replaced(raw, land, "Alpha", expires_at_ms=now + 90 * DAY_MS)) == "MALFORMED"
    assert refusal(land.offices["Gamma"], raw) == "OTHER_DOOR"
    stranger = land.network.sealer
    envelope = ENVELOPE.load(replaced(raw, land, "Alpha", salt=bytes(16)))
    assert refusal(beta, encode(msgspec.structs.replace(envelope, key=stranger.public_key))) == "UNKNOWN_KEY"
    assert land.carry() == []


def test_the_same_letter_again_gets_the_same_arrival_and_is_kept_once(land):
    raw = land.envelope("Alpha", "Beta")
    beta = land.offices["Beta"]
    before = beta.book.counts()[0]
    first = beta.deliver(raw)
    land.now_ms += 5_000
    assert beta.deliver(raw) == first
    assert beta.book.counts()[0] == before + 1
    other = replaced(raw, land, "Alpha")
    if other != raw:
        assert refusal(beta, other) == "LETTER_DIFFERS"
    assert land.letters.collect(land.firm("Beta")).letters
    # Also after it was read.
    assert beta.deliver(raw) == first
    assert land.letters.collect(land.firm("Beta")).letters == []
    arrival = ARRIVAL.load(first).arrival
    h = land.network.genesis.hash
    good = {"letter": arrival.letter, "envelope": h(raw), "receiver": land.organisation("Beta"), "doors": [beta.key]}
    assert check_arrival(first, **good) == arrival
    for wrong in (
        {"letter": bytes(32)},
        {"envelope": h(b"")},
        {"receiver": land.organisation("Gamma")},
        {"doors": [land.offices["Gamma"].key]},
    ):
        with pytest.raises(Corrupt):
            check_arrival(first, **{**good, **wrong})
    with pytest.raises(Corrupt):
        check_arrival(first[:-1] + bytes([first[-1] ^ 1]), **good)
    with pytest.raises(Corrupt):
        land.offices["Alpha"].forwarded(arrival.letter, land.organisation("Beta"), raw, b"\x00")
    land.carry()


def test_one_senders_flood_keeps_nobody_else_out(own, monkeypatch):
    monkeypatch.setattr(books, "UNREAD_LETTERS", 3)
    for _ in range(4):
        own.send("Alpha", "Beta")
    own.send("Gamma", "Beta")
    assert own.carry() == ["LETTER_QUOTA"]
    assert own.offices["Beta"].book.counts()[0] == 4
    # What was refused is tried again, and taken once there is room.
    own.letters.collect(own.firm("Beta"))
    own.now_ms += 10_000
    own.carry()
    assert own.offices["Alpha"].book.counts()[1] == 0
    monkeypatch.setattr(books, "LETTERS_AN_HOUR", 2)
    own.send("Alpha", "Beta")
    assert own.carry() == ["LETTER_QUOTA"]
    monkeypatch.setattr(books, "LETTERS_AN_HOUR", 100)
    monkeypatch.setattr(books, "UNREAD_BYTES", 10)
    own.now_ms += 10_000
    assert own.carry() == ["LETTER_QUOTA"]
    monkeypatch.setattr(books, "UNREAD_BYTES", 1 << 20)
    monkeypatch.setattr(books, "STORE_BYTES", 10)
    own.now_ms += 10_000
    assert own.carry() == ["BUSY"]


def test_who_is_suspended_or_signs_with_an_ended_key_is_turned_away(own):
    alpha, raw = own.firm("Alpha"), own.envelope("Alpha", "Beta")
    late = own.envelope("Alpha", "Beta")
    first = own.offices["Beta"].deliver(raw)
    keys.rotate(own.network, alpha, 0)
    own.network._rings.clear()
    own.network.act([pc.OpenAccount(own.organisation("Beta"), bytes(16))], own.network.ring(own.firm("Beta")).govern)
    assert refusal(own.offices["Beta"], late) == "KEY_NOT_VALID"
    # What was taken while the key held stays taken, and is read.
    assert own.offices["Beta"].deliver(raw) == first
    got = own.letters.collect(own.firm("Beta"))
    assert [kept.refused for kept in got.letters] == [""]
    fresh = own.envelope("Alpha", "Beta")
    own.network.vote(own.firm("Operator"), pc.SetStatus(own.organisation("Alpha"), "suspended"))
    assert refusal(own.offices["Beta"], fresh) == "ORGANISATION_SUSPENDED"
    with pytest.raises(Rejected) as caught:
        own.send("Alpha", "Beta")
    assert caught.value.code == "ORGANISATION_SUSPENDED"
    assert len(own.letters.letters(alpha)) == 3, "what was refused at once leaves nothing behind"


def test_letters_on_their_way_when_the_key_changed_still_arrive_and_later_ones_do_not(own):
    beta = own.firm("Beta")
    for _ in range(2):
        own.send("Alpha", "Beta")
        own.letters.set_contact(beta)
    assert own.carry() == ["CONTACT_CHANGED"]
    assert [kept.refused for kept in own.letters.collect(beta).letters] == [""]


def test_without_its_key_a_letter_stays_at_the_node(own, tmp_path):
    beta = own.firm("Beta")
    own.send("Alpha", "Beta")
    own.send("Gamma", "Beta")
    own.carry()
    (path,) = own.network.home.organisation_folder(beta).glob("letters-*.key.json")
    path.rename(tmp_path / "elsewhere")
    got = own.letters.collect(beta)
    assert [code for _, code in got.left] == ["NO_LETTER_KEY"] * 2
    assert own.offices["Beta"].book.counts()[0] == 2
    (tmp_path / "elsewhere").rename(path)
    assert len(own.letters.collect(beta).letters) == 2


# -- what may stop half way -----------------------------------------------------------------------------------------


def test_whatever_step_fails_the_next_time_goes_on(own, monkeypatch):
    beta, id = own.firm("Beta"), own.send("Alpha", "Beta")
    own.carry()

    def once(where: object, name: str) -> None:
        def fails(*_: object, **__: object) -> None:
            monkeypatch.undo()
            raise EngineError("the power went")

        monkeypatch.setattr(where, name, fails)

    for where, name in (
        (own.offices["Beta"], "acknowledge"),
        (own.letters, "_follow"),
        (own.letters, "_attest"),
        (own.letters, "_tell"),
    ):
        once(where, name)
        with pytest.raises(EngineError):
            own.letters.collect(beta)
    own.letters.collect(beta)
    own.carry()
    own.letters.collect(own.firm("Alpha"))
    assert own.letters.proof(own.firm("Alpha"), id).receipt.receipt.letter == id
    assert len(own.letters.letters(beta)) == 1


def test_what_the_office_never_got_is_given_again(own, monkeypatch):
    alpha = own.firm("Alpha")

    def fails(raw: bytes) -> bytes:
        monkeypatch.undo()
        raise EngineError("no node answers")

    monkeypatch.setattr(own.offices["Alpha"], "post", fails)
    with pytest.raises(EngineError):
        own.send("Alpha", "Beta")
    assert own.offices["Alpha"].book.counts()[1] == 0
    own.letters.collect(alpha)
    assert own.offices["Alpha"].book.counts()[1] == 1
    assert own.carry() == []
    own.letters.collect(alpha)
    (sent,) = own.letters.letters(alpha)
    assert own.letters.state_of(alpha, sent) == ("delivered", "")


def test_what_the_office_refuses_when_it_is_given_again_says_so(own, monkeypatch):
    alpha = own.firm("Alpha")

    def fails(raw: bytes) -> bytes:
        monkeypatch.undo()
        raise EngineError("no node answers")

    monkeypatch.setattr(own.offices["Alpha"], "post", fails)
    with pytest.raises(EngineError):
        own.send("Alpha", "Beta")
    for _ in range(2):
        own.letters.set_contact(own.firm("Beta"))
    own.letters.collect(alpha)
    (sent,) = own.letters.letters(alpha)
    assert own.letters.state_of(alpha, sent) == ("refused", "CONTACT_CHANGED")


def test_a_letter_that_never_gets_through_ends(own):
    alpha = own.firm("Alpha")
    own.send("Alpha", "Beta")
    own.now_ms += 8 * DAY_MS
    assert own.carry() == []
    (sent,) = own.letters.letters(alpha)
    assert own.letters.state_of(alpha, sent)[0] == "expired"
    book = own.offices["Alpha"].book
    book.tidy(own.now())
    assert book.counts() == (0, 0)
    own.now_ms += 60 * DAY_MS
    book.tidy(own.now())
    assert own.offices["Alpha"].outgoing(sent.id) is None


def test_pauses_grow_to_a_bound(own):
    id = own.send("Alpha", "Beta")
    office, waits = own.offices["Alpha"], []
    for _ in range(13):
        office.failed(id, "DOOR_SILENT")
        waited = 0
        while not office.book.due(own.now(), 1):
            own.now_ms += 500
            waited += 500
        waits.append(waited)
    assert waits[0] <= 1_000
    assert all(earlier <= later + 500 for earlier, later in pairwise(waits))
    assert 599_000 <= waits[-1] <= 600_500
    assert office.outgoing(id).code == "DOOR_SILENT"


def test_a_damaged_book_stops_with_a_code(tmp_path):
    path = tmp_path / "letters.db"
    Book(path).close()
    raw = bytearray(path.read_bytes())
    raw[:100] = bytes(100)
    path.write_bytes(raw)
    with pytest.raises(Corrupt) as caught:
        Book(path)
    assert caught.value.code == "LETTERS_DAMAGED"
    key = tmp_path / "letters.key"
    key.write_text("not a key")
    with pytest.raises(Corrupt) as caught:
        door_key(key)
    assert caught.value.code == "KEYFILE_DAMAGED"


def test_bytes_that_changed_in_the_book_are_never_read_as_a_letter(own):
    own.send("Alpha", "Beta")
    own.carry()
    path = own.offices["Beta"].book._where
    with sqlite3.connect(path) as database:
        database.execute("UPDATE arrived SET raw = substr(raw, 1, length(raw) - 1)")
    got = own.letters.collect(own.firm("Beta"))
    assert (got.letters, [code for _, code in got.left]) == ([], ["LETTERS_DAMAGED"])


def test_who_dies_between_keeping_and_answering_has_kept(tmp_path):
    """The process is killed the instant after a letter is in the book: the answer never left, the letter is there, once."""
    path = tmp_path / "letters.db"
    child = (
        "import os, signal, sys; from pathlib import Path; from hefu.services.letters.book import Book\n"
        "book = Book(Path(sys.argv[1]))\n"
        "book.take(bytes(32), b'd' * 32, b's' * 32, b'r' * 32, b'raw', b'first', 1, 10**15)\n"
        "book.post(b'o' * 32, b'd' * 32, b'r' * 32, b'raw', 10**15, 1)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", child, str(path)])
    assert done.returncode == -signal.SIGKILL
    book = Book(path)
    again = book.take(bytes(32), b"d" * 32, b"s" * 32, b"r" * 32, b"raw", b"second", 2, 10**15)
    assert (again, book.counts()) == (b"first", (1, 1))
    assert [(letter.raw, letter.arrival) for letter in book.arrived(b"r" * 32, 0, 9, 9)] == [(b"raw", b"first")]
    assert [raw for _, _, raw in book.due(2, 9)] == [b"raw"]
    book.close()


def test_what_is_taken_is_synced(tmp_path):
    book = Book(tmp_path / "letters.db")
    for setting, value in (("synchronous", 2), ("journal_mode", "wal"), ("secure_delete", 1)):
        assert book._db.execute(f"PRAGMA {setting}").fetchone()[0] == value
    book.close()
    with pytest.raises(EngineError):
        book.counts()


# -- what a letter may carry ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        Content("gossip", "", "", b"", b""),
        Content(DOCUMENT, "../../etc/passwd", "", b"", b""),
        Content(DOCUMENT, "..", "", b"", b""),
        Content(DOCUMENT, "a\nb", "", b"", b""),
        Content(DOCUMENT, "a\u202egpj.exe", "", b"", b""),
        Content(DOCUMENT, "a" * 201, "", b"", b""),
        Content(DOCUMENT, "", "a\0", b"", b""),
        Content(BUNDLE, "", "", b"short", b""),
    ],
)
def test_what_no_letter_carries_is_refused_at_both_ends(land, content, monkeypatch):
    with pytest.raises(UsageError) as caught:
        land.send("Alpha", "Beta", content)
    assert caught.value.code == "BAD_LETTER"
    from hefu.services.letters import letter as letters

    monkeypatch.setattr(letters, "check_content", lambda content: None)
    land.send("Alpha", "Beta", content)
    monkeypatch.undo()
    land.carry()
    (got,) = land.letters.collect(land.firm("Beta")).letters
    assert got.refused == "BAD_LETTER"


def test_sizes_and_days_are_bounded(land):
    recipient = Recipient(land.organisation("Beta"), sealing.SUITE, bytes(1216))
    how = {"chain": bytes(32), "sender": bytes(32), "now_ms": land.now()}
    signer, h = land.network.ring(land.firm("Alpha")).office, land.network.genesis.hash
    large = msgspec.structs.replace(CONTRACT, body=bytes((8 << 20) + 1))
    for content, to, days, code in (
        (large, recipient, 7, "TOO_LARGE"),
        (CONTRACT, recipient, 0, "BAD_LETTER"),
        (CONTRACT, recipient, 31, "BAD_LETTER"),
        (CONTRACT, Recipient(recipient.organisation, "x25519", bytes(32)), 7, "BAD_KEY"),
        (CONTRACT, Recipient(recipient.organisation, sealing.SUITE, b"\xff" * 1216), 7, "BAD_KEY"),
        (CONTRACT, Recipient(recipient.organisation, sealing.SUITE, bytes(1215)), 7, "BAD_KEY"),
    ):
        with pytest.raises(UsageError) as caught:
            write(h, signer, content, recipient=to, days=days, **how)
        assert caught.value.code == code
    id = land.send("Alpha", "Beta", msgspec.structs.replace(CONTRACT, body=bytes(8 << 20)))
    assert land.carry() == []
    land.letters.collect(land.firm("Beta"))
    assert len(land.letters.content(land.firm("Beta"), id).body) == 8 << 20


def test_a_receipt_of_no_letter_of_ours_is_refused(land):
    id = land.send("Alpha", "Beta")
    land.carry()
    land.letters.collect(land.firm("Beta"))
    kept = next(kept for kept in land.letters.letters(land.firm("Beta")) if kept.id == id)
    land.send("Beta", "Gamma", Content(RECEIPT, "", "", id, kept.receipt))
    land.send("Gamma", "Alpha", Content(RECEIPT, "", "", id, kept.receipt))
    land.send("Gamma", "Alpha", Content(RECEIPT, "", "", id, b"nonsense"))
    land.carry()
    (got,) = land.letters.collect(land.firm("Gamma")).letters
    assert got.refused == "BAD_RECEIPT"
    refused = [kept.refused for kept in land.letters.collect(land.firm("Alpha")).letters]
    assert sorted(refused)[-2:] == ["BAD_RECEIPT", "MALFORMED"]
    assert land.letters.proof(land.firm("Alpha"), id).receipt.receipt.letter == id


def test_nobody_is_written_to_without_a_contact(land):
    with pytest.raises(Rejected) as caught:
        land.send("Alpha", "Operator")
    assert caught.value.code == "NO_CONTACT"


def test_what_is_inside_a_seal_has_one_of_few_sizes():
    small = {letters.padded_size(size) for size in range(1, letters.PADDED_MIN + 1)}
    assert small == {letters.PADDED_MIN}
    sizes = {letters.padded_size(size) for size in range(letters.PADDED_MIN, 1 << 20, 7)}
    assert len(sizes) < 200
    for size in (1, 5000, 70_000, letters.BODY_BYTES):
        assert size <= letters.padded_size(size) <= max(letters.PADDED_MIN, size * 9 // 8)
    for plain in (b"", b"\x92", bytes(9), b"\1" * 5000):
        padded = letters.pad(plain)
        assert len(padded) == letters.padded_size(len(plain) + 5)
        assert letters.unpad(padded) == plain
        for bad in (padded + b"\0", padded[:-1], padded[:-1] + b"\1", padded[:1] + b"\xff" + padded[2:]):
            with pytest.raises(Corrupt) as caught:
                letters.unpad(bad)
            assert caught.value.code == "NOT_CANONICAL"


def test_the_largest_letter_fits_into_an_envelope_with_its_padding():
    assert letters.padded_size(letters.BODY_BYTES + (4 << 10)) + (4 << 10) < letters.ENVELOPE_BYTES
