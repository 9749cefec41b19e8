"""What installed commands enter when they are started; the tests' own Python says the same."""

import sys

import pytest

from envdoctor.core.finding import Severity
from loading_facts import import_in_child
from sites import Site

COMMANDS = "[console_scripts]\nfoo = foo.main:run\nother = foo.other:Tool.start\n"


STARTS = "class Tool:\n    def start(): ...\n"


def install_commands(site, main, other=STARTS, requires=()):
    info = site.install(
        "foo", files={"foo/__init__.py": "", "foo/main.py": main, "foo/other.py": other}, requires=requires
    )
    (info / "entry_points.txt").write_text(COMMANDS)


def test_the_modules_that_commands_enter_are_followed(site, look):
    install_commands(site, "import pkg_resources", "import nobody_has_this")
    assert [(each.module, each.severity) for each in look(site).failed] == [
        ("foo.main", Severity.ERROR),
        ("foo.other", Severity.WARNING),
    ]


def test_what_a_command_needs_of_an_extra_is_a_note(site, look):
    install_commands(site, "import click\ndef run(): ...", requires=['click; extra == "cli"'])
    assert [(each.module, each.severity) for each in look(site).failed] == [("foo.main", Severity.INFO)]


def test_a_command_that_says_itself_what_it_lacks_is_no_fault(site, look):
    text = "import sys\ntry:\n    import click\nexcept ImportError:\n    sys.exit('install foo[cli]')\ndef run(): ..."
    install_commands(site, text)
    assert look(site).failed == ()


@pytest.mark.parametrize(("second", "is_told"), [("hub.old", False), ("another", True)])
def test_a_command_for_those_who_have_a_project_is_no_fault(second, is_told, site, look):
    text = f"try:\n    from hub.new import A\nexcept ImportError:\n    from {second} import A\ndef run(): ..."
    install_commands(site, text)
    assert [each.module for each in look(site).failed] == (["foo.main"] if is_told else [])


def test_a_command_without_its_function_is_broken(site, look):
    install_commands(site, "def walk(): ...")
    (broken,) = look(site).broken
    assert (broken.name, broken.reason, broken.severity) == ("foo", "foo.main has no run", Severity.ERROR)


CLASSES = {
    "none": ("class Tool:\n    x = 1", True),
    "of a base": ("class Base:\n    x = 1\nclass Tool(Base):\n    pass", True),
    "a base that has it": (STARTS.replace("Tool", "Base") + "class Tool(Base):\n    pass", False),
    "a base of others": ("import threading\nclass Tool(threading.Thread):\n    pass", False),
    "set later": ("class Tool:\n    pass\nTool.start = print", False),
    "set by a name": ("class Tool:\n    pass\nsetattr(Tool, 'st' + 'art', print)", False),
    "of a metaclass": ("class Meta(type):\n    def start(cls): ...\nclass Tool(metaclass=Meta):\n    pass", False),
    "of a decorator": ("def f(cls):\n    cls.start = print\n    return cls\n@f\nclass Tool:\n    pass", False),
}


@pytest.mark.parametrize("kind", CLASSES)
def test_a_command_without_the_attribute_of_a_class_is_broken(kind, site, look):
    other, is_broken = CLASSES[kind]
    install_commands(site, "def run(): ...", f"{other}\n")
    said = import_in_child("foo.other, operator; operator.attrgetter('other.Tool.start')(foo)", site)
    assert ("has no attribute 'start'" in said) is is_broken
    assert [each.reason for each in look(site).broken] == (["foo.other has no Tool.start"] if is_broken else [])


@pytest.mark.slow
def test_a_script_of_a_python_that_is_gone_is_broken(tmp_path, look):
    site = Site(tmp_path / "lib" / "python3" / "site-packages")
    info = site.install("foo", files={"foo/__init__.py": "def run(): ..."})
    (info / "entry_points.txt").write_text("[console_scripts]\nfoo = foo:run\n")
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "foo"
    with (info / "RECORD").open("a") as record:
        record.write("../../../bin/foo,,\n")
    script.write_text(f"#!{tmp_path}/gone/python\n")
    (broken,) = look(site).broken
    assert broken.path == str(script)
    assert f"{tmp_path}/gone/python" in broken.reason
    script.write_text(f"#!/bin/sh\n'''exec' \"{tmp_path}/gone/py thon\" \"$0\" \"$@\"\n' '''\n")
    (broken,) = look(site).broken
    assert f"{tmp_path}/gone/py thon" in broken.reason
    script.write_text("#!/bin/sh\n")
    script.chmod(0o644)
    if sys.platform != "win32":
        (broken,) = look(site).broken
        assert broken.reason == "its script may not be executed"
    script.chmod(0o755)
    assert look(site).broken == ()
    script.unlink()
    assert look(site).broken == ()  # as after `pip install --target`
    (broken,) = look(site, python={"executable": f"{tmp_path}/bin/python"}).broken
    assert (broken.reason, broken.severity) == ("its script is gone", Severity.WARNING)


def test_one_cause_that_a_package_and_its_commands_meet_is_told_once(site, look):
    asking = {"kit/needs.py": "import nobody_has_this\n", "kit/__init__.py": "from kit import needs\n"}
    for command in ("kit", "other"):
        asking[f"kit/{command}_main.py"] = "import kit.needs\ndef run(): ...\n"
    scripts = "[console_scripts]\nkit = kit.kit_main:run\nother = kit.other_main:run\n"
    site.install("kit", files={**asking, "kit-1.0.dist-info/entry_points.txt": scripts})
    (failed,) = look(site).failed
    assert failed.uses == ("`import kit`", "the command `kit`", "the command `other`")
