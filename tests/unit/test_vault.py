"""The vault: what is put comes back, nothing shows, erasure erases, and a kill loses nothing that was acknowledged."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from hefu.kernel.errors import Busy, Closed, Corrupt, UsageError
from hefu.kernel.vault import Vault

PASSPHRASE = "a passphrase 口令"
COST = 2**10
KIND, ID, PAYLOAD = "receivable-terms", b"identifier-of-right-0001", b"obligor Star Motors pays 1,000,000.00"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bank.vault"


@pytest.fixture
def vault(path):
    with Vault.create(path, PASSPHRASE, cost=COST) as vault:
        yield vault


def _bytes_of(path) -> bytes:
    return b"".join(item.read_bytes() for item in sorted(path.parent.glob(path.name + "*")))


def test_what_is_put_comes_back_here_and_after_reopening(vault, path):
    entries = [(KIND, b"b", b"2"), (KIND, b"a", b"1"), ("salts", b"a", b""), ("salts", b"", bytes(100_000))]
    vault.put(KIND, ID, PAYLOAD)
    vault.put_many(entries)
    for opened in (vault, Vault.open(path, PASSPHRASE)):
        assert opened.get(KIND, ID) == PAYLOAD
        assert [opened.get(kind, id) for kind, id, _ in entries] == [payload for _, _, payload in entries]
        assert opened.get(KIND, b"none") is None
        assert opened.get("none", ID) is None
        assert opened.list(KIND) == [b"a", b"b", ID]
        assert opened.list("salts") == [b"", b"a"]
        assert opened.list("none") == []
        opened.close()


def test_a_later_put_takes_the_place_of_an_earlier_one(vault):
    vault.put(KIND, ID, b"old")
    vault.put_many([(KIND, ID, b"newer"), (KIND, ID, b"newest")])
    assert vault.get(KIND, ID) == b"newest"
    assert vault.list(KIND) == [ID]


def test_kind_and_id_do_not_run_together(vault):
    vault.put("ab", b"c", b"1")
    assert vault.get("a", b"bc") is None
    vault.put("a", b"bc", b"2")
    assert (vault.get("ab", b"c"), vault.get("a", b"bc")) == (b"1", b"2")


def test_put_many_is_all_or_none(vault):
    class Stop(Exception):
        pass

    def entries():
        yield KIND, b"1", b"x"
        raise Stop

    with pytest.raises(Stop):
        vault.put_many(entries())
    assert vault.list(KIND) == []
    vault.put(KIND, b"1", b"y")
    with pytest.raises(sqlite3.ProgrammingError):
        _delete_all_and_fail(vault)
    assert vault.get(KIND, b"1") == b"y"
    vault.put(KIND, b"2", b"z")
    assert vault.list(KIND) == [b"1", b"2"]


def test_the_files_are_private_and_show_nothing(vault, path):
    vault.put(KIND, ID, PAYLOAD)
    open_files = sorted(path.parent.glob(path.name + "*"))
    assert len(open_files) > 1, "the log is part of what must show nothing"
    for item in open_files:
        assert stat.S_IMODE(item.stat().st_mode) == 0o600
    during = _bytes_of(path)
    vault.close()
    assert [item.name for item in path.parent.iterdir()] == [path.name]
    for raw in (during, _bytes_of(path)):
        for secret in (PAYLOAD, b"Star Motors", KIND.encode(), ID, PASSPHRASE.encode()):
            assert secret not in raw
            assert secret.hex().encode() not in raw
    assert PASSPHRASE not in repr(vault)


def test_erasure_takes_ciphertext_and_key_out_of_all_files(vault, path):
    vault.put(KIND, b"stays", b"payload")
    vault.put(KIND, ID, PAYLOAD * 500)
    with sqlite3.connect(path) as reader:
        rows = reader.execute("SELECT lookup, sealed, wrapped FROM entries JOIN entry_keys USING (lookup)").fetchall()
    reader.close()
    lookup, sealed, wrapped = max(rows, key=lambda row: len(row[1]))
    assert lookup in _bytes_of(path)
    assert wrapped in _bytes_of(path)
    assert vault.erase(KIND, ID) is True
    after = _bytes_of(path)
    for piece in (lookup, wrapped, sealed[:64], sealed[-64:], sealed[8000:8064]):
        assert piece not in after
    assert vault.get(KIND, ID) is None
    assert vault.list(KIND) == [b"stays"]
    assert vault.erase(KIND, ID) is False
    assert vault.get(KIND, b"stays") == b"payload"


def test_erasure_that_a_reader_holds_up_says_so_and_ends_on_the_second_try(vault, path, monkeypatch):
    vault.put(KIND, ID, PAYLOAD)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    vault._database.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(Busy):
        vault.erase(KIND, ID)
    assert vault.get(KIND, ID) is None
    reader.execute("COMMIT")
    reader.close()
    assert vault.erase(KIND, ID) is False


def test_a_backup_of_the_entries_alone_opens_nothing(vault, path):
    vault.put(KIND, ID, PAYLOAD)
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM entry_keys")
    database.close()
    with pytest.raises(Corrupt):
        vault.get(KIND, ID)


def test_a_wrong_passphrase_and_a_missing_or_existing_file_are_named(vault, path, tmp_path):
    table = [
        (lambda: Vault.open(path, "wrong"), "WRONG_PASSPHRASE"),
        (lambda: Vault.open(path, ""), "EMPTY_PASSPHRASE"),
        (lambda: Vault.open(tmp_path / "none", PASSPHRASE), "KEYFILE_MISSING"),
        (lambda: Vault.open(tmp_path, PASSPHRASE), "KEYFILE_MISSING"),
        (lambda: Vault.create(path, PASSPHRASE, cost=COST), "KEYFILE_EXISTS"),
        (lambda: Vault.create(tmp_path / "new", "", cost=COST), "EMPTY_PASSPHRASE"),
        (lambda: Vault.create(tmp_path / "new", PASSPHRASE, cost=3), "BAD_COST"),
        (lambda: Vault.create(tmp_path / "no" / "new", PASSPHRASE, cost=COST), "USAGE"),
    ]
    for use, code in table:
        with pytest.raises(UsageError) as caught:
            use()
        assert caught.value.code == code
        assert PASSPHRASE not in str(caught.value)
    assert not (tmp_path / "none").exists()
    vault.put(KIND, ID, PAYLOAD)
    assert vault.get(KIND, ID) == PAYLOAD


@pytest.mark.parametrize(
    "raw", [b"", b"not a database" * 500, b"SQLite format 3\0" + bytes(5000)], ids=["", "no", "cut"]
)
def test_what_is_no_vault_is_damaged(path, raw):
    path.write_bytes(raw)
    with pytest.raises(Corrupt) as caught:
        Vault.open(path, PASSPHRASE)
    assert caught.value.code == "KEYFILE_DAMAGED"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM header",
        "UPDATE header SET body = '{}'",
        "UPDATE header SET body = 7",
        "UPDATE header SET body = replace(CAST(body AS TEXT), 'hefu-vault/1', 'hefu-vault/2')",
        "UPDATE header SET body = replace(CAST(body AS TEXT), '\"r\":8', '\"r\":9')",
        "DROP TABLE header",
    ],
)
def test_a_damaged_header_is_named(vault, path, statement):
    vault.close()
    _execute(path, statement)
    with pytest.raises(Corrupt) as caught:
        Vault.open(path, PASSPHRASE)
    assert caught.value.code == "KEYFILE_DAMAGED"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET sealed = x'00'",
        "UPDATE entries SET sealed = CAST(substr(sealed, 1, 20) || x'55' || substr(sealed, 22) AS BLOB)",
        "UPDATE entry_keys SET wrapped = x''",
        # Two entries change places: each opens well, but not here. The copy keeps the update from reading its own work.
        "CREATE TEMP TABLE old AS SELECT * FROM entries;"
        "UPDATE entries SET sealed = (SELECT old.sealed FROM old WHERE old.lookup != entries.lookup)",
        "CREATE TEMP TABLE old AS SELECT * FROM entry_keys;"
        "UPDATE entry_keys SET wrapped = (SELECT old.wrapped FROM old WHERE old.lookup != entry_keys.lookup)",
        "UPDATE entries SET lookup = CASE lookup WHEN (SELECT min(lookup) FROM entries) THEN x'01' ELSE x'02' END",
    ],
)
def test_an_altered_or_moved_entry_is_never_returned(vault, path, statement):
    vault.put_many([(KIND, b"a", b"1"), (KIND, b"b", b"2")])
    _execute(path, statement)
    assert _code_of(lambda: vault.list(KIND)) == "KEYFILE_DAMAGED"
    # Under a changed look-up key an entry is gone, as if deleted: that is stated, and not found out here.
    gone = "CASE lookup" in statement
    assert _code_of(lambda: vault.get(KIND, b"a")) == (None if gone else "KEYFILE_DAMAGED")


def test_a_closed_vault_answers_nothing(vault):
    vault.close()
    vault.close()
    for use in (lambda: vault.get(KIND, ID), lambda: vault.put(KIND, ID, b""), lambda: vault.erase(KIND, ID)):
        with pytest.raises(Closed):
            use()


def test_another_writer_makes_it_busy_not_broken(vault, path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    vault._database.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(Busy):
        vault.put(KIND, ID, PAYLOAD)
    other.execute("ROLLBACK")
    other.close()
    vault.put(KIND, ID, PAYLOAD)
    assert vault.get(KIND, ID) == PAYLOAD


def test_threads_share_a_vault(vault):
    def work(number: int) -> None:
        for i in range(20):
            vault.put(KIND, bytes([number, i]), bytes([i]))
            assert vault.get(KIND, bytes([number, i])) == bytes([i])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vault.list(KIND)) == 80


PUTTER = """
import sys
from pathlib import Path
from hefu.kernel.vault import Vault
vault = Vault.open(Path(sys.argv[1]), sys.argv[2])
number = int(sys.argv[3])
while True:
    vault.put("terms", number.to_bytes(4, "big"), b"payload %d" % number)
    print(number, flush=True)
    number += 1
