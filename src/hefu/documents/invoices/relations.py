"""
Relations between firms that their invoices show: twins, links, self-trade, reciprocal trade, rings, counterparties with
several codes.

Each relation is a fact about invoices and accuses nobody: a branch shares a book with its head office, and a smelter sells
to its own supplier of scrap. Only accepted rows take part, so what was voided, reversed or repeated says nothing. What
could be chance is left out (`coincidence`). No firm is known in advance.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

import duckdb

from hefu.documents.invoices import evidence as tables
from hefu.documents.invoices.coincidence import (
    FALSE_SHARE,
    Coincidences,
    agreeing,
    expected_between,
    make_number_chances,
    totals,
)
from hefu.documents.invoices.evidence import KEYS
from hefu.documents.invoices.identity import (
    SHARE_PERCENT,
    CodeOwner,
    are_names,
    code_owners,
    drop_contradicted_words,
    make_own_words,
    unite_sheets,
)
from hefu.documents.invoices.importing import Invoices
from hefu.documents.invoices.rings import Ring, find_rings, trimmed
from hefu.documents.invoices.twins import TwinRule

SIDES = ("sales", "purchases")
#: Least invoices that two twins share; a single one is a slip.
TWIN_INVOICES = 2
#: Part of the single invoices between two firms that slips may explain, for the others to count.
SINGLES_BY_SLIP_MAX = 0.1
#: A party with more codes than this has them told against its first one, and not each against each.
CODES_EACH_MAX = 20


class RelationKind(StrEnum):
    """What firm_a and firm_b are to each other."""

    #: Both show the same invoices on the same side; one of them, or neither, is who it says it is.
    TWINS = "twins"
    #: The firm's invoices to itself; firm_b is firm_a.
    SELF_TRADE = "self-trade"
    #: firm_a sells to firm_b and buys from it.
    RECIPROCAL = "reciprocal"
    #: firm_a sells to firm_b on a circle of three or more; a row for each step, one group for each ring.
    RING = "ring"
    #: firm_a and firm_b are codes of one counterparty in one sheet: a file, or all files of a direction where they share codes.
    SEVERAL_CODES = "several-codes"
    #: The same, in two sheets.
    CODES_ACROSS = "codes-across-sheets"
    #: firm_a sells to firm_b, and both show it.
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Relation:
    """
    One relation and its evidence.

    Args:
        evidence: Invoices that show it; each counts once. amount_minor: Their gross, minor units. expected: Invoices that
        chance and slips would show in their place; None where a name stands for itself. first_on, last_on: Days of the
        first and last of them. group: Of a ring its firms in order, of codes their sheet or sheets; else empty. note: More
        in a few words: numbers, no names. digest: SHA-256 over the invoices' keys in order, hexadecimal: two who hold the
        same files can compare without showing them.
    """

    kind: RelationKind
    firm_a: str
    firm_b: str
    evidence: int
    amount_minor: int
    expected: float | None
    first_on: date
    last_on: date
    group: str = ""
    note: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Relations:
    """
    All relations, in order of kind, firms and group.

    Args:
        firms, invoices: How many showed how many different invoices.
        by_name: Whether counterparties stand by names that hold everywhere.
        slips: Pairs of firms that share a single invoice on one side: a measure of wrong bookings.
        are_circles_all: False where the graph had more circles than are looked at.
        stands_for: Twin to the firm that stands for it, where they share half of their invoices.
    """

    found: tuple[Relation, ...]
    firms: int
    invoices: int
    by_name: bool
    slips: int
    are_circles_all: bool
    stands_for: Mapping[str, str]

    def of(self, kind: RelationKind) -> tuple[Relation, ...]:
        """Those of one kind."""
        return tuple(relation for relation in self.found if relation.kind is kind)

    def only(self, kinds: Iterable[RelationKind]) -> Relations:
        """Without the other kinds."""
        kept = set(kinds)
        return replace(self, found=tuple(relation for relation in self.found if relation.kind in kept))

    def counts(self) -> dict[RelationKind, int]:
        """Rows by kind, zeros included."""
        return {kind: len(self.of(kind)) for kind in RelationKind}


def find_relations(invoices: Invoices, *, rule: TwinRule | None = None) -> Relations:
    """
    Find the relations among all firms of an import.

    Args:
        invoices: With counterparty, and file where there is one.
        rule: When twins are taken for one firm, so that the trade of one is the trade of the other.
    """
    work = invoices.connection.cursor()
    try:
        return _Search(work, invoices.table, rule or TwinRule()).run()
    finally:
        work.close()


@dataclass(slots=True)
class _Pair:
    """Invoices between two firms."""

    evidence: int
    amount_minor: int
    first_on: date
    last_on: date
    digest: str = ""


_SUMS = f"""
    count(*), sum(gross_minor), min(issued_on), max(issued_on),
    sha256(string_agg(concat_ws('|', {KEYS}), chr(10) ORDER BY concat_ws('|', {KEYS})))
