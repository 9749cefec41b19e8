"""What files ask for: pip's format with its includes, and pyproject.toml with extras and groups."""

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.locks.asked import read_asked, read_hashes, read_mixed


def test_a_requirements_file_with_what_it_includes(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/more.txt").write_text("\ufeffb>=1 # why\n-c limits.txt\n")
    (tmp_path / "sub/limits.txt").write_text("c<3\n")
    main = tmp_path / "requirements.txt"
    main.write_text("-r sub/more.txt\n--only-binary :all:\na[x] ==1 ; python_version > '3' \\\n  --hash=sha256:00\n\n")
    requirements, constraints, *_ = read_asked(main)
    assert requirements == ["b>=1", 'a[x]==1; python_version > "3"']
    assert constraints == ["c<3"]


@pytest.mark.parametrize(
    ("line", "is_taken"),
    [
        ("--index-url https://first.example/simple", True),
        ("-i https://me:word@first.example/simple/", True),
        ("--extra-index-url=https://second.example/simple", True),
        ("--index-url https://second.example/simple", False),
        ("--extra-index-url https://third.example/simple", False),
        ("--index-url https://[first.example/simple", False),
        ("--find-links /some/wheels", True),
        ("-f /some/wheels", True),
        ("--find-links /other/wheels", False),
        ("--trusted-host first.example", True),
    ],
)
def test_the_places_of_the_user_may_be_named(tmp_path, monkeypatch, line, is_taken):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "https://first.example/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://me:word@second.example/simple/")
    monkeypatch.setenv("PIP_FIND_LINKS", "/some/wheels")
    file = tmp_path / "r.txt"
    file.write_text(f"{line}\na\n")
    if is_taken:
        assert read_asked(file) == (["a"], [], [], [])
    else:
        with pytest.raises(UsageProblem, match="line 1: the option") as told:
            read_asked(file)
        assert ":word@" not in str(told.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_with_a_mark_of_its_encoding_is_read_as_pip_reads_it(tmp_path, encoding):
    mark = "" if encoding in {"utf-8-sig", "utf-16"} else "\ufeff"
    for name, text in (("r.txt", "a==1\n-c c.txt\n"), ("c.txt", "b<2\n")):
        (tmp_path / name).write_text(mark + text, encoding=encoding)
    assert read_asked(tmp_path / "r.txt") == (["a==1"], ["b<2"], [], [])


@pytest.mark.parametrize("line", ["-e ./lib[gpu,]", "--editable=lib[gpu]", "./lib/[gpu]", "-e {}/lib[gpu]"])
@pytest.mark.parametrize("within", [True, False])
def test_of_a_project_in_a_folder_what_it_requires_is_asked_for(tmp_path, monkeypatch, line, within):
    lib = tmp_path / "lib"
    lib.mkdir()
    table = '[project]\nname = "my-lib"\ndependencies = ["a>1"]\noptional-dependencies.gpu = ["b"]'
    (lib / "pyproject.toml").write_text(table)
    (tmp_path / "r.txt").write_text(f"{line.format(tmp_path)}\nc==1 --hash=sha256:{'0' * 64}\n")
    monkeypatch.chdir(tmp_path if within else lib)
    assert read_asked(tmp_path / "r.txt") == (["a>1", "b", "c==1"], [], ["my-lib"], [])
    assert set(read_hashes(tmp_path / "r.txt")) == {"c"}


def test_what_a_project_in_a_folder_makes_up_when_built_can_not_be_read(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\ndynamic = ["dependencies"]')
    (tmp_path / "r.txt").write_text("-e .\n")
    with pytest.raises(UsageProblem, match="dynamic"):
        read_asked(tmp_path / "r.txt")


@pytest.mark.parametrize("name", ["environment.yml", "e.yaml", "Pipfile", "setup.py", "setup.cfg", "x.json"])
def test_what_others_ask_by_is_told_by_its_name(tmp_path, name):
    (tmp_path / name).write_text("name: x\n")
    with pytest.raises(UsageProblem, match="is not read here; "):
        read_asked(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-r r.txt\n", "includes itself"),
        ("-e .\n", "line 1: .* is no folder with a pyproject.toml"),
        ("./a-1-py3-none-any.whl\n", "line 1: './a-1-py3-none-any.whl' names a file"),
        ("-e git+https://host.example/a#egg=a\n", "line 1: '-e git"),
        ("a\n--index-url https://x.example/simple\n", "line 2: the option"),
        ("not a requirement\n", "line 1: 'not a requirement' is no requirement"),
        ("a @ file:///a-1-py3-none-any.whl\n", "names a file or an address"),
        ("-c gone.txt\n", "can't be read"),
        (f"a=={'9' * 6000}\n", "is no requirement: it has a number of more than 1,000 digits"),
        (f"a; {'(' * 20_000}\n", "is no requirement: it is nested too deeply"),
        (f"a; {'(' * 3000}os_name>'3'{')' * 3000}\n", "is no requirement: it is nested too deeply"),
        ("a" * 5_000_000, r"line 1: 'a{200} \.\.\.' is no requirement: it has more than 100,000 characters"),
    ],
)
def test_what_can_not_be_locked_is_said_with_its_line(tmp_path, monkeypatch, text, words):
    (tmp_path / "r.txt").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageProblem, match=words):
        read_asked(tmp_path / "r.txt")


