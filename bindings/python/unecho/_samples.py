"""Turns what callers pass as samples into arrays whose memory the library can use.

The network's weights evict the interpreter from the processor's caches in every call: what runs for
every chunk makes few objects.
"""

from __future__ import annotations

import sys
from ctypes import addressof, c_char
from typing import TYPE_CHECKING, Any, Optional, TypeVar, Union

import numpy as np
from numpy import ndarray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Buffer = Union[bytes, bytearray, memoryview]
    Samples = Union[Array, Buffer]
    Sample = TypeVar("Sample", np.int16, np.float32)

INT16 = np.dtype(np.int16)
FLOAT32 = np.dtype(np.float32)

#: Before the type in a memoryview's format, as ctypes writes it: the order of this machine.
_NATIVE_ORDER = "@=" + ("<" if sys.byteorder == "little" else ">")


def samples(name: str, given: Any, channels: int) -> Array:
    """A contiguous array of an argument of that name, whose size is a multiple of channels."""
    if not isinstance(given, ndarray):
        return _from_bytes(name, given, channels)
    if given.dtype != INT16 and given.dtype != FLOAT32:
        raise TypeError(f"{name} has samples of {given.dtype}: expected int16 or float32")
    shape = given.shape
    if not (len(shape) == 1 and channels == 1 or len(shape) == 2 and shape[1] == channels):
        expected = "(frames,)" if channels == 1 else f"(frames, {channels})"
        raise ValueError(f"{name} has the shape {shape}: expected {expected}")
    flags = given.flags
    return given if flags.c_contiguous and flags.aligned else np.array(given, order="C")


def address(array: Array) -> int:
    if array.flags.writeable and array.size:
        return addressof(c_char.from_buffer(array.data))  # a quarter of the time of the other way
    return int(array.__array_interface__["data"][0])


def pointer(given: Any, array: Array) -> Any:
    """What ctypes passes as the address of an argument that became that array."""
    return given if type(given) is bytes else address(array)


def _from_bytes(name: str, given: Any, channels: int) -> Array:
    if isinstance(given, memoryview):
        if given.format.lstrip(_NATIVE_ORDER) not in ("B", "b", "c", "h"):
            raise TypeError(f"{name} is a memoryview of format {given.format!r}: expected bytes or "
                            f"'h' (int16)")
        if not given.c_contiguous:
            raise ValueError(f"{name} is a memoryview that is not contiguous")
        size = given.nbytes
    elif isinstance(given, (bytes, bytearray)):
        size = len(given)
    else:
        raise TypeError(f"{name} is {type(given).__name__}: expected a numpy array of int16 or "
                        f"float32, or bytes of int16 samples")
    if size % (2 * channels):
        raise ValueError(f"{name} has {size} bytes: expected a multiple of {2 * channels} "
                         f"({channels} x int16)")
    return np.frombuffer(given, INT16)


def output(mic: Array, far: Optional[Array], out: Any, channels: int) -> Array:
    """Where the near end goes: into ``out``, or into new memory of the microphone's shape."""
    if out is None:
        return np.empty(mic.shape, mic.dtype)
    target = samples("out", out, channels)
    if target.dtype != mic.dtype or target.size != mic.size:
        raise ValueError(f"out takes {target.size // channels} frames of {target.dtype}: expected "
                         f"{mic.size // channels} of {mic.dtype}, as in mic")
    if not target.flags.writeable:
        raise ValueError("out cannot be written to")
    if target is not out and isinstance(out, ndarray):
        raise ValueError("out is not contiguous")
    for name, other in (("mic", mic), ("far", far)):
        if other is None or other is target or not np.may_share_memory(target, other):
            continue
        if address(target) != address(other) or target.nbytes != other.nbytes:
            raise ValueError(f"out overlaps {name}: expected the same memory or other memory")
    return target


def as_float(array: Array) -> Array:
    return array.astype(FLOAT32) / np.float32(32768) if array.dtype == INT16 else array


def as_int16(array: Array) -> Array:
    """Rounded to nearest, half a step up, and saturated, as the library does."""
    if array.dtype == INT16:
        return array
    # Limited first: the largest numbers would overflow, with a warning.
    scaled: Array = np.floor(np.clip(array, -1, 1) * np.float32(32768) + np.float32(0.5))
    return np.nan_to_num(np.minimum(scaled, 32767)).astype(INT16)
