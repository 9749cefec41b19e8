"""Where METADATA comes from, cheapest first."""

from __future__ import annotations

import pytest

from envdoctor.availability.metadata import MetadataReader
from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.index.access import Access, open_index
from envdoctor.index.project import FileKind, IndexFile
from index_wheels import publish, wheel


def paths(server):
    return [one.path for one in server.seen if one.path.startswith("/files/")]


def test_beside_the_wheel(server, client):
    publish(server, "app", "1.0")
    (file,) = client.project("app").files
    assert b"Name: app" in MetadataReader(client)(file)
    assert paths(server) == ["/files/app/app-1.0-py3-none-any.whl.metadata"]


@pytest.mark.parametrize("ranges", [True, False])
def test_out_of_the_wheel(server, client, ranges):
    server.manners.ranges = ranges
    publish(server, "app", "1.0", beside=False)
    (file,) = client.project("app").files
    assert b"Name: app" in MetadataReader(client)(file)


def test_from_the_disk_the_second_time_and_offline(server, client, settings, tmp_path):
    publish(server, "app", "1.0", beside=False)
    (file,) = client.project("app").files
    content = MetadataReader(client)(file)
    offline = open_index(settings, tmp_path / "index", Access(offline=True))
    assert MetadataReader(offline)(file) == content
    with pytest.raises(NetworkProblem, match="--offline"):
        MetadataReader(open_index(settings, tmp_path / "empty", Access(offline=True)))(file)


def test_a_wheel_on_this_disk(client, tmp_path):
    name, content = wheel("app", "1.0")
    (tmp_path / name).write_bytes(content)
    file = IndexFile(filename=name, url=(tmp_path / name).as_uri(), kind=FileKind.WHEEL, version="1.0")
    assert b"Name: app" in MetadataReader(client)(file)


def test_a_wheel_without_metadata_is_unreadable(server, client):
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app/__init__.py", b"")
    server.add("app", "app-1.0-py3-none-any.whl", buffer.getvalue())
    (file,) = client.project("app").files
    with pytest.raises(Unreadable, match="0 METADATA files"):
        MetadataReader(client)(file)
