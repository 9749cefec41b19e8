"""A file that Keras 2 wrote through h5py; what is damaged here, h5py refuses too."""

import random
import struct

import pytest

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources import identify
from envdoctor.pipeline.sources.hdf5 import Unfollowed
from envdoctor.pipeline.sources.hdf5_groups import require_groups
from keras_files import DATA, write_keras

WHOLE = (DATA / "keras/nested_keras2.h5").read_bytes()


def places(signature):
    found = [place for place in range(0, len(WHOLE) - 4, 8) if WHOLE[place : place + 4] == signature]
    assert found
    return found


def changed(place, content):
    return WHOLE[:place] + content + WHOLE[place + len(content) :]


@pytest.mark.parametrize("name", ["rewritten", "continued", "fixed", "array", "dense", "continued_latest"])
def test_what_h5py_wrote_is_whole(name):
    require_groups(memoryview((DATA / f"keras/h5/{name}.h5").read_bytes()))
    require_groups(memoryview(WHOLE))


@pytest.mark.parametrize("signature", [b"TREE", b"HEAP", b"SNOD"])
def test_each_part_of_each_group_is_needed(signature):
    for place in places(signature):
        with pytest.raises(Unreadable):
            require_groups(memoryview(changed(place, bytes(4))))


@pytest.mark.parametrize(
    ("signature", "offset", "value", "words"),
    [
        (b"HEAP", 8, 1 << 40, "over the end"),
        (b"HEAP", 16, 1 << 40, "over the end"),
        (b"HEAP", 24, 1 << 40, "over the end"),
        (b"TREE", 8, 1 << 40, "does not end"),
        (b"TREE", 24, 1 << 40, "no name of its group"),
        (b"TREE", 32, 1 << 40, "over the end"),
        (b"SNOD", 8, 1 << 40, "no name"),
        (b"SNOD", 16, 1 << 40, "over the end"),
    ],
)
def test_numbers_that_lead_nowhere(signature, offset, value, words):
    data = changed(places(signature)[0] + offset, struct.pack("<Q", value))
    with pytest.raises(Unreadable, match=words):
        require_groups(memoryview(data))


@pytest.mark.parametrize("place", [9, 12, 16, 21, 48, 75])
def test_a_superblock_that_no_library_writes(place):
    with pytest.raises(Unreadable, match="superblock"):
        require_groups(memoryview(changed(place, b"\0\0" if place == 16 else b"\x40")))


def test_a_dataset_beyond_the_end():
    layout = (
        WHOLE.index(
            b"\x08\0\x18\0\1\0\0\0\3\1" if b"\x08\0\x18\0\1\0\0\0\3\1" in WHOLE else b"\x08\0\x18\0\0\0\0\0\3\1"
        )
        + 10
    )
    with pytest.raises(Unreadable, match="over the end"):
        require_groups(memoryview(changed(layout, struct.pack("<Q", len(WHOLE) - 4))))
    with pytest.raises(Unreadable, match=r"bytes, where .* are needed"):
        require_groups(memoryview(changed(layout + 8, bytes(8))))


def test_files_with_such_damage_are_refused(tmp_path):
    path = tmp_path / "m.h5"
    path.write_bytes(changed(places(b"SNOD")[-1], bytes(4)))
    with pytest.raises(UsageProblem, match=r"m\.h5 is damaged: a group has lost its list"):
        identify(path)
    for content in (WHOLE[:-8], b"", changed(places(b"HEAP")[-1], bytes(4))):
        archive = write_keras(tmp_path / "m.keras", members={"model.weights.h5": content})
        with pytest.raises(UsageProblem, match=r"m\.keras is damaged: model\.weights\.h5 in it"):
            identify(archive)


def test_a_mutant_is_read_or_refused():
    chance = random.Random(5)
    for _ in range(300):
        data = bytearray(WHOLE)
        for _ in range(chance.randrange(1, 4)):
            place = chance.choice(
                (chance.randrange(96), chance.randrange(len(data)), chance.choice(places(b"TREE")) + 8)
            )
            data[place] = chance.randrange(256)
        try:
            require_groups(memoryview(bytes(data)))
        except (Unreadable, Unfollowed):
            continue
