"""Realistic reports: a fine machine, a broken one, routes in every state, a build that fell back."""

from __future__ import annotations

from pathlib import Path

from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.finding import Evidence, Finding, Fix, Outcome, ProbeResult, Severity
from envdoctor.core.goal import parse_goal
from envdoctor.core.report import Report
from envdoctor.core.route import Attempt, Reason, Route, StagePlan, StageResult, StageStatus, Verdict

SITE = "/home/alice/venv/lib/python3.11/site-packages"
SUBJECT = {"python": "/home/alice/venv/bin/python", "version": "3.11.7", "environment": "/home/alice/venv"}
COMMON = {"version": "0.1.0", "created": "2026-11-21T10:00:00Z", "subject": SUBJECT}
SHA = "3b7f1c0e9a5d4482b6f07c1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f7"


def result(code, name, outcome=Outcome.PASSED, findings=(), reason=""):
    title = name.replace("-", " ").capitalize()
    return ProbeResult(
        code=code, name=name, title=title, outcome=outcome, findings=tuple(findings), reason=reason, seconds=0.01
    )


def finding(code, name, severity=Severity.ERROR, **said):
    said.setdefault("subject", name)
    said.setdefault("message", f"{name.replace('-', ' ')} was found.")
    said.setdefault("evidence", (Evidence(source="/proc/self/maps", excerpt="as seen"),))
    return Finding(code=code, name=name, severity=severity, **said)


def failed(one):
    return result(one.code, one.name, Outcome.FAILED, (one,))


PASSED = (
    result("HST001", "cpu-lacks-avx"),
    result("HST002", "page-size-too-large"),
    result("PYT001", "python-too-new"),
    result("PKG001", "requirement-not-met"),
    result("PKG002", "two-metadata-folders"),
    result("LIB001", "library-missing"),
)

TWO_FOLDERS = finding(
    "PKG002",
    "two-metadata-folders",
    subject="protobuf",
    message="protobuf has two metadata folders, so pip and Python see different versions of it.",
    evidence=(Evidence(source=SITE, excerpt="protobuf-4.25.1.dist-info\nprotobuf-5.26.0.dist-info"),),
    fix=Fix(
        text="Reinstall it, so that one version is left.",
        commands=(("/home/alice/venv/bin/python", "-m", "pip", "install", "--force-reinstall", "protobuf==5.26.0"),),
        safe=True,
    ),
)
BROKEN = (
    failed(
        finding(
            "HST002",
            "page-size-too-large",
            subject="kernel",
            message="The kernel's page size is 16384, and wheels built for 4096 can't be loaded.",
            evidence=(Evidence(source="getconf PAGESIZE", excerpt="16384"),),
            fix=Fix(
                text="Boot the kernel with 4 KiB pages: add this line to config.txt.",
                link="https://docs.example.org/page-size",
            ),
        )
    ),
    result("HST003", "disk-nearly-full"),
    result("PYT001", "python-too-new", Outcome.UNKNOWN, reason="python: /opt/python3.15 did not answer within 10 s"),
    failed(
        finding(
            "PKG001",
            "requirement-not-met",
            subject="tensorflow",
            message="tensorflow 2.21.0 needs protobuf>=6.31, and protobuf 5.26.0 is installed.",
            evidence=(
                Evidence(
                    source=f"{SITE}/tensorflow-2.21.0.dist-info/METADATA",
                    excerpt="Requires-Dist: protobuf<8.0.0,>=6.31.1",
                ),
                Evidence(source=f"{SITE}/protobuf-5.26.0.dist-info/METADATA", excerpt="Version: 5.26.0"),
            ),
            fix=Fix(
                text="Install a version that all requirements admit.",
                commands=(("/home/alice/venv/bin/python", "-m", "pip", "install", "protobuf>=6.31.1,<8.0.0"),),
            ),
        )
    ),
    failed(TWO_FOLDERS),
    result(
        "PKG003",
        "files-changed",
        Outcome.FAILED,
        (
            finding(
                "PKG003",
                "files-changed",
                Severity.WARNING,
                subject="numpy",
                message="numpy has 12 files that differ from its RECORD.",
                evidence=(
                    Evidence(
                        source=f"{SITE}/numpy-2.1.0.dist-info/RECORD",
                        excerpt="\n".join(f"numpy/core/file{n}.py" for n in range(12)),
                    ),
                ),
                fix=Fix(text="Reinstall numpy.", commands=(("pip", "install", "--force-reinstall", "numpy==2.1.0"),)),
            ),
            finding(
                "PKG003",
                "files-changed",
                Severity.INFO,
                subject="six",
                message="six has no RECORD; it was not installed by pip.",
            ),
        ),
    ),
    result("PKG004", "built-for-another-numpy", Outcome.SKIPPED, reason="because of PKG001"),
    failed(
        finding(
            "LIB001",
            "library-missing",
            subject="tensorflow/python/_pywrap.so",
            message="libstdc++.so.6 is too old: GLIBCXX_3.4.30 is needed.",
            evidence=(
                Evidence(source="/usr/lib/x86_64-linux-gnu/libstdc++.so.6", excerpt="newest version: GLIBCXX_3.4.28"),
            ),
        )
    ),
    failed(
        finding(
            "LIB002",
            "executable-stack",
            Severity.WARNING,
            subject="libfoo.so",
            message="libfoo.so asks for an executable stack.",
        )
    ),
    result(
        "EMU001",
        "binfmt-lost",
        Outcome.CRASHED,
        reason="a bug of envdoctor: KeyError: 'flags' (emu001_binfmt_lost.py:31)",
    ),
    result("NET001", "proxy-in-the-way", Outcome.TIMED_OUT, reason="no answer within 60 s"),
)

