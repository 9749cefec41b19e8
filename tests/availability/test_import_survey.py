"""Which packages of a set are imported, and what they ask of each other."""

from envdoctor.core.finding import Severity
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
