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


def test_a_library_that_is_only_looked_for_is_not_loaded():
    source = "if os.path.exists(os.path.join(here, 'plugin.dll')):\n    path.append('plugin.dll')"
    assert actions(source) == []


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


def test_what_a_handler_imports_is_certain_where_the_import_before_it_fails():
    source = """
        try:
            import a
        except ImportError:
            try:
                import b
            except ImportError:
                import c
            if flag:
                import d
    """
    found = import_actions(textwrap.dedent(source), "pkg.mod", is_package=False, target=LINUX)
    assert [(each.name, each.instead_of) for each in found] == [("a", ()), ("b", ()), ("c", ("a", "b")), ("d", ())]
    assert not any(each.certain for each in found)


def certain(source):
    found = import_actions(textwrap.dedent(source), "pkg.mod", is_package=False, target=LINUX)
    return [action.name for action in found if action.certain and not action.optional]


@pytest.mark.parametrize(
    "source",
    [
        "if flag: import a",
        "if flag:\n    import a\nelse:\n    import a",
        "for x in y: import a",
        "try:\n    import b\nexcept ImportError:\n    import a",
        "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import a",
        "try:\n    import a\nexcept ImportError:\n    if strict:\n        raise",
        "def f():\n    if off:\n        return\n    import a\nf()",
        "x = import_module('a') if flag else None",
        "x = lambda: import_module('a')",
        "with suppress(ImportError):\n    import a",
        "if flag:\n    from b import f\nelse:\n    def f():\n        import a\nf()",
    ],
)
def test_what_may_not_happen_is_not_certain(source):
    assert "a" not in certain(source)


@pytest.mark.parametrize(
    "source",
    [
        "import a",
        "def f():\n    import a\nf()",
        "try:\n    import a\nexcept ImportError as error:\n    print()\n    raise ImportError('install a') from error",
        "try:\n    import a\nexcept AttributeError:\n    pass",
        "def f():\n    def g():\n        return 1\n    import a\nf()",
        "if True: import a",
    ],
)
def test_what_happens_in_any_case_is_certain(source):
    assert "a" in certain(source)


def computed(source):
    found = import_actions(textwrap.dedent(source), "pkg.mod", is_package=False, target=LINUX)
    return [action.optional for action in found if action.kind.value == "load computed"]


def test_a_library_whose_name_is_computed():
    assert computed("ctypes.CDLL(path)\nffi.dlopen(find()[0])") == [False, False]
    nothing = "CDLL(None)\nCDLL(ctypes.util.find_library('c'))\nCDLL('libm.so.6')\nx.close(path)\nCDLL()"
    assert computed(nothing) == []


def test_a_failure_that_is_raised_later_is_not_forgiven():
    source = """
        def _load():
            for path in paths:
                try:
                    lib = ctypes.cdll.LoadLibrary(path)
                except OSError:
                    errors.append(path)
            {}
        _load()
    """
    assert computed(source.format("if errors: raise Error(errors)")) == [False]
    assert computed(source.format("return None")) == [True]
    assert computed("def f():\n try:\n  CDLL(x)\n except OSError:\n  pass\nif not f(): raise Error") == [False]
