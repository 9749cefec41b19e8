"""What is fetched of a wheel: once, as little as is asked for, and counted."""

import random
import threading

import pytest

from envdoctor.availability import inspector
from envdoctor.availability.inspector import Inspector
from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.core.holdings import Holding
from envdoctor.index.access import open_index
from index_wheels import publish, wheel
from native_files import elf_bytes
from wheel_files import LINUX, code_like

PADDING = random.Random(1).randbytes(200_000)
TELLING = b"numpy._core._multiarray_umath\0"


@pytest.fixture
def file(server, client):
    files = {"app/__init__.py": b"import numpy\n", "app/data.bin": PADDING, "app/other.py": b"import sys\n"}
    publish(server, "app", "1.0", files=files)
    return client.project("app").files[0]


def sent(server, file):
    return sum(one.sent for one in server.requests_for(f"/files/app/{file.filename}"))


def test_what_was_looked_into_is_not_fetched_again(server, settings, tmp_path, file):
    def look():
        inspector = Inspector(open_index(settings, tmp_path / "index"))
        contents = inspector.one(file).contents
        with inspector.texts(file, contents) as read:
            assert read("app/__init__.py") == "import numpy\n"
        return inspector.bytes_read(file, contents)

    read, transferred = look(), sent(server, file)
    assert 0 < read <= transferred
    assert look() == read
    assert sent(server, file) == transferred


def test_a_name_that_a_version_is_known_to_have_dropped_is_lacking(server, client):
    text = b"from elsewhere import *\n"
    publish(server, "scipy", "1.15.0", files={"scipy/__init__.py": b"", "scipy/signal.py": text})
    (file,) = client.project("scipy").files
    found = Inspector(client).holdings(file, ["scipy.signal.cwt", "scipy.signal.unheard"], LINUX)
    assert found == {"scipy.signal.cwt": Holding.LACKS, "scipy.signal.unheard": Holding.UNKNOWN}


def test_it_tells_how_many_of_several_are_done(server, client):
    for number in range(3):
        publish(server, "app", f"{number}.0")
    told = []
    Inspector(client, lambda done, total: told.append((done, total))).all(client.project("app").files)
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.slow
@pytest.mark.parametrize(("large", "most"), [(1, 2), (1 << 30, 6)])
def test_few_large_wheels_are_in_memory_at_once(server, client, monkeypatch, large, most):
    monkeypatch.setattr("envdoctor.availability.inspector._LARGE", large)
    for number in range(6):
        publish(server, "app", f"{number}.0")
    reading, seen = [], []
    everybody = threading.Barrier(most)
    read = inspector.read_contents

    def watched(source, **how):
        reading.append(source)
        everybody.wait(timeout=30)
        seen.append(len(reading))
        everybody.wait(timeout=30)
        reading.remove(source)
        return read(source, **how)

    monkeypatch.setattr(inspector, "read_contents", watched)
    found = Inspector(client).all(client.project("app").files)
    assert all(one.contents for one in found)
    assert set(seen) == {most}


def test_a_text_does_not_fetch_the_directory_again(server, settings, file, tmp_path):
    client = open_index(settings, tmp_path / "index")
    contents = Inspector(client).one(file).contents
    before = sent(server, file)
    with Inspector(client).texts(file, contents) as read:
        read("app/__init__.py")
    assert before >= 65536
    assert sent(server, file) - before < 10_000


def test_a_small_wheel_is_fetched_in_one_request(server, client):
    publish(server, "small", "1.0")
    (file,) = client.project("small").files
    contents = Inspector(client).one(file).contents
    with Inspector(client).texts(file, contents) as read:
        assert read("small/__init__.py") == ""
    assert [one.sent for one in server.requests_for(f"/files/small/{file.filename}")] == [file.size] * 2


def test_a_failure_is_an_answer_and_is_not_kept(server, settings, tmp_path, file):
    server.fail(f"/files/app/{file.filename}", 500)
    inspected = Inspector(open_index(settings, tmp_path / "index")).one(file)
    assert inspected.contents is None
    assert isinstance(inspected.problem, NetworkProblem)
    assert Inspector(open_index(settings, tmp_path / "index")).one(file).contents is not None


def test_tags_are_those_of_the_name_as_installers_take_them(server, client):
    name, content = wheel("odd", "1.0", "cp39-cp39-linux_aarch64")
    server.add("odd", name.replace("cp39-cp39-linux_aarch64", "py2.py3-none-any"), content)
    (file,) = client.project("odd").files
    found = Inspector(client).one(file).contents
    assert found.metadata.tags == ("py2-none-any", "py3-none-any")


def modules_of_release(native):
    """A wheel of six folders of modules, with padding between them that a request would not bridge."""
    files = {"app/__init__.py": b"", "app/zz.so": native}
    for number in range(6):
        files[f"app/part{number}/__init__.py"] = f"number = {number}\n".encode()
        files[f"app/part{number}/data.bin"] = PADDING
    return files


