"""The abstract class of pipecat-ai 1.7.0."""

from abc import ABC, abstractmethod


class BaseAudioMixer(ABC):
    @abstractmethod
    async def start(self, sample_rate): ...

    @abstractmethod
    async def stop(self): ...

    @abstractmethod
    async def process_frame(self, frame): ...

    @abstractmethod
    async def mix(self, audio): ...
