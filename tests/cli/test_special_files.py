"""FIFOs, sockets and devices in the place of files: nothing waits for them, and what they stand for is told."""

import os

import pytest

from envdoctor.cli import main
from planted_environment import Planted
from tflite_bytes import pack, small

pytestmark = pytest.mark.skipif(os.name == "nt", reason="FIFOs as POSIX has them")


@pytest.fixture
def planted(tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    return Planted(tmp_path, sees_base=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        ("foo-1.0.dist-info/METADATA", 1, "PKG011"),
        ("foo-1.0.dist-info/RECORD", 1, "PKG011"),
        ("foo-1.0.dist-info/WHEEL", 0, ""),
        ("foo-1.0.dist-info/INSTALLER", 0, ""),
        ("foo-1.0.dist-info/direct_url.json", 0, ""),
        ("foo-1.0.dist-info/top_level.txt", 0, ""),
        ("foo/__init__.py", 1, "PKG005"),
        ("foo/x.abi3.so", 1, "PKG017"),
        ("wait.pth", 1, "may wait for it for ever"),
        ("bar-1.0.egg-info", 0, ""),
        ("bar.egg-link", 1, "PKG012"),
    ],
)
def test_check_waits_for_nothing(planted, capsys, file, code, words):
    if file == "foo/x.abi3.so":
        planted.site.install("foo", "1.0", files={file: b""})
    path = planted.site.path / file
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert main(["check", "--python", str(planted.folder), "--only", "PKG,LIB"]) == code
    said = capsys.readouterr().out
    assert words in said
    assert "crashed" not in said


def test_an_environment_s_settings(planted, capsys):
    (planted.folder / "pyvenv.cfg").unlink()
    os.mkfifo(planted.folder / "pyvenv.cfg")
    assert main(["check", "--python", str(planted.folder)]) == 2
    assert "pyvenv.cfg is no regular file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "model {fifo}",
        "model {tflite} --to edgetpu --compare {fifo}",
        "routes {fifo} --to edgetpu --python {bare}",
        "build {fifo} --to edgetpu --offline --python {bare}",
        "report {fifo} --to ethos-u55-128 --python {bare}",
        "matrix app --offline -c {fifo}",
        "inspect {fifo}",
        "routes {tflite} --to tflite-mixed --recipe {fifo} --python {bare}",
        "model /dev/zero",
        "routes /dev/zero --to edgetpu --python {bare}",
    ],
)
def test_files_that_the_user_names(planted, bare, tmp_path, capsys, line):
    fifo, tflite = tmp_path / "fifo.whl", tmp_path / "a.tflite"
    os.mkfifo(fifo)
    tflite.write_bytes(pack(small()))
    assert main([word.format(fifo=fifo, tflite=tflite, bare=bare) for word in line.split()]) in {1, 2}
    said = capsys.readouterr().err
    assert "regular file" in said or "There is no file" in said
