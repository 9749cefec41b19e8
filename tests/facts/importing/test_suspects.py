"""Which lines of a text import: found by the word, as a look at every line finds them."""

import pytest

from envdoctor.facts.importing.suspects import _LINE, _import_lines


@pytest.mark.parametrize(
    "text",
    [
        "import a\nfrom b import (c,\n    d)\n\timport e",
        "from a import (b); import c\nimport d",
        "from a import (b,\nimport c\n) import d\nimport e",
        "from importlib import import_module\nimport_module('x')",
        "ximport = 1\nimport a, \\\n    b\n# import c\n'''\nimport d\n'''",
        "x = 1; import a\r\nimport b",
        "import",
        "",
    ],
)
def test_lines_are_found(text):
    assert [match.span() for match in _import_lines(text)] == [match.span() for match in _LINE.finditer(text)]
