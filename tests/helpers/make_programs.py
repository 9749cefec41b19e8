"""Run inside a stage's environment: `python make_programs.py FOLDER`. SavedModels that only compute, and some that act.

Those that act would write the file FOLDER/ran, or read FOLDER/secret.
"""

import sys
from pathlib import Path

import tensorflow as tf

FOLDER = Path(sys.argv[1])
MARK, SECRET = str(FOLDER / "ran"), str(FOLDER / "secret")
(FOLDER / "secret").write_text("a\nb\n")


def net():
    return tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(2)])


def save(name, serve, **kept):
    module = tf.Module()
    for key, value in kept.items():
        setattr(module, key, value)
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, 4), tf.float32, name="x")])
    tf.saved_model.save(module, str(FOLDER / name), signatures={"serving_default": module.serve})


def export(name, model):
    if hasattr(model, "export"):
        model.export(str(FOLDER / name))


def plain():
    export("keras_export", net())
    compiled = net()
    compiled.compile("adam", "mse")
    compiled.fit(tf.zeros((4, 4)), tf.zeros((4, 2)), verbose=0)
    export("keras_trained", compiled)
    tf.saved_model.save(compiled, str(FOLDER / "saved_trained"))
    words = tf.keras.layers.StringLookup(vocabulary=["a", "b"])
    export("string_lookup", tf.keras.Sequential([tf.keras.layers.Input((1,), dtype="string"), words]))
    text = tf.keras.layers.TextVectorization(output_sequence_length=3, vocabulary=["a", "b"])
    export("text_vectorization", tf.keras.Sequential([tf.keras.layers.Input((1,), dtype="string"), text]))
    layers = [tf.keras.layers.Input((3, 4)), tf.keras.layers.LSTM(2), tf.keras.layers.Dropout(0.5)]
    export("lstm", tf.keras.Sequential(layers))
    table = tf.lookup.StaticHashTable(initializer_of(), -1)
    save("asset", lambda x: {"y": x + tf.cast(table.lookup(tf.constant("a")), tf.float32)}, table=table)
    mutable = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    mutable.insert(tf.constant(["a"]), tf.constant([1], tf.int64))
    save("mutable", lambda x: {"y": x + tf.cast(mutable.lookup(tf.constant("a")), tf.float32)}, table=mutable)
    save("printing", lambda x: (tf.print("to standard error"), {"y": x})[1])
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, (1, 4), name="x")
        first = tf.compat.v1.lookup.StaticHashTable(initializer_of(), -1)
        y = x + tf.compat.v1.get_variable("w", (4,)) + tf.cast(first.lookup(tf.constant("a")), tf.float32)
        session.run([tf.compat.v1.global_variables_initializer(), tf.compat.v1.tables_initializer()])
        builder = tf.compat.v1.saved_model.Builder(str(FOLDER / "tf1"))
        signature = tf.compat.v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        assets = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.ASSET_FILEPATHS)
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {"serving_default": signature},
            assets_collection=assets,
            main_op=tf.compat.v1.tables_initializer(),
        )
        builder.save()


def initializer_of():
    return tf.lookup.TextFileInitializer(
        SECRET, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
    )


def touch(x):
    Path(MARK).touch()
    return x


def writes(x):
    with tf.control_dependencies([tf.io.write_file(MARK, "ran")]):
        return {"y": tf.identity(x)}


def in_a_branch(x):
    return {"y": tf.cond(tf.reduce_sum(x) > 1e9, lambda: writes(x)["y"], lambda: x)}


def in_a_loop(x):
    return {"y": tf.while_loop(lambda i, _: i < 1, lambda i, y: (i + 1, writes(y)["y"]), (0, x))[1]}


def dataset(x):
    records = tf.data.TextLineDataset(SECRET).map(tf.strings.length)
    return {"y": x + tf.cast(records.reduce(0, lambda a, b: a + b), tf.float32)}


class Writes(tf.lookup.KeyValueTensorInitializer):
    """A table that writes a file when it is filled, which loading does."""

    def initialize(self, table):
        with tf.control_dependencies([tf.io.write_file(MARK, "ran")]):
            return super().initialize(table)


class Restores(tf.__internal__.tracking.Trackable if hasattr(tf, "__internal__") else object):
    """An object that writes a file when it is restored, which loading does."""

    def _serialize_to_tensors(self):
        return {"x": tf.constant(1.0)}

    def _restore_from_tensors(self, restored):
        return tf.io.write_file(MARK, tf.strings.as_string(restored["x"]))


def acting():
    save("write", writes)
    save("branch", in_a_branch)
    save("loop", in_a_loop)
    save("read", lambda x: {"y": x + tf.cast(tf.strings.length(tf.io.read_file(SECRET)), tf.float32)})
    save("python", lambda x: {"y": tf.ensure_shape(tf.py_function(touch, [x], tf.float32), (1, 4))})
    save("numpy", lambda x: {"y": tf.ensure_shape(tf.numpy_function(touch, [x], tf.float32), (1, 4))})
    save("print", lambda x: (tf.print(x, output_stream=f"file://{MARK}"), {"y": x})[1])
    save("matching", lambda x: {"y": x + tf.cast(tf.size(tf.io.matching_files("/*")), tf.float32)})
    save("dataset", dataset)
    table = tf.lookup.StaticHashTable(Writes(tf.constant(["a"]), tf.constant([1], tf.int64)), -1)
    save("filled", lambda x: {"y": x + tf.cast(table.lookup(tf.constant("a")), tf.float32)}, table=table)
    save("restored", lambda x: {"y": x * 2}, extra=Restores())
    save(
        "raw_restore",
        lambda x: {
            "y": x
            + tf.raw_ops.RestoreV2(prefix=SECRET, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32])[0]
        },
    )


def unreached():
    module = tf.Module()
    module.other = tf.function(writes, input_signature=[tf.TensorSpec((1, 4), tf.float32, name="x")])
    module.serve = tf.function(lambda x: {"y": x * 2}, input_signature=[tf.TensorSpec((1, 4), tf.float32, name="x")])
    tf.saved_model.save(module, str(FOLDER / "unreached"), signatures={"serving_default": module.serve})


plain()
unreached()
acting()
Path(MARK).unlink(missing_ok=True)
