"""Whether a newer system than a bare name stands for would do, asked of real resolutions and wheels."""

import pytest

from envdoctor.availability.cells import Asked, Cells
from envdoctor.availability.inspector import Inspector
from envdoctor.availability.newer_systems import newer_systems
from envdoctor.availability.soundness import WheelJudge
from envdoctor.availability.uv import Question
from index_wheels import publish
from native_files import elf_bytes

pytestmark = pytest.mark.slow

MODULE = "app/_native.cpython-311-x86_64-linux-gnu.so"


@pytest.fixture
def said(catalogue, resolver, client, target):
    def sentences(*targets, versions=("1.0",), judge=None):
        asked = [
            Asked(version=version, question=Question(requirements=(f"app=={version}",), target=target(name)))
            for version in versions
            for name in targets
        ]
        cells = Cells(resolver, catalogue, judge and WheelJudge(catalogue, Inspector(client)))
        return list(newer_systems(cells, asked, cells.fill(asked, 2)))

    return sentences


def test_wheels_for_a_newer_macos_only(server, said):
    publish(server, "app", "1.0", "cp311-cp311-macosx_14_0_arm64")
    assert said("macos-arm64-cp311", "macos-arm64-cp312") == [
        (
            "app==1.0 resolves on macOS arm64 (14.0), Python 3.11: macos-arm64 stands for macOS 13.0, an old one; "
            "name yours: --platform macos14.0-arm64-cp311."
        )
    ]


def test_files_that_need_a_newer_glibc_than_their_tag_says(server, said):
    module = elf_bytes(["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.34"]})
    publish(
        server,
        "app",
        "1.0",
        "cp311-cp311-manylinux_2_17_x86_64",
        files={"app/__init__.py": b"from . import _native\n", MODULE: module},
    )
    assert said("linux-x86_64-cp311", judge=True) == [
        (
            "app==1.0 is sound on Linux x86_64 (glibc 2.34), Python 3.11: linux-x86_64 stands for glibc 2.28, "
            "an old one; name yours: --platform linux-x86_64-cp311-glibc2.34."
        )
    ]


@pytest.mark.parametrize(
    "targets",
    [
        ("linux-x86_64-cp311-glibc2.31",),  # the reader said which system it is
        ("windows-amd64-cp311",),  # has no versions
        ("linux-x86_64-cp311-musl1.2",),
        ("linux-x86_64-cp312",),  # for no system
        ("linux-x86_64-cp310", "linux-x86_64-cp311-glibc2.34"),
    ],
)
def test_nothing_to_say(server, said, targets):
    publish(server, "app", "1.0", "cp311-cp311-manylinux_2_34_x86_64")
    assert said(*targets) == []


def test_the_newest_version_is_what_counts(server, said):
    publish(server, "app", "1.0", "cp311-cp311-manylinux_2_34_x86_64")
    publish(server, "app", "2.0", "cp311-cp311-manylinux_2_28_x86_64")
    assert said("linux-x86_64-cp311", versions=("2.0", "1.0")) == []
    (sentence,) = said("linux-x86_64-cp311", versions=("1.0",))
    assert "glibc 2.34" in sentence


def test_one_python_that_works_is_enough_to_be_silent(server, said):
    publish(server, "app", "1.0", "cp311-cp311-manylinux_2_28_x86_64")
    publish(server, "app", "1.0", "cp312-cp312-manylinux_2_34_x86_64")
    assert said("linux-x86_64-cp311", "linux-x86_64-cp312") == []
