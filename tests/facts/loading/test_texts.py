"""Whether a distribution's modules name a library."""

import pytest

from envdoctor.facts.loading.texts import Texts


@pytest.fixture
def texts(tmp_path):
    def texts(**modules):
        for name, content in modules.items():
            (tmp_path / f"{name}.py").write_bytes(content)
        return Texts(str(tmp_path), [*(f"{name}.py" for name in modules), "libfoo.so", "gone.py"])

    return texts


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"ctypes.CDLL('libfoo.so')", True),
        (b"find_library('foo')", True),
        (b"name = 'lib' + 'foo' + '.so'", True),
        (b"here.glob('libf*.so')", True),
        (b"here.glob('libg*.so')", False),
        (b"import food", False),
        (b"", False),
        (b"\xff\xfe 'libfoo.so'", True),
    ],
)
def test_names(texts, text, named):
    assert texts(a=b"x = 1", b=text).name("libfoo.so") is named


def test_too_much_text_is_not_known(texts, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.loading.texts._MOST", 10)
    assert texts(a=b"nothing of it here").name("libfoo.so")
