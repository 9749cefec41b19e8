"""What a report must not give away is gone from it, and nothing else is."""

from __future__ import annotations

import dataclasses
import itertools
import platform
import string
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.core.data import load_table
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.core.report import Report
from envdoctor.support import redaction_names
from envdoctor.support.redaction import Redactor, redact, redact_report, secret_values

ALICE = Redactor(
    secrets=("hunter2-hunter2", "pw-1!"),
    homes=("/home/alice",),
    users=("alice",),
    hosts=("alice-laptop", "box"),
)


def account(user, home=None):
    return Redactor(homes=(home or f"/home/{user}",), users=(user,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/alice/venv/bin/python", "~/venv/bin/python"),
        ("/home/alice", "~"),
        ("is in /home/alice.", "is in ~."),
        ("--prefix=/home/alice/x:/home/alice/y", "--prefix=~/x:~/y"),
        ("-I/home/alice/include", "-I~/include"),
        ("file:///home/alice/m.whl", "file://~/m.whl"),
        ("/home/alice2/x", "/home/<user>/x"),
        ("/home/alice.old/x", "/home/<user>/x"),
        ("/data/alice/m.keras", "/data/<user>/m.keras"),
        ("/mnt/c/Users/Alice/m.keras", "/mnt/c/Users/<user>/m.keras"),
        ("/tmp/pytest-of-alice/pytest-0", "/tmp/pytest-of-<user>/pytest-0"),
        ("uid=1000(alice) gid=1000(alice)", "uid=1000(<user>) gid=1000(<user>)"),
        ("USER=alice LOGNAME='alice'", "USER=<user> LOGNAME='<user>'"),
        ("/home/bob/model.keras", "/home/<user>/model.keras"),
        (r"C:\Users\bob\model.keras", r"C:\Users\<user>\model.keras"),
        ("/Users/Shared/x /home/linuxbrew/.linuxbrew", "/Users/Shared/x /home/linuxbrew/.linuxbrew"),
        ("alice@box:~$", "<user>@<host>:~$"),
        ("Linux alice-laptop 6.1.0-13-amd64 x86_64", "Linux <host> 6.1.0-13-amd64 x86_64"),
        ("on alice-laptop.local today", "on <host> today"),
        ("http://box:8000/simple", "http://<host>:8000/simple"),
        ("hostname: box", "hostname: <host>"),
        ("written by Alice Smith <a.smith+x@mail.example.org>", "written by Alice Smith <<e-mail>>"),
    ],
)
def test_what_tells_who_and_where_is_hidden(text, expected):
    assert ALICE.text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "the box is full; boxes, inbox, sandbox",
        "alice in wonderland, malice",
        "https://index.example/home/page and x.org/home/bobs-page",
        "protobuf 5.26.1, numpy==2.1.0, cp311-cp311-manylinux_2_17_x86_64",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "memcpy@GLIBC_2.14 __cxa@CXXABI_1.3.9 GLIBCXX_3.4.29",
        "git+https://forge.example/o/r@v1.2.3 git@forge.example:o/r python@3.11 pkg@1.0.0.tgz",
        "tokenizers==0.20.1 tokenizers=0.20.1 secretstorage>=3.3 keyring==25.0",
        "unexpected token: identifier; author: somebody; a compass=3 bypass=x",
        "input_signature=[TensorSpec((1, 30))] signature: 'serving_default' monkey=1",
        "dist @ file:///srv/wheels/dist-1.0-py3-none-any.whl",
        "",
    ],
)
def test_ordinary_words_versions_and_hashes_stay(text):
    assert ALICE.text(text) == text


@pytest.mark.parametrize("user", ["pi", "root", "test", "runner", "user"])
def test_an_account_called_like_an_ordinary_word_mangles_nothing(user):
    home = "/root" if user == "root" else f"/home/{user}"
    redactor = account(user, home)
    for text in (
        f"the {user} of it, {user}-2.0, {user}==1.0, lib{user}.so",
        f"/usr/lib/python3.11/{user}/support.py",
        f"/data/{user}/x",
    ):
        assert redactor.text(text) == text
    assert redactor.text(f"{home}/m.keras") == "~/m.keras"
    assert redactor.text(f"/media/{user}/stick") == "/media/<user>/stick"
    if user not in {"root", "runner"}:
        assert redactor.text(f"/data/home/{user}/x") == "/data/home/<user>/x"


def test_a_windows_home_is_found_in_any_case_and_with_doubled_separators():
    redactor = account("Alice Smith", r"C:\Users\Alice Smith")
    assert redactor.text(r"c:\users\alice smith\venv") == r"~\venv"
    assert redactor.text(r'"C:\\Users\\Alice Smith\\venv"') == r'"~\\venv"'
    assert redactor.text("C:/Users/Alice Smith/venv") == "~/venv"
    assert redactor.text(r"D:\work\Alice Smith\venv") == r"D:\work\<user>\venv"


