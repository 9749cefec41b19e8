"""Files of torch.save are told apart by the names in their pickles."""

import collections
import pickle
import zipfile

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.pipeline.sources import identify


class Other:
    """Something that is no weight."""


def archive(path, value, *, protocol=2, **members):
    with zipfile.ZipFile(path, "w") as written:
        written.writestr("net/data.pkl", pickle.dumps(value, protocol))
        written.writestr("net/data/0", b"1234")
        for name, data in members.items():
            written.writestr(name, data)
    return path


def refusal(path):
    with pytest.raises(UsageProblem) as caught:
        identify(path)
    return str(caught.value)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_weights_and_whole_objects(tmp_path, protocol):
    weights = collections.OrderedDict(weight=[1.0])
    assert "of weights without a model" in refusal(archive(tmp_path / "w.pt", weights, protocol=protocol))
    whole = refusal(archive(tmp_path / "m.pth", {"model": Other(), "epoch": 3}, protocol=protocol))
    assert f"whole objects ({__name__}.Other)" in whole
    assert "net.py:make_model" in whole


def test_what_runs_code_is_not_called_weights(tmp_path):
    class Runs:
        def __reduce__(self):
            return eval, ("1",)

    assert "whole objects" in refusal(archive(tmp_path / "e.pt", Runs()))


def test_torchscript(tmp_path):
    made = archive(tmp_path / "s.pt", Other(), **{"net/code/__torch__.py": b"", "net/constants.pkl": b""})
    assert "is a TorchScript archive" in refusal(made)


def test_files_that_are_no_archives(tmp_path):
    parts = [pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {}, collections.OrderedDict(a=1))]
    (tmp_path / "old.pth").write_bytes(b"".join(parts))
    assert "of weights without a model" in refusal(tmp_path / "old.pth")
    (tmp_path / "old.pt").write_bytes(b"".join([*parts[:3], pickle.dumps(Other(), 2)]))
    assert f"({__name__}.Other)" in refusal(tmp_path / "old.pt")
    (tmp_path / "cut.pt").write_bytes(b"".join(parts)[:-9])
    assert "damaged" in refusal(tmp_path / "cut.pt")
