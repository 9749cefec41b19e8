import ast

import pytest

from envdoctor.wheels import statements


def handler(text):
    return ast.parse(f"try: pass\n{text}").body[0].handlers[0]


@pytest.mark.parametrize(
    ("text", "imports", "lookups"),
    [
        ("except ImportError: pass", True, False),
        ("except (KeyError, builtins.OSError): pass", True, False),
        ("except AttributeError: pass", False, True),
        ("except Exception: pass", True, True),
        ("except: pass", True, True),
        ("except KeyError: pass", False, False),
    ],
)
def test_what_a_handler_takes(text, imports, lookups):
    assert (statements.catches(handler(text)), statements.catches_lookup(handler(text))) == (imports, lookups)


def test_a_handler_that_may_raise_does_not_forgive_and_need_not_raise():
    may = handler("except ImportError:\n    if strict:\n        raise")
    assert not statements.forgives(may)
    assert not statements.always_raises(may)
    assert statements.always_raises(handler("except ImportError:\n    log()\n    raise"))
    assert statements.forgives(handler("except ImportError: pass"))


def test_functions_neither_leave_nor_raise_where_they_are_defined():
    loop, function = ast.parse("for x in y:\n    raise E\ndef f():\n    raise E\n    return").body
    assert (statements.may_raise(loop), statements.may_raise(function)) == (True, False)
    assert not statements.may_leave(function)
    assert statements.may_leave(ast.parse("for x in y: break").body[0])


def test_which_contexts_suppress():
    for text, expected in [
        ("suppress(ImportError)", True),
        ("suppress(KeyError)", False),
        ("open(x)", False),
        ("a", False),
    ]:
        assert statements.suppresses(ast.parse(f"with {text}: pass").body[0].items[0]) is expected
