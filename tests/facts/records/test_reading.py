"""Installed folders, broken in the ways that matter, and the ones that only look broken."""

import os
import shutil
import time

import pytest

from envdoctor.facts.packages import Distribution
from envdoctor.facts.records import reading
from envdoctor.facts.records.hashes import Budget
from envdoctor.facts.records.reading import comparable, parse_record, read_record
from sites import Site, facts_of


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


def record_of(site):
    (record,) = facts_of(site).records.records
    return record


def age(folder):
    """Make everything a day old, RECORD the newest, as after a real installation."""
    then = time.time() - 86400
    for path in folder.rglob("*"):
        os.utime(path, (then, then + (path.name == "RECORD")))


def test_an_intact_installation(site):
    site.install("foo", files={"foo/__init__.py": "", "foo/a,b.txt": "x", "../bin/foo": "#!"}, requires=["bar"])
    record = record_of(site)
    assert (record.missing, record.changed, record.unseen, record.problem) == ((), (), (), "")
    assert {"foo/a,b.txt", "../bin/foo", "foo/__pycache__/__init__.cpython-311.pyc"} <= set(record.paths)


def test_missing_files(site):
    site.install("foo", files={"foo/__init__.py": "1", "foo/sub/x.py": "2", "foo/y.so": "3"})
    (site.path / "foo/y.so").unlink()
    shutil.rmtree(site.path / "foo/sub")
    assert sorted(record_of(site).missing) == ["foo/sub/x.py", "foo/y.so"]


def test_a_folder_that_became_a_file(site):
    site.install("foo", files={"foo/sub/x.py": "2"})
    shutil.rmtree(site.path / "foo/sub")
    (site.path / "foo/sub").write_text("")
    assert record_of(site).missing == ("foo/sub/x.py",)


def test_a_file_that_became_a_folder_or_a_link_to_itself(site):
    site.install("foo", files={"foo/a.py": "1", "foo/b.pem": "2", "foo/c.py": "3"})
    for name in ("a.py", "b.pem", "c.py"):
        (site.path / "foo" / name).unlink()
    (site.path / "foo/a.py").symlink_to("a.py")
    (site.path / "foo/b.pem").mkdir()
    (site.path / "foo/c.py").symlink_to("/")
    record = record_of(site)
    assert (record.missing, record.changed, record.unseen) == (("foo/a.py", "foo/b.pem", "foo/c.py"), (), ())


def test_another_size_is_a_change(site):
    site.install("foo", files={"foo/__init__.py": "1234"})
    (site.path / "foo/__init__.py").write_text("")
    (changed,) = record_of(site).changed
    assert (changed.path, changed.recorded, changed.found) == ("foo/__init__.py", 4, 0)


def test_another_content_of_the_same_size_is_seen_if_it_was_written_later(site):
    site.install("foo", files={"foo/a.py": "12", "foo/b.py": "34"})
    age(site.path)
    (site.path / "foo/a.py").write_text("21")
    (site.path / "foo/b.py").write_text("34")  # written again, and the same
    (changed,) = record_of(site).changed
    assert (changed.path, changed.recorded, changed.found) == ("foo/a.py", 2, 2)


def test_a_copied_environment_with_new_times_is_no_change(site, tmp_path):
    site.install("foo", files={f"foo/{number}.py": str(number) for number in range(50)})
    shutil.copytree(site.path, tmp_path / "copy", copy_function=shutil.copy)
    assert record_of(Site(tmp_path / "copy")).changed == ()


def test_no_more_is_hashed_than_the_budget_allows(site):
    info = site.install("foo", files={"foo/a.py": "x" * 60})
    age(site.path)
    (site.path / "foo/a.py").write_text("y" * 60)
    distribution = Distribution(name="foo", metadata=str(info), root=str(site.path))
    assert read_record(distribution, Budget(left=59), {}).changed == ()
    assert len(read_record(distribution, Budget(left=60), {}).changed) == 1


@pytest.mark.parametrize(
    "name",
    [
        "foo/__pycache__/__init__.cpython-311.pyc",
        "foo/__init__.pyc",
        "foo/__pycache__",
        "foo-1.0.dist-info/__pycache__",
    ],
)
def test_compiled_files_come_and_go(site, name):
    info = site.install("foo")
    with (info / "RECORD").open("a") as stream:
        stream.write(f"{name},sha256=AAAA,5\n")
    assert record_of(site).missing == ()