@pytest.mark.parametrize("home", ["/", "", "C:\\", "~"])
def test_a_home_that_is_no_folder_of_its_own_hides_nothing(home):
    assert Redactor(homes=(home,)).text("/usr/lib C:\\Windows ~/x") == "/usr/lib C:\\Windows ~/x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:p@ss@index.test/simple", "https://****@index.test/simple"),
        ("https://__token__:x@index.test/a https://tok@b.test", "https://****@index.test/a https://****@b.test"),
        ("https://index.test/simple?token=abc&page=2", "https://index.test/simple?token=****&page=2"),
        ("https://s.test/f?X-Amz-Signature=0aF&X-Amz-Date=1", "https://s.test/f?X-Amz-Signature=****&X-Amz-Date=1"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ****"),
        ('{"Authorization": "Bearer abc.def"}', '{"Authorization": "Bearer ****"}'),
        ("Cookie: session=abc", "Cookie: ****"),
        ("sent Bearer a1b2c3d4e5f6", "sent Bearer ****"),
        ("HF_TOKEN=x1 DB_PASSWORD='s3cret' MYSQL_PWD=x", "HF_TOKEN=**** DB_PASSWORD='****' MYSQL_PWD=****"),
        ('{"api_key": "abcdef", "n": 1}', '{"api_key": "****", "n": 1}'),
        ("password: hunter22", "password: ****"),
        ("AKIAIOSFODNN7EXAMPLE", "****"),
        ("ghp_" + "a1" * 18, "****"),
        ("github_pat_" + "A1b2_" * 8, "****"),
        ("hf_" + "aB" * 17, "****"),
        ("glpat-" + "x" * 20, "****"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "****"),
        ("said hunter2-hunter2, and xhunter2-hunter2x", "said ****, and x****x"),
        ("with pw-1! it works; pw-1!x is another word", "with **** it works; pw-1!x is another word"),
    ],
)
@pytest.mark.parametrize("personal", [True, False])
def test_secrets_are_hidden_whoever_reads(text, expected, personal):
    assert dataclasses.replace(ALICE, personal=personal).text(text) == expected


def test_a_private_key_is_hidden_to_its_end():
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAA\n-----END OPENSSH PRIVATE KEY-----"
    assert "b3Blbn" not in Redactor().text(f"found:\n{key}\nthere")
    assert Redactor().text(f"found:\n{key}\nthere").endswith("-----END OPENSSH PRIVATE KEY-----\nthere")


def test_without_the_personal_part_paths_and_commands_work_as_they_stand():
    redactor = dataclasses.replace(ALICE, personal=False)
    text = "alice@alice-laptop:/home/alice/venv a@example.org"
    assert redactor.text(text) == text


def test_secrets_are_taken_from_an_environment_by_their_names():
    environ = {
        "HF_TOKEN": "abc",
        "AWS_SECRET_ACCESS_KEY": "def",
        "PIP_INDEX_URL": "https://me:in-the-url@index.test/simple",
        "GOOGLE_TOKEN_FILE": "/etc/token",
        "SSH_ASKPASS": "/usr/bin/ask",
        "USE_AUTH": "true",
        "SECRET_KEY": " ",
        "API_TOKEN": "1.0",
        "PWD": "/work",
        "TOKENIZERS_PARALLELISM": "false",
    }
    assert secret_values(environ) == ("abc", "def", "in-the-url")


