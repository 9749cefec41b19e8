"""The schema's tables against the code that flatc generated from the schema itself."""

import re

from envdoctor.tflite.schema import BUILTIN_OPERATORS, ENUMS, TENSOR_TYPES, option_fields, options_table
from tflite_bytes import schema


def numbered(cls):
    return {value: name for name, value in vars(cls).items() if isinstance(value, int) and name[0] != "_"}


def test_operators_and_types_have_the_numbers_of_the_schema():
    assert dict(enumerate(BUILTIN_OPERATORS)) == numbered(schema().BuiltinOperator)
    assert dict(enumerate(TENSOR_TYPES)) == numbered(schema().TensorType)


def test_enumerations_are_those_of_the_schema():
    one = schema()
    for code, cls in {"A": one.ActivationFunctionType, "P": one.Padding, "M": one.MirrorPadMode}.items():
        assert dict(enumerate(ENUMS[code])) == numbered(cls)


def test_every_options_table_has_the_fields_of_the_schema_in_their_order():
    one = schema()
    for union, cls in ((1, one.BuiltinOptions), (2, one.BuiltinOptions2)):
        for number, name in numbered(cls).items():
            assert options_table(union, number) == (name if number else None)
            made = (
                [re.sub(r"^add", "", field) for field in vars(getattr(one, f"{name}T")()) if number] if number else []
            )
            ours = [field.replace("_", "").lower() for field in option_fields(name)] if number else []
            assert [field.lower() for field in made] == ours, name


def test_a_number_beyond_the_schema_is_no_table():
    assert options_table(1, 250) is None
