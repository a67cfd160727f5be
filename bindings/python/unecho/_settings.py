"""The settings of a canceller, and the model that it runs."""

from __future__ import annotations

import ctypes
import enum
import os
import re
from ctypes import byref, c_void_p
from typing import Any, Union

from ._library import MESSAGE_SIZE, Config, check, library, new_config


class Engine(enum.IntEnum):
    """What cancels the echo: the network, the linear filter, or the filter and then the network."""

    NEURAL = 0
    LINEAR = 1
    LINEAR_NEURAL = 2


class Align(enum.IntEnum):
    """How the far end is aligned: the delay is found and followed, or ``delay_ms``, or 0."""

    AUTO = 0
    FIXED = 1
    OFF = 2


class Precision(enum.IntEnum):
    """The arithmetic of the network."""

    FP32 = 0
    BF16 = 1
    INT8 = 2
    AUTO = 3


class Backend(enum.IntEnum):
    """What computes the network."""

    NATIVE = 0
    ONNXRUNTIME = 1


#: For ``mic_channel``: the mean of all channels.
CHANNEL_MEAN = -1


class ModelKind(enum.IntEnum):
    """The networks: DTLN-aec, or unecho's post-filter, which is smaller and faster."""

    DTLN_AEC = 1
    POSTFILTER = 2


#: The names of those that come with the library, as the program `unecho` has them.
_BUILTIN = {b"unecho-128": ModelKind.DTLN_AEC, b"unecho-post": ModelKind.POSTFILTER}


class Model:
    """A network from files, for any number of cancellers and threads.

    ``Model("models/dtln_aec_256")`` loads PREFIX_1.onnx and PREFIX_2.onnx, the .tflite files, or
    one file; ``Model("a.onnx", "b.onnx")`` loads files by name, and ``Model("unecho-128")`` and
    ``Model("unecho-post")`` those that come with the library. What can be loaded is in
    docs/models.md.
    """

    def __init__(self, prefix_or_file1: Union[str, os.PathLike[str]],
                 file2: Union[str, os.PathLike[str], None] = None) -> None:
        first = os.fsencode(prefix_or_file1)
        if file2 is None and first in _BUILTIN:
            self._load(library.unecho_model_builtin, _BUILTIN[first])
        elif file2 is None:
            self._load(library.unecho_model_load, first)
        else:
            self._load(library.unecho_model_load_files, first, os.fsencode(file2))

    @classmethod
    def builtin(cls, kind: Union[str, ModelKind]) -> "Model":
        """The network of that kind that comes with the library: "dtln_aec" or "postfilter"."""
        model = cls.__new__(cls)
        model._load(library.unecho_model_builtin, _enum("kind", kind))
        return model

    def _load(self, function: Any, *source: Any) -> None:
        self._handle = c_void_p()
        message = ctypes.create_string_buffer(MESSAGE_SIZE)
        status = function(byref(self._handle), *source, message, MESSAGE_SIZE)
        check(status, message.value.decode(errors="replace"))

    def __del__(self, unref: Any = library.unecho_model_unref) -> None:
        # A stream has a reference of its own.
        if getattr(self, "_handle", None):
            unref(byref(self._handle))

    def __reduce__(self) -> Any:
        raise TypeError("a Model cannot be copied or pickled: load it again")


_ENUMS: "dict[str, type[enum.IntEnum]]" = {
    "engine": Engine, "align": Align, "precision": Precision, "backend": Backend}
_KINDS: "dict[str, type[enum.IntEnum]]" = {**_ENUMS, "kind": ModelKind}

_INTEGERS = {
    "rate", "far_rate", "far_queue_ms", "channels", "mic_channel", "far_channels",
    "reference_late_ms", "hops_at_once", "linear_tail_ms", "noise_reduction_db",
    "record_capacity", "cpu",
}
_FLAGS = {"whole_hops", "high_band", "comfort_noise"}
_FLOATS = {"delay_ms", "cell_limit", "suppression"}

#: The keywords of Canceller beside rate, channels and far_rate: the fields of unecho_config.
NAMES = (set(_ENUMS) | _INTEGERS | _FLAGS | _FLOATS | {"model"}) - {
    "rate", "channels", "far_rate"}

#: The fields that have another name as keywords.
FIELDS = {"rate": "sample_rate", "channels": "mic_channels"}


def _enum(name: str, value: Any) -> int:
    kind = _KINDS[name]
    try:
        return int(kind[value.upper()] if isinstance(value, str) else kind(value))
    except (KeyError, ValueError):
        known = ", ".join(repr(member.name.lower()) for member in kind)
        raise ValueError(f"{name}={value!r}: expected one of {known}") from None


def whole(name: str, value: Any, least: int = 0) -> int:
    """A number of something, which the library takes as 64 bits."""
    number = _index(name, value)
    if not least <= number < 1 << 64:
        raise ValueError(f"{name}={value!r}: expected {least} or more, below 2**64")
    return number


def _index(name: str, value: Any) -> int:
    try:
        return int(value.__index__())
    except AttributeError:
        raise TypeError(f"{name}={value!r}: expected a whole number") from None


def _integer(name: str, value: Any) -> int:
    number = _index(name, value)
    # ctypes would cut the number down to the field's size without a word.
    kind: Any = dict(Config._fields_)[FIELDS.get(name, name)]
    if kind(number).value != number:
        raise ValueError(f"{name}={value!r} is out of range")
    return number


def _flag(name: str, value: Any) -> int:
    if isinstance(value, str) or value not in (0, 1):
        raise TypeError(f"{name}={value!r}: expected True or False")
    return int(value)


def _float(name: str, value: Any) -> float:
    try:
        if not isinstance(value, (str, bytes)):
            return float(value)
    except TypeError:
        pass
    raise TypeError(f"{name}={value!r}: expected a number")


def field(name: str, value: Any) -> Any:
    """What the config's field gets for the keyword of that name."""
    if name in _ENUMS:
        return _enum(name, value)
    if name in _INTEGERS:
        return _integer(name, value)
    if name in _FLAGS:
        return _flag(name, value)
    if name in _FLOATS:
        return _float(name, value)
    if name == "model":
        if value is not None and not isinstance(value, Model):
            raise TypeError(f"model={value!r}: expected an unecho.Model")
        return value and value._handle
    for keyword, its_field in FIELDS.items():
        if name == its_field:
            raise TypeError(f"unknown setting {name!r}: use {keyword}")
    raise TypeError(f"unknown setting {name!r}; known: {', '.join(sorted(NAMES))}")


def make_config(settings: dict[str, Any]) -> Config:
    """A config with these fields; the library checks ranges and combinations when it opens."""
    config = new_config(library)
    for name, value in settings.items():
        setattr(config, FIELDS.get(name, name), field(name, value))
    if config.delay_ms and config.align != Align.FIXED:
        raise ValueError(f"delay_ms={settings['delay_ms']!r} needs align='fixed'")
    return config


def in_keywords(message: str) -> str:
    """A message of the library with the names that this package gives the fields."""
    for keyword, its_field in FIELDS.items():
        message = re.sub(rf"\b{its_field}\b", keyword, message)
    return message
