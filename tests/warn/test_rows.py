"""What all kinds of ``chengyun warn`` share: rows that are refused, files that appear whole."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.cli.root import root
from agents.warn.rows import STANDARD, Column, integer, json_lines, number, read_rows, word
from schemas.errors import InputError

COLUMNS = (
    Column("place", word, "a name"),
    Column("n", integer, "an integer from 0"),
    Column("level", number, "a finite number"),
)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    path = _file(tmp_path, "n,note,place,level\n3,x,a,1.5\n\n4,,b,2\n")
    assert [tuple(row) for row in read_rows(path, COLUMNS)] == [
        (2, ("a", 3, 1.5)),
        (4, ("b", 4, 2.0)),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1, header: got '', wanted the columns place,n,level"),
        ("place,n\na,1\n", "line 1, header: got 'place,n', wanted the columns"),
        ("place,n,n,level\na,1,1,1\n", "line 1, header"),
        ("place,n,level\na,1,1\na,-1,1\n", "line 3, n: got '-1', wanted an integer from 0"),
        ("place,n,level\na,1.0,1\n", "line 2, n: got '1.0'"),
        ("place,n,level\na,1_0,1\n", "line 2, n: got '1_0'"),
        ("place,n,level\na,1,nan\n", "line 2, level: got 'nan', wanted a finite number"),
        ("place,n,level\n ,1,1\n", "line 2, place: got ' ', wanted a name"),
        ("place,n,level\na,1\n", "line 2, row: got 'a,1', wanted 3 fields"),
        ('place,n,level\n"a,1,2\n', "line 2, row: got 'unexpected end of data'"),
    ],
)
def test_a_wrong_row_names_line_got_and_wanted(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        list(read_rows(_file(tmp_path, text), COLUMNS))
    assert told in str(caught.value)
    assert "Operator action" in str(caught.value)


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"place,n,level\n" + b"a,1,1\n" * 40 + b"\xff,1,1\n")
    with pytest.raises(InputError, match=r"line 42, row: .* wanted UTF-8"):
        list(read_rows(path, COLUMNS))


def test_a_byte_order_mark_before_standard_input_is_no_part_of_the_header(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typed = TextIOWrapper(BytesIO(b"\xef\xbb\xbfplace,n,level\r\na,1,2\r\n"))
    monkeypatch.setattr("sys.stdin", typed)
    assert [row.values for row in read_rows(STANDARD, COLUMNS)] == [("a", 1, 2.0)]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wanted a readable CSV file"):
        list(read_rows(tmp_path / "none.csv", COLUMNS))


def test_answers_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    bad = Column("n", integer, "an integer from 0")
    rows = read_rows(_file(tmp_path, "n\n1\n2\nx\n"), [bad])
    with pytest.raises(InputError), json_lines(out) as write:
        [write({"n": row.values[0]}) for row in rows]
    (tmp_path / "rows.csv").unlink()
    assert list(tmp_path.iterdir()) == []
    with json_lines(out) as write:
        write({"a": 1})
        write({"a": None})
    assert out.read_text() == '{"a":1}\n{"a":null}\n'
    assert list(tmp_path.iterdir()) == [out]


def test_answers_do_not_replace_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    told = "answers: got Is a directory, wanted a file"
    with pytest.raises(InputError, match=told), json_lines(folder) as write:
        write({"a": 1})
    assert list(tmp_path.iterdir()) == [folder]


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="after --out"), json_lines(tmp_path / "no" / "out"):
        raise AssertionError("no file to write to")


@pytest.mark.parametrize(
    ("words", "head"),
    [
        (["counts", "--bin", "day"], "series,t,count"),
        (["sensor"], "timestamp,value"),
        (["space"], "day,x_km,y_km"),
        (["repeat"], "day,place,street"),
        (["chain"], "hour,area,type"),
        (["level", "--threshold", "3"], "sensor,i,level"),
    ],
)
def test_a_header_alone_is_a_quiet_city(tmp_path: Path, words: list[str], head: str) -> None:
    source, target = _file(tmp_path, head + "\n"), tmp_path / "answers.jsonl"
    answer = CliRunner().invoke(root, ["warn", *words, "--in", str(source), "--out", str(target)])
    assert answer.exit_code == 0, answer.output
    assert target.read_bytes() == b""
