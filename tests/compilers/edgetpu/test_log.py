import json
import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.compilers.edgetpu.log import parse_log, parse_size
from envdoctor.compilers.edgetpu.result import FailureKind, Memory, OpStatus, Outcome

LIMITATION = "Operation is otherwise supported, but not mapped due to some unspecified limitation"
TABLE = textwrap.dedent(f"""\
    Edge TPU Compiler version 16.0.384591198
    Input: model.tflite
    Output: model_edgetpu.tflite

    Operator                       Count      Status

    CONV_2D                        36         Mapped to Edge TPU
    SPLIT                          2          For example, a fully-connected or softmax layer with 2D output
    QUANTIZE                       1          {LIMITATION}
    """)
ROWS = [
    ("CONV_2D", 36, OpStatus.MAPPED),
    ("SPLIT", 2, OpStatus.TWO_DIMENSIONAL_OUTPUT),
    ("QUANTIZE", 1, OpStatus.UNSPECIFIED_LIMITATION),
]


def rows(log):
    return [(row.op, row.count, row.status) for row in log.rows]


def test_log_file():
    log = parse_log(TABLE)
    assert log.version == "16.0.384591198"
    assert rows(log) == ROWS
    assert (log.models[0].input, log.models[0].output) == ("model.tflite", "model_edgetpu.tflite")
    assert (log.models[0].mapped, log.models[0].total) == (36, 39)
    assert log.outcome is Outcome.SUCCEEDED
    assert log.unknown == ()


@pytest.mark.parametrize(
    "text",
    [
        TABLE.replace("Operator                       Count      Status\n", "Operat"),
        "Compilation succeeded!\n" + TABLE.replace("\n\nOp", "\nTotal number of operations: 40\n\nOp"),
        TABLE.replace("\n\nOp", "\nNumber of operations that will run on Edge TPU: 39\n\nOp"),
    ],
    ids=["header lost", "row lost", "another status"],
)
def test_a_log_that_lost_a_part_is_no_success(text):
    assert parse_log(text).outcome is Outcome.UNKNOWN
    assert parse_log(text + "Compilation failed! \n").outcome is Outcome.FAILED


