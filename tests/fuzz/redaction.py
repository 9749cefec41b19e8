"""Plants secrets by the hundred thousand and tells what came through: `python tests/fuzz/redaction.py [ROUNDS [SEED]]`.

A round is about 1,450 secrets and takes under half a second; a seed gives the same ones every time.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from envdoctor.support.redaction import Redactor
from planted import is_gone, planted


def main() -> int:
    """Run it; the exit code is 1 if anything came through."""
    rounds, seed = (
        (int(word) for word in (*sys.argv[1:], "20", "1")[:2]) if len(sys.argv) != 2 else (int(sys.argv[1]), 1)
    )
    redactor, count, left = Redactor(), 0, Counter()
    for one in planted(seed, rounds):
        count += 1
        found = redactor.text(one.text)
        if not is_gone(one.secret, found):
            left[one.kind, one.context] += 1
            sys.stdout.write(f"{one.kind}: {one.text!r} -> {found!r}\n")
    sys.stdout.write(f"{count} secrets planted, {left.total()} left, of {len(left)} kinds and contexts\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
