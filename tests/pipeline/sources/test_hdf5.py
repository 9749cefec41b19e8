"""Files that h5py wrote (tests/helpers/make_h5_files.py): a harmless configuration, rewritten with code in it."""

import json
import random

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.pipeline.sources.hdf5 import Unfollowed, read_text_attribute
from envdoctor.pipeline.sources.keras import read_keras
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


def test_other_superblocks_are_not_followed():
    data = bytearray((FILES / "rewritten.h5").read_bytes())
    data[8] = 9
    with pytest.raises(Unfollowed):
        read(data)


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
