"""`envdoctor check -r`: a lock of anybody's, or a requirements file, held against targets and an environment."""

import hashlib
import subprocess
import sys

import pytest

from index_wheels import publish, wheel
from printed import as_json

LOCK = """lock-version = "1.0"
created-by = "another tool"
{packages}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def local(folder, name, version, **said):
    """A lock of one wheel that lies beside it."""
    filename, content = wheel(name, version, **said)
    (folder / filename).write_bytes(content)
    wheels = f'wheels = [{{ path = "{filename}", hashes = {{ sha256 = "{hashlib.sha256(content).hexdigest()}" }} }}]'
    (folder / "pylock.toml").write_text(
        LOCK.format(packages=f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n{wheels}\n')
    )


HERE = ("--platform", "linux-x86_64", "--python", "3.11")


def test_a_lock_of_another_tool_that_can_not_be_imported(run, folder):
    local(folder, "shaky", "2.0", files={"shaky/__init__.py": b"import nobody_has_this\n"})
    code, found = as_json(run, "check", "-r", "pylock.toml", *HERE)
    assert code == 1
    assert (found["kind"], found["created_by"]) == ("lock", "another tool")
    assert [(one["target"], one["verdict"]) for one in found["sets"]] == [("linux-x86_64-cp311", "BROKEN")]


def test_a_sound_lock(run, folder):
    local(folder, "fine", "1.0")
    code, printed = run("check", "-r", "pylock.toml", *HERE)
    assert code == 0
    assert "SOUND on linux-x86_64-cp311" in printed.out


def test_a_wheel_that_is_not_the_locked_one(run, folder):
    local(folder, "fine", "1.0")
    text = (folder / "pylock.toml").read_text()
    for changed in (text.replace('sha256 = "', 'sha256 = "0'), text.replace("hashes", "size = 7, hashes")):
        (folder / "pylock.toml").write_text(changed)
        code, found = as_json(run, "check", "-r", "pylock.toml", *HERE)
        assert (code, found["sets"][0]["verdict"]) == (1, "BROKEN")
        assert "is not the wheel that was locked" in found["sets"][0]["reasons"][0]["message"]


def test_what_pip_refuses_for_its_python(run, folder):
    local(folder, "bounded", "1.0", requires_python="<3.11")
    code, found = as_json(run, "check", "-r", "pylock.toml", *HERE)
    assert (code, found["sets"][0]["verdict"]) == (1, "NO-VERSION")
    assert "bounded==1.0 asks for Python <3.11: pip refuses it there" in found["sets"][0]["reasons"][0]["message"]


def test_a_lock_that_uv_alone_installs_is_not_refused_by_pip(run, folder, server):
    publish(server, "bounded", "1.0", requires_python="<3.11")
    filename, content = wheel("bounded", "1.0", requires_python="<3.11")
    digest = hashlib.sha256(content).hexdigest()
    (folder / "uv.lock").write_text(
        f"""version = 1
