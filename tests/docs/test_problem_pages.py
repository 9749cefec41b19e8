"""Every command of the pages about problems is run, as it stands there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compiled_models import int8_model
from pages import DOCS, ROOT, build_wheel

BLOCK = re.compile(r"(?:<!-- (?P<how>[^>]*) -->\n)?```console\n(?P<lines>.*?)```", re.DOTALL)


def commands():
    """Each command with its page, what it needs and the exit codes that it may end with."""
    for page in sorted(DOCS.glob("problem-*.md")):
        for match in BLOCK.finditer(page.read_text("utf-8")):
            how = match["how"] or ""
            codes = re.search(r"exit ([\d ]+)", how)
            allowed = {int(code) for code in codes[1].split()} if codes else {0}
            for line in match["lines"].splitlines():
                assert line.startswith("$ envdoctor "), f"{page.name}: {line}"
                needs_more = "network" in how or "builds" in how
                marks = [pytest.mark.integration] if needs_more else []
                yield pytest.param(line.removeprefix("$ "), allowed, marks=marks, id=f"{page.stem}: {line[12:50]}")


COMMANDS = list(commands())


@pytest.fixture
def work(tmp_path):
    """A folder with what the pages speak of."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "model_int8.tflite").write_bytes(int8_model())
    (tmp_path / "dist").mkdir()
    project = '[project]\nname = "hello"\nversion = "1.0"\n'
    build_wheel(project, {"hello.py": "GREETING = 'hello'\n"}, tmp_path / "dist")
    return tmp_path


def test_every_page_has_commands():
    pages = {one.id.partition(":")[0] for one in COMMANDS}
    assert pages == {page.stem for page in DOCS.glob("problem-*.md")}
    assert len(pages) == 7


@pytest.mark.slow
@pytest.mark.parametrize(("command", "codes"), COMMANDS)
def test_a_command_of_a_page_runs(work, command, codes):
    environ = {**os.environ, "COLUMNS": "100"}
    program, *words = shlex.split(command)
    assert program == "envdoctor"
    done = subprocess.run(
        [sys.executable, "-m", "envdoctor", *words], check=False, capture_output=True, text=True, env=environ, cwd=work
    )
    assert done.returncode in codes, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("page", sorted(DOCS.glob("problem-*.md")), ids=lambda page: page.stem)
def test_the_configuration_of_a_page_is_understood(page, tmp_path):
    from envdoctor.configuration.reading import read_configuration

    for number, text in enumerate(re.findall(r"```toml pyproject.toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)):
        folder = Path(tmp_path, str(number))
        folder.mkdir()
        (folder / "pyproject.toml").write_text(text)
        assert read_configuration(folder, {}).origins
