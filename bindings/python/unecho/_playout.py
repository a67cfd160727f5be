"""What an agent is about to play, until the time at which it is played.

Synthesis is faster than playback, and when the user interrupts, what waits is never played. The
library's queue cannot give back what was pushed: here it is pushed just when the microphone has
reached it.
"""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING

from ._samples import as_int16, samples
from ._settings import whole

if TYPE_CHECKING:
    from ._samples import Samples

#: More than this many seconds cannot wait: the microphone has stopped.
SECONDS_MAX = 300

#: How late the next audio may be without a pause before it. The library's queue waits 100 ms, by
#: the hop: it is never left without far end for so long.
PATIENCE_MS = 80


class Playout:
    """What the loudspeaker plays, which comes sooner than it is played: the far end of an agent.

    ``rate`` in Hz and ``channels`` are those of what is played, and the ``far_rate`` and
    ``far_channels`` of the canceller. Pass it to ``Canceller.process`` as the far end::

        canceller = unecho.Canceller(rate=16000, far_rate=24000)
        playout = unecho.Playout(rate=24000)

        playout.play(speech)                        # where it goes to the loudspeaker, any length
        playout.interrupt()                         # where the loudspeaker drops what waits
        near = canceller.process(mic, playout)      # in the microphone's loop

    What is played begins to count with the next frame of microphone, and goes on without a gap as
    the microphone does; where nothing waits, it is silence. A pause of up to 80 ms in what comes
    counts as lateness, not as silence. Where frames of microphone are lost, process as many of
    silence: ``notify_gap`` would leave behind what was played meanwhile. If it is not known how
    many, ``interrupt`` when they come again: what waited has been played. Any thread may call; one
    Playout serves one canceller.

    >>> from unecho import Canceller
    >>> playout = Playout(24000)
    >>> playout.play(bytes(2 * 24000))                  # a second, int16
    >>> with Canceller(16000, far_rate=24000) as canceller:
    ...     near = canceller.process(bytes(2 * 320), playout)           # 20 ms
    >>> playout.waiting                                 # 980 ms
    23520
    >>> playout.interrupt()
    >>> playout.waiting
    0
    """

    def __init__(self, rate: int, channels: int = 1) -> None:
        self._rate = whole("rate", rate, least=1)
        self._channels = whole("channels", channels, least=1)
        self._bytes = bytearray()
        self._lock = threading.Lock()
        self._held = False
        # How much far end the microphone has been ahead of, in frames * _mic_rate.
        self._due = 0
        self._mic_rate = 0
        # Nothing is being played: what comes next is played when it comes, not late.
        self._idle = True

    @property
    def rate(self) -> int:
        """Of what is played, in Hz."""
        return self._rate

    @property
    def channels(self) -> int:
        """Of what is played."""
        return self._channels

    @property
    def waiting(self) -> int:
        """How many frames have not been played yet."""
        with self._lock:
            return len(self._bytes) // (2 * self._channels)

    def play(self, audio: Samples) -> None:
        """Add what is played after what waits: samples as for Canceller.process, any number.

        It is kept in 16 bits. More than 300 s cannot wait: the microphone has stopped, and all of
        it is dropped, with a warning.
        """
        new = as_int16(samples("audio", audio, self._channels)).tobytes()
        with self._lock:
            self._bytes += new
            dropped = len(self._bytes) > 2 * self._channels * self._rate * SECONDS_MAX
            if dropped:
                self._bytes.clear()
        if dropped:
            warnings.warn(f"more than {SECONDS_MAX} s wait to be played and are dropped: does the "
                          f"microphone still run?", RuntimeWarning, stacklevel=2)

    def interrupt(self) -> None:
        """Forget what waits: it is never played."""
        with self._lock:
            self._bytes.clear()
            self._idle = True

    def pause(self, dropped_ms: int = 0) -> None:
        """Play nothing until ``resume``; the first ``dropped_ms`` of what waits are never played.

        Some audio outputs drop what they hold when they are paused.
        """
        dropped = self._rate * whole("dropped_ms", dropped_ms) // 1000
        with self._lock:
            if not self._held:
                del self._bytes[:2 * self._channels * dropped]
            self._held = self._idle = True

    def resume(self) -> None:
        """Play the rest."""
        with self._lock:
            self._held = False

    # ---- Inside the package -------------------------------------------------------------------

    def _take(self, frames: int, rate: int) -> bytes:
        """What is played while the microphone records that many frames at that rate."""
        frame = 2 * self._channels
        with self._lock:
            if rate != self._mic_rate:
                self._due, self._mic_rate = 0, rate
            due = self._due + frames * self._rate
            wanted = due // rate
            taken = b"" if self._held else bytes(self._bytes[:frame * wanted])
            del self._bytes[:len(taken)]
            if taken:
                self._idle = False
            late = due - len(taken) // frame * rate
            if self._idle or late * 1000 > PATIENCE_MS * rate * self._rate:
                taken += bytes(frame * wanted - len(taken))
                self._idle = True
            self._due = due - len(taken) // frame * rate
            return taken
