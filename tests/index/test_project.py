"""File names and what follows from them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from envdoctor.index.project import FileKind, IndexFile, Project, classify


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("ai_edge_litert-2.1.0rc1-cp311-cp311-macosx_12_0_arm64.whl", (FileKind.WHEEL, "2.1.0rc1")),
        ("ai_edge_litert-2.1.0-1build-cp311-cp311-macosx_12_0_arm64.whl", (FileKind.WHEEL, "2.1.0")),
        ("Ai.Edge-LiteRT-1.0.tar.gz", (FileKind.SDIST, "1.0")),
        ("ai-edge-litert-1.0.zip", (FileKind.SDIST, "1.0")),
        ("ai_edge_litert-1.0-py3.11.egg", None),
        ("ai_edge_litert-latest.tar.gz", None),
        ("ai_edge_litert_nightly-1.0.tar.gz", None),
        ("ai_edge_litert-1.0-py3-none.whl", None),
        ("ai_edge_litert.whl", None),
        ("index.html", None),
    ],
)
def test_what_a_file_name_says(filename, expected):
    assert classify(filename, "ai-edge-litert") == expected


@pytest.mark.slow
@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_name_is_classified(text):
    for filename in (text, f"{text}.whl", f"pkg-{text}.tar.gz"):
        classify(filename, "pkg")


def file(name, **said):
    kind, version = classify(name, "pkg")
    return IndexFile(filename=name, url=f"https://a.test/{name}", kind=kind, version=version, **said)


def test_tags_and_versions():
    wheel = file("pkg-1.0-2-cp39-abi3-manylinux1_x86_64.manylinux_2_5_x86_64.whl")
    assert {str(tag) for tag in wheel.tags} == {"cp39-abi3-manylinux1_x86_64", "cp39-abi3-manylinux_2_5_x86_64"}
    sdist = file("pkg-1.0.0.tar.gz")
    assert sdist.tags == frozenset()
    assert file("pkg-1.0-py2.7-none-any.whl").tags == frozenset()
    project = Project(name="pkg", files=(file("pkg-1.10.tar.gz"), wheel, sdist))
    assert project.versions == (Version("1.0"), Version("1.10"))
    assert list(project.of_version(Version("1"))) == [wheel, sdist]


def test_as_of_a_day_only_what_is_proved_to_have_been_there():
    day = datetime(2025, 12, 20, tzinfo=timezone.utc)
    before = file("pkg-1.0.tar.gz", uploaded=day.replace(day=19))
    project = Project(name="pkg", files=(before, file("pkg-2.0.tar.gz", uploaded=day), file("pkg-3.0.tar.gz")))
    assert project.as_of(day).files == (before,)


def test_a_name_that_stands_for_far_too_many_tags_fits_nowhere():
    part = ".".join(map(str, range(50)))
    file = IndexFile(filename=f"p-1-{part}-{part}-{part}.whl", url="u", kind=FileKind.WHEEL, version="1")
    assert file.tags == frozenset()
