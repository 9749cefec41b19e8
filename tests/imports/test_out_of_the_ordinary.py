"""Names, modules and variables that come in by ways that are seldom gone."""

import sys
from dataclasses import replace

import pytest

import import_oracle
from envdoctor.core.target import Interpreter
from import_oracle import cpython_says, judged

_FINDER = """import sys
from importlib.machinery import ModuleSpec
class F:
  def find_spec(self, name, path=None, target=None):
    if name.endswith(("colorsys", "given")): return ModuleSpec(name, self)
  def create_module(self, spec): return None
  def exec_module(self, module): module.given = 1
"""
FINE = {
    "a body that a metaclass prepares": (
        "class M(type):\n  def __prepare__(n, b): return {'given': 1}\nclass A(metaclass=M):\n  y = given"
    ),
    "a base that was prepared": (
        "class M(type):\n  def __prepare__(n, b): return {'g': 1}\nclass A(metaclass=M): pass\nclass B(A):\n  y = g"
    ),
    "names of the module": "locals()['late'] = 1\nlate",
    "names of a class": "class A:\n  locals()['late'] = 1\n  late\n  vars()['more'] = 2\n  more",
    "a path of its own": "import os\n__path__ = [os.path.dirname(__file__) + '/other']\nfrom . import inner",
    "a path that grows": "import os\n__path__.append(os.path.dirname(__file__) + '/other')\nimport pkg.inner",
    "another's path": "import os, pkg\npkg.__path__ += [os.path.dirname(__file__) + '/other']\nimport pkg.inner",
    "a path that is handed over": "def more(p): p.insert(0, p[0] + '/other')\nmore(__path__)\nimport pkg.inner",
    "import with names": "__import__('pkg.c', fromlist=['x']).x",
    "a relative import": "__import__('c', globals(), locals(), ['x'], 1).x\n__import__('c', globals(), level=1)",
    "a package by its name": "import importlib\nimportlib.import_module('.c', package='pkg').x",
    "all by name": "import importlib\nimportlib.import_module(package='pkg', name='.c').x",
    "a variable that is set": "import os\nos.environ['SET_HERE'] = '1'\nif not os.environ.get('SET_HERE'): import gone",
    "or by default": "import os\nos.environ.setdefault('SET_HERE', '1')\nif 'SET_HERE' not in os.environ: import gone",
    "or with others": "import os\nos.environ.update(SET_HERE='1')\nif not os.getenv('SET_HERE'): import gone",
    "what a module may be asked": (
        "import pkg.lazy\nif not hasattr(pkg.lazy, 'made'): import gone\nimport sys\n"
        "if hasattr(sys.modules[__name__], 'gone'): import gone"
    ),
    "cases that others go by": (
        "x = 1\nmatch x:\n  case 1 if x > 2: import gone\n  case 1: pass\n  case _: import gone\n"
        "match (1, 2):\n  case (a, b): pass\n  case _: import gone\n"
        "match x:\n  case str(): import gone\n  case int(): x = 2\n"
        "match 'a':\n  case 'b': import gone\n  case None | True: import gone"
    ),
    "bound in a comprehension": (
        "def f(items):\n  a = [y := i for i in items]\n  b = {(z := i): [w := j for j in a] for i in items}\n"
        "  c = list(v for i in items if (v := i))\n  return y, z, w, v\nf(['u'])\n[m := 1 for _ in 'x']\nm"
    ),
    "iterators that are used up": (
        "z = zip((1,), (2,))\nlist(z)\nfor _ in z: import gone\ne = enumerate('ab')\nnext(e)\n"
        "if next(e) == (0, 'a'): import gone\n"
        "def f(r):\n  next(r)\n  for each in r:\n    if each == 'b': import gone\nf(reversed('ab'))\n"
        "both = [zip('a', 'b')]\nlist(both[0])\nfor _ in both[0]: import gone"
    ),
    "views that grow": "d = {'a': 1}\nkeys = d.keys()\nd['b'] = 2\nif 'b' not in keys: import gone",
    "a finder that is asked": (
        "import sys\nfrom importlib.machinery import ModuleSpec\nclass F:\n"
        "  def find_spec(self, name, path=None, target=None):\n    if name == 'sought': return ModuleSpec(name, self)\n"
        "  def create_module(self, spec): return None\n  def exec_module(self, module): pass\n"
        "sys.meta_path.append(F())\nimport sought"
    ),
    "a finder that comes first": f"{_FINDER}sys.meta_path.insert(0, F())\nimport colorsys\ncolorsys.given",
    "a package of Python's own": f"{_FINDER}sys.meta_path.append(F())\nimport json.given",
    "what is told by name": "def tell(**names): globals().update(names)\ntell(late=1, more=2)\nlate\nmore",
    "what anybody may tell": (
        "import os\ndef tell(**names): globals().update(names)\ntell(**{os.sep and 'late': 1})\nlate"
    ),
    "a place and a name": "def f(a, /, **more):\n  if more['a'] != 2 or a != 1: import gone\nf(1, a=2)",
    "a list that one reads and another changes": (
        "held = ['a']\ndef look(): return held[0]\ndef more(): held.append('late')\n"
        "import functools\n"
        "functools.reduce(lambda done, work: work(), (look, more), 0)\nif 'late' not in held: import gone"
    ),
    "more words": "def f(a, **more):\n  more['late'] = 1\n  if 'late' not in more: import gone\n  more['b']\nf(1, b=2)",
}
_LOOSE = "import json, os, site, sys, types\nput = type(sys)('given')\n"
_LOOSER = f"{_LOOSE}held = [sys.modules]\nclass A:\n  of = sys\n(lambda f: f())(lambda: globals().update(b=8))\n"
#: Ways to what decides how modules are found, where names, or values, are no longer known.
WAYS = (
    f"{_LOOSER}sys.modules.setdefault('given', put)",
    f"{_LOOSER}sys.modules['given'] = put",
    f"{_LOOSER}sys.modules |= {{'given': put}}",
    f"{_LOOSER}held[0]['given'] = put",
    f"{_LOOSER}A.of.modules['given'] = put",
    f"{_LOOSER}vars(sys)['modules']['given'] = put",
    f"{_LOOSER}json.codecs.sys.modules['given'] = put",
    f"{_LOOSER}__import__('sys').modules['given'] = put",
    f"import builtins\n{_LOOSER}builtins.__import__ = lambda *more: put",
    f"{_LOOSER}sys.path = [*sys.path, *__path__]\nimport lazy as given",
    f"{_LOOSER}site.addsitedir(__path__[0])\nimport lazy as given",
    f"{_LOOSE}site.addsitedir(__path__[0])\nimport lazy as given",
    f"{_LOOSE}os.sys.modules['given'] = put",
    f"{_LOOSE}dict.update(sys.modules, given=put)",
    f"{_LOOSE}sys.__dict__['modules']['given'] = put",
    f"{_LOOSE}types.SimpleNamespace(m=sys.modules).m['given'] = put",
    f"{_LOOSE}m = sys.modules if len(sys.argv) < 99 else None\nm['given'] = put",
    f"{_LOOSE}import operator\noperator.attrgetter('modules')(sys)['given'] = put",
)
FINE |= {
    f"way {number} to sys": f"{text}\nimport given" if " as given" not in text else text
    for number, text in enumerate(WAYS)
}
#: What only reads it.
READ = (
    "print(sys.path)", "for each in sorted(sys.path): x = each", "x = 'a' in sys.path", "x = sys.path + ['a']",
    "x = f'{sys.path}'", "x = os.pathsep.join(sys.path)", "x = sys.path[1:3]", "x = dict(sys.modules)",
    "x = [len(each) for each in sys.path if each]", "x = hasattr(sys, 'frozen')", "x = sys.modules.get('a')",
)  # fmt: skip
FAILS = {
    **{f"reads {text}": f"import os, sys\n{text}\nimport gone" for text in READ},
    "a finder that comes last": f"{_FINDER}sys.meta_path.append(F())\nimport colorsys\ncolorsys.gone",
    "told by other names": (
        "def tell(**names): globals().update(names)\ntell(late=1)\nglobals().update({'x': 1})\nx\nmore"
    ),
    "words that are given": "def f(a=0, **more):\n  for each in more: __import__(each)\nf(a=1, gone=2)",
    "no metaclass": "class A:\n  y = given",
    "a metaclass of Python's own": "import enum\nclass A(enum.Enum):\n  y = given",
    "a path that is looked at": "__path__.count('x')\nimport pkg.inner",
    "a module by its name": "import importlib\nimportlib.import_module(name='gone')",
    "a submodule by its package": "import importlib\nimportlib.import_module('.gone', package='pkg')",
    "a variable with a default": "import os\nif not os.getenv('NOT_SET', default=0): import gone",
    "what is surely there": "try:\n  from enum import IntEnum\nexcept ImportError:\n  exec(input())\nfrom .c import no",
    "counted": "for number, name in enumerate(('gone',)):\n  __import__(name)",
    "side by side": "for name, other in zip(('gone',), range(1)):\n  __import__(name)",
    "by key": "for key, name in {'a': 'gone'}.items():\n  __import__(name)",
    "what a module lacks": "import os\nif not hasattr(os, 'gone'): import gone",
    "what it has": "import json, pkg.c\nif hasattr(json, 'dumps') and hasattr(pkg.c, 'x'): import gone",
    "the case at hand": "import os\nmatch os.name:\n  case 'vms' | 'ce': pass\n  case 'posix' | 'nt': import gone",
    "no other case": "match 1:\n  case None | 2: pass\n  case _: import gone",
    "first of nothing": "names = [each for each in ('a',) if each == 'b']\nnames[0]",
    "next of nothing": "next(iter(())) if False else next(reversed(()))",
}
LAZY = "def __getattr__(name):\n  if name == 'made': return 1\n  raise AttributeError(name)\n"
#: As six did before 1.16, in a text of our own.
OLD_FINDER = """import sys
class Finder(object):
    def __init__(self, name): self.known = {name + ".moves": object()}
    def find_module(self, name, path=None): return self if name in self.known else None
    def load_module(self, name):
        sys.modules[name] = self.known[name]
        return sys.modules[name]
__path__ = []
sys.meta_path.append(Finder(__name__))
"""
#: As six does since 1.16, in a text of our own.
OWN_FINDER = """import sys
from importlib.util import spec_from_loader
class Finder(object):
    def __init__(self, name):
        self.prefix = name
        self.known = {}
    def add(self, module, *names):
        for name in names: self.known[self.prefix + "." + name] = module
    def find_spec(self, name, path=None, target=None):
        if name in self.known:
            return spec_from_loader(name, self)
        return None
    def create_module(self, spec): return self.known[spec.name]
    def exec_module(self, module): pass
__path__ = []
finder = Finder(__name__)
finder.add(type(sys)("moves"), "moves")
sys.meta_path.append(finder)
"""
_GIVES_GONE = 'finder.known["gone"] = type(sys)("gone")\nsys.meta_path.append(finder)\n'
FINDERS = {
    "a key of another name": OWN_FINDER.replace("self.known = {}", 'self.known = {"gone": type(sys)("gone")}'),
    "a key from outside": OWN_FINDER.replace("sys.meta_path.append(finder)\n", _GIVES_GONE),
    "a key without a prefix": OWN_FINDER.replace('self.prefix + "." + name', "name").replace(
        '"moves", "m', '"gone", "m'
    ),
    "any other answer": OWN_FINDER.replace("return None", "return spec_from_loader(name, self)").replace(
        "self.known[spec.name]", "None"
    ),
    "a module of its own": OWN_FINDER.replace("self.prefix = name", 'self.prefix = name; sys.modules["gone"] = sys'),
}
FINDERS["a key without a prefix"] = FINDERS["a key without a prefix"].replace('"moves")\n', '"gone")\n')


