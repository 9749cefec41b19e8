"""Errors behind an import in a try, and what its handlers take."""

import pytest

from envdoctor.core.finding import Severity
from loading_facts import import_in_child

_INNER = {"lib/__init__.py": "there = 1", "lib/inner.py": "x = 1"}

#: What ImportError's handlers don't take, behind what may fail in other ways than that.
BEHIND = {
    "a module of another": ("from lib import inner\n    inner.gone", _INNER),
    "a name of another": ("from lib import there, inner\n    inner.gone", _INNER),
    "a name that another takes from elsewhere": (
        "from lib import there\n    import lib\n    lib.gone",
        {"lib/__init__.py": "from .inner import there", "lib/inner.py": "there = 1"},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BEHIND)
@pytest.mark.parametrize("handler", ["ImportError", "(ImportError, KeyError)"])
def test_an_error_behind_an_import_in_a_try_that_does_not_take_it_is_certain(site, look, kind, handler):
    body, files = BEHIND[kind]
    site.install("foo", files={"foo.py": f"try:\n    {body}\nexcept {handler}:\n    pass"}, requires=["lib"])
    site.install("lib", files=files)
    assert "gone" in import_in_child("foo", site)
    (failed,) = look(site).failed
    assert (failed.module, failed.severity) == ("foo", Severity.ERROR)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "handler"),
    [
        ("from lib import either\n    lib.gone", "ImportError"),
        ("import lib\n    lib.either\n    lib.gone", "AttributeError"),
        ("import lib\n    lib.either\n    lib.gone", "(ImportError, AttributeError)"),
        ("import lib\n    lib.call()\n    lib.gone", "ImportError"),
    ],
)
def test_behind_what_the_handler_may_take_nothing_is_certain(site, look, body, handler):
    site.install("foo", files={"foo.py": f"try:\n    {body}\nexcept {handler}:\n    pass"}, requires=["lib"])
    text = "import random\nif random.random() > 2:\n    either = 1\ndef call():\n    raise ImportError"
    site.install("lib", files={"lib/__init__.py": text})
    assert not import_in_child("foo", site)
    assert not look(site).failed
