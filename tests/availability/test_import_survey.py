"""Which packages of a set are imported, and what they ask of each other."""

import pytest

from envdoctor.availability.import_survey import outermost_wheels
from envdoctor.core.finding import Severity
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.contents import read_contents
from index_wheels import wheel as packed
from surveyed import surveyed
from wheel_files import LINUX


def survey(**files):
    """Of distributions by name, each one module of that name, which requires all whose names come later."""
    names = list(files)
    described = [
        (name, "1.0", {f"{name}.py": text}, names[place + 1 :]) for place, (name, text) in enumerate(files.items())
    ]
    return surveyed(described, LINUX)


def test_packages_are_followed_once_from_the_outermost():
    found = survey(app="import lib, json", lib="import app, base", base="", unused="import gone")
    assert [(package.name, package.severity) for package in found.packages] == [
        ("app", Severity.ERROR),
        ("lib", Severity.ERROR),
        ("base", Severity.ERROR),
    ]


def test_what_is_imported_in_place_of_something_that_is_there_is_not_followed():
    either = "try:\n    import {}\nexcept ImportError:\n    import other"
    assert [package.name for package in survey(app=either.format("json"), other="").packages] == ["app"]
    assert [package.name for package in survey(app=either.format("gone"), other="").packages] == ["app", "other"]


@pytest.mark.parametrize(
    ("requires", "outermost"),
    [
        ({"app": ["lib"], "lib": []}, ["app"]),
        ({"app": ["lib"], "lib": ['app; extra == "test"']}, ["app"]),
        ({"app": ["lib"], "lib": ["app>=1"], "base": []}, ["app", "lib", "base"]),
        ({"app": ["lib[fast]>=1"], "lib": ["base"], "base": ["lib"]}, ["app"]),
        ({"app": ["app[more]", "absent"], "lib": []}, ["app", "lib"]),
    ],
)
def test_outermost_wheels(requires, outermost):
    wheels = [
        read_contents(MemoryBytes(packed(name, "1.0", requires=lines, extras=["test"])[1]))
        for name, lines in requires.items()
    ]
    assert [wheels[index].metadata.name for index in outermost_wheels(wheels)] == outermost
