"""What an agent is about to play, until the time at which it is played.

Synthesis is faster than playback, and when the user interrupts, what waits is never played. The
library's queue cannot give back what was pushed: here it is pushed just when the microphone has
reached it.
"""

from __future__ import annotations

import threading
from typing import Any

from ._canceller import Canceller

#: More than this many seconds cannot wait: the microphone has stopped.
SECONDS_MAX = 300

#: How long nothing may come before it counts as a pause, as in the library.
PATIENCE_MS = 100


class Playout:
    """Bytes of int16, ``rate`` in Hz. Any thread."""

    def __init__(self, rate: int, channels: int = 1) -> None:
        self.rate = rate
        self.channels = channels
        self._bytes = bytearray()
        self._held = False
        self._lock = threading.Lock()

    def fits(self, rate: int, channels: int) -> bool:
        return (self.rate, self.channels) == (rate, channels)

    def add(self, audio: Any) -> None:
        with self._lock:
            self._bytes += audio
            if len(self._bytes) > 2 * self.channels * self.rate * SECONDS_MAX:
                self._bytes.clear()

    def clear(self) -> None:
        with self._lock:
            self._bytes.clear()

    def pause(self, dropped_ms: int) -> None:
        """Hold back what waits, but for its beginning, which is dropped."""
        self.take(self.rate * dropped_ms // 1000)  # nothing, if it is paused already
        self._held = True

    def resume(self) -> None:
        self._held = False

    def take(self, frames: int) -> bytes:
        """At most that many frames."""
        size = 2 * self.channels * frames
        with self._lock:
            if self._held:
                return b""
            taken = bytes(self._bytes[:size])
            del self._bytes[:size]
            return taken


class Call:
    """A canceller that gets the far end from a Playout at the pace of the microphone."""

    def __init__(self, rate: int, channels: int, playout: Playout, **settings: Any) -> None:
        self.playout = playout
        self._canceller = Canceller(rate, channels, playout.rate, hops_at_once=1,
                                    far_channels=playout.channels, **settings)
        self.format = rate, channels
        # How much far end the microphone has been ahead of, in frames * rate.
        self._due = 0
        self._paused = True

    def process(self, mic: Any) -> bytes:
        """int16 in, as many bytes out."""
        heard = bytes(mic)
        canceller = self._canceller
        now = len(heard) // (2 * canceller.channels) * canceller.far_rate
        # After a pause the next audio is played when it comes; what only comes late catches up.
        self._due = now if self._paused else self._due + now
        far = self.playout.take(self._due // canceller.rate)
        self._due -= len(far) // (2 * canceller.far_channels) * canceller.rate
        self._paused = not far and (
            self._paused or self._due * 1000 > PATIENCE_MS * canceller.rate * canceller.far_rate)
        return canceller.process(heard, far)

    def fits(self, playout: Playout, rate: int, channels: int) -> bool:
        """Whether it serves this far end and this microphone."""
        return self.playout is playout and self.format == (rate, channels)

    @property
    def canceller(self) -> Canceller:
        return self._canceller

    def close(self) -> None:
        self._canceller.close()
