"""The readers of files, in the order in which they are asked: what has a clear magic number first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.foreign import (
    coreml,
    deepx,
    espressif,
    hailo,
    imx500,
    kendryte,
    mobile,
    myriad,
    onnxruntime,
    openvino,
    sophgo,
    tensorrt,
    vendors,
    weights,
)

if TYPE_CHECKING:
    from envdoctor.stages.file_readers import FileReader

FILES: tuple[FileReader, ...] = (
    hailo.read_hef,
    tensorrt.read_engine,
    deepx.read_dxnn,
    imx500.read_rpk,
    myriad.read_blob,
    openvino.read_exported,
    kendryte.read_kmodel,
    sophgo.read_cvimodel,
    sophgo.read_bmodel,
    espressif.read_espdl,
    *vendors.READERS,
    *weights.READERS,
    onnxruntime.read_ort,
    onnxruntime.read_ep_context,
    *mobile.READERS,
    coreml.read_mlmodel,
    *vendors.BY_NAME,
)
