"""From what a person types to the questions of a table."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from envdoctor.availability.table import Terms, parse_as_of, parse_constraints, parse_requirements, questions, rows
from envdoctor.core.errors import UsageProblem
from index_wheels import publish


def versions(catalogue, line, **how):
    return [str(version) for version in rows(catalogue, parse_requirements([line])[0], **how)]


def test_rows_are_stable_versions_newest_first(server, catalogue):
    for version in ("1.9", "1.10", "2.0rc1", "2.1.dev3"):
        publish(server, "app", version)
    publish(server, "app", "1.8", yanked="broken")
    assert versions(catalogue, "app") == ["1.10", "1.9"]
    assert versions(catalogue, "app>=1.10") == ["1.10"]
    assert versions(catalogue, "app==2.0rc1") == ["2.0rc1"]
    assert versions(catalogue, "app==1.8") == ["1.8"]
    assert versions(catalogue, "app", pre_releases=True) == ["2.1.dev3", "2.0rc1", "1.10", "1.9"]


def test_pre_releases_are_rows_if_there_is_nothing_else(server, catalogue):
    publish(server, "app", "1.0rc1")
    assert versions(catalogue, "app") == ["1.0rc1"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("absent", "No index has a package called absent; is it spelled right\\? Asked: http"),
        ("app==9", "No index has app==9; nearest: 1.0\\.$"),
        ("app==0.5", "No index has app==0.5; nearest: 1.0\\.$"),
        ("app>2", "No index has app>2; newest: 1.0\\.$"),
    ],
)
def test_no_rows(server, catalogue, line, reason):
    publish(server, "app", "1.0")
    with pytest.raises(UsageProblem, match=reason):
        versions(catalogue, line)


def test_questions_pin_the_row_and_keep_what_stands_beside(target):
    from packaging.version import Version

    mac, linux = target("macos-arm64-cp311"), target("linux-x86_64-cp312")
    terms = Terms(constraints=("numpy<2",), explained=linux)
    asked = list(
        questions([Version("2"), Version("1")], [mac, linux], parse_requirements(["app[b,a]>=1", "tensorflow"]), terms)
    )
    assert [(one.version, one.question.target, one.explained) for one in asked] == [
        ("2", mac, False),
        ("2", linux, True),
        ("1", mac, False),
        ("1", linux, True),
    ]
    assert asked[0].question.requirements == ("app[a,b]==2", "tensorflow")
    assert asked[0].question.constraints == ("numpy<2",)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-12-20", datetime(2025, 12, 21, tzinfo=timezone.utc)),
        ("2025-12-20T12:00:00Z", datetime(2025, 12, 20, 12, tzinfo=timezone.utc)),
        ("2025-12-20T12:00:00+02:00", datetime(2025, 12, 20, 10, tzinfo=timezone.utc)),
    ],
)
def test_a_day_counts_to_its_end(text, moment):
    assert parse_as_of(text) == moment


def test_the_last_day_of_the_calendar_has_no_end():
    assert parse_as_of("9999-12-31") == datetime(9999, 12, 31, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2025-13-01", "", "2025-12", "20251220", "2025-W51-6", "2025-12-20Z", "9999-12-31T23:59-10:00"],
)
def test_no_day(text):
    with pytest.raises(UsageProblem, match="no date"):
        parse_as_of(text)


def test_constraints_of_a_file(tmp_path):
    file = tmp_path / "constraints.txt"
    file.write_text("# pins\nnumpy<2  # old\n\nkeras==3.0 \\\n    --hash=sha256:00\n")
    assert parse_constraints(file) == ("numpy<2", "keras==3.0")
    file.write_text("# nothing\n")
    assert parse_constraints(file) == ()
    file.write_text("-r other.txt\n")
    with pytest.raises(UsageProblem, match=r"constraints\.txt, line 1: the option '-r other\.txt' is no constraint"):
        parse_constraints(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("numpy<2\n\nno sense !!\n", "line 3: 'no sense !!' is no requirement"),
        ("numpy \\\n  <2\n-e .\n", "line 3: the option '-e .'"),
        ("numpy @ https://example.org/x.whl", "line 1: .* names an address"),
        ("numpy[x]<2", "line 1: .* names extras"),
        ("numpy<2\xff".encode("latin-1"), "are no UTF-8 text"),
    ],
)
def test_a_line_that_is_no_constraint_is_named(tmp_path, text, said):
    file = tmp_path / "c.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageProblem, match=said) as raised:
        parse_constraints(file)
    assert "c.txt" in str(raised.value)


@pytest.mark.parametrize("name", ["absent.txt", "."])
def test_constraints_that_can_not_be_read(tmp_path, name):
    with pytest.raises(UsageProblem, match=r"can't be read: [^\[]+$"):
        parse_constraints(tmp_path / name)


@pytest.mark.parametrize("lines", [[], ["app=1"], ["not a requirement"]])
def test_no_requirements(lines):
    with pytest.raises(UsageProblem):
        parse_requirements(lines)


def test_constraints_may_name_other_files_and_never_themselves(tmp_path):
    (tmp_path / "first.txt").write_text("numpy<2\n-c more/second.txt\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "second.txt").write_text("--constraint third.txt\nkeras==3.0\n")
    (tmp_path / "more" / "third.txt").write_text("idna<3.5\n")
    assert parse_constraints(tmp_path / "first.txt") == ("numpy<2", "idna<3.5", "keras==3.0")
    (tmp_path / "more" / "third.txt").write_text("-cthird.txt\n")
    with pytest.raises(UsageProblem, match="include themselves"):
        parse_constraints(tmp_path / "first.txt")
