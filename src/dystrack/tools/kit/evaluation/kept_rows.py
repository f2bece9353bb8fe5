"""Rows that are kept line by line, so that an evaluation goes on where it was stopped."""

import contextlib
import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dystrack.core.errors import FolderError

__all__ = ["KeptRows", "Row", "write_tables"]

Row = Mapping[str, Any]


class KeptRows:
    """The rows of an evaluation, in a file of one JSON line each.

    Parameters
    ----------
    path : Path
        The file; it is continued if it is there.

    Raises
    ------
    FolderError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[str, Row] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8"):
                pass
            self._read()
        except OSError as error:
            msg = f"{path} cannot be written: {error}. Give another folder with --into."
            raise FolderError(msg) from error

    def __contains__(self, key: str) -> bool:
        """Say whether a case has its row."""
        return key in self._rows

    def of(self, keys: Iterable[str]) -> list[Row]:
        """Return the rows of cases, in their order; those without a row are left out."""
        return [self._rows[key] for key in keys if key in self._rows]

    def add(self, row: Row) -> None:
        """Keep a row, at once."""
        self._rows[row["key"]] = row
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(row) + "\n")

    def _read(self) -> None:
        text = self._path.read_text("utf-8", errors="replace")
        for line in text.splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):  # a line that was cut off
                row = json.loads(line)
                self._rows[row["key"]] = row
        if text and not text.endswith("\n"):
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n")


def write_tables(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write rows as CSV, and as Parquet where pandas can do that.

    Parameters
    ----------
    rows : sequence of mapping
        The rows.
    folder : Path
        Where the tables go.

    Returns
    -------
    list of Path
        The tables.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = folder / "results.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    paths = [table]
    with contextlib.suppress(ImportError):
        import pandas as pd  # noqa: PLC0415 - used if it is there

        parquet = folder / "results.parquet"
        pd.DataFrame(rows, columns=columns).to_parquet(parquet)
        paths.append(parquet)
    return paths
