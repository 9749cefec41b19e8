"""The rule by which protobuf takes generated code, against the real ones of several versions."""

import itertools
import json
import subprocess
import sys

import pytest

from envdoctor.imports.generated_code import needed_version

pytestmark = pytest.mark.integration
GENERATED = [*itertools.product((5, 6, 7), (26, 28, 29, 31, 33), (0, 5))]
ASK = """\
import json, sys, warnings
warnings.simplefilter("ignore")
from google.protobuf import runtime_version as r
def refused(version):
    try:
        r.ValidateProtobufRuntimeVersion(r.Domain.PUBLIC, *version, "", "x")
    except r.VersionError:
        return True
    return False
print(json.dumps([refused(each) for each in json.loads(sys.argv[1])]))
"""


@pytest.mark.parametrize("version", ["5.27.3", "5.28.3", "5.29.5", "6.31.1", "6.33.0", "7.34.0"])
def test_the_rule_is_that_of_the_real_runtime(version, tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tmp_path)]
    subprocess.run([*pip, f"protobuf=={version}"], check=True)
    ask = [sys.executable, "-c", ASK, json.dumps(GENERATED)]
    answer = subprocess.run(ask, check=True, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)})
    assert json.loads(answer.stdout) == [bool(needed_version(each, version)) for each in GENERATED]
