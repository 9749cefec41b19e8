import json
import random

import pytest

from apt_repository import served
from envdoctor.cli import main
from standin import VERSION, build_standin


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_TOOLCHAINS", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.mark.slow
def test_install_list_where_remove(tmp_path, store, capsys):
    build_standin(tmp_path / "bundle")
    assert main(["toolchain", "install", "edgetpu-compiler", "--from", str(tmp_path / "bundle")]) == 0
    assert capsys.readouterr().out.startswith(f"edgetpu-compiler {VERSION}: {store}")
    assert main(["toolchain", "list"]) == 0
    assert f"edgetpu-compiler {VERSION}, from {tmp_path / 'bundle'}" in capsys.readouterr().out
    assert main(["toolchain", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["version"] == VERSION
    assert main(["toolchain", "where", "edgetpu-compiler"]) == 0
    assert capsys.readouterr().out.strip().endswith("files")
    assert main(["toolchain", "remove", "edgetpu-compiler"]) == 0
    assert main(["toolchain", "where", "edgetpu-compiler"]) == 1


def test_what_can_be_installed_is_listed(capsys):
    assert main(["toolchain", "list"]) == 0
    assert "qemu-x86_64: not installed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["install", "edgetpu"], 2, "did you mean edgetpu-compiler?"),
        (["install", "edgetpu-compiler", "--from", "/absent.deb"], 1, "/absent.deb does not exist"),
        (["install", "edgetpu-compiler", "--sha256", "00"], 2, "name it with --from"),
        (["where", "nonsense"], 2, "no toolchain"),
        (["remove", "qemu-x86_64"], 2, "is not installed"),
    ],
)
def test_what_goes_wrong_has_a_code_and_words(words, code, said, capsys):
    assert main(["toolchain", *words]) == code
    assert said in capsys.readouterr().err


def test_a_large_download_is_told_before_it_is_read(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("envdoctor.net.session._MUCH", 1000)
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "compiler.tar.gz").write_bytes(random.Random(1).randbytes(5000))
    with served(folder) as url:
        assert main(["toolchain", "install", "edgetpu-compiler", "--from", f"{url}/compiler.tar.gz"]) == 1
    said = capsys.readouterr().err
    assert said.index("and more are to be read over the network") < said.index("could not be installed")