"""


def test_a_kill_loses_no_acknowledged_put(path):
    Vault.create(path, PASSPHRASE, cost=COST).close()
    acknowledged: list[int] = []
    for wanted in (1, 17, 60):
        first = len(acknowledged)
        process = subprocess.Popen(
            [sys.executable, "-c", PUTTER, str(path), PASSPHRASE, str(first)], stdout=subprocess.PIPE, text=True
        )
        seen = [int(process.stdout.readline()) for _ in range(wanted)]
        os.kill(process.pid, signal.SIGKILL)
        # Lines that were written before the kill are acknowledged too.
        seen += [int(line) for line in process.stdout.read().split("\n")[:-1]]
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        acknowledged += seen
        with Vault.open(path, PASSPHRASE) as vault:
            assert acknowledged == list(range(len(acknowledged)))
            for number in acknowledged:
                assert vault.get("terms", number.to_bytes(4, "big")) == b"payload %d" % number
            # At most the one put that was under way may be there besides.
            assert len(vault.list("terms")) - len(acknowledged) in (0, 1)


def _delete_all_and_fail(vault: Vault) -> None:
    with vault._transaction() as database:
        database.execute("DELETE FROM entries")
        raise sqlite3.ProgrammingError


def _code_of(use):
    """What a call returned, or the code of its refusal."""
    try:
        return use()
    except Corrupt as error:
        return error.code


def _execute(path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.executescript(statement)
    database.close()
