"""The credit desk of the main job: what it reads, what it says, and what it says it about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from hefu.credit.decision import file
from hefu.credit.features import compute, record_of
from hefu.services.crediting import MODEL, Books, Desk, from_invoices, made_up, summary

AS_OF = date(2026, 7, 1)
#: 09:00 on that day at UTC+8.
AT_MS = 1_782_867_600_000
FIRMS = [f"firm {i}" for i in range(8)]


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    made = made_up(FIRMS, AS_OF, 5)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def decided(books: Books) -> dict[str, file.Decision]:
    return dict(Desk(books, AT_MS).decide(FIRMS))


def test_made_up_books_are_the_firms_own_and_know_nothing_of_the_year_after(books: Books) -> None:
    assert set(books.store.firms()) == set(FIRMS)
    assert books.store.connection.execute("SELECT max(recorded_on) FROM invoices").fetchone()[0] <= AS_OF
    assert books.defaulted_on, "this seed lets nobody default, so nothing here is tested"
    partners = {
        row[0] for row in books.store.connection.execute("SELECT DISTINCT counterparty FROM invoices").fetchall()
    }
    assert not partners & {f"SYN-{i:05d}" for i in range(1, len(FIRMS) + 1)}, "a firm is called two ways"


def test_each_decision_replays_and_rests_on_the_firms_record(books: Books, decided: dict[str, file.Decision]) -> None:
    assert list(decided) == FIRMS
    facts = compute(books.store.connection, [(firm, AS_OF) for firm in FIRMS]).facts()
    records = {found["firm"]: record_of(found) for found in facts}
    for firm, made in decided.items():
        assert file.replay(made.raw, MODEL.read_bytes(), digest=made.digest).answer == made.answer
        assert made.inputs.application.firm == firm
        assert {name: records[firm][name] for name in made.inputs.record} == dict(made.inputs.record)
    assert len({made.inputs.salt for made in decided.values()}) == len(FIRMS)


def test_who_is_in_default_is_refused(books: Books) -> None:
    bad = Books(books.store, AS_OF, True, {FIRMS[0]: AS_OF - timedelta(days=60), FIRMS[1]: AS_OF + timedelta(days=60)})
    decided = dict(Desk(bad, AT_MS).decide(FIRMS[:2]))
    assert "OVERDUE" in {why.word for why in decided[FIRMS[0]].answer.reasons if why.effect == "refuse"}
    assert "OVERDUE" not in {why.word for why in decided[FIRMS[1]].answer.reasons}
    told = summary(bad, decided)
    assert told["defaults_after"] == 1
    assert told["approve"] + told["refer"] + told["refuse"] == told["firms"] == 2


def test_what_is_told_is_of_every_kind_and_a_change_that_turns_does(
    books: Books, decided: dict[str, file.Decision]
) -> None:
    cases = Desk(books, AT_MS).told(decided, {firm: firm.upper() for firm in FIRMS})
    assert {case.decision.answer.verdict for case in cases} == {made.answer.verdict for made in decided.values()}
    for case in cases:
        assert (case.found is None) == (case.decision.answer.verdict == "approve")
        if case.found is not None and case.found.turn is not None:
            assert case.found.turn.answer.verdict == "approve"
        assert case.as_data()["digest"] == case.decision.digest


def test_a_firm_without_books_is_not_approved(tmp_path) -> None:
    file = tmp_path / "sales_output.csv"
    file.write_text(
        "firm_id,invoice_no,issue_date,counterparty_id,net_amount,tax_amount,gross_amount,status\n"
        "E1,00000001,2026-05-01,B1,100.00,13.00,113.00,valid\n"
    )
    books = from_invoices([file], AS_OF)
    decided = dict(Desk(books, AT_MS).decide(["E1", "nobody"]))
    books.store.close()
    for made in decided.values():
        assert made.answer.verdict != "approve"
        assert made.answer.limit == 0
