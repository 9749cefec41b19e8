from envdoctor.core.command import Command
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.prefix import PrefixExecutor


def test_words_before_every_command(tmp_path):
    executor = PrefixExecutor(name="qemu", prefix=("env", "A=b"), inner=LocalExecutor())
    result = executor.run(Command(argv=("sh", "-c", "echo $A $PWD"), cwd=tmp_path))
    assert result.stdout == f"b {tmp_path}\n"
    assert result.argv[:2] == ("env", "A=b")
    assert executor.name == "qemu"
