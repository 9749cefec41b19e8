"""Secrets of every kind, planted into what a report quotes: log lines, settings, command lines, headers, URLs.

Everything is made from a seed; nothing here was ever anybody's.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from planted_contexts import (
    ABOUT_MACHINES,
    APART,
    BARE,
    BLOCKS,
    COMMANDS,
    COOKIES,
    HOMES,
    NAMED,
    NAMED_TOKENS,
    URLS,
    VAULT,
    WEBHOOKS,
)
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
PERSONAL = {
    "ipv4": lambda r: r.choice(["192.168.{}.{}", "10.{}.3.{}", "172.16.{}.{}", "203.0.{}.{}", "84.{}.7.{}"]).format(
        r.randint(0, 255), r.randint(1, 254)
    ),
    "ipv6": lambda r: r.choice(IPV6).format(pick(r, "123456789", 4)),
    "mac": lambda r: r.choice(":-").join(f"{r.randint(1, 254):02x}" for _ in range(6)),
    "e-mail": lambda r: f"{r.choice(WORDS)}.{r.choice(WORDS)}{r.choice(['', '+x', '7'])}@{r.choice(WORDS)}.co.uk",
}
NAMES = ("gwendolyn", "j.doe", "Marie-Luise", "tkowalski", "o_brien")


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
