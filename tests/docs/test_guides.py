"""Every command that a page shows or names is one that the command line takes; those that need nothing are run."""

import re
import shlex

import click
import pytest

from commands import parse
from envdoctor.cli import main
from envdoctor.core.errors import ExitCode
from pages import DOCS, ROOT

#: Generated, or followed word by word by a test of their own.
_OTHERS = {"commands.md", "guide-compilers.md", "plugins.md"}
PAGES = [ROOT / "README.md", *sorted(page for page in DOCS.glob("*.md") if page.name not in _OTHERS)]
#: What a command line of a page ends with: words on it behind two spaces, a comment, or a mark of what is left out.
_BEHIND = re.compile(r"\s{2,}.*|\s#.*|\s\|.*|\s\.\.\.$")
_NEEDS_NOTHING = re.compile(r"envdoctor (?:explain|config|completion)(?: \w+)?")
_NAMES_AN_OPTION = re.compile(r"envdoctor \w+ -\w")
_INLINE = re.compile(r"`(envdoctor [a-z][^`]*)`")


def lines_of(page):
    """The commands of a page's blocks, and those that its sentences name."""
    text = page.read_text("utf-8")
    for block in re.findall(r"(?m)^ *```[^\n]*\n(.*?)^ *```", text, re.DOTALL):
        yield from (line.strip() for line in block.splitlines() if line.strip().startswith("envdoctor "))
    yield from (line.strip()[2:] for line in text.splitlines() if line.strip().startswith("$ envdoctor "))
    yield from (" ".join(words.split()) for words in _INLINE.findall(re.sub(r"(?s)```.*?```", "", text)))


def commands():
    for page in PAGES:
        for line in dict.fromkeys(_BEHIND.sub("", line) for line in lines_of(page)):
            if not re.match(r"envdoctor \d", line):  # the head of an output
                yield pytest.param(line, id=f"{page.stem}: {line[10:60]}")


COMMANDS = list(commands())


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_a_page_is_taken(line):
    words = shlex.split(line)
    if len(words) == 2 or _NAMES_AN_OPTION.fullmatch(line):  # a command alone is its name
        return
    try:
        parse(words)
    except click.ClickException as error:
        pytest.fail(f"{line}: {error.format_message()}")


def test_the_pages_have_commands():
    assert len(COMMANDS) > 150


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", [one for one in COMMANDS if re.match(r"envdoctor (explain|config|completion) ?\w*$", one.values[0])]
)
def test_a_command_that_needs_nothing_runs(line, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(line)[1:]) == ExitCode.OK
    assert capsys.readouterr().out.strip()
