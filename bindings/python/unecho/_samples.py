"""Turns what callers pass as samples into addresses and counts of frames."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

INT16 = np.dtype(np.int16)
FLOAT32 = np.dtype(np.float32)


class Samples:
    """Frames in memory: ``array`` is contiguous, ``raw`` says that the caller gave bytes."""

    __slots__ = ("array", "frames", "raw")

    def __init__(self, array: np.ndarray, frames: int, raw: bool) -> None:
        self.array = array
        self.frames = frames
        self.raw = raw

    @property
    def address(self) -> int:
        return self.array.ctypes.data


def samples(name: str, given: Any, channels: int) -> Samples:
    """Check and describe an argument of that name."""
    if isinstance(given, np.ndarray):
        return _from_array(name, given, channels)
    if isinstance(given, (bytes, bytearray, memoryview)):
        return _from_bytes(name, given, channels)
    raise TypeError(f"{name} is {type(given).__name__}: expected a numpy array of int16 or float32, "
                    f"or bytes of int16 samples")


def _from_array(name: str, array: np.ndarray, channels: int) -> Samples:
    if array.dtype != INT16 and array.dtype != FLOAT32:
        raise TypeError(f"{name} has samples of {array.dtype}: expected int16 or float32")
    shape = array.shape
    if not (len(shape) == 2 and shape[1] == channels or len(shape) == 1 and channels == 1):
        expected = "(frames,)" if channels == 1 else f"(frames, {channels})"
        raise ValueError(f"{name} has the shape {shape}: expected {expected}")
    if not array.flags.c_contiguous or not array.flags.aligned:
        array = np.array(array, order="C")
    return Samples(array, shape[0], False)


def _from_bytes(name: str, given: Any, channels: int) -> Samples:
    if isinstance(given, memoryview):
        if given.format not in ("B", "b", "c", "h"):
            raise TypeError(f"{name} is a memoryview of format {given.format!r}: expected bytes or "
                            f"'h' (int16)")
        if not given.c_contiguous:
            raise ValueError(f"{name} is a memoryview that is not contiguous")
    size = given.nbytes if isinstance(given, memoryview) else len(given)
    if size % (2 * channels):
        raise ValueError(f"{name} has {size} bytes: expected a multiple of {2 * channels} "
                         f"({channels} x int16)")
    return Samples(np.frombuffer(given, INT16), size // (2 * channels), True)


def output(mic: Samples, far: Optional[Samples], out: Any, channels: int) -> Samples:
    """Where the near end goes: into ``out``, or into new memory of the microphone's shape."""
    if out is None:
        return Samples(np.empty_like(mic.array, subok=False), mic.frames, mic.raw)
    target = samples("out", out, channels)
    if target.array.dtype != mic.array.dtype or target.frames != mic.frames:
        raise ValueError(f"out takes {target.frames} frames of {target.array.dtype}: expected "
                         f"{mic.frames} of {mic.array.dtype}, as in mic")
    if not target.array.flags.writeable:
        raise ValueError("out cannot be written to")
    if target.array is not out and isinstance(out, np.ndarray):
        raise ValueError("out is not contiguous")
    for name, other in (("mic", mic), ("far", far)):
        if other is None or not np.may_share_memory(target.array, other.array):
            continue
        same = target.address == other.address and target.array.nbytes == other.array.nbytes
        if not same:
            raise ValueError(f"out overlaps {name}: expected the same memory or other memory")
    return target


def result(target: Samples, out: Any) -> Any:
    if out is not None:
        return out
    return target.array.tobytes() if target.raw else target.array
