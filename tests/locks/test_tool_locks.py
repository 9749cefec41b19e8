"""The locks of uv, Poetry, PDM and Pipenv: what belongs on which target."""

import json

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.locks.tool_locks import is_tool_lock, read_tool_lock
from wheel_files import LINUX, WINDOWS

UV = """
version = 1
requires-python = ">=3.10"
[[package]]
name = "demo"
source = {{ {source} }}
dependencies = [
    {{ name = "num", version = "1.0", marker = "python_full_version < '3.11'" }},
    {{ name = "num", version = "2.0", marker = "python_full_version >= '3.11'" }},
    {{ name = "web", extra = ["more"] }},
]
[package.dev-dependencies]
dev = [{{ name = "dev-only" }}]
[[package]]
name = "dev-only"
version = "1.0"
source = {{ registry = "x" }}
[[package]]
name = "num"
version = "1.0"
source = {{ registry = "x" }}
wheels = [{{ url = "https://files.test/num-1.0-py3-none-any.whl", hash = "sha256:aa" }}]
[[package]]
name = "num"
version = "2.0"
source = {{ registry = "x" }}
wheels = [{{ url = "https://files.test/num-2.0-py3-none-any.whl", hash = "sha256:bb" }}]
[[package]]
name = "web"
version = "3.0"
source = {{ registry = "x" }}
dependencies = [{{ name = "win", marker = "sys_platform == 'win32'" }}]
sdist = {{ url = "https://files.test/web-3.0.tar.gz", hash = "sha256:cc" }}
[package.optional-dependencies]
more = [{{ name = "extra-one" }}]
[[package]]
name = "win"
version = "4.0"
source = {{ git = "https://code.test/win" }}
[[package]]
name = "extra-one"
version = "5.0"
source = {{ registry = "x" }}
wheels = [{{ url = "https://files.test/extra_one-5.0-py3-none-any.whl" }}]
"""
POETRY = """
[[package]]
name = "Num.Py"
version = "2.0"
optional = false
groups = ["main", "dev"]
markers = {main = "sys_platform == 'win32'", dev = "sys_platform != 'win32'"}
files = [{file = "num_py-2.0-py3-none-any.whl", hash = "sha256:AA"}]
[[package]]
name = "odd"
version = "1.0"
optional = false
groups = ["main"]
files = []
[package.source]
type = "git"
url = "https://code.test/odd"
[[package]]
name = "tester"
version = "1.0"
optional = false
groups = ["dev"]
files = []
[metadata]
python-versions = ">=3.10"
"""
PDM = """
[metadata]
groups = ["default", "dev"]
strategy = ["inherit_metadata"]
[[metadata.targets]]
requires_python = ">=3.10"
[[package]]
name = "web"
version = "3.0"
groups = ["default"]
files = [{file = "web-3.0-py3-none-any.whl", hash = "sha256:aa"}]
[[package]]
name = "web"
version = "3.0"
extras = ["more"]
groups = ["default"]
files = [{file = "web-3.0-py3-none-any.whl", hash = "sha256:aa"}]
[[package]]
name = "win"
version = "4.0"
groups = ["default"]
marker = "sys_platform == 'win32'"
files = []
[[package]]
name = "tester"
version = "1.0"
groups = ["dev"]
files = []
"""
PIPENV = {
    "_meta": {"requires": {"python_version": "3.11"}},
    "default": {
        "web": {"version": "==3.0", "hashes": ["sha256:aa"]},
        "loose": {"version": "*", "markers": "sys_platform == 'win32'"},
    },
    "develop": {"tester": {"version": "==1.0"}},
}


@pytest.fixture
def chosen(tmp_path):
    def choose(name, text, target):
        (tmp_path / name).write_text(text)
        return {one.name: one for one in read_tool_lock(tmp_path / name).choose(target)}

    return choose


def versions(found):
    return {name: one.version for name, one in found.items()}


@pytest.mark.parametrize("source", ['virtual = "."', 'editable = "."'])
def test_uv_is_followed_from_the_project_on(chosen, source):
    text = UV.format(source=source)
    found = chosen("uv.lock", text, LINUX)
    assert versions(found) == {"num": "2.0", "web": "3.0", "extra-one": "5.0"}
    assert [file.filename for file in found["num"].files] == ["num-2.0-py3-none-any.whl"]
    on_windows = chosen("uv.lock", text, WINDOWS)
    assert on_windows["win"].place == "a repository"


