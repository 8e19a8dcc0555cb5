"""
ARFF, the format of public collections of tables: a header of attributes, then rows, dense or sparse.

Source: Attribute-Relation File Format, University of Waikato (Weka), stable version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hefu.kernel.errors import Corrupt

_ATTRIBUTE = re.compile(
    r"@attribute\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s{]+)(?:\s+|(?={))(.+)", re.IGNORECASE
)
_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|(?!['\"])[^,]*?)\s*(,|$)")
_ENTRY = re.compile(r"\s*(?:(\d+)\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|(?!['\"])[^,]+?))?\s*(,|$)")


def read(text: str, file: str) -> tuple[list[str], list[list[str | None]]]:
    """
    Names and columns; `?` is None.

    Raises:
        Corrupt: BAD_ARFF, with the line.
    """
    names: list[str] = []
    kinds: list[str] = []
    columns: list[list[str | None]] = []
    in_data = False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        where = f"{file}:{number}"
        if in_data:
            cells = _sparse(line, kinds, where) if line.startswith("{") else list(_cells(line, where))
            if len(cells) != len(names):
                raise Corrupt("the row has more or fewer cells than attributes", code="BAD_ARFF", where=where)
            for column, cell in zip(columns, cells):
                column.append(cell)
        elif line.lower().startswith("@data"):
            in_data, columns = True, [[] for _ in names]
        elif line.lower().startswith("@attribute"):
            match = _ATTRIBUTE.match(line)
            if match is None:
                raise Corrupt("an attribute without a name or a kind", code="BAD_ARFF", where=where)
            names.append(_unquoted(match[1]))
            kinds.append(match[2].strip())
        elif not line.lower().startswith("@relation"):
            raise Corrupt("neither a relation, an attribute nor data", code="BAD_ARFF", where=where)
    if not in_data:
        raise Corrupt("no data", code="BAD_ARFF", where=file)
    return names, columns


def _cells(line: str, where: str) -> Iterator[str | None]:
    at = 0
    while True:
        match = _TOKEN.match(line, at)
        if match is None:
            raise Corrupt("a quote is out of place", code="BAD_ARFF", where=where)
        yield None if match[1] == "?" else _unquoted(match[1])
        at = match.end()
        if match[2] != ",":
            return


def _sparse(line: str, kinds: list[str], where: str) -> list[str | None]:
    # What a sparse row leaves out is zero, and of a nominal attribute its first word.
    cells: list[str | None] = [_first(kind) for kind in kinds]
    line, at = line.strip("{} \t"), 0
    while True:
        match = _ENTRY.match(line, at)
        if match is None or (match[1] and int(match[1]) >= len(cells)):
            raise Corrupt("a sparse row names no attribute", code="BAD_ARFF", where=where)
        if match[1]:
            cells[int(match[1])] = None if match[2] == "?" else _unquoted(match[2])
        at = match.end()
        if match[3] != ",":
            return cells


def _first(kind: str) -> str | None:
    return next(_cells(kind[1:].rstrip("} \t"), "")) if kind.startswith("{") else "0"


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text
