"""Which SavedModels list the variables that their signatures read."""

from types import SimpleNamespace

import pytest

from envdoctor.stages.workers.saved_model import owns_variables

READ = object()


@pytest.mark.parametrize(
    ("loaded", "owns"),
    [
        (SimpleNamespace(variables=[READ, object()]), True),
        (SimpleNamespace(variables=[object()]), False),
        (SimpleNamespace(), False),  # a tf.Module around a Keras model
    ],
)
def test_variables_that_the_model_lists(loaded, owns):
    assert owns_variables(loaded, SimpleNamespace(variables=[READ])) is owns


def test_a_signature_without_variables_needs_no_owner():
    assert owns_variables(SimpleNamespace(), SimpleNamespace(variables=[]))
