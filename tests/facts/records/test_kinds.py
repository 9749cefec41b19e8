import pytest

from envdoctor.facts.records.kinds import FileKind, kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("foo/__init__.py", FileKind.CODE),
        ("foo.pth", FileKind.CODE),
        ("foo/testing/utils.py", FileKind.CODE),
        ("foo/_x.cpython-311-x86_64-linux-gnu.so", FileKind.NATIVE),
        ("foo.libs/libgomp-a34b3233.so.1.0.0", FileKind.NATIVE),
        ("foo/x.PYD", FileKind.NATIVE),
        ("foo/schema.fbs", FileKind.DATA),
        ("certifi/cacert.pem", FileKind.DATA),
        ("foo/tests/test_x.py", FileKind.SPARE),
        ("tests/__init__.py", FileKind.SPARE),
        ("foo/__init__.pyi", FileKind.SPARE),
        ("foo/include/x.h", FileKind.SPARE),
        ("foo-1.0.dist-info/LICENSE", FileKind.SPARE),
        ("../../../bin/foo", FileKind.SPARE),
        ("..\\..\\Scripts\\foo.exe", FileKind.SPARE),
        ("/usr/share/man/foo.1", FileKind.SPARE),
        ("C:\\Python\\Scripts\\foo.exe", FileKind.SPARE),
    ],
)
def test_kinds(path, kind):
    assert kind_of(path) is kind
