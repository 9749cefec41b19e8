"""Secrets of every kind, planted into what a report quotes: log lines, settings, command lines, headers, URLs.

Everything is made from a seed; nothing here was ever anybody's.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from planted_places import PLACES
from planted_tokens import ALNUM, BASE64, HEX, TOKENS, mixed, pick

#: So many characters of a secret in a row are as good as left.
_PIECE = 7
WORDS = ["tulip", "harbour", "walnut", "gravel", "teapot", "orchid", "mellow", "saddle"]
IPV6 = ("2001:db8::{}", "fe80::{}:9a2b", "2a02:8071:{}::1", "fd12:3456:789a:1::{}")


@dataclass(frozen=True, slots=True)
class Planted:
    """A text, the secret in it that must go, and words around it that must stay."""

    kind: str
    context: str
    text: str
    secret: str
    stays: tuple[str, ...] = ()


#: Where a token needs no name to be one.
BARE = (
    "{s}",
    "using {s} for upload",
    "ERROR: 401 for {s}: refused",
    "  File \"up.py\", line 3, in <module>\n    send('{s}')\nValueError: {s}",
    '{{"value": "{s}"}}',
    "- {s}",
    "x={s}",
    "curl -F k={s} https://up.example/x",
    "https://up.example/x/{s}/y",
    "\x1b[31m{s}\x1b[0m done",
    "set FOO={s}&& run",
    "<td>{s}</td>",
    "[{s}]",
    "({s})",
    "'{s}'",
    "C:\\tmp\\{s}\\x",
)

PASSWORDS = {
    "word": lambda r: r.choice(WORDS) + r.choice(WORDS),
    "digits": lambda r: pick(r, "123456789", 8),
    "mixed": lambda r: mixed(r, ALNUM, 14),
    "marks": lambda r: mixed(r, ALNUM + "!#%*+-.:=?@^_~/$", 16) + "z",
    "hex": lambda r: mixed(r, HEX, 32),
    "base64": lambda r: mixed(r, BASE64, 42) + "==",
}
#: What stands in a place: no word of a sentence.
PLACED = (lambda r: mixed(r, ALNUM, 20), lambda r: pick(r, HEX, 31) + "a", lambda r: mixed(r, ALNUM, 8) + "!x")
#: Where the name tells it; `{s}` is the secret.
NAMED = (
    "password={s}",
    "PASSWORD={s}",
    "DB_PASSWORD={s}\nDB_USER=joe",
    "export PGPASSWORD={s}",
    "export MYSQL_PWD={s}",
    "pwd={s};server=x",
    "Server=x;User Id=sa;Password={s};Timeout=9",
    "Password: {s}",
    "password: {s}",
    "passwd : {s}",
    'password: "{s}"',
    "password = '{s}'",
    '"password": "{s}"',
    "{{'password': '{s}'}}",
    '{{"dbPassword":"{s}","n":1}}',
    '{{\\"password\\": \\"{s}\\"}}',
    "<password>{s}</password>",
    '<add key="Password" value="{s}"/>',
    "password is '{s}'",
    "login --password {s} now",
    "--password={s}",
    "--db-password '{s}'",
    "-password {s}",
    "passphrase: {s}",
    "adminPassword: {s}",
    "[pypi]\nusername = __token__\npassword = {s}\n",
    "spring.datasource.password={s}",
    "  password: {s}\n  user: joe",
    "machine example.org login joe password {s}",
    "machine example.org\n  login joe\n  password {s}\n",
    "default login joe password {s}",
    "ValueError: bad password '{s}'",
    "env: {{'PGPASSWORD': '{s}'}}",
    "connect(user='joe', password='{s}')",
    'keystorePassword="{s}"',
    "password => {s}",
    '$env:DB_PASSWORD = "{s}"',
    "ENV DB_PASSWORD={s}",
    "- name: DB_PASSWORD\n  password: {s}",
)
#: Here a bare word without a digit may be prose, so that the secret is never one.
NAMED_TOKENS = (
    "token={s}",
    "HF_TOKEN={s}",
    "export API_KEY={s}",
    'api_key: "{s}"',
    "apiKey: {s}",
    '"accessToken": "{s}"',
    "clientSecret={s}",
    '{{"client_secret":"{s}"}}',
    "secret_key = {s}",
    "aws_secret_access_key = {s}",
    "AWS_SESSION_TOKEN={s}",
    "X-Api-Key: {s}",
    "PRIVATE-TOKEN: {s}",
    "X-Vault-Token: {s}",
    "--api-key {s}",
    "--token {s}",
    "--token={s}",
    '--auth-token "{s}"',
    "api-key: {s}",
    "//registry.example/:_authToken={s}",
    "_auth={s}",
    '{{"auths": {{"r.example": {{"auth": "{s}"}}}}}}',
    "WANDB_API_KEY={s}",
    "KAGGLE_KEY={s}",
    "AccountKey={s};EndpointSuffix=x",
    "SharedAccessKey={s}",
    "private_token: {s}",
    "('token', '{s}')",
    "headers={{'X-Auth-Token': '{s}'}}",
    "authtoken: {s}",
    "Secret access key: {s}",
    "API key: {s}",
    "api key '{s}' refused",
    "sessionid={s}",
    "JSESSIONID={s}",
    "csrf_token={s}",
    'identitytoken": "{s}"',
    "Authorization: Token {s}",
    "authorization: ApiKey {s}",
    "Authorization: Basic {s}",
    "Authorization: Bearer {s}",
    "{{'Authorization': 'Bearer {s}'}}",
    "Authorization: Custom-Scheme {s}",
    "Authorization: {s}",
    "Proxy-Authorization: Negotiate {s}",
    "curl -H 'Authorization: Bearer {s}' x",
    'Authorization: Digest username="joe", realm="x", response="{s}", uri="/"',
    "'Authorization', 'Splunk {s}'",
    "Authorization: AWS4-HMAC-SHA256 Credential=joe/2020, SignedHeaders=host, Signature={s}",
    "wandb login {s}",
)
COOKIES = (
    "Cookie: a={s}",
    "Cookie: a=1; b={s}; c=2",
    "Set-Cookie: sid={s}; Path=/; HttpOnly",
    '"cookie": "a=1; b={s}"',
    "curl -H 'Cookie: x=1; y={s}' z",
    ".example.org\tTRUE\t/\tFALSE\t0\tsid\t{s}",
)
URLS = (
    "https://joe:{s}@index.example/simple",
    "http://{s}@proxy.example:3128",
    "HTTPS_PROXY=http://joe:{s}@p.example:8080/",
    "git+https://joe:{s}@git.example/o/r@v1",
    "--index-url https://joe:{s}@i.example/simple pkg",
    "pkg @ https://joe:{s}@h.example/p.whl",
    '{{"url": "https://joe:{s}@h.example/x"}}',
    "ssh://joe:{s}@h.example/x",
    "postgres://joe:{s}@db.example:5432/x",
    "https://conda.example/t/{s}/channel/linux-64",
    "https://x.example/f?key={s}",
    "https://x.example/f?a=1&code={s}",
    "https://x.example/f?sid={s}&b=2",
    "https://x.example/f?token={s}",
    "https://x.example/f?sig={s}",
    "redis://:{s}@r.example/0",
    "https://x.example/f?access_token={s}&x=1",
    "[global]\nindex-url = https://joe:{s}@i.example/simple\n",
)
COMMANDS = (
    "curl -u joe:{s} https://x.example",
    "curl --user joe:{s} x",
    "wget --http-password={s} x",
    "docker login -u joe -p {s} r.example",
    "sshpass -p {s} ssh x",
    "mysql -ujoe -p{s} db",
    "twine upload -u joe -p {s} dist/*",
    "curl --proxy-user joe:{s} x",
)
#: The name stands elsewhere; the value has a digit and a letter.
APART = (
    '{{"name": "API_TOKEN", "value": "{s}"}}',
    '{{"key": "DB_PASSWORD", "value": "{s}"}}',
    '[{{"Name":"password","Value":"{s}"}}]',
    '{{"value": "{s}", "name": "SECRET_KEY_2"}}',
    '{{"headers": [{{"name": "x-api-key", "value": "{s}"}}]}}',
    '"{{\\"name\\": \\"TOKEN\\", \\"value\\": \\"{s}\\"}}"',
    "  - name: DB_PASSWORD\n    value: {s}\n",
    "- name: UPLOAD_TOKEN\n  value: '{s}'\n",
    '{{"token":\n    "{s}"\n}}',
    "TWINE_PASSWORD          {s}",
    "The password for joe is {s}.",
    "the token of ci was `{s}`",
    "requests.get(url, auth=('joe', '{s}'))",
    'auth=HTTPBasicAuth("joe", "{s}")',
    "-Password (ConvertTo-SecureString '{s}' -AsPlainText -Force)",
    "[<Cookie session={s} for i.example/>]",
    "curl --oauth2-bearer {s} https://x.example",
    "net use \\\\srv\\share {s} /user:CORP\\joe",
    "net use z: \\\\srv\\share {s}",
    "schtasks /create /ru joe /rp {s} /tn x",
    "openssl enc -aes-256-cbc -k {s} -in x",
    "ssh-keygen -t rsa -N '{s}' -f x",
    "X-Amz-Signature={s}&X-Amz-Date=2024",
)
VAULT = "key: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {s}\n  3961\n"
WEBHOOKS = (
    "https://hooks.slack.com/services/T01/B02/{s}",
    "https://discord.com/api/webhooks/123456789/{s}",
    "https://hooks.zapier.com/hooks/catch/123/{s}",
)
BLOCKS = (
    "RSA PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "PRIVATE KEY",
    "EC PRIVATE KEY",
    "PGP PRIVATE KEY BLOCK",
    "PGP MESSAGE",
)

PERSONAL = {
    "ipv4": lambda r: r.choice(["192.168.{}.{}", "10.{}.3.{}", "172.16.{}.{}", "203.0.{}.{}", "84.{}.7.{}"]).format(
        r.randint(0, 255), r.randint(1, 254)
    ),
    "ipv6": lambda r: r.choice(IPV6).format(pick(r, "123456789", 4)),
    "mac": lambda r: r.choice(":-").join(f"{r.randint(1, 254):02x}" for _ in range(6)),
    "e-mail": lambda r: f"{r.choice(WORDS)}.{r.choice(WORDS)}{r.choice(['', '+x', '7'])}@{r.choice(WORDS)}.co.uk",
}
ABOUT_MACHINES = (
    "connect to {s} failed",
    "Host {s} is down",
    "ping {s}",
    "from {s}: refused",
    "inet {s}",
    "[{s}]",
    "server: {s}",
    '"remote_addr": "{s}"',
    "listening on {s}",
    "{s} - - [10/Oct/2024] GET",
    "HOST={s}",
    "link/ether {s} brd",
    "addr={s},x",
    "ssh root@x via {s}",
    "peer {s} sent",
)
NAMES = ("gwendolyn", "j.doe", "Marie-Luise", "tkowalski", "o_brien")
HOMES = (
    "/home/{s}/x",
    "/var/home/{s}/x",
    "/mnt/c/Users/{s}/x",
    "/data/home/{s}",
    "/nfs/home/{s}/v",
    "\\\\?\\C:\\Users\\{s}\\x",
    "../../home/{s}/x",
    "C:\\Users\\{s}\\venv",
    "C:/Users/{s}/x",
    '"C:\\\\Users\\\\{s}\\\\x"',
    "file:///home/{s}/m.whl",
    "/Users/{s}/x",
    "file:///C:/Users/{s}/x",
    "/export/home/{s}/x",
    "-I/home/{s}/include",
    "/System/Volumes/Data/Users/{s}/x",
    "~{s}/x",
    "PATH=/bin:/home/{s}/bin",
    "\\\\wsl$\\Ubuntu\\home\\{s}\\x",
    "/c/Users/{s}/x",
    "/cygdrive/c/Users/{s}/x",
    "/proc/self/cwd/home/{s}/x",
    "'/home/{s}/a b'",
    "host:/home/{s}/x",
    "sftp://host/home/{s}/x",
    "%2Fhome%2F{s}%2Fx",
)


def planted(seed, rounds=1):
    """Every kind in every context that fits it, `rounds` times with other secrets."""
    r = random.Random(seed)
    for _ in range(rounds):
        yield from _secrets(r)
        yield from _personal(r)


def _secrets(r):
    for kind, make in TOKENS.items():
        yield from (_plant(kind, context, make(r)) for context in BARE)
    for kind, make in PASSWORDS.items():
        for context in NAMED + COMMANDS + NAMED_TOKENS + COOKIES + WEBHOOKS:
            if _fits(kind, context):
                yield _plant(f"password of {kind}", context, make(r))
    yield from (
        _plant(f"password of {kind}", context, PASSWORDS[kind](r)) for kind in ("mixed", "hex") for context in APART
    )
    for context in PLACES:
        yield from (_plant("place", context, make(r)) for make in PLACED)
    yield _plant("encrypted secret", VAULT, pick(r, HEX, 80))
    yield from _in_urls(r)
    yield from _blocks(r)


def _fits(kind, context):
    """Whether nobody could tell where the secret ends, or that it is one, in that context."""
    if kind == "marks" and ";" in context:
        return False
    if kind == "digits":
        return context in NAMED
    if kind == "word":
        return context in NAMED + COMMANDS
    return kind == "hex" or context not in (*WEBHOOKS, "wandb login {s}")


def _in_urls(r):
    for context in URLS:
        for kind in ("mixed", "marks", "hex"):
            secret = PASSWORDS[kind](r)
            if "?" in context or "/t/" in context or ":{s}" not in context:
                secret = secret.translate(str.maketrans("#&?/@:=", "abcdefg"))
            yield _plant(f"URL with {kind}", context, secret)


def _blocks(r):
    for label in BLOCKS:
        lines = [pick(r, BASE64, 64) for _ in range(8)]
        body = "\n".join(lines)
        text = f"found\n-----BEGIN {label}-----\nVersion: a-b\n\n{body}\n-----END {label}-----\nend"
        for line in (lines[0], lines[-1]):
            yield Planted("key block", label, text, line, ("found", "end"))


def _personal(r):
    for kind, make in PERSONAL.items():
        for context in ABOUT_MACHINES:
            yield _plant(kind, context, make(r))
    for name in NAMES:
        for context in HOMES:
            if not (context.startswith("~") and not name.islower()):
                yield _plant("home", context, name)


def _plant(kind, context, secret):
    return Planted(kind, context, context.format(s=secret), secret)


def is_gone(secret, text):
    """Whether neither the secret nor seven characters of it in a row are left (a shorter secret: all of it)."""
    spelled = json.dumps(secret)[1:-1]
    if secret in text or spelled in text:
        return False
    if len(secret) <= _PIECE:
        return True
    return not any(secret[at : at + _PIECE] in text for at in range(len(secret) - _PIECE + 1))