KERAS = Artifact(kind=ArtifactKind.KERAS, path=Path("/home/alice/models/digits.keras"), sha256=SHA)
MAKES_ENVIRONMENT = Reason(
    verdict=Verdict.FIXABLE, text="TensorFlow is not installed: 335 MB to download", automatic=True
)
TF_INT8 = StagePlan(
    action="tf-int8",
    title="Keras to int8 by the TensorFlow converter",
    produces=ArtifactKind.TFLITE_INT8,
    environment="tensorflow",
    reasons=(MAKES_ENVIRONMENT,),
)
TF_FLOAT = StagePlan(
    action="tf-float",
    title="Keras to float by the TensorFlow converter",
    produces=ArtifactKind.TFLITE_FLOAT,
    environment="tensorflow",
    reasons=(MAKES_ENVIRONMENT,),
)
LITERT_INT8 = StagePlan(
    action="litert-int8",
    title="float to int8 by the LiteRT quantizer",
    produces=ArtifactKind.TFLITE_INT8,
    environment="litert",
)
VELA = StagePlan(action="vela", title="int8 to Ethos-U by Vela", produces="vela-tflite", environment="vela")
GET_COMPILER = Fix(
    text="Install Google's Edge TPU compiler.",
    commands=(("sudo", "apt-get", "install", "edgetpu-compiler"),),
    link="https://coral.example.org/compiler",
)
EDGETPU = StagePlan(
    action="edgetpu",
    title="int8 to Edge TPU",
    produces="edgetpu-tflite",
    reasons=(Reason(verdict=Verdict.FIXABLE, text="edgetpu_compiler was not found", fix=GET_COMPILER, code="TCH001"),),
)
EDGETPU_QEMU = StagePlan(
    action="edgetpu",
    title="int8 to Edge TPU",
    produces="edgetpu-tflite",
    place="qemu",
    reasons=(
        Reason(verdict=Verdict.FIXABLE, text="edgetpu_compiler was not found", fix=GET_COMPILER, code="TCH001"),
        Reason(verdict=Verdict.BLOCKED, text="qemu-x86_64 crashes under a 16 KiB page size", code="EMU004"),
    ),
)


def fine():
    return Report(command="check", probes=PASSED, **COMMON)


def broken():
    return Report(command="check", probes=BROKEN, **COMMON)


