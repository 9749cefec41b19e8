"""The rules of redaction: what is looked for in a text and what takes its place.

A rule is a regular expression whose group `hide` is replaced. Every pattern starts at a boundary and has bounded
repetitions, so that a long hostile text costs time in proportion to its length.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

SECRET = "****"  # noqa: S105  (what stands in a secret's place)
HOME = "~"
USER = "<user>"
HOST = "<host>"
EMAIL = "<e-mail>"

#: Values of this many characters are looked for inside longer words too; shorter ones only as words of their own.
_LONG_SECRET = 8
_SHORT_SECRET = 4
_SHORT_NAME = 3

#: A path begins here: at a boundary, behind `://`, or behind a compiler's option (`-I/home/...`).
_PATH_START = r"(?:(?<![\w.~/\\-])|(?<=://)|(?<=\s-[A-Za-z])|(?<=^-[A-Za-z]))"
_COMPONENT_END = r"""(?=$|[\\/\s'":;,)\]}])"""
_WORD_END = r"(?!\.?[\w-])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing to look for.

    Attributes:
        kind: what it is, for a person (`GitHub token`); the key of a tally.
        placeholder: what takes the place of the group `hide`.
        hints: a text that holds none of them (compared in lower case) can't match.
    """

    kind: str
    pattern: str
    placeholder: str
    hints: tuple[str, ...]

    def may_match(self, lowered: str) -> bool:
        """False if a text can't hold what the rule looks for, told from the text in lower case."""
        return any(hint in lowered for hint in self.hints)

    def apply(self, text: str, tally: Counter[str]) -> str:
        """The text with every match hidden; counts the changes."""
        return _compiled(self.pattern).sub(lambda match: self._hide(match, tally), text)

    def _hide(self, match: re.Match[str], tally: Counter[str]) -> str:
        if match["hide"] == self.placeholder:
            return match[0]
        tally[self.kind] += 1
        start, end = match.start("hide") - match.start(), match.end("hide") - match.start()
        return match[0][:start] + self.placeholder + match[0][end:]


def secret_rules(values: tuple[str, ...]) -> tuple[Rule, ...]:
    """Rules for what gives access: known values first, then names that tell a secret, then shapes of tokens."""
    return (*_known_secrets(values), *_shapes(), *_named_secrets())


def personal_rules(homes: tuple[str, ...], users: tuple[str, ...], hosts: tuple[str, ...]) -> tuple[Rule, ...]:
    """Rules for what tells who and where: e-mail addresses, home folders, user and host names."""
    table = load_table("redaction")
    named_users = [user for user in users if user]
    named_hosts = [host for host in hosts if host and host.lower() not in table["ordinary_hosts"]]
    return (
        _EMAIL_RULE,
        *(_home_rule(home) for home in sorted(homes, key=len, reverse=True) if _depth(home)),
        *(rule for user in named_users for rule in _user_rules(user, ordinary=_is_ordinary(user))),
        _others_rule(table["shared_homes"]),
        *(rule for host in sorted(named_hosts, key=len, reverse=True) for rule in _host_rules(host)),
    )


def is_secret_name(name: str) -> bool:
    """True if an environment variable, option or setting of this name holds a secret (`HF_TOKEN`, `--api-key`)."""
    return _compiled(rf"(?i)(?:^|[^a-z]){load_table('redaction')['secret_name']}$").search(name) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _known_secrets(values: tuple[str, ...]) -> Iterator[Rule]:
    for value in sorted(set(values), key=lambda value: (-len(value), value)):
        if len(value) < _SHORT_SECRET or value.strip("*") == "" or value in f"{USER}{HOST}{EMAIL}":
            continue
        escaped = re.escape(value)
        pattern = rf"(?P<hide>{escaped})"
        if len(value) < _LONG_SECRET:
            pattern = rf"(?<![\w.-]){pattern}(?![\w.-])"
        yield Rule(kind="secret", pattern=pattern, placeholder=SECRET, hints=(value.lower(),))


def _shapes() -> Iterator[Rule]:
    for row in load_table("redaction")["shape"]:
        yield Rule(kind=row["name"], pattern=row["pattern"], placeholder=SECRET, hints=tuple(row["hints"]))


def _named_secrets() -> Iterator[Rule]:
    """`password=...` in settings and query strings, and `"token": "..."` in JSON and YAML.

    The separator `==` and names that go on (`tokenizers=0.2`) are requirements, not secrets. Behind a colon, a bare
    word is prose (`unexpected token: identifier`), so that the value must be quoted or hold a digit.
    """
    table = load_table("redaction")
    name = rf"(?i)(?<![A-Za-z0-9_.-])[\w.-]{{0,64}}?(?<![a-z]){table['secret_name']}"
    value = r"""[^\s"'&;,<>()\[\]{}]"""
    assigned = rf"""["']?\s?=(?!=)\s?["']?(?P<hide>{value}+)"""
    quoted = rf"""["']?\s?:\s?(?P<quote>["'])(?P<hide>{value}{{4,}})(?P=quote)"""
    bare = rf"""["']?\s?:\s?(?=[^\s\d]{{0,80}}\d)(?P<hide>{value}{{8,}})"""
    for rest in (assigned, quoted, bare):
        yield Rule(kind="secret", pattern=name + rest, placeholder=SECRET, hints=tuple(table["secret_hints"]))


_EMAIL_RULE = Rule(
    kind="e-mail address",
    pattern=(
        r"(?<![\w.+%-])(?P<hide>(?!git@)[\w.+%-]{1,64}@(?!v?\d+(?:\.\d+)+)"
        r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![\w-])"
    ),
    placeholder=EMAIL,
    hints=("@",),
)


def _depth(home: str) -> bool:
    """True for a folder that can be a home: not the root of a file system, not a relative path."""
    return len(_components(home)) > (1 if re.match(r"[A-Za-z]:", home) else 0) and not home.startswith(HOME)


def _components(path: str) -> list[str]:
    return [part for part in re.split(r"[\\/]+", path) if part]


def _home_rule(home: str) -> Rule:
    separator = r"[\\/]{1,2}"
    path = separator.join(re.escape(part) for part in _components(home))
    root = "" if re.match(r"[A-Za-z]:", home) else r"(?:/|\\{1,2})"
    case = "(?i)" if re.match(r"[A-Za-z]:", home) else ""
    return Rule(
        kind="home folder",
        pattern=rf"{case}{_PATH_START}(?P<hide>{root}{path}){_WORD_END}",
        placeholder=HOME,
        hints=(_components(home)[-1].lower(),),
    )


def _is_ordinary(user: str) -> bool:
    return len(user) < _SHORT_NAME or user.lower() in load_table("redaction")["ordinary_users"]


def _user_rules(user: str, *, ordinary: bool) -> Iterator[Rule]:
    """A user name is hidden where it can only be one; anywhere as a part of a path if it is no ordinary word."""
    name = rf"(?P<hide>{re.escape(user)})"
    anywhere = rf"(?<=[\\/]){name}{_COMPONENT_END}"
    mounted = rf"(?<=media[\\/]){name}{_COMPONENT_END}"
    patterns = [
        rf"""(?<![a-z])(?:user(?:_?name)?|logname|login|owner|account)["']?\s?[=:]\s?["']?{name}{_WORD_END}""",
        rf"[ug]id=\d+\({name}\)",
        mounted if ordinary else anywhere,
    ]
    if not ordinary:
        patterns += [rf"(?<![\w.@-]){name}(?=@[a-z<])", rf"(?<=-of-){name}{_COMPONENT_END}"]
    for pattern in patterns:
        yield Rule(kind="user name", pattern=f"(?i){pattern}", placeholder=USER, hints=(user.lower(),))


def _others_rule(shared: list[str]) -> Rule:
    """The homes of other people, by where homes are."""
    spared = "|".join(re.escape(name) for name in shared)
    return Rule(
        kind="user name",
        pattern=(
            rf"(?i){_PATH_START}(?:/home|/Users|[a-z]:[\\/]{{1,4}}Users)[\\/]{{1,4}}"
            rf"(?!(?:{spared}){_COMPONENT_END})(?P<hide>[^\\/\s'\":;,<>()]{{1,64}})"
        ),
        placeholder=USER,
        hints=("home", "users"),
    )


def _host_rules(host: str) -> Iterator[Rule]:
    """A host name is hidden where it can only be one; everywhere if it looks like nothing else."""
    name = rf"(?P<hide>{re.escape(host)}(?:\.(?:local|lan|home|internal|localdomain))?)"
    patterns = [
        rf"(?<=@){name}{_WORD_END}",
        rf"(?<=//){name}(?=$|[\s/:\"'])",
        rf"(?<![a-z])(?:host(?:_?name)?|node(?:_?name)?)[\"']?\s?[=:]\s?[\"']?{name}{_WORD_END}",
        rf"(?<![a-z])(?:linux|darwin) {name}(?= \d)",
    ]
    if re.search(r"[A-Za-z]", host) and re.search(r"[\d-]", host) and len(host) > _LONG_SECRET:
        patterns.append(rf"(?<![\w.-]){name}{_WORD_END}")
    for pattern in patterns:
        yield Rule(kind="host name", pattern=f"(?i){pattern}", placeholder=HOST, hints=(host.lower(),))
