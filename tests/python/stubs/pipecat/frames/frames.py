"""The frames that the adapter knows, as in pipecat-ai 1.7.0."""

from dataclasses import dataclass


class FilterControlFrame:
    pass


@dataclass
class FilterEnableFrame(FilterControlFrame):
    enable: bool


class MixerControlFrame:
    pass


@dataclass
class MixerEnableFrame(MixerControlFrame):
    enable: bool
