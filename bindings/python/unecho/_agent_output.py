"""What a LiveKit agent plays, on its way to the room. Needs livekit-agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from livekit import rtc
from livekit.agents.voice import io

if TYPE_CHECKING:
    from .livekit import EchoCanceller


class AgentOutput(io.AudioOutput):
    """Tells the canceller what goes through, and what of it is never played."""

    def __init__(self, echo: EchoCanceller, next_in_chain: io.AudioOutput) -> None:
        super().__init__(label="unecho", next_in_chain=next_in_chain,
                         capabilities=io.AudioOutputCapabilities(pause=True))
        self._echo = echo

    @property
    def _next(self) -> io.AudioOutput:
        # Not the one that was given: a last one is wrapped, to be exchanged later.
        assert self.next_in_chain
        return self.next_in_chain

    @property
    def sample_rate(self) -> Optional[int]:
        return self._next.sample_rate

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        await self._next.capture_frame(frame)
        self._echo.play(frame)

    def flush(self) -> None:
        super().flush()
        self._next.flush()

    def clear_buffer(self) -> None:
        self._next.clear_buffer()
        self._echo.interrupt()

    def pause(self) -> None:
        super().pause()
        self._echo.pause()

    def resume(self) -> None:
        super().resume()
        self._echo.resume()
