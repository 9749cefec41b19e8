"""Train the digits classifier of the demo, and write it with its calibration and test samples.

Needs TensorFlow and scikit-learn; the results are kept beside this script, so nobody needs to run it again::

    python examples/digits/train.py

The data are the 1,797 handwritten digits (8 x 8 grey values from 0 to 16) that scikit-learn ships as `load_digits`.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_digits

HERE = Path(__file__).resolve().parent
CALIBRATION, TEST = 100, 300


def load() -> tuple[np.ndarray, np.ndarray]:
    """Images of shape (n, 8, 8, 1), float32 from 0 to 1, and their classes, shuffled the same way each time."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    return (digits.images[order, :, :, None] / 16.0).astype(np.float32), digits.target[order].astype(np.int64)


def make_model() -> keras.Model:
    """Two convolutions, a strided one and a dense layer: small enough to look at, big enough to be a real network."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> None:
    """Train on what is neither calibration nor test, and write the files."""
    keras.utils.set_random_seed(0)
    x, y = load()
    test, calibration, rest = slice(0, TEST), slice(TEST, TEST + CALIBRATION), slice(TEST + CALIBRATION, None)
    model = make_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[rest], y[rest], epochs=30, batch_size=32, verbose=2)
    bare = make_model()  # without the optimizer's state, which would triple the file
    bare.set_weights(model.get_weights())
    bare.save(HERE / "digits.keras")
    np.savez_compressed(HERE / "calibration.npz", x=x[calibration])
    np.savez_compressed(HERE / "test.npz", x=x[test], y=y[test])
    print("accuracy on the test samples:", model.evaluate(x[test], y[test], verbose=0)[1])


if __name__ == "__main__":
    main()
