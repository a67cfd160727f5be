"""Echo cancellation for LiveKit (the packages livekit 1.x and livekit-agents 1.x; written against
1.1.13 and 1.7.0).

For agents, a frame processor on the microphone, which also gets what the agent plays::

    echo = unecho.livekit.EchoCanceller()
    audio_input = room_io.AudioInputOptions(noise_cancellation=echo, frame_size_ms=20)
    await session.start(..., room_options=room_io.RoomOptions(audio_input=audio_input))
    session.output.audio = echo.output(session.output.audio)

Programs that have an rtc.AudioSource of their own call ``play``, ``interrupt``, ``pause`` and
``resume`` where they do that to the source.

``AudioProcessingModule`` takes the place of rtc.AudioProcessingModule.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Optional, Tuple

from livekit import rtc

from ._canceller import Canceller, Stats
from ._playout import Playout

if TYPE_CHECKING:
    from livekit.agents.voice import io

__all__ = ["AudioProcessingModule", "EchoCanceller"]

#: How much an agent's audio source holds, which is dropped when it is paused.
SOURCE_QUEUE_MS = 200


def _open(rate: int, channels: int, far_rate: int, far_channels: int,
          settings: "dict[str, Any]") -> Canceller:
    return Canceller(rate, channels, far_rate, far_channels=far_channels, hops_at_once=1,
                     **settings)


def _check(settings: "dict[str, Any]") -> None:
    """Raise now: LiveKit lets frames through that raise, one by one."""
    _open(48000, 1, 48000, 1, settings).close()


class _Call:
    """The canceller of a microphone and what is played, for as long as neither changes."""

    def __init__(self, playout: Playout, mic: rtc.AudioFrame, settings: "dict[str, Any]") -> None:
        self._playout = playout
        self.canceller = _open(mic.sample_rate, mic.num_channels, playout.rate, playout.channels,
                               settings)

    def fits(self, playout: Playout, mic: rtc.AudioFrame) -> bool:
        return self._playout is playout and (
            self.canceller.rate, self.canceller.channels) == (mic.sample_rate, mic.num_channels)

    def clean(self, mic: rtc.AudioFrame) -> bytes:
        return self.canceller.process(bytes(mic.data), self._playout)


def _fits(playout: Optional[Playout], frame: rtc.AudioFrame) -> bool:
    return playout is not None and (
        playout.rate, playout.channels) == (frame.sample_rate, frame.num_channels)


class EchoCanceller(rtc.FrameProcessor[rtc.AudioFrame]):
    """Removes the agent's own voice from the microphone. Settings as for unecho.Canceller.

    LiveKit calls a frame processor on the event loop. The frame is cleaned in a thread while the
    next one arrives: the output is one frame later than the canceller's latency, 50 ms unless
    AudioInputOptions say otherwise.
    """

    def __init__(self, **settings: Any) -> None:
        _check(settings)
        self._settings = settings
        self._enabled = True
        self._paused = False
        self._playout: Optional[Playout] = None
        self._call: Optional[_Call] = None
        self._waiting: "Optional[Future[rtc.AudioFrame]]" = None
        # One thread: frames are cleaned in their order.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="unecho")

    @property
    def enabled(self) -> bool:
        return self._enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        if value and not self._enabled:
            self._begin()
        self._enabled = value

    @property
    def stats(self) -> Optional[Stats]:
        """None before the first frame and after the end."""
        return self._call.canceller.stats if self._call else None

    def output(self, next_in_chain: "io.AudioOutput") -> "io.AudioOutput":
        """The agent's audio output, which tells the canceller what goes to the next one.

        Needs livekit-agents 1.3 or later.
        """
        from ._agent_output import AgentOutput
        return AgentOutput(self, next_in_chain)

    def play(self, frame: rtc.AudioFrame) -> None:
        """What the agent plays; may come faster than it is played. Any thread."""
        playout = self._playout
        if not playout or not _fits(playout, frame):
            playout = self._playout = Playout(frame.sample_rate, frame.num_channels)
            if self._paused:
                playout.pause()
        playout.play(frame.data)

    def interrupt(self) -> None:
        """Forget what was to be played: it has been dropped."""
        if self._playout:
            self._playout.interrupt()

    def pause(self, dropped_ms: int = SOURCE_QUEUE_MS) -> None:
        """Nothing is played until ``resume``; what the audio source held is dropped."""
        self._paused = True
        if self._playout:
            self._playout.pause(dropped_ms)

    def resume(self) -> None:
        """The rest is played."""
        self._paused = False
        if self._playout:
            self._playout.resume()

    def _on_stream_info_updated(self, *, room_name: str, participant_identity: str,
                                publication_sid: str) -> None:
        """Another track begins."""
        self._begin()

    def _begin(self) -> None:
        """The microphone was away for a while: what waits has been played meanwhile."""
        self.interrupt()
        self._waiting = None

    def _process(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        last, self._waiting = self._waiting, self._thread.submit(self._clean, frame)
        if last is None:
            return rtc.AudioFrame(bytes(2 * frame.samples_per_channel * frame.num_channels),
                                  frame.sample_rate, frame.num_channels, frame.samples_per_channel)
        return last.result()

    def _clean(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        if not self._playout:
            self._playout = Playout(frame.sample_rate)
        call = self._call
        if not call or not call.fits(self._playout, frame):
            if call:
                call.canceller.close()
            call = self._call = _Call(self._playout, frame, self._settings)
        return rtc.AudioFrame(call.clean(frame), frame.sample_rate, frame.num_channels,
                              frame.samples_per_channel)

    def _close(self) -> None:
        self._thread.shutdown(wait=True)
        if self._call:
            self._call.canceller.close()
        self._call = None


class AudioProcessingModule:
    """In place of rtc.AudioProcessingModule: cleans frames of any length in place.

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
        _check(settings)
        self._works = echo_cancellation or noise_suppression
        self._settings = settings
        self._far: Optional[Tuple[int, int]] = None  # rate and channels
        self._canceller: Optional[Canceller] = None

    def process_stream(self, data: rtc.AudioFrame) -> None:
        """The microphone; the frame's samples become the near end."""
        if not self._works:
            return
        far_rate, far_channels = self._far or (data.sample_rate, 1)
        form = data.sample_rate, data.num_channels, far_rate, far_channels
        canceller = self._canceller
        if not canceller or form != (canceller.rate, canceller.channels, canceller.far_rate,
                                     canceller.far_channels):
            canceller = self._canceller = _open(*form, self._settings)
        near = canceller.process(bytes(data.data))
        if data.data.readonly:
            data._data = bytearray(near)  # as rtc.AudioProcessingModule does
        else:
            data.data.cast("B")[:] = near

    def process_reverse_stream(self, data: rtc.AudioFrame) -> None:
        """The far end, as it is played; the frame is left as it is."""
        if not self._cancels:
            return
        self._far = data.sample_rate, data.num_channels
        canceller = self._canceller
        if canceller and self._far == (canceller.far_rate, canceller.far_channels):
            canceller.push_far(data.data)

    def set_stream_delay_ms(self, delay_ms: int) -> None:
        """Without effect: the delay is found."""
