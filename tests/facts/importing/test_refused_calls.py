"""Calls that a newer version of another distribution refuses: decorators and class bodies made for an older one."""

import pytest

from envdoctor.facts.importing.fixes import fix_of
from envdoctor.facts.importing.proof import message_of
from loading_facts import import_in_child, loading_facts

#: As the real ones do: what pydantic 2 refuses.
PYDANTIC = """\
import inspect
class Meta(type):
    def __new__(cls, name, bases, names):
        known = names.get('__annotations__', {})
        if '__root__' in known:
            raise TypeError('To define root models, use RootModel')
        for each, value in names.items():
            if not each.startswith('_') and each not in known and isinstance(value, (str, int, list)):
                raise RuntimeError('A non-annotated attribute was detected')
        return type.__new__(cls, name, bases, names)
class BaseModel(metaclass=Meta):
    pass
def Field(default=None, **extra):
    for each in ('const', 'regex', 'unique_items'):
        if extra.get(each) is not None:
            raise RuntimeError(each + ' is removed')
def constr(*, pattern=None): pass
def root_validator(*args, pre=False, skip_on_failure=False):
    if pre is False and skip_on_failure is not True:
        raise RuntimeError('you must specify skip_on_failure=True')
    return lambda function: function
def validator(*fields, pre=False):
    def decorated(function):
        if {'field', 'config'} & set(inspect.signature(function).parameters):
            raise RuntimeError('not available in Pydantic V2')
        return function
    return decorated
"""
HEAD = "from pydantic import *\nfrom pydantic import BaseModel, Field, constr, root_validator, validator\n"
MODEL = HEAD + "class A(BaseModel):\n    a: str = ''\n"
REFUSED = {
    "const": MODEL + "    b: str = Field('x', const=True)",
    "regex": MODEL + "    b: str = Field(None, regex='^a')",
    "constr": MODEL + "    b: constr(regex='^a') = ''",
    "root validator": MODEL + "    @root_validator\n    def f(cls, values): return values",
    "called root validator": MODEL + "    @root_validator()\n    def f(cls, values): return values",
    "field": MODEL + "    @validator('a')\n    def f(cls, v, field): return v",
    "keyword only": MODEL + "    @validator('a')\n    def f(cls, v, *, config): return v",
    "bare": MODEL + "    kind = 'x'",
    "root": HEAD + "class A(BaseModel):\n    __root__: list",
    "by its module": "import pydantic\nclass A(pydantic.BaseModel):\n    a: str = pydantic.Field('x', const=True)",
}
TAKEN = {
    "none": MODEL + "    b: str = Field('x', const=None)",
    "another keyword": MODEL + "    b: str = Field('x', title='b')",
    "pre": MODEL + "    @root_validator(pre=True)\n    def f(cls, values): return values",
    "skipping": MODEL + "    @root_validator(skip_on_failure=True)\n    def f(cls, values): return values",
    "unknown": "import os\n" + MODEL + "    @root_validator(pre=bool(os.getpid()))\n    def f(cls, v): return v",
    "validator": MODEL + "    @validator('a')\n    def f(cls, v, values): return v",
    "not used": HEAD + "checked = validator('a')",
    "private": MODEL + "    _kind = 'x'",
    "caught": HEAD + "try:\n    Field('', const=True)\nexcept Exception:\n    pass",
    "in a function": HEAD + "def f():\n    return Field('', const=True)",
    "own Field": MODEL.replace(" Field,", "") + "    def Field(*a, const): pass\n    b: str = Field('x', const=True)",
}


def _facts(site, tmp_path, text, version="2.10.0"):
    site.install("pydantic", version, {"pydantic/__init__.py": PYDANTIC})
    site.install("foo", "1.0", {"foo/__init__.py": text})
    return loading_facts(site, cache=tmp_path / "cache")


@pytest.mark.slow
@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_a_call_that_the_installed_version_refuses(site, tmp_path, text):
    facts = _facts(site, tmp_path, text)
    assert "Error" in import_in_child("foo", site)
    (failed,) = facts.importing.failed
    assert message_of(failed, facts) == "`import foo` fails: foo needs pydantic<2, and 2.10.0 is installed."
    assert fix_of(failed, facts).commands[0][-1] == "pydantic<2"


@pytest.mark.slow
@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_a_call_that_is_taken(site, tmp_path, text):
    facts = _facts(site, tmp_path, text)
    assert import_in_child("foo", site) == ""
    assert facts.importing.failed == ()


@pytest.mark.slow
def test_the_older_version_takes_it(site, tmp_path):
    assert _facts(site, tmp_path, REFUSED["const"], version="1.10.18").importing.failed == ()


@pytest.mark.slow
@pytest.mark.parametrize(("version", "fails"), [("7.1.2", False), ("8.2.0", True), ("8.3.0", False)])
def test_a_version_that_takes_it_again(site, tmp_path, version, fails):
    text = "import click\n@click.option('--x', multiple=True, default='a')\ndef f(): pass\n"
    site.install("click", version, {"click/__init__.py": "from .decorators import option as option",
                                    "click/decorators.py": "def option(*a, **k): return lambda f: f"})  # fmt: skip
    site.install("foo", "1.0", {"foo.py": text})
    assert bool(loading_facts(site, cache=tmp_path / "cache").importing.failed) is fails
