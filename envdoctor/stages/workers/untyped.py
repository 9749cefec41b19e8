"""Names for values whose types only the stage's environment knows, so that a signature still says what it takes."""

from __future__ import annotations

from typing import Any

#: A numpy array, and a numpy number.
Array = Any
Number = Any
#: A Keras model, and one of its symbolic inputs or outputs, or several of them nested in lists and dictionaries.
KerasModel = Any
Tensor = Any
Structure = Any
#: An h5py.Group, and a file's root group.
H5Group = Any
#: What tf.saved_model.load returns, and one of its signatures.
SavedModel = Any
ConcreteFunction = Any
#: ai_edge_litert.interpreter.Interpreter.
Interpreter = Any
#: An object of the generated schema classes: ModelT, OperatorT, ...
SchemaObject = Any
#: A quantization recipe of litert-quantizer.
Recipe = Any
#: Whatever json.loads gives.
Json = Any
#: A torch.nn.Module.
TorchModule = Any
#: An onnx.ModelProto, and an onnx.NodeProto of its graph.
OnnxModel = Any
OnnxNode = Any
#: A torch.export.ExportedProgram, and a torch.fx.Node of its graph.
ExportedProgram = Any
TorchNode = Any
