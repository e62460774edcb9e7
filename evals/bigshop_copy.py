"""Rows from arrays into PostgreSQL by its binary COPY, which is several times as fast as text.

The format is the one that PostgreSQL's manual gives under COPY: a signature, then for each row the
number of its fields and for each field its length and its bytes, all big-endian.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection, Copy, sql

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"


class ArrayCopy:
    """Copies arrays into the columns of one table, which is emptied first, in the connection's transaction.

    `columns`: name and NumPy type of each, as PostgreSQL stores it: '>i4' integer, '>i8' bigint or
    timestamp (microseconds since 2000), '>f8' double precision, 'S9' a text of just nine bytes.
    """

    def __init__(self, connection: Connection[Any], table: str, columns: Sequence[tuple[str, str]]) -> None:
        fields: list[tuple[str, str]] = [("fields", ">i2")]
        for name, kind in columns:
            fields += [(f"{name} length", ">i4"), (name, kind)]
        self._row = np.dtype(fields)
        self._names = [name for name, _ in columns]
        self._cursor = connection.cursor()
        # Emptied in the same transaction, the table's new pages need no log and can be written frozen,
        # so that no later reader has to mark them.
        self._cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
        names = sql.SQL(", ").join(map(sql.Identifier, self._names))
        command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY, FREEZE)").format(
            sql.Identifier(table), names
        )
        self._context = self._cursor.copy(command)
        self._copy: Copy

    def __enter__(self) -> "ArrayCopy":
        self._copy = self._context.__enter__()
        self._copy.write(SIGNATURE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._copy.write(END)
        self._context.__exit__(kind, error, trace)
        self._cursor.close()

    def write(self, **arrays: NDArray[Any]) -> None:
        """Add rows: an array of the same length for each column."""
        rows = np.empty(len(arrays[self._names[0]]), dtype=self._row)
        rows["fields"] = len(self._names)
        for name in self._names:
            rows[f"{name} length"] = rows.dtype[name].itemsize
            rows[name] = arrays[name]
        self._copy.write(rows.tobytes())
