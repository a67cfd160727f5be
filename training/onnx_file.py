"""The little of ONNX that the post-filter needs, without a dependency: a file from nodes and arrays, and the arrays of a file."""
import struct

import numpy as np

FLOAT, INT64 = 1, 7


def varint(n):
    out = bytearray()
    while n >= 128:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def field(number, value):
    """An integer, or bytes (a string or a message) with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def node(op, inputs, outputs, **attributes):
    message = b''.join(field(1, x) for x in inputs) + b''.join(field(2, x) for x in outputs)
    message += field(3, outputs[0]) + field(4, op)
    for name, value in attributes.items():
        message += field(5, field(1, name) + field(3, value) + field(20, 2))
    return message


def tensor(name, array):
    array = np.asarray(array)
    kind = INT64 if array.dtype.kind == 'i' else FLOAT
    raw = array.astype('<i8' if kind == INT64 else '<f4').tobytes()
    return b''.join(field(1, d) for d in array.shape) + field(2, kind) + field(8, name) + field(9, raw)


def port(name, shape):
    dims = b''.join(field(1, field(1, d)) for d in shape)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, dims)))


def write(path, producer, nodes, arrays, inputs, outputs):
    """nodes: of node(); arrays: {name: array}; inputs, outputs: {name: shape}."""
    graph = b''.join(field(1, n) for n in nodes) + field(2, 'unecho')
    graph += b''.join(field(5, tensor(*a)) for a in arrays.items())
    graph += b''.join(field(11, port(*p)) for p in inputs.items())
    graph += b''.join(field(12, port(*p)) for p in outputs.items())
    with open(path, 'wb') as file:
        file.write(field(1, 7) + field(2, producer) + field(7, graph) + field(8, field(1, '') + field(2, 13)))


def fields(message):
    at = 0

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = message[at]
            at += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n
    while at < len(message):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
        elif key & 7 == 2:
            size = number()
            yield key >> 3, message[at:at + size]
            at += size
        elif key & 7 == 5:
            yield key >> 3, struct.unpack_from('<I', message, at)[0]
            at += 4
        else:
            raise ValueError(f'wire type {key & 7} at byte {at}')


def arrays(path):
    """{name: array} of the float32 tensors with raw data."""
    found = {}
    with open(path, 'rb') as file:
        graph = next(value for number, value in fields(file.read()) if number == 7)
    for number, message in fields(graph):
        if number != 5:
            continue
        parts = list(fields(message))
        kind, name, raw = (next((v for n, v in parts if n == wanted), None) for wanted in (2, 8, 9))
        shape = []
        for n, v in parts:
            if n == 1:
                shape += [v] if isinstance(v, int) else [d for d in v]
        if kind == FLOAT and raw is not None:
            found[bytes(name).decode()] = np.frombuffer(raw, '<f4').reshape(shape)
    return found
