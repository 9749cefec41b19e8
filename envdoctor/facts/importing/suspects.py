"""Modules that ask others for what these seem not to have: found by their lines alone, to be followed before others.

Nothing is proven here. A line that begins with `from` or `import` belongs to no function and to no `try`; what it asks
for is looked for as a word in the text of the module that is to have it. So is NAME of `module.NAME`, if that stands
outside of functions.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.core.errors import Unreadable
from envdoctor.facts.importing.unit import read_module
from envdoctor.imports.removed_names import removed_since
from envdoctor.imports.scopes import FUNCTIONS
from envdoctor.imports.site import Presence
from envdoctor.imports.standard_library import is_of_another_python, standard_found, was_removed
from envdoctor.imports.standard_names import standard_lacks, standard_lost
from envdoctor.imports.surface import is_stray
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envdoctor.facts.importing.surroundings import Surroundings
    from envdoctor.facts.packages import Distribution

#: Characters of texts that are looked at; small distributions come first.
_MOST_CHARACTERS = 24 << 20
_MOST_STARRED = 24
#: Characters of what the uses of packages come to by their lines, beyond those, and of one of them.
_MOST_ALONG, _MOST_ALONG_ONE = 32 << 20, 1 << 19
_LINE = re.compile(
    r"^(?P<indent>[ \t]*)(?:from[ \t]+(?P<base>[.\w]+)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n#;]*)"
    r"|import[ \t]+(?P<modules>\w[^\n#;]*))",
    re.MULTILINE,
)
_STAR = re.compile(r"^from[ \t]+([.\w]+)[ \t]+import[ \t]*\*", re.MULTILINE)
_COMMENT = re.compile(r"#[^\n]*")
_NATIVE_ENDINGS = frozenset({Presence.NATIVE, Presence.UNKNOWN, Presence.NAMESPACE})


class Suspects:
    """What of an environment's modules asks in vain, as far as lines tell.

    Attributes:
        asking: by its distribution's metadata the modules that ask others for what these seem to lack.
        importers: of each module of a distribution those of the same package with a line that imports it.
        absent: by metadata the names at the top that nothing brings, each with the modules that ask for it.
    """

    def __init__(self, around: Surroundings, distributions: Sequence[Distribution]) -> None:
        """Looks at the texts."""
        self.asking: dict[str, list[str]] = {}
        self.importers: dict[str, set[str]] = defaultdict(set)
        self.absent: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._around = around
        self._seems: dict[tuple[str, str], bool] = {}
        self._words: dict[str, frozenset[str] | None] = {}
        self._absent: dict[str, bool] = {}
        self._lines: dict[tuple[str, str], _Lines] = {}
        self._paths: dict[str, dict[str, str]] = {}
        self._left, self._left_along = _MOST_CHARACTERS, _MOST_ALONG
        for one in sorted(distributions, key=lambda each: len(around.paths.get(each.metadata, ()))):
            every = [(module, f"{one.root}/{path}") for module, path in modules_of(around.paths.get(one.metadata, ()))]
            self._paths[one.metadata] = dict(every)
            for module, path in sorted(every, key=lambda each: (each[0].count("."), each[0])):
                if self._left > 0 and self._asks_in_vain(module, path, self.absent[one.metadata]):
                    self.asking.setdefault(one.metadata, []).append(module)

    def meets_absent(self, entered: str, distribution: Distribution) -> bool:
        """Whether importing a module comes, by lines of its package alone, to one that asks for what nothing brings."""
        waiting, paths = [entered], self._paths[distribution.metadata]
        seen, end = set(waiting), max(0, self._left_along - _MOST_ALONG_ONE)
        for module in waiting:  # which grows meanwhile
            path = paths.get(module)
            lines = self._look(module, path) if path and self._left_along > end else None
            if lines is None:
                continue
            if lines.absent:
                return True
            self._left_along -= len(lines.text)
            lines.text = ""
            waiting += [each for each in lines.own if each not in seen]
            seen.update(lines.own)
        return False

    def reaching(self, module: str) -> dict[str, tuple[str, ...]]:
        """The modules of a package that import one, by way of others too, itself among them: each with that way."""
        ways: dict[str, tuple[str, ...]] = {module: (module,)}
        for at in (waiting := [module]):  # which grows meanwhile
            for importer in sorted(self.importers.get(at, set()) - ways.keys()):
                ways[importer] = (importer, *ways[at])
                waiting.append(importer)
        return ways

    def _asks_in_vain(self, module: str, path: str, absent: dict[str, list[str]]) -> bool:
        lines = self._look(module, path)
        if lines is None:
            return False
        text, lines.text = lines.text, ""
        self._left -= lines.size
        for each in lines.own:
            self.importers[each].add(module)
        for top in lines.absent:
            absent[top].append(module)
        asked = any(self._seems_to_lack(base, name) for base, name in lines.others)
        return asked or self._uses_in_vain(text, lines.bound, self._around.modules.unit(module))

    def _look(self, module: str, path: str) -> _Lines | None:
        """What the lines of a text import; None where it can't be read."""
        known = self._lines.get((module, path))
        if known is not None:
            return known
        try:
            found = _Lines(text := read_module(path), len(text))
        except Unreadable:
            return None
        package = module if path.endswith("/__init__.py") else module.rpartition(".")[0]
        unit = self._around.modules.unit(module)
        for one in _imports(text, package):
            found.bound[one.bound] = one.whole
            if not one.is_outermost:
                continue
            if self._around.modules.unit(one.base) == unit:
                found.own |= {one.base: None, one.whole: None}
            elif self._is_absent(top := one.base.partition(".")[0]):
                found.absent.append(top)
            else:
                found.others.append((one.base, one.name))
        self._lines[module, path] = found
        return found

    def _uses_in_vain(self, text: str, bound: Mapping[str, str], unit: str) -> bool:
        """Whether a text uses a name of a module, outside of functions, that this seems not to have."""
        lacking = set[tuple[str, str]]()
        for name, of in bound.items():
            if name and f"{name}." in text and self._may_be_asked(of, unit):
                used = set(_attributes_of(name).findall(text))
                lacking |= {(name, attribute) for attribute in used if self._seems_to_have_lost(of, attribute)}
        try:
            return bool(lacking) and not lacking.isdisjoint(_used_outside_functions(parse_python(text)))
        except Unreadable:
            return False

    def _is_absent(self, top: str) -> bool:
        """Whether no distribution brings it, nor any Python ever did."""
        if top not in self._absent:
            is_there = self._around.modules.find(top).presence is not Presence.ABSENT
            is_python_s = is_of_another_python(top) or top in self._around.hidden
            self._absent[top] = self._around.is_left_out(top) or not (is_there or is_python_s)
        return self._absent[top]

    def _seems_to_have_lost(self, module: str, name: str) -> bool:
        """The same of what code asks for after a look at the version of Python, as it does for what is new there."""
        target = self._around.target
        is_standard = standard_found(module, target) is not None
        return standard_lost(module, name, target) if is_standard else self._seems_to_lack(module, name)

    def _may_be_asked(self, module: str, unit: str) -> bool:
        """Whether it is another's module of text, or one of Python's own."""
        modules = self._around.modules
        own = standard_found(module, self._around.target)
        if own is not None:
            return own.presence is Presence.ELSEWHERE
        return modules.find(module).presence is Presence.TEXT and modules.unit(module) != unit

    def _seems_to_lack(self, module: str, name: str) -> bool:
        """Whether a module of others may well be gone, or not have a name; "" for the module alone."""
        if (module, name) not in self._seems:
            self._seems[module, name] = self._looks_in_vain(module, name)
        return self._seems[module, name]

    def _looks_in_vain(self, module: str, name: str) -> bool:
        modules, target = self._around.modules, self._around.target
        top = module.partition(".")[0]
        if self._around.is_left_out(module):
            return True
        standard = standard_found(module, target) if top not in self._around.hidden else None
        if standard is not None:
            return standard.presence is Presence.ABSENT or bool(name and standard_lacks(module, name, target))
        presence = modules.find(module).presence
        if presence is Presence.ABSENT:
            return was_removed(top) or modules.find(top).presence is not Presence.ABSENT
        if not name or presence in _NATIVE_ENDINGS or modules.find(f"{module}.{name}").presence is not Presence.ABSENT:
            return False
        owner = self._around.owners.get(modules.unit(module))
        if owner is not None and removed_since(owner.key, owner.version, module, name):
            return True
        words = self._words_of(module)
        return words is not None and name not in words

    def _words_of(self, module: str) -> frozenset[str] | None:
        """The words in a module's text, and in those that it takes all names of; None where these are not known."""
        if module not in self._words:
            self._words[module] = self._find_words(module)
        return self._words[module]

    def _find_words(self, module: str) -> frozenset[str] | None:
        found: set[str] = set()
        seen, waiting = {module}, [module]
        while waiting:
            at = waiting.pop()
            place = self._around.modules.find(at)
            try:
                text = read_module(place.path) if place.presence is Presence.TEXT else None
            except Unreadable:
                text = None
            if text is None or len(seen) > _MOST_STARRED:
                return None
            self._left -= len(text)
            found.update(re.findall(r"\w+", text))
            package = at if place.folders else at.rpartition(".")[0]
            new = {_absolute(match[1], package) for match in _STAR.finditer(text)} - seen
            seen |= new
            waiting += new
        return frozenset(found)


