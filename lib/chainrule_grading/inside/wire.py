"""Plain data between the grader and a learner's process: a JSON header and raw array bytes, nothing that can run.

Both sides use this file. The grader's side trusts nothing that it reads: sizes, depth, types and shapes are checked
before memory is taken, and whatever is not plain data arrives as an `Opaque` that only has the name of its type.
"""
import itertools
import json
import math
import struct
import time

import numpy as np

HEADER, TOTAL, NODES, DEPTH, DIGITS = 1_000_000, 64_000_000, 50_000, 16, 4096
DTYPES = {np.dtype(t).str for t in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "g", "F",
                                    "D", "G")}
LENGTHS = struct.Struct("<QQ")


class Refused(ValueError):
    """What was received is not what this format allows."""


class Opaque:
    """Stands for a value that does not travel; all that is known of it is the name of its type."""
    __slots__ = ()


def opaque(name):
    """An Opaque whose type has this name, so that a message can say what came."""
    return type(name if name.isidentifier() and len(name) < 60 else "object", (Opaque,), {"__slots__": ()})()


# ---------------------------------------------------------------- values → (JSON tree, buffers) → values

def encode(value):
    """A value as (tree, buffers); what is not plain becomes an opaque mark."""
    buffers = []
    return _encode(value, buffers, 0), buffers


def _encode(value, buffers, depth):
    kind = type(value)
    if value is None or kind in (bool, str, float):
        return value
    if kind is int:
        return value if abs(value) < 2**53 else {"i": hex(value)} if value.bit_length() <= DIGITS else {"x": "int"}
    if kind is complex:
        return {"c": [value.real, value.imag]}
    if depth < DEPTH:
        if isinstance(value, (list, tuple)):
            return {"l" if isinstance(value, list) else "t": [_encode(v, buffers, depth + 1) for v in value]}
        if isinstance(value, dict):
            return {"d": [[_encode(k, buffers, depth + 1), _encode(v, buffers, depth + 1)] for k, v in value.items()]}
        if isinstance(value, np.ndarray) and value.dtype == object:
            return {"o": [list(value.shape), [_encode(v, buffers, depth + 1) for v in value.ravel().tolist()]]}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.newbyteorder("=").str in DTYPES:
        array = np.asarray(value).astype(value.dtype.newbyteorder("="), copy=False)
        buffers.append(array.tobytes())
        return {"a": [array.dtype.str, list(array.shape), isinstance(value, np.generic)]}
    for plain in (bool, int, float, complex, str):           # a subclass travels as what it extends
        if isinstance(value, plain):
            return _encode(plain(value), buffers, depth + 1) if depth < DEPTH else {"x": kind.__name__}
    return {"x": kind.__name__}


def decode(tree, buffers):
    """The value that `encode` had; Refused for anything that it cannot have made."""
    buffers, budget = iter(buffers), [NODES]
    try:
        value = _decode(tree, buffers, 0, budget)
    except (TypeError, ValueError, KeyError, OverflowError, StopIteration, MemoryError) as wrong:
        raise Refused(f"not plain data ({type(wrong).__name__})") from None
    if next(buffers, None) is not None:
        raise Refused("more bytes than values")
    return value


def _decode(tree, buffers, depth, budget):
    budget[0] -= 1
    if depth > DEPTH + 1 or budget[0] < 0:
        raise Refused("nested too deeply, or too many values")
    if type(tree) is str:
        return tree if tree.isascii() else tree.encode("utf-8", "replace").decode()      # no half characters
    if tree is None or type(tree) in (bool, float, int):
        return tree
    if type(tree) is not dict or len(tree) != 1:
        raise Refused("unknown mark")
    (mark, content), = tree.items()

    def each(items):
        if type(items) is not list:
            raise Refused("not a list")
        return [_decode(item, buffers, depth + 1, budget) for item in items]

    match mark:
        case "i":
            if len(content) > DIGITS:
                raise Refused("a number too large")
            return int(content, 16)
        case "c":
            real, imag = content
            return complex(float(real), float(imag))
        case "l":
            return each(content)
        case "t":
            return tuple(each(content))
        case "d":
            return dict(map(each, content))
        case "o":
            shape, items = content
            array = np.empty(_size(shape), object)
            if array.size != len(items):
                raise Refused("an array of another size")
            array.ravel()[:] = [None] * array.size
            flat = array.reshape(-1)
            for k, item in enumerate(each(items)):
                flat[k] = item
            return array
        case "a":
            return _array(*content, next(buffers))
        case "x":
            return opaque(str(content))
    raise Refused("unknown mark")


def _size(shape):
    if type(shape) is not list or len(shape) > 16 or not all(type(s) is int and 0 <= s <= TOTAL for s in shape):
        raise Refused("not a shape")
    return tuple(shape)


def _array(dtype, shape, scalar, data):
    shape = _size(shape)
    if dtype not in DTYPES or math.prod(shape) * np.dtype(dtype).itemsize != len(data):
        raise Refused("an array of another type or size")
    array = np.frombuffer(data, np.uint8) != 0 if dtype == "|b1" else np.frombuffer(data, dtype)
    array = array.reshape(shape).copy()
    return array[()] if scalar is True and not shape else array


# ---------------------------------------------------------------- messages over a socket

def send(sock, value):
    """Write one message; the socket's time-out is that of the whole message."""
    tree, buffers = encode(value)
    header = json.dumps([tree, [len(b) for b in buffers]]).encode()
    if len(header) > HEADER or len(header) + sum(map(len, buffers)) > TOTAL:
        raise Refused("the message is too large")
    sock.sendall(LENGTHS.pack(len(header), sum(map(len, buffers))) + header + b"".join(buffers))


def receive(sock, seconds=None):
    """Read one message; EOFError at the end, TimeoutError after `seconds` for all of it, Refused if malformed."""
    deadline = None if seconds is None else time.monotonic() + seconds
    size, rest = LENGTHS.unpack(_exactly(sock, LENGTHS.size, deadline))
    if size > HEADER or size + rest > TOTAL:
        raise Refused("the message is too large")
    whole = memoryview(_exactly(sock, size + rest, deadline))
    header, data = bytes(whole[:size]), whole[size:]
    try:
        tree, lengths = json.loads(header)
        if not all(type(n) is int and n >= 0 for n in lengths) or sum(lengths) != rest:
            raise Refused("the lengths do not add up")
    except (ValueError, TypeError, RecursionError) as wrong:
        raise Refused(f"not a message ({type(wrong).__name__})") from None
    starts = [0, *itertools.accumulate(lengths)]
    return decode(tree, [data[a:b] for a, b in itertools.pairwise(starts)])


def _exactly(sock, count, deadline):
    parts, missing = [], count
    while missing:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
        part = sock.recv(min(missing, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