def failures(text, **more):
    return judged(
        {"pkg/__init__.py": text, "pkg/c.py": "x = 1\n", "pkg/other/inner.py": "", "pkg/lazy.py": LAZY, **more}
    ).failures


@pytest.mark.parametrize("kind", FINE)
def test_what_comes_in_by_another_way_is_not_said_to_lack(kind):
    assert failures(FINE[kind]) == ()


@pytest.mark.parametrize("kind", FAILS)
def test_what_does_not_is(kind):
    assert failures(FAILS[kind])


@pytest.mark.slow
def test_cpython_agrees(tmp_path):
    made = "import os\nos.mkdir(__path__[0] + '/other')\nfor name in ('c', 'other/inner'):\n"
    made += "  print('x = 1', file=open(f'{__path__[0]}/{name}.py', 'w'), flush=True)\n"
    made += f"open(__path__[0] + '/lazy.py', 'w').write({LAZY!r})\n"
    said = cpython_says([f"{made}{text}\n" for text in (*FINE.values(), *FAILS.values())], tmp_path)
    assert set(said[: len(FINE)]) == {""}
    assert all(said[len(FINE) :])


WIDE = (
    "'{:3000000000}'.format('x')",
    "'%3000000000d' % 1",
    "'%*d' % (3000000000, 1)",
    "'{:{}}'.format('x', 3000000000)",
)


