"""Verdicts: every cause, one after the other, and what an exception of the code's own is laid to."""

from envdoctor.imports.events import Certainty, What
from import_oracle import judged


def causes(text, **files):
    verdict = judged({"pkg/__init__.py": text, **{f"pkg/{name}.py": more for name, more in files.items()}})
    return [(each.cause.what, each.cause.subject, each.cause.name) for each in verdict.failures]


def test_each_cause_is_told_as_if_those_before_it_were_mended():
    assert causes("import gone\nfrom json import absent\nimport gone2") == [
        (What.IMPORT, "gone", ""),
        (What.USE, "json", "absent"),
        (What.IMPORT, "gone2", ""),
    ]


def test_an_exception_of_the_codes_own_is_laid_to_what_was_sought():
    text = (
        "found = False\n"
        "try:\n    import gone\n    found = True\nexcept ImportError:\n    pass\n"
        "if not found:\n    raise RuntimeError('install gone')"
    )
    (failure,) = judged({"pkg/__init__.py": text}).failures
    assert (failure.cause.what, failure.raises) == (What.RAISE, "RuntimeError")
    assert [each.subject for each in failure.sought] == ["gone"]


def test_what_is_raised_in_any_case_is_laid_to_nothing():
    text = "try:\n    import gone\nexcept ImportError:\n    pass\nraise RuntimeError"
    (failure,) = judged({"pkg/__init__.py": text}).failures
    assert failure.sought == ()


def test_other_names_of_the_library_that_is_wanting():
    text = (
        "import ctypes\n"
        "def load(*names, optional=False):\n"
        "    for name in names:\n"
        "        try:\n            return ctypes.CDLL(name)\n        except OSError:\n            pass\n"
        "    if not optional:\n        ctypes.CDLL(names[0])\n"
        "load('libextra-1', 'libextra.so.1', optional=True)\n"
        "load('libgone-1', 'libgone.so.0')\n"
        "load('libother-1', 'libother.so.2', 'other')"
    )
    first, second = judged({"pkg/__init__.py": text}).failures
    assert (first.cause.subject, [each.subject for each in first.sought]) == ("libgone-1", ["libgone.so.0"])
    assert (second.cause.subject, [each.subject for each in second.sought]) == (
        "libother-1",
        ["libother.so.2", "other"],
    )


def test_the_chain_that_leads_there():
    (failure,) = judged(
        {"pkg/__init__.py": "from pkg import a", "pkg/a.py": "from . import b", "pkg/b.py": "import gone"}
    ).failures
    assert failure.cause.via == ("pkg", "pkg.a", "pkg.b")


def test_what_stands_in_for_a_module_that_is_not_there():
    (failure,) = judged({"pkg/__init__.py": "try:\n    import gone\nexcept ImportError:\n    import other"}).failures
    assert (failure.cause.subject, failure.cause.instead_of) == ("other", "gone")


def test_steps_and_how_certain_they_are():
    text = (
        "import sys, json\nif len(sys.argv) > 99:\n    import decimal\nif sys.version_info < (3, 0):\n    import enum\n"
    )
    steps = {each.subject: each.certainty for each in judged({"pkg/__init__.py": text}).events}
    assert (steps["json"], steps["decimal"], steps["enum"]) == (Certainty.CERTAIN, Certainty.MAY, Certainty.NEVER)


def test_a_text_that_can_not_be_read_proves_nothing():
    verdict = judged({"pkg/__init__.py": "import pkg.odd\nimport gone", "pkg/odd.py": "# coding: utf-7\ndef broken(:"})
    assert (verdict.failures, verdict.complete) == ((), False)


def test_of_several_exceptions_the_cause_is_what_is_known_to_be_wanting():
    text = (
        "import os\n"
        "try:\n    import gone\nexcept ImportError:\n    pass\n"
        "if os.getcwd() == '/elsewhere':\n    raise ImportWarning\n"
        "from json import absent"
    )
    (failure,) = judged({"pkg/__init__.py": text}).failures
    assert (failure.cause.what, failure.cause.name) == (What.USE, "absent")
