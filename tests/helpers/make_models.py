"""Writes the models of the integration tests: run by the Python of a TensorFlow environment, `make_models.py FOLDER`.

With TensorFlow 2.15 it writes what Keras 2 writes (names that begin with `old_`), else what Keras 3 does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

keras = tf.keras
layers = keras.layers


def sequential(*parts):
    return keras.Sequential(list(parts))


def new_models():
    image, steps = layers.Input((12, 12, 1)), (10, 4)
    left, right = layers.Input((8,), name="left"), layers.Input((4, 4, 2), name="right")
    joined = layers.Concatenate()([layers.Dense(8, activation="relu")(left), layers.Flatten()(right)])
    outputs = [layers.Dense(3, activation="softmax")(joined), layers.Dense(1)(joined)]
    pixels = layers.Input((12, 12, 1))
    scored = layers.Conv2D(5, 3)(pixels)
    return {
        "conv": sequential(image, layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
                           layers.Dense(5, activation="softmax")),
        "two_inputs": keras.Model([left, right], outputs),
        "embedding": sequential(layers.Input((12,), dtype="int32"), layers.Embedding(50, 8),
                                layers.GlobalAveragePooling1D(), layers.Dense(4, activation="softmax")),
        "lstm": sequential(layers.Input(steps), layers.LSTM(8), layers.Dense(3, activation="softmax")),
        "gru": sequential(layers.Input((None, 4)), layers.GRU(6), layers.Dense(3, activation="softmax")),
        "layernorm": sequential(layers.Input((16,)), layers.Dense(16, activation="relu"), layers.LayerNormalization(),
                                layers.Dense(3, activation="softmax")),
        "conv1d": sequential(layers.Input((64, 2)), layers.Conv1D(8, 5, activation="relu"), layers.BatchNormalization(),
                             layers.GlobalAveragePooling1D(), layers.Dense(3, activation="softmax")),
        "big": sequential(layers.Input((256,)), layers.Dense(1024, activation="relu"),
                          layers.Dense(256, activation="relu"), layers.Dense(5, activation="softmax")),
        "pixels": sequential(layers.Input((12, 12, 3), dtype="uint8"), layers.Rescaling(1 / 255.0),
                             layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)),
        "leaky": sequential(
            layers.Input((8, 8, 2)),
            layers.Conv2D(4, 3, padding="same"),
            layers.LeakyReLU(),
            layers.Conv2D(4, 3, padding="same"),
            layers.PReLU(alpha_initializer=keras.initializers.Constant(1.5), shared_axes=[1, 2]),
            layers.UpSampling2D(2),
            layers.Conv2D(3, 3),
            layers.GlobalMaxPooling2D(),
        ),
        "places": keras.Model(pixels, [keras.ops.argmax(scored, -1), keras.ops.argmin(scored, -1, keepdims=True)]),
        "lambda": sequential(layers.Input((4,)), layers.Lambda(lambda values: values * 2), layers.Dense(2)),
    }  # fmt: skip


def old_models():
    left, right = layers.Input((8,), name="left"), layers.Input((8,), name="right")
    return {
        "old_depthwise": sequential(layers.Input((12, 12, 1)), layers.DepthwiseConv2D(3), layers.Flatten(),
                                    layers.Dense(5, activation="softmax")),
        "old_functions": keras.Model([left, right], layers.Dense(3)(tf.concat([left, right], -1) * 2.0)),
        "old_lstm": sequential(layers.Input((10, 4)), layers.LSTM(8), layers.Dense(3)),
    }  # fmt: skip


def mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_float16")
    made = sequential(layers.Input((8,)), layers.Dense(8, activation="relu"), layers.Dense(2, dtype="float32"))
    keras.mixed_precision.set_global_policy("float32")
    return made


def write_tflite(folder, model):
    """Float files as converters leave them: the batch open, and float16 weights."""
    model.export(str(folder / "conv_exported"))
    for name, half in (("conv_open_batch", False), ("conv_float16", True)):
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "conv_exported"))
        if half:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        (folder / f"{name}.tflite").write_bytes(converter.convert())


def write_graph_of_version_1(folder):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        given = tf.compat.v1.placeholder(tf.float32, [None, 6], "x")
        weights = tf.compat.v1.get_variable("w", [6, 4])
        answer = tf.nn.softmax(tf.matmul(given, weights))
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.saved_model.simple_save(session, str(folder / "old_graph"), {"x": given}, {"y": answer})


def main(folder):
    keras.utils.set_random_seed(1)
    folder.mkdir(parents=True, exist_ok=True)
    if tf.__version__.startswith("2.15"):
        for name, model in old_models().items():
            model.save(str(folder / f"{name}.h5"))
        write_graph_of_version_1(folder)
        return
    models = {**new_models(), "mixed": mixed_precision()}
    for name, model in models.items():
        model.save(str(folder / f"{name}.keras"))
    models["conv"].save(str(folder / "conv.h5"))
    models["lstm"].export(str(folder / "lstm_exported"))
    write_tflite(folder, models["conv"])
    generator = np.random.default_rng(0)
    images = generator.random((100, 12, 12, 1), dtype="float32")
    classes = models["conv"].predict(images, verbose=0).argmax(axis=1)
    np.savez(folder / "images.npz", x=images, y=classes)
    np.savez(folder / "steps.npz", x=generator.normal(size=(60, 10, 4)).astype("float32"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
