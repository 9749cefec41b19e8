"""Compiled files of formats whose tools can't be had here: headers built after the public descriptions, tiny bodies.

`BUILT` holds one whole file of each by its name; each function takes what a test wants to be otherwise.
"""

import gzip
import hashlib
import io
import json
import struct
import zipfile

from keras_files import DATA

MADE = DATA / "compiled"


def real(name):
    """A file that the format's own tool wrote."""
    file = MADE / name
    return file.read_bytes() if file.is_file() else gzip.decompress((MADE / f"{name}.gz").read_bytes())


def varint(value):
    out = bytearray()
    while True:
        out.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def field(number, value):
    """A field of a protocol buffer: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def hef(version=0, arch=3, body=None, weights=b"weights!"):
    """ProtoHEFHef with a header (architecture, SDK version) and one network with an input and an output."""

    def layer(output, name, shape):
        base = b"".join(field(number, size) for number, size in zip((1, 3, 5), shape, strict=True))
        info = field(1, name) + field(2, base)
        return field(2, field(1, output) + field(3, info))

    context = field(3, layer(0, b"net/input_layer1", (224, 224, 3)) + layer(1, b"net/fc1", (1, 1, 1000)))
    network = field(1, field(1, b"resnet")) + field(3, context)
    proto = field(1, field(1, arch) + field(3, b"3.28.0")) + field(2, network) if body is None else body
    head = struct.pack(">4sII", b"\x01HEF", version, len(proto))
    if version == 0:
        return head + bytes(4) + hashlib.md5(proto, usedforsecurity=False).digest() + proto
    trailer = {
        1: struct.pack(">IQI", 0, len(weights), 0),
        2: struct.pack(">QQQQ", 0, len(weights), 0, 0),
        3: struct.pack(">QQIQQQ", 0, len(weights), 0, 0, 0, 0),
    }[version]
    return head + trailer + proto + weights


def engine(version=(10, 3, 0, 26), body=b"\x01" * 2000, before=b"", kind=1):
    head = b"ftrt" + struct.pack("<IIIQ", 0, kind, 0, 28 + len(body)) + bytes(version)
    return before + head + body


def ultralytics(version="8.3.1"):
    text = json.dumps({"version": version, "task": "detect", "imgsz": [640, 640]}).encode()
    return engine(before=struct.pack("<I", len(text)) + text)


def blob(stages=3, magic=9709):
    def tensor(index, name, kind, shape_at, dims):
        padded = name.ljust(16, b"\0")
        return (
            struct.pack("<Iii", index, 0, len(padded)) + padded + struct.pack("<7I", kind, 0, dims, 0, shape_at, 0, 0)
        )

    head_size = 52 + 80
    given = tensor(0, b"image", 1, 0, 4)
    made = tensor(0, b"scores", 0, 16, 2)
    constants = struct.pack("<4I", 300, 300, 3, 1) + struct.pack("<2I", 1000, 1)
    places = (head_size, head_size + len(given), 0, head_size + len(given) + len(made))
    size = places[3] + len(constants)
    header = struct.pack("<20I", magic, size, 6, 0, 1, 1, stages, 0, 0, 1, 0, 6, 6, 1, 1, 1, *places)
    return b"\x7fELF".ljust(52, b"\0") + header + given + made + constants


def dxnn(npu="M1_8K", config=None, end=0):
    config = json.dumps({"compile_version": "2.0.1"} if config is None else config).encode()
    rmap = b"r" * 100
    data = {
        "compile_config": {"offset": 0, "size": len(config)},
        "compiled_data": {npu: {"npu_0": {"rmap": {"offset": len(config), "size": len(rmap) + end}}}},
    }
    head = b"DXNN" + struct.pack("<I", 7) + json.dumps({"data": data}).encode()
    return head.ljust(8192, b"\0") + config + rmap


def kmodel3(layers=2):
    bodies = b"".join(bytes([number + 1]) * 24 for number in range(layers))
    head = struct.pack("<7I", 3, 0, 0, layers, 0, 4096, 1) + struct.pack("<2I", 0, 40)
    return head + b"".join(struct.pack("<2I", 10240, 24) for _ in range(layers)) + bodies


def kmodel(version=6, modules=1, name=b"k230"):
    return struct.pack("<4s5I", b"LDMK", version, 0, 0, modules, 0) + name.ljust(16, b"\0") + b"\x05" * 200


def kmodel4(target=1, nodes=2, constants=b"c" * 16):
    head = struct.pack("<4s9I", b"LDMK", 4, 0, target, len(constants), 4096, nodes, 1, 1, 0)
    places = struct.pack("<4I", 2, 1, 0, 3584) + struct.pack("<4I", 1, 1, 28, 80) + struct.pack("<4I", 1, 0, 3584, 40)
    return head + places + constants + struct.pack("<2I", 8194, 24) * nodes + b"\6" * 24 * nodes


IMX500_INFO = (
    b"networkNum=1\ninputTensorWidth=320\ninputTensorHeight=240\ninputTensorFormat=RGB\noutputTensorNum=2\n"
    b"outputTensorDimSize1=400\noutputTensorDimSize2=1\noutputTensorBytesPerElement1=1\noutputTensorBytesPerElement2=2\n"
)


def rpk(parts=2, last=2000, end=b"TRAILER!!!", info=IMX500_INFO):
    """Parts of a mebibyte, the last one shorter, and a cpio archive."""

    def member(name, content):
        head = b"070701" + b"".join(b"%08X" % (len(content) if at == 6 else 0) for at in range(11))
        named = head + b"%08X" % (len(name) + 1) + b"%08X" % 0 + name + b"\0"
        return named + bytes(-len(named) % 4) + content + bytes(-len(content) % 4)

    made = b""
    for number in range(1, parts + 1):
        size = last if number == parts else (1 << 20) - 64
        head = b"9464" + struct.pack(">IHH", size, parts, number)
        made += head.ljust(64, b"\1") + b"\7" * (size - 4) + b"3695"
    return made + member(b"imx500_regs", b"r" * 30) + member(b"network_info.txt", info) + member(end, b"")


def flatbuffer(*texts, identifier=b""):
    """A root table of strings."""
    vtable = struct.pack(f"<HH{len(texts)}H", 4 + 2 * len(texts), 4 + 4 * len(texts), *range(4, 4 + 4 * len(texts), 4))
    vtable += bytes(-len(vtable) % 4)
    at = 4 + len(identifier) + len(vtable)
    behind = at + 4 + 4 * len(texts)
    table, strings = struct.pack("<i", len(vtable)), b""
    for number, text in enumerate(texts):
        table += struct.pack("<I", behind + len(strings) - (at + 4 + 4 * number))
        strings += struct.pack("<I", len(text)) + text + bytes(4 - len(text) % 4)
    return struct.pack("<I", at) + identifier + vtable + table + strings


def rknn(chip=b"rk3588", version=b"2.5.0", told=None, program=None):
    """A small file of the toolkit's for another chip and by another version; `program` and `told` change its parts."""
    made = gzip.decompress((DATA / "rknn/relu_rk3566_float.rknn.gz").read_bytes())
    size = int.from_bytes(made[16:24], "little")
    body, shape = bytearray(made[64 : 64 + size]), json.loads(made[72 + size :].rstrip(b"\0"))
    at = body.index(b"rk3566")
    body[at - 4 : at + 8] = struct.pack("<I", len(chip)) + chip.ljust(8, b"\0")
    at = body.index(b"2.5.0(")
    body[at : at + 5] = version
    body = bytes(body) if program is None else program(bytes(body))
    shape |= {"target_platform": [chip.decode()], "version": version.decode()}
    text = json.dumps(shape if told is None else told(shape)).encode()
    return struct.pack("<8sQQ40x", b"RKNN", 6, len(body)) + body + struct.pack("<Q", len(text)) + text


