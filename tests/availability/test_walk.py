"""The walk over requirement trees on an index double: every blocker, with the path to it."""

from __future__ import annotations

import threading
import time

import pytest
from packaging.requirements import Requirement

from envdoctor.availability.catalogue import Catalogue
from envdoctor.availability.metadata import MetadataReader
from envdoctor.availability.table import parse_as_of
from envdoctor.availability.walk import Walk
from envdoctor.core.availability import ReasonKind as Kind
from index_wheels import publish, publish_sdist

MAC, LINUX = "cp311-cp311-macosx_12_0_arm64", "cp311-cp311-manylinux_2_17_x86_64"


@pytest.fixture
def walk(catalogue, target):
    def run(*lines, on="macos-arm64-cp311", constraints=(), pins=None):
        walk = Walk(catalogue, target(on), map(Requirement, constraints), pins)
        return walk.run(map(Requirement, lines))

    return run


def kinds(result):
    return {reason.kind for reason in result.reasons}


def test_a_tree_without_hurdles(server, walk):
    publish(server, "app", "1.0", requires=["lib>=1", "nothing; sys_platform == 'win32'"])
    publish(server, "lib", "1.2", MAC)
    found = walk("app")
    assert found.reasons == ()
    (root,) = found.roots
    assert (root.chosen, [(node.requirement, node.chosen) for node in root.children]) == ("1.0", [("lib>=1", "1.2")])


@pytest.mark.slow
def test_every_blocker_is_found_where_a_resolver_names_one(server, walk):
    publish(server, "app", "1.0", requires=["linux-only==1", "new-python", "absent", "source", "gone==2"])
    publish(server, "linux-only", "1", LINUX)
    publish(server, "new-python", "1", requires_python=">=3.12")
    publish_sdist(server, "source", "1.0")
    publish(server, "gone", "1")
    publish(server, "gone", "3", yanked="broken")
    found = walk("app==1.0")
    assert kinds(found) == {Kind.OTHER_WHEELS, Kind.REQUIRES_PYTHON, Kind.NO_PROJECT, Kind.SOURCE_ONLY, Kind.NO_VERSION}
    assert {reason.path[0] for reason in found.reasons} == {"app==1.0"}


def test_python_and_platform_are_both_named(server, walk):
    publish(server, "app", "1.0", "cp310-cp310-manylinux_2_17_x86_64")
    (reason,) = walk("app").reasons
    assert "none for macOS arm64 (13.0); none for Python 3.11" in reason.message


def test_a_pinned_version_without_wheel_names_its_neighbours(server, walk):
    for version in ("2.0.3", "2.1.0rc1", "2.1.1"):
        publish(server, "lib", version, MAC)
    publish(server, "lib", "2.1.0", LINUX)
    (reason,) = walk("lib==2.1.0").reasons
    assert "2.1.0 exists; the only 2.1.0 with such a wheel is 2.1.0rc1; nearest others with one: 2.0.3 and 2.1.1" in (
        reason.message
    )
    assert reason.evidence[0].excerpt == f"lib-2.1.0-{LINUX}.whl"


def test_a_purged_nightly_is_known_as_one(server, walk):
    publish(server, "tf-nightly", "2.21.0.dev20260202")
    publish(server, "tf-nightly", "2.22.0.dev20260301")
    (reason,) = walk("tf-nightly==2.20.0.dev20250515").reasons
    assert reason.kind is Kind.NO_VERSION
    assert "2.20.0.dev20250515 is a nightly" in reason.message
    assert "the oldest left is 2.21.0.dev20260202" in reason.message


def test_yanked_versions_give_their_reason(server, walk):
    publish(server, "lib", "1.0", yanked="corrupts data")
    (reason,) = walk("lib").reasons
    assert (reason.kind, "corrupts data" in reason.message) == (Kind.YANKED, True)
    assert walk("lib==1.0").reasons == ()


def test_an_older_version_that_can_be_completed_is_no_blocker(server, walk):
    publish(server, "app", "2.0", requires=["absent"])
    publish(server, "app", "1.0")
    found = walk("app")
    assert found.reasons == ()
    assert found.roots[0].chosen == "1.0"


@pytest.mark.slow
def test_if_no_version_can_be_completed_the_newest_is_explained(server, walk):
    for number in range(10):
        publish(server, "app", f"{number}.0", requires=[f"absent-{number}"])
    found = walk("app")
    assert [reason.subject for reason in found.reasons] == ["absent-9"]
    assert "8.0, 7.0" in found.roots[0].reasons[-1].message
    assert "4 more were not looked at" in found.roots[0].reasons[-1].message


def test_a_conflict_names_both_paths(server, walk):
    publish(server, "app", "1.0", requires=["left==1.0", "right==1.0"])
    publish(server, "left", "1.0", requires=["base<2"])
    publish(server, "right", "1.0", requires=["base>=2"])
    publish(server, "base", "1.0")
    publish(server, "base", "2.0")
    (reason,) = walk("app==1.0").reasons
    assert reason.kind is Kind.CONFLICT
    assert reason.path == ("app==1.0", "left==1.0", "base<2")
    assert reason.other_path == ("app==1.0", "right==1.0", "base>=2")
    assert "left==1.0 wants base<2, and right==1.0 wants base>=2" in reason.message


def test_a_certain_conflict_is_named_beside_other_blockers(server, walk):
    publish(server, "app", "1.0", requires=["base<2", "absent"])
    publish(server, "base", "1.0")
    publish(server, "base", "2.0")
    assert kinds(walk("app==1.0", "base>=2")) == {Kind.NO_PROJECT, Kind.CONFLICT}


