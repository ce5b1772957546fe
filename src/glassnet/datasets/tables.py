"""Reading a table from a CSV or a Parquet file into a pyarrow.Table."""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from glassnet.datasets._files import opened, read_up_to, reason, regular_file
from glassnet.errors import DataError, MissingDependencyError

if TYPE_CHECKING:
    import pyarrow

__all__ = ["MISSING", "read_table"]

MISSING = ("", "NA", "N/A", "#N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "?")
"""Cells of a CSV file that count as missing."""

_DELIMITERS = ",;\t|"
_SAMPLE = 4 << 20  # bytes that are looked at to find delimiter and header
_SAMPLE_ROWS = 100
_BLOCK = 16 << 20  # bytes that pyarrow parses at a time; no row may be longer
_MOST_UNPACKED = 4 << 30  # bytes that a gzip file may unpack to
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_DECIMAL_POINT = re.compile(r"\s*[+-]?\d+\.\d+\s*")


class _Dialect(NamedTuple):
    delimiter: str
    decimal_point: str
    names: list[str]


def read_table(path: str | PathLike[str]) -> pyarrow.Table:
    """Read a CSV or Parquet file whole, with one type for each column.

    Parquet is told by its first bytes. Anything else is read as CSV, plain or gzip:

    - UTF-8 text, with or without a byte-order mark; a header row, then rows of as many cells.
    - The delimiter is the one of comma, semicolon, tab and bar that splits the first 100 rows most
      evenly. In a semicolon file whose numbers are written 1,5 the comma is the decimal point.
    - Cells may stand in double quotes, and then hold delimiters, line breaks and doubled quotes.
    - Spaces around names and text cells are dropped.
    - Cells that are empty or one of :data:`MISSING` (NA, NaN, null, ?, ...) are null.
    - The type of a column is the narrowest that holds all its rows: int64, bool, date, time,
      timestamp, float64, else text. A column without any value has the type null.

    A header that is all numbers, as of a file without one, is a warning.

    Args:
        path: the file.

    Returns:
        A ``pyarrow.Table`` of at least one row.

    Raises:
        DataError: no such file, a folder, no rows, rows of different lengths, columns of the same name
            or without one, text that is not UTF-8, a quote that is never closed, or a damaged file.
            The message names the file, and the line where it can.
        MissingDependencyError: pyarrow is missing.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "people.csv")
    ...     size = file.write_text("age;height\\n30;1,80\\n?;1,75\\n")
    ...     read_table(file).to_pylist()
    [{'age': 30, 'height': 1.8}, {'age': None, 'height': 1.75}]
    """
    try:
        import pyarrow
    except ImportError as error:
        raise MissingDependencyError('Reading tables needs pyarrow: pip install "glassnet[data]".') from error
    file = regular_file(path)
    with opened(file) as stream:
        start = stream.read(4)
        stream.seek(0)
        if not start:
            raise DataError(f"{file} is empty.")
        try:
            if start == b"PAR1":
                table = _read_parquet(stream)
            elif file.suffix.lower() in (".parquet", ".pq"):
                raise DataError(f"{file} is not a Parquet file: it does not begin with PAR1.")
            else:
                table = _read_csv(_seekable(stream, file), file)
        except (pyarrow.ArrowException, ValueError, OverflowError, MemoryError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(f"{file} cannot be read: {reason(error)}.") from error
    _check_names(table.column_names, file)
    if not table.num_rows:
        raise _no_rows(file)
    return table


def _read_parquet(stream: io.BufferedIOBase) -> pyarrow.Table:
    from pyarrow import parquet

    return parquet.ParquetFile(stream).read()


def _read_csv(stream: io.BufferedIOBase, file: Path) -> pyarrow.Table:
    from pyarrow import ArrowInvalid
    from pyarrow import csv as arrow_csv

    dialect = _sniff(stream, file)
    _check_names(dialect.names, file)
    _warn_of_numbers(dialect, file)
    _check_quotes(stream, dialect.delimiter, file)
    stream.seek(0)
    try:
        table = arrow_csv.read_csv(
            stream,
            read_options=arrow_csv.ReadOptions(block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                null_values=[space + word for word in MISSING for space in ("", " ")],
                strings_can_be_null=True,
                decimal_point=dialect.decimal_point,
            ),
        )
    except ArrowInvalid as error:
        _blame_a_row(stream, dialect, file)
        if "straddling" in str(error):
            raise DataError(f"{file} has a row of more than {_BLOCK >> 20} MiB.") from None
        raise
    if any(str(column.type) == "binary" for column in table.itercolumns()):
        raise _not_utf8(stream, file)
    return _tidied(table.rename_columns(dialect.names))


def _tidied(table: pyarrow.Table) -> pyarrow.Table:
    """Text without the spaces around it; what is missing then is null."""
    import pyarrow
    from pyarrow import compute

    missing = pyarrow.array(MISSING)
    for index, field in enumerate(table.schema):
        if pyarrow.types.is_string(field.type):
            text = compute.utf8_trim_whitespace(table.column(index))
            known = compute.if_else(compute.is_in(text, missing), None, text)
            table = table.set_column(index, field.name, known)
    return table


def _sniff(stream: io.BufferedIOBase, file: Path) -> _Dialect:
    sample = stream.read(_SAMPLE)
    if b"\0" in sample or sample.startswith((b"PK\3\4", b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{file} is not a CSV file in UTF-8; export it again as CSV, in UTF-8.")
    cut = len(sample) == _SAMPLE
    if cut:
        sample = sample[: max(sample.rfind(b"\n"), sample.rfind(b"\r")) + 1]
    try:
        text = sample.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _not_utf8(stream, file) from None
    best: tuple[float, int] = (0.0, 0)
    dialect = None
    for delimiter in _DELIMITERS:
        rows = _rows(text, delimiter)
        if not rows or not rows[0]:
            continue
        if len(rows) == 1 and not cut:
            raise _no_rows(file)
        width = len(rows[0])
        even = sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0
        if dialect is None or (even, width) > best:
            best = (even, width)
            dialect = _Dialect(delimiter, _decimal_point(rows[1:], delimiter), [n.strip() for n in rows[0]])
    if dialect is None:
        fault = f"its first row is longer than {_SAMPLE >> 20} MiB" if cut else "it has no header row"
        raise DataError(f"{file} is not a CSV file: {fault}.")
    return dialect


def _rows(text: str, delimiter: str) -> list[list[str]]:
    rows = []
    try:
        for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), _SAMPLE_ROWS):
            if row:
                rows.append(row)
    except csv.Error:  # a cell beyond csv's limit: the rest stands as one empty row
        rows.append([])
    return rows


def _decimal_point(rows: list[list[str]], delimiter: str) -> str:
    cells = [cell for row in rows for cell in row] if delimiter == ";" else []
    commas = any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return "," if commas and not any(_DECIMAL_POINT.fullmatch(cell) for cell in cells) else "."


def _check_names(names: list[str], file: Path) -> None:
    if not names:
        raise DataError(f"{file} has no columns.")
    for index, name in enumerate(names):
        if not name:
            raise DataError(f"{file}: column {index + 1} of {len(names)} has no name in the header.")
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        numbers = all(map(_is_number, names))
        hint = " Its first row is all numbers: is a header row lacking?" if numbers else ""
        raise DataError(f"{file} has {count} columns called {name!r}; give every column its own name.{hint}")


def _warn_of_numbers(dialect: _Dialect, file: Path) -> None:
    """A header of numbers is data, most likely; but not 0, 1, 2, ..., which number the columns."""
    names = [name.replace(dialect.decimal_point, ".") for name in dialect.names]
    counts = [[str(i + first) for i in range(len(names))] for first in (0, 1)]
    if all(map(_is_number, names)) and not (len(names) > 2 and names in counts):
        warnings.warn(
            f"The first row of {file} is all numbers; it is read as the header. If it is data, add a "
            "header row.",
            stacklevel=4,
        )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _check_quotes(stream: io.BufferedIOBase, delimiter: str, file: Path) -> None:
    """An open quote would swallow the rest of the file without a word."""
    stream.seek(0)
    quotes = sum(piece.count(b'"') for piece in iter(lambda: stream.read(1 << 20), b""))
    if quotes % 2 == 0:
        return
    line = 0
    with _reader(stream, delimiter, strict=True) as rows:
        try:
            for _ in rows:
                line = rows.line_num
        except csv.Error:
            raise DataError(f"{file}, line {line + 1}: a cell's quote is never closed.") from None


def _blame_a_row(stream: io.BufferedIOBase, dialect: _Dialect, file: Path) -> None:
    """Name the first row whose cells do not match the header, if there is one."""
    width = len(dialect.names)
    line = 0
    with _reader(stream, dialect.delimiter) as rows:
        try:
            for row in rows:
                if row and len(row) != width:
                    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
                    raise DataError(f"{file}, line {line + 1}: {cells}, but the header has {width}.")
                line = rows.line_num
        except csv.Error as error:
            raise DataError(f"{file}, line {line + 1}: {error}.") from None


@contextmanager
def _reader(stream: io.BufferedIOBase, delimiter: str, strict: bool = False) -> Iterator[Any]:
    stream.seek(0)
    text = io.TextIOWrapper(cast("IO[bytes]", stream), encoding="utf-8-sig", errors="replace", newline="")
    try:
        yield csv.reader(text, delimiter=delimiter, strict=strict)
    finally:
        text.detach()  # or it would close the stream


def _not_utf8(stream: io.BufferedIOBase, file: Path) -> DataError:
    stream.seek(0)
    where = ""
    for number, line in enumerate(stream, start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            where = f", line {number}"
            break
    return DataError(f"{file}{where}: not UTF-8 (Latin-1, perhaps); convert the file to UTF-8.")


def _seekable(stream: io.BufferedIOBase, file: Path) -> io.BufferedIOBase:
    if not isinstance(stream, gzip.GzipFile):
        return stream
    content = read_up_to(stream, _MOST_UNPACKED + 1)
    if len(content) > _MOST_UNPACKED:
        raise DataError(f"{file} unpacks to more than {_MOST_UNPACKED >> 30} GiB; use Parquet for it.")
    return io.BytesIO(content)


def _no_rows(file: Path) -> DataError:
    return DataError(f"{file} has a header, but no rows.")
