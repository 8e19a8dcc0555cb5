"""
CSV text made regular: UTF-8, one row a line, the row number in front. Encoding, line ends, quotes and ragged rows are
settled here, strictly, so that DuckDB reads plain columns and a row number is never guessed.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hefu.documents.invoices.treatments import problem

CHUNK_BYTES = 1 << 20
#: No row of an invoice file is longer, in characters; a longer one is a quote that was never closed.
ROW_LENGTH_MAX = 100_000
#: Between the columns of a regular file whose source had quotes.
UNIT_SEPARATOR = "\x1f"
#: A file that reads as UTF-8 for so many characters beyond ASCII, and then no more, is a damaged UTF-8 file.
_TELLING_CHARACTERS = 8
_FOREIGN_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)

#: Lists of whole lines; the last list is marked True where no line end follows its only line.
Lines = Iterator[tuple[list[str], bool]]
Accept = Callable[[list[str]], None]


@dataclass(frozen=True, slots=True)
class Regular:
    """
    What a file turned out to be.

    Args:
        encoding: "utf-8" or "gb18030".
        delimiter: Between the columns of the regular file.
        columns: Number of columns in the header.
        open_end: The last row where no line end follows it, else None; the file may have been cut there.
    """

    encoding: str
    delimiter: str
    columns: int
    open_end: tuple[str, ...] | None


class _Undecodable(Exception):
    """The bytes are not in the encoding that was tried."""

    def __init__(self, *, line: int, telling: int, at_end: bool) -> None:
        super().__init__()
        self.line, self.telling, self.at_end = line, telling, at_end


def regularise(
    path: Path, target: Path, accept: Accept, *, encoding: str | None, delimiter: str, progress: Callable[[int], None]
) -> Regular:
    """
    Write the rows of a CSV file without its header: row number, delimiter, columns. The header is row 1.

    A row with another number of columns becomes an empty one with its row number negated. Blank lines are left out.

    Args:
        target: File to write.
        accept: Called with the header; raises where it is of no use.
        encoding: "utf-8" or "gb18030"; None: found out.
        progress: Called with the number of bytes read since its last call.

    Raises:
        HefuError: FILE_UNREADABLE, FILE_EMPTY, FILE_TRUNCATED, BAD_ENCODING, BAD_CSV or NO_ROOM.
    """
    try:
        quoted = _survey(path)
    except OSError:
        raise problem("FILE_UNREADABLE", path.name) from None
    cut, line = False, 0
    try:
        for name in (encoding,) if encoding else ("utf-8", "gb18030"):
            with target.open("wb") as out:
                try:
                    write = _write_quoted if quoted else _write_plain
                    return write(path, name, _lines(path, name, progress), out, accept, delimiter)
                except _Undecodable as error:
                    cut, line = cut or error.at_end, max(line, error.line)
                    if error.telling >= _TELLING_CHARACTERS:
                        break
    except OSError:
        # The source has just been read from end to end, so it is the target that fails.
        raise problem("NO_ROOM") from None
    raise problem("FILE_TRUNCATED" if cut else "BAD_ENCODING", f"{path.name}, line {line}")


def _survey(path: Path) -> bool:
    # Neither encoding uses the bytes of quote and zero inside another character.
    quoted = False
    with path.open("rb") as file:
        start = file.read(4)
        if not start:
            raise problem("FILE_EMPTY", path.name)
        if start.startswith(_FOREIGN_MARKS):
            raise problem("BAD_ENCODING", path.name, "UTF-16 or UTF-32")
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            quoted = quoted or b'"' in chunk
            if b"\0" in chunk:
                raise problem("BAD_CSV", path.name, "it holds a zero byte")
    return quoted


def _lines(path: Path, encoding: str, progress: Callable[[int], None]) -> Lines:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    rest, line, telling, first, final = "", 1, 0, True, False
    with path.open("rb") as file:
        while not final:
            raw = file.read(CHUNK_BYTES)
            final = not raw
            try:
                text = decoder.decode(raw, final)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding, "ignore")
                raise _Undecodable(
                    line=line + before.count("\n"), telling=telling + _beyond_ascii(before), at_end=final
                ) from None
            progress(len(raw))
            if encoding == "utf-8" and telling < _TELLING_CHARACTERS:
                telling += _beyond_ascii(text)
            text, first = (text.removeprefix("\ufeff") if first else text), first and not text
            lines, rest = _split(rest + text, final)
            if (lines and max(map(len, lines)) > ROW_LENGTH_MAX) or len(rest) > ROW_LENGTH_MAX:
                raise problem("BAD_CSV", f"{path.name}, after row {line}", "a row is too long")
            line += len(lines)
            yield lines, False
    if rest:
        yield [rest], True


def _split(text: str, final: bool) -> tuple[list[str], str]:
    """Whole lines and what is left; a carriage return at the end waits for the line feed that may follow."""
    if "\r" in text:
        held = "\r" if text.endswith("\r") and not final else ""
        text = text[: len(text) - len(held)].replace("\r\n", "\n").replace("\r", "\n") + held
    lines = text.split("\n")
    return lines, lines.pop()


def _beyond_ascii(text: str) -> int:
    return 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))


def _write_plain(path: Path, encoding: str, chunks: Lines, out: BinaryIO, accept: Accept, delimiter: str) -> Regular:
    row, columns, open_end = 1, 0, None
    for lines, is_open in chunks:
        if row == 1 and lines:
            header = lines.pop(0).split(delimiter)
            accept(header)
            columns, row = len(header), 2
        inner = columns - 1
        # The whole list in one go is three times as fast as a loop that looks at each line.
        regular = [f"{i}{delimiter}{line}" for i, line in enumerate(lines, row) if line.count(delimiter) == inner]
        if len(regular) < len(lines):
            regular = [
                f"{i}{delimiter}{line}" if line.count(delimiter) == inner else f"-{i}{delimiter * columns}"
                for i, line in enumerate(lines, row)
                if line.strip()
            ]
        row += len(lines)
        _write(out, regular, path, row)
        if is_open and row > 2 and lines and lines[-1].strip():
            open_end = tuple(lines[-1].split(delimiter))
    return Regular(encoding, delimiter, columns, open_end)


def _write_quoted(path: Path, encoding: str, chunks: Lines, out: BinaryIO, accept: Accept, delimiter: str) -> Regular:
    open_line = False

    def fed() -> Iterator[str]:
        nonlocal open_line
        for lines, open_line in chunks:
            for line in lines:
                yield line if open_line else line + "\n"

    row, columns, fields, regular = 0, 0, list[str](), list[str]()
    try:
        for row, read in enumerate(csv.reader(fed(), delimiter=delimiter, strict=True), 1):
            if row == 1:
                accept(read)
                columns = len(read)
                continue
            fields = read
            if len(fields) == columns:
                line = f"{row}{UNIT_SEPARATOR}{UNIT_SEPARATOR.join(fields)}"
                is_plain = line.count(UNIT_SEPARATOR) == columns and "\n" not in line
                regular.append(line if is_plain else _flat(row, fields))
            elif len(fields) > 1 or any(map(str.strip, fields)):
                regular.append(f"-{row}{UNIT_SEPARATOR * columns}")
            if len(regular) == 10_000:
                _write(out, regular, path, row)
                regular.clear()
    except csv.Error as error:
        cut = "unexpected end" in str(error)
        raise problem("FILE_TRUNCATED" if cut else "BAD_CSV", f"{path.name}, row {row + 1}") from None
    _write(out, regular, path, row)
    return Regular(encoding, UNIT_SEPARATOR, columns, tuple(fields) if open_line and row > 1 else None)


def _flat(row: int, fields: Sequence[str]) -> str:
    return UNIT_SEPARATOR.join([str(row), *(f.replace(UNIT_SEPARATOR, " ").replace("\n", " ") for f in fields)])


def _write(out: BinaryIO, lines: Sequence[str], path: Path, row: int) -> None:
    if not lines:
        return
    try:
        out.write(("\n".join(lines) + "\n").encode())
    except UnicodeEncodeError:  # Half of a surrogate pair, which GB18030 can write and no text holds.
        raise problem("BAD_ENCODING", f"{path.name}, before row {row}") from None