def test_the_redactor_of_this_machine(monkeypatch, tmp_path):
    home = tmp_path / "home" / "carol"
    home.mkdir(parents=True)
    for name in ("LOGNAME", "USER", "USERNAME", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("LOGNAME", "carol.c")
    monkeypatch.setenv("HF_TOKEN", "opensesame")
    personal = Redactor.here(personal=True)
    assert personal.text(f"{home}/x of carol.c@{platform.node()}: opensesame").startswith("~/x of <user>@")
    assert personal.text("/data/carol/x") == "/data/<user>/x"
    assert "opensesame" not in personal.text("opensesame")
    assert Redactor.here().text(f"{home}/x opensesame") == f"{home}/x ****"


def test_every_text_and_path_of_a_report_is_reached():
    finding = Finding(
        code="PKG001",
        severity=Severity.ERROR,
        subject="/home/alice/venv",
        message="alice@box broke it",
        evidence=(Evidence(source="/home/alice/log", excerpt="token=abc"),),
        fix=Fix(text="Run it.", commands=(("/home/alice/venv/bin/pip", "--password", "opensesame", "install"),)),
    )
    report = Report(
        command="check",
        version="1.0",
        created="2026-11-21T00:00:00Z",
        subject={"python": "/home/alice/venv/bin/python", "api-token": "opensesame", "tokens": "7"},
        findings=(finding,),
        notes=("see /home/alice/notes",),
    )
    tally = Counter()
    result = redact_report(report, ALICE, tally)
    assert result.subject == {"python": "~/venv/bin/python", "api-token": "****", "tokens": "7"}
    (found,) = result.findings
    assert (found.code, found.severity, found.subject) == ("PKG001", Severity.ERROR, "~/venv")
    assert found.message == "<user>@<host> broke it"
    assert found.evidence == (Evidence(source="~/log", excerpt="token=****"),)
    assert found.fix.commands == (("~/venv/bin/pip", "--password", "****", "install"),)
    assert result.notes == ("see ~/notes",)
    assert tally == {"home folder": 5, "secret": 3, "user name": 1, "host name": 1}
    assert redact_report(result, ALICE) == result


@dataclass(frozen=True)
class Unhashable:
    names: dict


def test_records_that_have_no_hash():
    assert redact([Unhashable({"alice@box": 1}), Unhashable({})], ALICE) == [
        Unhashable({"<user>@<host>": 1}),
        Unhashable({}),
    ]


def test_paths_stay_paths_and_other_values_what_they_are():
    value = {"a": [Path("/home/alice/x"), 1, 2.5, None, True], "b": frozenset({"alice@box"}), "c": (Severity.INFO,)}
    expected = {"a": [Path("~/x"), 1, 2.5, None, True], "b": frozenset({"<user>@<host>"}), "c": (Severity.INFO,)}
    assert redact(value, ALICE) == expected
    windows = redact(PureWindowsPath(r"C:\Users\bob\x"), Redactor())
    assert windows == PureWindowsPath(r"C:\Users\<user>\x")
    assert redact(PurePosixPath("/opt/x"), ALICE) == PurePosixPath("/opt/x")


_WORDS = (
    "/ \\ @ : = . - // :// home Users alice box token password https Authorization: user host **** <user> <host> ~ "
    "hunter2-hunter2 a1b2 Bearer ?sig="
)
PIECES = st.sampled_from((" ", *_WORDS.split()))
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))
NAMES = st.text(string.ascii_letters + string.digits + "-._ ", min_size=1, max_size=12)


@pytest.mark.slow
@given(TEXTS)
def test_twice_is_the_same_as_once(text):
    once = ALICE.text(text)
    assert ALICE.text(once) == once


@pytest.mark.slow
@given(TEXTS, NAMES, NAMES)
def test_no_name_breaks_it(text, user, host):
    redactor = Redactor(homes=(f"/home/{user}", user), users=(user,), hosts=(host,))
    once = redactor.text(text)
    assert redactor.text(once) == once


@pytest.mark.slow
@given(TEXTS, TEXTS, st.text(string.ascii_letters + string.digits + "!$%@/", min_size=8, max_size=30))
def test_a_known_secret_never_comes_through(before, after, secret):
    redactor = Redactor(secrets=(secret,))
    assert secret not in redactor.text(before + secret + after)


@pytest.mark.slow
@given(
    st.text(string.hexdigits.lower(), min_size=40, max_size=64),
    st.from_regex(r"\d{1,3}(\.\d{1,3}){1,3}", fullmatch=True),
)
def test_hashes_and_versions_come_through(digest, version):
    text = f"protobuf=={version} sha256={digest} at /opt/protobuf-{version}.dist-info"
    assert ALICE.text(text) == text


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "a@" * 100_000,
        "token" * 40_000,
        "/home/" * 30_000,
        "https://" * 20_000,
        "-----BEGIN PRIVATE KEY" * 9000,
    ],
)
def test_long_hostile_text_takes_little_time(text):
    start = time.process_time()
    ALICE.text(text)
    assert time.process_time() - start < 5


def test_what_can_not_be_hashed_stands_in_a_sequence():
    probes = ({"detail": {"token": "V7rq0Zx2LpWm"}}, {"a": "b"})
    assert redact(probes, Redactor()) == ({"detail": {"token": "****"}}, {"a": "b"})


def every_name():
    """The names of secrets as the table has them, each as it may be written, and names that end like them."""
    names = load_table("redaction")["names"]
    words = [*names["strong"], *names["weak"], *names["alone"], "token", "key", "pwd", "psk", "db pwd", "api key"]
    words += [f"{word} {end}" for word in names["keys"] for end in ("key", "key id")]
    forms = [word.replace(" ", gap) for word in dict.fromkeys(words) for gap in ("", "_", "-", ".", " ")]
    for form, before, after in itertools.product(forms, ("", "MY_", "my"), ("", "_2", "2", "hash", '"]')):
        yield from (before + told + after for told in (form, form.upper(), form.title()))


@pytest.mark.slow
def test_no_name_of_a_secret_is_passed_over_for_want_of_a_hint(monkeypatch):
    names = list(every_name())
    told = [redaction_names.is_secret_name(name) for name in names]
    redaction_names._match_name.cache_clear()
    monkeypatch.setattr(redaction_names, "_NAME_HINTS", ("",))
    assert [name for name, one in zip(names, told, strict=True) if one != redaction_names.is_secret_name(name)] == []
    assert sum(told) > len(names) // 2