requires-python = ">=3.10"
[[package]]
name = "mine"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "bounded" }}]
[[package]]
name = "bounded"
version = "1.0"
source = {{ registry = "{server.simple}" }}
wheels = [{{ url = "{server.file_url("bounded", filename)}", hash = "sha256:{digest}" }}]
"""
    )
    code, found = as_json(run, "check", "-r", "uv.lock", *HERE)
    assert (code, found["sets"][0]["verdict"]) == (0, "SOUND")
    assert "pip refuses it there, and uv does not" in found["sets"][0]["reasons"][0]["message"]


@pytest.mark.parametrize("asked", ["pylock.toml", "r.txt"])
def test_what_pip_refuses_is_looked_into_all_the_same(run, server, folder, asked):
    files = {"bounded/__init__.py": b"import absent_module\n"}
    publish(server, "bounded", "1.0", requires_python="<3.11", files=files)
    local(folder, "bounded", "1.0", requires_python="<3.11", files=files)
    (folder / "r.txt").write_text("bounded==1.0\n")
    code, found = as_json(run, "check", "-r", asked, *HERE)
    assert (code, found["sets"][0]["verdict"]) == (1, "NO-VERSION")
    assert [one["kind"] for one in found["sets"][0]["reasons"]] == ["no-version", "broken"]


@pytest.mark.parametrize(
    "source",
    [
        'marker = "extra == \'x\'"\nwheels = [{ url = "https://x.it/a-1.0-py3-none-any.whl", hashes = { md5 = "0" } }]',
        'wheels = [{ url = "ftp://u:s@x.example/a-1.0-py3-none-any.whl", hashes = { sha256 = "0" } }]',
        'wheels = [{ name = "a-1.0-py3-none-any.whl", path = "a\\u0000b", hashes = { sha256 = "0" } }]',
    ],
)
def test_markers_and_addresses_that_nobody_can_read(run, folder, source):
    (folder / "pylock.toml").write_text(
        LOCK.format(packages=f'\n[[packages]]\nname = "a"\nversion = "1.0"\n{source}\n')
    )
    code, printed = run("check", "-r", "pylock.toml", *HERE)
    assert code == 1
    assert "UNKNOWN on linux-x86_64-cp311" in printed.out
    assert "u:s@" not in printed.out


def test_a_lock_without_a_wheel_for_the_target_and_one_for_another_python(run, folder):
    local(folder, "fine", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    code, found = as_json(
        run, "check", "-r", "pylock.toml", "--platform", "macos-arm64,linux-x86_64", "--python", "3.11"
    )
    assert [one["verdict"] for one in found["sets"]] == ["NO-WHEEL", "SOUND"]
    assert code == 1
    text = (folder / "pylock.toml").read_text()
    (folder / "pylock.toml").write_text(text.replace("created-by", 'requires-python = ">=3.12"\ncreated-by'))
    _, found = as_json(run, "check", "-r", "pylock.toml", *HERE)
    assert [one["verdict"] for one in found["sets"]] == ["NO-VERSION"]


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ('sdist = { url = "https://x.example/a-1.0.tar.gz", hashes = { sha256 = "00" } }', "NEEDS-BUILD"),
        ('vcs = { type = "git", url = "https://x.example/a", commit-id = "0" }', "UNKNOWN"),
        ('directory = { path = "." }', "UNKNOWN"),
    ],
)
def test_what_a_lock_builds_is_not_called_sound(run, folder, source, verdict):
    (folder / "pylock.toml").write_text(
        LOCK.format(packages=f'\n[[packages]]\nname = "a"\nversion = "1.0"\n{source}\n')
    )
    code, found = as_json(run, "check", "-r", "pylock.toml", *HERE)
    assert (code, found["sets"][0]["verdict"]) == (1, verdict)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "is no TOML"),
        ('lock-version = "1.0"\n', "is no lock by PEP 751: Missing required value in 'created-by'"),
        (LOCK.format(packages="packages = []").replace("1.0", "2.0"), "2.0 is not supported"),
        ("x = " + "[" * 5000, "is no TOML"),
    ],
)
def test_a_lock_that_is_none_is_one_sentence(run, folder, text, words):
    (folder / "pylock.toml").write_text(text)
    code, printed = run("check", "-r", "pylock.toml", *HERE)
    assert code == 2
    assert words in " ".join(printed.err.split())


@pytest.mark.slow
def test_a_requirements_file_for_other_machines(run, folder):
    (folder / "r.txt").write_text("app==2.0\n")
    code, found = as_json(run, "check", "-r", "r.txt", "--platform", "macos-arm64,linux-x86_64", "--python", "3.11")
    assert code == 1
    assert [one["verdict"] for one in found["sets"]] == ["NO-WHEEL", "SOUND"]
    assert found["sets"][1]["pins"] == ["app==2.0", "lib==2.0"]
    assert found["wanted"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "verdict"),
    [("git+https://host.example/a", "SOUND"), ("--extra-index-url https://host.example/simple", "UNKNOWN")],
)
def test_with_a_line_that_can_not_be_judged_a_file_is_never_fine(run, folder, line, verdict):
    (folder / "r.txt").write_text(f"app==2.0\n{line}\n")
    code, found = as_json(run, "check", "-r", "r.txt", *HERE)
    assert (code, found["summary"]["verdict"]) == (1, "unknown")
    assert [one["verdict"] for one in found["sets"]] == [verdict]
    assert ["r.txt, line 2: " in said for said in found["unjudged"]] == [True]
    assert "not-judged" in {one["name"] for one in found["findings"]}
    _, printed = run("check", "-r", "r.txt", *HERE)
    assert "not judged: r.txt, line 2" in " ".join(printed.out.split())


@pytest.mark.slow
def test_what_of_it_is_installed(run, server, folder):
    publish(server, "absent", "1.0")
    python = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python], check=True)
    site = next(python.glob("lib*/python*/site-packages"), python / "Lib/site-packages")
    (folder / "r.txt").write_text("app>=2\nabsent\nlib ; python_version < '3'\n")
    (site / "app-1.0.dist-info").mkdir()
    (site / "app-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: app\nVersion: 1.0\n")
    _, found = as_json(run, "check", "-r", "r.txt", "--python", str(python))
    assert found["wanted"] == [
        {"requirement": "app>=2", "presence": "other version", "installed": "1.0"},
        {"requirement": "absent", "presence": "missing", "installed": ""},
    ]


@pytest.mark.slow
def test_what_a_project_beside_the_file_and_its_parts_require(run, server, folder):
    publish(server, "absent", "1.0")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    table = '[project]\nname = "mine"\ndependencies = []\n[dependency-groups]\ndev = ["absent"]\n'
    (folder / "pyproject.toml").write_text(table)
    (folder / "r.txt").write_text("-e .\nabsent\n")
    here = ("--python", str(folder / "venv"))
    for words, missing in (("r.txt",), ["mine", "absent"]), (("pyproject.toml", "--group", "dev"), ["absent"]):
        code, found = as_json(run, "check", "-r", *words, *here)
        assert code == 1
        assert [(one["requirement"], one["presence"]) for one in found["wanted"]] == [(x, "missing") for x in missing]
        assert any("mine lies in a folder" in note for note in found["notes"]) is ("mine" in missing)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--platform", "macos-arm64"), "--platform is about a file"),
        (("--group", "dev"), "--group is about a file"),
        (("-r", "r.txt", "--extra", "gpu"), "Only a pyproject.toml has extras and groups, and r.txt is not"),
        (("-r", "r.txt", "--to", "edgetpu"), "-r judges a file"),
        (("-r", "gone.txt"), "gone.txt can't be read"),
        (("-r", "empty.txt"), "empty.txt asks for nothing"),
        (("-r", "pylock.toml"), "pylock.toml asks for nothing"),
        (("-r", "r.txt", "--platform", "amiga"), "amiga"),
    ],
)
def test_bad_requests(run, folder, words, said):
    (folder / "r.txt").write_text("app\n")
    (folder / "empty.txt").write_text("# nothing\n")
    (folder / "pylock.toml").write_text(LOCK.format(packages="packages = []"))
    code, printed = run("check", *words)
    assert code == 2
    assert said in " ".join(printed.err.split())


def test_hashes_of_a_requirements_file_are_held_against_the_index(run, server, folder):
    publish(server, "hashed", "1.0")
    (file,) = server.projects["hashed"].values()
    right = hashlib.sha256(file.content).hexdigest()
    for text, expected, said in (
        (f"hashed==1.0 --hash=sha256:{right}\n", "SOUND", ""),
        (f"hashed==1.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{right}\n", "SOUND", ""),
        (f"hashed==1.0 --hash=sha256:{'0' * 64}\n", "NO-VERSION", "no file of it on the index has a hash"),
        (f"hashed==1.0 --hash=sha256:{right}\napp==1.0\n", "NO-VERSION", "app==1.0 has no hash in the file"),
    ):
        (folder / "r.txt").write_text(text)
        _, found = as_json(run, "check", "-r", "r.txt", *HERE)
        assert found["sets"][0]["verdict"] == expected, text
        assert said in "".join(one["message"] for one in found["sets"][0]["reasons"])


def test_the_wheel_that_has_a_hash_is_judged_where_a_better_one_has_none(run, server, folder):
    publish(server, "two", "1.0", "py3-none-any", files={"two/__init__.py": b"import nobody_has_this\n"})
    (allowed,) = server.projects["two"].values()
    publish(server, "two", "1.0", "cp311-cp311-manylinux_2_17_x86_64")
    (folder / "r.txt").write_text("two==1.0\n")
    assert as_json(run, "check", "-r", "r.txt", *HERE)[1]["sets"][0]["verdict"] == "SOUND"
    (folder / "r.txt").write_text(f"two==1.0 --hash=sha256:{hashlib.sha256(allowed.content).hexdigest()}\n")
    assert as_json(run, "check", "-r", "r.txt", *HERE)[1]["sets"][0]["verdict"] == "BROKEN"


def test_a_project_for_other_pythons(run, folder):
    text = '[project]\nname = "x"\nrequires-python = ">=3.12"\ndependencies = ["app"]\n'
    (folder / "pyproject.toml").write_text(text)
    code, found = as_json(run, "check", "-r", "pyproject.toml", *HERE)
    assert (code, found["sets"][0]["verdict"]) == (1, "NO-VERSION")
    assert "asks for Python >=3.12" in found["sets"][0]["reasons"][0]["message"]


@pytest.mark.slow
def test_what_a_file_asks_for_exactly_and_pip_refuses_for_its_python(run, server, folder):
    publish(server, "bounded", "1.0", requires_python="<3.11")
    (folder / "limits.txt").write_text("bounded==1.0\n")
    for text, expected in (
        ("bounded\n", "SOUND"),
        ("bounded==1.*\n", "SOUND"),
        ("bounded\nbounded==1.0; python_version < '3.11'\n", "SOUND"),
        ("bounded\n-c limits.txt\n", "NO-VERSION"),
        ("bounded==1\n", "NO-VERSION"),
    ):
        (folder / "r.txt").write_text(text)
        code, found = as_json(run, "check", "-r", "r.txt", *HERE)
        assert (code, found["sets"][0]["verdict"]) == (int(expected != "SOUND"), expected), text
    assert "bounded==1.0 asks for Python <3.11: pip refuses it there" in found["sets"][0]["reasons"][0]["message"]


POETRY = """
[[package]]
name = "shaky"
version = "2.0"
optional = false
groups = ["main"]
files = [{{file = "{file}", hash = "sha256:{hash}"}}]
[metadata]
python-versions = "{python}"
"""


@pytest.mark.parametrize(
    ("python", "known", "verdict"), [(">=3.10", "", "BROKEN"), (">=3.12", "", "NO-VERSION"), (">=3.10", "0", "UNKNOWN")]
)
def test_the_lock_of_poetry_is_held_against_the_index(run, folder, server, python, known, verdict):  # noqa: PLR0917
    files = {"shaky/__init__.py": b"import nobody_has_this\n"}
    filename, content = wheel("shaky", "2.0", files=files)
    publish(server, "shaky", "2.0", files=files)
    publish(server, "shaky", "3.0")
    digest = known + hashlib.sha256(content).hexdigest()
    (folder / "poetry.lock").write_text(POETRY.format(file=filename, hash=digest, python=python))
    code, found = as_json(run, "check", "-r", "poetry.lock", *HERE)
    assert (code, found["created_by"]) == (1, "Poetry")
    assert [one["verdict"] for one in found["sets"]] == [verdict]


def test_an_address_that_is_for_another_system_leaves_nothing_open(run, server, folder):
    publish(server, "fine", "1.0")
    (folder / "r.txt").write_text("fine\nother @ https://host.example/o.zip ; sys_platform == 'win32'\n")
    code, found = as_json(run, "check", "-r", "r.txt", *HERE)
    assert (code, found["unjudged"]) == (0, [])
