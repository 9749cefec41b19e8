import textwrap

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.wheels.import_actions import ActionKind, import_actions
from wheel_files import LINUX, WINDOWS


def actions(source, module="pkg.mod", *, is_package=False, target=LINUX):
    """(name, attribute or "load", optional) of each action."""
    found = import_actions(textwrap.dedent(source), module, is_package=is_package, target=target)
    return [(each.name, "load" if each.kind is ActionKind.LOAD else each.attribute, each.optional) for each in found]


def names(source, **options):
    return [name for name, _, _ in actions(source, **options)]


def test_imports_in_order():
    assert actions("import a.b, c\nfrom d import e as f, g") == [
        ("a.b", "", False),
        ("c", "", False),
        ("d", "e", False),
        ("d", "g", False),
    ]


@pytest.mark.parametrize(
    ("statement", "is_package", "name"),
    [
        ("from . import x", False, "pkg"),
        ("from . import x", True, "pkg.mod"),
        (".sub", False, "pkg.sub"),
        ("..other", True, "pkg.other"),
    ],
)
def test_relative_imports_start_at_the_package(statement, is_package, name):
    source = statement if statement.startswith("from") else f"from {statement} import x"
    assert names(source, is_package=is_package) == [name]


def test_an_import_in_a_forgiving_try_is_optional():
    source = """
        try:
            import fast
        except ImportError:
            import slow
        else:
            import both
        finally:
            import always
    """
    assert actions(source) == [("fast", "", True), ("slow", "", True), ("both", "", False), ("always", "", False)]


@pytest.mark.parametrize(
    ("handler", "optional"),
    [
        ("except (ImportError, OSError):\n    pass", True),
        ("except Exception as error:\n    log(error)", True),
        ("except:\n    pass", True),
        ("except ImportError as error:\n    raise ImportError('no') from error", False),
        ("except KeyError:\n    pass", False),
    ],
)
def test_which_handlers_forgive(handler, optional):
    assert actions(f"try:\n    import a\n{handler}") == [("a", "", optional)]


def test_suppress_forgives():
    assert actions("with contextlib.suppress(ImportError):\n    import a\nwith open('x'):\n    import b") == [
        ("a", "", True),
        ("b", "", False),
    ]


def test_a_branch_of_two_is_taken_one_alone_may_not_be():
    assert actions("if f(__file__):\n    import a\nelse:\n    import b\nif g():\n    import c") == [
        ("a", "", False),
        ("b", "", False),
        ("c", "", True),
    ]


def test_branches_for_other_platforms_are_left_out():
    source = (
        "if sys.platform == 'win32':\n    import w\nelif sys.platform == 'linux':\n    import x\nelse:\n    import m"
    )
    assert names(source) == ["x"]
    assert names(source, target=WINDOWS) == ["w"]


def test_functions_count_only_if_they_are_called():
    source = """
        def used():
            import a
            deeper()
        def deeper():
            import b
        def unused():
            import c
        class K:
            import d
            def method(self):
                import e
        used()
        used()
    """
    assert names(source) == ["d", "a", "b"]


def test_libraries_that_calls_name():
    source = """
        import ctypes, os
        lib = ctypes.CDLL(os.path.join(os.path.dirname(__file__), "libx.so.2"))
        ctypes.cdll.LoadLibrary("sub/liby.dylib")
        other = load("not a library.txt", name)
        with guard(ctypes.WinDLL("z.dll")):
            pass
    """
    loads = [name for name, what, _ in actions(source) if what == "load"]
    assert loads == ["libx.so.2", "liby.dylib", "z.dll"]


def test_imports_by_name():
    assert names("importlib.import_module('pkg._native')\n__import__('x')\nimport_module('.sub', __package__)") == [
        "pkg._native",
        "x",
        "pkg.sub",
    ]


@pytest.mark.parametrize("source", ["def broken(:", "x = '\0'", "(" * 5000, "# " + "x" * (5 << 20)])
def test_what_is_no_python_is_unreadable(source):
    with pytest.raises(Unreadable):
        import_actions(source, "pkg.mod", is_package=False, target=LINUX)
