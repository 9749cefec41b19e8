"""An installed distribution as what its wheel would be."""

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.facts.loading.contents import installed_contents, read_text
from native_files import elf_bytes
from sites import Site, facts_of


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


def test_members_natives_and_metadata(site):
    files = {
        "foo/__init__.py": "",
        "foo/_x.cpython-311-x86_64-linux-gnu.so": elf_bytes(["libc.so.6"]),
        "foo.libs/libbar-0a1b.so.1": elf_bytes(soname="libbar.so.1"),
        "foo/broken.so": b"text",
    }
    site.install("foo", "2.1", files, requires=["bar>=1"], tags=("cp311-cp311-linux_x86_64",))
    facts = facts_of(site)
    contents = installed_contents(facts, facts.packages.find("foo"))
    assert (contents.label, contents.metadata.requires) == ("foo 2.1", ("bar>=1",))
    assert contents.metadata.tags == ("cp311-cp311-linux_x86_64",)
    assert set(files) < set(contents.members)
    assert "foo-2.1.dist-info/RECORD" in contents.members
    assert contents.imports == ("foo",)
    natives = {native.path: native for native in contents.natives}
    assert set(natives) == set(files) - {"foo/__init__.py"}
    assert natives["foo.libs/libbar-0a1b.so.1"].library.own_name == "libbar.so.1"
    assert natives["foo/broken.so"].library is None
    assert natives["foo/broken.so"].problem
    assert natives["foo/_x.cpython-311-x86_64-linux-gnu.so"].is_module


def test_files_of_others_are_not_its_own(site):
    site.install("foo", files={"foo/__init__.py": "", "foo/a.so": elf_bytes()})
    site.install("bar", files={"bar/__init__.py": "", "bar/b.so": elf_bytes()})
    facts = facts_of(site)
    contents = installed_contents(facts, facts.packages.find("bar"))
    assert [native.path for native in contents.natives] == ["bar/b.so"]
    assert not any(path.startswith("foo") for path in contents.members)


def test_without_record_its_native_files_are_its_members(site):
    info = site.install("foo", files={"foo/__init__.py": "", "foo/a.so": elf_bytes()})
    (info / "RECORD").unlink()
    facts = facts_of(site)
    contents = installed_contents(facts, facts.packages.find("foo"))
    assert [native.path for native in contents.natives] == ["foo/a.so"]
    assert "foo/a.so" in contents.members


def test_texts(site):
    site.install("foo", files={"foo/a.py": "x = 'ä'", "foo/b.py": b"x = '\xff'"})
    assert read_text(str(site.path), "foo/a.py") == "x = 'ä'"
    assert read_text(str(site.path), "foo/b.py").encode(errors="surrogateescape") == b"x = '\xff'"
    with pytest.raises(Unreadable, match=r"foo/c\.py: No such file"):
        read_text(str(site.path), "foo/c.py")
