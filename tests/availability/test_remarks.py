"""What is worth knowing of a resolved set."""

from __future__ import annotations

import pytest

from envdoctor.availability.remarks import remarks
from envdoctor.core.availability import Pin, ReasonKind
from envdoctor.core.finding import Severity
from index_wheels import publish


@pytest.fixture
def remarked(catalogue, target):
    def of(line, *pins):
        chosen = [Pin(name=name, version=version) for name, version in pins]
        return [(one.kind, one.message) for one in remarks([line], chosen, target("linux-x86_64-cp311"), catalogue)]

    return of


def test_extras_that_there_are_not(server, remarked):
    publish(server, "app", "1.0", extras=["more", "much-more"])
    publish(server, "bare", "1.0")
    assert remarked("app[more,Much_More]==1.0", ("app", "1.0")) == []
    assert remarked("app[moore]==1.0", ("app", "1.0")) == [
        (ReasonKind.NO_EXTRA, "app 1.0 has no extra moore; it has more, much-more.")
    ]
    assert remarked("bare[x,y]", ("bare", "1.0")) == [
        (ReasonKind.NO_EXTRA, "bare 1.0 has no extra x and no extra y; it has none.")
    ]


def test_what_was_yanked(server, remarked):
    publish(server, "app", "1.0", yanked="eats data")
    publish(server, "lib", "1.0", yanked=True)
    publish(server, "lib", "2.0")
    assert remarked("app==1.0", ("app", "1.0"), ("lib", "1.0")) == [
        (
            ReasonKind.YANKED,
            "app==1.0 was yanked by its authors (eats data): an installer takes it only if exactly this is asked for.",
        ),
        (
            ReasonKind.YANKED,
            "lib==1.0 was yanked by its authors: an installer takes it only if exactly this is asked for.",
        ),
    ]
    assert remarked("app==1.0", ("lib", "2.0")) == []


def test_pre_releases_that_nobody_named(server, remarked):
    publish(server, "lib", "2.0rc1")
    assert [kind for kind, _ in remarked("app", ("lib", "2.0rc1"))] == [ReasonKind.PRE_RELEASE]
    assert remarked("lib==2.0rc1", ("lib", "2.0rc1")) == []


def test_a_misspelled_extra_is_a_warning(server, catalogue, target):
    publish(server, "app", "1.0")
    (remark,) = remarks(["app[x]"], [Pin(name="app", version="1.0")], target("linux"), catalogue)
    assert remark.severity is Severity.WARNING
