"""What `envdoctor explain` prints."""

from __future__ import annotations

import json
import re

import pytest

from envdoctor.cli import main
from envdoctor.core.data import DATA, built_in_folders, load_file
from envdoctor.doctor.explain import explanations


def test_a_code_is_explained_in_words(capsys):
    assert main(["explain", "hst004"]) == 0
    first, title, _, *text = capsys.readouterr().out.splitlines()
    assert first == "HST004 glibc-too-old (Host)"
    assert title.endswith(".")
    assert text


def test_long_lines_are_wrapped_to_the_window(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    assert main(["explain", "recurrent-layer-crash"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if not line.startswith("  https://")) <= 50
    assert any("unroll=True" in line for line in lines)


def test_problems_that_share_a_name_are_told_one_after_the_other(capsys):
    assert main(["explain", "operator-unknown"]) == 0
    heads = re.findall(r"^(?:MDL|RUN)\d{3} operator-unknown", capsys.readouterr().out, re.MULTILINE)
    assert len(heads) == 2


@pytest.mark.slow
def test_without_a_code_all_are_listed_by_family(capsys):
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Host"
    assert any(line.startswith("  RUN010  ") for line in lines)


@pytest.mark.slow
def test_json_holds_the_same(capsys):
    assert main(["explain", "HST004", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["code"], one["name"], one["family"]) == ("HST004", "glibc-too-old", "Host")
    assert main(["explain", "--json"]) == 0
    assert one in json.loads(capsys.readouterr().out)


def test_an_unknown_code_is_a_usage_problem(capsys):
    assert main(["explain", "HST999"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("envdoctor: 'HST999' is no code")


@pytest.mark.parametrize("word", ["pkg1", "PKG01", "pkg-1"])
def test_a_code_with_too_few_digits_is_understood(word, capsys):
    assert main(["explain", word]) == 2
    assert "did you mean PKG001?" in capsys.readouterr().err


def test_every_code_names_where_what_it_speaks_of_is_described():
    """A table may also name a code that is no more, which helps nobody."""
    known = {one.code: one.sources for one in explanations()}
    assert [code for code, sources in known.items() if not sources] == []
    assert all(address.startswith("https://") for sources in known.values() for address in sources)
    tables = [file for folder in (DATA, *built_in_folders()) for file in folder.glob("sources.toml")]
    named = {code for file in tables for codes in load_file(file).values() for code in codes.split()}
    assert sorted(named - known.keys()) == []


def test_the_sources_are_shown(capsys):
    assert main(["explain", "PYT007"]) == 0
    assert capsys.readouterr().out.endswith("\nSources:\n  https://peps.python.org/pep-0668/\n")
