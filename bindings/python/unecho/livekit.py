"""Echo cancellation for LiveKit (the livekit package 1.x; written against 1.1.13).

For agents, a frame processor on the microphone, which is told what the agent plays::

    echo = unecho.livekit.EchoCanceller()
    AudioInputOptions(noise_cancellation=echo)
    echo.play(frame)             # each rtc.AudioFrame that goes to the audio source
    echo.interrupt()             # where the audio source's queue is cleared

``AudioProcessingModule`` takes the place of rtc.AudioProcessingModule.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Optional, Tuple

from livekit import rtc

from ._canceller import Canceller, Stats
from ._playout import Call, Playout

__all__ = ["AudioProcessingModule", "EchoCanceller"]


def _mono(frame: rtc.AudioFrame) -> bytes:
    if frame.num_channels != 1:
        raise ValueError(f"the far end has {frame.num_channels} channels: expected 1")
    return bytes(frame.data)


class EchoCanceller(rtc.FrameProcessor[rtc.AudioFrame]):
    """Removes the agent's own voice from the microphone. Settings as for unecho.Canceller.

    LiveKit calls a frame processor on the event loop. The frame is cleaned in a thread while the
    next one arrives: the output is one frame, 10 or 20 ms, later than the canceller's latency.
    """

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._enabled = True
        self._playout: Optional[Playout] = None
        self._call: Optional[Call] = None
        self._format: Optional[Tuple[int, int]] = None
        self._waiting: "Optional[Future[rtc.AudioFrame]]" = None
        # One thread: frames are cleaned in their order.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="unecho")

    @property
    def enabled(self) -> bool:
        return self._enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        self._enabled = value

    @property
    def stats(self) -> Optional[Stats]:
        """None before the first frame and after the end."""
        return self._call and self._call.canceller.stats

    def play(self, frame: rtc.AudioFrame) -> None:
        """What the agent plays, mono; may come faster than it is played. Any thread."""
        audio = _mono(frame)
        if not self._playout:
            self._playout = Playout(frame.sample_rate)
        elif self._playout.rate != frame.sample_rate:
            raise ValueError(f"the far end has {frame.sample_rate} Hz: before it had "
                             f"{self._playout.rate}")
        self._playout.add(audio)

    def interrupt(self) -> None:
        """Forget what was to be played: it has been dropped."""
        if self._playout:
            self._playout.clear()

    def _process(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        last, self._waiting = self._waiting, self._thread.submit(self._clean, frame)
        if last is None:
            return rtc.AudioFrame(bytes(2 * frame.samples_per_channel * frame.num_channels),
                                  frame.sample_rate, frame.num_channels, frame.samples_per_channel)
        return last.result()

    def _clean(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        wanted = frame.sample_rate, frame.num_channels
        playout = self._playout
        far_rate = playout.rate if playout else frame.sample_rate
        if self._call and (self._format != wanted or self._call.canceller.far_rate != far_rate):
            self._call.close()
            self._call = None
        if not self._call:
            # Before the agent has played anything there is no echo: any rate will do.
            self._call = Call(*wanted, playout or Playout(far_rate), **self._settings)
            self._format = wanted
        elif playout:
            self._call.playout = playout
        near = self._call.process(frame.data)
        return rtc.AudioFrame(near, *wanted, frame.samples_per_channel)

    def _close(self) -> None:
        self._thread.shutdown(wait=True)
        if self._call:
            self._call.close()
        self._call = None


class AudioProcessingModule:
    """In place of rtc.AudioProcessingModule: frames of any length, cleaned in place.

    ``noise_suppression`` False: background noise stays. unecho has no high-pass filter and no gain
    control: True is refused. Calls compute where they are made: not on the event loop.
    """

    def __init__(self, *, echo_cancellation: bool = False, noise_suppression: bool = False,
                 high_pass_filter: bool = False, auto_gain_control: bool = False,
                 **settings: Any) -> None:
        if high_pass_filter or auto_gain_control:
            raise ValueError("unecho has neither high_pass_filter nor auto_gain_control")
        self._cancels = echo_cancellation
        if not noise_suppression:
            settings.setdefault("noise_reduction_db", 0)
        self._works = echo_cancellation or noise_suppression
        self._settings = settings
        self._canceller: Optional[Canceller] = None
        self._far: Optional[Tuple[int, int]] = None

    def process_stream(self, data: rtc.AudioFrame) -> None:
        """The microphone; the frame's samples become the near end."""
        if not self._works:
            return
        wanted = data.sample_rate, data.num_channels
        far_rate, far_channels = self._far or (data.sample_rate, 1)
        found = self._canceller
        if not found or (found.rate, found.channels, found.far_rate, found.far_channels) != (
                *wanted, far_rate, far_channels):
            self._canceller = Canceller(*wanted, far_rate, far_channels=far_channels,
                                        hops_at_once=1, **self._settings)
        samples = data.data
        near = self._canceller.process(samples)
        samples.cast("B")[:] = near

    def process_reverse_stream(self, data: rtc.AudioFrame) -> None:
        """The far end; the frame is left as it is."""
        if not self._cancels:
            return
        self._far = data.sample_rate, data.num_channels
        found = self._canceller
        # Before the first frame of microphone nothing can be its echo.
        if found and (found.far_rate, found.far_channels) == self._far:
            found.push_far(data.data)

    def set_stream_delay_ms(self, delay_ms: int) -> None:
        """Without effect: the delay is found."""
