"""Whether building takes a compiler, on real source distributions of a few hundred bytes."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from envdoctor.availability.source_builds import BuildKind, SourceBuilds
from envdoctor.index.project import FileKind, IndexFile

MESON = '[build-system]\nrequires = ["meson-python"]\nbuild-backend = "mesonpy"\n'
FLIT = '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
CYTHON = '[build-system]\nrequires = ["setuptools", "Cython>=3"]\nbuild-backend = "setuptools.build_meta"\n'
OWN = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
PLAIN = "from setuptools import setup\nsetup(name='lib')\n"
EXTENSION = "from setuptools import setup, Extension\nsetup(ext_modules=[Extension('lib', ['lib.c'])])\n"
FETCHING = "import subprocess\nfrom setuptools import setup\nsubprocess.check_call(['make'])\nsetup()\n"


def tar(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(f"lib-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return "lib-1.0.tar.gz", buffer.getvalue()


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"lib-1.0/{name}", text)
    return "lib-1.0.zip", buffer.getvalue()


@pytest.fixture
def build(server, client, catalogue):
    def judge(file):
        server.add("lib", *file)
        (files,) = catalogue.releases("lib").values()
        return SourceBuilds(client).of(files)

    return judge


@pytest.mark.parametrize(
    ("members", "kind", "word"),
    [
        ({"setup.py": PLAIN}, BuildKind.PURE, "setuptools"),
        ({"pyproject.toml": FLIT}, BuildKind.PURE, "flit_core"),
        ({"setup.py": PLAIN, "tests/data/sample.c": ""}, BuildKind.PURE, "no native"),
        ({"pyproject.toml": MESON}, BuildKind.COMPILER, "mesonpy"),
        ({"setup.py": EXTENSION, "lib.c": ""}, BuildKind.COMPILER, "ext_modules"),
        ({"pyproject.toml": CYTHON, "lib/fast.pyx": ""}, BuildKind.COMPILER, "lib/fast.pyx"),
        ({"setup.py": EXTENSION}, BuildKind.UNKNOWN, "ext_modules"),
        ({"setup.py": PLAIN, "lib/x.cpp": ""}, BuildKind.UNKNOWN, "lib/x.cpp"),
        ({"setup.py": FETCHING}, BuildKind.UNKNOWN, "starts programs"),
        ({"pyproject.toml": OWN}, BuildKind.UNKNOWN, "backend"),
        ({"setup.py": "print 'Python 2'"}, BuildKind.UNKNOWN, "can't be read"),
    ],
)
@pytest.mark.parametrize("pack", [tar, zipped])
def test_what_a_source_tells(build, pack, members, kind, word):
    found = build(pack(members))
    assert (found.kind, word in found.why) == (kind, True), found


def test_a_damaged_source_is_not_known(build):
    name, content = tar({"setup.py": PLAIN})
    found = build((name, content[:-20]))
    assert found.kind is BuildKind.UNKNOWN


def test_native_wheels_for_other_machines_tell_without_a_look(client):
    files = [
        IndexFile(filename=name, url=f"http://127.0.0.1:9/{name}", kind=kind, version="1.0")
        for name, kind in (
            ("lib-1.0-cp39-cp39-win_amd64.whl", FileKind.WHEEL),
            ("lib-1.0.tar.gz", FileKind.SDIST),
        )
    ]
    assert SourceBuilds(client).of(files).kind is BuildKind.COMPILER


def test_a_source_that_can_not_be_had_is_not_known(client):
    file = IndexFile(filename="lib-1.0.tar.gz", url="http://127.0.0.1:9/x", kind=FileKind.SDIST, version="1.0")
    assert SourceBuilds(client).of([file]).kind is BuildKind.UNKNOWN