def test_constraints_restrict(server, walk):
    publish(server, "lib", "1.0")
    publish(server, "lib", "2.0")
    assert walk("lib", constraints=["lib<2"]).roots[0].chosen == "1.0"
    (reason,) = walk("lib", constraints=["lib>2"]).reasons
    assert (reason.kind, reason.message) == (
        Kind.NO_VERSION,
        "no index has lib>2; newest: 2.0, 1.0; the constraints ask for it.",
    )


def test_a_constraint_and_a_requirement_that_contradict_each_other(server, walk):
    publish(server, "app", "1.0", requires=["lib>=2"])
    publish(server, "lib", "1.0")
    publish(server, "lib", "2.0")
    (reason,) = walk("app", constraints=["lib<2"]).reasons
    assert (reason.kind, reason.path) == (Kind.CONFLICT, ("app", "lib>=2"))
    assert reason.message == "lib>=2 is wanted, the constraints allow <2 only, and no version is both."


def test_what_a_constraint_allows_is_told_beside_what_is_in_the_way_of_it(server, walk):
    publish(server, "lib", "1.0", LINUX)
    publish(server, "lib", "2.0", MAC)
    (reason,) = walk("lib", constraints=["lib<2"]).reasons
    assert reason.kind is Kind.OTHER_WHEELS
    assert reason.message.endswith("Versions with a wheel for this target: 2.0. The constraints allow <2 only.")


def test_what_came_later_was_not_there_on_the_day(server, client, target):
    publish(server, "app", "1.0", requires=["lib"], uploaded="2025-01-01T00:00:00Z")
    publish(server, "lib", "1.0", uploaded="2025-06-01T00:00:00Z")
    catalogue = Catalogue(client, MetadataReader(client), parse_as_of("2025-03-01"))
    (reason,) = Walk(catalogue, target("linux")).run([Requirement("app")]).reasons
    assert reason.kind is Kind.NO_PROJECT
    assert "nothing that the index has of lib today was there at the end of 2025-03-01 (UTC)" in reason.message


def test_pins_are_followed(server, walk):
    publish(server, "lib", "1.0")
    publish(server, "lib", "2.0")
    assert walk("lib", pins={"lib": "1.0"}).roots[0].chosen == "1.0"


def test_extras(server, walk):
    publish(server, "app", "1.0", requires=["absent; extra == 'more'"], extras=["more"])
    assert walk("app").reasons == ()
    assert kinds(walk("app[more]")) == {Kind.NO_PROJECT}
    assert kinds(walk("app[More]")) == {Kind.NO_PROJECT}


def test_a_circle_ends(server, walk):
    publish(server, "a", "1.0", requires=["b"])
    publish(server, "b", "1.0", requires=["a", "absent"])
    found = walk("a")
    assert [reason.path for reason in found.reasons] == [("a", "b", "absent")]


@pytest.mark.slow
def test_a_lattice_takes_no_exponential_time(server, walk):
    depth = 24
    for level in range(depth):
        for side in "xy":
            below = [f"{other}{level + 1}" for other in "xy"] if level < depth - 1 else ["absent"]
            publish(server, f"{side}{level}", "1.0", requires=below)
    found = walk("x0")
    assert kinds(found) == {Kind.NO_PROJECT}
    assert len(server.seen) < 10 * depth


def test_what_can_not_be_looked_at_is_said(server, walk):
    publish(server, "app", "1.0", requires=["down", "elsewhere @ https://a.test/x.whl", "damaged"])
    server.fail("/simple/down/", 500)
    publish(server, "damaged", "1.0", beside=False)
    server.projects["damaged"]["damaged-1.0-py3-none-any.whl"].content = b"not a zip file"
    assert kinds(walk("app")) == {Kind.NETWORK, Kind.NOT_LOOKED_AT, Kind.UNREADABLE}


def test_metadata_comes_from_inside_the_wheel_where_none_lies_beside_it(server, walk):
    publish(server, "app", "1.0", requires=["absent"], beside=False)
    assert kinds(walk("app")) == {Kind.NO_PROJECT}


def test_a_requirement_that_is_none_is_named(server, walk):
    publish(server, "app", "1.0", requires=["lib>>1"])
    (reason,) = walk("app").reasons
    assert (reason.kind, "requirement" in reason.message) == (Kind.UNREADABLE, True)


@pytest.mark.slow
def test_enough_in_the_way_ends_the_walk_and_what_is_left_is_told(server, walk):
    publish(server, "app", "1.0")
    found = walk("app", *(f"absent-{number}" for number in range(300)))
    *told, left = found.reasons
    asked = sum("absent-" in one.path for one in server.seen)
    assert 100 <= len(told) < 120
    assert {reason.kind for reason in told} == {Kind.NO_PROJECT}
    assert (left.kind, f"{300 - len(told)} further requirements" in left.message) == (Kind.NOT_LOOKED_AT, True)
    assert len(told) <= asked < 300


@pytest.mark.slow
def test_the_index_is_asked_for_several_requirements_at_once(catalogue, target, monkeypatch):
    running, most, lock = [], [], threading.Lock()

    def releases(name):
        with lock:
            running.append(name)
            most.append(len(running))
        time.sleep(0.05)
        with lock:
            running.remove(name)
        return {}

    monkeypatch.setattr(catalogue, "releases", releases)
    Walk(catalogue, target("linux")).run(map(Requirement, (f"absent-{number}" for number in range(12))))
    assert max(most) > 4
