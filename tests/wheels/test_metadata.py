import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.metadata import (
    RecordRow,
    Script,
    parse_fields,
    parse_record,
    parse_scripts,
    read_metadata,
    read_record,
)
from wheel_files import open_archive, wheel_of

METADATA, WHEEL = "Name: pkg\nVersion: 1.0\n", "Wheel-Version: 1.0\nTag: py3-none-any\n"


def test_what_a_wheel_says_of_itself():
    files = {"pkg/__init__.py": ""}
    data = wheel_of(files, "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", scripts={"tool": "pkg.cli:main"})
    metadata = read_metadata(WheelArchive(MemoryBytes(data)))
    assert (metadata.name, metadata.version, metadata.folder) == ("pkg", "1.0", "pkg-1.0.dist-info")
    assert metadata.tags == ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64")
    assert metadata.scripts == (Script(name="tool", target="pkg.cli:main"),)


def test_compressed_tags_are_expanded():
    members = {"p-1.dist-info/METADATA": METADATA, "p-1.dist-info/WHEEL": "Tag: py2.py3-none-any\nTag: odd\n"}
    assert read_metadata(open_archive(members)).tags == ("py2-none-any", "py3-none-any")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"pkg/__init__.py": ""}, "this has 0"),
        ({"a-1.dist-info/METADATA": METADATA, "b-1.dist-info/METADATA": METADATA}, "this has 2"),
        ({"a-1.dist-info/METADATA": METADATA}, "has no a-1.dist-info/WHEEL"),
        ({"a-1.dist-info/METADATA": "Name: pkg\n", "a-1.dist-info/WHEEL": WHEEL}, "name and version"),
    ],
)
def test_what_is_no_wheel_is_unreadable(members, reason):
    with pytest.raises(Unreadable, match=reason):
        read_metadata(open_archive(members))


def test_a_line_of_spaces_and_a_form_feed_are_part_of_a_licence():
    """As meson-python folds a licence's text: scipy 1.11.4 lost its requirements to it."""
    text = "Name: a\nLicense: One\n        \n        Two\f: three\nRequires-Dist: b\n\nName: not this\n"
    fields = parse_fields(text)
    assert (fields["requires-dist"], fields["name"], fields["license"]) == (["b"], ["a"], ["One\n\nTwo\f: three"])
    assert parse_fields(" \nName: a\n") == {}


def test_fields_end_with_the_first_empty_line_and_may_be_folded():
    fields = parse_fields("Name: a\nRequires-Dist: b\n ; extra == 'c'\nRequires-Dist: d\n\nName: not this\n")
    assert fields == {"name": ["a"], "requires-dist": ["b\n; extra == 'c'", "d"]}


def test_commands_of_both_groups_and_their_extras():
    text = "# c\n[console_scripts]\n tool = p.cli:main [extra]\n; x = y\n[other]\nz = q:r\n[gui_scripts]\nshow=p:gui\n"
    tool = Script(name="tool", target="p.cli:main", extras="extra")
    assert parse_scripts(text) == (tool, Script(name="show", target="p:gui"))


def test_rows_of_a_record():
    text = '"a,b.py",sha256=x,12\npkg/RECORD,,\n\n'
    assert parse_record(text) == (
        RecordRow(path="a,b.py", digest="sha256=x", size=12),
        RecordRow(path="pkg/RECORD", digest="", size=None),
    )


@pytest.mark.parametrize("text", ["only-a-path", "a,sha256=x,many", "a,b,-1", f"a,b,{'9' * 5000}"])
def test_a_row_that_is_none_is_unreadable(text):
    with pytest.raises(Unreadable, match="line 1"):
        parse_record(text)


def test_the_record_of_a_wheel_lists_its_members():
    archive = WheelArchive(MemoryBytes(wheel_of({"pkg/__init__.py": "x"})))
    rows = read_record(archive, read_metadata(archive))
    assert {row.path for row in rows} == set(archive.members)


def test_a_tag_that_stands_for_far_too_many_is_refused():
    part = ".".join(map(str, range(20)))
    with pytest.raises(Unreadable, match="stands for more than"):
        read_metadata(
            open_archive(
                {
                    "p-1.dist-info/METADATA": "Name: p\nVersion: 1\n",
                    "p-1.dist-info/WHEEL": f"Tag: {part}-{part}-{part}\n",
                }
            )
        )


def test_rows_without_end_are_refused(monkeypatch):
    monkeypatch.setattr("envdoctor.wheels.metadata._MOST_ROWS", 10)
    with pytest.raises(Unreadable, match="more than 10 rows"):
        parse_record("a,,\n" * 11)


def test_a_text_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("envdoctor.wheels.metadata._LARGEST", 10)
    with pytest.raises(Unreadable, match="too many"):
        read_metadata(open_archive({"p-1.dist-info/METADATA": "Name: p\nVersion: 1\n", "p-1.dist-info/WHEEL": ""}))