@pytest.mark.parametrize(
    ("line", "changes_choice", "named"),
    [
        ("git+https://host.example/a@main#egg=a", False, "a"),
        ("https://host.example/a-1-py3-none-any.whl", False, "a"),
        ("a-1-py3-none-any.whl", False, "a"),
        ("b @ https://host.example/b.whl ; python_version > '3'", False, 'b; python_version > "3"'),
        ("-e git+https://host.example/a#egg=a", False, "a"),
        ("libs/a", False, ""),
        ("-e .", False, ""),
        ("-r https://host.example/r.txt", True, ""),
        ("-c https://host.example/c.txt", True, ""),
        ("--extra-index-url https://host.example/simple", True, ""),
        ("--no-binary lib", True, ""),
        ("--pre", True, ""),
    ],
)
def test_beside_a_line_that_can_not_be_judged_the_others_are(tmp_path, monkeypatch, line, changes_choice, named):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "r.txt"
    file.write_text(f"lib>1\n{line}\n")
    found = read_mixed(file)
    assert found.requirements == ["lib>1"]
    (one,) = found.unjudged
    assert f"{file}, line 2: " in one.said
    assert (one.changes_choice, one.line) == (changes_choice, named)


def test_a_project_with_one_address_is_judged_without_it(tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\nname = "p"\ndependencies = ["b @ https://host.example/b.whl", "a"]')
    found = read_mixed(file)
    assert (found.requirements, [one.line for one in found.unjudged]) == (["a"], ["b"])


def test_what_is_unjudged_shows_no_password_and_no_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN_OF_MINE", "secretword")
    file = tmp_path / "r.txt"
    file.write_text("git+https://${TOKEN_OF_MINE}@host.example/a\nb @ https://me:${TOKEN_OF_MINE}@host.example/b.whl\n")
    assert "secretword" not in str(read_mixed(file))


def test_lines_are_joined_and_filled_as_pip_does(tmp_path, monkeypatch):
    monkeypatch.setenv("OWN_VERSION", "2")
    file = tmp_path / "r.txt"
    file.write_text(
        '# not a beginning \\\na==1 --config-settings="x=y" \\\n --hash=sha256:00\nb==${OWN_VERSION}\n-r "s p.txt"\n'
    )
    (tmp_path / "s p.txt").write_text("c\n")
    assert read_asked(file).requirements == ["a==1", "b==2", "c"]
    assert set(read_hashes(file)) == {"a"}


PROJECT = """
[project]
name = "app"
dependencies = ["a>=1", "b; sys_platform == 'win32'"]
[project.optional-dependencies]
Fast_Path = ["c"]
[dependency-groups]
test = ["d", {include-group = "base"}]
base = ["e"]
loop = [{include-group = "loop"}]
"""


def test_a_project_with_an_extra_and_a_group(tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text(PROJECT)
    requirements, *_ = read_asked(file, ["fast-path"], ["test"])
    assert requirements == ["a>=1", 'b; sys_platform == "win32"', "c", "d", "e"]


@pytest.mark.parametrize(
    ("text", "asked", "words"),
    [
        (PROJECT, {"extras": ["gone"]}, "has no extra 'gone'; it has Fast_Path"),
        (PROJECT, {"groups": ["loop"]}, "the dependency group loop includes itself"),
        ("[tool]\n", {}, r"has no table \[project\]"),
        ("[project]\ndynamic = ['dependencies']\n", {}, "dynamic"),
        ("[project]\ndependencies = 'a'\n", {}, "no list of requirements"),
        ("[project]\ndynamic = 5\n", {}, "dynamic is no list"),
        ("[project]\noptional-dependencies = ['a']\n", {}, "optional-dependencies is no table"),
        ("dependency-groups = 1\n[project]\n", {"groups": ["a"]}, "dependency-groups is no table"),
        ("[project\n", {}, "is no TOML"),
        (f"[project]\na = {'9' * 5000}\n", {}, "is no TOML"),
        (f"[project]\na = {'[' * 5000}\n", {}, "nested too deeply"),
        ("\xff", {}, "no UTF-8"),
    ],
)
def test_a_project_that_can_not_be_read(tmp_path, text, asked, words):
    file = tmp_path / "pyproject.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageProblem, match=words):
        read_asked(file, **asked)


def test_a_folder_whose_name_no_file_system_takes_is_none(tmp_path):
    (tmp_path / "r.txt").write_text(f"./{'9' * 5000}\na\n")
    asked = read_mixed(tmp_path / "r.txt")
    assert (asked.requirements, len(asked.unjudged)) == (["a"], 1)


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("b @ git+https://host.example/b@main ; os_name == 'nt'", 'b; os_name == "nt"'),
        ("git+ssh://git@host.example/b.git@main#egg=b", "b"),
        ("-e git+https://host.example/b#egg=b&subdirectory=c", "b"),
        ("https://host.example/b-1-py3-none-any.whl ; os_name == 'nt'", 'b; os_name == "nt"'),
        ("./wheels/b-1-py3-none-any.whl", "b"),
        ("https://host.example/b-1-py3-none-any.whl ; nothing", "b"),
        ("https://host.example/b/archive/main.zip", ""),
    ],
)
def test_the_package_that_an_address_names(tmp_path, line, package):
    (tmp_path / "r.txt").write_text(f"a\n{line}\n")
    assert [one.line for one in read_mixed(tmp_path / "r.txt").unjudged] == [package]
