"""Bundles taken apart and packed again as MediaPipe packs them: names, order, dates, alignment, what is no model."""

import io
import struct
import zipfile

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.bundles import data_starts, pack_bundle, read_bundle, samples_of
from envdoctor.tflite.containers import FileKind, sniff
from tflite_bytes import pack, small

DATE = (2023, 1, 2, 3, 4, 6)


def entry(name, *, date=DATE, compression=zipfile.ZIP_STORED, comment=b""):
    info = zipfile.ZipInfo(name, date)
    info.compress_type, info.comment, info.external_attr = compression, comment, 0o640 << 16
    return info


def write(path, members, comment=b""):
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = comment
        for info, data in members:
            archive.writestr(info, data)
    return path


def models(**infos):
    return [(entry(f"{name}.tflite", **rest), pack(small())) for name, rest in infos.items()]


def test_packing_keeps_names_order_dates_and_comments_and_aligns_every_member(tmp_path):
    members = [
        *models(hand_landmarks_detector={"comment": b"second"}, hand_detector={}),
        (entry("labels.txt"), b"left\nright\n"),
        (entry("größe.bin"), b"\0\1\2"),
        (entry("empty"), b""),
    ]
    before = read_bundle(write(tmp_path / "a.task", members, b"made by me"))
    after = tmp_path / "b.task"
    after.write_bytes(pack_bundle([(one.info, one.data) for one in before.members], before.comment))
    assert sniff(after) is FileKind.BUNDLE
    with zipfile.ZipFile(after) as archive:
        assert archive.testzip() is None
        assert archive.comment == b"made by me"
        kept = [(one.filename, one.date_time, one.comment, one.external_attr) for one in archive.infolist()]
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        assert [archive.read(name) for name in archive.namelist()] == [data for _, data in members]
    assert kept == [(info.filename, DATE, info.comment, 0o640 << 16) for info, _ in members]
    assert {start % 4 for start in data_starts(after).values()} == {0}


def test_padding_is_one_to_four_zero_bytes_before_each_local_header():
    data = pack_bundle([(entry(name), b"12345") for name in ("a", "bb", "ccc", "dddd")])
    assert data.startswith(b"\0")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        ends = 0
        for info in archive.infolist():
            assert 1 <= info.header_offset - ends <= 4
            assert data[ends : info.header_offset].strip(b"\0") == b""
            ends = info.header_offset + 30 + len(info.filename) + 5


def test_compressed_members_are_told(tmp_path):
    path = write(tmp_path / "a.task", models(one={"compression": zipfile.ZIP_DEFLATED}, two={}))
    assert [member.deflated for member in read_bundle(path).members] == [True, False]
    assert [member.is_model for member in read_bundle(path).members] == [True, True]


def damaged(path):
    data = bytearray(path.read_bytes())
    data[data.index(b"TFL3") + 40] ^= 0xFF
    path.write_bytes(data)


def twice(path):
    data = path.read_bytes().replace(b"two.tflite", b"one.tflite")
    path.write_bytes(data)


def bomb(path):
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\1\2")
    struct.pack_into("<L", data, at + 24, 3_000_000_000)
    path.write_bytes(data)


def no_zip(path):
    path.write_bytes(b"\0\0" + b"no zip at all" * 9)


def cut(path):
    path.write_bytes(path.read_bytes()[:-60])


@pytest.mark.parametrize("spoil", [damaged, twice, bomb, no_zip, cut])
def test_a_broken_bundle_is_refused(tmp_path, spoil):
    path = write(tmp_path / "a.task", models(one={}, two={}))
    read_bundle(path)
    spoil(path)
    with pytest.raises(Unreadable, match=r"a\.task"):
        read_bundle(path)


def test_samples_are_found_by_the_models_name(tmp_path):
    (tmp_path / "one.npz").write_bytes(b"")
    (tmp_path / "two").mkdir()
    assert samples_of(tmp_path, "one.tflite") == tmp_path / "one.npz"
    assert samples_of(tmp_path, "inner.task/two.tflite") == tmp_path / "two"
    assert samples_of(tmp_path, "three.tflite") is None
