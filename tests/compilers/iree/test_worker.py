"""What the worker tells of iree-compile's own words."""

from envdoctor.compilers.iree.workers.compile_module import _told


def test_the_first_errors_are_told_without_the_module():
    text = "Diagnostics:\nm:3: error: undefined symbol: __muldf3\nld: error: undefined symbol: __muldf3\nmodule {"
    assert _told(text) == "undefined symbol: __muldf3"


def test_a_crash_of_the_compiler_is_told_as_one():
    told = _told("Error invoking IREE compiler tool iree-compile\nError code: -11\nDiagnostics:\n #0 0x7 Signals.cpp")
    assert "crashed (signal 11)" in told
    assert "Signals.cpp" not in told
