"""
The book of alerts: one row while an alarm is up, whoever looked at it, and every step of it for good.

One SQLite file on the node. An alert is opened once however often its alarm is seen, closed when the alarm clears, and
opened anew when it comes back. A person acknowledges it; that stays with the alert and does not close it. Every step is a
line in a log whose lines hold each other by digest, so that one taken out or altered later shows.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from hefu.credit.watching.alarms import Event
from hefu.kernel.errors import Corrupt, UsageError

VERSION = 1
_TABLES = f"""
CREATE TABLE book (version INTEGER NOT NULL);
INSERT INTO book VALUES ({VERSION});
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY, firm TEXT NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL, raised_on TEXT NOT NULL,
    seen_on TEXT NOT NULL, cleared_on TEXT, value REAL NOT NULL, worst REAL NOT NULL, who TEXT, at TEXT, note TEXT);
CREATE UNIQUE INDEX one_open ON alerts (firm, rule, subject) WHERE cleared_on IS NULL;
CREATE TABLE log (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, step TEXT NOT NULL, alert INTEGER NOT NULL, told TEXT NOT NULL,
    digest TEXT NOT NULL);
CREATE TABLE days (kind TEXT PRIMARY KEY, last_on TEXT NOT NULL);
"""  # noqa: S608
#: Who the log names where a run, and no person, took the step.
RUN = "run"
NOTE_MAX, NAME_MAX = 500, 64


@dataclass(frozen=True, slots=True)
class Alert:
    """
    Args:
        number: What a person calls it by.
        subject: What else it is about, such as a circle's firms; empty for most.
        raised_on, seen_on: Days on which the alarm came up, and was last up.
        cleared_on: None while it is up.
        value, worst: What the rule measured when it came up, and at its worst.
        who, at, note: Who acknowledged it, when (UTC), and what was said; None before.
    """

    number: int
    firm: str
    rule: str
    subject: str
    raised_on: date
    seen_on: date
    cleared_on: date | None
    value: float
    worst: float
    who: str | None
    at: str | None
    note: str | None

    @property
    def state(self) -> str:
        """new, acknowledged or cleared."""
        return "cleared" if self.cleared_on else "acknowledged" if self.who else "new"


class LogLine(dict[str, object]):
    """One step: seq, at, who, step, alert, told, digest."""


class Book:
    """
    An open book.

    Args:
        path: File, made if absent; None: in memory.

    Raises:
        Corrupt: The file is no book of alerts of this version (NOT_A_BOOK).
    """

    def __init__(self, path: Path | None = None) -> None:
        is_new = path is None or not path.exists()
        self._connection = sqlite3.connect(str(path) if path else ":memory:", isolation_level=None, timeout=10)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            if is_new:
                self._connection.executescript("BEGIN;" + _TABLES + "COMMIT;")
            version = self._connection.execute("SELECT version FROM book").fetchone()
        except sqlite3.DatabaseError:
            self._connection.close()
            raise Corrupt(
                "the file is no book of alerts", code="NOT_A_BOOK", where=path.name if path else None
            ) from None
        if version != (VERSION,):
            raise Corrupt(f"the book of alerts is not of version {VERSION}", code="NOT_A_BOOK")

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def last_on(self, kind: str) -> date | None:
        """Day up to which events of a kind were taken in."""
        row = self._connection.execute("SELECT last_on FROM days WHERE kind = ?", [kind]).fetchone()
        return date.fromisoformat(row[0]) if row else None

    def take(self, events: Iterable[Event], *, at: datetime, kind: str = "features") -> int:
        """
        Take in events in order of day; those of earlier days than were taken in before change nothing. Those of the last day may
        be corrected: what is up already is not opened again.

        Args:
            at: Now, aware.

        Returns:
            Number of alerts opened.
        """
        opened, before = 0, self.last_on(kind)
        last = before
        with self._writing():
            for event in events:
                if before is not None and event.on < before:
                    continue
                last = event.on if last is None else max(last, event.on)
                opened += self._take(event, at)
            if last is not None:
                self._connection.execute("INSERT OR REPLACE INTO days VALUES (?, ?)", [kind, last.isoformat()])
        return opened

    def _take(self, event: Event, at: datetime) -> int:
        row = self._connection.execute(
            "SELECT id, worst FROM alerts WHERE firm = ? AND rule = ? AND subject = ? AND cleared_on IS NULL",
            [event.firm, event.rule, event.subject],
        ).fetchone()
        day = event.on.isoformat()
        if event.kind == "cleared":
            if row:
                self._connection.execute("UPDATE alerts SET cleared_on = ? WHERE id = ?", [day, row[0]])
                self._log(at, RUN, "cleared", row[0], {"on": day, "value": event.value})
            return 0
        if row:
            worst = max(row[1], event.value)
            self._connection.execute("UPDATE alerts SET seen_on = ?, worst = ? WHERE id = ?", [day, worst, row[0]])
            return 0
        made = self._connection.execute(
            "INSERT INTO alerts (firm, rule, subject, raised_on, seen_on, value, worst) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [event.firm, event.rule, event.subject, day, day, event.value, event.value],
        ).lastrowid
        assert made is not None
        self._log(at, RUN, "raised", made, {"on": day, "value": event.value})
        return 1

    def up(self) -> dict[str, set[str]]:
        """By firm: rules whose alert is open, those about the firm alone."""
        found: dict[str, set[str]] = {}
        for firm, rule in self._connection.execute(
            "SELECT firm, rule FROM alerts WHERE cleared_on IS NULL AND subject = ''"
        ):
            found.setdefault(firm, set()).add(rule)
        return found

    def alerts(self, *, firm: str | None = None, state: str | None = None) -> list[Alert]:
        """Alerts, latest first; of one firm or state where asked."""
        rows = self._connection.execute("SELECT * FROM alerts ORDER BY raised_on DESC, firm, rule, id").fetchall()
        found = [_alert(row) for row in rows]
        return [a for a in found if (firm is None or a.firm == firm) and (state is None or a.state == state)]

    def acknowledge(self, number: int, who: str, note: str, *, at: datetime) -> Alert:
        """
        A person has seen an alert and says so.

        Raises:
            UsageError: No such alert (UNKNOWN_ALERT); seen by somebody before (ALREADY_ACKNOWLEDGED); a name or note is
            missing or too
                long (BAD_NOTE).
        """
        if not who.strip() or len(who) > NAME_MAX or not note.strip() or len(note) > NOTE_MAX:
            raise UsageError(
                f"a name of at most {NAME_MAX} and a note of at most {NOTE_MAX} characters are needed", code="BAD_NOTE"
            )
        with self._writing():
            row = self._connection.execute("SELECT * FROM alerts WHERE id = ?", [number]).fetchone()
            if row is None:
                raise UsageError("there is no alert of this number", code="UNKNOWN_ALERT", where=str(number))
            if _alert(row).who is not None:
                raise UsageError(
                    "somebody has acknowledged this alert before", code="ALREADY_ACKNOWLEDGED", where=str(number)
                )
            moment = _text(at)
            self._connection.execute(
                "UPDATE alerts SET who = ?, at = ?, note = ? WHERE id = ?", [who.strip(), moment, note.strip(), number]
            )
            self._log(at, who.strip(), "acknowledged", number, {"note": note.strip()})
            row = self._connection.execute("SELECT * FROM alerts WHERE id = ?", [number]).fetchone()
        return _alert(row)

    # -- the log ------------------------------------------------------------------------------------------------------

    def _log(self, at: datetime, who: str, step: str, alert: int, told: dict[str, object]) -> None:
        row = self._connection.execute("SELECT seq, digest FROM log ORDER BY seq DESC LIMIT 1").fetchone()
        seq, before = (row[0] + 1, row[1]) if row else (1, "")
        line = (_text(at), who, step, alert, json.dumps(told, ensure_ascii=False, sort_keys=True))
        self._connection.execute(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", [seq, *line, _digest(before, seq, line)]
        )

    def log(self, number: int | None = None) -> list[LogLine]:
        """
        Every step, or those of one alert, in order.

        Raises:
            Corrupt: A line was altered or taken out, or an alert says of itself what no line says (BROKEN_LOG). Lines cut off
                at the end together with what they say cannot be seen from this file alone: the last line's digest, kept
                elsewhere, shows that.
        """
        before, found = "", []
        said: dict[int, set[tuple[str, str]]] = {}
        names = ("seq", "at", "who", "step", "alert", "told", "digest")
        for place, row in enumerate(self._connection.execute("SELECT * FROM log ORDER BY seq").fetchall(), 1):
            if row[0] != place or row[6] != _digest(before, row[0], row[1:6]):
                raise Corrupt(
                    "a line of the log of alerts was altered or taken out", code="BROKEN_LOG", where=str(place)
                )
            before = row[6]
            said.setdefault(row[4], set()).add((row[3], row[2] if row[3] == "acknowledged" else ""))
            if number is None or row[4] == number:
                found.append(LogLine(zip(names, row, strict=True)))
        for alert in self.alerts():
            steps = {("raised", "")}
            steps |= {("cleared", "")} if alert.cleared_on else set()
            steps |= {("acknowledged", alert.who)} if alert.who else set()
            if said.pop(alert.number, set()) != steps:
                raise Corrupt("an alert differs from its log", code="BROKEN_LOG", where=str(alert.number))
        if said:
            raise Corrupt("an alert of the log is gone", code="BROKEN_LOG", where=str(min(said)))
        return found


def _alert(row: tuple[object, ...]) -> Alert:
    number, firm, rule, subject, raised, seen, cleared, value, worst, who, at, note = row
    days = [None if day is None else date.fromisoformat(str(day)) for day in (raised, seen, cleared)]
    assert days[0] is not None
    assert days[1] is not None
    return Alert(
        int(str(number)), str(firm), str(rule), str(subject), days[0], days[1], days[2], float(str(value)), float(str(worst)),
        None if who is None else str(who), None if at is None else str(at), None if note is None else str(note),
    )  # fmt: skip


def _digest(before: str, seq: int, line: Iterable[object]) -> str:
    return hashlib.sha256(json.dumps([before, seq, *line], ensure_ascii=False).encode()).hexdigest()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
