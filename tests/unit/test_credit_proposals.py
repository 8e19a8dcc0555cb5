"""What a table is taken for at first sight: its outcome, who its rows are about, and what a model must not see."""

from __future__ import annotations

import pytest

from hefu.credit.models.labels import default_words
from hefu.credit.models.proposing import propose, schema_text
from hefu.credit.models.schema import Role, Schema, read_schema
from hefu.credit.models.tables import Table
from hefu.kernel.errors import Rejected

N = 120
#: A quarter defaults, with no regard to the row's number otherwise.
Y = [i % 8 in (0, 3) for i in range(N)]


def table(**columns: list[str | None]) -> Table:
    return Table("t.csv", tuple(columns), tuple(columns.values()), "")


def proposed(columns: dict[str, list[str | None]], label: str | None = "default") -> Schema:
    made = table(**columns, **({"default": ["1" if y else "0" for y in Y]} if label == "default" else {}))
    return read_schema(schema_text(propose(made, label=label), made).encode(), "s.toml")


def cycle(*words: str | None) -> list[str | None]:
    return [words[i % len(words)] for i in range(N)]


# -- the outcome ------------------------------------------------------------------------------------------------------

NAMES = (
    "Risk credit_risk Risk_Flag Status kredit not.fully.paid financial_distress is_insolvent charged_off npl GB dlq_flag bad_loan "
    "Good/Bad Bankrupt? SeriousDlqin2yrs default.payment.next.month loanStatus BAD TARGET status_label Creditability 是否违约"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_the_outcome_is_found_by_its_name_among_columns_like_it(name: str):
    made = {"owns_home": cycle("1", "0", "1"), name: ["1" if y else "0" for y in Y], "married": cycle("0", "1")}
    assert proposed(made, None).label == name


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ("home yes no, how_it_went good bad, married y n", "how_it_went"),
        ("home yes no, married y n, zzz 0 1", "zzz"),
        ("zzz 0 1, home yes no, region a b c", "zzz"),
        ("cb_person_default_on_file y n, loan_status 0 1", "loan_status"),
        ("late 0 1, default 0 1", "default"),
        ("Gender m f, approved 0 1", "approved"),
        ("region a b c, home yes no, status single married divorced", "home"),
    ],
)
def test_without_a_name_the_words_tell_then_the_place(columns: str, label: str):
    first, *others = [(name, cycle(*words)) for name, *words in (column.split() for column in columns.split(", "))]
    made = table(**dict([first, ("amount", [str(7 * i % 113) for i in range(N)]), *others]))
    assert propose(made).schema.label == label


@pytest.mark.parametrize(
    ("name", "words", "positive", "negative"),
    [
        ("y", "1 0*3", "1", "0"),
        # One that says by its name what 1 means, and one of which most rows say it.
        ("creditability", "1*3 0", "0", "1"),
        ("repaid", "yes no", "no", "yes"),
        ("paid_back", "1 0*9", "0", "1"),
        ("loan_status", "Y*3 N", "n", "y"),
        ("credit_risk", "1*7 0*3", "0", "1"),
        ("defaulted", "1*7 0*3", "1", "0"),
        ("class", "1*7 2*3", "2", "1"),
        ("class", "g b", "b", "g"),
        ("status_label", "alive*9 failed", "failed", "alive"),
        ("x", "no_default default", "default", "no_default"),
        ("x", "Non-default*2 Default*3", "default", "non-default"),
        ("是否违约", "是 否*5", "是", "否"),
        ("五级分类", "正常*5 关注 次级 可疑 损失", "次级 可疑 损失", "正常 关注"),
        (
            "loan_status",
            "Fully_Paid*9 Current*5 Charged_Off*2 Late_(31-120_days) Default In_Grace_Period Issued Unknown - "
            "Does_not_meet_the_credit_policy._Status:Fully_Paid Does_not_meet_the_credit_policy._Status:Charged_Off",
            "charged_off late_(31-120_days) default does_not_meet_the_credit_policy._status:charged_off",
            "fully_paid does_not_meet_the_credit_policy._status:fully_paid",
        ),
        ("status", "current*9 default", "default", "current"),
        # Ratings: below investment grade; of a short scale its last grade.
        ("Rating", "AAA AA+ A- BBB BB+ BB- B+ B CCC", "bb+ bb- b+ b ccc", "aaa aa+ a- bbb"),
        ("Rating", "Aaa Aa2 A3 Baa1 Ba1 B3 Caa2 NR", "ba1 b3 caa2", "aaa aa2 a3 baa1"),
        ("Rating", "A BBB BB B", "bb b", "a bbb"),
        ("rating", "A B C D", "d", "a b c"),
        ("rating", "AAA AA A", "a", "aaa aa"),
    ],
)
def test_words_of_a_label_mean_default_or_none_or_neither(name: str, words: str, positive: str, negative: str):
    cells = [w for part in words.split() for w, _, n in [part.partition("*")] for _ in range(int(n or 1))]
    found = default_words(name, [w.replace("_", " ") for w in cells])
    assert set(found.positive) == {w.replace("_", " ") for w in positive.split()}
    assert set(found.negative) == {w.replace("_", " ") for w in negative.split()}


