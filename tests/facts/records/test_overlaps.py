"""Two distributions in one folder, installed one over the other as installers do."""

import pytest

from envdoctor.facts.records import overlaps as module
from envdoctor.facts.records.hashes import Budget
from sites import Site, facts_of


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


def test_the_last_one_installed_is_there(site):
    site.install("keras", files={"keras/__init__.py": "stable", "keras/a.py": "same", "keras/b.py": "12"})
    site.install("keras-nightly", files={"keras/__init__.py": "nightly", "keras/a.py": "same", "keras/b.py": "21"})
    records = facts_of(site).records
    (overlap,) = records.overlaps
    assert (overlap.first.name, overlap.second.name) == ("keras", "keras-nightly")
    assert overlap.paths == ("keras/__init__.py", "keras/b.py")
    assert overlap.shared == 3 + 3  # with the three compiled files
    assert (overlap.not_first, overlap.not_second, overlap.unjudged) == (2, 0, 0)
    assert all(record.changed == () for record in records.records)


def test_a_mixture(site):
    site.install("keras", files={"keras/a.py": "first one", "keras/b.py": "1"})
    site.install("keras-nightly", files={"keras/a.py": "2nd", "keras/b.py": "2"})
    (site.path / "keras/a.py").write_text("first one")
    (overlap,) = facts_of(site).records.overlaps
    assert (overlap.not_first, overlap.not_second) == (1, 1)


def test_a_file_of_neither(site):
    site.install("a", files={"x.py": "1"})
    site.install("b", files={"x.py": "22"})
    (site.path / "x.py").write_text("333")
    (overlap,) = facts_of(site).records.overlaps
    assert (overlap.not_first, overlap.not_second) == (1, 1)


def test_a_file_that_is_gone_is_missing_from_both_and_judged_for_neither(site):
    site.install("a", files={"x.py": "1"})
    site.install("b", files={"x.py": "22"})
    (site.path / "x.py").unlink()
    records = facts_of(site).records
    (overlap,) = records.overlaps
    assert (overlap.not_first, overlap.not_second, overlap.unjudged) == (0, 0, 1)
    assert [record.missing for record in records.records] == [("x.py",), ("x.py",)]


def test_the_same_file_in_two_distributions_is_no_overlap(site):
    shared = {"nvidia/__init__.py": ""}
    site.install("nvidia-cublas-cu12", files={**shared, "nvidia/cublas/x.py": ""})
    site.install("nvidia-cudnn-cu12", files={**shared, "nvidia/cudnn/x.py": ""})
    assert facts_of(site).records.overlaps == ()


def test_the_same_path_in_two_folders_is_no_overlap(tmp_path):
    first, second = Site(tmp_path / "a"), Site(tmp_path / "b")
    first.install("keras", files={"keras/__init__.py": "1"})
    second.install("keras-nightly", files={"keras/__init__.py": "2"})
    assert facts_of(first, second).records.overlaps == ()


def test_three_distributions_are_compared_with_the_first(site):
    for name in ("a", "b", "c"):
        site.install(name, files={"x.py": name * 3})
    pairs = [(one.first.name, one.second.name) for one in facts_of(site).records.overlaps]
    assert pairs == [("a", "b"), ("a", "c")]


EXTENDING = "from pkgutil import extend_path\n\n__path__ = extend_path(__path__, __name__)\n"


@pytest.mark.parametrize(("requires", "shared"), [(["dbt"], True), ([], False), (["other"], False)])
def test_a_namespace_with_modules_beside_is_shared_with_those_that_require_it(site, requires, shared):
    site.install("dbt", files={"dbt/__init__.py": f"# Parts come from everywhere.\n{EXTENDING}", "dbt/own.py": ""})
    site.install("dbt-more", files={"dbt/__init__.py": EXTENDING, "dbt/more/__init__.py": ""}, requires=requires)
    (overlap,) = facts_of(site).records.overlaps
    assert overlap.namespaces == (("dbt/__init__.py",) if shared else ())


def test_a_file_of_three_is_no_change_of_the_two_that_agree(site):
    site.install("a", files={"x/__init__.py": EXTENDING})
    site.install("b", files={"x/__init__.py": EXTENDING})
    site.install("c", files={"x/__init__.py": f"# {EXTENDING}"})
    assert [record.changed for record in facts_of(site).records.records] == [(), (), ()]


def test_too_much_to_hash_is_said(site, monkeypatch):
    monkeypatch.setattr(module, "_HASHED", 5)
    site.install("a", files={"x.py": "1234", "y.py": "1234"})
    site.install("b", files={"x.py": "4321", "y.py": "4321"})
    (overlap,) = facts_of(site).records.overlaps
    assert overlap.unjudged == 2
    assert Budget().left > 0


def test_what_changed_beside_the_overlap_is_still_a_change(site):
    site.install("a", files={"x.py": "1", "own.py": "1"})
    site.install("b", files={"x.py": "22"})
    (site.path / "own.py").write_text("changed")
    first, _ = facts_of(site).records.records
    assert [one.path for one in first.changed] == ["own.py"]
