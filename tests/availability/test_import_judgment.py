"""All that is said of what imports ask of others."""

from envdoctor.availability.import_judgment import import_reasons
from envdoctor.core.finding import Severity
from envdoctor.imports.packages import judge_package
from envdoctor.wheels.module_index import ModuleIndex
from surveyed import reasons_of, wheels_of
from wheel_files import LINUX


def test_every_kind_of_statement_is_made():
    described = [("app", "1.0", {"app.py": "import gone, lib"}, ["lib"])]
    described.append(("lib", "1.0", {"lib.py": "from sys import maxint"}, []))
    described.append(("empty", "1.0", {"data.txt": ""}, []))
    wheels, read = wheels_of(described)

    def judge(contents, package, beside, most):
        texts = lambda member: read(contents, member)  # noqa: E731
        return judge_package(package, ModuleIndex(contents.members), texts, LINUX, beside, most=most)

    reasons = import_reasons(wheels, LINUX, judge, read)
    assert [reason.message.partition(":")[2][:50].strip() or reason.subject for reason in reasons] == [
        "`import app` fails: app imports gone, which no wh",
        "`import lib` fails: lib asks for sys.maxint, whic",
        "empty 1.0",
    ]


def test_an_import_that_is_not_followed_to_its_end_is_told():
    names = [f"m{number}" for number in range(300)]
    files = {"big/__init__.py": f"from big import {', '.join(names)}", **{f"big/{name}.py": "" for name in names}}
    (reason,) = reasons_of([("big", "1.0", files, [])], LINUX)
    assert (reason.severity, reason.message) == (
        Severity.INFO,
        "big 1.0: `import big` was not followed to its end; what was, does not fail.",
    )
    few = {path: text for path, text in files.items() if path != "big/__init__.py"} | {"big/__init__.py": "import os"}
    assert reasons_of([("big", "1.0", few, [])], LINUX) == []


def test_of_a_package_that_brings_no_part_its_api_is_looked_at():
    lib = ("lib", "1.0", {"lib.py": "new = 1"}, [])
    files = {"app/__init__.py": "", "app/api.py": "from app.parts import x", "app/parts.py": "from lib import old as x"}
    (reason,) = reasons_of([("app", "1.0", files, ["lib"]), lib], LINUX)
    assert reason.severity is Severity.WARNING
    assert reason.message.startswith("app 1.0: `import app.api` fails: app.parts asks for lib.old, which lib 1.0 ")
    server = {"app/__init__.py": "", "app/api.py": "import fastapi"}
    assert reasons_of([("app", "1.0", server, [])], LINUX) == []


def test_a_command_whose_module_ends_the_process_is_meant_so():
    files = {"app/__init__.py": "", "app/__main__.py": "import sys\ndef main(): ...\nsys.exit(main())\n"}
    files["app-1.0.dist-info/entry_points.txt"] = "[console_scripts]\napp = app.__main__:main\n"
    assert reasons_of([("app", "1.0", files, [])], LINUX) == []
    (reason,) = reasons_of([("app", "1.0", files | {"app/__main__.py": "import gone"}, [])], LINUX)
    assert "the command `app` fails" in reason.message
