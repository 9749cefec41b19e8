"""Files beside a module that are asked for at import, by all ways to name them."""

from dataclasses import replace

import pytest

import import_oracle
from envdoctor.core.target import Platform, System
from envdoctor.imports.events import What
from import_oracle import cpython_says, judged

HERE = "import ctypes, glob, os, pkgutil, platform, struct\nfrom importlib import resources\nfrom pathlib import Path\n"
GONE = {
    "split": "open(os.path.join(os.path.split(__file__)[0], 'gone.txt'))",
    "without links": "open(os.path.dirname(os.path.realpath(__file__)) + '/gone.txt')",
    "by percent": "open('%s/gone.txt' % os.path.dirname(__file__))",
    "by format": "open('{}/{}'.format(os.path.dirname(__file__), 'gone.txt'))",
    "by join of texts": "open('/'.join([os.path.dirname(__file__), 'gone.txt']))",
    "a path": "(Path(__file__).parent / 'gone.txt').read_text()",
    "joined": "Path(__file__).resolve().parent.joinpath('data', 'gone.txt').read_bytes()",
    "from above": "(Path(__file__).parents[1] / 'pkg' / 'gone.txt').open()",
    "another name": "open(Path(__file__).with_name('gone.txt'))",
    "another ending": "open(Path(__file__).with_suffix('.cfg'))",
    "a path in a text": "open(f'{Path(__file__).parent}/gone.txt')",
    "a path that is joined": "open(os.path.join(Path(__file__).parent, 'gone.txt'))",
    "looked for": "if not (Path(__file__).parent / 'gone.txt').exists():\n    raise RuntimeError('gone')",
    "looked for by os": "if not os.path.isfile(os.path.dirname(__file__) + '/gone.txt'):\n    raise OSError",
    "resources": "resources.files(__name__).joinpath('gone.txt').read_text()",
    "resource of a module": "import pkg\n(resources.files(pkg) / 'gone.txt').read_text()",
    "resource by name": "resources.read_text('pkg', 'gone.txt')",
    "data of a package": "pkgutil.get_data(__name__, 'gone.txt')",
    "a library": "ctypes.CDLL(str(Path(__file__).parent / 'libgone.so'))",
    "a library in a folder": "ctypes.cdll.LoadLibrary(Path(__file__).resolve().parent / 'lib' / 'libgone.so')",
    "first of a pattern": "ctypes.CDLL(glob.glob(os.path.join(os.path.dirname(__file__), 'libgone*.so'))[0])",
    "next of a pattern": "ctypes.CDLL(str(next(Path(__file__).parent.glob('libgone*.so'))))",
    "a folder": "os.listdir(os.path.join(os.path.dirname(__file__), 'gone'))",
    "by processor": (
        "kind = {'x86_64': 'intel', 'aarch64': 'arm', 'arm64': 'arm', 'AMD64': 'intel'}[platform.machine()]\n"
        "open(os.path.join(os.path.dirname(__file__), kind, 'gone.txt'))"
    ),
    "by width": "open(os.path.join(os.path.dirname(__file__), 'lib%d' % (struct.calcsize('P') * 8), 'gone.txt'))",
}
THERE = {
    "up and down": "open(os.path.join(os.path.dirname(__file__), '..', 'pkg', 'c.py'))",
    "by the name of up": "open(os.path.join(os.path.dirname(__file__), os.pardir, 'pkg', './c.py'))",
    "with a slash": "(Path(os.path.join(os.path.dirname(__file__), '')).parent / 'pkg' / 'c.py').read_text()",
    "with a dot": "(Path(os.path.dirname(__file__) + '/.').parent / 'pkg' / 'c.py').read_text()",
    "partly known": "here = Path(os.getcwd()) / 'c.py'\nif here.stem == 'c.py' or here.suffix != '.py':\n    gone()",
    "resolved": "(Path(__file__).resolve().parent / '../pkg/c.py').read_text()",
    "above": "above = Path(__file__).parents[2] / 'pkg'\nassert not (above / 'c.py').exists()",
    "from the root": "(Path(__file__).parent / os.devnull).read_text()",
    "a file": "(Path(__file__).parent / 'c.py').read_text()",
    "a resource": "resources.read_text(__name__, 'c.py')\npkgutil.get_data('pkg', 'c.py').decode()",
    "a pattern": "open(glob.glob(os.path.join(os.path.dirname(__file__), '*.py'))[0])",
    "a deep pattern": "open(next(Path(__file__).parent.parent.glob('pkg/**/c.py')))",
    "only if": "path = Path(__file__).parent / 'gone.txt'\nif path.exists():\n    path.read_text()",
    "written": "path = Path(__file__).parent / 'new'\nif not path.exists():\n    path.write_text('')\nopen(path)",
    "made": "path = Path(__file__).parent / 'made'\npath.mkdir(exist_ok=True)\n(path / 'x').touch()\nopen(path / 'x')",
    "written elsewhere": (
        "def write(path):\n    path.write_text('')\npath = Path(__file__).parent / 'other'\nwrite(path)\nopen(path)"
    ),
    "an endless pattern": "for name in glob.glob(os.path.dirname(__file__) + '/gone*'):\n    open(name)",
}


def verdict(text):
    return judged({"pkg/__init__.py": f"{HERE}{text}\n", "pkg/c.py": ""})


@pytest.mark.parametrize("kind", GONE)
def test_a_file_that_is_not_there_is_told(kind):
    failure = verdict(GONE[kind]).failures[0]
    asked = [event.subject for event in (failure.cause, *failure.sought) if event.what is What.OPEN]
    assert [path.rpartition("/")[2].partition(".")[0].removeprefix("lib") for path in asked] in (
        ["gone"],
        ["gone*"],
        ["__init__"],
    )


@pytest.mark.parametrize("kind", THERE)
def test_a_file_that_is_there_or_may_be_is_not(kind):
    assert verdict(THERE[kind]).failures == ()


@pytest.mark.slow
def test_cpython_says_the_same(tmp_path):
    texts = [
        f"{HERE}open(__file__[:-11] + 'c.py', 'w').close()\n{text}\n" for text in (*GONE.values(), *THERE.values())
    ]
    said = cpython_says(texts, tmp_path)
    assert all(said[: len(GONE)])
    assert set(said[len(GONE) :]) == {""}


def test_separators_of_windows_are_separators_there(monkeypatch):
    text = "open(os.path.join(os.path.dirname(__file__), 'sub\\\\c.py'))\n"
    files = {"pkg/__init__.py": HERE + text, "pkg/sub/c.py": ""}
    assert judged(files).failures
    windows = replace(import_oracle.HERE, platform=Platform(system=System.WINDOWS, arch="amd64"))
    monkeypatch.setattr(import_oracle, "HERE", windows)
    assert judged(files).failures == ()
