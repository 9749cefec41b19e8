"""Secrets that stand apart from their names: in pairs of members, in calls, on the next line, in commands.

`redaction_names` reads what follows a name at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.support.redaction_names import spares_after_option
from envdoctor.support.redaction_rules import SECRET, Rule

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

_WORD = r"(?:pass(?:word|wd|phrase)?|secret|token|(?:api|access|private|secret)[ _.-]?key|authorization|cookie)"
_QUOTE = r"(?:\\{0,3}[\"'])"
_SPACE = r"\s{0,80}"
_NAME = rf"{_QUOTE}[\w.-]{{0,60}}{_WORD}(?:_?\d{{1,2}})?{_QUOTE}"
_TEXT = rf"{_QUOTE}(?P<hide>[^\"'\\\n]{{1,2000}}){_QUOTE}"
_LABEL, _VALUE = (
    rf"{_QUOTE}(?:{words}){_QUOTE}{_SPACE}[:=]{_SPACE}" for words in ("name|key|variable|header", "value")
)
#: A digit and a letter: no word of a sentence.
_MIXED = r"(?=\S{0,80}\d)(?=\S{0,80}[A-Za-z])"
_YAML_PAIR = (
    rf"(?i)\bname:[ \t]{{1,8}}[\"']?[\w.-]{{0,60}}{_WORD}[\"']?[ \t\r]{{0,8}}\n[ \t]{{1,40}}value:[ \t]{{1,8}}"
    r"[\"']?(?P<hide>[^\s\"']{1,300})"
)
_SENTENCE = (
    rf"(?i)\b{_WORD} (?:for|of) \S{{1,60}} (?:is|was) [\"'`]?{_MIXED}"
    r"(?P<hide>[^\s\"'`]{6,200}?)(?=[.,;]?(?:[\s\"'`]|$))"
)
#: `name = getpass() or "..."`: what stands in where nobody answers.
_ASSIGNED = rf"(?i){_WORD}(?:_?\d{{1,2}})?{_QUOTE}?\]?[ \t]?=[ \t]?"
_OTHERWISE = (
    rf"{_ASSIGNED}[^\n]{{1,160}}?(?:\)[ \t]{{1,4}}(?:or|\|\||\?\?)|[ \t]else)[ \t]{{1,4}}{_TEXT}",
    rf"{_ASSIGNED}[\w.]{{1,60}}\([ \t]?{_QUOTE}[^\"'\n]{{1,100}}{_QUOTE},[ \t]?{_TEXT}",
)
_ACCOUNT = (
    r"(?i)\b(?:log[io]n|credentials?|account|user(?:name)?(?: ?/ ?pass(?:word)?)?)[ \t]?[:=][ \t]{1,8}[\w.@*-]{1,60}"
    rf"(?: / |:(?!//)){_MIXED}(?P<hide>[^\s/\"'][^\s\"']{{5,200}})"
)
#: A private key's field in YAML; a cache's key has no capitals.
_KEY = (
    r"(?m)^[ \t]{0,40}key:[ \t]{1,8}[\"']?(?=\S{0,80}\d[A-Za-z]\S{0,80}\d)(?=\S{0,80}[a-z])(?=\S{0,80}[A-Z])"
    r"(?P<hide>[\w+/=~!#%^*-]{10,4000})[\"']?[ \t\r]*$"
)
_HINTS = ("pass", "secret", "token", "key", "authorization", "cookie")

_PATTERNS = (
    # {"name": "DB_PASSWORD", "value": "..."}, either first: Kubernetes, task definitions, recorded headers
    (rf"(?i){_LABEL}{_NAME}{_SPACE},{_SPACE}{_VALUE}{_TEXT}", _HINTS),
    (rf"(?i){_VALUE}{_TEXT}{_SPACE},{_SPACE}{_LABEL}{_NAME}", _HINTS),
    (_YAML_PAIR, _HINTS),
    (rf"(?i){_NAME}[ \t\r]{{0,20}}:[ \t\r]{{0,20}}\n[ \t]{{0,80}}{_TEXT}", _HINTS),
    # a table of the environment
    (rf"(?m)^[ \t]{{0,20}}(?:[A-Z0-9]{{1,30}}_){{1,6}}(?i:{_WORD})[ \t]{{2,60}}{_MIXED}(?P<hide>\S{{6,300}})", _HINTS),
    (_SENTENCE, _HINTS),
    *((pattern, _HINTS) for pattern in _OTHERWISE),
    (_ACCOUNT, ("login", "logon", "cred", "account", "user")),
    (_KEY, ("key:",)),
    # calls
    (
        rf"(?i)\b(?:auth\s?=\s?|(?:Http)?(?:Basic|Digest|Proxy)Auth)[(\[]{_QUOTE}[^\"'\n]{{1,100}}{_QUOTE},\s?{_TEXT}",
        ("auth",),
    ),
    (rf"(?i)\bConvertTo-SecureString\s{{1,4}}(?:-String\s{{1,4}})?{_TEXT}", ("securestring",)),
    (r"<Cookie [^\s=<>]{1,100}=(?P<hide>[^\s<>]{1,2000}) for ", ("<cookie",)),
    # commands
    (r"--oauth2-bearer(?:=|\s{1,4})[\"']?(?P<hide>[^\s\"']{4,2000})", ("--oauth2-bearer",)),
    (r"(?i)\bnet\s{1,4}use\s{1,4}(?:\w:\s{1,4})?\\\\\S{1,200}\s{1,4}(?P<hide>[^\s/*]\S{0,200})", ("net use",)),
    (r"(?i)\bschtasks\b[^\n]{0,300}?\s/rp\s{1,4}(?P<hide>[^\s*]\S{0,200})", ("schtasks",)),
    (r"\bopenssl\s{1,4}\w{1,20}\s(?:[^\n]{0,200}?\s)?-[kK]\s{1,4}(?P<hide>[^\s-]\S{0,300})", ("openssl",)),
    (r"\bssh-keygen\b[^\n]{0,200}?\s-[NP]\s{0,4}[\"']?(?P<hide>[^\s\"'-][^\s\"']{0,200})", ("ssh-keygen",)),
    (r"\bX-Amz-(?:Signature|Security-Token)=(?P<hide>[\w%+/=-]{8,2000})", ("x-amz-",)),
)


def secrets_apart() -> Iterator[Rule]:
    """The rules for them."""
    for pattern, hints in _PATTERNS:
        yield Rule(kind="secret", pattern=pattern, placeholder=SECRET, hints=hints, spares=_stays)


def _stays(match: re.Match[str]) -> bool:
    return spares_after_option(match["hide"])
