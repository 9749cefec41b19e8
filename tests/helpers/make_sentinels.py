"""Run inside a stage's environment: `python make_sentinels.py FOLDER`. Keras files whose code would write its ran."""

import json
import sys
import zipfile
from pathlib import Path

import h5py
import tensorflow as tf

FOLDER = Path(sys.argv[1])
MARK = FOLDER / "ran"
layers = tf.keras.layers


def mark():
    """A Lambda layer that leaves the mark; its code refers to nothing outside of it."""
    return layers.Lambda(eval(f"lambda x: (open({str(MARK)!r}, 'w').close(), x)[1]"), output_shape=(4,), name="l")


def net(layer):
    return tf.keras.Sequential([layers.Input((4,)), layer, layers.Dense(2, name="d")])


def nested():
    inputs = layers.Input((4,))
    return tf.keras.Model(inputs, layers.Dense(2)(net(mark())(inputs)))


def wrapped():
    steps = [layers.Input((3, 4)), layers.TimeDistributed(mark()), layers.LSTM(2), layers.Dense(2)]
    return tf.keras.Sequential(steps)


def save(name, model):
    for suffix in ("keras", "h5"):
        model.save(str(FOLDER / f"{name}.{suffix}"))


def rewrite(name, live):
    """An .h5 file that held a harmless configuration before, and in its stead one that is live."""
    path = FOLDER / f"{name}.h5"
    net(layers.Activation("linear", name="l")).save(str(path))
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = live
    return path


def dense(name, source):
    """The same .h5 file with its attributes where only the library of HDF5 finds them."""
    with h5py.File(FOLDER / source, "r") as old, h5py.File(FOLDER / f"{name}.h5", "w", libver="latest") as new:
        for number in range(20):
            new.attrs[f"other_{number}"] = "x"
        for key, value in old.attrs.items():
            new.attrs[key] = value
        for group in old:
            old.copy(group, new)


def twice(name):
    """A .keras file with two configurations, the harmless one first."""
    net(layers.Activation("linear", name="l")).save(str(FOLDER / f"{name}.keras"))
    with zipfile.ZipFile(FOLDER / "lambda.keras") as source, zipfile.ZipFile(FOLDER / f"{name}.keras", "a") as target:
        target.writestr("config.json", source.read("config.json"))


def point_outside():
    """Files of weights that HDF5 fetches from elsewhere: by a link, as raw bytes, as a view of another file."""
    elsewhere = FOLDER / "elsewhere.bin"
    elsewhere.write_bytes(bytes(1 << 16))
    with h5py.File(FOLDER / "elsewhere.h5", "w") as file:
        file["values"] = [0.0] * 4
    net(layers.Dense(4, name="l")).save(str(FOLDER / "outside.keras"))
    for name in ("link", "data", "view"):
        path = FOLDER / f"outside_{name}.h5"
        net(layers.Dense(4, name="l")).save(str(path))
        with h5py.File(path, "r+") as file:
            place = file.visititems(lambda place, item: place if getattr(item, "shape", 0) == (4,) else None)
            del file[place]
            if name == "link":
                file[place] = h5py.ExternalLink(str(FOLDER / "elsewhere.h5"), "/values")
            elif name == "data":
                file.create_dataset(place, (4,), "float32", external=[(str(elsewhere), 0, 16)])
            else:
                layout = h5py.VirtualLayout((4,), "float32")
                layout[:] = h5py.VirtualSource(str(FOLDER / "elsewhere.h5"), "values", shape=(4,))
                file.create_virtual_dataset(place, layout)
    with zipfile.ZipFile(FOLDER / "outside.keras") as source, zipfile.ZipFile(FOLDER / "outside_zip.keras", "w") as new:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith(".h5"):
                content = (FOLDER / "outside_link.h5").read_bytes()
            new.writestr(name, content)


save("lambda", net(mark()))
save("nested", nested())
save("wrapped", wrapped())
with h5py.File(FOLDER / "lambda.h5") as file:
    code = file.attrs["model_config"]
json.loads(code)
rewrite("stale", code)
dense("dense", "stale.h5")
net(layers.Activation("linear", name="l")).save(str(FOLDER / "harmless.h5"))
dense("dense_harmless", "harmless.h5")
twice("twice")
point_outside()
MARK.unlink(missing_ok=True)
