import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from envdoctor.facts.packages.metadata import (
    DirectUrl,
    normalize,
    parse_direct_url,
    parse_egg_requires,
    parse_folder_name,
    parse_metadata,
)


def test_the_header_alone_counts():
    read = parse_metadata(
        b"Metadata-Version: 2.1\r\nname: Foo.Bar\r\nVersion:1.0\r\nLicense: MIT\r\n  Name: folded\r\n"
        b"Requires-Dist: numpy (>=1)\r\nREQUIRES-DIST: six ; extra == 'x'\r\nRequires-Python: >=3.8\r\n\r\n"
        b"Requires-Dist: description\r\nVersion: 9\r\n"
    )
    assert (read.name, read.version, read.requires_python) == ("Foo.Bar", "1.0", ">=3.8")
    assert read.requires == ("numpy (>=1)", "six ; extra == 'x'")


def test_nothing_in_it():
    assert parse_metadata(b"") == parse_metadata(b"\0\xff\n")
    assert parse_metadata(b"").name == ""


def test_setuptools_sections_become_markers():
    text = b"""numpy>=1.17
# comment

[:python_version < "3.8"]
typing_extensions

[socks]
PySocks>=1.5

[test:sys_platform == "win32" or os_name == "x"]
pywin32
"""
    requirements = parse_egg_requires(text)
    assert requirements == (
        "numpy>=1.17",
        'typing_extensions ; (python_version < "3.8")',
        'PySocks>=1.5 ; extra == "socks"',
        'pywin32 ; (sys_platform == "win32" or os_name == "x") and extra == "test"',
    )
    assert [Requirement(one).name for one in requirements]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("numpy-2.3.4.dist-info", ("numpy", "2.3.4")),
        ("crcmod-1.7.egg-info", ("crcmod", "1.7")),
        ("foo.egg-info", ("foo", "")),
        ("foo_bar-1.0-py3.11.egg", ("foo_bar", "1.0")),
        ("foo-1.0-py3.11-linux-x86_64.egg", ("foo", "1.0")),
        ("a.b-1.0rc1-py3.egg-info", ("a.b", "1.0rc1")),
    ],
)
def test_names_of_metadata_folders(name, parts):
    assert parse_folder_name(name) == parts


@given(st.text("aB1-_.", max_size=12))
def test_names_are_compared_as_packaging_does(name):
    assert normalize(name) == canonicalize_name(name)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"url": "file:///home/my%20one", "dir_info": {"editable": True}}, DirectUrl(editable="/home/my one")),
        ({"url": "file:///C:/me/project", "dir_info": {"editable": True}}, DirectUrl(editable="C:/me/project")),
        ({"url": "file://localhost/srv/x", "dir_info": {"editable": True}}, DirectUrl(editable="/srv/x")),
        ({"url": "file:///home/me/project", "dir_info": {}}, DirectUrl(source="/home/me/project")),
        ({"url": "file:///home/me/x.whl", "archive_info": {}}, DirectUrl(source="/home/me/x.whl")),
        (
            {"url": "https://me:secret@example.org/x.git", "vcs_info": {}},
            DirectUrl(source="https://example.org/x.git"),
        ),
        ({"url": "https://example.org/x", "dir_info": {"editable": True}}, DirectUrl()),
        ([], DirectUrl()),
    ],
)
def test_direct_urls(record, expected):
    assert parse_direct_url(json.dumps(record).encode()) == expected


@given(st.binary(max_size=200))
def test_no_file_is_too_strange(content):
    parse_metadata(content)
    parse_egg_requires(content)
    assert parse_direct_url(content) == DirectUrl()
