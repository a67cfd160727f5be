"""Echo cancellation for pipecat (pipecat-ai; written against 1.7.0).

A pipecat filter sees the microphone only. The far end is what the agent plays: a mixer at the
output's end of the pipeline sees it. Both belong together::

    echo = unecho.pipecat.EchoCanceller()
    params = TransportParams(audio_in_filter=echo.filter, audio_out_mixer=echo.mixer, ...)

Microphone and output may have different rates; both must be mono. Where the user's interruption
makes the transport drop what it has buffered, call ``echo.interrupt()`` when the InterruptionFrame
comes: what is dropped is never played, and has no echo.

A ``FilterUpdateSettingsFrame`` changes ``suppression``, ``noise_reduction_db`` and
``comfort_noise``; ``{"enable": False}`` lets the microphone through.
"""

from __future__ import annotations

import asyncio
import math
from time import monotonic
from typing import Any, Optional

from pipecat.audio.filters.base_audio_filter import BaseAudioFilter
from pipecat.audio.mixers.base_audio_mixer import BaseAudioMixer
from pipecat.frames.frames import (FilterControlFrame, FilterEnableFrame,
                                   FilterUpdateSettingsFrame, MixerControlFrame)

from ._canceller import Canceller, Stats
from ._playout import Playout
from .aio import in_turn

__all__ = ["EchoCanceller"]

#: What may change while a call runs.
CHANGEABLE = ("suppression", "noise_reduction_db", "comfort_noise")

#: A microphone that was not heard for so many seconds is muted, or not there yet: there is no echo
#: of what is played meanwhile, and the mixer goes on, faster than time where nobody is connected.
AWAY_SECONDS = 0.5


def _open(rate: int, far_rate: int, settings: "dict[str, Any]") -> Canceller:
    return Canceller(rate, far_rate=far_rate, hops_at_once=1, **settings)


def _check(settings: "dict[str, Any]") -> None:
    """Raise now, not in the transport's loop where the first audio comes."""
    _open(16000, 16000, settings).close()


class EchoCanceller:
    """The canceller of one call: ``filter`` and ``mixer`` go into the transport's parameters.

    ``mixer``: another mixer, whose output is the far end (None: none). Settings as for
    unecho.Canceller, without those of rates, channels and queue.
    """

    def __init__(self, mixer: Optional[BaseAudioMixer] = None, **settings: Any) -> None:
        _check(settings)
        self._settings = settings
        self._rate: Optional[int] = None
        self._playout: Optional[Playout] = None
        self._canceller: Optional[Canceller] = None
        self._turn = asyncio.Lock()
        self._heard = -math.inf  # when the newest of the microphone came
        self.filter: BaseAudioFilter = _Filter(self)
        self.mixer: BaseAudioMixer = _Mixer(self, mixer)

    def interrupt(self) -> None:
        """Forget what was to be played: the transport has dropped it."""
        if self._playout:
            self._playout.interrupt()

    @property
    def stats(self) -> Optional[Stats]:
        """None before the first audio and after the end."""
        return self._canceller.stats if self._canceller else None

    # ---- For filter and mixer -----------------------------------------------------------------

    async def _start_filter(self, rate: int) -> None:
        await self._stop_filter()
        self._rate = rate

    async def _stop_filter(self) -> None:
        async with self._turn:
            if self._canceller:
                self._canceller.close()
            self._canceller = None

    async def _start_mixer(self, rate: int) -> None:
        async with self._turn:
            # The filter may have started before, with an output rate that was a guess.
            if self._canceller and self._canceller.far_rate != rate:
                self._canceller.close()
                self._canceller = None
            if not self._canceller:
                self._playout = Playout(rate)

    async def _set(self, settings: "dict[str, Any]") -> None:
        unknown = sorted(set(settings) - set(CHANGEABLE))
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: expected enable, {', '.join(CHANGEABLE)}")
        async with self._turn:
            if self._canceller:
                self._canceller.set(**settings)
            else:
                _check({**self._settings, **settings})
            self._settings.update(settings)

    def _play(self, audio: bytes) -> None:
        if self._playout and monotonic() - self._heard < AWAY_SECONDS:
            self._playout.play(audio)

    async def _clean(self, audio: bytes) -> bytes:
        now = monotonic()
        if now - self._heard >= AWAY_SECONDS:
            self.interrupt()  # what waits has been played
        self._heard = now
        near: bytes = await in_turn(self._turn, None, lambda: self._process(audio))
        return near

    def _process(self, audio: bytes) -> bytes:
        if not self._canceller:
            if not self._rate:
                raise RuntimeError("the filter has not been started")
            if not self._playout:
                self._playout = Playout(self._rate)
            self._canceller = _open(self._rate, self._playout.rate, self._settings)
        return self._canceller.process(audio, self._playout)


class _Filter(BaseAudioFilter):
    def __init__(self, owner: EchoCanceller) -> None:
        self._owner = owner
        self._enabled = True

    async def start(self, sample_rate: int) -> None:
        await self._owner._start_filter(sample_rate)

    async def stop(self) -> None:
        await self._owner._stop_filter()

    async def process_frame(self, frame: FilterControlFrame) -> None:
        if isinstance(frame, FilterEnableFrame):
            self._enabled = frame.enable
        elif isinstance(frame, FilterUpdateSettingsFrame):
            # The only one that pipecat's own transports pass on.
            settings = dict(frame.settings)
            enabled = bool(settings.pop("enable", self._enabled))
            await self._owner._set(settings)
            self._enabled = enabled

    async def filter(self, audio: bytes) -> bytes:
        # While it is disabled it goes on listening: it knows the echo when it is enabled again.
        near = await self._owner._clean(audio)
        return near if self._enabled else audio


class _Mixer(BaseAudioMixer):
    def __init__(self, owner: EchoCanceller, inner: Optional[BaseAudioMixer]) -> None:
        self._owner = owner
        self._inner = inner

    async def start(self, sample_rate: int) -> None:
        await self._owner._start_mixer(sample_rate)
        if self._inner:
            await self._inner.start(sample_rate)

    async def stop(self) -> None:
        if self._inner:
            await self._inner.stop()

    async def process_frame(self, frame: MixerControlFrame) -> None:
        if self._inner:
            await self._inner.process_frame(frame)

    async def mix(self, audio: bytes) -> bytes:
        if self._inner:
            audio = await self._inner.mix(audio)
        self._owner._play(audio)
        return audio
