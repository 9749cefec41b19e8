"""Which packages of a set are imported, and what they ask of each other."""

from envdoctor.core.finding import Severity
from surveyed import reasons_of, surveyed
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


def broken_by(app, **lib):
    """What is said of `app`, which requires a package `lib` of these modules."""
    described = [("app", "1.0", {"app.py": app}, ["lib"])]
    described.append(("lib", "1.0", {f"lib/{name}.py": text for name, text in lib.items()}, []))
    return [reason.message for reason in reasons_of(described, LINUX)]


def test_a_module_of_another_wheel_that_its_package_does_not_import_is_followed():
    """As TensorFlow Decision Forests imports the generated code of ydf, beside a protobuf that refuses it."""
    told = ["lib 1.0: `import lib.sub`, as app does, fails: lib.sub imports gone, which no wheel of the set brings."]
    assert broken_by("import lib.sub", __init__="", sub="import gone") == told
    assert broken_by("from lib import sub", __init__="", sub="import gone") == told
    assert broken_by("from lib.sub import x", __init__="", sub="import gone\nx = 1") == told
    assert broken_by("import lib", __init__="", sub="import gone") == []


def test_a_module_of_another_wheel_need_not_be_what_is_taken_from_its_package():
    assert broken_by("from lib import sub", __init__="sub = 1", sub="import gone") == []
    assert broken_by("from lib import sub", __init__="def __getattr__(name): return 1", sub="import gone") == []
    assert broken_by("try:\n    import lib.sub\nexcept ImportError:\n    pass", __init__="", sub="import gone") == []


def test_modules_of_other_wheels_are_followed_from_one_another():
    deep = {"__init__": "", "sub": "from lib import deep", "deep": "from sys import maxint"}
    (said,) = broken_by("import lib.sub", **deep)
    assert said.startswith("lib 1.0: `import lib.sub`, as app does, fails: lib.deep asks for sys.maxint")


def test_a_module_of_another_wheel_that_a_command_enters_is_followed():
    scripts = "[console_scripts]\napp = lib.sub:main\n"
    described = [("app", "1.0", {"app.py": "", "app-1.0.dist-info/entry_points.txt": scripts}, ["lib"])]
    described.append(("lib", "1.0", {"lib/__init__.py": "", "lib/sub.py": "import gone"}, []))
    (reason,) = reasons_of(described, LINUX)
    assert reason.message.startswith("lib 1.0: `import lib.sub`, as the command `app` does, fails: lib.sub imports")


def test_an_error_behind_an_import_in_a_try_that_does_not_take_it_is_certain():
    """As connexion 2.14 asks Flask for its JSON encoder, behind an import that may be missing."""
    attempt = "try:\n    from lib import there\n    import lib\n    lib.gone\nexcept ImportError:\n    pass"
    (said,) = broken_by(attempt, __init__="there = 1")
    assert "lib.gone" in said
    assert broken_by(attempt.replace("there", "either"), __init__="try:\n    import gone as either\nexcept E: 1") == []
