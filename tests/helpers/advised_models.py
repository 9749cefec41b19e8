"""Run by a Python with TensorFlow: writes NAME.before.tflite and NAME.after.tflite for each advice.

    python advised_models.py FOLDER

`before` is what the advice is about, `after` the same network with the advice followed.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

L = keras.layers
CASES = {}


def case(name, shape=(16, 16, 8), **options):
    """A function from an input and whether the advice is followed to an output."""

    def keep(function):
        CASES[name] = (function, shape, options)
        return function

    return keep


def conv(taken, filters=8, **rest):
    return L.Conv2D(filters, 3, padding="same", **rest)(taken)


class Op(L.Layer):
    """A function as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, taken):
        return self.function(taken)


@case("float-input", before={"io": None}, after={"io": tf.int8})
@case("float-output", before={"io": None}, after={"io": tf.int8})
def _(taken, after):
    return conv(taken)


@case("leaky-relu")
def _(taken, after):
    return conv(L.ReLU()(conv(taken)) if after else L.LeakyReLU(0.1)(conv(taken)))


@case("hard-swish")
def _(taken, after):
    return conv(L.Activation("relu6" if after else "hard_swish")(conv(taken)))


@case("other-activation")
def _(taken, after):
    return conv(L.Activation("relu" if after else "gelu")(conv(taken)))


@case("class-picking")
def _(taken, after):
    return conv(taken) if after else Op(lambda x: tf.argmax(x, -1))(conv(taken))


@case("sum-of-padded", shape=(8, 8, 4))
def _(taken, after):
    short = conv(L.Cropping2D(((1, 0), (0, 0)))(taken), 4)
    return L.Add()([conv(taken, 4), conv(taken, 4) if after else L.ZeroPadding2D(((1, 0), (0, 0)))(short)])


@case("large-transpose", shape=(40, 40, 65))
def _(taken, after):
    return conv(taken, 65) if after else Op(lambda x: tf.transpose(x, [0, 3, 1, 2]))(conv(taken, 65))


@case("wide-row", shape=(60, 60, 64))
def _(taken, after):
    return conv(taken, 64) if after else L.Reshape((3600, 64))(conv(taken, 64))


@case("batch", before={"batch": 2}, after={"batch": 1})
def _(taken, after):
    return conv(taken)


@case("large-mean", shape=(256, 128, 4))
def _(taken, after):
    pooled = L.AveragePooling2D(8)(taken) if after else taken
    return L.GlobalAveragePooling2D()(pooled)


@case("bilinear", shape=(33, 33, 19))
def _(taken, after):
    enlarge = Op(lambda x: tf.image.resize(x, (513, 513)))
    return conv(taken) if after else enlarge(conv(taken))


@case("nearest", shape=(256, 256, 8))
def _(taken, after):
    made = conv(taken, 8 if after else 64, strides=4 if after else 1)
    return Op(lambda x: tf.image.resize(x, [2 * int(x.shape[1]), 2 * int(x.shape[2])], method="nearest"))(made)


@case("fused-activation")
def _(taken, after):
    return L.MaxPooling2D(2)(L.ReLU()(taken)) if after else L.ReLU()(L.MaxPooling2D(2)(taken))


@case("constant-concatenation")
def _(taken, after):
    if after:
        return L.ZeroPadding2D(1)(conv(taken))
    return Op(lambda x: tf.concat([x, tf.fill([1, 16, 16, 8], 0.7), x], -1))(conv(taken))


@case("dilation")
def _(taken, after):
    return conv(taken, dilation_rate=(2, 2) if after else (2, 1))


@case("prelu")
def _(taken, after):
    slopes = "glorot_uniform"
    return conv(L.PReLU(slopes, shared_axes=[1, 2] if after else None)(conv(taken)))


@case("strides")
def _(taken, after):
    return L.MaxPooling2D(2)(conv(taken)) if after else Op(lambda x: x[:, ::2, ::2])(conv(taken))


@case("version-CONV_2D")
def _(taken, after):
    if not after:
        return conv(taken, groups=2)
    halves = [conv(Op(lambda x, at=at: x[..., 4 * at : 4 * at + 4])(taken), 4) for at in (0, 1)]
    return L.Concatenate()(halves)


@case("version-TRANSPOSE_CONV")
def _(taken, after):
    made = L.Conv2DTranspose(8, 3, strides=2, padding="same", bias_initializer="ones")(taken)
    return L.Conv2D(8, 1, activation="relu")(made) if after else L.ReLU()(made)


@case("version-TILE")
def _(taken, after):
    if after:
        return Op(lambda x: tf.image.resize(x, (32, 32), method="nearest"))(conv(taken))
    return L.UpSampling2D(2)(conv(taken))


@case("version-GELU")
def _(taken, after):
    return L.Activation("relu" if after else "gelu")(conv(taken))


@case("shapes", before={"batch": None}, after={"batch": 1})
@case("dynamic-tensors", before={"batch": None}, after={"batch": 1})
def _(taken, after):
    return L.Dense(4)(L.Flatten()(conv(taken)))


@case("per-channel-dense", shape=(16,), after={"dense_per_tensor": True})
def _(taken, after):
    return L.Dense(4)(L.Dense(16)(taken))


@case("floats")
@case("float-islands")
def _(taken, after):
    made = conv(taken)
    return conv(L.BatchNormalization()(made) if after else L.LayerNormalization()(made))


def convert(function, shape, after, folder, *, io=tf.int8, batch=1, dense_per_tensor=False):
    keras.utils.set_random_seed(1)
    taken = keras.Input(shape)
    model = keras.Model(taken, function(taken, after))
    model.export(
        str(folder), input_signature=[tf.TensorSpec((batch, *shape), tf.float32)], verbose=False
    ) if batch else model.export(str(folder), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    rng = np.random.default_rng(1)
    converter.representative_dataset = lambda: (
        [rng.normal(size=(batch or 1, *shape)).astype("float32")] for _ in range(4)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if io is not None:
        converter.inference_input_type = converter.inference_output_type = io
    converter._experimental_disable_per_channel_quantization_for_dense_layers = dense_per_tensor
    return converter.convert()


def main(folder):
    import tempfile

    for name, (function, shape, options) in CASES.items():
        for after in (False, True):
            word = "after" if after else "before"
            with tempfile.TemporaryDirectory() as exported:
                data = convert(function, shape, after, exported, **options.get(word, {}))
            (Path(folder) / f"{name}.{word}.tflite").write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
