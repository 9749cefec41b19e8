"""One page that stands alone and lets nothing of the report act."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

import sample_reports as samples
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.core.report import Report
from envdoctor_reports import html

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
    assert not {tag for tag, _ in page.elements} & {"script", "a"}
    assert "{{ 7*7 }} {% raw %} \\x00\\x1b[2J" in page.text
    assert "javascript:alert(1)" in page.text