def test_uv_that_lacks_what_is_needed_is_told(chosen):
    text = UV.format(source='virtual = "."').replace('name = "extra-one"\nversion', 'name = "other"\nversion')
    with pytest.raises(UsageProblem, match="no extra-one that web needs"):
        chosen("uv.lock", text, LINUX)


def test_poetry_has_a_marker_for_each_group(chosen):
    assert versions(chosen("poetry.lock", POETRY, LINUX)) == {"odd": "1.0"}
    found = chosen("poetry.lock", POETRY, WINDOWS)
    assert versions(found) == {"num-py": "2.0", "odd": "1.0"}
    assert (found["num-py"].hashes, found["odd"].place) == ({"aa"}, "a repository")


def test_pdm_has_a_package_once_whatever_extras_it_has(chosen):
    assert versions(chosen("pdm.lock", PDM, LINUX)) == {"web": "3.0"}
    assert versions(chosen("pdm.lock", PDM, WINDOWS)) == {"web": "3.0", "win": "4.0"}


def test_pipenv_may_leave_a_version_open(chosen):
    assert versions(chosen("Pipfile.lock", json.dumps(PIPENV), LINUX)) == {"web": "3.0"}
    assert versions(chosen("Pipfile.lock", json.dumps(PIPENV), WINDOWS)) == {"web": "3.0", "loose": ""}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("poetry.lock", POETRY.replace("groups", "category"), "Poetry 2"),
        ("pdm.lock", PDM.replace('"inherit_metadata"', ""), "inherit_metadata"),
        ("uv.lock", "version = 1\n[[package]]\n", "no whole lock: 'name' is missing"),
        ("uv.lock", '[[package]]\nname = "x"\n', "no whole lock: 'version' is missing"),
        ("poetry.lock", "", "no whole lock: 'metadata' is missing"),
        ("poetry.lock", "[metadata]\n", "no whole lock: 'package' is missing"),
        ("poetry.lock", 'package = ["six"]\n[metadata]\n', "'package' is no list of tables"),
        ("pdm.lock", PDM[: PDM.index("[[package]]")] + "[package]\n", "'package' is no list of tables"),
        ("uv.lock", 'version = 1\nrequires-python = ">=3.10"\n', "names no project"),
        ("pdm.lock", PDM.replace("3.0", "3.0\x00"), "is no lock: Illegal character"),
        ("Pipfile.lock", "[" * 90_000, "is no lock: it is nested too deeply"),
        ("uv.lock", 'version = 1\n[[package]]\nname = "x"\n', "names no project"),
        ("Pipfile.lock", "[]", "no lock as its tool writes them"),
        ("Pipfile.lock", "{", "is no lock"),
        ("Pipfile.lock", json.dumps({**PIPENV, "default": {"": {"version": "==1"}}}), "'' is no name of a package"),
        ("Pipfile.lock", json.dumps({**PIPENV, "default": {"../x": {"version": "==1"}}}), "'-/x' is no name"),
        ("poetry.lock", "a = ", "is no lock"),
        ("pdm.lock", PDM.replace("sys_platform ==", "sys_platform is"), "can't be evaluated"),
        ("poetry.lock", POETRY.replace("\"sys_platform == 'win32'\"", "3"), "no lock as its tool writes them"),
        ("uv.lock", UV.format(source='virtual = "."').replace("cies = [{", "cies = [3, {"), "no lock as"),
        ("uv.lock", UV.format(source='virtual = "."').replace('url = "', "url = 3 #"), "is no lock"),
    ],
)
def test_what_is_no_such_lock_is_told_in_a_sentence(chosen, name, text, said):
    with pytest.raises(UsageProblem, match=said):
        chosen(name, text, LINUX)


def test_only_these_names_are_such_locks(tmp_path):
    assert is_tool_lock(tmp_path / "uv.lock")
    assert not is_tool_lock(tmp_path / "pylock.toml")
