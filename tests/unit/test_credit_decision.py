"""Decisions by scenario: who gets what and why; every reason has its words; what makes no sense is told with its field."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from credit_decisions import (
    ON,
    POLICIES,
    STEADY,
    YUAN,
    application,
    example,
    example_bytes,
    inputs,
    item,
    model,
    policy_with,
    record,
    score,
)
from hefu.credit.decision.application import Book, Exposure, read_application
from hefu.credit.decision.change import smallest_change
from hefu.credit.decision.churn import read_churn
from hefu.credit.decision.decide import Answer, Why, decide
from hefu.credit.decision.document import canonical, digest_of
from hefu.credit.decision.economics import Terms, expected_of, rate_needed
from hefu.credit.decision.feasible import is_possible
from hefu.credit.decision.file import make, replay
from hefu.credit.decision.numbers import ONE, format_ppm, parse_ppm
from hefu.credit.decision.policy import Costs, read_policy
from hefu.credit.decision.words import WORDS, text_of
from hefu.kernel.errors import HefuError, UsageError

SAFE = score(15_000)
STEEL = {"kind": "goods", "payer": "", "goods": "steel"}
SMALL = dict.fromkeys(("sales_12m", "bank_in_12m", "tax_declared_12m"), 10**8)
NOTHING = dict.fromkeys(SMALL, None)
SALES = {**NOTHING, "sales_12m": 5 * 10**8}
CROWDED = {"bank_in_12m": None, "sales_12m": 3 * 10**8}
RESEARCH = {"industry": "C3111", "purpose": "research"}
LOOK, FULL = {"refer": ("alert: circle",)}, {"industry": "C1711", "book": Book(10**9, {"textiles": 25 * 10**7})}


def owes(yuan: int, overdue_days: int = 0) -> dict[str, Any]:
    return {"exposures": (Exposure("other", yuan * YUAN, overdue_days),)}


def words(answer: Answer, effect: str) -> list[str]:
    return [why.word for why in answer.reasons if why.effect == effect]


@pytest.mark.parametrize(("case", "default", "known", "asked", "verdict", "offers", "why"), [
    ("steady, on its data", 15_000, {}, {}, "approve", {"data": 1_000_000}, []),
    ("asks for less", 15_000, {}, {"amount": 300_000 * YUAN}, "approve", {"data": 300_000}, []),
    ("riskier, so less", 60_000, {}, {}, "approve", {"data": 1_000_000}, []),
    ("smaller and riskier", 60_000, SMALL, {}, "approve", {"data": 110_000}, []),
    ("referred", 120_000, {}, {}, "refer", {"data": 780_000}, ["DEFAULT_REFERRED"]),
    ("refused", 210_000, {}, {}, "refuse", {}, ["DEFAULT_TOO_LIKELY", "LIMIT_TOO_SMALL"]),
    ("no data, nothing to show", 15_000, NOTHING, {}, "refuse", {}, ["LIMIT_TOO_SMALL"]),
    ("one source alone", 15_000, SALES, {}, "approve", {"data": 570_000}, []),
    ("invoices to itself", 15_000, {"self_trade_share": 30_000}, {}, "refuse", {}, ["RULE"]),
    ("a twin", 15_000, {"twins": 1}, {}, "refer", {"data": 1_000_000}, ["RULE"]),
    ("somebody asked for a look", 15_000, {}, LOOK, "refer", {"data": 1_000_000}, ["ASKED_TO_LOOK"]),
    ("overdue elsewhere", 15_000, {}, owes(1, 31), "refuse", {}, ["OVERDUE"]),
    ("a few days overdue", 15_000, {}, owes(1, 3), "refer", {"data": 1_000_000}, ["OVERDUE_REFERRED"]),
    ("owes much already", 15_000, {}, owes(4_700_000), "approve", {"data": 300_000}, []),
    ("owes too much", 15_000, {}, owes(4_950_000), "refuse", {}, ["LIMIT_TOO_SMALL"]),
    ("asks for ten years", 15_000, {}, {"tenor_days": 3_650}, "refuse", {}, ["TENOR_TOO_LONG"]),
    ("technology, nothing to pledge", 15_000, {}, {"lists": ("high-tech",)}, "approve", {"data": 2_000_000}, []),
    ("a crowded industry", 15_000, CROWDED, {"industry": "C3111"}, "approve", {"data": 280_000}, []),
    ("the same, for research", 15_000, CROWDED, RESEARCH, "approve", {"data": 570_000}, []),
    ("its cap is taken", 15_000, {}, FULL, "refuse", {}, ["LIMIT_TOO_SMALL"]),
])  # fmt: skip
def test_who_gets_what(
    case: str,
    default: int,
    known: dict[str, Any],
    asked: dict[str, Any],
    verdict: str,
    offers: dict[str, int],
    why: list[str],
) -> None:
    answer, _ = decide(example(), application(**asked), {**STEADY, **known}, score(default), ON)
    assert {offer.kind: offer.limit // YUAN for offer in answer.offers} == offers, case
    assert answer.verdict == verdict
    assert words(answer, "refuse") + words(answer, "refer") == why


@pytest.mark.parametrize(("case", "changed", "kind", "limit", "why"), [
    ("confirmed: most of it", {}, "receivables", 450_000, ""),
    ("not confirmed, with evidence: de-cored", {"evidence": ("delivery", "invoice"), "payer": "a"}, "decored", 180_000, ""),
    ("not confirmed, one word", {"evidence": ("invoice",)}, "", 0, "EVIDENCE_MISSING"),
    ("pledged elsewhere", {"is_encumbered": True}, "", 0, "ENCUMBERED"),
    ("due already", {"due_on": ON}, "", 0, "PAST_DUE"),
    ("due too late", {"due_on": ON + timedelta(days=181)}, "", 0, "DUE_TOO_LATE"),
    ("a risky obligor", {"payer_default_ppm": 60_000}, "", 0, "PAYER_RISKY"),
    ("an obligor nobody knows", {"payer_default_ppm": None}, "", 0, "PAYER_UNKNOWN"),
    ("an order", {"kind": "order", "evidence": ("contract",)}, "orders", 120_000, ""),
    ("steel, watched", {"kind": "goods", "payer": "", "goods": "steel", "is_watched": True, "due_on": ON}, "goods", 240_000, ""),
    ("steel, unwatched", {"kind": "goods", "payer": "", "goods": "steel", "due_on": ON}, "goods", 90_000, ""),
    ("sand", {"kind": "goods", "payer": "", "goods": "sand", "due_on": ON}, "", 0, "GOODS_NOT_TAKEN"),
    ("steel, valued long ago", {**STEEL, "due_on": ON - timedelta(days=31)}, "", 0, "VALUATION_OLD"),
])  # fmt: skip
def test_what_backs_a_limit(case: str, changed: dict[str, Any], kind: str, limit: int, why: str) -> None:
    asked = application(items=(replace(item(), **changed),))
    answer, steps = decide(policy_with(('minimum = "100,000"', 'minimum = "10,000"')), asked, STEADY, SAFE, ON)
    offer = answer.offer(kind) if kind else None
    assert (offer.limit // YUAN if offer else 0) == limit, case
    assert steps.looks[0].why == why
    # What is backed adds to the limit on data.
    assert answer.limit // YUAN == 1_000_000 + limit


def test_one_trade_is_lent_on_once() -> None:
    both = (item("order", "order", trade="T"), item("receivable", trade="T"))
    answer, steps = decide(example(), application(items=both), STEADY, SAFE, ON)
    assert {look.item: look.why for look in steps.looks} == {"receivable": "", "order": "SAME_TRADE"}
    assert answer.offer("orders") is None


def test_a_price_pays_for_what_it_costs() -> None:
    costs = Costs(20_000, 4_000, 80_000, 80_000, 90_000)
    for default, days in ((0, 365), (30_000, 365), (30_000, 90), (200_000, 180)):
        terms = Terms(default, 600_000, days, 360)
        rate = rate_needed(50_000_000, terms, costs, 5_000, 1)
        made, below = (expected_of(50_000_000, r, 0, terms, costs) for r in (rate, rate - 5))
        margin = 50_000_000 * 5_000 * days // 360 // 1_000_000
        assert margin - 3 <= made.profit <= margin + 100
        assert below.profit < margin


def test_key_industries_pay_less_and_crowded_ones_more() -> None:
    def rate(**asked: Any) -> int:
        answer, _ = decide(example(), application(**asked), STEADY, score(40_000), ON)
        offer = answer.offer("data")
        assert offer is not None
        return offer.rate_ppm

    plain = rate()
    assert rate(industry="C3562") == plain - 2_000
    assert rate(lists=("green-verified",)) == plain - 1_000
    # Half the limit bears the same fixed cost.
    assert plain + 5_000 <= rate(industry="C3111") <= plain + 6_000
    assert rate(industry="C3111", purpose="research") == plain


def test_a_rule_counts_from_its_date() -> None:
    before = date(2025, 7, 31)
    answer, _ = decide(example(), application(industry="C3562"), STEADY, score(40_000), before)
    assert "STEERED_PRICE" not in words(answer, "price")


# -- words ------------------------------------------------------------------------------------------------------------


def test_every_reason_has_its_words_in_both_languages() -> None:
    for word in WORDS:
        for have in (None, 30_000):
            english, chinese = text_of(Why(word, "limit", "data", have, 5), example())
            assert "{" not in english + chinese
            assert any("\u3400" <= c <= "\u9fff" for c in chinese) or word == "RULE"


def test_words_name_rules_and_amounts() -> None:
    answer, _ = decide(example(), application(), {**STEADY, "self_trade_share": 30_000}, SAFE, ON)
    assert text_of(answer.reasons[0], example())[1] == "自开给自己的发票占比超过2%"
    answer, _ = decide(example(), application(amount=50_000 * YUAN), STEADY, SAFE, ON)
    assert "50,000.00 yuan; the smallest loan is 100,000.00 yuan" in text_of(answer.reasons[0], example())[0]


# -- what makes no sense ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new", "code", "where"), [
    ('minimum = "100,000"', "minimum = 100000.5", "BAD_FIELD", "the policy"),
    ('minimum = "100,000"', "minimum = 100000", "BAD_FIELD", "limits.minimum"),
    ('minimum = "100,000"', 'minimum = "5,000,000"', "BAD_FIELD", "limits.minimum"),
    ('minimum = "100,000"', 'minimun = "100,000"', "MISSING_FIELD", "limits.minimum"),
    ('step = "10,000"', 'step = "10,000"\ncolour = 1', "NO_SUCH_FIELD", "limits.colour"),
    ('funding = "2.00%"', 'funding = "2.00"', "BAD_FIELD", "costs.funding"),
    ('funding = "2.00%"', 'funding = "2.00001%"', "BAD_FIELD", "costs.funding"),
    ('[["1%", "100%"], ["5%", "70%"]', '[["1%", "60%"], ["5%", "70%"]', "BAD_FIELD", "segment[0].by_default"),
    ('lists = ["high-tech", "specialised-new"]', "lists = []", "BAD_FIELD", "segment.lists"),
    ("above = 20_000", "above = 20_000\nbelow = 5", "BAD_FIELD", "rule[0].above"),
    ('source = "the bank\'s own policy"', "", "MISSING_FIELD", "steering[1].source"),
    ('refuse_above = "20%"\ninterval', 'refuse_above = "5%"\ninterval', "BAD_FIELD", "risk.refer_above"),
    ("format = 1", "format = 2", "BAD_FIELD", "format"),
    ("format = 1", "format 1", "BAD_POLICY", None),
])  # fmt: skip
def test_a_policy_that_makes_no_sense_is_told_with_its_field(old: str, new: str, code: str, where: str | None) -> None:
    text = example_bytes().decode()
    assert old in text
    with pytest.raises(UsageError) as caught:
        read_policy(text.replace(old, new, 1).encode())
    assert (caught.value.code, caught.value.where) == (code, where)


@pytest.mark.parametrize(("text", "code", "where"), [
    ("firm = 5", "BAD_FIELD", "firm"),
    ('amount = "5"', "MISSING_FIELD", "firm"),
    ('firm = "F"\namount = "-5"', "BAD_FIELD", "amount"),
    ('firm = "F"\namount = "1e400"', "BAD_FIELD", "amount"),
    ('firm = "F"\nname = "x"', "NO_SUCH_FIELD", "name"),
    ('firm = "F"\nlists = ["a", "a"]', "BAD_FIELD", "lists"),
    ('firm = "F"\n[[item]]\nname = "r"\nkind = "receivable"\namount = "5"\ndue_on = 2026-09-01', "BAD_FIELD", "item[0].payer"),
    ('firm = "F"\n[[item]]\nname = "r"\nkind = "goods"\namount = "5"\ndue_on = "soon"', "BAD_FIELD", "item[0].due_on"),
    ('{"firm": "F", "amount": 1.5}', "BAD_FIELD", "the application"),
    ('{"firm": "F", "amount": NaN}', "BAD_FIELD", "the application"),
    ("{", "BAD_APPLICATION", None),
])  # fmt: skip
def test_an_application_that_makes_no_sense_is_told_with_its_field(text: str, code: str, where: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        read_application(text.encode())
    assert (caught.value.code, caught.value.where) == (code, where)


@pytest.mark.parametrize(("changed", "code", "where"), [
    ({"record": {k: v for k, v in STEADY.items() if k != "twins"}}, "NO_SUCH_FIELD", "twins"),
    ({"record": {**STEADY, "sales_12m": 1.5}}, "BAD_FIELD", "record.sales_12m"),
    ({"record": {**STEADY, "sales_12m": True}}, "BAD_FIELD", "record.sales_12m"),
    ({"record": {**STEADY, "sales_12m": 10**16}}, "RECORD_RANGE", "sales_12m"),
    ({"as_of": ON + timedelta(days=1)}, "RECORD_FROM_FUTURE", "as_of"),
    ({"at_ms": 0, "as_of": date(1970, 1, 1)}, "POLICY_NOT_IN_FORCE", None),
])  # fmt: skip
def test_a_record_that_makes_no_sense_is_never_scored(changed: dict[str, Any], code: str, where: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        make(inputs(**changed), model())
    assert (caught.value.code, caught.value.where) == (code, where)


def test_a_firm_of_which_nothing_is_known_is_refused_with_a_reason() -> None:
    made = make(inputs(record=record()), model())
    assert made.answer.verdict == "refuse"
    assert "NO_DATA_TO_LEND_ON" in words(made.answer, "limit")


# -- the file ---------------------------------------------------------------------------------------------------------


def test_altered_parts_are_named() -> None:
    raw = make(inputs(), model()).raw

    def refused(old: bytes, new: bytes) -> tuple[str, str | None]:
        assert old in raw
        with pytest.raises(HefuError) as caught:
            replay(raw.replace(old, new, 1))
        return caught.value.code, caught.value.where

    assert refused(b'"verdict":"approve"', b'"verdict":"refuse"') == ("DECISION_DIFFERS", "answer.verdict")
    assert refused(b'"firm":"SYN-00001"', b'"firm":"SYN-00002"') == ("DECISION_DIFFERS", "digest")
    assert refused(b'"sales_12m":1000000000', b'"sales_12m":1000000001')[0] == "DECISION_DIFFERS"
    assert refused(b'"synthetic":true,"version"', b'"synthetic":false,"version"') == ("DECISION_DIFFERS", "digest")
    assert refused(b'"base":-3000000', b'"base":-3000001') == ("DECISION_DIFFERS", "model")
    assert refused(b'"format":"hefu-decision"', b'"format":"hefu-opinion"') == ("NOT_A_DECISION", None)
    assert refused(b'{"answer"', b'{ "answer"') == ("DECISION_NOT_CANONICAL", None)
    assert refused(b'"version":1}\n', b'"version":2}\n') == ("DECISION_VERSION", None)


def test_a_ledger_s_digest_tells_two_sound_decisions_apart() -> None:
    one, other = make(inputs(), model()), make(inputs(salt=bytes([1] * 32)), model())
    assert one.digest != other.digest
    with pytest.raises(HefuError) as caught:
        replay(one.raw, digest=other.digest)
    assert caught.value.code == "OTHER_DECISION"


# -- changes ------------------------------------------------------------------------------------------------------------


def test_fields_that_no_policy_names_are_never_proposed() -> None:
    poor = {**STEADY, "sales_hhi_12m": 900_000, "sales_void_share_12m": 300_000}
    found = smallest_change(example(), application(), poor, model(), ON)
    assert found.turn is not None
    assert [move.field for move in found.turn.moves] == ["sales_void_share_12m"]
    closed = policy_with(('field = "sales_void_share_12m"', 'field = "sales_season_24m"'))
    other = smallest_change(closed, application(), poor, model(), ON)
    assert other.turn is not None
    assert all(move.field != "sales_void_share_12m" for move in other.turn.moves)


def test_what_cannot_be_is_never_proposed() -> None:
    poor = {**STEADY, "sales_hhi_12m": ONE, "sales_void_share_12m": 300_000}
    closed = policy_with(('field = "sales_void_share_12m"', 'field = "sales_season_24m"'))
    alone = smallest_change(closed, application(), poor, model(), ON)
    assert alone.turn is not None
    assert [move.field for move in alone.turn.moves] == ["sales_hhi_12m"]
    # One customer that buys everything: concentration cannot fall while its share stays.
    one = {**poor, "sales_top1_12m": ONE, "sales_customers_12m": 1}
    found = smallest_change(closed, application(), one, model(), ON)
    assert found.turn is None or all(move.field != "sales_hhi_12m" for move in found.turn.moves)
    tiny = {**STEADY, "sales_12m": 30_000 * YUAN}
    grown = smallest_change(example(), application(), tiny, model(), ON)
    assert grown.turn is None or all(move.new <= 3 * move.old for move in grown.turn.moves if move.field == "sales_12m")


@pytest.mark.parametrize(
    ("hhi", "top", "customers", "possible"),
    [
        (250_000, 250_000, 4, True),
        (250_000, 400_000, 4, True),
        (250_000, 510_000, 4, False),
        (250_000, 240_000, 5, False),
        (240_000, 250_000, 4, False),
        (ONE, ONE, 1, True),
        (None, ONE, 1, True),
        (250_000, None, None, True),
        (250_000, -100_000, None, True),
    ],
)
def test_parts_of_a_record_agree(hhi: int | None, top: int | None, customers: int | None, possible: bool) -> None:
    record = {"sales_hhi_12m": hhi, "sales_top1_12m": top, "sales_customers_12m": customers}
    assert is_possible(record) is possible


def test_a_price_that_steering_forbids_is_told_with_steering_s_bound() -> None:
    low = policy_with(('rate = "-0.10%"\n', 'rate_max = "4.00%"\n'))
    answer, _ = decide(low, application(lists=("green-verified",)), STEADY, score(90_000), ON)
    (why,) = [why for why in answer.reasons if why.word == "PRICE_TOO_HIGH"]
    assert why.need == 40_000 < why.have


def test_a_buyer_s_confirmation_or_a_smaller_wish_is_told_where_it_turns() -> None:
    unconfirmed = item(amount=2_000_000 * YUAN, evidence=("invoice",), payer="a")
    small = {**STEADY, "sales_12m": 2 * 10**8, "tax_declared_12m": 10**7}
    loose = policy_with(('share = "50%"                    # all', 'share = "900%"                   # all'))
    found = smallest_change(loose, application(items=(unconfirmed,)), small, model(), ON)
    assert [turn.confirmed for turn in found.others] == ["r1"]
    rich = {**STEADY, "sales_hhi_12m": 100_000}
    large = smallest_change(example(), application(lists=("high-tech",), items=(item(),)), rich, model(), ON)
    assert [turn.amount for turn in large.others] == [2_000_000 * YUAN]


# -- small things ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["4.35%", "0.00%", "-0.20%", "100.00%", "0.0001%", "12.3456%"])
def test_percentages_are_read_back(text: str) -> None:
    assert format_ppm(parse_ppm(text)) == text


@pytest.mark.parametrize(("text", "where"), [
    ("", "row 1"),
    ("rate,A\n", "row 1"),
    ("rate,A\n0.04,0\n0.05,x\n", "row 3"),
    ("rate,A\n0.04,0\n0.05,1.5\n", "row 3"),
    ("rate,A\n0.04,0\n0.04,0.1\n", "row 3"),
    ("rate,A\n0.04,0\n0.05,nan\n", "row 3"),
    ("rate,A\n0.04,0\n0.05\n", "row 3"),
    ("rate,A,A\n0.04,0,0\n0.05,0,0\n", "row 1"),
    ("rate,A\n0.04,0\n1e-999999999,0\n", "row 3"),
])  # fmt: skip
def test_a_table_of_churn_that_makes_no_sense_is_told_with_its_row(text: str, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_churn(text.encode())
    assert (caught.value.code, caught.value.where) == ("BAD_CHURN", where)


def test_churn_is_smoothed_to_never_fall() -> None:
    table = read_churn(
        "利率,流失率,\n,信誉评级A,信誉评级B\n0.04,0,0\n0.05,0.3,0.1\n0.06,0.2,0.4\n0.07,0.5,0.4\n".encode()
    )
    assert table == {
        "A": ((40_000, 0), (50_000, 250_000), (60_000, 250_000), (70_000, 500_000)),
        "B": ((40_000, 0), (50_000, 100_000), (60_000, 400_000), (70_000, 400_000)),
    }


def test_shipped_policies_are_in_order() -> None:
    assert {path.stem for path in POLICIES.glob("*.toml")} == {"example", "contest"}
    for path in POLICIES.glob("*.toml"):
        assert read_policy(path.read_bytes()).name


@pytest.mark.parametrize(
    ("key", "value"), [("synthetic", 5), ("hefu", 1), ("at_ms", True), ("salt", "00"), ("record", [])]
)
def test_a_file_with_another_type_is_no_decision_though_its_digest_fits(key: str, value: object) -> None:
    document = {**json.loads(make(inputs(), model()).raw), key: value}
    with pytest.raises(HefuError) as caught:
        replay(canonical({**document, "digest": digest_of(document)}))
    assert caught.value.code == "DECISION_DIFFERS"
