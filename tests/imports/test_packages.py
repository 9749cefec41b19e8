"""What importing a package of a wheel comes to, and in which other sets that holds too."""

from envdoctor.imports.packages import judge_package
from envdoctor.imports.site import Found, Presence
from envdoctor.wheels.module_index import ModuleIndex
from import_oracle import NothingBeside
from wheel_files import LINUX


class Having(NothingBeside):
    """Beside it are these modules, of which one lacks a name."""

    def __init__(self, *modules, lacks=()):
        self._modules = modules
        self._lacks = lacks

    def find(self, module):
        return Found(presence=Presence.ELSEWHERE if module in self._modules else Presence.ABSENT)

    def lacks(self, module, name):
        return (module, name) in self._lacks


FILES = {"pkg/__init__.py": "import other\nother.x\nfrom other import y\nother.given = 1"}


def judge(beside, files=FILES):
    return judge_package("pkg", ModuleIndex(files), files.__getitem__, LINUX, beside, most=9)


def test_a_verdict_holds_where_the_others_answer_the_same():
    verdict = judge(Having("other"))
    assert verdict.failures == ()
    assert verdict.asked.agrees(Having("other", "unrelated"))
    assert not verdict.asked.agrees(Having())
    assert not verdict.asked.agrees(Having("other", lacks={("other", "y")}))


def test_what_it_imports_of_others_and_gives_them():
    verdict = judge(Having("other"))
    assert {event.subject for event in verdict.imports} == {"other"}
    assert verdict.given == (("other", "given"),)


def test_a_name_that_another_lacks_by_import_or_by_attribute():
    for name in ("x", "y"):
        (failure,) = judge(Having("other", lacks={("other", name)})).failures
        assert (failure.cause.subject, failure.cause.name) == ("other", name)


def test_cythons_source_is_a_module_only_where_cython_may_be():
    files = {"pkg/__init__.py": "from pkg.fast import x", "pkg/fast.pyx": ""}
    index = ModuleIndex(files, LINUX)
    assert judge_package("pkg", index, files.__getitem__, LINUX, Having("pyximport"), most=9).failures == ()
    (failure,) = judge_package("pkg", index, files.__getitem__, LINUX, Having(), most=9).failures
    assert failure.cause.subject == "pkg.fast"


def test_a_library_that_only_systems_with_a_desktop_have():
    text = "from ctypes.util import find_library\nif not find_library('asound'):\n    raise OSError"
    verdict = judge(Having(), {"pkg/__init__.py": text})
    assert verdict.failures == ()
    assert [failure.raises for failure in verdict.bare_failures] == ["OSError"]


def test_a_library_that_another_wheel_may_bring():
    class Bringing(Having):
        def brings_library(self, name):
            return name == "nothere"

    text = {
        "pkg/__init__.py": "from ctypes.util import find_library\nif not find_library('nothere'):\n    raise OSError"
    }
    assert judge(Having(), text).failures
    assert not judge(Bringing(), text).failures
