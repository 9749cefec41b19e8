from pathlib import Path

from envdoctor.core.request import Request
from envdoctor.facts.host.disks import measure_disks, nearest


def test_the_folder_that_exists_is_measured(tmp_path):
    (disk, *rest) = measure_disks(Request(cache=tmp_path / "not/yet/there"))
    assert (disk.folder, disk.variable) == (str(tmp_path), "ENVDOCTOR_CACHE")
    assert 0 < disk.free <= disk.total
    assert all(Path(one.folder).stat().st_dev != tmp_path.stat().st_dev for one in rest)


def test_nearest(tmp_path):
    assert nearest(str(tmp_path)) == str(tmp_path)
    assert nearest(str(tmp_path / "a/b")) == str(tmp_path)
    (tmp_path / "file").write_text("")
    assert nearest(str(tmp_path / "file/b")) == str(tmp_path)
