"""What is answered without `packaging` is what `packaging` answers."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from envdoctor.support.requirement import admits, command_words, holds, parse_requirement, required_name

ENVIRONMENT = {**default_environment(), "extra": ""}

releases = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
versions = st.one_of(
    releases,
    st.builds(
        lambda release, end: release + end,
        releases,
        st.sampled_from(["rc1", ".dev3", ".post1", "+cu12", "a2.post1.dev4", "", ".0.0"]),
    ),
)
bounds = st.builds(
    lambda operator, space, version, end: f"{operator}{space}{version}{end}",
    st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~="]),
    st.sampled_from(["", " "]),
    versions,
    st.sampled_from(["", "", "", ".*"]),
)
specifiers = st.lists(bounds, max_size=3).map(",".join)


def answer_or_error(ask, *arguments):
    try:
        return ask(*arguments)
    except ValueError:
        return "an error"


def by_packaging(specifier, version):
    return SpecifierSet(specifier).contains(version, prereleases=True)


@pytest.mark.slow
@given(specifiers.filter(bool), versions)
def test_versions_are_judged_as_packaging_judges_them(specifier, version):
    assert answer_or_error(admits, specifier, version) == answer_or_error(by_packaging, specifier, version)


@given(
    st.sampled_from(["python_version", "sys_platform", "platform_machine", "python_full_version", "extra", "os_name"]),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "in", "not in"]),
    st.sampled_from(["3", "3.9", "3.11", "3.100", "linux", "win32", "x86_64", "", "4x", "arm64", "3.8 3.9"]),
    st.sampled_from(['{} {} "{}"', "{}{}'{}'", '({} {} "{}")', '{} {} "{}" and os_name == "posix"']),
)
def test_markers_are_judged_as_packaging_judges_them(name, operator, value, form):
    text = form.format(name, f" {operator} " if "{}{}" in form else operator, value)
    theirs = answer_or_error(lambda: Requirement(f"a; {text}").marker.evaluate(dict(ENVIRONMENT)))
    assert answer_or_error(holds, text, ENVIRONMENT) == theirs


@pytest.mark.slow
@given(
    st.sampled_from(["numpy", "Foo.Bar", "a", "foo_bar-2", "-a", "foo-", "a b", ""]),
    st.sampled_from(["", "[x]", "[ x , y-1 ]", "[]", "[x,]", "[x"]),
    st.sampled_from([" {}", "({})", " ( {} )", "({}", "{})", "{},", "{}"]),
    specifiers,
    st.sampled_from(["", ";python_version<'3'", " ; extra == 'x'", "; nonsense", ";"]),
)
def test_requirements_are_taken_apart_as_packaging_does(name, extras, form, specifier, marker):
    text = f"{name}{extras}{form.format(specifier)}{marker}"

    def ours():
        parsed = parse_requirement(text)
        holds(parsed.marker, ENVIRONMENT)
        return parsed.name, set(parsed.extras), SpecifierSet(parsed.specifier), bool(parsed.marker)

    def theirs():
        parsed = Requirement(text)
        return parsed.name, parsed.extras, parsed.specifier, parsed.marker is not None

    assert answer_or_error(ours) == answer_or_error(theirs)


@pytest.mark.parametrize(
    "text",
    [
        "torch @ https://example.org/torch-2.0-py3-none-any.whl",
        "foo @ file:///tmp/foo ; python_version > '3'",
        "foo === 1.0-weird",
        'foo>=1,<2; python_version >= "3.9" and (os_name == "nt" or sys_platform == "linux")',
    ],
)
def test_what_is_not_plain_is_handed_on(text):
    parsed = parse_requirement(text)
    assert parsed.name == Requirement(text).name
    assert holds(parsed.marker, ENVIRONMENT) == (
        Requirement(text).marker is None or Requirement(text).marker.evaluate(dict(ENVIRONMENT))
    )


@pytest.mark.slow
def test_plain_ones_need_no_packaging():
    code = """
import sys
from envdoctor.support.requirement import admits, holds, parse_requirement
parsed = parse_requirement("numpy (>=1.26,<3,!=2.0.*) ; python_version >= '3.9'")
assert admits(parsed.specifier, "2.1.3")
assert holds(parsed.marker, {"python_version": "3.11"})
assert not [name for name in sys.modules if name.startswith("packaging")]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("line", "name"),
    [("Ruamel.YAML_x>=1", "ruamel-yaml-x"), (" a--b[c] ; extra == 'd'", "a-b"), ("a @ file:///x", "a"), (">=1", "")],
)
def test_the_name_that_a_requirement_begins_with(line, name):
    assert required_name(line) == name


@pytest.mark.parametrize(
    ("name", "versions", "word"),
    [
        ("numpy", "", "numpy"),
        ("ruamel.yaml", "==0.18", "ruamel.yaml==0.18"),
        ("A", "=1.0", "A=1.0"),
        ("numpy", "<2,>=1.26", "numpy<2,>=1.26"),
        ("numpy", "!=1.*,~=1.2", "numpy!=1.*,~=1.2"),
        ("foo", "==1.0+local.1", "foo==1.0+local.1"),
    ],
)
def test_a_name_with_versions_is_a_word(name, versions, word):
    assert command_words(name, versions) == (word,)


@pytest.mark.parametrize("name", ["--index-url=x", "-r", "", "a b", "a/b", "../a", "http://x", "a@b", "a\n", "ä", "a-"])
def test_what_is_no_project_s_name_is_no_word(name):
    assert command_words(name) == ()


@pytest.mark.parametrize("versions", [" @ http://x", "==1 --pre", "==--pre", ";x", "==1\n-r", ",", "==", "[x]", "==1,"])
def test_what_is_no_version_is_no_word(versions):
    assert command_words("foo", versions) == ()


@pytest.mark.parametrize("text", ["foo; " + "(" * 5000 + "os_name == 'x'" + ")" * 5000, "foo<" + "9" * 5000])
def test_what_would_break_the_parser_is_no_requirement(text):
    with pytest.raises(ValueError, match=r"nested too deeply|1,000 digits|xpected"):
        holds(parse_requirement(text).marker, {"os_name": "posix"})
