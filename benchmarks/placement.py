"""How often the Edge TPU prediction is right, on models whose compilation by the real compiler is on record.

    python benchmarks/placement.py [--shared DIR] [--write docs/edgetpu-accuracy.md]

Scores each distinct graph once: exact means that every operator was placed and none wrongly. "Left out" predicts each
repository with the rules that remain when its own models and logs don't count.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.compilers.edgetpu.prediction import Settings, predict
from envdoctor.compilers.edgetpu.rulebook import find_compiler, rulebook
from envdoctor.core.prediction import Placement, Prediction
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from envdoctor.tflite.model import Model

ROOT = Path(__file__).resolve().parent.parent
#: Where a log does not name the compiler: by the runtime version in the file it wrote.
COMPILER_OF_RUNTIME = {10: "1.0", 12: "2.1", 13: "16.0", 14: "16.0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One graph: what was predicted against what is on record."""

    pair: dict[str, Any]
    prediction: Prediction
    wrong: tuple[int, ...]
    unknown: tuple[int, ...]
    statuses: int
    statuses_wrong: int

    @property
    def exact(self) -> bool:
        return not self.wrong and not self.unknown


def score(pair: dict[str, Any], model: Model, without: str | None) -> Score:
    compiler = find_compiler(pair["compiler_version"] or COMPILER_OF_RUNTIME[pair["min_runtime_version"][0]])
    settings = Settings(compiler=compiler, all_subgraphs=pair["edgetpu_custom_ops"] > 1, rules=rulebook(without))
    prediction, mapped = predict(model, settings), set(pair["mapped"])
    logged = Counter({(op, status): 0 for op, _, status in pair["log_rows"] or ()})
    for op, count, status in pair["log_rows"] or ():
        logged[op, status] += count
    predicted = Counter((op.op.split()[0], op.status) for op in prediction.ops)
    return Score(
        pair=pair,
        prediction=prediction,
        wrong=tuple(
            op.index
            for op in prediction.ops
            if op.placement is not Placement.UNKNOWN and (op.placement is Placement.MAPPED) != (op.index in mapped)
        ),
        unknown=tuple(op.index for op in prediction.ops if op.placement is Placement.UNKNOWN),
        statuses=sum(logged.values()),
        statuses_wrong=sum((logged - predicted).values()),
    )


def scores(shared: Path, without: Callable[[str], str | None]) -> list[Score]:
    folder = shared / "data" / "edgetpu"
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    kept = sorted((pair for pair in pairs if pair["file"]), key=lambda pair: pair["graph"])
    return [score(pair, read_model(folder / pair["file"]), without(pair["repo"])) for pair in kept]


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none"


def summary(title: str, results: list[Score]) -> str:
    exact, operators = sum(one.exact for one in results), sum(len(one.prediction.ops) for one in results)
    placed_wrong, unknown = sum(len(one.wrong) for one in results), sum(len(one.unknown) for one in results)
    logged, wrong = sum(one.statuses for one in results), sum(one.statuses_wrong for one in results)
    return (
        f"| {title} | {share(exact, len(results))} | {share(operators - placed_wrong - unknown, operators)} "
        f"| {unknown} | {share(logged - wrong, logged)} |"
    )


def per_repository(results: list[Score], left_out: list[Score]) -> Iterator[str]:
    groups: dict[str, list[tuple[Score, Score]]] = defaultdict(list)
    for one, other in zip(results, left_out, strict=True):
        groups[one.pair["repo"]].append((one, other))
    for repository in sorted(groups, key=str.lower):
        both = groups[repository]
        exact, alone = sum(one.exact for one, _ in both), sum(other.exact for _, other in both)
        unsure = sum(bool(other.unknown) for _, other in both)
        yield f"| {repository} | {len(both)} | {exact} | {alone} | {unsure} |"


def misses(results: Iterable[Score]) -> Iterator[str]:
    for one in results:
        if one.exact:
            continue
        ops = one.prediction.ops
        what = [f"operator {i}, {ops[i].op}: predicted {ops[i].placement.value}" for i in one.wrong[:4]]
        what += [f"operator {i}, {ops[i].op}: unknown, {ops[i].reason}" for i in one.unknown[:2]]
        more = len(one.wrong) + len(one.unknown) - len(what)
        tail = f"; and {more} more" if more > 0 else ""
        yield f"- {one.pair['repo']}, `{Path(one.pair['path']).name}`, {len(ops)} operators. {'; '.join(what)}{tail}."


def report(results: list[Score], left_out: list[Score]) -> str:
    lines = [
        "# How often the Edge TPU prediction is right",
        "",
        "Written by `python benchmarks/placement.py --write docs/edgetpu-accuracy.md`; don't edit. Each distinct graph",
        "counts once. Exact: every operator is placed, and as the real compiler placed it; an operator of which the",
        "rules say nothing makes a graph inexact. Statuses are the compiler's words, where a log is there. A pair does",
        "not tell whether -i or -d was used; what was compiled with them can't be placed exactly.",
        "",
        "| | graphs exact | operators right | unknown | statuses right |",
        "|---|---|---|---|---|",
        summary("all rules", results),
        summary("leaving out the repository itself", left_out),
        "",
        "## By repository",
        "",
        '"Left out": predicted with what is known without that repository\'s own models and logs.',
        "",
        "| repository | graphs | exact | exact, left out | of those unsure |",
        "|---|---|---|---|---|",
        *per_repository(results, left_out),
        "",
        "## Misses with all rules",
        "",
        *(list(misses(results)) or ["None."]),
        "",
        "## Misses when the repository is left out",
        "",
        *(list(misses(left_out)) or ["None."]),
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("ENVDOCTOR_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--write", type=Path, help="write the tables there too")
    arguments = parser.parse_args()
    if not (arguments.shared / "data" / "edgetpu").is_dir():
        parser.error(f"no models under {arguments.shared}; name the folder with --shared or ENVDOCTOR_SHARED")
    text = report(scores(arguments.shared, lambda _: None), scores(arguments.shared, lambda repository: repository))
    print(text)
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
