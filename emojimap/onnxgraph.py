"""What an ONNX file says about its graph, read from its bytes without the package `onnx`.

An ONNX file is one protobuf message. Only names and operators are read here; ONNX Runtime checks
the rest. Messages that follow each other are merged when they are read, so that a tensor becomes an
output by what is put behind the file.

References
----------
.. [1] Protocol Buffers, "Encoding": wire types, and last one wins / merging of messages.
.. [2] ONNX, ``onnx.proto``: field numbers of ModelProto, GraphProto, NodeProto, ValueInfoProto.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

Buffer: TypeAlias = "bytes | memoryview"

_GRAPH = 7  # of a model
_NODE, _OUTPUT = 1, 12  # of a graph
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATOR = 1, 2, 4
_NAME = 1  # of an output
_WIDTH = {1: 8, 5: 4}  # bytes of the fixed wire types
_DELIMITED = 2

_WEIGHTED = {"Conv", "Gemm", "MatMul", "ConvInteger", "QLinearConv", "FusedConv"}
_NORMALISING = {"Sub", "Add", "Mul", "Div", "BatchNormalization", "InstanceNormalization"}


@dataclass(frozen=True)
class Node:
    """One operation of a graph.

    Parameters
    ----------
    operator : str
        ``Conv``, for instance.
    inputs, outputs : tuple of str
        Names of tensors.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """What a file computes.

    Parameters
    ----------
    nodes : tuple of Node
        In the file's order.
    outputs : tuple of str
        Tensors that it gives.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]

    @property
    def tensors(self) -> list[str]:
        """Names of all that the nodes give; what an operator leaves out has none."""
        return [name for node in self.nodes for name in node.outputs if name]


def read(content: Buffer) -> Graph:
    """Read the graph of a file.

    Parameters
    ----------
    content : bytes
        The file.

    Returns
    -------
    Graph
        Operations and outputs.

    Raises
    ------
    ValueError
        If the bytes are no such message.
    """
    nodes: list[Node] = []
    outputs: list[str] = []
    for number, graph in _fields(memoryview(content)):
        for kind, body in _fields(graph) if number == _GRAPH else ():
            if kind == _NODE:
                nodes.append(_node(body))
            elif kind == _OUTPUT:
                outputs += [bytes(text).decode() for name, text in _fields(body) if name == _NAME]
    return Graph(tuple(nodes), tuple(outputs))


def exposing(content: bytes, tensor: str) -> bytes:
    """Make a tensor an output of a file, after those it has.

    Parameters
    ----------
    content : bytes
        The file.
    tensor : str
        Name of a node's output.

    Returns
    -------
    bytes
        The new file.
    """
    output = _delimited(_OUTPUT, _delimited(_NAME, tensor.encode()))
    return content + _delimited(_GRAPH, output)


def keeping(content: bytes, outputs: Collection[str]) -> bytes:
    """Drop outputs of a file, and what led to them alone.

    Parameters
    ----------
    content : bytes
        The file.
    outputs : collection of str
        Names of those to keep.

    Returns
    -------
    bytes
        The new file.

    Raises
    ------
    ValueError
        If the bytes are no such message.
    """
    needed = _needed(read(content), outputs)
    kept = []
    for number, whole, body in _spans(memoryview(content)):
        if number == _GRAPH:
            parts = [part for kind, part, one in _spans(body) if _stays(kind, one, needed)]
            kept.append(_delimited(_GRAPH, b"".join(parts)))
        else:
            kept.append(bytes(whole))
    return b"".join(kept)


def _needed(graph: Graph, outputs: Collection[str]) -> set[str]:
    """Names of all tensors that some outputs come from; a graph's nodes are in order."""
    needed = set(outputs)
    for node in reversed(graph.nodes):
        if not needed.isdisjoint(node.outputs):
            needed.update(node.inputs)
    return needed


def _stays(kind: int, body: memoryview, needed: set[str]) -> bool:
    if kind == _NODE:
        return not needed.isdisjoint(_node(body).outputs)
    if kind != _OUTPUT:
        return True
    return any(bytes(text).decode() in needed for name, text in _fields(body) if name == _NAME)


def normalises(graph: Graph, tensor: str) -> bool:
    """Tell whether a graph shifts or scales its input before the first layer with weights.

    Parameters
    ----------
    graph : Graph
        From `read`.
    tensor : str
        The input.

    Returns
    -------
    bool
        Such a network takes pixels as they are, 0..255.
    """
    for node in graph.nodes:
        if tensor not in node.inputs:
            continue
        if node.operator in _NORMALISING:
            return True
        if node.operator in _WEIGHTED or not node.outputs:
            return False
        tensor = node.outputs[0]
    return False


def _node(content: memoryview) -> Node:
    texts: dict[int, list[str]] = {_NODE_INPUT: [], _NODE_OUTPUT: [], _NODE_OPERATOR: []}
    for number, body in _fields(content):
        if number in texts:
            texts[number].append(bytes(body).decode())
    operator = texts[_NODE_OPERATOR][-1] if texts[_NODE_OPERATOR] else ""
    return Node(operator, tuple(texts[_NODE_INPUT]), tuple(texts[_NODE_OUTPUT]))


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Go through a message: number of each field and its bytes; empty for plain numbers."""
    for number, _, body in _spans(content):
        yield number, body


def _spans(content: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Go through a message: number of each field, the whole of it, and its bytes alone."""
    at = 0
    while at < len(content):
        start = at
        tag, at = _number(content, at)
        wire, size = tag & 7, 0
        if wire == _DELIMITED:
            size, at = _number(content, at)
        elif wire in _WIDTH:
            size = _WIDTH[wire]
        elif wire == 0:
            _, at = _number(content, at)
        else:
            raise ValueError(f"wire type {wire} at byte {at}")
        if at + size > len(content):
            raise ValueError(f"cut off at byte {len(content)}")
        yield tag >> 3, content[start : at + size], content[at : at + size]
        at += size


def _number(content: memoryview, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, lowest first, and where it ends."""
    value = 0
    for i, byte in enumerate(content[at : at + 10]):
        value |= (byte & 127) << (7 * i)
        if byte < 128:
            return value, at + i + 1
    raise ValueError(f"no number at byte {at}")


def _delimited(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | _DELIMITED) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
