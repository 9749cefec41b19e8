"""What tells who: e-mail addresses, home folders, names of users and hosts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.support.redaction_rules import EMAIL, HOST, LONG, USER, Rule, text_after, text_before

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = "~"
_SHORT_NAME = 3

#: A path begins here: at a boundary, behind `://`, or behind a compiler's option (`-I/home/...`).
_PATH_START = r"(?:(?<![\w.~/\\-])|(?<=://)|(?<=\s-[A-Za-z])|(?<=^-[A-Za-z]))"
_SEPARATOR = r"(?:[\\/]{1,4}|%2F|%5C)"
_COMPONENT_END = r"""(?=$|[\\/\s'"`:;,)\]}>&]|%2F|%5C)"""
_WORD_END = r"(?!\.?[\w-])"
_NAME = r"""(?P<hide>[^\\/\s'":;,<>()%&`$*{}?|\[\]][^\\/\s'":;,<>()%&`?|\[\]]{0,63})"""
_WINDOWS_NAME = rf"""(?P<hide>[\w.-]{{1,40}}(?: [\w.-]{{1,40}}){{1,3}}(?=[\\/])|{_NAME[len("(?P<hide>") :]}"""
_PATH_SO_FAR = re.compile(r"""[^\s'"`=,;()<>\[\]{}]*\Z""")
_PROGRAM_FILE = re.compile(
    r"""[^\s'"]*\.(?:py[cdio]?|so|pyx|h|hpp|cc?|cpp|proto|js|ts|dll|dylib)(?:[\s:'",)\].;]|\Z)"""
)
_URL_START = re.compile(
    r"(?i)\b(?!(?:[a-z0-9]+\+)?(?:file|ssh|sftp|scp|rsync|nfs|smb|cifs|vscode-remote)\b)[a-z][a-z0-9+.-]+:\Z"
)

_FILE_SUFFIXES = (
    r"(?:so|py[cdi]?|dll|dylib|whl|gz|zip|tgz|json|toml|txt|md|cfg|ini|tflite|keras|onnx|h5|js|ts|c|h|cc|cpp|o|ya?ml"
    r"|png|jpe?g|gif|svg|webp)"
)
_EMAIL_RULES = tuple(
    Rule(
        kind="e-mail address",
        pattern=(
            rf"(?i)(?<![\w.+%-])(?P<hide>(?!git@)[\w.+%-]{{1,64}}{at}(?!v?\d+(?:\.\d+)+)"
            rf"(?:[\w-]{{1,63}}\.){{1,8}}(?!{_FILE_SUFFIXES}(?![\w-]))[^\W\d_]{{2,24}})(?![\w-])"
        ),
        placeholder=EMAIL,
        hints=(at,),
    )
    for at in ("@", "%40")
)

_PROMPT, _PROMPT_END = r"(?m)^(?:\([\w.-]{1,40}\) )?\[?", r"[: ][~/][^\n]{0,100}?[$#%](?:\s|$)"
_MODE = r"(?m)^[a-z-](?:[r-][w-][xsStT-]){3}[.+@]? {1,8}\d{1,8} {1,8}"
_LOGIN = r"(?P<hide>[A-Za-z_][\w.-]{0,31})"
#: Where programs tell who somebody is, and the words that they tell it by.
_PLACES_OF_USERS = (
    (rf"{_PATH_START}/run/media/{_NAME}", "/run/media/"),
    (rf"{_PATH_START}/home/local/[\w.-]{{1,40}}/{_NAME}", "/home/local/"),
    (rf"{_PATH_START}/afs/[\w.-]{{1,60}}/(?:user|usr|u|home)/(?:\w/){{0,2}}{_NAME}", "/afs/"),
    (rf"{_PATH_START}/var/(?:spool/)?(?:mail|cron|cron/crontabs)/{_LOGIN}{_COMPONENT_END}", "/var/"),
    (rf"(?<![A-Za-z_])(?:USER|LOGNAME|USERNAME|SUDO_USER)=[\"']?{_LOGIN}(?![\w(/:.-])", "="),
    (rf"(?<![A-Za-z])[eg]?[ug]id=\d{{1,10}}\({_LOGIN}\)", "id="),
    (rf"\bsudo: {{1,8}}{_LOGIN} : ", "sudo:"),
    (rf"{_MODE}{_LOGIN} {{1,20}}\S{{1,32}} {{1,20}}\d", "-"),
    (rf"{_MODE}\S{{1,32}} {{1,20}}{_LOGIN} {{1,20}}\d", "-"),
    (rf"{_PROMPT}{_LOGIN}(?=@[\w.-]{{1,63}}{_PROMPT_END})", "@"),
)
#: A prompt's host, behind its user.
_PROMPT_HOST = rf"{_PROMPT}[\w.<>-]{{1,32}}@(?P<hide>[\w.-]{{1,63}})(?={_PROMPT_END})"


def people_rules(homes: tuple[str, ...], users: tuple[str, ...], hosts: tuple[str, ...]) -> tuple[Rule, ...]:
    """Rules for what tells who: e-mail addresses, home folders, user and host names."""
    table = load_table("redaction")
    named_users = [user for user in users if user]
    named_hosts = [host for host in hosts if host and host.lower() not in table["ordinary_hosts"]]
    return (
        *_EMAIL_RULES,
        *(_home_rule(home) for home in sorted(homes, key=len, reverse=True) if _depth(home)),
        *(rule for user in named_users for rule in _user_rules(user, ordinary=_is_ordinary(user))),
        *_others_rules(table["shared_homes"]),
        Rule(
            kind="host name",
            pattern=_PROMPT_HOST,
            placeholder=HOST,
            hints=("@",),
            spares=lambda match: match["hide"].lower() in table["ordinary_hosts"],
        ),
        *(rule for host in sorted(named_hosts, key=len, reverse=True) for rule in _host_rules(host)),
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
    patterns = (
        [mounted]
        if ordinary
        else [
            rf"""(?<![a-z])(?:user(?:_?name)?|logname|login|owner|account)["']?\s?[=:]\s?["']?{name}{_WORD_END}""",
            rf"[ug]id=\d+\({name}\)",
            anywhere,
            rf"(?<![\w.@-]){name}(?=@[a-z<])",
            rf"(?<=-of-){name}{_COMPONENT_END}",
        ]
    )
    for pattern in patterns:
        spares = _is_in_a_program if pattern == anywhere else None
        yield Rule(kind="user name", pattern=f"(?i){pattern}", placeholder=USER, hints=(user.lower(),), spares=spares)


def _is_in_a_program(match: re.Match[str]) -> bool:
    """True for a folder of that name below `site-packages`, `lib` and the like, and for a package's own source file."""
    found = _PATH_SO_FAR.search(text_before(match))
    path = found[0] if found else ""
    programs = load_table("redaction")["program_folders"]
    for part in _components(path):
        if part.lower() in programs or re.match(r"python\d|.*\.(?:whl|dist-info|egg|data)$", part):
            return True
    relative = re.match(r"[\\/~]|[A-Za-z]:|\.{1,2}[\\/]", path) is None
    return relative and _PROGRAM_FILE.match(text_after(match)) is not None


def _others_rules(shared: list[str]) -> Iterator[Rule]:
    """The homes of other people, by where homes are: at the root, on another disk, mounted, above a relative path."""
    spared = rf"(?!(?:{'|'.join(re.escape(name) for name in shared)}){_COMPONENT_END})"
    folders = r"(?:[a-z]{0,4}home\d?|homes|home\$|Users)"
    between = rf"(?:{_SEPARATOR}(?:[\w.$+-]{{1,40}}|Macintosh HD)){{0,6}}"
    starts = (
        rf"{_PATH_START}{between}{_SEPARATOR}{folders}",
        rf"(?<![\w/\\.])(?:\.{{1,2}}[\\/]{{1,4}}){{1,20}}(?:[\w.-]{{1,40}}[\\/]{{1,4}}){{0,3}}{folders}",
    )
    for pattern, hint in _PLACES_OF_USERS:
        yield Rule(
            kind="user name",
            pattern=pattern,
            placeholder=USER,
            hints=(hint,),
            spares=lambda match: _is_ordinary(match["hide"]),
        )
    for start in starts:
        yield Rule(
            kind="user name",
            pattern=f"(?i)(?P<path>{start}{_SEPARATOR}){spared}{_NAME}",
            placeholder=USER,
            hints=("home", "users"),
            spares=_is_no_home,
        )
    drive = rf"(?i)(?<![A-Za-z0-9])[a-z](?::|%3A|\$){_SEPARATOR}(?:Users|home|Documents and Settings){_SEPARATOR}"
    yield Rule(
        kind="user name",
        pattern=f"{drive}{spared}{_WINDOWS_NAME}",
        placeholder=USER,
        hints=("home", "users", "documents and settings"),
    )
    yield Rule(
        kind="user name",
        pattern=rf"{_PATH_START}/media/{_NAME}(?=/)",
        placeholder=USER,
        hints=("/media/",),
        spares=_is_no_users_medium,
    )
    yield Rule(
        kind="user name",
        pattern=r"(?:(?<=[\s'\"=:(])|^)~(?P<hide>[a-z_][\w.-]{0,31})(?=/)",
        placeholder=USER,
        hints=("~",),
    )


def _is_no_users_medium(match: re.Match[str]) -> bool:
    """True for a disk that is mounted for everybody: `/media/cdrom`, `/media/usb0`, `/media/data`."""
    name = match["hide"].lower()
    media = load_table("redaction")["shared_media"]
    return _is_ordinary(name) or name.rstrip("0123456789-_") in media


def _is_no_home(match: re.Match[str]) -> bool:
    """True for a path of a web page, and for a folder called `home` inside a program."""
    if match["path"].startswith("//") and _URL_START.search(match.string[max(0, match.start() - 40) : match.start()]):
        return True
    programs = load_table("redaction")["program_folders"]
    parts = _components(match["path"].removeprefix("/var/lib/"))
    return any(part.lower() in {*programs, "api"} or part.startswith("python") for part in parts)


def _host_rules(host: str) -> Iterator[Rule]:
    """A host name is hidden where it can only be one; everywhere if it looks like nothing else."""
    name = rf"(?P<hide>{re.escape(host)}(?:\.(?:local|lan|home|internal|localdomain))?)"
    patterns = [
        rf"(?<=@){name}{_WORD_END}",
        rf"(?<=//){name}(?=$|[\s/:\"'])",
        rf"(?<![a-z])(?:host(?:_?name)?|node(?:_?name)?)[\"']?\s?[=:]\s?[\"']?{name}{_WORD_END}",
        rf"(?<![a-z])(?:linux|darwin) {name}(?= \d)",
    ]
    if re.search(r"[A-Za-z]", host) and re.search(r"[\d-]", host) and len(host) > LONG:
        patterns.append(rf"(?<![\w.-]){name}{_WORD_END}")
    for pattern in patterns:
        yield Rule(kind="host name", pattern=f"(?i){pattern}", placeholder=HOST, hints=(host.lower(),))
