"""Relations between firms: found where they were planted, and not where chance or a slip explains them."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from hefu.documents.invoices import Relation, RelationKind, Relations, find_relations, import_invoices
from hefu.documents.invoices.coincidence import Coincidences, poisson_tail
from hefu.documents.invoices.planted import FIRMS_MIN, Books, plant
from hefu.documents.invoices.relations_report import COLUMNS, save_relations
from hefu.documents.invoices.rings import circles, count_rounds, trimmed
from hefu.kernel.errors import UsageError

TODAY = date(2026, 6, 30)
HEADER = "firm_id,invoice_no,issue_date,counterparty_id,net_amount,tax_amount,gross_amount,status"


def relations(folder: Path, lines: str, noise: int = 40) -> Relations:
    """
    Lines of: firm, sells or buys, invoice, then party=, gross=, net=, day=, status= where they are not the usual, ~ for a blank.
    Each firm named also has invoices of its own with parties outside, so that there is something to be beyond.
    """
    texts: dict[str, list[str]] = {"sells": [HEADER], "buys": [HEADER]}
    firms = set()
    for line in lines.strip().splitlines():
        firm, side, number, *rest = line.split()
        named = dict(word.split("=") for word in rest)
        gross = named.get("gross") or f"{int(number) % 9973 + 100}.00"
        net = named.get("net", gross)
        cells = (
            firm,
            number.replace("~", " "),
            f"2026-01-{named.get('day', '05')}",
            named.get("party", f"{side}-{number}"),
            net,
            f"{float(gross) - float(net):.2f}",
            gross,
        )
        texts[side].append(",".join((*cells, named.get("status", "valid"))))
        firms.add(firm)
    chance = random.Random(7)
    for firm in sorted(firms):
        for side in texts:
            for _ in range(noise):
                day = date(2026, 1, 1) + timedelta(days=chance.randint(0, 60))
                gross = f"{chance.randint(100, 99_999)}.00"
                cells = (
                    firm,
                    str(chance.randint(10**7, 10**8)),
                    day.isoformat(),
                    f"{firm}-{side}-{chance.randint(1, 8)}",
                )
                texts[side].append(",".join((*cells, gross, "0.00", gross, "valid")))
    for side, name in (("sells", "output.csv"), ("buys", "input.csv")):
        (folder / name).write_text("\n".join(texts[side]) + "\n", "utf-8")
    return find_relations(import_invoices(folder, today=TODAY).invoices)


def pairs(found: Relations, kind: RelationKind) -> list[tuple[str, str, int]]:
    return [(r.firm_a, r.firm_b, r.evidence) for r in found.of(kind)]


def test_each_kind_by_its_smallest_case(tmp_path: Path) -> None:
    found = relations(
        tmp_path,
        """
        Steel sells 20000041 party=b1
        Parts buys  20000041 party=a1
        Parts sells 20000042 party=b2
        Steel buys  20000042 party=a2
        Own   sells 20000051 party=b3
        Own   buys  20000051 party=a3
        Tin   sells 20000061 party=b4
        Zinc  sells 20000061 party=b5
        Tin   sells 20000062 party=b4
        Zinc  sells 20000062 party=b5
        """,
    )
    assert pairs(found, RelationKind.LINK) == [("Parts", "Steel", 1), ("Steel", "Parts", 1)]
    assert pairs(found, RelationKind.RECIPROCAL) == [("Parts", "Steel", 2)]
    assert pairs(found, RelationKind.SELF_TRADE) == [("Own", "Own", 1)]
    assert pairs(found, RelationKind.TWINS) == [("Tin", "Zinc", 2)]
    assert pairs(found, RelationKind.SEVERAL_CODES) == [("b4", "b5", 2)]
    assert not found.of(RelationKind.RING)
    twins = found.of(RelationKind.TWINS)[0]
    assert twins.amount_minor == 100 * sum(n % 9973 + 100 for n in (20000061, 20000062))
    assert twins.first_on == date(2026, 1, 5)
    assert twins.expected is not None
    assert twins.expected < 1e-4
    assert not found.by_name


def test_voids_reversals_and_single_invoices_of_two_firms_make_no_twins(tmp_path: Path) -> None:
    found = relations(
        tmp_path,
        """
        Tin   sells 20000061
        Zinc  sells 20000061
        Tin   sells 20000062 status=void
        Zinc  sells 20000062
        Tin   sells 20000063 gross=-5.00
        Zinc  sells 20000063 gross=-5.00
        """,
    )
    assert not found.of(RelationKind.TWINS), "one invoice is a slip"
    assert found.slips == 1


@pytest.mark.parametrize("noise", [0, 40])
@pytest.mark.parametrize("rents", [("5450.00",) * 10, ("5450.00", "3200.00", "1800.00", "900.00", "750.00")])
def test_landlords_who_bill_alike_are_no_twins(rents: tuple[str, ...], noise: int, tmp_path: Path) -> None:
    lines = [
        f"{firm} sells {len(rents) * month + flat + 1} gross={rent} day={month + 1:02d} party={firm}{flat}"
        for firm in ("North", "South", "East", "West")
        for month in range(24)
        for flat, rent in enumerate(rents)
    ]
    # Two tenants whose landlords are not here, and count alike.
    lines += [f"{firm} buys {10 * m + 1} gross=5450.00 day={m + 1:02d} party=l" for firm in "PQ" for m in range(24)]
    found = relations(tmp_path, "\n".join(lines), noise=noise)
    assert found.counts() == dict.fromkeys(RelationKind, 0)


def test_a_landlords_second_book_is_its_twin_where_numbers_are_long(tmp_path: Path) -> None:
    lines = [
        f"{f} sells {52_000_017 + 7 * m} gross=5450.00 day={m + 1:02d}" for f in ("North", "South") for m in range(24)
    ]
    found = relations(tmp_path, "\n".join(lines))
    assert pairs(found, RelationKind.TWINS) == [("North", "South", 24)]


DISGUISES = {
    "decimals of a spreadsheet": "{}.0",
    "a word in front": "No.~{}",
    "an invoice code in front": "044001900211{}",
    "a mark between": "{0[0]}{0[1]}-{0[2]}{0[3]}~{0[4]}{0[5]}{0[6]}{0[7]}",
    "wide digits": "wide",
    "another case": "no{}",
}
WIDE = str.maketrans({str(i): chr(0xFF10 + i) for i in range(10)})


@pytest.mark.parametrize("disguise", DISGUISES)
def test_an_invoice_is_known_in_spite_of_what_systems_do_to_its_number(disguise: str, tmp_path: Path) -> None:
    lines = []
    for i in range(6):
        number = f"2000004{i}"
        other = number.translate(WIDE) if disguise == "wide digits" else DISGUISES[disguise].format(number)
        lines += [f"Tin sells {number} gross={71 * i + 5}.00", f"Zinc sells {other} gross={71 * i + 5}.00"]
    assert pairs(relations(tmp_path, "\n".join(lines)), RelationKind.TWINS) == [("Tin", "Zinc", 6)]


def test_a_number_that_became_a_float_in_a_table_is_the_same(tmp_path: Path) -> None:
    lines = [f"{firm} sells 2000004{i} gross={71 * i + 5}.00" for firm in ("Tin", "Zinc") for i in range(6)]
    relations(tmp_path, "\n".join(lines))
    with duckdb.connect() as connection:
        rows = f"read_csv('{tmp_path / 'output.csv'}', types = {{'invoice_no': 'DOUBLE', 'issue_date': 'VARCHAR'}})"
        connection.execute(f"COPY (FROM {rows} WHERE firm_id = 'Zinc') TO '{tmp_path / 'output2.parquet'}'")
    text = (tmp_path / "output.csv").read_text("utf-8").splitlines()
    (tmp_path / "output.csv").write_text("\n".join(line for line in text if not line.startswith("Zinc")), "utf-8")
    found = find_relations(import_invoices(tmp_path, today=TODAY).invoices)
    assert pairs(found, RelationKind.TWINS) == [("Tin", "Zinc", 6)]


def test_tax_may_be_rounded_otherwise(tmp_path: Path) -> None:
    lines = [f"Tin sells 2000004{i} net={i}1.00 gross={i}4.15" for i in range(1, 6)]
    lines += [f"Zinc sells 2000004{i} net={i}1.00 gross={i}4.1{4 + i % 2 * 2}" for i in range(1, 6)]
    lines += [f"Iron sells 2000005{i} net={i}1.00 gross={i}4.15" for i in range(1, 6)]
    lines += [f"Lead sells 2000005{i} net={i}1.00 gross={i}4.17" for i in range(1, 6)]
    assert pairs(relations(tmp_path, "\n".join(lines)), RelationKind.TWINS) == [("Tin", "Zinc", 5)]


def test_an_invoice_under_three_codes_makes_them_one_party(tmp_path: Path) -> None:
    lines = [f"Tin buys 2000004{i} party={code}" for i in range(3) for code in ("a1", "a2", "a3")]
    found = relations(tmp_path, "\n".join(lines))
    assert pairs(found, RelationKind.SEVERAL_CODES) == [("a1", "a2", 3), ("a1", "a3", 3), ("a2", "a3", 3)]


def test_the_case_of_letters_makes_no_other_name(tmp_path: Path) -> None:
    shell = "91350211m000100y43"
    found = relations(
        tmp_path,
        f"""
        Steel sells 20000041 party=PARTS
        Parts buys  20000041 party=steel
        Parts sells 20000042 party=tin
        Tin   buys  20000042 party=parts
        Tin   sells 20000043 party={shell}
        Tin   buys  20000044 party={shell.upper()}
        Zinc  sells 20000045 party=zinc
        """,
    )
    assert found.by_name
    assert pairs(found, RelationKind.RECIPROCAL) == [(shell.upper(), "Tin", 2)]
    assert pairs(found, RelationKind.SELF_TRADE) == [("Zinc", "Zinc", 1)]


def test_a_ring_needs_three_and_is_told_step_by_step(tmp_path: Path) -> None:
    ring = ("Iron", "Steel", "Parts", "Motor")
    lines = []
    for i, (seller, buyer) in enumerate(zip(ring, (*ring[1:], ring[0]))):
        words = f"3000000{i} gross={1000 - i}.00 day={5 + 3 * i:02d}"
        lines += [f"{seller} sells {words} party=b{i}", f"{buyer} buys {words} party=a{i}"]
    lines += [f"Other{i} sells 4000000{i}" for i in range(4)]
    found = relations(tmp_path, "\n".join(lines))
    steps = found.of(RelationKind.RING)
    assert {(r.firm_a, r.firm_b) for r in steps} == set(zip(ring, (*ring[1:], ring[0])))
    assert {r.group for r in steps} == {"Iron > Steel > Parts > Motor"}
    assert {r.note for r in steps} == {"4 firms, 1 rounds"}
    assert not found.of(RelationKind.RECIPROCAL)


def test_a_firms_own_code_among_its_purchases_is_self_trade_though_the_sale_is_nowhere(tmp_path: Path) -> None:
    found = relations(
        tmp_path,
        """
        Steel sells 20000041 party=b1
        Parts buys  20000041 party=a77
        Steel sells 20000042 party=b1
        Parts buys  20000042 party=a77
        Steel buys  20000077 party=a77
        """,
    )
    assert pairs(found, RelationKind.SELF_TRADE) == [("Steel", "Steel", 1)]
    assert found.of(RelationKind.SELF_TRADE)[0].note == "0 on both sides, 1 by its own code"


def test_whoever_names_itself_trades_with_itself(tmp_path: Path) -> None:
    found = relations(tmp_path, "Steel sells 20000041 party=Steel\nTin sells 20000042\n77 buys 20000043 party=77")
    assert pairs(found, RelationKind.SELF_TRADE) == [("Steel", "Steel", 1)], "77 may be a running number"


#: Invoices that both sides show, under codes of the sheet: so counterparties do not stand by names.
CODED = "\n".join(
    f"Steel sells 2100004{i} party=b{i}\nParts{i} buys 2100004{i} party=a1\nParts{i} sells 2100005{i}" for i in range(4)
)


def test_where_codes_of_a_sheet_look_like_firms_names_a_word_says_nothing(tmp_path: Path) -> None:
    lines = [f"A00{100 + i} buys 2000{i}{n} party=A00{n}" for i in range(4) for n in range(100, 130)]
    found = relations(tmp_path, "\n".join((CODED, *lines)))
    assert not found.by_name
    assert not found.of(RelationKind.SELF_TRADE)
    assert not found.of(RelationKind.RECIPROCAL)


def test_firms_names_in_books_of_codes_draw_edges_of_one_side(tmp_path: Path) -> None:
    trade = ("F101 F102", "F102 F103", "F103 F101", "F104 F105", "F105 F104", "F106 F106")
    lines = []
    for i, (seller, buyer) in enumerate(edge.split() for edge in trade):
        lines += [f"{seller} sells 2000004{i} party={buyer} day={i + 5:02d} gross=999.00"]
    lines += [f"Other{i} sells 2200004{i}" for i in range(9)]
    found = relations(tmp_path, "\n".join((CODED, *lines)))
    assert not found.by_name
    assert pairs(found, RelationKind.RECIPROCAL) == [("F104", "F105", 2)]
    assert {r.group for r in found.of(RelationKind.RING)} == {"F101 > F102 > F103"}
    assert pairs(found, RelationKind.SELF_TRADE) == [("F106", "F106", 1)]


def test_matched_invoices_win_over_a_firms_name(tmp_path: Path) -> None:
    # F104 buys from F101 under the code F105, so that codes like these are no names.
    lines = [f"F101 sells 2000004{i} party=b1\nF104 buys 2000004{i} party=F105" for i in range(3)]
    lines += ["F104 sells 20000061 party=F105", "F105 sells 20000062 party=F104", "F106 buys 20000063 party=F106"]
    found = relations(tmp_path, "\n".join((CODED, *lines)))
    assert not found.of(RelationKind.RECIPROCAL)
    assert not found.of(RelationKind.SELF_TRADE)


def test_names_that_hold_everywhere_are_told_from_codes_by_the_files(tmp_path: Path) -> None:
    found = relations(
        tmp_path,
        """
        Steel sells 20000041 party=Parts
        Parts buys  20000041 party=Steel
        Parts sells 20000042 party=Tin
        Tin   buys  20000042 party=Parts
        Tin   sells 20000043 party=Shell
        Tin   buys  20000044 party=Shell
        Zinc  sells 20000045 party=Zinc
        """,
    )
    assert found.by_name
    assert pairs(found, RelationKind.RECIPROCAL) == [("Shell", "Tin", 2)]
    assert pairs(found, RelationKind.SELF_TRADE) == [("Zinc", "Zinc", 1)]


SCENES = {
    "codes": (Books(firms=48, bulk=6), 0),
    "slips": (Books(firms=48, slips=30), 1),
    "names": (Books(firms=48, are_names=True, slips=20), 2),
    "short numbers": (Books(firms=48, digits=5, round_percent=50), 3),
}


@pytest.mark.parametrize("scene", list(SCENES))
def test_what_was_planted_is_found_and_hardly_anything_else(scene: str, tmp_path: Path) -> None:
    books, seed = SCENES[scene]
    planted = plant(tmp_path, seed, books)
    found = find_relations(import_invoices(tmp_path, today=date(2030, 1, 1)).invoices)
    assert found.by_name is books.are_names
    for kind in (RelationKind.TWINS, RelationKind.SELF_TRADE, RelationKind.RECIPROCAL):
        reported = {(r.firm_a, r.firm_b) for r in found.of(kind)}
        assert set(planted.pairs[kind]) <= reported, kind
    assert {(r.firm_a, r.firm_b) for r in found.of(RelationKind.TWINS)} == set(planted.pairs["twins"])
    assert {tuple(r.group.split(" > ")) for r in found.of(RelationKind.RING)} >= set(planted.rings)
    codes = {(r.firm_a, r.firm_b) for r in found.of(RelationKind.SEVERAL_CODES)}
    truth = set(planted.pairs["several-codes"])
    assert len(codes & truth) >= 0.9 * len(truth)
    wrong = [pair for pair in codes if planted.parties.get(pair[0]) != planted.parties.get(pair[1])]
    assert len(wrong) <= 0.05 * len(codes) + 1
    links = {(r.firm_a, r.firm_b) for r in found.of(RelationKind.LINK)}
    assert len(links & planted.links) >= 0.9 * len(planted.links)
    assert len(links - planted.links) <= 0.05 * len(links) + 1


def split_by_firm(folder: Path, into: Path) -> None:
    for path in folder.glob("*.csv"):
        head, *rows = path.read_text("utf-8").splitlines()
        for firm in {row.split(",")[0] for row in rows}:
            mine = [row for row in rows if row.startswith(f"{firm},")]
            (into / f"{path.stem}_{firm}.csv").write_text("\n".join((head, *mine)) + "\n", "utf-8")


def test_a_sheet_cut_into_a_file_for_each_firm_is_still_one_sheet(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    planted = plant(whole, 3, Books(firms=FIRMS_MIN))
    split_by_firm(whole, cut)
    found = find_relations(import_invoices(cut, today=date(2030, 1, 1)).invoices)
    assert {pair[:2] for pair in pairs(found, RelationKind.SEVERAL_CODES)} >= set(planted.pairs["several-codes"])
    assert not found.of(RelationKind.CODES_ACROSS)
    assert {r.group for r in found.of(RelationKind.SEVERAL_CODES)} == {"sales", "purchases"}


def test_files_coded_apart_stay_sheets_of_their_own(tmp_path: Path) -> None:
    # In every buyer's file the code a1 is another seller.
    for i in range(9):
        rows = [
            f"Buyer{i},2000{i}{n}77,2026-01-1{n},a{n},{100 * n + i + 1}.00,0.00,{100 * n + i + 1}.00,valid"
            for n in range(6)
        ]
        sold = [
            row.replace(f"Buyer{i}", f"Seller{(i + n) % 9}").replace(f",a{n},", ",b1,") for n, row in enumerate(rows)
        ]
        (tmp_path / f"input_{i}.csv").write_text("\n".join((HEADER, *rows)) + "\n", "utf-8")
        (tmp_path / f"output_{i}.csv").write_text("\n".join((HEADER, *sold)) + "\n", "utf-8")
    found = find_relations(import_invoices(tmp_path, today=TODAY).invoices)
    assert len(found.of(RelationKind.LINK)) == 54
    assert not found.of(RelationKind.SEVERAL_CODES)


def test_books_without_relations_show_none(tmp_path: Path) -> None:
    lines = "\n".join(f"Firm{i} sells 4000000{i}" for i in range(9))
    found = relations(tmp_path, lines, noise=120)
    assert found.counts() == dict.fromkeys(RelationKind, 0)


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    plant(tmp_path, 5, Books(firms=FIRMS_MIN))
    saved = []
    for name in ("one.csv", "two.csv"):
        found = find_relations(import_invoices(tmp_path, today=date(2030, 1, 1)).invoices)
        (tmp_path / "out").mkdir(exist_ok=True)
        save_relations(found, tmp_path / "out" / name)
        saved.append((tmp_path / "out" / name).read_bytes())
    assert saved[0] == saved[1]
    rows = list(csv.reader(saved[0].decode("utf-8-sig").splitlines()))
    assert rows[0] == list(COLUMNS)
    save_relations(found, tmp_path / "out" / "one.json")
    told = json.loads((tmp_path / "out" / "one.json").read_text("utf-8"))
    assert len(told["relations"]) == len(rows) - 1
    assert sum(told["counts"].values()) == len(rows) - 1
    with pytest.raises(UsageError, match=r"csv or \.json"):
        save_relations(found, tmp_path / "x.xls")


@pytest.mark.parametrize(("name", "mark"), [("Steel", b""), ("宏远钢铁", "\ufeff".encode())])
def test_the_mark_of_utf8_stands_only_before_what_needs_it(name: str, mark: bytes, tmp_path: Path) -> None:
    found = relations(tmp_path, f"{name} sells 20000041\n{name} buys 20000041")
    save_relations(found, tmp_path / "found.csv")
    assert (tmp_path / "found.csv").read_bytes().startswith(mark + b"kind,firm_a"), found.found


def test_too_few_firms_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        plant(tmp_path, 1, Books(firms=FIRMS_MIN - 1))


# -- parts ------------------------------------------------------------------------------------------------------------


def test_the_tail_of_few_events() -> None:
    assert poisson_tail(0, 3.0) == 1.0
    assert poisson_tail(1, 0.0) == 0.0
    assert poisson_tail(1, 1e-9) == pytest.approx(1e-9)
    assert poisson_tail(2, 5.0) == 1.0
    assert poisson_tail(8, 5.0) == pytest.approx(0.1334, abs=1e-4)


def edges(text: str) -> list[tuple[str, str]]:
    return [(word[0], word[1]) for word in text.split()]


def found_circles(text: Iterable[tuple[str, str]]) -> list[str]:
    return ["".join(circle) for circle in circles(text).found]


def test_circles_are_listed_once_shortest_first() -> None:
    assert found_circles(edges("AB BA")) == []
    assert found_circles(edges("AB BC CA CD DA")) == ["ABC", "ABCD"]
    assert trimmed(edges("AB BC CA CX YA")) == edges("AB BC CA")
    assert trimmed(edges("AB BC CD")) == []
    # In a graph where everybody trades with everybody circles are to be expected.
    dense = [(a, b) for a in "ABCDEFGH" for b in "ABCDEFGH" if a != b]
    assert circles(dense, longest=3).expected[3] > 100


def test_rounds_go_forward_in_time_with_amounts_alike() -> None:
    day = [date(2026, 1, 1) + timedelta(days=n) for n in range(400)]
    assert count_rounds([[(day[0], 100)], [(day[9], 98)], [(day[20], 97)]]) == 1
    assert count_rounds([[(day[0], 100)], [(day[9], 200)], [(day[20], 97)]]) == 0, "another amount"
    assert count_rounds([[(day[0], 100)], [(day[9], 98)], [(day[300], 97)]]) == 0, "too late"
    assert count_rounds([[(day[9], 100)], [(day[20], 98)], [(day[0], 97)]]) == 1, "whoever began"
    twice = [[(day[0], 100), (day[50], 100)], [(day[9], 98), (day[59], 98)], [(day[20], 97), (day[70], 97)]]
    assert count_rounds(twice) == 2


def test_a_round_takes_another_invoice_where_the_first_leads_nowhere() -> None:
    day = [date(2026, 1, 1) + timedelta(days=n) for n in range(3)]
    assert count_rounds([[(day[0], 10_000)], [(day[1], 12_000), (day[2], 10_000)], [(day[2], 8_000)]]) == 1


@pytest.mark.parametrize("amounts", ["alike", "unlike", "scattered", "nowhere"])
def test_rounds_of_many_invoices_are_counted_in_no_time(amounts: str) -> None:
    steps = []
    for place in range(4):
        gross = {"alike": 1000, "unlike": 10**place, "nowhere": 1000 if place < 3 else 9}.get(amounts)
        steps.append([(date(2026, 1, 1) + timedelta(days=i % 80), gross or 100 + i * 37) for i in range(4_000)])
    began = time.process_time()
    count_rounds([sorted(rows) for rows in steps])
    assert time.process_time() - began < 2.0


CUT = """
import hashlib
from hefu.documents.invoices import rings
rings.CIRCLES_MAX = 500
firms = [f"F{i:02d}" for i in range(24)]
found = rings.circles([(a, b) for a in firms for b in firms if (ord(a[1]) * 7 + ord(b[2]) * 5 + ord(a[2])) % 3])
print(found.is_all, len(found.found), hashlib.sha256(repr(found.found).encode()).hexdigest())
"""


def test_where_circles_are_cut_off_every_process_cuts_alike() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", CUT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert told[0].startswith("False ")


def test_a_relation_without_a_group_says_nothing_more() -> None:
    plain = Relation(RelationKind.LINK, "A", "B", 1, 100, 0.0, TODAY, TODAY)
    assert (plain.group, plain.note) == ("", "")


def test_slips_over_all_lists_are_the_sum_over_each_two() -> None:
    sizes = {("a", "sales"): 30, ("a", "purchases"): 4, ("b", "sales"): 7, ("c", "purchases"): 900}
    chance = Coincidences(sizes, {}, 0.5, 3)
    each = sum(chance.by_slip((a, "sales"), (b, "purchases")) for a in "abc" for b in "abc")
    assert chance.by_slip_across() == pytest.approx(each)
    assert each > 3 / 2
