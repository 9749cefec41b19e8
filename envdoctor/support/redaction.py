"""Taking out of a report what must not leave the machine, before anything renders it.

Two strengths. Secrets (passwords, tokens, keys) are hidden from every output, since terminals are copied and logs of
builds are kept. What tells who and where (the home folder, user and host names, e-mail and network addresses) is hidden
only from what is made to be handed on, `envdoctor report`: on the user's own terminal, and in JSON that a script reads,
a path and a command must work as they stand. A home folder becomes `~`, so that a command copied from a report works
in a shell of its reader.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote

from envdoctor.core.finding import ProbeResult
from envdoctor.core.frozen import frozen
from envdoctor.support.redaction_forms import secrets_apart
from envdoctor.support.redaction_names import NamedSecrets, is_secret, is_secret_name, other_named_secrets
from envdoctor.support.redaction_places import SecretsAtWords, secrets_in_places
from envdoctor.support.redaction_rules import SECRET, Rule, known_secrets, shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.core.report import Report

T = TypeVar("T")

#: What envdoctor's own code says of a probe; the machine has no part in it.
_OWN_WORDS = frozenset({"code", "name", "title"})
#: A value that is hidden can bring others to light (a boundary appears); no text needs more rounds than this.
_ROUNDS = 5

_URL_PASSWORD = re.compile(r"://[^\s/@:]*:([^\s/]+)@")
#: Colours of a terminal, as they are or spelled out: what they stand between belongs together.
_COLORS = re.compile(r"(?:\x1b|\\x1b|\\u001b|\\033|\\e)\[[0-9;]{0,20}[mK]|\x1f")
_SPACE = "\x1f"
#: A program for which `-u` is no user.
_PYTHON = re.compile(r"(?:^|[\\/])(?:python|pypy)[\d.]*(?:\.exe)?$")
_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,4}){0,4}")


@frozen
class Redactor:
    """What to hide.

    Attributes:
        secrets: values that must not appear anywhere (see `secret_values`).
        homes: the home folder, by all the paths that lead to it; each becomes `~`.
        users: the user's login names.
        hosts: the machine's names.
        personal: False to hide secrets alone.
    """

    secrets: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    personal: bool = True

    @classmethod
    def here(cls, *, personal: bool = False) -> Redactor:
        """What to hide on this machine, for this user.

        Args:
            personal: True for what is handed on to others; else secrets alone are hidden.
        """
        secrets = secret_values(os.environ)
        if not personal:
            return cls(secrets=secrets, personal=False)
        import platform

        home = Path(os.path.expanduser("~"))  # noqa: PTH111  (Path.home() raises where there is none)
        node = platform.node()
        return cls(
            secrets=secrets,
            homes=tuple(dict.fromkeys((str(home), os.path.realpath(home)))),
            users=tuple(dict.fromkeys(_login_names(home))),
            hosts=tuple(dict.fromkeys((node, node.partition(".")[0]))),
        )

    def text(self, text: str, tally: Counter[str] | None = None) -> str:
        """The text without what is to be hidden; `tally`, if given, counts what was replaced, by kind.

        Doing it twice changes nothing more.
        """
        colors = _COLORS.findall(text)
        text = self._hide(_COLORS.sub(_SPACE, text) if colors else text, Counter() if tally is None else tally)
        if not colors:
            return text
        rest = iter(colors)
        return re.sub(_SPACE, lambda _: next(rest, ""), text)

    def _hide(self, text: str, tally: Counter[str]) -> str:
        rules, hints = _rules(self)
        for _ in range(_ROUNDS):
            before, lowered = text, text.lower()
            for place in sorted({place for hint, places in hints if hint in lowered for place in places}):
                text = rules[place].apply(text, tally)
            if text == before:
                break
        return text


def secret_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values in an environment that must not be shown: those whose names say so, and passwords in URLs."""
    found = [value.strip() for name, value in environ.items() if is_secret(name, value)]
    found += [password for value in environ.values() for password in _URL_PASSWORD.findall(value)]
    spellings = (spelled for value in found for spelled in (value, quote(value, safe=""), unquote(value)))
    return tuple(dict.fromkeys(spellings))


def _login_names(home: Path) -> Iterator[str]:
    """The names that the environment knows; the home folder's own, where it stands among others' homes."""
    yield from (os.environ[name] for name in ("LOGNAME", "USER", "USERNAME", "SUDO_USER") if os.environ.get(name))
    if home.parent.name.lower() in {"home", "users"}:
        yield home.name


