"""
Recall and false alarms of the relations between firms, by kind and strength, on planted books: the tables of
docs/reference/relations.md.

    python scripts/relations_run.py [--seeds 10]
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from hefu.documents.invoices import RelationKind, find_relations, import_invoices
from hefu.documents.invoices.planted import Books, Planted, plant

SCENES = {
    "codes of the sheet, numbers of 8 digits": Books(),
    "the same, 30 rows under a wrong firm": Books(slips=30),
    "the same, three trades a firm": Books(partners=3),
    "social credit codes, 30 rows under a wrong firm": Books(are_names=True, slips=30),
    "numbers of 5 digits, half of the amounts round": Books(digits=5, round_percent=50),
    "each seller counts 1, 2, 3; half of the amounts round": Books(digits=0, round_percent=50),
    "codes of the sheet, 8 digits, 6 firms that bill in bulk": Books(bulk=6),
    "each seller counts 1, 2, 3; half of the amounts round; 6 firms that bill in bulk": Books(
        digits=0, round_percent=50, bulk=6
    ),
}
Counts = dict[tuple[str, str], list[int]]


def measured(books: Books, seeds: int) -> tuple[Counts, Counter[str], int]:
    """By kind and strength: planted and found; false alarms by kind; rows read."""
    counts: Counts = defaultdict(lambda: [0, 0])
    alarms, rows = Counter[str](), 0
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as name:
            planted = plant(Path(name), seed, books)
            found = find_relations(import_invoices(Path(name), today=date(2030, 1, 1)).invoices)
        rows += planted.rows
        for kind, (truth, reported) in answers(planted, found).items():
            for key, strength in truth.items():
                counts[kind, strength][0] += 1
                counts[kind, strength][1] += key in reported
            alarms[kind] += sum(key not in truth and not is_right(planted, kind, key) for key in reported)
    return counts, alarms, rows


def is_right(planted: Planted, kind: str, key: tuple[str, ...]) -> bool:
    """Whether what was reported is true although it was not planted: codes of one party, whichever two of them."""
    return kind == "several-codes" and planted.parties.get(key[0], key[0]) == planted.parties.get(key[1], key[1])


def answers(planted: Planted, found: object) -> dict[str, tuple[dict[Any, str], set[Any]]]:
    """By kind: what is true with its strength, and what was reported."""
    from hefu.documents.invoices import Relations

    assert isinstance(found, Relations)
    pairs = {kind: {(r.firm_a, r.firm_b) for r in found.of(kind)} for kind in RelationKind}
    reciprocal = dict.fromkeys(planted.reciprocal, "by itself") | planted.pairs["reciprocal"]
    inside = {f for edge in planted.links for f in edge}
    return {
        "twins": (dict(planted.pairs["twins"]), set(pairs[RelationKind.TWINS])),
        "self-trade": (dict(planted.pairs["self-trade"]), set(pairs[RelationKind.SELF_TRADE])),
        "reciprocal": (dict(reciprocal), {p for p in pairs[RelationKind.RECIPROCAL] if set(p) <= inside}),
        "ring": (dict(planted.rings), {tuple(r.group.split(" > ")) for r in found.of(RelationKind.RING)}),
        "several-codes": (dict(planted.pairs["several-codes"]), {tuple(sorted(p)) for p in pairs[RelationKind.SEVERAL_CODES]}),
        "link": (dict.fromkeys(planted.links, "all"), set(pairs[RelationKind.LINK])),
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    for name, books in SCENES.items():
        counts, alarms, rows = measured(books, seeds)
        print(f"\n**{name}** ({seeds} books of {books.firms} firms, {rows:,} rows)\n")
        print("| kind | strength | planted | found | recall | false alarms of the kind |\n|---|---|---|---|---|---|")
        told = set[str]()
        for (kind, strength), (there, hit) in sorted(counts.items()):
            print(
                f"| {kind} | {strength} | {there} | {hit} | {hit / there:.0%} | {alarms[kind] if kind not in told else ''} |"
            )
            told.add(kind)


if __name__ == "__main__":
    main()
