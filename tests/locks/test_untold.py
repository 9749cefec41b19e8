"""Whether a target tells enough for a marker."""

from __future__ import annotations

import pytest

from envdoctor.core.target import Interpreter, System, Target
from envdoctor.locks.untold import is_untold
from envdoctor.support.target_names import default_platform

PLATFORM = default_platform(System.LINUX, "x86_64")


@pytest.mark.parametrize(
    ("marker", "untold"),
    [
        ("python_full_version < '3.11'", False),
        ("python_full_version < '3.11.0a6'", False),
        ("python_full_version <= '3.11.0a6'", False),
        ("python_full_version >= '3.12.4'", False),
        ("python_full_version == '3.11.*'", False),
        ("python_version < '3.11'", False),
        ("sys_platform == 'linux' and implementation_version >= '3.9'", False),
        ("python_full_version >= '3.11.4'", True),
        ("python_full_version == '3.11.4'", True),
        ("python_full_version != '3.11.4'", True),
        ("python_full_version > '3.11.0'", True),
        ("python_full_version >= '3.11.4' and sys_platform == 'win32'", False),
        ("python_full_version < '3.11.3' or python_full_version > '3.11.5'", True),
        ("implementation_version < '3.11.2'", True),
        ("platform_release >= '5'", True),
        ("platform_version != ''", True),
    ],
)
def test_what_patch_releases_differ_in(marker, untold):
    target = Target(platform=PLATFORM, interpreter=Interpreter(version=(3, 11)))
    assert is_untold(f"a; {marker}", target) is untold


def test_pypy_has_versions_of_its_own():
    target = Target(platform=PLATFORM, interpreter=Interpreter(implementation="pp", version=(3, 11)))
    assert is_untold("a; implementation_version >= '7.3'", target)
    assert not is_untold("a; python_full_version >= '3.10'", target)


def test_what_nobody_can_read_is_untold():
    target = Target(platform=PLATFORM, interpreter=Interpreter(version=(3, 11)))
    assert is_untold("a; python_full_version >", target)
