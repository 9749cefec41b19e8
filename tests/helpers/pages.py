"""Reads the files and commands that pages of docs/ hold, so that tests can follow them word by word."""

import base64
import hashlib
import re
import sys
import zipfile
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def files_of(page):
    """The fenced blocks of a page that name a file, by that name."""
    found = re.findall(r"```(?:toml|python|yaml) (\S+)\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    assert len(dict(found)) == len(found), f"{page} has a file twice"
    return dict(found)


def build_wheel(project, files, folder):
    """A wheel of a pyproject.toml and its files, as a build backend makes one.

    Args:
        project: the text of the pyproject.toml.
        files: what goes into the wheel, by its path in it.
        folder: where the wheel is written.
    """
    table = tomllib.loads(project)["project"]
    name, version = table["name"].replace("-", "_"), table["version"]
    info = f"{name}-{version}.dist-info"
    points = table.get("entry-points", {})
    sections = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in rows.items()) for group, rows in points.items()
    )
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {table['name']}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "\n".join(sections),
    }
    rows = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in contents.items()]
    made = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,", ""]))
    return made


def _digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
