"""Tables of an evaluation, as a spreadsheet and as data frames read them."""

import builtins
import csv

import pytest

from dystrack.tools.kit.evaluation.kept_rows import write_tables

ROWS = [
    {"sample": "ä.tif", "stress": "as it is", "z": 1.5, "error": "", "has_target": True},
    {"sample": "b.tif", "stress": "empty", "error": "Nothing; there, is", "has_target": False},
]


def test_rows_become_a_table_that_a_spreadsheet_opens(tmp_path, monkeypatch):
    usual = builtins.__import__

    def without_pandas(name, *others, **more):
        if name == "pandas":
            raise ImportError(name)
        return usual(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    (path,) = write_tables(ROWS, tmp_path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # so that Excel reads it as UTF-8
    with path.open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["sample"], first["z"], second["z"]) == ("ä.tif", "1.5", "")
    assert second["error"] == "Nothing; there, is"


def test_where_pandas_can_write_it_there_is_a_parquet_file_too(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    _, path = write_tables(ROWS, tmp_path)
    read = pandas.read_parquet(path)
    assert list(read["sample"]) == ["ä.tif", "b.tif"]
    assert read["z"].isna().tolist() == [False, True]
    assert read["has_target"].dtype == bool
