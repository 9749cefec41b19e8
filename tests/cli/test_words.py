"""No command lets an escape sequence or a password through, whatever stands in its arguments, files and environment."""

from __future__ import annotations

import json
import re
import zipfile

import pytest

from envdoctor.cli import _run, main
from envdoctor.toolchains.store import Receipt, staging

EVIL = "e\x1b]0;owned\x07\x1b[31m\x9b2J\u202e"
SECRET = "s3cr3tw0rdXY"
URL = f"http://joe:{SECRET}@127.0.0.1:9/simple"
#: What a terminal acts on: everything of C0 and C1 but line feeds, and what turns the direction of reading.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(tmp_path, monkeypatch, bare):
    """Files and an environment full of escapes and passwords."""
    monkeypatch.setenv("VIRTUAL_ENV", bare)
    monkeypatch.chdir(tmp_path)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, URL)
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://joe:{SECRET}@127.0.0.1:9")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ENVDOCTOR_TOOLCHAINS", str(tmp_path / "toolchains"))
    (tmp_path / "broken.tflite").write_bytes(EVIL.encode() * 40)
    with zipfile.ZipFile(tmp_path / "esc.keras", "w") as archive:
        archive.writestr(f"{EVIL}/config.json", EVIL)
    with zipfile.ZipFile(tmp_path / "esc-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("esc-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {EVIL}\nVersion: {EVIL}\n")
        archive.writestr("esc-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {EVIL}\n")
        archive.writestr(EVIL, EVIL)
    (tmp_path / "c.txt").write_text(f"{EVIL}==1\nx @ {URL}\n")
    return tmp_path


COMMANDS = [
    (EVIL,),
    ("check", f"--{EVIL}"),
    ("check", "--only", EVIL),
    ("check", "--to", EVIL),
    ("check", "--python", EVIL),
    ("build", EVIL, "--to", EVIL),
    ("build", "esc.keras", "--to", "tflite-int8", "--calibration", EVIL),
    ("build", "esc.keras", "--to", "tflite-int8", "--io", EVIL),
    ("build", "esc.keras", "--to", "tflite-int8", "--max-difference", EVIL),
    ("routes", "esc.keras", "--to", "tflite-int8"),
    ("routes", EVIL, "--to", "edgetpu"),
    ("routes", "broken.tflite", "--to", "edgetpu", "--json"),
    ("report", EVIL, "--to", "edgetpu"),
    ("report", "--output", f"{EVIL}/x.md"),
    ("report", "--format", EVIL),
    ("model", EVIL),
    ("model", "broken.tflite"),
    ("model", "esc.keras", "--to", EVIL),
    ("inspect", EVIL),
    ("inspect", "esc-1.0-py3-none-any.whl"),
    ("inspect", "esc-1.0-py3-none-any.whl", "--json"),
    ("inspect", "esc", "--platform", "linux-x86_64", "--python", "3.11"),
    ("inspect", EVIL, "--installed"),
    ("matrix", EVIL),
    ("matrix", "x", "-c", "c.txt"),
    ("matrix", "x", "--platform", EVIL),
    ("matrix", f"x @ {URL}"),
    ("explain", EVIL),
    ("env", "remove", EVIL),
    ("env", "list", "--json"),
    ("toolchain", "install", EVIL),
    ("toolchain", "install", "edgetpu-compiler", "--from", URL),
    ("toolchain", "install", "edgetpu-compiler", "--from", f"apt:{URL} stable main"),
    ("toolchain", "install", "edgetpu-compiler", "--from", f"http://127.0.0.1:9/t/{SECRET}/x?token={SECRET}"),
    ("toolchain", "install", "edgetpu-compiler", "--from", EVIL),
    ("toolchain", "where", EVIL),
    ("toolchain", "remove", "qemu-x86_64", "--version", EVIL),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: ascii(" ".join(words))[:60])
def test_neither_escapes_nor_passwords_come_through(words, hostile, capsys):
    main(list(words))
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert UNSAFE.search(said) is None
    assert SECRET not in said
    assert not [path for path in hostile.rglob("*") if SECRET in str(path)]


@pytest.mark.parametrize("traceback", ["", "1"])
def test_not_even_through_a_bug(monkeypatch, capsys, traceback):
    def fail(**_):
        raise RuntimeError(f"{EVIL} {URL}")

    monkeypatch.setenv("ENVDOCTOR_TRACEBACK", traceback)
    monkeypatch.setattr(_run.group, "main", fail)
    assert main(["check"]) == 5
    said = capsys.readouterr().err
    assert UNSAFE.search(said) is None
    assert SECRET not in said
    assert ("Traceback" in said) is bool(traceback)


@pytest.mark.parametrize("words", [("toolchain", "list"), ("toolchain", "list", "--json")])
def test_a_receipt_of_an_older_version_is_shown_without_its_password(words, hostile, capsys):
    with staging(hostile / "toolchains") as stage:
        stage.commit(Receipt(name="edgetpu-compiler", version="16.0", source=f"{URL}/{EVIL}"))
    assert main(list(words)) == 0
    said = capsys.readouterr().out
    assert SECRET not in said
    assert UNSAFE.search(said) is None
    assert "****@127.0.0.1" in said
    if "--json" in words:
        assert json.loads(said)[0]["name"] == "edgetpu-compiler"