def routes_ready():
    routes = (
        Route(name="tf-int8+vela", stages=(TF_INT8, VELA), cost=20),
        Route(name="tf-float+litert-int8+vela", stages=(TF_FLOAT, LITERT_INT8, VELA), cost=26),
    )
    build = ("envdoctor", "build", str(KERAS.path), "--to", "ethos-u55-128", "--calibration", "my samples.npz")
    return Report(
        command="routes",
        source=KERAS,
        goal=parse_goal("ethos-u55-128"),
        routes=routes,
        build_command=build,
        **COMMON,
    )


def routes_blocked():
    routes = (
        Route(name="tf-int8+edgetpu", stages=(TF_INT8, EDGETPU), cost=20),
        Route(name="tf-int8+edgetpu@qemu", stages=(TF_INT8, EDGETPU_QEMU), cost=40),
    )
    return Report(command="routes", source=KERAS, goal=parse_goal("edgetpu"), routes=routes, **COMMON)


CRASH = finding(
    "RUN002",
    "stage-crashed",
    subject="tf-int8",
    message="The TensorFlow converter was killed by SIGSEGV (signal 11).",
    evidence=(Evidence(source="build/.envdoctor/logs/tf-int8.log", excerpt="Fatal Python error: Segmentation fault"),),
    fix=Fix(text="Unroll the LSTM layer (unroll=True), or take the route over the float model."),
)
COMPARISON = {
    "samples": 100,
    "max_abs_difference": 0.0272,
    "cosine": 0.99912,
    "argmax_agreement": 0.99,
    "float_accuracy": 0.9733,
    "int8_accuracy": 0.97,
}
VELA_SUMMARY = {
    "cycles": 12345,
    "sram_bytes": 20480,
    "clock_hz": 500_000_000,
    "inference_seconds": 0.0000247,
    "npu_operators": 9,
    "cpu_operators": 2,
    "reasons": [{"operator": "MEAN", "reason": "4D"}, {"operator": "PAD", "reason": "5D"}],
}


def fell_back():
    routes = routes_ready().routes
    crashed = StageResult(
        stage=TF_INT8,
        status=StageStatus.FAILED,
        log=Path("build/.envdoctor/logs/tf-int8.log"),
        seconds=12.5,
        peak_memory=905 << 20,
        commands=(("/home/alice/.cache/envdoctor/envs/tensorflow/bin/python", "-I", "worker.py", "request.json"),),
        findings=(CRASH,),
    )
    made = {
        TF_FLOAT: Artifact(kind=ArtifactKind.TFLITE_FLOAT, path=Path("build/digits_float.tflite"), sha256=SHA),
        LITERT_INT8: Artifact(kind=ArtifactKind.TFLITE_INT8, path=Path("build/digits_int8.tflite"), sha256=SHA[::-1]),
        VELA: Artifact(kind="vela-tflite", path=Path("build/digits_int8_vela.tflite"), sha256=SHA[1:] + "0"),
    }
    results = (
        StageResult(
            stage=TF_FLOAT, status=StageStatus.REUSED, artifact=made[TF_FLOAT], seconds=16.2, peak_memory=870 << 20
        ),
        StageResult(
            stage=LITERT_INT8,
            status=StageStatus.DONE,
            artifact=made[LITERT_INT8],
            seconds=4.5,
            peak_memory=299 << 20,
            environment={"litert-quantizer": "0.11.0"},
            summary={"comparison": COMPARISON},
        ),
        StageResult(
            stage=VELA,
            status=StageStatus.DONE,
            artifact=made[VELA],
            seconds=0.6,
            peak_memory=68 << 20,
            summary=VELA_SUMMARY,
            findings=(
                finding("TCH010", "operators-on-cpu", Severity.WARNING, message="1 of 10 operators runs on the CPU."),
            ),
        ),
    )
    return Report(
        command="build",
        source=KERAS,
        goal=parse_goal("ethos-u55-128"),
        routes=routes,
        attempts=(Attempt(route=routes[0], results=(crashed,)), Attempt(route=routes[1], results=results)),
        artifacts=(made[VELA], made[LITERT_INT8], made[TF_FLOAT]),
        **COMMON,
    )


def all_failed():
    report = fell_back()
    return Report(
        command="build", source=KERAS, goal=report.goal, routes=report.routes, attempts=report.attempts[:1], **COMMON
    )


ALL = (fine, broken, routes_ready, routes_blocked, fell_back, all_failed)
