"""TensorFlow's `keras`, which is Keras 3's package for it, or another where a variable asks for that."""

import pytest

KERAS = {
    "keras/__init__.py": "__version__ = '3.9.0'",
    "keras/_tf_keras/__init__.py": "",
    "keras/_tf_keras/keras/__init__.py": "from keras._tf_keras.keras import layers as layers",
    "keras/_tf_keras/keras/layers/__init__.py": "from keras.src.dense import Dense as Dense",
    "keras/src/__init__.py": "",
    "keras/src/dense.py": "class Dense: pass",
}
TENSORFLOW = {
    "tensorflow/__init__.py": (
        "import sys as _sys\nfrom tensorflow.python import lazy\n_module = _sys.modules[__name__]\n"
        "setattr(_module, 'keras', lazy.KerasLazyLoader(globals()))\n__path__ = ['keras'] + __path__\n"
    ),
    "tensorflow/python/__init__.py": "",
    "tensorflow/python/lazy.py": "class KerasLazyLoader:\n    def __init__(self, names): pass",
}
LEGACY = "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'\n"
ASKS = [
    "import tensorflow as tf\nclass A(tf.keras.layers.{}): pass",
    "from tensorflow import keras\nkeras.layers.{}",
    "from tensorflow.keras import layers\nlayers.{}",
    "from tensorflow.keras.layers import {}",
    "import tensorflow.keras.layers as given\ngiven.{}",
    "import tensorflow.keras.layers\ntensorflow.keras.layers.{}",
]


def failing(site, look, text, others=()):
    site.install("tensorflow", "2.18.0", TENSORFLOW)
    site.install("keras", "3.9.0", KERAS)
    for name, content in others:
        site.install(name, files={f"{name}.py": content})
    site.install("foo", files={"foo.py": text})
    return [failed for failed in look(site).failed if failed.module == "foo"]


@pytest.mark.slow
@pytest.mark.parametrize("ask", ASKS)
def test_a_layer_that_keras_3_dropped_fails_where_it_is_asked_for_below_tensorflow(site, look, ask):
    (failed,) = failing(site, look, ask.format("LocallyConnected1D"))
    assert failed.owner.name == "keras"
    assert failed.failures[0].cause.name == "LocallyConnected1D"


@pytest.mark.slow
def test_a_module_that_keras_3_dropped(site, look):
    (failed,) = failing(site, look, "from tensorflow.keras.layers.experimental import preprocessing")
    assert failed.failures[0].cause.subject == "keras._tf_keras.keras.layers.experimental"


@pytest.mark.slow
@pytest.mark.parametrize("ask", ASKS)
def test_a_layer_that_is_there_does_not_fail(site, look, ask):
    assert not failing(site, look, ask.format("Dense"))


@pytest.mark.slow
def test_keras_2_may_be_asked_for_by_the_module_another_or_the_process(site, look, monkeypatch):
    ask = ASKS[0].format("LocallyConnected1D")
    assert not failing(site, look, LEGACY + ask)
    for legacy in (LEGACY, LEGACY.replace("'1'", "str(1)")):
        assert not failing(site, look, f"import setter\n{ask}", [("setter", legacy)])
    assert failing(site, look, f"import setter\n{ask}", [("setter", LEGACY.replace("'1'", "'0'"))])
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    assert not failing(site, look, ask)