"""


class _Search:
    def __init__(self, work: duckdb.DuckDBPyConnection, table: str, rule: TwinRule) -> None:
        self.work, self.rule = work, rule
        tables.make_relation_keys(work, table)
        self.sizes = tables.sizes(work)
        self.firms = sorted({firm for firm, _ in self.sizes})
        self.slips, self.across, self.within, self.is_all = 0, 0.0, 0.0, True
        self.stands_for: dict[str, str] = {}
        self.by_name = False
        self.merged: set[str] = set()
        self.owners: tuple[CodeOwner, ...] = ()

    def run(self) -> Relations:
        found = self._twins()
        self.merged = {*self.stands_for, *self.stands_for.values()}
        tables.make_sides(self.work, self.stands_for, self._largest())
        unite_sheets(self.work)
        make_own_words(self.work)
        self.by_name = are_names(self.work)
        links, own = self._links()
        self._accept({*links, *((firm, firm) for firm in own)})
        drop_contradicted_words(self.work)
        self.owners = code_owners(
            self.work, least=2 if self.slips or self.across > SINGLES_BY_SLIP_MAX * len(links) else 1
        )
        found += [self._relation(RelationKind.LINK, a, b, pair, self._chance(a, b)) for (a, b), pair in links.items()]
        found += self._codes()
        found += self._trade(own)
        found.sort(
            key=lambda r: (
                list(RelationKind).index(r.kind),
                r.group if r.kind is RelationKind.RING else "",
                r.firm_a,
                r.firm_b,
            )
        )
        total = sum(self.sizes.values())
        return Relations(
            tuple(found),
            len(self.firms),
            total,
            self.by_name,
            self.slips,
            self.is_all,
            dict(sorted(self.stands_for.items())),
        )

    # -- twins ------------------------------------------------------------------------------------------------------

    def _twins(self) -> list[Relation]:
        make_number_chances(self.work)
        same, self.across, self.within = totals(self.work)
        rows = agreeing(self.work, "twin_evidence", "a, b, direction")
        alike = {((a, side), (b, side)): found for (a, b, side), found in rows.items()}
        shared = {pair: int(found.invoices) for pair, found in alike.items()}
        # A single invoice that two firms share is a slip or chance; where there are many, two or three may be slips as well.
        self.slips = max(0, sum(n == 1 for n in shared.values()) - round(same))
        chance = Coincidences(self.sizes, expected_between(self.work, shared), same, self.slips)
        twins = chance.beyond({pair: found for pair, found in alike.items() if found.invoices >= TWIN_INVOICES})
        pairs_found = sorted({(a, b) for (a, _), (b, _) in twins})
        tables.fill(self.work, "twin_pairs", "a VARCHAR, b VARCHAR", pairs_found)
        self._merge(
            [(a, b) for (a, side), (b, _) in sorted(twins) if self._is_one(a, b, side, shared[(a, side), (b, side)])]
        )
        found = []
        for (a, b), pair in self._sums("twin_evidence SEMI JOIN twin_pairs USING (a, b)", "a, b").items():
            sides = [s for s in SIDES if ((a, s), (b, s)) in shared]
            expected = sum(chance.of((a, s), (b, s)) for s in sides)
            note = ", ".join(f"{s} {shared[(a, s), (b, s)]} of {self._smaller(a, b, s)}" for s in sides)
            found.append(self._relation(RelationKind.TWINS, a, b, pair, expected, note=note))
        return found

    def _smaller(self, a: str, b: str, side: str) -> int:
        return min(self.sizes.get((a, side), 0), self.sizes.get((b, side), 0))

    def _is_one(self, a: str, b: str, side: str, shared: int) -> bool:
        return shared >= self.rule.invoices and shared * 10_000 >= self._smaller(a, b, side) * self.rule.share_bps

    def _merge(self, pairs: Iterable[tuple[str, str]]) -> None:
        group_of: dict[str, set[str]] = {}
        for a, b in pairs:
            merged = group_of.get(a, {a}) | group_of.get(b, {b})
            group_of.update(dict.fromkeys(merged, merged))
        whole = {firm: sum(self.sizes.get((firm, s), 0) for s in SIDES) for firm in group_of}
        for members in group_of.values():
            first = min(members, key=lambda firm: (-whole[firm], firm))
            self.stands_for.update(dict.fromkeys(members - {first}, first))

    def _largest(self) -> dict[tuple[str, str], str]:
        groups = defaultdict[str, set[str]](set)
        for twin, one in self.stands_for.items():
            groups[one] |= {one, twin}
        return {
            (one, side): min(members, key=lambda firm: (-self.sizes.get((firm, side), 0), firm))
            for one, members in groups.items()
            for side in SIDES
        }

    # -- links and self-trade ---------------------------------------------------------------------------------------

    def _links(self) -> tuple[dict[tuple[str, str], _Pair], dict[str, _Pair]]:
        """Pairs of seller and buyer that both show beyond chance, and firms that show invoices on both sides."""
        if self.by_name:
            # A name that is another firm's contradicts: then the invoices agree by chance or by a slip.
            tables.fill(self.work, "firm_names", "name VARCHAR", [(firm,) for firm in self.firms])
            self.work.execute(f"""
                CREATE OR REPLACE TEMP TABLE contradicted AS
                SELECT DISTINCT {KEYS}, seller, buyer FROM side_rows AS r SEMI JOIN firm_names AS f ON f.name = r.party
                LEFT JOIN twin_names AS t ON t.name = r.party
                WHERE coalesce(t.owner, r.party) <> r.owner AND r.party = r.last_party;
                CREATE OR REPLACE TEMP TABLE sides AS SELECT * FROM sides ANTI JOIN contradicted USING ({KEYS}, seller, buyer);
                CREATE OR REPLACE TEMP TABLE side_rows AS
                SELECT * FROM side_rows ANTI JOIN contradicted USING ({KEYS}, seller, buyer)
            """)  # noqa: S608
        pairs = self._sums("sides", "seller, buyer")
        rows = agreeing(self.work, "sides", "seller, buyer")
        shared = {((a, "sales"), (b, "purchases")): found for (a, b), found in rows.items()}
        self.chance = Coincidences(self.sizes, expected_between(self.work, shared), self.across, self.slips)
        kept = {(a, b): pairs[a, b] for (a, _), (b, _) in self.chance.beyond(shared)}
        singles = {key: pair for key, pair in pairs.items() if pair.evidence == 1 and key not in kept}
        kept.update(self._supported(singles))
        return (
            {pair: found for pair, found in sorted(kept.items()) if pair[0] != pair[1]},
            {a: found for (a, b), found in sorted(kept.items()) if a == b},
        )

    def _supported(self, singles: Mapping[tuple[str, str], _Pair]) -> dict[tuple[str, str], _Pair]:
        """
        Single invoices between two firms that the codes speak for: the other party stands there by its name; or it has
        hardly another invoice in this book, which would have to stand on the other side too; or most of its code's invoices
        in the sheet do stand there. They count where strays explain few of them.
        """
        if not singles:
            return {}
        tables.fill(self.work, "singles", "seller VARCHAR, buyer VARCHAR", sorted(singles))
        rare_code = "false" if self.by_name else "c.n <= 2"
        rows = self.work.execute(f"""
            WITH code_sizes AS (SELECT firm, direction, sheet, party, count(*) AS n FROM relation_keys GROUP BY ALL),
                 sheets AS (SELECT direction, sheet, party, sum(n) AS n FROM code_sizes GROUP BY ALL),
                 owned AS (SELECT direction, sheet, party, owner, count(*) AS n FROM side_rows GROUP BY ALL)
            SELECT r.seller, r.buyer, bool_and({rare_code} OR r.party IN (r.owner, r.named)
                                                OR (o.n >= 2 AND o.n * 100 >= a.n * {SHARE_PERCENT}))
            FROM side_rows AS r JOIN singles USING (seller, buyer)
            JOIN code_sizes AS c USING (firm, direction, sheet, party) JOIN sheets AS a USING (direction, sheet, party)
            JOIN owned AS o USING (direction, sheet, party, owner)
            GROUP BY ALL
        """).fetchall()  # noqa: S608
        supported = {(str(a), str(b)): singles[str(a), str(b)] for a, b, is_supported in rows if is_supported}
        strays = self.across + self.chance.by_slip_across()
        return supported if self._rare() * strays <= SINGLES_BY_SLIP_MAX * len(supported) else {}

    def _rare(self) -> float:
        """Chance that a row drawn blindly names the right party, or one with hardly another invoice, in both books."""
        if self.by_name:
            return 1 / len(self.firms)
        rows = self.work.execute("""
            SELECT direction, sum(CASE WHEN n <= 2 THEN n ELSE 0 END) / sum(n)
            FROM (SELECT firm, direction, sheet, party, count(*) AS n FROM relation_keys GROUP BY ALL) GROUP BY 1
        """).fetchall()
        few = {str(side): float(share) for side, share in rows}
        return few.get("sales", 0.0) * few.get("purchases", 0.0)

    def _accept(self, pairs: Iterable[tuple[str, str]]) -> None:
        tables.fill(self.work, "accepted", "seller VARCHAR, buyer VARCHAR", sorted(pairs))
        self.work.execute(
            "CREATE OR REPLACE TEMP TABLE accepted_rows AS SELECT * FROM side_rows SEMI JOIN accepted USING (seller, buyer)"
        )

    # -- codes ------------------------------------------------------------------------------------------------------

    def _codes(self) -> list[Relation]:
        """Codes of one party: of one firm, on one invoice that two twins show, or on two rows of one invoice."""
        found: dict[tuple[str, str, str, str], _Pair] = {}
        by_party = defaultdict[tuple[str, str], list[CodeOwner]](list)
        for owner in self.owners:
            # What twins share is nobody's alone, so that it makes no two codes one party's.
            if owner.firm not in self.merged and not (self.by_name and owner.code == owner.firm):
                by_party[owner.direction, owner.firm].append(owner)
        rows = self.work.execute(
            f"SELECT sheet, direction, party, owner, {_SUMS} FROM accepted_rows GROUP BY 1, 2, 3, 4"  # noqa: S608
        ).fetchall()
        shown = {
            (str(r[0]), str(r[1]), str(r[2]), str(r[3])): _Pair(int(r[4]), int(r[5]), r[6], r[7], str(r[8]))
            for r in rows
        }
        for (direction, firm), codes in by_party.items():
            if self.by_name:
                for code in codes:
                    if code.shown >= 2 or not self.slips:
                        _add(
                            found,
                            (code.sheet, code.sheet, *sorted((firm, code.code))),
                            shown[code.sheet, direction, code.code, firm],
                        )
            for i, one in enumerate(codes):
                for other in codes[i + 1 :] if len(codes) <= CODES_EACH_MAX or i == 0 else ():
                    if one.code != other.code:
                        for code in (one, other):
                            _add(
                                found,
                                _codes_key(one.sheet, one.code, other.sheet, other.code),
                                shown[code.sheet, direction, code.code, firm],
                            )
        same = f"""
            SELECT a_sheet AS one, a_party AS x, b_sheet AS other, b_party AS y, false AS is_own, {KEYS}
            FROM twin_evidence SEMI JOIN twin_pairs USING (a, b) WHERE a_party <> b_party
            UNION ALL
            SELECT sheet, x.party, sheet, y.party, direction = 'purchases', {KEYS}
            FROM (SELECT *, min(party) OVER of AS first, count(*) OVER of AS n FROM several_codes
                  WINDOW of AS (PARTITION BY firm, direction, sheet, {KEYS})) AS x
            JOIN several_codes AS y USING (firm, direction, sheet, {KEYS})
            WHERE x.party < y.party AND (x.n <= {CODES_EACH_MAX} OR x.party = x.first)
        """  # noqa: S608
        query = f"SELECT one, x, other, y, {_SUMS}, bool_and(is_own) FROM ({same}) GROUP BY 1, 2, 3, 4"  # noqa: S608
        pairs = self.work.execute(query).fetchall()
        # Two sellers may have given one buyer the same number, day and amounts; where that is to be expected, once is not enough.
        least = 2 if self.within > FALSE_SHARE * sum(bool(row[-1]) for row in pairs) else 1
        for sheet, x, other_sheet, y, n, gross, first, last, digest, is_own in pairs:
            if not is_own or n >= least:
                key = _codes_key(str(sheet), str(x), str(other_sheet), str(y))
                _add(found, key, _Pair(int(n), int(gross), first, last, str(digest)))
        relations = []
        for (sheet, other_sheet, x, y), pair in found.items():
            kind = RelationKind.SEVERAL_CODES if sheet == other_sheet else RelationKind.CODES_ACROSS
            group = sheet if sheet == other_sheet else f"{sheet} | {other_sheet}"
            relations.append(self._relation(kind, x, y, pair, None, group=group))
        return relations

    # -- who sells to whom ------------------------------------------------------------------------------------------

    def _trade(self, own: Mapping[str, _Pair]) -> list[Relation]:
        self._make_edges()
        edges = {
            (str(a), str(b)) for a, b in self.work.execute("SELECT DISTINCT seller, buyer FROM edge_rows").fetchall()
        }
        self_edges = self._sums("edge_rows WHERE seller = buyer", "seller, buyer")
        found = []
        for (firm, _), pair in self_edges.items():
            both = own[firm].evidence if firm in own else 0
            note = f"{both} on both sides" + (
                f", {pair.evidence - both} by its own code" if pair.evidence > both else ""
            )
            expected = self._chance(firm, firm) if both else None
            found.append(self._relation(RelationKind.SELF_TRADE, firm, firm, pair, expected, note=note))
        found += self._reciprocal(edges)
        found += self._rings(edges)
        return found

    def _make_edges(self) -> None:
        """Every invoice that says who sold to whom: by names, or by both sides, by a firm's code of the sheet, or by its own."""
        work = self.work
        # A code of twins is nobody's alone, so it draws no edge of its own; by names each goes by its own.
        columns = "sheet VARCHAR, direction VARCHAR, code VARCHAR, owner VARCHAR"
        owners = [(o.sheet, o.direction, o.code, o.firm) for o in self.owners if o.firm not in self.merged]
        tables.fill(work, "owners", columns, owners)
        own = "coalesce(n.who, k.firm)"
        other = f"coalesce(o.owner, {'k.party' if self.by_name else 'w.word'})"
        # Unless by a running number that anybody may have.
        is_itself = (
            "NOT regexp_full_match(party, '[0-9]{1,7}')" if self.by_name else "party IN (SELECT word FROM own_words)"
        )
        chosen = ", ".join(f"k.{name}" for name in tables.KEY)
        work.execute(f"""
            CREATE OR REPLACE TEMP TABLE edge_rows AS
            SELECT CASE WHEN k.direction = 'sales' THEN {own} ELSE {other} END AS seller,
                   CASE WHEN k.direction = 'sales' THEN {other} ELSE {own} END AS buyer, {chosen}
            FROM relation_keys AS k LEFT JOIN named_keys AS n USING (firm, direction, {KEYS})
            LEFT JOIN owners AS o ON o.sheet = k.sheet AND o.direction = k.direction AND o.code = k.party
            LEFT JOIN own_words AS w ON w.word = k.party
            WHERE {other} IS NOT NULL
            UNION
            SELECT seller, buyer, {KEYS} FROM sides SEMI JOIN accepted USING (seller, buyer)
            UNION
            -- Whoever names itself as the other party.
            SELECT firm, firm, {KEYS} FROM relation_keys WHERE party = firm AND {is_itself}
        """)  # noqa: S608

    def _reciprocal(self, edges: set[tuple[str, str]]) -> list[Relation]:
        pairs = sorted((a, b) for a, b in edges if a < b and (b, a) in edges)
        if not pairs:
            return []
        tables.fill(self.work, "asked_edges", "seller VARCHAR, buyer VARCHAR", [*pairs, *((b, a) for a, b in pairs)])
        between = """(SELECT least(seller, buyer) AS a, greatest(seller, buyer) AS b, seller, * EXCLUDE (seller)
                      FROM edge_rows SEMI JOIN asked_edges USING (seller, buyer)) AS e"""
        both = self._sums(between, "a, b")
        forth = {
            (str(a), str(b)): int(n)
            for a, b, n in self.work.execute(
                f"SELECT a, b, count(*) FILTER (seller = a) FROM {between} GROUP BY 1, 2"  # noqa: S608
            ).fetchall()
        }
        return [
            self._relation(
                RelationKind.RECIPROCAL,
                a,
                b,
                pair,
                None,
                note=f"{forth[a, b]} from a to b, {pair.evidence - forth[a, b]} back",
            )
            for (a, b), pair in both.items()
        ]

    def _rings(self, edges: set[tuple[str, str]]) -> list[Relation]:
        kept = trimmed(edge for edge in edges if edge[0] != edge[1])
        if not kept:
            return []
        tables.fill(self.work, "asked_edges", "seller VARCHAR, buyer VARCHAR", kept)
        rows = self.work.execute(
            "SELECT seller, buyer, issued_on, gross_minor FROM edge_rows SEMI JOIN asked_edges USING (seller, buyer) ORDER BY ALL"
        ).fetchall()
        invoices = defaultdict[tuple[str, str], list[tuple[date, int]]](list)
        for a, b, day, gross in rows:
            invoices[str(a), str(b)].append((day, int(gross)))
        rings, self.is_all = find_rings(edges, invoices, self.firms)
        sums = self._sums("edge_rows SEMI JOIN asked_edges USING (seller, buyer)", "seller, buyer") if rings else {}
        return [self._ring_step(ring, edge, sums[edge]) for ring in rings for edge in ring.edges]

    def _ring_step(self, ring: Ring, edge: tuple[str, str], pair: _Pair) -> Relation:
        note = f"{len(ring.firms)} firms, {ring.rounds} rounds"
        return self._relation(RelationKind.RING, *edge, pair, ring.expected, group=" > ".join(ring.firms), note=note)

    # -- helpers ----------------------------------------------------------------------------------------------------

    def _sums(self, source: str, by: str) -> dict[tuple[str, str], _Pair]:
        rows = self.work.execute(f"SELECT {by}, {_SUMS} FROM {source} GROUP BY {by} ORDER BY {by}").fetchall()  # noqa: S608
        return {
            (str(a), str(b)): _Pair(int(n), int(gross), first, last, str(d)) for a, b, n, gross, first, last, d in rows
        }

    def _chance(self, seller: str, buyer: str) -> float:
        return self.chance.of((seller, "sales"), (buyer, "purchases"))

    def _relation(
        self,
        kind: RelationKind,
        a: str,
        b: str,
        pair: _Pair,
        expected: float | None,
        *,
        group: str = "",
        note: str = "",
    ) -> Relation:
        return Relation(
            kind,
            a,
            b,
            pair.evidence,
            pair.amount_minor,
            expected,
            pair.first_on,
            pair.last_on,
            group,
            note,
            pair.digest,
        )


def _codes_key(sheet: str, code: str, other_sheet: str, other: str) -> tuple[str, str, str, str]:
    (one, x), (two, y) = sorted(((sheet, code), (other_sheet, other)))
    return one, two, x, y


def _add(found: dict[tuple[Any, ...], _Pair], key: Sequence[str], pair: _Pair) -> None:
    at = tuple(key)
    if at not in found:
        found[at] = _Pair(pair.evidence, pair.amount_minor, pair.first_on, pair.last_on, pair.digest)
        return
    old = found[at]
    old.evidence += pair.evidence
    old.amount_minor += pair.amount_minor
    old.first_on, old.last_on = min(old.first_on, pair.first_on), max(old.last_on, pair.last_on)
    old.digest = hashlib.sha256("\n".join(sorted((old.digest, pair.digest))).encode()).hexdigest()