def modules_of(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The modules of a distribution that somebody may import, and their paths; not what only tests do."""
    for path in paths:
        if path.endswith(".py"):
            parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
            if all(map(_is_meant, parts)):
                yield ".".join(parts), path


@functools.lru_cache(maxsize=1 << 14)
def _is_meant(part: str) -> bool:
    return part.isidentifier() and (part.startswith("_") or not is_stray(part))


@functools.lru_cache(maxsize=1 << 10)
def _attributes_of(name: str) -> re.Pattern[str]:
    """Finds what is asked of a name; the name first, as what is searched for: after a look behind each letter is."""
    word = re.escape(name)
    return re.compile(rf"{word}(?<![.\w]{word})\.([A-Za-z_]\w*)")


@dataclass(slots=True)
class _Lines:
    """What the lines of a text import.

    Attributes:
        text: until it was gone through.
        size: its characters.
        own: outermost, modules of the same package, or what may be.
        absent: outermost, names at the top that nothing brings.
        others: the other outermost ones, as modules and names.
        bound: all names, and what they are.
    """

    text: str
    size: int
    own: dict[str, None] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)


class _Import(NamedTuple):
    """What a line imports: a module, or a name of it."""

    base: str
    name: str
    bound: str
    is_outermost: bool

    @property
    def whole(self) -> str:
        """What it is that gets bound, if that is a module."""
        return f"{self.base}.{self.name}" if self.name else self.base


def _imports(text: str, package: str) -> Iterator[_Import]:
    """What the lines of a text import."""
    for match in _import_lines(text):
        base = _absolute(match["base"], package) if match["base"] else ""
        for each in _COMMENT.sub("", match["names"] or match["modules"]).strip("()\\ \t").split(","):
            first, *rest = each.split() or [""]
            bound = rest[-1] if rest else first
            if base:
                name = first if first.isidentifier() else ""
                yield _Import(base, name, bound if name else "", not match["indent"])
            elif first:
                yield _Import(first, "", bound if rest or "." not in first else "", not match["indent"])


def _import_lines(text: str) -> Iterator[re.Match[str]]:
    """What `_LINE` finds, which is tried in lines with the word alone."""
    at, end = text.find("import"), 0
    while at >= 0:
        start = text.rfind("\n", 0, at) + 1
        match = _LINE.match(text, start) if start >= end else None
        if match:
            yield match
        end = match.end() if match else text.find("\n", at)
        at = text.find("import", end) if end >= 0 else -1


def _used_outside_functions(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The (NAME, ATTRIBUTE) that importing a text may come to."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr
        below = ast.iter_child_nodes(node)
        if isinstance(node, FUNCTIONS):
            inside = node.body if isinstance(node.body, list) else [node.body]
            below = (each for each in below if each not in inside)
        waiting += below


def _absolute(base: str, package: str) -> str:
    relative = base.lstrip(".")
    dots = len(base) - len(relative)
    if not dots:
        return base
    parts = package.split(".")
    above = parts[: len(parts) - dots + 1]
    return ".".join([*above, relative] if relative else above)
