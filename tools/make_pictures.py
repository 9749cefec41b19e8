"""Draws the pictures of docs/: what commands print, run now on this machine, as SVG.

    python tools/make_pictures.py

They are real: an environment with a missing requirement is made for the check, and examples/ is taken for the routes. A
path of this machine is shown as /home/ann. Nothing is taken from elsewhere, and no font.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_COLUMNS = 96
#: rich's own template names a font on the web.
_FORMAT = """<svg viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>TITLE</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="100%" height="100%"/></clipPath>{lines}</defs>
<rect width="100%" height="100%" rx="6" fill="#1b1f27"/>
<g transform="translate(12, 12)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""

_METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}"


def main() -> None:
    """Draw all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "examples").symlink_to(ROOT / "examples")
        routes = ["routes", "examples/digits/digits.keras", "--to", "ethos-u55-128"]
        _draw("picture-routes", [*routes, "--calibration", "examples/digits/calibration.npz"], folder)
        _draw("picture-check", ["check", "--fast", "--python", str(_broken(folder))], folder)


def _broken(folder: Path) -> Path:
    """An environment whose one package lacks what it requires."""
    place = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    (site,) = place.glob("lib/python*/site-packages")
    for name, version, more in (
        ("tflite-support", "0.4.4", "Requires-Dist: flatbuffers>=2.0\n"),
        ("numpy", "1.26.4", ""),
    ):
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(_METADATA.format(name=name, version=version, more=more))
        (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    return place


def _hidden(text: str, folder: Path) -> str:
    """A text without this machine's paths."""
    return text.replace(str(folder), "/home/ann").replace(str(ROOT), "/home/ann/envdoctor")


def _draw(name: str, words: list[str], folder: Path) -> None:
    environ = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(_COLUMNS), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "envdoctor", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ, cwd=folder)
    typed = " ".join(words).replace(str(folder), "/home/ann")
    shown = f"\x1b[1m$ envdoctor {typed}\x1b[0m\n{_hidden(done.stdout, folder)}"
    console = Console(width=_COLUMNS, record=True, file=io.StringIO())
    console.print(Text.from_ansi(shown))
    drawn = console.export_svg(code_format=_FORMAT.replace("TITLE", escape(f"envdoctor {typed}")), unique_id=name)
    (DOCS / f"{name}.svg").write_text(drawn, encoding="utf-8")
    print(f"docs/{name}.svg: exit code {done.returncode}")


if __name__ == "__main__":
    main()
