import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.facts.python.search_path import Origin, parse_pth, search_path


def found(*folders):
    return [(folder.origin, folder.path) for folder in search_path(folders)]


def test_folders_in_order_and_what_their_pth_files_add(tmp_path):
    site, user, project = tmp_path / "site", tmp_path / "user", tmp_path / "project"
    for folder in (site, user, project, site / "inside"):
        folder.mkdir()
    (site / "b.pth").write_text(f"# comment\n\nimport sys; sys.path\n{project}\nnot there\ninside\n")
    (site / ".hidden.pth").write_text(f"{user}\n")
    assert found(("user", str(user)), ("site", str(site)), ("base", str(tmp_path / "none"))) == [
        (Origin.USER, str(user)),
        (Origin.SITE, str(site)),
        (Origin.PTH, str(project)),
        (Origin.PTH, str(site / "inside")),
    ]


def test_pythonpath_s_pth_files_are_not_read(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "x.pth").write_text("a\n")
    assert found(("pythonpath", str(tmp_path))) == [(Origin.PYTHONPATH, str(tmp_path))]


@pytest.mark.skipif(os.name == "nt", reason="makes links")
def test_lib64_that_is_a_link_to_lib_counts_once(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib64").symlink_to("lib")
    assert found(("site", str(tmp_path / "lib64")), ("site", str(tmp_path / "lib"))) == [
        (Origin.SITE, str(tmp_path / "lib64"))
    ]


def test_a_pth_file_that_can_not_be_read_adds_nothing(tmp_path):
    (tmp_path / "folder.pth").mkdir()
    assert found(("site", str(tmp_path))) == [(Origin.SITE, str(tmp_path))]


def test_lines_of_a_pth_file():
    assert parse_pth(b"\xef\xbb\xbf/first\r\n#no\n  \nimport x\nimport\ty\nimportant\n/last  ") == (
        "/first",
        "important",
        "/last",
    )


@given(st.binary(max_size=200))
def test_no_pth_file_is_too_strange(content):
    assert all(line.strip() for line in parse_pth(content))
