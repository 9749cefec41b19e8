"""One page that stands alone and lets nothing of the report act."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

import sample_pages
import sample_reports as samples
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.core.report import Report
from envdoctor_reports import html

PAGES = sample_pages.pages()
VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Elements, attributes and texts of a page; complains of elements that don't close in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.mark.slow
@pytest.mark.parametrize("make", samples.ALL)
def test_the_page_is_well_formed_and_needs_nothing_else(make):
    text = html.render(make())
    page = Page(text)
    assert text.isascii()
    assert text.startswith("<!DOCTYPE html>")
    assert not {tag for tag, _ in page.elements} & {"script", "img", "link", "iframe", "object", "form"}
    assert not [
        name for _, attributes in page.elements for name in attributes if name.startswith("on") or name == "src"
    ]
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text


@pytest.mark.slow
def test_it_tells_what_the_terminal_tells():
    page = Page(html.render(samples.broken()))
    assert (
        "4 errors and 2 warnings in 11 checks; 4 of them got no answer: not everything could be looked at." in page.text
    )
    assert "PKG002 protobuf has two metadata folders" in page.text
    assert "numpy/core/file11.py" in page.text
    assert "PYT001 Python too new? Could not find out" in page.text
    assert ("a", {"href": "https://docs.example.org/page-size", "rel": "noreferrer"}) in page.elements
    opened = [attributes for tag, attributes in page.elements if tag == "details" and "open" in attributes]
    assert len(opened) == 6
    built = Page(html.render(samples.fell_back())).text
    assert "Route tf-float+litert-int8+vela, taken because tf-int8+vela failed" in built
    assert "Max abs difference 0.0272" in built
    assert samples.SHA in built
    blocked = Page(html.render(samples.routes_blocked())).text
    assert "qemu-x86_64 crashes under a 16 KiB page size (EMU004)" in blocked


def test_hostile_text_is_only_text():
    nasty = '</pre><script>alert(1)</script>"onload=x {{ 7*7 }} {% raw %} \x00\x1b[2J'
    finding = Finding(
        severity=Severity.ERROR,
        subject=nasty,
        message=nasty,
        evidence=(Evidence(source=nasty, excerpt=nasty),),
        fix=Fix(text=nasty, commands=((nasty,),), link="javascript:alert(1)"),
        code=nasty,
    )
    report = Report(
        command="check", version=nasty, created=nasty, subject={nasty: nasty}, findings=(finding,), notes=(nasty,)
    )
    page = Page(html.render(report))
    assert not [tag for tag, _ in page.elements if tag == "script"]
    assert all(attributes["href"].startswith("#") for tag, attributes in page.elements if tag == "a")
    assert "{{ 7*7 }} {% raw %} \\x00\\x1b[2J" in page.text
    assert "javascript:alert(1)" in page.text


@pytest.mark.parametrize("name", PAGES)
def test_the_headline_is_first_and_every_anchor_leads_somewhere(name):
    text = PAGES[name]
    page = Page(text)
    tags = [tag for tag, _ in page.elements]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {one["href"][1:] for tag, one in page.elements if tag == "a" and one["href"].startswith("#")} <= set(ids)
    assert {one["aria-labelledby"] for tag, one in page.elements if "aria-labelledby" in one} <= set(ids)
    headline = next(at for at, (_, one) in enumerate(page.elements) if "headline" in one.get("class", ""))
    assert headline < tags.index("nav") < tags.index("main")
    assert tags[:headline].count("p") == 0
    headings = re.findall(r"<h[1-3][^>]*>(.*?)</h[1-3]>", text)
    assert len(headings) == len(set(headings))


@pytest.mark.slow
def test_with_a_model_the_outcome_of_the_checks_stands_before_the_routes():
    routes = tuple(samples.routes_blocked().routes) * 6
    report = dataclasses.replace(samples.broken(), command="report", routes=routes, source=samples.KERAS)
    text = html.render(report)
    assert text.index("4 errors and 2 warnings") < text.index("PKG001") < text.index("Map of the routes")


@pytest.mark.slow
def test_marks_are_words_for_who_does_not_see_them():
    page = Page(html.render(samples.broken()))
    assert "error: PKG001 tensorflow" in page.text
    assert "warning: PKG003 numpy" in page.text
    assert "unanswered: PYT001" in page.text


@pytest.mark.slow
def test_the_map_shows_which_stage_is_blocked_by_what():
    text = html.render(samples.routes_blocked())
    drawn = text[text.index("<svg") : text.index("</svg>")]
    stages = re.findall(
        r'<g class="stage (\w+)"><title>(.*?)</title>.*?class="name"[^>]*>([^<]*)<.*?said"[^>]*>([^<]*)<',
        drawn,
        re.DOTALL,
    )
    assert [(state, name, said.split(" ", 1)[1]) for state, _, name, said in stages] == [
        ("fine", "tf-int8", "ready, sets itself up"),
        ("warning", "edgetpu", "needs a step: TCH001"),
        ("fine", "tf-int8", "ready, sets itself up"),
        ("error", "edgetpu@qemu", "blocked: EMU004"),
    ]
    assert "qemu-x86_64 crashes under a 16 KiB page size" in stages[3][1]


@pytest.mark.slow
def test_the_timeline_puts_stages_one_after_the_other():
    text = html.render(samples.fell_back())
    drawn = re.findall(r"<svg.*?</svg>", text, re.DOTALL)[1]
    bars = [
        (float(x), float(width))
        for x, width in re.findall(r'class="time" x="([\d.]+)" y="\d+" width="([\d.]+)"', drawn)
    ]
    assert [round(x + width) for x, width in bars[:-1]] == [round(x) for x, _ in bars[1:]]
    memory = [float(width) for width in re.findall(r'class="memory" x="[\d.]+" y="\d+" width="([\d.]+)"', drawn)]
    assert max(memory) == memory[0] == 330
    assert "16.2 s, 870.0 MiB, reused" in drawn


@pytest.mark.slow
def test_the_strip_has_a_cell_for_each_operator_and_a_legend_that_counts():
    text = html.render(sample_pages.model())
    drawn = text[text.index("<svg") : text.index("</svg>")]
    assert [drawn.count(f'class="{kind}"') for kind in ("mapped", "cpu", "unknown")] == [30, 1, 1]
    page = Page(text)
    assert "accelerator 30 CPU 1 not known 1" in page.text
    assert "its layout is not supported" in page.text
    assert "Leave the channels last." in page.text


def test_a_matrix_has_its_reasons_once_for_cells_that_share_them():
    text = PAGES["matrix"]
    page = Page(text)
    assert text.count('href="#reason-1"') == 2
    assert "2 on linux-x86_64-cp311-glibc2.36, linux-x86_64-cp312-glibc2.36: BROKEN" in page.text
    assert "GLIBC_2.38" in page.text
    assert "installs, and can't load or fails on use" in page.text
    assert "These pins make a sound set: lib==1" in page.text
