"""Codes as links to the installed page: only where a terminal shows such, and only to what is there."""

import importlib
import io
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import sample_reports as samples
from envdoctor import registry
from envdoctor.stages.problems import problem_kinds
from envdoctor_reports import terminal
from envdoctor_reports._links import PAGE, linked, wants_links

LINK = re.compile("\x1b]8;;([^\x1b]*)\x1b\\\\([^\x1b]*)\x1b]8;;\x1b\\\\")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4205"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "?"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, True),
        ({"TERM": "foot", "TMUX": "/tmp/tmux"}, False),
        ({"TERM": "screen-256color", "VTE_VERSION": "7600"}, False),
        ({"TERM": "dumb", "VTE_VERSION": "7600"}, False),
        ({"WT_SESSION": "a-b"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM": "dumb", "FORCE_HYPERLINK": "1"}, True),
        ({"TERM": "xterm-kitty", "FORCE_HYPERLINK": "0"}, False),
    ],
)
def test_only_terminals_that_say_who_they_are_get_links(environ, wanted):
    assert wants_links(Terminal(), environ) is wanted


def test_a_pipe_gets_none():
    assert linked("PKG001  x", io.StringIO(), {"TERM": "xterm-kitty"}) == "PKG001  x"


def test_a_code_is_a_link_to_its_place_on_the_installed_page():
    text = linked("  PKG001  app: PKG001, PKG999, XPKG001\n", Terminal(), {"TERM": "xterm-kitty"})
    assert [words for _, words in LINK.findall(text)] == ["PKG001", "PKG001"]
    assert LINK.sub(r"\2", text) == "  PKG001  app: PKG001, PKG999, XPKG001\n"
    address = urlsplit(LINK.findall(text)[0][0])
    assert (address.scheme, address.fragment) == ("file", "PKG001")
    assert Path(unquote(address.path)) == PAGE.resolve()


def test_a_machine_of_an_odd_name_and_a_folder_with_spaces_make_a_whole_address(tmp_path, monkeypatch):
    page = tmp_path / "a folder" / "codes.html"
    page.parent.mkdir()
    page.write_text('<section id="PKG001">', encoding="utf-8")
    monkeypatch.setattr("platform.node", lambda: "b\x1bö x")
    text = linked("PKG001", Terminal(), {"TERM": "xterm-kitty"}, page=page)
    address = LINK.fullmatch(text)[1]
    assert address.isascii()
    assert address.startswith("file://b%1B%C3%B6%20x/")
    assert address.endswith("/a%20folder/codes.html#PKG001")


def test_without_the_page_there_is_no_link(tmp_path):
    assert linked("PKG001", Terminal(), {"TERM": "xterm-kitty"}, page=tmp_path / "codes.html") == "PKG001"


def test_every_code_has_its_place_on_the_page(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "tools")
    text = importlib.import_module("codes_page").codes_page()
    codes = [one.code for one in (*registry.probes(), *problem_kinds().values())]
    assert sorted(codes) == sorted(re.findall(r'<section id="(\w+)"', text))
    assert "http-equiv" not in text
    assert "<script" not in text


def test_links_change_no_line_of_a_report(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "FORCE_HYPERLINK", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-kitty")
    stream, plain = Terminal(), Terminal()
    terminal.write(samples.broken(), stream=stream)
    monkeypatch.setenv("FORCE_HYPERLINK", "0")
    terminal.write(samples.broken(), stream=plain)
    assert LINK.search(stream.getvalue())
    assert LINK.sub(r"\2", stream.getvalue()) == plain.getvalue()
