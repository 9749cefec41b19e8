import dataclasses

from compiled_models import compiled_model, float_model, int8_model, weight_only_model
from envdoctor.compilers.tflm.estimate import estimate
from envdoctor.compilers.tflm.forms import ask, form_of
from envdoctor.tflite.reader import open_model, read_model
from keras_files import DATA
from tflite_bytes import model, pack, schema, tensor

TILE, SOFTMAX, CONCATENATION, RSQRT = 69, 25, 2, 76
FLOAT32, INT8, UINT8, INT32, INT16 = 0, 9, 3, 2, 7


def opened(data):
    return open_model(data, name="m.tflite")


def one(code, takes, gives, kind=0, options=None):
    """A model of one operator."""
    count = len(takes)
    return opened(
        pack(
            model(
                tensors=[*takes, *gives],
                operators=[(0, range(count), range(count, count + len(gives)), kind, options)],
                codes=[(code, 1, None)],
                inputs=[0],
                outputs=[count],
            )
        )
    )


def scaled(shape, scale, zero_point=0, kind=INT8):
    made = schema().QuantizationParametersT()
    made.scale, made.zeroPoint = [scale], [zero_point]
    return tensor(shape, kind=kind, quantization=made)


def answer(given):
    return ask(given.main, given.main.operators[0])


def test_what_runs_has_its_structures():
    for make in (int8_model, float_model):
        known = answer(opened(make()))
        assert not known.refused
        assert not known.unknown
        assert known.structures is not None


def test_an_operator_that_is_not_there_is_refused_with_the_interpreters_words():
    tiled = one(TILE, [tensor([1, 4], kind=FLOAT32), tensor([2], kind=INT32)], [tensor([1, 8], kind=FLOAT32)])
    assert answer(tiled).refused == "Didn't find op for builtin opcode 'TILE'"


def test_a_custom_operator_of_others_is_refused():
    assert "op code CUSTOM" in answer(opened(compiled_model("edgetpu-custom-op"))).refused


def test_an_element_type_that_is_not_taken_is_refused_with_the_interpreters_words():
    relu = one(19, [tensor([1, 4], kind=UINT8)], [tensor([1, 4], kind=UINT8)])
    assert answer(relu).refused


def test_a_scale_that_was_not_tried_is_unknown():
    def softmax(scale, width=4):
        options = schema().SoftmaxOptionsT()
        options.beta = 1.0
        kind = schema().BuiltinOptions.SoftmaxOptions
        return answer(one(SOFTMAX, [scaled([1, width], 0.5)], [scaled([1, width], scale, -128)], kind, options))

    assert not softmax(1 / 256).unknown
    assert "another output scale" in softmax(1 / 128).unknown
    assert "ends the process" in softmax(1 / 256, 512).unknown


def test_a_root_of_what_may_be_negative_is_unknown():
    def rooted(zero_point, kind=INT8):
        return answer(
            one(RSQRT, [scaled([1, 4], 0.1, zero_point, kind)], [scaled([1, 4], 0.1, -128 * (kind == INT8), kind)])
        )

    assert not rooted(-128).unknown
    assert "negative" in str(rooted(0).unknown)
    assert "negative" in str(rooted(0, INT16).unknown)


def joined(count):
    options = schema().ConcatenationOptionsT()
    options.axis = 1
    kind = schema().BuiltinOptions.ConcatenationOptions
    parts = [scaled([1, 2], 0.5) for _ in range(count)]
    return one(CONCATENATION, parts, [scaled([1, 2 * count], 0.5)], kind, options)


def test_any_number_of_alike_inputs_is_one_form():
    made = joined(5)
    assert form_of(made.main, made.main.operators[0]) == "INT8 INT8 > INT8"
    assert not answer(made).unknown


def test_more_inputs_than_its_kernel_has_room_for_are_refused():
    assert not answer(joined(10)).refused
    assert "num_inputs <= kMaxInputNum was not true" in answer(joined(11)).refused


def test_a_whole_model():
    told = estimate(opened(float_model()))
    assert told.needs["operators"] == "RELU"
    assert told.needs["in use"] <= told.needs["arena"]
    assert "not for the board" in told.needs["counted"]


def test_a_refused_model_has_no_arena():
    told = estimate(opened(compiled_model("ethos-u")))
    assert told.refused
    assert "arena" not in told.needs


def test_weights_that_are_widened():
    told = estimate(opened(weight_only_model()))
    assert not told.refused


def kept(name):
    return read_model(DATA / f"tflm/models/{name}.tflite")


def changed(given, name, **fields):
    """The model with another operator of that name in place of its own."""
    graph = next(one for one in given.subgraphs if any(operator.name == name for operator in one.operators))
    (operator, *_) = [one for one in graph.operators if one.name == name]
    return ask(graph, dataclasses.replace(operator, **fields))


def test_an_lstm_runs_as_keras_makes_it_and_no_other_is_known():
    for name in ("lstm_float", "lstm_int8"):
        given = kept(name)
        assert not estimate(given).unknown
        inputs = next(one.inputs for one in given.main.operators if one.name == "UNIDIRECTIONAL_SEQUENCE_LSTM")
        for place, index in ((9, inputs[1]), (16, inputs[1]), (1, -1), (20, inputs[12])):
            other = (*inputs[:place], index, *inputs[place + 1 :])
            found = changed(given, "UNIDIRECTIONAL_SEQUENCE_LSTM", inputs=other)
            assert "was never tried" in found.unknown
            assert found.structures


def test_the_bias_of_svdf_must_fit_its_state():
    given = kept("svdf_i16")
    assert not estimate(given).unknown
    graph, bias = given.main, given.main.tensors[3]
    other = dataclasses.replace(bias, quantization=dataclasses.replace(bias.quantization, scales=(0.5,)))
    graph = dataclasses.replace(graph, tensors=(*graph.tensors[:3], other, *graph.tensors[4:]))
    assert "or its kernel refuses it" in ask(graph, graph.operators[0]).unknown


def test_control_flow_and_variables_are_known():
    for name in ("if_int8", "while_float", "gru_float", "variables_float", "variables_int8"):
        found = estimate(kept(name))
        assert not found.refused
        assert not [words for words in found.unknown if "IF" in words or "WHILE" in words or "VARIABLE" in words]
        assert "the least" not in found.needs["counted"]
