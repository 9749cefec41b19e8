"""The page codes.html, which is installed with the renderers: where the codes of a terminal lead.

`make docs` and the build of the package (build_hook.py) make it.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from envdoctor.doctor.explain import explanations
from envdoctor_reports._links import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PAGE", "codes_page"]


def codes_page() -> str:
    """One page without a script that tells of every code."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    style = (PAGE.parent / "templates" / "report.css").read_text("utf-8")
    yield "<!doctype html>\n<!-- Made by tools/codes_page.py; don't edit. -->"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Codes of envdoctor</title>\n<style>\n{style.rstrip()}\n</style></head>"
    yield "<body><header><h1>Codes of envdoctor</h1>"
    yield "<p>What <code>envdoctor explain</code> tells of each.</p></header><main>"
    for one in explanations():
        origin = "check" if one.origin == "probe" else "stage of a build"
        yield f'<section id="{one.code}" aria-labelledby="{one.code}-title">'
        yield f'<h2 id="{one.code}-title">{one.code}: {_inline(one.title)}</h2>'
        yield f'<p class="source"><code>{one.name}</code> {escape(one.family)}. Found by a {origin}.</p>'
        for part in one.text.split("\n\n"):
            yield f"<p>{_inline(' '.join(part.split()))}</p>"
        yield "<ul>" + "".join(f'<li><a href="{link}">{link}</a></li>' for link in map(escape, one.sources)) + "</ul>"
        yield "</section>"
    yield "</main></body></html>\n"


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