@pytest.mark.parametrize("text", WIDE)
def test_a_form_that_asks_for_gigabytes_is_not_filled_in(text):
    assert failures(f"x = len({text})\nimport gone") != ()


@pytest.mark.parametrize("version", [(3, 11), (3, 12)])
def test_a_finder_without_find_spec_finds_nothing_since_3_12(version, monkeypatch):
    monkeypatch.setattr(import_oracle, "HERE", replace(import_oracle.HERE, interpreter=Interpreter(version=version)))
    found = failures("from pkg.vendored.moves import range", **{"pkg/vendored.py": OLD_FINDER})
    assert [each.cause.subject for each in found] == (["pkg.vendored.moves"] if version > (3, 11) else [])


@pytest.mark.slow
def test_cpython_asks_it_no_more(tmp_path):
    files = {"pkg/__init__.py": "import pkg.vendored.moves", "pkg/vendored.py": OLD_FINDER}
    said = import_oracle.imported([files], tmp_path)
    assert said == (["ModuleNotFoundError"] if sys.version_info >= (3, 12) else [""])


def test_a_finder_of_modules_below_its_own_finds_no_others():
    assert failures("import pkg.vendored.moves\nimport pkg.vendored.other", **{"pkg/vendored.py": OWN_FINDER}) == ()
    (failure,) = failures("import pkg.vendored.moves\nimport gone", **{"pkg/vendored.py": OWN_FINDER})
    assert failure.cause.subject == "gone"


@pytest.mark.parametrize("kind", FINDERS)
def test_a_finder_that_may_know_others_may_find_anything(kind):
    assert failures("import pkg.vendored\nimport gone", **{"pkg/vendored.py": FINDERS[kind]}) == ()


@pytest.mark.slow
def test_cpython_finds_the_same_by_finders(tmp_path):
    imports = "import pkg.vendored\nimport gone"
    files = [{"pkg/__init__.py": imports, "pkg/vendored.py": text} for text in (OWN_FINDER, *FINDERS.values())]
    said = import_oracle.imported(files, tmp_path)
    assert said == ["ModuleNotFoundError", *("" for _ in FINDERS)]
