"""Modules whose own functions bind names in them that their text does not show; CPython imports the same."""

import pytest

from loading_facts import import_in_child

BINDS = "def {0}(name):\n    globals()[name] = 1\n{0}('there')\n"
#: Texts of `bar`, and whether it is proven that it has no `gone`.
TEXTS = {
    "bar.py": (BINDS.format("_define"), True),
    "bar.py ": (BINDS.format("define"), False),  # which others may call
    "bar/__init__.py": (BINDS.format("_define"), False),  # so may other modules of the package
    "bar.py  ": (f"{BINDS.format('_define')}import json\njson.dumps = _define\n", False),
}


@pytest.mark.slow
@pytest.mark.parametrize("path", TEXTS)
def test_a_private_function_of_a_project_that_is_one_module_is_called_by_nobody_else(site, look, path):
    text, proven = TEXTS[path]
    site.install("bar", files={path.strip(): text})
    site.install("foo", files={"foo.py": "from bar import there\nfrom bar import gone"})
    site.install("fine", files={"fine.py": "from bar import there"})
    assert "gone" in import_in_child("foo", site)
    assert not import_in_child("fine", site)
    assert [each.module for each in look(site).failed] == ["foo"] * proven