def test_who_asks_for_modules_of_many_folders_gets_those_of_all_at_once(server, client):
    publish(server, "app", "1.0", files=modules_of_release(b""))
    (file,) = client.project("app").files
    inspector = Inspector(client)
    contents = inspector.one(file).contents
    with inspector.texts(file, contents) as read:
        for number in range(4):
            assert read(f"app/part{number}/__init__.py") == f"number = {number}\n"
        before = len(server.requests_for(f"/files/app/{file.filename}"))
        assert [read(f"app/part{number}/__init__.py") for number in (4, 5)] == ["number = 4\n", "number = 5\n"]
        assert read("app/__init__.py") == ""
    assert len(server.requests_for(f"/files/app/{file.filename}")) == before


def test_the_texts_of_a_release_are_not_fetched_again_for_another_of_its_wheels(server, client):
    for tag in ("cp311-cp311-win_amd64", "cp312-cp312-win_amd64"):
        publish(server, "app", "1.0", tag=tag, files=modules_of_release(tag.encode()))
    first, second = client.project("app").files
    inspector = Inspector(client)
    for file in (first, second):
        contents = inspector.one(file).contents
        before = sent(server, file)
        with inspector.texts(file, contents) as read:
            assert [read(f"app/part{number}/__init__.py") for number in range(6)] == [
                f"number = {number}\n" for number in range(6)
            ]
    assert sent(server, second) == before


@pytest.mark.slow
def test_of_the_texts_of_another_release_only_those_that_differ_are_fetched(server, client):
    noise = [PADDING[number * 9000 :][:9000].hex() for number in range(6)]
    same = {f"app/part{number}/__init__.py": f"noise = '{noise[number]}'\n" for number in range(6)}
    for version in ("1.0", "2.0"):
        files = same | {f"app/part{number}/v.py": f"v = {version}{number}\n" for number in range(6)}
        publish(server, "app", version, files={name: text.encode() for name, text in files.items()} | {"b": PADDING})
    inspector = Inspector(client)
    taken = []
    for file in client.project("app").files:
        contents = inspector.one(file).contents
        before = sent(server, file)
        with inspector.texts(file, contents) as read:
            assert [read(name) for name in same] == list(same.values())
            assert [read(f"app/part{number}/v.py") for number in range(6)] == [
                f"v = {file.version}{number}\n" for number in range(6)
            ]
        taken.append(sent(server, file) - before)
    assert taken[1] < taken[0] // 4


@pytest.mark.slow
def test_the_module_that_told_the_numpy_of_one_wheel_is_read_first_in_the_next(server, client):
    for tag in ("cp311-cp311-linux_x86_64", "cp312-cp312-linux_x86_64"):
        name = tag[:5].replace("cp", "cpython-")
        files = {f"app/_m.{name}-x86_64-linux-gnu.so": elf_bytes(("libc.so.6",), filler=TELLING + code_like(60_000))}
        files |= {f"app/lib{number}.so": elf_bytes(("libc.so.6",), filler=code_like(50_000)) for number in range(6)}
        publish(server, "app", "1.0", tag=tag, files=files)
    inspector = Inspector(client)
    read = []
    for file in client.project("app").files:
        contents = inspector.one(file).contents
        before = inspector.bytes_read(file, contents)
        assert inspector.numpy_use(file, contents).file.startswith("app/_m.")
        read.append(inspector.bytes_read(file, contents) - before)
    assert read[1] < read[0] // 4


def test_a_text_of_another_release_is_another_text(server, client):
    for version in ("1.0", "2.0"):
        publish(server, "app", version, files={"app/a.py": f"v = {version}\n".encode(), "data.bin": PADDING})
    inspector = Inspector(client)
    texts = []
    for file in client.project("app").files:
        with inspector.texts(file, inspector.one(file).contents) as read:
            texts.append(read("app/a.py"))
    assert sorted(texts) == ["v = 1.0\n", "v = 2.0\n"]


def test_a_damaged_module_does_not_keep_its_neighbours_from_being_read(server, client):
    files = {"app/a.py": random.Random(2).randbytes(500), "app/b.py": b"good = 1\n", "data.bin": PADDING}
    filename, content = wheel("app", "1.0", files=files)
    start = content.index(b"app/a.py") + 200
    server.add("app", filename, content[:start] + bytes([content[start] ^ 0xFF]) + content[start + 1 :])
    (file,) = client.project("app").files
    inspector = Inspector(client)
    with inspector.texts(file, inspector.one(file).contents) as read:
        with pytest.raises(Unreadable, match=r"app/a\.py"):
            read("app/a.py")
        assert read("app/b.py") == "good = 1\n"
