"""The pages as a site: every link leads somewhere, nothing is taken from elsewhere, every page is in the navigation."""

import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from pages import DOCS, ROOT

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
PAGES = sorted(file for file in DOCS.rglob("*.md"))
NAVIGATION = (ROOT / "mkdocs.yml").read_text("utf-8")


def slug(heading):
    """The anchor of a heading, as Markdown's toc extension makes it."""
    word = re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower()
    return re.sub(r"[-\s]+", "-", word)


def anchors(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    return {slug(heading) for heading in re.findall(r"(?m)^#+ (.+)$", text)}


def links(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    return [one or other for one, other in LINK.findall(text)]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for link in links(page):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_every_page_is_in_the_navigation():
    for page in DOCS.glob("*.md"):
        assert f" {page.name}" in NAVIGATION, page.name


def test_what_a_build_of_the_site_needs_is_pinned_and_names_no_index():
    text = (ROOT / "tools/requirements-docs.txt").read_text("utf-8")
    assert "://" not in text
    pins = re.findall(r"(?m)^([\w-]+)==", text)
    assert {"mkdocs", "mkdocs-material"} <= set(pins)
    assert text.count("--hash=sha256:") >= len(pins)


@pytest.mark.parametrize("name", ["picture-check.svg", "picture-routes.svg", "architecture.svg"])
def test_a_picture_takes_nothing_from_elsewhere_and_shows_no_path_of_its_maker(name):
    text = (DOCS / name).read_text("utf-8")
    assert ET.fromstring(text).tag.endswith("svg")
    assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"/(?:root|tmp|work|Users)/", text)
    assert "<title>" in text


@pytest.mark.integration
def test_the_site_is_built_without_a_warning_and_takes_nothing_from_elsewhere(tmp_path):
    python = tmp_path / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "--requirement", ROOT / "tools/requirements-docs.txt"], check=True)
    build = [python, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"]
    done = subprocess.run(build, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text("utf-8")
        taken = re.findall(r'<(?:script|img|iframe)[^>]* src="https?://[^"]*|<link[^>]* href="https?://[^"]*', text)
        assert not taken, f"{page.name}: {taken}"
    for table in ("action.yml", ".pre-commit-hooks.yaml", "mkdocs.yml"):
        read = f"import yaml; assert yaml.safe_load(open({str(ROOT / table)!r}))"
        subprocess.run([python, "-c", read], check=True)
