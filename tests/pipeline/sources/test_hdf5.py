"""Files that h5py wrote (tests/helpers/make_h5_files.py): a harmless configuration, rewritten with code in it."""

import json
import os
import random
import zipfile

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.pipeline.sources.hdf5 import Unfollowed, read_text_attribute
from envdoctor.pipeline.sources.keras import read_keras
from envdoctor.tflite.containers import FileKind, sniff
from keras_files import DATA

FILES = DATA / "keras/h5"


def read(data, name="model_config"):
    return read_text_attribute(memoryview(data), name)


@pytest.mark.parametrize("name", ["rewritten", "rewritten_latest", "continued", "continued_latest", "fixed"])
def test_the_live_text_is_read_not_the_first(name):
    data = (FILES / f"{name}.h5").read_bytes()
    assert json.loads(read(data))["config"]["name"] == "live"
    assert b'"harmless"' in data, "the text that was replaced is still in the file"


def test_another_attribute_and_none():
    data = (FILES / "continued.h5").read_bytes()
    assert read(data, "other_3") == b"xxx"
    assert read(data, "other_99") is None


@pytest.mark.parametrize("name", ["dense", "array"])
def test_what_is_not_followed_is_left_to_the_stage(name):
    with pytest.raises(Unfollowed):
        read((FILES / f"{name}.h5").read_bytes())
    found = read_keras(FILES / f"{name}.h5")
    assert (found.traits, found.inputs) == ({"config-unread"}, None)


@pytest.mark.parametrize("version", [4, 130])
def test_a_superblock_of_a_version_that_no_library_has_is_damage(version, tmp_path):
    data = bytearray((FILES / "rewritten.h5").read_bytes())
    data[8] = version
    path = tmp_path / "junk.h5"
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=rf"^\S+ is damaged: its superblock is of version {version}"):
        read_keras(path)


@pytest.mark.parametrize("length", range(0, 6144, 331))
def test_no_cut_is_read_as_whole(length):
    for name in ("rewritten", "rewritten_latest"):
        with pytest.raises((Unreadable, Unfollowed)):
            read((FILES / f"{name}.h5").read_bytes()[:length])


@pytest.mark.parametrize("name", ["rewritten", "continued", "rewritten_latest"])
def test_a_mutant_is_read_or_refused(name):
    chance, whole = random.Random(9), (FILES / f"{name}.h5").read_bytes()
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(1400)] = chance.choice([0, 1, 0x10, 0x7F, 0xFF])
        try:
            text = read(data)
        except (Unreadable, Unfollowed):
            continue
        assert text is None or isinstance(text, bytes)


def test_a_header_that_continues_in_itself_ends():
    data = bytearray((FILES / "continued.h5").read_bytes())
    header = int.from_bytes(data[64:72], "little")
    place = data.index(b"\x10\x00\x10\x00", header)
    data[place + 8 : place + 16] = (header + 16).to_bytes(8, "little")
    data[place + 16 : place + 24] = data[header + 8 : header + 12] + bytes(4)
    with pytest.raises(Unreadable, match="does not end"):
        read(data)


def behind(block):
    """The file behind a user block: its addresses count from the superblock, its end from the file's start."""
    data = bytearray((FILES / "rewritten.h5").read_bytes())
    data[24:32] = len(block).to_bytes(8, "little")
    data[40:48] = (len(block) + len(data)).to_bytes(8, "little")
    return block + bytes(data)


@pytest.mark.parametrize("size", [512, 1024, 2048, 1 << 16])
def test_a_user_block_is_passed_over(size, tmp_path):
    (tmp_path / "m.h5").write_bytes(behind(b"a user's own words".ljust(size, b"\0")))
    assert sniff(tmp_path / "m.h5") is FileKind.HDF5
    plain, moved = read_keras(FILES / "rewritten.h5"), read_keras(tmp_path / "m.h5")
    assert (moved.code, moved.inputs) == (plain.code, plain.inputs)
    assert moved.code, "the live configuration holds code"


def test_no_block_of_another_size_and_no_cut_behind_one():
    for data in (behind(bytes(700)), behind(bytes(512))[:-1]):
        with pytest.raises((Unreadable, Unfollowed)):
            read(data)


def test_an_archive_in_whose_bytes_keras_finds_an_hdf5_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.h5", "w") as archive:
        archive.writestr("x", bytes(512 - 31) + (FILES / "rewritten.h5").read_bytes())
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", "{}")
    with pytest.raises(Unreadable, match="at once"):
        read_keras(tmp_path / "m.h5")


def test_a_file_that_became_a_pipe_is_not_waited_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "m.h5")
    monkeypatch.setattr("envdoctor.pipeline.sources.keras.sniff", lambda _: FileKind.HDF5)
    with pytest.raises(Unreadable, match="FIFO"):
        read_keras(tmp_path / "m.h5")
