import pytest

from envdoctor.binaries.magic import is_native


@pytest.mark.parametrize(
    "head", [b"\x7fELF\2\1\1\0", b"MZ\x90\0\3\0\0\0", b"\xcf\xfa\xed\xfe\0\0\0\0", b"\xca\xfe\xba\xbe\0\0\0\2"]
)
def test_native_files(head):
    assert is_native(head)


@pytest.mark.parametrize("head", [b"", b"\x7fEL", b"PK\3\4", b"\xca\xfe\xba\xbe\0\0\0\x34"])
def test_other_files(head):
    assert not is_native(head)