def test_absolute_paths(site, tmp_path):
    info = site.install("foo")
    there, gone = tmp_path / "there.txt", tmp_path / "gone.txt"
    there.write_text("12")
    (info / "RECORD").write_text(f"{there.as_posix()},,2\n{gone.as_posix()},,2\n")
    if os.name == "posix":
        assert record_of(site).missing == (str(gone),)


def test_sizes_and_hashes_may_be_absent(site):
    info = site.install("foo", files={"foo.py": "1"})
    own = "".join(f"{info.name}/{name},,\n" for name in ("METADATA", "WHEEL", "RECORD"))
    (info / "RECORD").write_text(f"foo.py,,\nfoo.py,sha256=,\nfoo.py,md4000=xx,1\r\n\r\n{own}")
    record = record_of(site)
    assert (record.missing, record.changed, record.problem) == ((), (), "")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"foo.py,sha256=abc,12\nfoo/__ini", "has a line that is not path, hash and size"),
        (b"foo.py,sha256=abc,many\n", "has a line that is not path, hash and size"),
        (b"foo.py,a,1\n\xff\xfe,a,1\n", "is not UTF-8 text at byte 11"),
    ],
)
def test_a_record_that_is_damaged(site, content, problem):
    info = site.install("foo", files={"foo.py": "x" * 12})
    (info / "RECORD").write_bytes(content)
    record = record_of(site)
    assert problem in record.problem
    assert (record.paths, record.missing) == ((), ())


def test_a_record_that_can_not_be_opened(site):
    info = site.install("foo")
    (info / "RECORD").unlink()
    (info / "RECORD").mkdir()
    assert "can't be read" in record_of(site).problem


def test_conda_puts_prefixes_into_files_and_scripts_elsewhere(site):
    site.install("foo", files={"foo/config.py": "/old/prefix", "foo/x.py": "1", "../bin/foo": "#!"}, installer="conda")
    (site.path / "foo/config.py").write_text("/a/longer/prefix")
    (site.path / "../bin/foo").unlink()
    (site.path / "foo/x.py").unlink()
    record = record_of(site)
    assert (record.missing, record.changed) == (("foo/x.py",), ())


def test_the_system_s_distributions_are_read_and_not_verified(site):
    info = site.install("foo", files={"foo/LICENSE": "text"})
    (site.path / "foo/LICENSE").unlink()
    distribution = Distribution(name="foo", metadata=str(info), root=str(site.path), system=True)
    record = read_record(distribution, Budget(), {})
    assert "foo/LICENSE" in record.paths
    assert record.missing == ()


@pytest.mark.skipif(os.name == "nt", reason="depends on permissions of folders")
def test_files_that_can_not_be_looked_at_are_not_missing(site, monkeypatch):
    site.install("foo", files={"foo.py": "1"})

    def refuse(path, **_):
        if str(path).endswith("foo.py"):
            raise PermissionError(13, "Permission denied", path)
        return os_stat(path)

    os_stat = os.stat
    monkeypatch.setattr(reading.os, "stat", refuse)
    record = record_of(site)
    assert (record.unseen, record.missing) == (("foo.py",), ())


@pytest.mark.skipif(os.name == "nt", reason="depends on permissions of files")
def test_code_that_this_user_may_not_read_was_not_looked_at(site, monkeypatch):
    """Its size is as it should be, and importing it fails."""
    site.install("foo", files={"foo.py": "1", "data.txt": "1"})
    for name in ("foo.py", "data.txt"):
        (site.path / name).chmod(0o600)
    assert record_of(site).unseen == ()
    monkeypatch.setattr(reading.os, "access", lambda *_: False)  # root may read everything
    assert record_of(site).unseen == ("foo.py",)


def test_lines_of_a_record():
    rows = list(parse_record('a.py,sha256=x,1\r\n"b,""c"".py",,2\n\nRECORD,,\n'))
    assert [list(row) for row in rows] == [["a.py", "sha256=x", "1"], ['b,"c".py', "", "2"], ["RECORD", "", ""]]


def test_on_windows_a_path_has_no_case_and_two_separators():
    assert comparable("Pkg\\Mod.py", windows=True) == comparable("pkg/mod.py", windows=True)
    assert comparable("Pkg/Mod.py", windows=False) == "Pkg/Mod.py"