def redact_report(report: Report, redactor: Redactor, tally: Counter[str] | None = None) -> Report:
    """The report without what is to be hidden, in every text and path at any depth.

    Args:
        report: stays as it is.
        redactor: what to hide.
        tally: counts what was replaced, by kind, if given.
    """
    return redact(report, redactor, tally)


def redact(value: T, redactor: Redactor, tally: Counter[str] | None = None) -> T:
    """Any value made of dataclasses, mappings, sequences, texts and paths, without what is to be hidden."""
    result: T = _Walk(redactor, Counter() if tally is None else tally).walk(value)
    return result


@functools.lru_cache(maxsize=8)
def _rules(
    redactor: Redactor,
) -> tuple[tuple[Rule | NamedSecrets | SecretsAtWords, ...], tuple[tuple[str, tuple[int, ...]], ...]]:
    """The rules in order, and each hint with the places of the rules that need it: a text is searched for it once."""
    rules: list[Rule | NamedSecrets | SecretsAtWords] = [
        *known_secrets(redactor.secrets),
        *shapes(),
        *other_named_secrets(),
        *secrets_apart(),
        *secrets_in_places(),
        NamedSecrets(),
    ]
    if redactor.personal:
        from envdoctor.support.redaction_addresses import address_rules
        from envdoctor.support.redaction_people import people_rules

        rules += [*people_rules(redactor.homes, redactor.users, redactor.hosts), *address_rules()]
    hinted: dict[str, list[int]] = {}
    for place, rule in enumerate(rules):
        for hint in rule.hints:
            hinted.setdefault(hint, []).append(place)
    return tuple(rules), tuple((hint, tuple(places)) for hint, places in hinted.items())


class _Walk:
    """One walk through a value, from the outside to its texts."""

    def __init__(self, redactor: Redactor, tally: Counter[str]) -> None:
        self._redactor = redactor
        self._tally = tally

    def walk(self, value: Any) -> Any:  # noqa: ANN401  (whatever a report holds)
        if isinstance(value, enum.Enum):
            return value
        if isinstance(value, str):
            return self._redactor.text(value, self._tally)
        if isinstance(value, PurePath):
            return type(value)(self.walk(str(value)))
        if dataclasses.is_dataclass(value):
            return self._dataclass(value)
        return self._collection(value)

    def _dataclass(self, value: Any) -> Any:  # noqa: ANN401  (the same)
        own = _OWN_WORDS if isinstance(value, ProbeResult) else ()
        names = (field.name for field in dataclasses.fields(value) if field.init and field.name not in own)
        old = {name: getattr(value, name) for name in names}
        return dataclasses.replace(value, **{name: self._entry(name, one) for name, one in old.items()})

    def _collection(self, value: Any) -> Any:  # noqa: ANN401  (the same)
        if isinstance(value, Mapping):
            return {self.walk(key): self._entry(key, one) for key, one in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(self._items(value))
        if isinstance(value, frozenset | set):
            return type(value)(self.walk(one) for one in value)
        return value

    def _entry(self, key: object, value: object) -> object:
        """A value under a name that tells a secret, hidden as a whole; others by what they hold."""
        if isinstance(key, str) and isinstance(value, str):
            if is_secret(key, value):
                return self._hidden(value)
            if key.endswith("version") and _VERSION.fullmatch(value):
                return value  # `10.0.1.6`, alone, could be an address as well
        return self.walk(value)

    def _items(self, values: Sequence[object]) -> Iterator[object]:
        """The items of a sequence; in a command line, `--password` makes a secret of the word that follows it."""
        flag, of_python = "", bool(values) and _PYTHON.search(str(values[0])) is not None
        for item in values:
            value = item
            follows = flag.startswith("-") and is_secret_name(flag) and isinstance(value, str) and value[:1] != "-"
            if flag in {"-u", "--user"} and isinstance(value, str) and not of_python:
                value = self._redactor.text(f"-u {value}", self._tally).removeprefix("-u ")
            yield self._hidden(value) if follows else self.walk(value)
            flag = value if isinstance(value, str) else ""  # not every item has a hash
            of_python = of_python and (flag.startswith("-") or item is values[0])

    def _hidden(self, value: object) -> str:
        self._tally["secret"] += value != SECRET
        return SECRET
