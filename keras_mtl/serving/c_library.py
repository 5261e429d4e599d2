"""Loading and running a SavedModel as TensorFlow Serving does.

Through the C library that the TensorFlow wheel carries, with neither
tensorflow nor keras imported: what answers here needs no Python code of the
model's.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_mtl.serving.wire import read_fields

__all__ = ["CSession", "TensorInfo"]

_FLOAT, _INT32, _STRING, _INT64 = 1, 3, 7, 9
_DTYPES: dict[int, np.dtype] = {
    _FLOAT: np.dtype("float32"),
    _INT32: np.dtype("int32"),
    _INT64: np.dtype("int64"),
}
# sizeof(TF_TString), tensorflow/core/platform/ctstring_internal.h.
_STRING_SIZE = 24


@dataclass(frozen=True)
class TensorInfo:
    """What a signature says of one tensor.

    Attributes:
        name: The tensor's name in the graph.
        dtype: `"float32"`, `"int32"`, `"int64"` or `"string"`.
        shape: The sizes, -1 for any; None for any rank.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class CSignature:
    """One signature of a SavedModel."""

    method: str
    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


class _Buffer(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    ]


class _Output(ctypes.Structure):
    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


class CSession:
    """A SavedModel in a session of the C library.

    Args:
        folder: The version's folder.

    Raises:
        RuntimeError: When TensorFlow cannot load it; with its message.

    Attributes:
        signatures: The model's signatures by name.

    Example:

    ```python
    session = CSession("serving/heart_disease/1")
    answer = session.run("serving_default", {"age": [63.0], "sex": ["male"]})
    answer["heart"], answer["heart_class"]
    ```
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._library = library = _load_library()
        self._status = library.TF_NewStatus()
        self._graph = library.TF_NewGraph()
        meta_graph = library.TF_NewBuffer()
        tags = (ctypes.c_char_p * 1)(b"serve")
        self._session = library.TF_LoadSessionFromSavedModel(
            library.TF_NewSessionOptions(),
            None,
            os.fsencode(folder),
            tags,
            1,
            self._graph,
            meta_graph,
            self._status,
        )
        self._check()
        buffer = ctypes.cast(meta_graph, ctypes.POINTER(_Buffer)).contents
        self.signatures = _read_signatures(ctypes.string_at(buffer.data, buffer.length))

    def run(
        self, signature: str, inputs: Mapping[str, object]
    ) -> dict[str, np.ndarray]:
        """Answers one request.

        Args:
            signature: The signature's name.
            inputs: By input name, values that make an array.

        Returns:
            By output name, an array; texts as objects of type bytes.

        Raises:
            KeyError: When an input is absent.
            RuntimeError: When TensorFlow cannot answer; with its message.
        """
        library, called = self._library, self.signatures[signature]
        fed = [
            self._tensor(inputs[name], info.dtype)
            for name, info in called.inputs.items()
        ]
        feeds = [self._output(info) for info in called.inputs.values()]
        fetches = [self._output(info) for info in called.outputs.values()]
        results = (ctypes.c_void_p * len(fetches))()
        library.TF_SessionRun(
            ctypes.c_void_p(self._session),
            None,
            (_Output * len(feeds))(*feeds),
            (ctypes.c_void_p * len(fed))(*fed),
            len(fed),
            (_Output * len(fetches))(*fetches),
            results,
            len(fetches),
            None,
            0,
            None,
            ctypes.c_void_p(self._status),
        )
        for tensor in fed:
            library.TF_DeleteTensor(tensor)
        self._check()
        return {
            name: self._array(tensor)
            for name, tensor in zip(called.outputs, results, strict=True)
        }

    def _check(self) -> None:
        if self._library.TF_GetCode(self._status):
            raise RuntimeError(self._library.TF_Message(self._status).decode())

    def _output(self, info: TensorInfo) -> _Output:
        name, _, index = info.name.partition(":")
        operation = self._library.TF_GraphOperationByName(self._graph, name.encode())
        return _Output(operation, int(index or 0))

    def _tensor(self, values: object, dtype: str) -> int:
        library = self._library
        if dtype == "string":
            array = np.asarray(values, dtype=object)
            tensor = self._allocate(_STRING, array.shape, array.size * _STRING_SIZE)
            start = library.TF_TensorData(tensor)
            for index, text in enumerate(array.reshape(-1)):
                encoded = text if isinstance(text, bytes) else str(text).encode()
                place = ctypes.c_void_p(start + index * _STRING_SIZE)
                library.TF_StringInit(place)
                library.TF_StringCopy(place, encoded, len(encoded))
            return tensor
        array = np.ascontiguousarray(values, dtype=dtype)
        code = next(code for code, known in _DTYPES.items() if known == array.dtype)
        tensor = self._allocate(code, array.shape, array.nbytes)
        ctypes.memmove(library.TF_TensorData(tensor), array.ctypes.data, array.nbytes)
        return tensor

    def _allocate(self, code: int, shape: tuple[int, ...], size: int) -> int:
        sizes = (ctypes.c_int64 * len(shape))(*shape)
        return self._library.TF_AllocateTensor(code, sizes, len(shape), size)

    def _array(self, tensor: int) -> np.ndarray:
        library = self._library
        shape = [
            library.TF_Dim(tensor, axis) for axis in range(library.TF_NumDims(tensor))
        ]
        code, start = library.TF_TensorType(tensor), library.TF_TensorData(tensor)
        if code == _STRING:
            texts = np.empty(int(np.prod(shape)), dtype=object)
            for index in range(texts.size):
                place = ctypes.c_void_p(start + index * _STRING_SIZE)
                texts[index] = ctypes.string_at(
                    library.TF_StringGetDataPointer(place),
                    library.TF_StringGetSize(place),
                )
            array = texts.reshape(shape)
        else:
            content = ctypes.string_at(start, library.TF_TensorByteSize(tensor))
            array = np.frombuffer(content, dtype=_DTYPES[code]).reshape(shape)
        library.TF_DeleteTensor(tensor)
        return array


def _read_signatures(meta_graph: bytes) -> dict[str, CSignature]:
    """Reads MetaGraphDef.signature_def, tensorflow/core/protobuf/meta_graph.proto."""
    signatures = {}
    for entry in read_fields(meta_graph)[5]:
        name, message = _entry(entry)
        if name.startswith("__"):
            # The model's own initialisation, which no request asks for.
            continue
        signature = read_fields(message)
        signatures[name] = CSignature(
            method=signature[3][0].decode() if signature[3] else "",
            inputs=dict(_tensor_info(item) for item in signature[1]),
            outputs=dict(_tensor_info(item) for item in signature[2]),
        )
    return signatures


def _tensor_info(entry: bytes) -> tuple[str, TensorInfo]:
    name, message = _entry(entry)
    info = read_fields(message)
    dtype = "string" if info[2][0] == _STRING else _DTYPES[info[2][0]].name
    shape = read_fields(info[3][0])
    sizes = [read_fields(size)[1][0] for size in shape[2]]
    # A size of -1 is written as the unsigned number of the same bits.
    signed = tuple(size - 2**64 if size >> 63 else size for size in sizes)
    return name, TensorInfo(info[1][0].decode(), dtype, None if shape[3] else signed)


def _entry(message: bytes) -> tuple[str, bytes]:
    fields = read_fields(message)
    return fields[1][0].decode(), fields[2][0] if fields[2] else b""


def _load_library() -> ctypes.CDLL:
    found = importlib.util.find_spec("tensorflow")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("tensorflow is not installed: pip install tensorflow")
    folder = Path(found.submodule_search_locations[0])
    names = ("libtensorflow_cc.so.2", "libtensorflow_cc.2.dylib")
    paths = [folder / name for name in names if (folder / name).exists()]
    if not paths:
        raise FileNotFoundError(
            f"Expected TensorFlow's C library in {folder}. Received: none of "
            f"{', '.join(names)}."
        )
    library = ctypes.CDLL(str(paths[0]))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures: dict[str, tuple] = {
        "TF_NewStatus": (pointer,),
        "TF_NewGraph": (pointer,),
        "TF_NewBuffer": (pointer,),
        "TF_NewSessionOptions": (pointer,),
        "TF_GetCode": (number, pointer),
        "TF_Message": (text, pointer),
        "TF_LoadSessionFromSavedModel": (
            pointer,
            pointer,
            pointer,
            text,
            pointer,
            number,
            pointer,
            pointer,
            pointer,
        ),
        "TF_GraphOperationByName": (pointer, pointer, text),
        "TF_AllocateTensor": (pointer, number, pointer, number, ctypes.c_size_t),
        "TF_DeleteTensor": (None, pointer),
        "TF_TensorData": (pointer, pointer),
        "TF_TensorByteSize": (ctypes.c_size_t, pointer),
        "TF_TensorType": (number, pointer),
        "TF_NumDims": (number, pointer),
        "TF_Dim": (ctypes.c_int64, pointer, number),
        "TF_StringInit": (None, pointer),
        "TF_StringCopy": (None, pointer, text, ctypes.c_size_t),
        "TF_StringGetDataPointer": (pointer, pointer),
        "TF_StringGetSize": (ctypes.c_size_t, pointer),
    }
    for name, (result, *arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.TF_SessionRun.restype = None
    return library
