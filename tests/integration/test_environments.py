"""The four real environments: made from their pins, or reused from the cache that ENVDOCTOR_CACHE names."""

import pytest

from envdoctor.core.command import Command
from envdoctor.core.errors import NetworkProblem
from envdoctor.core.request import Request
from envdoctor.environments.making import ensure
from envdoctor.environments.proof import isolated
from envdoctor.environments.spec import environment_spec
from envdoctor.environments.status import State, status
from envdoctor.executors.local import LocalExecutor

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

RUN = LocalExecutor()

TENSORFLOW = "import tensorflow as tf, keras; tf.lite.TFLiteConverter; print(tf.__version__, keras.__version__)"
#: What each is for, in a line.
USES = {
    "tensorflow": TENSORFLOW,
    "tensorflow-2.15": TENSORFLOW,
    "litert": "import litert_quantizer, ai_edge_litert.interpreter as i; i.Interpreter; print('ok')",
    "vela": "import sys; sys.argv = ['vela', '--version']; from ethosu.vela.vela import main; main()",
}
SAYS = {"tensorflow": "2.21.0 3.1", "tensorflow-2.15": "2.15.1 2.15.0", "litert": "ok", "vela": "5.2.0"}


@pytest.mark.parametrize("name", ["vela", "litert", "tensorflow", "tensorflow-2.15"])
def test_a_real_environment(name):
    spec, request = environment_spec(name), Request()
    before = status(spec, request, RUN)
    if before.state in {State.NO_PYTHON, State.IMPOSSIBLE}:
        pytest.skip(before.reason)
    try:
        made = ensure(spec, request, RUN, print)
    except NetworkProblem as error:
        pytest.skip(str(error))
    result = RUN.run(Command(argv=(str(made.python), "-c", USES[name]), env=isolated(), timeout=300))
    assert result.ok, result.stderr
    assert SAYS[name] in result.stdout
    need = next(iter(spec.platforms.values()))
    assert 0.5 < made.size / need.installed < 2
    assert status(spec, request, RUN).state is State.MADE
