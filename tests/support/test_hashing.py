"""Hashes of files, folders and values."""

import hashlib
import shutil

import pytest

from envdoctor.core.data import DATA
from envdoctor.support import hashing
from envdoctor.support.hashing import hash_code, hash_path, hash_value


def test_a_file_has_its_sha256(tmp_path):
    (tmp_path / "f").write_bytes(b"abc" * 1_000_000)
    assert hash_path(tmp_path / "f") == hashlib.sha256(b"abc" * 1_000_000).hexdigest()


def test_a_folder_is_known_by_names_and_contents(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "x").write_text("x")
        (tmp_path / name / "y").write_text("y")
    first = hash_path(tmp_path / "one")
    assert first == hash_path(tmp_path / "two")
    (tmp_path / "two" / "y").rename(tmp_path / "two" / "z")
    assert first != hash_path(tmp_path / "two")
    (tmp_path / "one" / "sub" / "x").write_text("!")
    assert first != hash_path(tmp_path / "one")


def test_the_order_of_keys_does_not_matter_and_the_order_of_a_list_does():
    assert hash_value({"a": 1, "b": [1, 2]}) == hash_value({"b": [1, 2], "a": 1})
    assert hash_value([1, 2]) != hash_value([2, 1])


@pytest.mark.slow
def test_code_is_known_by_modules_and_tables_of_the_folders_asked_for(tmp_path, monkeypatch):
    package = tmp_path / "envdoctor"
    shutil.copytree(DATA.parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(hashing, "_PACKAGE", package)

    def seen():
        hash_code.cache_clear()
        return hash_code("stages", "compilers", "data")

    first = seen()
    (package / "wheels" / "loading.py").write_text("# changed\n")
    (package / "stages" / "notes.md").write_text("not code\n")
    assert seen() == first
    told = {first}
    for name in ("stages/workers/tf_convert.py", "stages/gates/structure.py", "compilers/vela/constraints/vela.txt"):
        (package / name).write_text("# changed\n")
        told.add(seen())
    monkeypatch.setattr(hashing, "__version__", "0")
    told.add(seen())
    hash_code.cache_clear()
    assert len(told) == 5
