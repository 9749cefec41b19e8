"""Secrets that are told by the name before them: `password=...`, `"apiKey": "..."`, `--token ...`, `?key=...`."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.finding import FAMILIES
from envdoctor.core.frozen import frozen
from envdoctor.support.redaction_rules import SECRET, Rule, compiled, text_before

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Sequence

_QUOTE = r"""(?:\\{0,3}["'`]|&quot;|&\#3[49];)"""
#: What may follow a name before its value: a number (`PASSWORD_2`), the end of a string, a subscript or an XML name.
_NAME_END = rf"(?i:[_-]?(?:\d{{1,2}}|hash|value|plain|old|new|base(?:64)?|b64|data))?{_QUOTE}?[\])]?"
_ASSIGNED = r"\s{0,20}(?:=>|:=|<-|=(?!=)|%3D|\\u003[dD])\s{0,20}"
_COLON = r"\s{0,20}[:,\uFF1A](?!=)\s{0,20}"
#: Cells of a table and arrows.
_ARROW = r"(?:\s{0,20}(?:->|→|\|)\s{0,20}|\t{1,4})"
#: A character of a bare value. A separator belongs to it unless a new field or the end of the expression follows.
_BARE = (
    r"""(?:(?!\\{1,2}[rn](?:\W|[\w.-]{1,40}\s?[=:]|\Z))[^\s"'`&;,<>()\[\]{}]"""
    r"""|[&;,](?=\S)(?!["'`]|amp;|[\w.%+-]{1,60}["']?[=:])"""
    r"""|[(\[{](?=[^\s)\]}])|[)\]}<>](?=[\w!#$%^*+~@-])|["'`](?=\w))"""
)
#: A bare value; code that gets it (`getpass()`) is not it.
_WORD = rf"""(?![A-Za-z_.]{{1,80}}[(\[])(?P<hide>[^\s"'`&;,<>()\[\]{{}}]{_BARE}{{0,2000}})"""
_IN_QUOTES = (
    rf"(?:b|u|r|f)?(?P<quote>{_QUOTE})"
    r"""(?P<hide>(?:(?!(?P=quote))(?:\\\\|\\["'](?=[^\s,;:)\]}])|[^\n])){1,2000})"""
)

_PLACEHOLDER = r"""(?ix)\*{3,}.* | [^\w\s]{1,4} | x{3,} | \.{2,} | -+
    | \$\{?[A-Z_][A-Z0-9_]*\}? | %\w+% | %[sdr] | \$\{\{.* | \$\(.* | <.*
    | \{.*
    | (?:self|cls|args|kwargs|config|settings|opts|options|ctx|os|request)\.[A-Za-z_][\w.]*
    | (?:true|false|none|null|nil|undefined|yes|no|on|off|enabled|disabled|never|always|empty|unset|set|unknown)
    | (?:amd64|arm64|armhf|i386|riscv64|ditto)\.*
    | (?:identifier|literal|operator|keyword|punctuation|comment|newline|indent|dedent|eof|symbol|delimiter)
    | (?:str|string|bytes|int|bool|float|any|object|optional|secretstr|text|password|token|key|value|secret|username)
    [?!|\]]* | \w{1,60}Pass"""
_PROSE = r"""(?ix)(?:required|optional|missing|invalid|incorrect|wrong|expired|denied|failed|failure|ok|okay|error
    |not|is|was|are
    |must|may|can|could|should|will|to|and|or|for|in|if|with|without|of|from|by|at|as|the|a|an|it|that|this|has|have|needs
    |requires|given|see|use|please|enter|type|expected|instead|options?|arguments?|flags?|files?|prompt|found|provided|used|here|does|do|cannot
    |can't|isn't|than|then|when|which|number|name|path|url|hash|tests?|checks?|authentication|storage|cache
    |base64|\w{1,20}-(?:encoded|encrypted|hashed|signed|based|only))[.,:;!?]*"""
#: What a sentence goes on with behind the name of an option; `test` and the like may be passwords.
_AFTER_OPTION = (
    r"(?:is|was|are|isn't|means|takes|needs|wants|asks|gives|expects|and|or|to|for|as|instead|options?|flag|switch"
    r"|argument|parameter)[.,:;)]?|<[^<>]{1,60}>"
)
#: Between an option and its value, also in a list of words.
_THEN = r"(?:[\"'],\s?|\s{0,4}=?)"
#: Numbers that count something, versions, shares; for `auth`, methods.
_COUNT = (
    r"(?i)v?\d{1,6}(?:[./:]\w{1,10})*%?|(?:basic|digest|bearer|oauth2?|ntlm|kerberos|negotiate|netrc|keyring|anonymous)"
)
#: A variable's or a class's name in code.
_CODE = r"(?:\w{1,60}\.){0,6}\w{0,60}(?:token|auth|credentials?)s?|(?:[A-Z][a-z]{1,30}\.){1,4}[A-Z][a-z]{1,30}"
_SLASHED_BASE64 = r"(?=.{19})(?=.*[+=])(?=.*(?=\w{0,7}\d)(?=\w{0,7}[A-Z])[A-Za-z0-9]{8})[A-Za-z0-9+/]+={0,2}\Z"
_PATH = rf"(?!/{_SLASHED_BASE64})(?:~|\.{{1,2}})?/[\w.@~-]+(?:/.*)?|[A-Za-z]:[\\/].*|~"
_OWNERS = r"(?:docker|podman|nerdctl|kubectl|chown|install)\b[^\n]*\Z"
#: For Python `-u` means that nothing is buffered; what follows is a module, `sudo -u` gets a user.
_UNBUFFERED = r"(?:(?:python|pypy)[\d.]*(?:\.exe)?|sudo)[\"']?(?:,?\s+[\"']?-[A-Za-z]\S*){0,8}\s+[\"']?[^\s:]*:\Z"
_NO_QUERY = r"[\s\"'<>][^\s?\"'<>]*\Z"
_LOCATION = r"(?i)(?:^|_)(?:FILE|PATH|DIR|SOCK|SOCKET|URL|HOST|HOME)$"
_MIXED = r"(?=[A-Za-z]{0,40}\d)(?=\d{0,40}[^\s\d])(?=\S{8})"
_DIGIT_NEAR = r"(?=[^\s\d]{0,80}\d)(?=\S{6})"
#: Capitals inside of a word, or a sign that no prose ends with.
_SCRAMBLED = r"(?=\S{0,40}[a-z][A-Z]\S{0,40}[a-z])(?=\S{8})"
_COMMON_VALUES = (
    f"{_NAME_END}(?:{_ASSIGNED}|{_COLON}){_IN_QUOTES}",
    f"{_NAME_END}{_ASSIGNED}{_WORD}",
    rf"{_NAME_END}\s{{1,4}}(?:is|was)?\s{{0,4}}(?P<quote>[\"'`])(?P<hide>[^\s\"'`]{{4,200}})(?P=quote)",
    rf"{_NAME_END}\s{{1,4}}(?:(?:is|was)\s{{1,4}})?{_MIXED}{_WORD}",
    rf"{_NAME_END}>(?P<hide>[^<\n]{{1,500}})</",
    rf"{_NAME_END}\s{{1,4}}value={_QUOTE}(?P<hide>[^\"'\n]{{1,500}})",
)
_PHRASE = r"(?P<hide>[\w'-]{2,40}(?: [\w'-]{2,40}){2,11})[ \t\r]*$"
_STRONG_VALUES = (
    rf"(?:{_NAME_END}\s{{0,20}}[:=]\s{{0,20}}){_PHRASE}",
    rf"{_NAME_END}\s{{0,20}}(?::: |[:\uFF1A])(?!=)\s{{0,20}}{_WORD}",
    *_COMMON_VALUES,
    rf"{_NAME_END}\s{{1,4}}(?:is|was)\s{{1,4}}{_SCRAMBLED}{_WORD}",
    rf"[sS]?{_NAME_END}\s{{0,20}}[:=]\s{{0,20}}\[?\s{{0,20}}{_IN_QUOTES}",
    rf"[sS]?{_NAME_END}\s{{0,20}}[:=]\s{{0,20}}\[?\s{{0,20}}{_WORD}",
    rf"{_NAME_END}{_ARROW}{_QUOTE}?{_WORD}",
    rf"{_NAME_END} for [^\s:]{{1,60}}(?:://[^\s:]{{1,200}})?: {{0,4}}{_WORD}",
)
_WEAK_VALUES = (
    rf"{_NAME_END}\s{{0,20}}:(?!=)\s{{0,20}}(?:{_DIGIT_NEAR}|{_SCRAMBLED}){_WORD}",
    *_COMMON_VALUES,
    rf"[sS]?{_NAME_END}{_ASSIGNED}\[?{_QUOTE}?{_MIXED}{_WORD}",
    rf"[sS]?{_NAME_END}{_COLON}\[{_QUOTE}{_MIXED}{_WORD}",
    rf"{_NAME_END}{_ARROW}{_QUOTE}?(?:{_MIXED}|{_SCRAMBLED}){_WORD}",
)
_OPTION_VALUES = (
    r"\s{1,4}(?P<quote>[\"'])(?P<hide>[^\n\"']{1,500})(?P=quote)",
    r"\s{1,4}(?P<hide>(?!-)[^\s\"'`\])]\S{0,500})",
)
_REST_OF_LINE = rf"{_NAME_END}\s{{0,4}}:\s{{1,4}}(?P<hide>[^\s\"'\[{{(<]\S{{3,500}})\s*$"
_SETS = r"\b(?:ENV|ARG|setx|setenv|set -[gUx]{1,3}|(?:configure|config) (?:--)?set)\s{1,4}(?:\S{1,60}\s)?"
_OPTION = rf"(?:(?<![\w-])(?:--?|/)|{_SETS})[\w.-]{{0,40}}\Z"
#: `Running pass 'inline' on module`: what compilers call their steps.
_OF_COMPILER = (
    r"(?i)(?:running|run|in|after|before|during|by|from|the|optimi[sz]ation|lowering|compiler|mlir|function|module) \Z"
)
_LINE_START = r"\s*(?:- )?[\w.\"'-]{0,60}"
#: How much of a line before a name is looked at.
_BEFORE = 80
#: Each name in a line has one of them.
_HINTS = (
    *("pass", "pwd", "psk", "secret", "token", "auth", "_pat", "-pat", "pat=", "cred", "jwt", "otp", "sess"),
    *("sonar", "verifier", "assertion", "device", "csrf", "key", "art_a", "art-a", "art.a", "art a", "artap"),
    *("string", "registry", "webhook", "kennwort", "contrase", "otpw", "ndpw", "t pw", "t_pw", "d_pw"),
    *("парол", "密", "パスワード", "비밀번호", "senha", "hasło", "heslo", "wachtwoord", "lösenord"),
    *("recovery", "pin_c", "pin c", "pinc", "salt", "seed", "backup", "verification", "2fa", "mfa", "ntlm", "awsalb"),
    *("dockerconfig", "activation", "honeycomb"),
)
#: The same of a name alone, which has nothing before and behind it.
_NAME_HINTS = (*_HINTS, "pat", "pin", "pw")


@frozen(kw_only=False)
class NamedSecrets:
    """The rule for values behind a name: finds a name, then tries in turn how a value can follow it.

    The separator `==` and names that go on (`tokenizers=0.2`) are requirements, not secrets. Behind a colon, a bare
    word is prose (`unexpected token: identifier`) unless it is a password's name, or the word is all of the line.
    """

    hints: tuple[str, ...] = _HINTS

    def apply(self, text: str, tally: Counter[str]) -> str:
        """See `Rule`; names and values stand on the same line."""
        return "\n".join(self._line(line, tally) for line in text.split("\n"))

    def _line(self, line: str, tally: Counter[str]) -> str:
        lowered = line.lower()
        if not any(hint in lowered for hint in self.hints):
            return line
        pieces, done = [], 0
        name = compiled(_names()).search(line)
        while name is not None:
            found = _value_of(line, name)
            following = name.start() + 1  # a name can begin inside another: `secret_key`, `auth_token`
            if found is not None and found["hide"] != SECRET:
                pieces += [line[done : found.start("hide")], SECRET]
                done = following = found.end("hide")
                tally["secret"] += 1
            name = compiled(_names()).search(line, following)
        return "".join([*pieces, line[done:]])


def _value_of(line: str, name: re.Match[str]) -> re.Match[str] | None:
    """What follows a name and is to be hidden, if anything does."""
    before = line[max(0, name.start() - _BEFORE) : name.start()]
    strong = name["strong"] is not None and not before.endswith("/")  # a file: `/etc/passwd`
    spares = _spares_strong if strong else _spares_weak
    if name[0].lower() == "pass" and (compiled(_OF_COMPILER).search(before) or line.startswith(" `", name.end())):
        return None  # `pass `extras` along`
    if before.endswith("%") or (name[0] == "pwd" and before.endswith(("`", "$("))):
        return None  # MLIR: `%token = gpu.alloc`; a shell: `-v $(pwd):/work`
    ways = [(pattern, spares) for pattern in (_STRONG_VALUES if strong else _WEAK_VALUES)]
    if compiled(_OPTION).search(before):
        ways += [(pattern, spares_after_option) for pattern in _OPTION_VALUES]
    elif compiled(_LINE_START).fullmatch(before):
        ways.append((_REST_OF_LINE, spares))
    for pattern, stays in ways:
        found = compiled(pattern).match(line, name.end())
        if found is not None and not stays(found["hide"]):
            return found
    return None


def other_named_secrets() -> Iterator[Rule]:
    """Rules for what commands take without a name or on the next line, and for secrets in the query of a URL alone."""
    yield from _commands()
    word = "(?:pass(?:word|wd|phrase)?|secret|token|api[ _-]?key)"
    names = (
        rf"^[ \t-]{{0,40}}[\"']?[\w.-]{{0,40}}{word}[\"']?[ \t]?[:=][ \t]{{0,4}}[|>]?-?",
        rf"--?[\w-]{{0,40}}{word}[ \t]+\\",
    )
    for name in names:
        below = rf"(?im){name}[ \t\r]{{0,20}}\n[ \t]{{1,40}}[\"']?(?P<hide>[^\s\"']{{4,300}})[\"']?[ \t\r]*$"
        yield _rule(below, spares_after_option, "pass", "secret", "token", "key")
    yield from _alone_on_the_next_line(word)
    fields = "|".join(load_table("redaction")["names"]["query"])
    yield Rule(
        kind="secret",
        pattern=rf"(?i)(?:[?&;#]|%3F|%26|\\u0026)(?:amp;)?(?:{fields})(?:=|%3D)(?P<hide>[^\s&;\"'<>#]{{1,4000}})",
        placeholder=SECRET,
        hints=("?", "&", "#", "%3f", "%26"),
        spares=_is_no_query,
    )


def _alone_on_the_next_line(word: str) -> Iterator[Rule]:
    """A value that is no prose, alone on the line below its name; a longer one where words stand before the name."""
    after = r"[\"']?(?: is)?[ \t]?[:=][ \t]{0,20}(?:(?:\r?\n|(?:\\r)?\\n)[ \t]{0,40}){1,2}[\"'`]?"
    no_word = r"(?-i:(?=\S{0,80}\d)(?=\S{0,80}[A-Za-z])|(?=\S{0,40}[a-z][A-Z]\S{0,40}[a-z]))"
    for words, least in (("", 8), (r"(?:[A-Za-z']{1,20} ){1,6}", 16)):
        value = rf"(?P<hide>{no_word}[^\s\"'`\\(){{}}\[\]]{{{least},300}})[\"'`]?(?=[ \t\r]*$|\\[rn])"
        yield _rule(
            rf"(?im)(?:^|(?<=\\n))[ \t-]{{0,40}}{words}[\"']?[\w.-]{{0,40}}{word}{after}{value}",
            _spares_weak,
            *("pass", "secret", "token", "key"),
        )


def is_secret_name(name: str) -> bool:
    """True if an environment variable, option or setting of this name holds a secret (`HF_TOKEN`, `--api-key`)."""
    return _match_name(name) is not None


def is_secret(name: str, value: str) -> bool:
    """True if the value under a name gives access: not where it is a number, a word such as `none`, or a place."""
    found = _match_name(name)
    if found is None or not value.strip():
        return False
    return not (_spares_strong if found["strong"] else _spares_weak)(value.strip())


@functools.lru_cache(maxsize=1024)
def _match_name(name: str) -> re.Match[str] | None:
    lowered = name.lower().removesuffix("path")
    if not any(hint in lowered for hint in _NAME_HINTS):
        return None  # to compile the pattern takes longer than all else that a short report needs
    if compiled(_LOCATION).search(name) or name in {"PWD", "OLDPWD"}:
        return None
    return compiled(rf"(?:{_names()}){_NAME_END}\Z").search(name)


def _rule(pattern: str, spares: Callable[[str], bool], *hints: str) -> Rule:
    return Rule(
        kind="secret",
        pattern=pattern,
        placeholder=SECRET,
        hints=hints,
        spares=lambda match: spares(match["hide"]),
    )


def _is_no_query(match: re.Match[str]) -> bool:
    """A flag, a page number or a code of envdoctor's own; a place where no query of a URL has begun."""
    value = match["hide"]
    own = re.fullmatch(r"([A-Z]{3})\d{3}", value)
    if (own and own[1] in FAMILIES) or re.fullmatch(r"\d{1,3}", value) or compiled(_PLACEHOLDER).fullmatch(value):
        return True
    return compiled(_NO_QUERY).search(text_before(match)) is not None


def _is_told_of(match: re.Match[str]) -> bool:
    """A port, and what follows an option that a sentence is about: `-P is`, `-P <password>`."""
    value = match["hide"]
    apart = match.string[: match.start("hide")].endswith(" ")
    return value.isdecimal() or (apart and compiled(_AFTER_OPTION).fullmatch(value) is not None)


def _spares_strong(value: str) -> bool:
    """Placeholders, and words of prose; a phrase with one of them is a sentence."""
    words = value.split(" ")
    return compiled(_PLACEHOLDER).fullmatch(value) is not None or any(
        compiled(_PROSE).fullmatch(word) for word in words
    )


def _spares_weak(value: str) -> bool:
    return (
        _spares_strong(value)
        or compiled(_COUNT).fullmatch(value) is not None
        or compiled(_PATH).fullmatch(value) is not None
        or compiled(_CODE).fullmatch(value) is not None
    )


def spares_after_option(value: str) -> bool:
    """Whether a value stays though it is given for a secret: placeholders, prose, paths."""
    return _spares_strong(value) or compiled(_PATH).fullmatch(value) is not None


@functools.cache
def _names() -> str:
    """The names of secrets, as a pattern; group `strong` for those of passwords.

    `PWD` that holds a path is the shell's working folder.
    """
    names = load_table("redaction")["names"]
    folder = r"""(?!=["']?(?:[/~]|[A-Za-z]:[\\/]))"""
    begin = r"(?:(?<![A-Za-z])|(?<=-D))"
    short = rf"(?:{begin}(?i:pwd|psk)|(?<=[a-z0-9])Pwd|(?i:(?<=db)|(?<=my)|(?<=sql))(?i:pwd)){folder}"
    strong = rf"(?i:{_spaced(names['strong'])})|{short}"
    humps = "|".join(word.title().replace(" ", "") for word in names["keys"])
    owners = rf"(?:{begin}(?i:{_spaced(names['keys'])})|(?<=[a-z0-9])(?:{humps})|(?i:api))"
    keys = rf"{owners}[ _.-]?(?i:key)(?:[ _.-]?(?i:id))?"
    ordinary = "".join(f"(?<!{word}token)(?<!{word}[ _.-]token)" for word in names["ordinary_tokens"])
    alone = "|".join(names["alone"])
    humps_alone = "|".join(word.title() for word in names["alone"])
    weak = (
        rf"{keys}|(?i:{_spaced(names['weak'])})|(?i:token{ordinary})"
        rf"|{begin}(?i:{alone})|(?<=[a-z0-9])(?:{humps_alone})"
    )
    return rf"(?P<strong>{strong})|{weak}"


def _spaced(words: Sequence[str]) -> str:
    """An alternative of words, with a space, `_`, `-`, `.` or nothing for each space."""
    return "|".join(word.replace(" ", "[ _.-]?") for word in words)


def _commands() -> Iterator[Rule]:
    """What well-known commands take without a name: `curl -u a:b`, `docker login -p x`, `mysql -px`."""
    value = r"(?P<quote>[\"']?)(?P<hide>[^\s\"']{1,300})"
    pair = (
        r"(?:(?<![\w-])(?:-u|-U|--(?:proxy-)?user|--(?:src-|dest-)?creds)|\bhttps?\s[^\n|]{0,100}?(?:-a|--auth))"
        r"(?:[\"']?\s?,\s?)?[ =]?\s{0,4}[\"']?"
        rf"[^\s:\"'/=,%)-][^\s:\"'/=,%]{{0,100}}[:%]{value}"
    )
    yield Rule(
        kind="secret",
        pattern=pair,
        placeholder=SECRET,
        hints=("-u", "--proxy-u", "-a", "--auth", "creds"),
        spares=_is_a_group,
    )
    for row in load_table("redaction")["commands"]["ways"]:
        flag = rf"(?<![\w-])(?:{row['programs']})\b[^\n|;]{{0,200}}?[\s\"'](?:{row['options']}){_THEN}(?!-){value}"
        hints = row["options"].lower().split("|")
        yield Rule(kind="secret", pattern=flag, placeholder=SECRET, hints=tuple(hints), spares=_is_told_of)
    bare = (
        r"(?<![\w-])(?:wandb|huggingface-cli|hf|kaggle|auth|cargo|vault|hub)\s+login\s+(?:--?[\w-]+\s+){0,4}"
        r"(?:<<<\s*)?[\"']?(?P<hide>(?![\w-]+(?:\.[\w-]+)+(?:\s|\Z))(?=[^\s\d]{0,60}\d)[^\s\"'=/-][^\s\"'/]{9,200}|[A-Za-z0-9_-]{20,200})"
    )
    yield _rule(bare, _spares_strong, "login")
    account = r"(?:chpasswd[^\n\w]{1,10}|echo\s+[\"']?)(?:[\w.-]{1,40}):(?P<hide>[^\s\"']{1,300})"
    account += r"(?=[\"']?(?:\s*\|\s*(?:sudo\s+)?chpasswd|\s*$))"
    yield _rule(rf"(?m){account}", _spares_strong, "chpasswd")
    given = r"(?<![\w-])-(?:passin|passout|pass|storepass|keypass)\s{1,4}(?:pass:)?(?P<hide>[^\s:\"']{1,300})"
    yield _rule(given, spares_after_option, "-pass", "-storepass", "-keypass")


def _is_a_group(match: re.Match[str]) -> bool:
    """`-u 1000:1000`, `-u user:group` of what runs or owns something, and `-u` where it is another option."""
    before = text_before(match)
    return match["hide"].isdecimal() or any(compiled(pattern).search(before) for pattern in (_OWNERS, _UNBUFFERED))
