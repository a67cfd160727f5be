"""The frames that the adapter knows, as in pipecat-ai 1.7.0."""

from dataclasses import dataclass
from typing import Any, Mapping


class FilterControlFrame:
    pass


@dataclass
class FilterEnableFrame(FilterControlFrame):
    enable: bool


@dataclass
class FilterUpdateSettingsFrame(FilterControlFrame):
    settings: Mapping[str, Any]


class MixerControlFrame:
    pass


@dataclass
class MixerEnableFrame(MixerControlFrame):
    enable: bool
