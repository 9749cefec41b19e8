"""Code that the protocol buffer compiler made, beside a version of protobuf that it was not made for.

The protobuf here is a double: it compares as the real one does, which tests/integration holds against the real ones.
"""

import pytest

from envdoctor.facts.importing.fixes import fix_of
from envdoctor.facts.importing.proof import message_of
from envdoctor.imports.generated_code import needed_version
from loading_facts import import_in_child, loading_facts

RUNTIME = """\
class VersionError(Exception):
    pass
class Domain:
    PUBLIC = 1
def ValidateProtobufRuntimeVersion(domain, major, minor, patch, suffix, location):
    if (major, minor, patch) > (5, 29, 6):
        raise VersionError('cannot be older than the generated code')
"""
DESCRIPTOR = """\
class FieldDescriptor:
    def __init__(self, name):
        raise TypeError('Descriptors cannot be created directly.')
"""
PROTOBUF = {
    "google/protobuf/__init__.py": "",
    "google/protobuf/runtime_version.py": RUNTIME,
    "google/protobuf/descriptor.py": DESCRIPTOR,
    "google/_upb/_message.py": "",
}
GENERATED = """\
from google.protobuf import runtime_version as _runtime_version
_runtime_version.ValidateProtobufRuntimeVersion(_runtime_version.Domain.PUBLIC, {}, 'foo.proto')
"""
BY_HAND = "from google.protobuf import descriptor as _descriptor\nA = [_descriptor.FieldDescriptor(name='a')]\n"


def _facts(site, tmp_path, text, version="5.29.6", requires=(), **more):
    site.install("protobuf", version, PROTOBUF)
    site.install("foo", "1.0", {"foo/__init__.py": "from . import foo_pb2", "foo/foo_pb2.py": text}, requires=requires)
    return loading_facts(site, cache=tmp_path / "cache", **more)


@pytest.mark.slow
def test_a_runtime_that_is_older_than_the_generated_code(site, tmp_path):
    facts = _facts(site, tmp_path, GENERATED.format("6, 31, 1, ''"))
    assert "VersionError" in import_in_child("foo", site)
    (failed,) = facts.importing.failed
    assert message_of(failed, facts) == (
        "`import foo` fails: foo.foo_pb2 needs protobuf>=6.31.1, and 5.29.6 is installed."
    )
    assert failed.asking.excerpt.startswith("_runtime_version.ValidateProtobufRuntimeVersion(")
    (command,) = fix_of(failed, facts).commands
    assert command[-1] == "protobuf>=6.31.1"


@pytest.mark.slow
def test_where_another_forbids_the_newer_runtime_the_asker_is_to_change(site, tmp_path):
    site.install("tensorflow", "2.19.0", {"tensorflow.py": ""}, requires=["protobuf<6"])
    facts = _facts(site, tmp_path, GENERATED.format("6, 31, 1, ''"))
    (failed,) = facts.importing.failed
    fix = fix_of(failed, facts)
    assert fix.text.startswith("tensorflow 2.19.0 forbids protobuf>=6.31.1: install another version of foo")
    assert fix.commands[0][-3:] == ("matrix", "foo", "tensorflow")


ADMITTED = {
    "the same": "5, 29, 6, ''",
    "older": "5, 28, 3, ''",
    "a suffix": "6, 31, 1, '-rc1'",
    "unknown": "6, V, 1, ''",
}


@pytest.mark.slow
@pytest.mark.parametrize("generated", ADMITTED)
def test_a_runtime_that_suits_or_may_suit_is_no_alarm(site, tmp_path, generated):
    facts = _facts(site, tmp_path, f"from os import environ\nV = len(environ)\n{GENERATED.format(ADMITTED[generated])}")
    assert not facts.importing.failed


@pytest.mark.slow
def test_a_check_that_is_taken_or_switched_off_is_no_alarm(site, tmp_path, monkeypatch):
    checked = GENERATED.format("6, 31, 1, ''").splitlines()
    facts = _facts(site, tmp_path, f"{checked[0]}\ntry:\n    {checked[1]}\nexcept Exception:\n    pass\n")
    assert not import_in_child("foo", site)
    assert not facts.importing.failed
    monkeypatch.setenv("TEMPORARILY_DISABLE_PROTOBUF_VERSION_CHECK", "true")
    assert not _facts(site, tmp_path, "\n".join(checked)).importing.failed


@pytest.mark.slow
def test_code_from_before_3_19_beside_a_runtime_in_c(site, tmp_path):
    facts = _facts(site, tmp_path, BY_HAND)
    assert "Descriptors cannot be created directly" in import_in_child("foo", site)
    (failed,) = facts.importing.failed
    assert "needs protobuf<4, and 5.29.6 is installed" in message_of(failed, facts)
    assert not _facts(site, tmp_path / "old", BY_HAND, "3.20.3").importing.failed


@pytest.mark.slow
def test_a_submodule_that_fails_fails_who_asks_its_package_for_it(site, tmp_path):
    site.install("bar", "1", {"bar.py": "from foo import foo_pb2"})
    site.install("baz", "1", {"baz.py": "try:\n    from foo import foo_pb2\nexcept Exception:\n    pass\n"})
    site.install("protobuf", "5.29.6", PROTOBUF)
    site.install("foo", "1.0", {"foo/__init__.py": "", "foo/foo_pb2.py": GENERATED.format("6, 31, 1, ''")})
    facts = loading_facts(site, cache=tmp_path / "cache")
    assert "VersionError" in import_in_child("bar", site)
    assert not import_in_child("baz", site)
    assert [entrance.module for failed in facts.importing.failed for _, entrance in failed.entrances] == ["bar"]


RULES = [
    ((5, 27, 0), "5.27.3", ""),
    ((5, 27, 0), "6.30.0", ""),
    ((5, 28, 0), "5.27.3", ">=5.28.0"),
    ((6, 30, 0), "5.29.5", ">=6.30.0"),
    ((5, 29, 5), "7.34.0", ""),
    ((6, 33, 5), "6.33.0", ">=6.33.5"),
]


@pytest.mark.parametrize(("generated", "runtime", "needed"), RULES)
def test_rules(generated, runtime, needed):
    assert needed_version(generated, runtime) == needed