def notebook(text):
    outputs = [{"output_type": "stream", "text": text.splitlines(keepends=True)}]
    return json.dumps({"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}], "nbformat": 4})


WRAPPINGS = {
    "quoted": lambda text: textwrap.indent(text, "> ", lambda line: True),
    "quoted twice": lambda text: textwrap.indent(text, "> > ", lambda line: True),
    "commented": lambda text: textwrap.indent(text, "# "),
    "indented": lambda text: textwrap.indent(text, "    "),
    "coloured": lambda text: (
        "\x1b[34m\x1b[1mEdge TPU:\x1b[0m starting export with Edge TPU compiler 16.0.384591198...\n" + text
    ),
    "each line coloured": lambda text: re.sub(r"(?m)^(.+)$", "\x1b[32m\\1\x1b[0m", text),
    "windows line ends": lambda text: text.replace("\n", "\r\n"),
    "redrawn": lambda text: re.sub(r"(?m)^(.+)$", "working 10%\r\\1", text),
    "notebook": notebook,
    "list items": lambda text: "".join(f"    {json.dumps(line + chr(10))},\n" for line in text.splitlines()),
    "docker compose": lambda text: textwrap.indent(text, "edgetpu_1  | "),
    "time stamps": lambda text: textwrap.indent(text, "2024-05-01T10:00:00.123Z "),
    "squeezed": lambda text: re.sub(r"(?<=[A-Z0-9]) {3,}", "   ", text),
    "table bars": lambda text: re.sub(r"(?m)^([A-Z0-9_]+) +(\d+) +(.*)$", r"| \1 | \2 | \3 |", text),
    "markdown code": lambda text: re.sub(r"(?m)^(.+)$", r"`\1`", text),
    "emphasis": lambda text: re.sub(r"(?m)^(.+)$", r"**\1**", text),
    "quoted statuses": lambda text: re.sub(r"(?m)^([A-Z0-9_]+ +\d+ +)(.*)$", r'\1"\2"', text),
    "one line": lambda text: " ".join(text.split()),
    "no line ends at all": lambda text: text.replace("\n", ""),
    "folded": lambda text: text.replace("due to some unspecified", "due to some\nunspecified"),
    "remark after a row": lambda text: text,
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrapped_texts_lose_no_row(wrapping):
    log = parse_log(WRAPPINGS[wrapping](TABLE))
    assert rows(log) == ROWS
    assert log.version == "16.0.384591198"
    assert log.unknown == ()


def test_a_remark_behind_a_status_is_kept():
    log = parse_log(TABLE.replace("Mapped to Edge TPU", "Mapped to Edge TPU   <- good"))
    assert rows(log) == ROWS
    assert log.unknown == ("<- good",)


def test_an_unheard_of_status_is_a_row_and_never_mapped():
    log = parse_log(TABLE + "EXP                            3          Operation is on holiday\n")
    assert rows(log)[-1] == ("EXP", 3, OpStatus.UNRECOGNIZED)
    assert log.rows[-1].text == "Operation is on holiday"
    assert log.models[0].mapped == 36
    assert log.models[0].total == 42


@pytest.mark.parametrize("status", [status for status in OpStatus if status.value])
def test_every_status(status):
    log = parse_log(f"CONV_2D                        7          {status.value}\n")
    assert rows(log) == [("CONV_2D", 7, status)]


FAILURES = {
    FailureKind.OP_VERSION_UNSUPPORTED: "ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'.",
    FailureKind.OP_CODE_OUT_OF_RANGE: "ERROR: Op builtin_code out of range: 150. Are you using old TFLite",
    FailureKind.UNRESOLVED_CUSTOM_OP: "ERROR: Encountered unresolved custom op: Atan.",
    FailureKind.DYNAMIC_TENSORS: "ERROR: Attempting to use a delegate that only supports static-sized tensors with a",
    FailureKind.NOT_QUANTIZED: "Model not quantized",
    FailureKind.EMPTY_SUBGRAPH: "ERROR: Did not get operators, tensors, or buffers in subgraph 0.",
    FailureKind.CANNOT_OPEN: "Error opening file for reading: model.tflite",
    FailureKind.LARGE_ACTIVATIONS: "Compilation failed: Compilation failed due to large activation tensors in model.",
    FailureKind.TIMEOUT: "Compilation failed: Compilation timeout. This is usually caused by large activations.",
    FailureKind.UNCAUGHT_EXCEPTION: "libc++abi: terminating with uncaught exception of type std::out_of_range: vector",
    FailureKind.CRASHED: "/usr/bin/edgetpu_compiler: line 3:  9 Segmentation fault (core dumped) ${d}/edgetpu_compiler",
    FailureKind.INTERNAL_COMPILER_ERROR: "Internal compiler error. Aborting! ",
    FailureKind.NODE_NOT_PREPARED: "ERROR: Node number 1 (Atan) failed to prepare.",
    FailureKind.OTHER_ERROR: "ERROR: something that nobody has seen yet",
    FailureKind.REGISTRATION_FAILED: "ERROR: Registration failed.",
    FailureKind.NOT_PARSED: "Model could not be parsed",
    FailureKind.INTERPRETER_REFUSED: "Compilation failed: Model failed in Tflite interpreter. Please ensure",
    FailureKind.DELEGATE_NOT_APPLIED: "ERROR: Restored original execution plan after delegate application failure.",
    FailureKind.INVALID_MODEL: "Invalid model: /a b/model.tflite",
    FailureKind.COMPILATION_FAILED: "Compilation failed! ",
}


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure(kind):
    log = parse_log(FAILURES[kind])
    assert [failure.kind for failure in log.failures] == [kind]
    assert log.failures[0].line == FAILURES[kind].strip()


def test_failures_name_what_they_are_about():
    def only(kind):
        return parse_log(FAILURES[kind]).failures[0]

    assert (only(FailureKind.OP_VERSION_UNSUPPORTED).op, only(FailureKind.OP_VERSION_UNSUPPORTED).version) == (
        "CONV_2D",
        6,
    )
    assert only(FailureKind.OP_CODE_OUT_OF_RANGE).number == 150
    assert only(FailureKind.UNRESOLVED_CUSTOM_OP).op == "Atan"
    assert (only(FailureKind.NODE_NOT_PREPARED).op, only(FailureKind.NODE_NOT_PREPARED).number) == ("Atan", 1)
    assert only(FailureKind.EMPTY_SUBGRAPH).number == 0
    assert only(FailureKind.CANNOT_OPEN).file == "model.tflite"
    assert only(FailureKind.UNCAUGHT_EXCEPTION).op == "std::out_of_range"
    assert only(FailureKind.INVALID_MODEL).file == "/a b/model.tflite"


def test_the_cause_is_the_complaint_that_tells_most():
    log = parse_log(f"ERROR: Registration failed.\nInvalid model: m\n{FAILURES[FailureKind.OP_VERSION_UNSUPPORTED]}")
    assert log.cause.kind is FailureKind.OP_VERSION_UNSUPPORTED
    assert log.outcome is Outcome.FAILED


def test_search_steps_that_fail_do_not_spoil_the_one_that_works():
    log = parse_log(
        "Edge TPU Compiler version 16.0.384591198\nSearching for valid delegate with step 10\n"
        "Try to compile segment with 84 ops\nStarted a compilation timeout timer of 180 seconds.\n"
        "ERROR: Restored original execution plan after delegate application failure.\n"
        "Compilation failed: Compilation failed due to large activation tensors in model.\n"
        "Compilation child process completed within timeout period.\nCompilation failed! \n"
        "Try to compile segment with 74 ops\nIntermediate tensors: a/b;c,d\n"
        "Started a compilation timeout timer of 180 seconds.\n\nModel compiled successfully in 20 ms.\n"
        "Input model: m.tflite\nNumber of Edge TPU subgraphs: 1\nTotal number of operations: 84\n"
        "Compilation child process completed within timeout period.\nCompilation succeeded! \n",
    )
    assert [(step.operations, step.intermediate_tensors) for step in log.search] == [(84, ()), (74, ("a/b;c", "d"))]
    assert log.outcome is Outcome.SUCCEEDED
    assert (log.time_limit, log.milliseconds) == (180, 20)
    assert log.unknown == ()


def test_a_text_cut_short_does_not_say_that_all_is_mapped():
    console = (
        "Model compiled successfully in 9 ms.\nInput model: m.tflite\nNumber of Edge TPU subgraphs: 1\n"
        "Total number of operations: 5\nOperation log: m_edgetpu.log\n"
    )
    assert parse_log(console).models[0].mapped is None
    whole = console + "See the operation log file for individual operation details.\n"
    assert parse_log(whole).models[0].mapped == 5


def test_memory_of_both_layouts():
    old = parse_log(
        "Input model: m\nOn-chip memory available for caching model parameters: 8.00MiB\n"
        "On-chip memory used for caching model parameters: 106.75KiB\n"
        "Off-chip memory used for streaming uncached model parameters: 0.00B\n",
    ).models[0]
    assert old.memory == Memory(on_chip_available=8 * 1024**2, on_chip_used=109_312, off_chip_used=0)
    new = parse_log("Input model: m\nOn-chip memory remaining for caching model parameters: 1.00GiB\n").models[0]
    assert new.memory == Memory(on_chip_remaining=1024**3)


def test_version_alone_tells_nothing_about_the_outcome():
    assert parse_log("Edge TPU Compiler version 15.0.340273435\n").outcome is Outcome.UNKNOWN


def test_sizes():
    assert parse_size("2.50KiB") == 2560
    assert parse_size("KiB") is None
    assert parse_size("1e400MiB") is None


PIECES = st.sampled_from(
    [*TABLE.splitlines(), *FAILURES.values(), "Input model: ", "Number of Edge TPU subgraphs: ²", "\x1b[", "\r", "{"]
)


@pytest.mark.slow
@given(st.lists(PIECES | st.text(max_size=40), max_size=30), st.sampled_from(["\n", "", "\r\n", " "]))
def test_any_text_is_read_and_no_full_row_is_lost(pieces, glue):
    text = glue.join(pieces)
    log = parse_log(text)
    if glue == "\n":
        whole = [line for piece in pieces for line in piece.splitlines()]
        assert len(log.rows) >= sum(line in TABLE.splitlines()[6:] for line in whole)


@pytest.mark.slow
@given(st.integers(0, len(TABLE)))
def test_a_text_cut_anywhere_keeps_the_rows_before_the_cut(size):
    text = TABLE[:size]
    complete = [row for row, line in zip(ROWS, TABLE.splitlines()[6:], strict=True) if line in text]
    assert rows(parse_log(text))[: len(complete)] == complete
