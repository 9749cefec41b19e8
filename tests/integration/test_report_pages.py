"""The HTML pages in a real browser: axe-core finds no violation, in light, dark and narrow; nothing overflows."""

from __future__ import annotations

import json
import os
import re
import subprocess
from html import unescape

import pytest

import sample_pages
from envdoctor_reports._links import PAGE
from needs import needs
from npm_packages import package_file

pytestmark = pytest.mark.integration

PAGES = {**sample_pages.pages(), "codes": PAGE.read_text(encoding="utf-8")}
_RUN = """
axe.run(document, {}).then(found => {
  const told = document.createElement("pre");
  told.id = "told";
  told.textContent = JSON.stringify({
    violations: found.violations.map(one => [one.id, one.nodes.map(node => node.html)]),
    passes: found.passes.map(one => one.id),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    back: getComputedStyle(document.body).backgroundColor,
  });
  document.body.append(told);
});
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Opens a page and returns what axe-core says of it."""
    chromium = needs("chromium")
    axe = package_file("axe-core", "4.10.3", "axe.min.js").decode()
    folder = tmp_path_factory.mktemp("pages")

    def look(text, *options):
        script = f"<script>{axe}</script><script>{_RUN}</script></body>"
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)  # it would keep axe out, too
        (folder / "page.html").write_text(text.replace("</body>", script), encoding="utf-8")
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
        command += [*options, "--virtual-time-budget=20000", "--dump-dom", (folder / "page.html").as_uri()]
        environment = {**os.environ, "HOME": str(folder)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
        found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
        if found is None:
            pytest.skip(f"chromium does not run here: {done.stderr.strip()[-300:]}")
        return json.loads(unescape(found[1]))

    return look


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(name, browser):
    found = browser(PAGES[name], "--window-size=1000,800")
    assert found["violations"] == []
    assert {"color-contrast", "document-title", "html-has-lang", "region"} <= set(found["passes"])
    assert found["back"] == "rgb(255, 255, 255)"
    assert found["overflow"] <= 0


@pytest.mark.parametrize("name", ["broken", "routes_blocked", "fell_back", "model", "matrix", "codes"])
def test_neither_in_the_dark_nor_on_a_narrow_screen(name, browser):
    dark = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
    found = browser(PAGES[name], "--window-size=500,800", *dark)
    assert found["violations"] == []
    assert found["back"] == "rgb(13, 17, 23)"
    assert found["overflow"] <= 0


def test_a_page_with_a_fault_is_found_out(browser):
    faulty = PAGES["broken"].replace('<html lang="en">', "<html>").replace("--fore: #1b1f24", "--fore: #ddd")
    assert {"html-has-lang", "color-contrast"} <= {name for name, _ in browser(faulty)["violations"]}
