"""What the adapter uses of livekit 1.1.13."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

T = TypeVar("T")


class AudioFrame:
    def __init__(self, data, sample_rate, num_channels, samples_per_channel):
        if isinstance(data, memoryview):
            data = data.cast("B")
        if len(data) < 2 * num_channels * samples_per_channel:
            raise ValueError("too little data")
        self._data = data  # as it is; earlier versions copied it
        self.sample_rate = sample_rate
        self.num_channels = num_channels
        self.samples_per_channel = samples_per_channel

    @staticmethod
    def create(sample_rate, num_channels, samples_per_channel):
        return AudioFrame(bytearray(2 * num_channels * samples_per_channel), sample_rate,
                          num_channels, samples_per_channel)

    @property
    def data(self):
        return memoryview(self._data).cast("B").cast("h")


class FrameProcessor(Generic[T], ABC):
    @property
    @abstractmethod
    def enabled(self): ...

    @enabled.setter
    @abstractmethod
    def enabled(self, value): ...

    def _on_stream_info_updated(self, *, room_name, participant_identity, publication_sid): ...

    @abstractmethod
    def _process(self, frame): ...

    @abstractmethod
    def _close(self): ...
