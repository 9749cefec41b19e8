"""Which versions a target may install, as data."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envdoctor.availability.candidates import allows_python, best_wheel, candidates, pip_refuses, refusals_of
from envdoctor.core.availability import ReasonKind as Kind
from envdoctor.index.project import IndexFile, classify


def file(name, **said):
    kind, version = classify(name, "pkg")
    return IndexFile(filename=name, url=f"https://a.test/{name}", kind=kind, version=version, **said)


def wheel(version, tag="py3-none-any", **said):
    return file(f"pkg-{version}-{tag}.whl", **said)


def refusal(target, *files):
    (reasons,) = refusals_of({Version("1"): files}, target).values()
    return set(reasons)


@pytest.fixture
def mac(target):
    return target("macos-arm64-cp311")


def test_a_wheel_that_fits(mac):
    assert refusal(mac, wheel("1"), file("pkg-1.tar.gz")) == set()


@pytest.mark.parametrize(
    ("files", "reasons"),
    [
        ([wheel("1", yanked="")], {Kind.YANKED}),
        ([wheel("1", requires_python=">=3.12")], {Kind.REQUIRES_PYTHON}),
        ([wheel("1", "cp311-cp311-win_amd64")], {Kind.OTHER_WHEELS}),
        ([wheel("1", "cp312-cp312-macosx_12_0_arm64")], {Kind.OTHER_WHEELS}),
        ([file("pkg-1.tar.gz")], {Kind.SOURCE_ONLY}),
        ([file("pkg-1.tar.gz"), wheel("1", "cp311-cp311-win_amd64")], {Kind.SOURCE_ONLY}),
        ([wheel("1", "cp311-cp311-win_amd64", requires_python=">3.12")], {Kind.OTHER_WHEELS, Kind.REQUIRES_PYTHON}),
        (
            [file("pkg-1.tar.gz", yanked="x", requires_python="==3.12.*")],
            {Kind.YANKED, Kind.REQUIRES_PYTHON, Kind.SOURCE_ONLY},
        ),
        ([wheel("1", requires_python=">=3.12"), wheel("1", "cp311-cp311-win_amd64")], {Kind.OTHER_WHEELS}),
        ([wheel("1", requires_python=">=3.8,<3.11")], set()),
        ([wheel("1", requires_python="nonsense")], set()),
        ([wheel("1", yanked=""), wheel("1", "cp311-abi3-macosx_11_0_arm64")], set()),
    ],
)
def test_every_hurdle_is_named(mac, files, reasons):
    assert refusal(mac, *files) == reasons


@pytest.mark.parametrize(
    ("requires", "new_enough", "refused_by_pip"),
    [
        (">=3.8,<3.11", True, True),
        (">=3.11", True, False),
        (">=3.11.1", True, False),
        (">3.11", True, False),
        ("~=3.10", True, False),
        ("==3.8.*", True, True),
        ("<4", True, False),
        ("!=3.11.0", True, False),
        (None, True, False),
        ("three", True, False),
    ],
)
def test_upper_bounds_on_python_count_for_pip_alone(mac, requires, new_enough, refused_by_pip):
    assert allows_python(requires, mac) is new_enough
    assert pip_refuses(wheel("1", requires_python=requires), mac) is refused_by_pip


def choose(target, specifier, *files):
    releases = {}
    for one in files:
        releases.setdefault(Version(one.version), []).append(one)
    found = candidates(
        refusals_of({key: tuple(value) for key, value in releases.items()}, target), SpecifierSet(specifier)
    )
    return [str(version) for version in found.usable]


def test_stable_versions_come_before_pre_releases(mac):
    files = [wheel(version) for version in ("1.0", "2.0rc1", "1.5", "2.1.dev1")]
    assert choose(mac, "", *files) == ["1.5", "1.0", "2.1.dev1", "2.0rc1"]
    assert choose(mac, ">=2.0rc0", *files) == ["2.1.dev1", "2.0rc1"]
    assert choose(mac, ">1.2", *files) == ["1.5", "2.1.dev1", "2.0rc1"]


def test_a_yanked_version_is_taken_if_it_is_named_exactly(mac):
    files = [wheel("1.0", yanked="bad"), wheel("0.9")]
    assert choose(mac, "", *files) == ["0.9"]
    assert choose(mac, ">=1", *files) == []
    assert choose(mac, "==1.0", *files) == ["1.0"]
    assert choose(mac, "==1.*", *files) == []


def test_a_local_version_meets_its_public_one(mac):
    assert choose(mac, "==1.0", wheel("1.0+cpu"), wheel("1.1")) == ["1.0+cpu"]


def test_the_best_wheel_is_the_one_with_the_best_tag(target):
    pure = wheel("1")
    old = wheel("1", "cp311-cp311-manylinux2014_x86_64")
    new = wheel("1", "cp311-cp311-manylinux_2_28_x86_64")
    stable = wheel("1", "cp39-abi3-manylinux_2_28_x86_64")
    newest = wheel("1", "cp311-cp311-manylinux_2_34_x86_64")
    linux = target("linux-x86_64-cp311")
    assert best_wheel([pure, old, new, stable, newest], linux) == new
    assert best_wheel([pure, stable], linux) == stable
    assert best_wheel([newest], linux) is None
    assert best_wheel([wheel("1", requires_python=">=3.12")], linux) is None
