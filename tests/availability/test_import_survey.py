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


def test_what_is_asked_for_is_followed_deeper_than_what_it_imports():
    """As streamlit 1.12 asks altair for a module that it dropped after more than a hundred of its own."""

    def far(name, asked):
        files = {f"{name}/m{number}.py": f"from {name} import m{number + 1}" for number in range(99)}
        return {f"{name}/__init__.py": f"from {name} import m0", f"{name}/m99.py": f"import {asked}", **files}

    described = [("app", "1.0", far("app", "lib"), ["lib"]), ("lib", "1.0", far("lib", "last"), ["last"])]
    described.append(("last", "1.0", {"last/__init__.py": ""}, []))
    found = surveyed(described, LINUX)
    assert {event.subject for each, met in found.packages.items() if each.name == "app" for event in met.imports} == {
        "lib"
    }
    assert all(not met.imports for each, met in found.packages.items() if each.name == "lib")
