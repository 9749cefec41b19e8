"""A RECORD that is empty or cut short is told from one that is whole, as installers write it."""

import os

import pytest

from asking import ask
from envdoctor.core.finding import Severity
from shared_data import shared
from sites import Site, facts_of

WARNING = Severity.WARNING
FILES = {"foo/__init__.py": "", "foo/a.py": "", "foo/zeta/__init__.py": "", "foo/zeta/last.py": "", "foo/zz.py": ""}


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


@pytest.fixture
def info(site):
    """A distribution whose RECORD is sorted by path, as pip and uv have it."""
    info = site.install("foo", files=FILES)
    rewrite(info, sorted(rows(info)))
    return info


def rows(info):
    return (info / "RECORD").read_text().splitlines()


def rewrite(info, lines):
    (info / "RECORD").write_text("".join(f"{line}\n" for line in lines))


def problem_of(site):
    (record,) = facts_of(site).records.records
    return record.problem


def test_a_whole_one_is_whole_sorted_or_not(site, info):
    assert problem_of(site) == ""
    rewrite(info, reversed(rows(info)))
    assert problem_of(site) == ""


@pytest.mark.parametrize("content", ["", "\n", "\r\n\r\n"])
def test_an_empty_one_is_damaged(site, info, content):
    (info / "RECORD").write_text(content)
    assert problem_of(site) == "is empty"
    (finding,) = ask("PKG011", facts_of(site))
    assert finding.message == "The RECORD of foo 1.0 is empty."


@pytest.mark.parametrize("name", ["RECORD", "METADATA", "WHEEL"])
def test_one_that_lacks_its_own_is_damaged(site, info, name):
    rewrite(info, [row for row in rows(info) if f"dist-info/{name}" not in row])
    assert problem_of(site).startswith(f"does not list foo-1.0.dist-info/{name}")


def test_cut_after_any_whole_row_it_is_damaged(site, info):
    whole = [row for row in rows(info) if ".pyc" not in row]
    for count in range(len(whole)):
        rewrite(info, whole[:count])
        assert problem_of(site), whole[:count]
    rewrite(info, whole)
    assert problem_of(site) == ""


def test_cut_when_it_is_not_sorted_it_is_damaged_or_what_it_lacks_is_told(site, info):
    whole = [row for row in rows(info) if ".pyc" not in row]
    own = [row for row in whole if "dist-info" in row]
    code = [row for row in whole if "dist-info" not in row]
    for count in range(1, len(code)):
        rewrite(info, own + code[::-1][:count])
        (record,) = facts_of(site).records.records
        findings = ask("PKG011", facts_of(site))
        assert [one.severity is WARNING for one in findings] == [bool(record.problem)]
        assert bool(record.problem) is (count <= len(code) // 2)
        assert "foo/__init__.py" in findings[0].evidence[0].excerpt


def test_what_a_row_was_lost_for_is_looked_at(site):
    info = site.install("foo", files={"foo/__init__.py": "", "foo/b.py": "", "foo/x.so": b"text"})
    rewrite(info, [row for row in rows(info) if "x.so" not in row])
    assert [one.path for one in facts_of(site).natives.files] == [str(site.path / "foo/x.so")]
    assert [one.severity for one in ask("PKG017", facts_of(site))] == [WARNING]


def test_what_a_program_makes_later_in_its_folder_is_no_loss(site, info):
    late = site.path / "foo" / "zzz_generated.py"
    late.touch()
    os.utime(late, (2**32, 2**32))
    assert problem_of(site) == ""


def test_nor_is_what_another_one_lists(site, info):
    site.install("foo-plugin", files={"foo/zzz_plugin.py": ""})
    os.utime(info / "RECORD", (2**32, 2**32))
    assert [one.problem for one in facts_of(site).records.records] == ["", ""]


def test_editable_installs_and_conda_s_keep_their_ways(site, tmp_path):
    info = site.install_editable("foo", tmp_path)
    rewrite(info, [str(info / row) if "RECORD" in row else row for row in (rows(info))])
    (info / "RECORD").write_text((info / "RECORD").read_text().replace(f"{info.name}/", f"{info}/"))
    (info / "WHEEL").unlink()  # poetry writes none
    other = site.install("bar", installer="conda")
    rewrite(other, [row for row in rows(other) if "dist-info" not in row])
    assert [one.problem for one in facts_of(site).records.records] == ["", ""]


def test_native_files_beside_a_damaged_one_are_looked_at(site):
    info = site.install("foo", files={"foo/__init__.py": "", "foo/x.so": b"text"})
    rewrite(info, [])
    assert [one.path for one in facts_of(site).natives.files] == [str(site.path / "foo/x.so")]


@pytest.mark.parametrize("name", ["record-915faa59.bin", "record-aa636f47.bin"])
def test_recorded_damage_costs_one_distribution(site, info, name):
    site.install("bar")
    (info / "RECORD").write_bytes((shared("data/reports/damaged") / name).read_bytes())
    bad, good = sorted(facts_of(site).records.records, key=lambda one: one.problem == "")
    assert bad.problem
    assert good.distribution.name == "bar"
