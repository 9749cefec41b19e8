"""Judging functions for sweeps, in a module so that other processes find them: each does what its question says."""

import os
import signal
import tempfile
import time
from pathlib import Path

from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.core.sweep import Judgment, State, SweepItem


def item(question, key=""):
    return SweepItem(name=question, key=key or question, question=question, subject=question, targets=("t",))


def litter(name):
    Path(tempfile.mkdtemp(), name).touch()
    return ""


def judge(question):
    word, _, value = question.partition(":")
    value = litter(word) if value == "littering" else value
    if word == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == "exit":
        os._exit(3)
    if word == "hang":
        time.sleep(float(value or 600))
    if word == "bomb":
        held = [bytes(8 << 20) + b"x" for _ in range(200)]
        time.sleep(600 + len(held))
    if word == "unreadable":
        raise Unreadable("it is none")
    if word == "unanswered":
        raise NetworkProblem("nobody answers")
    if word == "bug":
        raise KeyError(question)
    return (Judgment(subject=question, version="1.0", target="t", verdict="SOUND", state=State.FINE),)
