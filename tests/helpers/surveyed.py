"""Surveys of sets of wheels whose texts are at hand."""

from envdoctor.availability.import_judgment import failure_reasons
from envdoctor.availability.import_survey import survey_imports
from envdoctor.imports.packages import judge_package
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.contents import read_contents
from envdoctor.wheels.module_index import ModuleIndex
from index_wheels import wheel as packed


def wheels_of(described):
    """Wheels (name, version, files, requirements), and what reads their members as text."""
    wheels, texts = [], {}
    for name, version, files, requires in described:
        content = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        wheels.append(read_contents(MemoryBytes(packed(name, version, files=content, requires=requires)[1])))
        texts[wheels[-1].label] = {path: data.decode("latin-1") for path, data in content.items()}
    return wheels, lambda contents, member: texts[contents.label][member]


def surveyed(described, target):
    """What importing the packages of such wheels comes to."""
    wheels, read = wheels_of(described)

    def judge(contents, package, beside, most):
        return judge_package(
            package,
            ModuleIndex(contents.members, target),
            lambda member: read(contents, member),
            target,
            beside,
            most=most,
        )

    return survey_imports(wheels, target, judge, read)


def reasons_of(described, target):
    """Why the packages of such wheels can't be imported."""
    return list(failure_reasons(surveyed(described, target)))
