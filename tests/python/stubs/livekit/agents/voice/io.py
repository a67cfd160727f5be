"""What the adapter uses of livekit-agents 1.7.0."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass
class AudioOutputCapabilities:
    pause: bool


class AudioOutput(ABC):
    def __init__(self, *, label, capabilities, next_in_chain=None, sample_rate=None):
        self.label = label
        self._capabilities = capabilities
        self._sample_rate = sample_rate
        if next_in_chain and not next_in_chain.next_in_chain:
            next_in_chain = Proxy(next_in_chain)
        self._next_in_chain = next_in_chain

    @property
    def next_in_chain(self):
        return self._next_in_chain

    @property
    def sample_rate(self):
        return self._sample_rate

    @abstractmethod
    async def capture_frame(self, frame): ...

    @abstractmethod
    def flush(self): ...

    @abstractmethod
    def clear_buffer(self): ...

    def pause(self):
        if self.next_in_chain:
            self.next_in_chain.pause()

    def resume(self):
        if self.next_in_chain:
            self.next_in_chain.resume()


class Proxy:
    """Around the last one, which may be exchanged: what goes past it is not counted as played."""

    def __init__(self, last):
        self.next_in_chain = last
        self.frames = 0

    async def capture_frame(self, frame):
        self.frames += 1
        await self.next_in_chain.capture_frame(frame)

    def __getattr__(self, name):
        return getattr(self.next_in_chain, name)