def test_a_rating_with_notches_is_a_label_of_many_words():
    grades = [grade + notch for grade in ("AA", "A", "BBB", "BB", "B") for notch in ("+", "", "-")]
    schema = proposed({"Corp_Rating": cycle(*grades, "CCC"), "x": [str(37 * i % 101) for i in range(N)]}, None)
    assert (schema.label, len(schema.positive), len(schema.negative)) == ("Corp_Rating", 7, 9)


def test_a_table_without_rows_is_refused():
    with pytest.raises(Rejected) as caught:
        propose(table(a=[], default=[]))
    assert caught.value.code == "TOO_FEW_ROWS"


# -- who rows are about -----------------------------------------------------------------------------------------------

PANEL = [str(1000 + 7 * (i // 4)) for i in range(N)]


@pytest.mark.parametrize(
    "name", ["company_id", "Company", "cik", "gvkey", "permno", "id", "customerNo", "客户号", "loan_id"]
)
def test_a_number_that_repeats_over_years_is_who_the_row_is_about_and_no_amount(name: str):
    schema = proposed({name: PANEL, "fyear": cycle("2011", "2012", "2013", "2014"), "x": cycle("1", "2", "3")})
    assert (schema.group, schema.identifiers, [c.name for c in schema.fields]) == (name, (), ["x"])
    assert "fyear" in schema.banned


def test_of_two_parties_the_coarser_holds_rows_together():
    columns = {"loan_id": [str(500 + i // 2) for i in range(N)], "customer_id": PANEL, "x": cycle("1", "2", "3")}
    schema = proposed(columns)
    assert (schema.group, schema.identifiers) == ("customer_id", ("loan_id",))


def test_a_name_beside_the_number_of_a_party_is_no_field():
    columns = {"gvkey": PANEL, "seat": [f"Street {n}" for n in PANEL], "region": [f"R{int(n) % 3}" for n in PANEL]}
    schema = proposed(columns)
    assert (schema.group, schema.identifiers, [c.name for c in schema.fields]) == ("gvkey", ("seat",), ["region"])


def test_what_repeats_in_the_whole_is_not_unique_because_a_sample_looks_so():
    rows = 24_000
    firm = [f"Firm {i // 2}" for i in range(rows)]
    made = table(firm_name=firm, x=[str(i % 97) for i in range(rows)], y=[str(int(i % 9 == 0)) for i in range(rows)])
    assert propose(made).schema.group == "firm_name"


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Dividends paid", Role.NUMBER),
        ("interest_paid", Role.NUMBER),
        ("Number of shares", Role.NUMBER),
        ("Paid-up capital", Role.NUMBER),
        ("NumberOfTimes90DaysLate", Role.NUMBER),
        ("DELINQ", Role.NUMBER),
        ("delinq_2yrs", Role.NUMBER),
        ("PRI.OVERDUE.ACCTS", Role.NUMBER),
        ("total_payables", Role.NUMBER),
        ("NumberRealEstateLoansOrLines", Role.NUMBER),
        ("velocity", Role.NUMBER),
        ("basic_units", Role.NUMBER),
        ("sic_code", Role.CATEGORY),
        ("StateCode", Role.CATEGORY),
        ("branch_id", Role.CATEGORY),
        ("行业代码", Role.CATEGORY),
    ],
)
def test_numbers_are_amounts_and_counts_unless_a_word_of_their_name_says_code(name: str, role: Role):
    schema = proposed({name: [str(17 * i % 41) for i in range(N)], "x": cycle("1", "2", "3")})
    assert {c.name: c.role for c in schema.fields} == {name: role, "x": Role.NUMBER}


@pytest.mark.parametrize(
    "name",
    [
        "account_no",
        "LoanNr_ChkDgt",
        "invoice number",
        "Unnamed: 0",
        "SK_ID_CURR",
        "LOAN_IDENTIFIER",
        "customerId",
        "UUID",
    ],
)
def test_a_whole_number_of_its_own_in_each_row_is_an_identifier_where_its_name_says_so(name: str):
    schema = proposed({name: [str(5000 + i) for i in range(N)], "assets": [str(9000 - 3 * i) for i in range(N)]})
    assert (schema.identifiers, [c.name for c in schema.fields]) == ((name,), ["assets"])


@pytest.mark.parametrize("names", [30, 70, 100])
def test_words_that_nearly_name_rows_are_never_a_category(names: int):
    schema = proposed({"occupation": [f"job {i % names}" for i in range(N)], "x": cycle("1", "2", "3")})
    assert ("occupation" in {c.name for c in schema.fields}) is (names == 30)


# -- what a model must not see ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "total_rec_prncp",
        "total_pymnt_inv",
        "last_pymnt_amnt",
        "last_fico_range_high",
        "hardship_amount",
        "settlement_amount",
        "recoveries",
        "out_prncp",
        "ChgOffPrinGr",
        "days_past_due",
        "overdue_amount",
        "default_date",
        "bankrupt",
        "LP_NetPrincipalLoss",
        "逾期金额",
    ],
)
def test_what_is_written_while_a_loan_goes_bad_is_banned(name: str):
    values = cycle("0", "1", "1") if name == "bankrupt" else [str(17 * i % 41) for i in range(N)]
    assert set(proposed({name: values, "x": cycle("1", "2", "3")}).banned) == {name}


@pytest.mark.parametrize(
    "values",
    [
        [str(100 * y + 17 * i % 41) for i, y in enumerate(Y)],
        [str(-100 * y + 17 * i % 41) for i, y in enumerate(Y)],
        [None if not y and i % 30 else str(17 * i % 41) for i, y in enumerate(Y)],
        ["a" if y or i % 60 == 1 else "b" for i, y in enumerate(Y)],
    ],
)
def test_what_a_fit_would_stop_at_is_banned_at_once(values: list[str | None]):
    assert "AUC" in proposed({"f": values, "x": cycle("1", "2", "3")}).banned["f"]


def dates(year: int, form: str) -> list[str | None]:
    return [form.format(year=year, month=1 + i % 12, day=1 + i // 5) for i in range(N)]


@pytest.mark.parametrize(
    "form", ["{year}-{month:02}-{day:02}", "{year}{month:02}{day:02}", "{day:02}/{month:02}/{year}"]
)
def test_the_day_of_the_decision_is_told_from_other_days(form: str):
    columns = {
        "date_of_birth": dates(1980, form),
        "incorporation_date": dates(2001, form),
        "print_date": dates(2018, form),
        "application_date": dates(2019, form),
        "maturity_date": dates(2024, form),
    }
    schema = proposed({**columns, "x": cycle("1", "2", "3")})
    assert (schema.time, schema.identifiers, set(schema.banned)) == ("application_date", (), {"maturity_date"})
    assert {c.name for c in schema.fields if c.role is Role.DATE} == {
        "date_of_birth",
        "incorporation_date",
        "print_date",
    }
    del columns["application_date"], columns["print_date"]
    assert proposed({**columns, "x": cycle("1", "2", "3")}).time == ""
