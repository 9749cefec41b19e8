"""No planted secret comes through, in any format; no harmless word is lost. More of it: tests/fuzz/redaction.py."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.core.report import Report
from envdoctor.doctor.explain import explanations
from envdoctor.support.redaction import Redactor, redact, redact_report
from envdoctor_reports import github, html, json, junit, markdown, sarif, terminal
from planted import is_gone, planted
from thoroughness import amount

HARMLESS = (Path(__file__).parents[1] / "data" / "harmless.txt").read_text("utf-8").splitlines()
SEED = 20261129


@pytest.mark.slow
def test_nothing_planted_is_left():
    left = [one for one in planted(SEED) if not is_gone(one.secret, Redactor().text(one.text))]
    assert left == []


@pytest.mark.slow
def test_what_stands_around_a_key_stays():
    for one in planted(SEED):
        assert all(word in Redactor().text(one.text) for word in one.stays)


FORMATS = [each.render for each in (terminal, markdown, html, json, sarif, junit, github)]


@pytest.mark.slow
@pytest.mark.parametrize("render", FORMATS)
def test_no_format_brings_back_what_is_hidden(render):
    secrets = list(planted(SEED + 1))[::7]
    findings = tuple(
        Finding(
            code="PKG001",
            severity=Severity.ERROR,
            subject="x",
            message="A message.",
            evidence=(Evidence(source="a log", excerpt=one.text),),
        )
        for one in secrets
    )
    report = Report(command="report", version="1", created="2026-11-29T00:00:00Z", subject={}, findings=findings)
    text = render(redact_report(report, Redactor()))
    assert [one for one in secrets if len(one.secret) > 6 and one.secret in text] == []


@pytest.mark.parametrize(
    "text",
    [
        "# token\nhuggingface_hub==0.23.0",
        "# tokens\ntokenizers>=0.19,<0.20",
        "# password\nmodel_v2.tflite",
        "# api key\ntests/test_keys2.py",
        "password:\n  required: true",
        "password:\n  type: string2",
        "token:\n  - name: a1",
        "tokens:\n  - the\n  - cat2",
        "secrets:\n  - pypi\n  - docker",
        "secrets:\n  inherit",
        "// token kinds\nenum Kind2 {",
        "# token\nimport os2",
        "# key\n0x7f3a12bc",
        "# credentials\nfrom a1 import b2",
    ],
)
def test_harmless_lines_under_a_name_stay(text):
    assert Redactor().text(text) == text


@pytest.mark.slow
@pytest.mark.parametrize("user", ["client", "core", "samples", "alice", "lib", "python", "test", "admin", "build"])
def test_harmless_words_stay(user):
    redactor = Redactor(users=(user,), homes=(f"/home/{user}",), hosts=(f"{user}-laptop", "box"))
    assert [line for line in HARMLESS if redactor.text(line) != line] == []
    assert len(HARMLESS) >= 400


def test_a_version_alone_in_its_field_stays():
    subject = {"driver version": "10.0.1.6", "peer": "10.0.1.6"}
    report = Report(command="check", version="10.0.1.6", created="", subject=subject)
    safe = redact_report(report, Redactor())
    assert (safe.version, safe.subject) == ("10.0.1.6", {"driver version": "10.0.1.6", "peer": "<address>"})


@pytest.mark.slow
@pytest.mark.slow
def test_the_time_grows_as_the_text_does():
    text = "\n".join((HARMLESS * 120)[: amount(4_000)])
    redactor = Redactor(users=("alice",), homes=("/home/alice",))

    def least(words):
        times = []
        for _ in range(3):
            start = time.process_time()
            redactor.text(words)
            times.append(time.process_time() - start)
        return min(times)

    assert least(text) < 3 * 4 * least(text[: len(text) // 4])


@pytest.mark.slow
def test_what_the_program_says_of_itself_stays():
    for one in explanations():
        assert Redactor(personal=False).text(one.text) == one.text


@pytest.mark.parametrize(
    "text",
    [
        "password -> {}",
        "| api_key | {} |",
        "DB_PASSWORD\t{}",
        "password:\n  {}",
        "cmd --token \\\n  {}",
        "passwords: [{}]",
        'API_KEYS="{}"',
        '"password" : [ "{}" ]',
        "PASSWORD := {}",
        "password\\u003d{}",
        "Kennwort={}",
        "-Dpwd={}",
        "ENV UV_PUBLISH_TOKEN {}",
        "https%3A%2F%2Fh%2Fa%3Fkey%3D{}",
        "https://h/a?x=1\\u0026code={}",
        "https://h/cb#assertion={}",
        "Password for 'https://h.example': {}",
        "authorization → Negotiate {}",
        "Authorization header was Negotiate {}",
        "Cookie: {}",
        "HTTP_COOKIE=a=b; c={}",
        'curl -b "a=b; s={}" https://x',
        '["curl","-u","bob:{}"]',
        "http -a bob:{} https://x",
        "plink -pw {} host",
        "skopeo copy --src-creds bob:{} a b",
        "poetry config pypi-token.pypi {}",
        "poetry config http-basic.foo bob {}",
        "echo {} | docker login --password-stdin",
        'echo "bob:{}" | chpasswd',
        "uv publish -t {}",
        "sqlplus scott/{}@orcl",
        r"log\nglrt-{}\nnext",
        "passphrase: correct horse battery {}",
        "login failed for bob with password {}",
        "the password is {}",
        "wandb: Appending key for api.wandb.ai: {}",
        "WWW-Authenticate: Negotiate {}",
        "<tr><td>Password</td><td>{}</td></tr>",
        'variable "db_password" {{ type = string\n default = "{}" }}',
        "key={}&user=bob",
        "./gradlew publish -Pgpr.key={}",
        "gh secret set NAME --body {}",
    ],
)
def test_a_secret_is_hidden_however_it_stands(text):
    secret = "V7rq0Zx2LpWm9Tka4Ycd"
    assert secret not in Redactor().text(text.format(secret))


@pytest.mark.parametrize(
    "text",
    [
        "ERROR: cmVmdbmesYoaU5F2t9WIGFRHTMTjc1KWAtnugUVWAWVRGyUTogNWKITHMDZqBCZ2 refused",
        "vercel_blob_rw_WsCm185dlURjGWrT_j116l0Uf0Lg55dzmxy3RAHbVGoLskq",
        "gto_36d7461cc7d7c955d415d37d0bf67e79deebd9b2",
        "intercom_key = xJeflJU3R!ypdUD",
        'PRIVATE_AI_KEY = "iikYj08jP!x3DAE"',
        "<ADAFRUIT_IO_KEY>aMTGa3eLSbU0umGm5CJH42psE4w71</ADAFRUIT_IO_KEY>",
    ],
)
def test_a_token_of_a_vendor_is_hidden_wherever_it_stands(text):
    assert "****" in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "status half-configured passwd:amd64 1:4.13+dfsg1-1",
        "Selecting previously unselected package gir1.2-secret-1:amd64.",
        "* g10/call-agent.c (agent_get_passphrase): Ditto.",
        '`"-----BEGIN EC PRIVATE KEY-----"` base64-encoded format, and the DER format',
    ],
)
def test_what_only_looks_like_a_secret_stays(text):
    assert Redactor().text(text) == text


@pytest.mark.parametrize("text", ["invalid token: k3yZ8qLp2m", "x_session=k3yZ8qLp2m"])
def test_a_short_one_is_hidden_too(text):
    assert "k3yZ8qLp2m" not in Redactor().text(text)


@pytest.mark.parametrize(
    "path",
    [
        "/nfshome/annegret/x",
        r"\\srv\home$\annegret\x",
        "/Volumes/Macintosh HD/Users/annegret/x",
        "/run/media/annegret/usb",
        "/var/lib/docker/overlay2/abc/merged/home/annegret/x",
        "/opt/app/home/annegret/x",
    ],
)
def test_a_home_is_told_wherever_homes_lie(path):
    assert "annegret" not in Redactor().text(path)


@pytest.mark.parametrize(
    "text",
    [
        "token:\nabcdef1234567890xyz",
        "Your token is:\r\nabcdef1234567890xyz\r\n",
        "API key:\n\n  abcdef1234567890xyz",
        "access_token:\n'abcdef1234567890xyz'",
        "log: token:\\nabcdef1234567890xyz\\nnext",
        "client_secret =\nabcdef1234567890xyz",
    ],
)
def test_a_value_alone_on_the_line_below_its_name_is_hidden(text):
    assert "abcdef1234567890xyz" not in Redactor().text(text)


@pytest.mark.parametrize("text", ["token:\nidentifier", "password:\nplease enter it", "Unexpected token:\nint8_t\n"])
def test_prose_on_the_line_below_stays(text):
    assert Redactor().text(text) == text


@pytest.mark.parametrize("path", ["/media/bob/USB/m.tflite", "/run/media/bob/disk", "file:///media/bob/a%20b/c"])
def test_whose_medium_it_is_is_hidden(path):
    assert "bob" not in Redactor().text(f"reading {path}")


def test_words_of_no_user_stay():
    text = "user: root\nowner: data\nuid=0(root)"
    assert Redactor(users=("root", "data")).text(text) == text


def test_a_command_of_python_has_no_user():
    words = ("/usr/bin/python3", "-B", "-u", "a:b")
    assert redact(words, Redactor()) == words
    assert redact(("python3", "tool.py", "-u", "a:b"), Redactor())[-1] == "a:****"
    assert redact(("curl", "-u", "a:b"), Redactor())[-1] == "a:****"


@pytest.mark.parametrize("address", ["8.215.147.208", "10.181.60.23", "<203.52.217.203>"])
def test_an_address_is_no_version_where_its_numbers_are_too_large(address):
    assert "<address>" in Redactor().text(address)
