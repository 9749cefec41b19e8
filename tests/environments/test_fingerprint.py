"""What changes a fingerprint, and what does not."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from envdoctor.environments import fingerprint
from envdoctor.environments.fingerprint import is_unchanged, renew, state_of, take_fingerprint


@pytest.fixture(autouse=True)
def _old_enough(monkeypatch):
    monkeypatch.setattr(fingerprint, "YOUNG", 0)


@pytest.fixture
def tree(tmp_path):
    """A tree, and beside it a folder, a file and another folder that a link in the tree leads to."""
    package = tmp_path / "tree" / "package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("a = 1\n")
    (package / "data.bin").write_bytes(b"data")
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "first")
    (tmp_path / "libz.so").write_bytes(b"z")
    return tmp_path


def take(tree):
    time.sleep(0.02)  # the steps in which a system's clock counts the times of files
    paths = [str(tree / "libz.so"), str(tree / "absent.so"), str(tree / "first")]
    return take_fingerprint([str(tree / "tree")], paths, time.time_ns())


def rewrite_in_place(tree):
    file = tree / "tree" / "package" / "__init__.py"
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_text("a = 2\n")
    os.utime(file, ns=times)


def replace_with_the_old_time(tree):
    file, other = tree / "tree" / "package" / "__init__.py", tree / "tree" / "package" / "other"
    other.write_text("a = 2\n")
    shutil.copystat(file, other)
    other.replace(file)


def replace_folder(tree):
    folder = tree / "tree" / "package"
    shutil.copytree(folder, tree / "copy")
    shutil.rmtree(folder)
    (tree / "copy").rename(folder)


def retarget_link(tree):
    (tree / "tree" / "link").unlink()
    (tree / "tree" / "link").symlink_to(tree / "second")


CHANGES = {
    "written, its old time put back": rewrite_in_place,
    "replaced, the time copied": replace_with_the_old_time,
    "longer": lambda tree: (tree / "tree" / "package" / "data.bin").write_bytes(b"more data"),
    "removed": lambda tree: (tree / "tree" / "package" / "data.bin").unlink(),
    "added": lambda tree: (tree / "tree" / "package" / "new.py").touch(),
    "a folder is added": lambda tree: (tree / "tree" / "namespace").mkdir(),
    "added to an added folder of before": lambda tree: (tree / "first" / "module.py").touch(),
    "a folder is replaced": replace_folder,
    "all of it is gone": lambda tree: shutil.rmtree(tree / "tree"),
    "a link leads elsewhere": retarget_link,
    "its permissions": lambda tree: (tree / "tree" / "package" / "data.bin").chmod(0),
    "a library is replaced": lambda tree: (tree / "libz.so").write_bytes(b"y"),
    "a library is gone": lambda tree: (tree / "libz.so").unlink(),
    "a library appears": lambda tree: (tree / "absent.so").touch(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_is_seen(tree, change):
    known = take(tree)
    assert known is not None
    assert is_unchanged(known)
    change(tree)
    assert not is_unchanged(known)


def test_compiled_files_change_nothing(tree):
    known = take(tree)
    folder = tree / "tree" / "package" / "__pycache__"
    folder.mkdir()
    (folder / "__init__.cpython-311.pyc").write_bytes(b"compiled")
    assert is_unchanged(known)
    (folder.parent / "new.py").touch()
    assert not is_unchanged(known)


def test_what_may_have_changed_since_it_was_looked_at_is_not_taken(tree, monkeypatch):
    monkeypatch.setattr(fingerprint, "YOUNG", 2_000_000_000)
    assert take(tree) is None


def test_what_changed_during_the_look_is_not_taken(tree):
    began = time.time_ns()
    time.sleep(0.02)
    (tree / "libz.so").write_bytes(b"y")
    assert take_fingerprint([], [str(tree / "libz.so")], began) is None


def test_a_tree_that_is_too_large_is_not_taken(tree, monkeypatch):
    monkeypatch.setattr(fingerprint, "_MOST_ENTRIES", 3)
    assert take(tree) is None


def test_a_circle_of_links_ends(tree):
    (tree / "tree" / "package" / "back").symlink_to(tree / "tree")
    assert is_unchanged(take(tree))


def test_a_name_that_no_line_can_hold_is_never_the_same(tree):
    (tree / "tree" / "package" / "a\nb").touch()
    known = take(tree)
    assert known is None or not is_unchanged(known)


def test_a_tree_that_is_not_there_yet(tmp_path):
    known = take_fingerprint([str(tmp_path / "user")], [], time.time_ns())
    assert is_unchanged(known)
    (tmp_path / "user").mkdir()
    assert not is_unchanged(known)


def test_what_changes_after_it_was_looked_at_is_found(tree):
    file = tree / "tree" / "package" / "data.bin"
    seen = {str(file): state_of(file.stat())}
    time.sleep(0.02)
    same = take_fingerprint([str(tree / "tree")], [], time.time_ns(), seen)
    assert same is not None
    assert is_unchanged(same)
    file.write_bytes(b"more data")
    time.sleep(0.02)
    later = take_fingerprint([str(tree / "tree")], [], time.time_ns(), seen)
    assert later is not None
    assert not is_unchanged(later)


def link(tree):
    """Another environment gets the same file from where both are linked."""
    time.sleep(0.02)
    (tree / "another").unlink(missing_ok=True)
    (tree / "another").hardlink_to(tree / "tree" / "package" / "__init__.py")


def take_after_links(tree):
    """What is known of a tree whose file was linked elsewhere since it was looked at first."""
    known = take(tree)
    link(tree)
    assert not is_unchanged(known)
    time.sleep(0.02)
    return take_fingerprint([str(tree / "tree")], known.paths, time.time_ns(), None, known)


@pytest.mark.skipif(os.name == "nt", reason="st_ctime is the time of creation there")
def test_a_file_that_is_linked_again_and_again_is_the_same(tree, monkeypatch):
    known = take_after_links(tree)
    assert renew(known) is known
    link(tree)
    renewed = renew(known)
    assert renewed is not None
    assert renewed != known
    assert renew(renewed) is renewed
    monkeypatch.setattr(fingerprint, "YOUNG", 2_000_000_000)
    link(tree)
    assert renew(renewed) is renewed  # it may change once more without another time
    later = take_fingerprint([str(tree / "tree")], known.paths, time.time_ns() + 3_000_000_000, None, renewed)
    assert later.contents.keys() == known.contents.keys()


@pytest.mark.skipif(os.name == "nt", reason="the same")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("again", [False, True])
def test_a_change_is_seen_although_links_move_the_times(tree, change, again):
    known = take_after_links(tree)
    if again:
        link(tree)
        known = renew(known)
    change(tree)
    if (tree / "tree" / "package" / "__init__.py").exists():
        link(tree)
    assert not is_unchanged(known)


@pytest.mark.skipif(os.name == "nt", reason="the same")
def test_permissions_of_a_file_whose_times_moved_alone(tree):
    known = take_after_links(tree)
    (tree / "tree" / "package" / "__init__.py").chmod(0o755)
    assert not is_unchanged(known)


@pytest.mark.skipif(os.name == "nt", reason="the same")
def test_a_change_during_the_look_is_not_kept_as_its_content(tree):
    known = take(tree)
    link(tree)
    file = tree / "tree" / "package" / "__init__.py"
    seen = {str(file): state_of(file.stat())}
    time.sleep(0.02)
    rewrite_in_place(tree)
    time.sleep(0.02)
    later = take_fingerprint([str(tree / "tree")], known.paths, time.time_ns(), seen, known)
    assert not is_unchanged(later)


@pytest.mark.skipif(os.name == "nt", reason="the same")
def test_much_is_judged_anew_rather_than_compared(tree, monkeypatch):
    monkeypatch.setattr(fingerprint, "_MOST_COMPARED", 3)
    known = take_after_links(tree)
    assert not known.contents
    link(tree)
    assert not is_unchanged(known)
