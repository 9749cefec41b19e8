"""Run where h5py is: `python make_h5_files.py FOLDER`. Files that keep `model_config` in the ways that HDF5 has."""

import json
import random
import sys
from pathlib import Path

import h5py
import numpy as np

FOLDER = Path(sys.argv[1])
HARMLESS = json.dumps({"class_name": "Sequential", "config": {"name": "harmless", "layers": []}})
LIVE = json.dumps(
    {"class_name": "Sequential", "config": {"name": "live", "layers": [{"class_name": "Lambda", "config": {}}]}}
)


def write(name, value, *, libver="earliest", others=0, early=True):
    with h5py.File(FOLDER / f"{name}.h5", "w", libver=libver) as file:
        if early:
            file.attrs["model_config"] = HARMLESS.encode()
        for number in range(others):
            file.attrs[f"other_{number}"] = "x" * number
        file.attrs["model_config"] = value
        file.create_group("model_weights")


write("rewritten", LIVE.encode())
write("rewritten_latest", LIVE.encode(), libver="latest")
write("text", LIVE)
write("fixed", np.bytes_(LIVE))
write("continued", LIVE.encode(), others=7)
write("continued_latest", LIVE.encode(), libver="latest", others=6)
write("dense", LIVE.encode(), libver="latest", others=20)
write("array", np.array([LIVE.encode()]))
write("number", 3)
if len(sys.argv) > 2:  # files of a seed, to hold the reader against
    chance = random.Random(int(sys.argv[2]))
    for number in range(100):
        live = json.dumps({"class_name": "Sequential", "config": {"name": "n" * chance.randrange(5000)}})
        value = chance.choice([live, live.encode(), np.bytes_(live)])
        libver = chance.choice(["earliest", "latest", ("v108", "v110")])
        write(f"random_{number}", value, libver=libver, others=chance.randrange(12), early=chance.random() < 0.7)
        (FOLDER / f"random_{number}.json").write_text(live)
