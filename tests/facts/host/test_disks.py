from pathlib import Path
from types import SimpleNamespace

from envdoctor.core.request import Request
from envdoctor.environments.spec import environment_spec
from envdoctor.environments.store import MARKER
from envdoctor.facts.host import PLENTY
from envdoctor.facts.host.disks import measure_disks, nearest
from envdoctor.support.machines import rooms


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


def test_plenty_is_room_for_any_environment():
    assert 2 * max(rooms().values()) < PLENTY


def test_where_there_is_plenty_nothing_is_looked_up(tmp_path, monkeypatch):
    monkeypatch.setattr("envdoctor.environments.store.names_made", None)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=2 * PLENTY, free=PLENTY))
    (tmp_path / "environments").mkdir()
    assert measure_disks(Request(cache=tmp_path))[0].is_plenty


def test_the_environments_that_are_there_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=PLENTY, free=PLENTY - 1))
    spec = environment_spec("vela")
    for name in (f"vela-cp311-linux-x86_64-{spec.key}", "litert-cp311-linux-x86_64-000000000000"):
        (tmp_path / "environments" / name).mkdir(parents=True)
    (half,) = measure_disks(Request(cache=tmp_path))[:1]
    assert (half.made, half.idle) == (frozenset(), 2)  # half made, or for other pins
    for folder in (tmp_path / "environments").iterdir():
        (folder / MARKER).write_text("{}")
    (whole,) = measure_disks(Request(cache=tmp_path))[:1]
    assert (whole.made, whole.idle) == ({"vela"}, 1)
