import ast

import pytest

from envdoctor.wheels.conditions import truth
from wheel_files import LINUX, MACOS, WINDOWS

ON = {"linux": LINUX, "macos": MACOS, "windows": WINDOWS}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("sys.platform == 'win32'", {"windows"}),
        (
            "_sys.platform == 'win32' and hasattr(os, 'add_dll_directory')",
            {"linux": False, "macos": False, "windows": None},
        ),
        ("sys.platform.startswith(('linux', 'freebsd'))", {"linux"}),
        ("sys.platform in ('darwin', 'linux')", {"linux", "macos"}),
        ("os.name != 'nt'", {"linux", "macos"}),
        ("platform.system() == 'Darwin'", {"macos"}),
        ("not sys.platform == 'darwin' or False", {"linux", "windows"}),
        ("sys.version_info >= (3, 8)", {"linux", "macos", "windows"}),
        ("sys.version_info[0] == 2", set()),
        ("sys.version_info[:2] >= (3, 8)", None),
        ("sys.version_info.minor < 12", {"linux", "macos", "windows"}),
        ("TYPE_CHECKING", set()),
        ("typing.TYPE_CHECKING or sys.platform == 'linux'", {"linux"}),
        ("__name__ == '__main__'", set()),
        ("os.environ.get('X')", None),
        ("sys.platform > 3", None),
        ("1 < x < 3", None),
        ("True", {"linux", "macos", "windows"}),
    ],
)
def test_conditions_on_the_platform_are_decided(text, holds):
    test = ast.parse(text, mode="eval").body
    for name, target in ON.items():
        expected = holds.get(name) if isinstance(holds, dict) else None if holds is None else name in holds
        assert truth(test, target) is expected, name
