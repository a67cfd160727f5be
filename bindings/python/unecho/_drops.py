"""Notices that the library's queue has dropped far end.

The library counts it, and tells at once; but it is asked only where enough has been pushed for the
answer to have changed, so that an ordinary call pays for a subtraction.
"""

from __future__ import annotations

import ctypes
import warnings
from ctypes import byref, c_void_p

from ._library import StatsStruct, library


class Drops:
    """Of the stream of that handle, whose queue holds so many frames."""

    def __init__(self, handle: c_void_p, queue_ms: int, rate: int) -> None:
        self._handle = handle
        self._queue_ms = queue_ms
        self._stats = StatsStruct(size=ctypes.sizeof(StatsStruct))
        self._told = False
        queue = queue_ms * rate // 1000
        #: How many frames go through in one piece: what drops none.
        self.piece = queue // 4
        #: How many more frames may be pushed before it is worth asking.
        self.left = queue

    def found(self) -> bool:
        """Whether there are drops that nobody has been told of; the stream is not in use."""
        self.left = self.piece
        if self._told:
            return False
        library.unecho_get_stats(self._handle, byref(self._stats))
        self._told = self._stats.far_dropped_frames > 0
        return self._told

    def warn(self) -> None:
        """Tell the caller of a method of the canceller; no lock is held."""
        warnings.warn(
            f"{self._stats.far_dropped_frames} frames of far end are dropped, whose echo stays: "
            f"more than {self._queue_ms} ms (far_queue_ms) waited for the microphone. Push far end "
            f"at the pace at which it is played, or pass an unecho.Playout to process",
            RuntimeWarning, stacklevel=3)
