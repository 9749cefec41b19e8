import os

import pytest

from envdoctor.core.errors import ToolchainProblem
from envdoctor.toolchains.store import Receipt, damaged_toolchains, installed_toolchains, remove, staging, store_folder


def install(receipt, fill, *, store):
    with staging(store) as stage:
        fill(stage.files)
        return stage.commit(receipt)


def fill(folder):
    (folder / "program").write_text("x")


def receipt(version, **more):
    return Receipt(name="edgetpu-compiler", version=version, source="test", **more)


def test_an_installed_toolchain_is_listed_with_where_it_came_from(tmp_path):
    installed = install(receipt("16.0", sha256="ab", pinned=True), fill, store=tmp_path)
    assert (installed.files / "program").read_text() == "x"
    assert installed_toolchains(store=tmp_path) == (installed,)
    assert installed_toolchains("vela", store=tmp_path) == ()
    assert installed_toolchains()[:0] == ()


def test_the_newest_version_comes_first(tmp_path):
    for version in ("2.1.302470888", "16.0.384591198", "15.0"):
        install(receipt(version), fill, store=tmp_path)
    versions = [one.version for one in installed_toolchains("edgetpu-compiler", store=tmp_path)]
    assert versions == ["16.0.384591198", "15.0", "2.1.302470888"]


def test_the_same_version_is_replaced(tmp_path):
    install(receipt("16.0"), fill, store=tmp_path)
    again = install(receipt("16.0", sha256="new"), lambda folder: (folder / "other").touch(), store=tmp_path)
    assert installed_toolchains(store=tmp_path) == (again,)
    assert [path.name for path in again.files.iterdir()] == ["other"]


def test_a_failed_installation_leaves_nothing(tmp_path):
    def break_off(folder):
        fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(receipt("16.0"), break_off, store=tmp_path)
    assert installed_toolchains(store=tmp_path) == ()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_a_killed_installation_left_is_swept_away_and_never_listed(tmp_path):
    left = tmp_path / ".incoming-dead"
    (left / "files").mkdir(parents=True)
    (left / "receipt.json").write_text('{"name": "edgetpu-compiler", "version": "1", "source": "x"}')
    assert installed_toolchains(store=tmp_path) == ()
    install(receipt("16.0"), fill, store=tmp_path)
    assert not left.exists()


def test_remove(tmp_path):
    installed = install(receipt("16.0"), fill, store=tmp_path)
    remove(installed)
    assert installed_toolchains(store=tmp_path) == ()
    assert not installed.folder.parent.exists()
    with pytest.raises(ToolchainProblem, match="can't be removed"):
        remove(installed)


@pytest.mark.parametrize("word", ["", "..", "a/b", ".hidden", "x" * 101, "a\n"])
def test_names_that_could_leave_the_store_are_refused(tmp_path, word):
    with pytest.raises(ToolchainProblem, match="can't name a toolchain"):
        install(receipt(word), fill, store=tmp_path)


def test_a_store_that_can_not_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ToolchainProblem, match="can't be written"):
        install(receipt("16.0"), fill, store=tmp_path / "file")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[" * 99_999,
        '{"name": "edgetpu-compiler", "version": 16, "source": "x"}',
        '{"name": "qemu-x86_64", "version": "16.0", "source": "x"}',  # of another
        None,
    ],
)
def test_a_damaged_receipt_is_no_toolchain_and_told(tmp_path, content):
    install(receipt("16.0"), fill, store=tmp_path)
    file = tmp_path / "edgetpu-compiler/16.0/receipt.json"
    if content is None:
        file.unlink()
        os.mkfifo(file)
    else:
        file.write_text(content)
    assert installed_toolchains(store=tmp_path) == ()
    assert damaged_toolchains(store=tmp_path) == (file.parent,)


def test_a_receipt_of_a_later_version_says_what_is_known_of_it(tmp_path):
    install(receipt("16.0"), fill, store=tmp_path)
    file = tmp_path / "edgetpu-compiler/16.0/receipt.json"
    file.write_text(file.read_text().replace("{", '{"later": [1],', 1))
    assert [one.version for one in installed_toolchains(store=tmp_path)] == ["16.0"]
    assert damaged_toolchains(store=tmp_path) == ()


def test_the_user_chooses_the_store(monkeypatch, tmp_path):
    monkeypatch.setenv("ENVDOCTOR_TOOLCHAINS", str(tmp_path))
    assert store_folder() == tmp_path
    monkeypatch.delenv("ENVDOCTOR_TOOLCHAINS")
    assert store_folder().parts[-2:] == ("envdoctor", "toolchains")
