"""Lines of progress are told as they come."""

import time

from envdoctor.environments.following import following, say_lines


def test_only_whole_lines_that_tell_of_progress(tmp_path):
    log, said = tmp_path / "log", []
    assert say_lines(log, 0, said.append) == 0
    log.write_bytes(b"Using Python 3.11\nResolved 3 packages in 2ms\n Downloading nu")
    position = say_lines(log, 0, said.append)
    assert said == ["Resolved 3 packages in 2ms"]
    with log.open("ab") as stream:
        stream.write(b"mpy (16.1MiB)\n Downloaded numpy\nerror: no\n")
    say_lines(log, position, said.append)
    assert said[1:] == ["Downloading numpy (16.1MiB)", "Downloaded numpy"]


def test_lines_are_told_while_the_block_runs_and_none_is_lost_at_its_end(tmp_path):
    log, said = tmp_path / "log", []
    with following(log, said.append):
        log.write_text("Resolved 1 package\n")
        deadline = time.monotonic() + 20
        while not said and time.monotonic() < deadline:
            time.sleep(0.02)
        assert said == ["Resolved 1 package"]
        log.write_text("Resolved 1 package\nInstalled 1 package\n")
    assert said == ["Resolved 1 package", "Installed 1 package"]
