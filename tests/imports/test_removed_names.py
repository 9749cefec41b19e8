import pytest

from envdoctor.imports.removed_names import removed_since


@pytest.mark.parametrize(
    ("of", "version", "module", "name", "since"),
    [
        ("numpy", "1.26.4", "numpy", "string_", ""),
        ("numpy", "2.0.0", "numpy", "string_", "2.0"),
        ("NumPy", "2.4.0rc1", "numpy", "in1d", "2.4"),
        ("numpy", "1.23.5", "numpy", "bool", ""),
        ("numpy", "1.26.4", "numpy", "bool", "1.24"),
        ("numpy", "2.1.3", "numpy", "bool", ""),
        ("numpy", "2.1.3", "numpy", "array", ""),
        ("matplotlib", "3.8.4", "matplotlib.cm", "register_cmap", ""),
        ("matplotlib", "3.9.0", "matplotlib.cm", "register_cmap", "3.9"),
        ("python", (3, 9), "collections", "Mapping", ""),
        ("python", (3, 10), "collections", "Mapping", "3.10"),
        ("python", (3, 13), "collections", "OrderedDict", ""),
        ("elsewhere", "9", "numpy", "string_", ""),
    ],
)
def test_since_when_a_name_is_gone(of, version, module, name, since):
    assert removed_since(of, version, module, name) == since