def cvimodel(chip=b"cv181x"):
    body = flatbuffer(b"1.4.0", b"net")
    head = b"CviModel" + struct.pack("<IBB", len(body), 1, 4) + hashlib.md5(body, usedforsecurity=False).digest()
    return head + chip.ljust(16, b"\0") + bytes(2) + body


def bmodel(chip=b"BM1684X"):
    body = flatbuffer(b"bmodel", b"2.2", b"Mon", chip)
    binary = b"b" * 64
    return struct.pack("<4s4I", b"\xee\xaa\x55\xff", 64, len(body), len(binary), 0).ljust(64, b"\0") + body + binary


def om(size=None, name=b"resnet50"):
    body = b"\x07" * 400
    head = struct.pack("<4sII64sI", b"IMOD", 256, 0x20000000, b"", len(body) if size is None else size)
    head += bytes(4) + name.ljust(32, b"\0") + bytes(4 + 32 + 4 + 4) + b"1.0".ljust(20, b"\0")
    return head.ljust(256, b"\0") + body


def nb(layers=5):
    head = struct.pack("<4sII64sI", b"VPMN", 0x00010016, 0x88, b"mobilenet", layers)
    return head + b"\x03" * 1000


def archive(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def dlc():
    metadata = "converter-version=2.26.0\nmodel-version=1\n"
    return archive(model__params=b"p" * 50, model=b"m" * 50, dlc__metadata=metadata)


def ncnn(layers=2):
    lines = ["7767517", f"{layers} 2", "Input data 0 1 data 0=8 1=8 2=3", "ReLU relu 1 1 data out"]
    return ("\n".join(lines) + "\n").encode()


def node(fields):
    """A table of a flatbuffer: by number each field's (bytes, place where what it refers to begins)."""
    count, slots = max(fields) + 1, dict(zip(sorted(fields), range(4, 4 + 4 * len(fields), 4), strict=True))
    size = 4 + 4 * len(fields)
    vtable = struct.pack(f"<HH{count}H", 4 + 2 * count, size, *(slots.get(number, 0) for number in range(count)))
    body, behind = struct.pack("<i", len(vtable)), b""
    for number, slot in slots.items():
        content, entry = fields[number]
        body += struct.pack("<I", size + len(behind) + entry - slot)
        behind += content
    return vtable + body + behind, len(vtable)


def nodes(*items):
    """A vector of such tables."""
    places, behind = b"", b""
    for number, (content, entry) in enumerate(items):
        places += struct.pack("<I", 4 * (len(items) - number) + len(behind) + entry)
        behind += content
    return struct.pack("<I", len(items)) + places + behind, 0


def word(text):
    return struct.pack("<I", len(text)) + text + b"\0", 0


def espdl(target=b"esp32p4", magic=b"EDL2", encrypted=0, operators=2):
    named = nodes(node({0: word(b"x")}))
    graph = node(
        {0: nodes(*[node({3: word(b"Relu")})] * operators), 2: nodes(node({6: word(b"w")})), 4: named, 5: named}
    )
    content, entry = node({7: graph, 8: nodes(node({0: word(b"target"), 1: word(target)}))})
    body = struct.pack("<I", 4 + entry) + content
    return magic + struct.pack("<II", encrypted, len(body)) + (bytes(4) if magic == b"EDL2" else b"") + body


def kmodel5(modules=2):
    head = struct.pack("<4s7I", b"LDMK", 5, 32, 0, 8, modules, 0, 0)
    module = b"stackvm".ljust(16, b"\0") + struct.pack("<3I", 1, 48, 160)
    return head + module.ljust(160, b"\5") * modules


def dla(version=b"9.2.1"):
    told = b'{"CompilerName": "adapter", "CompilerVersion": "%s", "Neuron SHA1": "b3a8289961"}' % version
    return b"\x7f\1\0\2" * 40 + told + b"\3" * 300


BUILT = {
    "net.espdl": espdl(),
    "old.espdl": espdl(b"c", b"EDL1"),
    "k210v4.kmodel": kmodel4(),
    "k210v5.kmodel": kmodel5(),
    "net.dla": dla(),
    "other.dla": b"\1\0" * 200,
    "net.axmodel": b"\1\0" * 200,
    "net.nef": b"\1\0" * 200,
    "net.har": b"\1\0" * 200,
    "net.rpk": rpk(),
    "net.cambricon": b"\x7fMEF" + b"\1" * 200,
    "hailo8l.hef": hef(),
    "v1.hef": hef(1),
    "v2.hef": hef(2),
    "v3.hef": hef(3),
    "trt.engine": engine(),
    "yolo.engine": ultralytics(),
    "oak.blob": blob(),
    "m1.dxnn": dxnn(),
    "k210.kmodel": kmodel3(),
    "k230.kmodel": kmodel(),
    "net.cvimodel": cvimodel(),
    "net.bmodel": bmodel(),
    "net.om": om(),
    "net.nb": nb(),
    "net.dlc": dlc(),
    "net.rknn": rknn(),
}
