"""Commands that a message or a fix tells a user to run: each is one that the command line takes as printed."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import click
import pytest

import envdoctor
import envdoctor_probes
from commands import parse
from envdoctor.cli._run import group
from envdoctor.core.data import load_table
from envdoctor.stages.problems import problem_kinds

_QUOTED = re.compile(r"`(envdoctor [^`]*)`")
#: What is not known before: a word of the user's stands there when it is printed.
_UNKNOWN = "WORD"
#: Of programs that envdoctor starts, not its own.
_FOREIGN = {"--timeout_sec", "--timeout"}


def sources():
    for package in (envdoctor, envdoctor_probes):
        yield from Path(package.__file__).parent.rglob("*.py")


def without_documentation(tree):
    """The strings and tuples of a module but for its docstrings."""
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    return [node for node in ast.walk(tree) if id(node) not in documented]


def text_of(node):
    """What a string says, with a word for each value that is put into it."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(one.value if isinstance(one, ast.Constant) else _UNKNOWN for one in node.values)
    return None


def commands_in_code():
    for path in sources():
        for node in without_documentation(ast.parse(path.read_text(encoding="utf-8"))):
            for quoted in _QUOTED.findall(text_of(node) or ""):
                yield f"{path.name}: {quoted}", shlex.split(quoted)
            if isinstance(node, ast.Tuple) and node.elts and text_of(node.elts[0]) == "envdoctor":
                words = [text_of(one) or _UNKNOWN for one in node.elts if not isinstance(one, ast.Starred)]
                if len(words) > 2:  # a command alone is the beginning of one
                    yield f"{path.name}: {' '.join(words)}", words


def strings_in(value):
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings_in(item)


def commands_in_tables():
    for path in (Path(envdoctor.__file__).parent / "data").glob("*.toml"):
        for text in strings_in(load_table(path.stem)):
            for quoted in _QUOTED.findall(text):
                yield f"{path.name}: {quoted}", shlex.split(quoted)


COMMANDS = sorted(dict((*commands_in_code(), *commands_in_tables())).items())


@pytest.mark.parametrize(("name", "words"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_a_command_that_is_told_can_be_run_as_printed(name, words):
    try:
        parse(words)
    except click.ClickException as error:
        pytest.fail(f"{name}: {error.format_message()}")


def test_the_parser_refuses_what_no_command_takes():
    with pytest.raises(click.UsageError):
        parse(["envdoctor", "repair", "FILE", "--signature", "x"])
    with pytest.raises(click.UsageError):
        parse(["envdoctor", "env", "remove", "--nothing"])
    assert len(COMMANDS) > 10


def options_of(name):
    command = group.get_command(click.Context(group), name)
    return {word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("kind", problem_kinds().values(), ids=lambda kind: kind.name)
def test_an_option_that_a_fix_names_is_one_of_build_or_of_the_command_that_it_names(kind):
    text = _QUOTED.sub("", f"{kind.fix} {kind.message} {kind.why}")
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z_-]*", text)) - _FOREIGN
    assert named <= options_of("build") | ({"--samples"} if "repair" in text else set())
