"""The C library: where it is, its structs and functions. The header unecho.h is the reference."""

from __future__ import annotations

import ctypes
import os
from ctypes import (POINTER, Structure, byref, c_char_p, c_double, c_float, c_int, c_size_t, c_uint,
                    c_uint32, c_uint64, c_void_p)
from pathlib import Path
from typing import Any

# The version, MAJOR.MINOR, of the header that is described here.
INTERFACE = "0.1"

MESSAGE_SIZE = 512
HOP = 128
CHANNELS_MAX = 8

OK = 0
ERROR_ARGUMENT = -1
ERROR_MEMORY = -2
ERROR_SAMPLE_RATE = -6
ERROR_CHUNK = -7


class Error(Exception):
    """The library refused or failed; the text is the library's.

    ``status`` is the unecho_status of the header, a negative number.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> Any:
        return type(self), (self.args[0], self.status)


class Config(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("message", c_char_p),
        ("message_size", c_size_t),
        ("engine", c_int),
        ("model", c_void_p),
        ("sample_rate", c_int),
        ("far_rate", c_int),
        ("far_queue_ms", c_uint),
        ("mic_channels", c_uint),
        ("mic_channel", c_int),
        ("far_channels", c_uint),
        ("align", c_int),
        ("delay_ms", c_double),
        ("reference_late_ms", c_uint),
        ("whole_hops", c_int),
        ("hops_at_once", c_uint),
        ("precision", c_int),
        ("backend", c_int),
        ("linear_tail_ms", c_uint),
        ("suppression", c_float),
        ("noise_reduction_db", c_uint),
        ("comfort_noise", c_int),
        ("high_band", c_int),
        ("record_capacity", c_size_t),
        ("allocate", c_void_p),
        ("release", c_void_p),
        ("user", c_void_p),
        ("onnxruntime", c_void_p),
        ("cpu", c_uint32),
        ("cell_limit", c_float),
    ]


class StatsStruct(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("frames", c_uint64),
        ("mic_db", c_float),
        ("far_db", c_float),
        ("out_db", c_float),
        ("peak", c_float),
        ("erle_db", c_float),
        ("linear_erle_db", c_float),
        ("far_active_seconds", c_float),
        ("far_silent_seconds", c_float),
        ("aligned", c_int),
        ("confidence", c_float),
        ("delay_ms", c_float),
        ("drift_ppm", c_float),
        ("realignments", c_uint32),
        ("linear_diverged", c_uint32),
        ("guarded_samples", c_uint64),
        ("mic_clipped_samples", c_uint64),
        ("far_clipped_samples", c_uint64),
        ("far_missing_frames", c_uint64),
        ("far_dropped_frames", c_uint64),
        ("limited_hops", c_uint64),
        ("failed_hops", c_uint64),
        ("mic_now_db", c_float),
        ("far_now_db", c_float),
        ("out_now_db", c_float),
        ("erle_now_db", c_float),
        ("near_end_active", c_float),
        ("near_end_seconds", c_float),
    ]


# The header's defaults where they are not 0: the library's answer shows whether it lays the struct
# out as Config does.
DEFAULTS = {
    "engine": 2,
    "sample_rate": 16000,
    "mic_channels": 1,
    "far_channels": 1,
    "hops_at_once": 16,
    "linear_tail_ms": 256,
    "suppression": 1.0,
    "noise_reduction_db": 20,
    "precision": 3,
    "high_band": 1,
    "cpu": 0xFFFFFFFF,
}

# Samples are passed as addresses: numpy gives them as integers.
_SIGNATURES = {
    "unecho_version": (c_char_p, []),
    "unecho_strerror": (c_char_p, [c_int]),
    "unecho_config_init_size": (None, [POINTER(Config), c_size_t]),
    "unecho_open": (c_int, [POINTER(c_void_p), POINTER(Config)]),
    "unecho_close": (None, [POINTER(c_void_p)]),
    "unecho_process": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_size_t]),
    "unecho_process_int16": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_size_t]),
    "unecho_process_many": (c_int, [POINTER(c_void_p)] * 4 + [c_size_t, c_size_t]),
    "unecho_process_whole": (
        c_int, [c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p, c_uint]),
    "unecho_push_far": (c_int, [c_void_p, c_void_p, c_size_t]),
    "unecho_push_far_int16": (c_int, [c_void_p, c_void_p, c_size_t]),
    "unecho_notify_gap": (c_int, [c_void_p, c_uint64, c_uint64]),
    "unecho_latency": (c_int, [c_void_p]),
    "unecho_reset": (c_int, [c_void_p]),
    "unecho_next_call": (c_int, [c_void_p]),
    "unecho_get_stats": (c_int, [c_void_p, POINTER(StatsStruct)]),
    "unecho_record_read": (c_int, [c_void_p, c_void_p, c_size_t, POINTER(c_size_t)]),
    "unecho_set_suppression": (c_int, [c_void_p, c_float]),
    "unecho_set_noise_reduction": (c_int, [c_void_p, c_uint]),
    "unecho_set_comfort_noise": (c_int, [c_void_p, c_int]),
    "unecho_kernels": (c_char_p, [c_void_p]),
    "unecho_model_load": (c_int, [POINTER(c_void_p), c_char_p, c_char_p, c_size_t]),
    "unecho_model_load_files": (c_int, [POINTER(c_void_p), c_char_p, c_char_p, c_char_p, c_size_t]),
    "unecho_model_builtin": (c_int, [POINTER(c_void_p), c_int, c_char_p, c_size_t]),
    "unecho_model_unref": (None, [POINTER(c_void_p)]),
}


def path() -> str:
    """The library beside this file; another one, if the environment names it in UNECHO_LIBRARY."""
    return os.environ.get("UNECHO_LIBRARY") or str(Path(__file__).with_name("libunecho.so"))


def load(file: str) -> ctypes.CDLL:
    """Load the library and check that it is the one that this package describes."""
    try:
        library = ctypes.CDLL(file)  # CDLL, as opposed to PyDLL: calls do not hold the GIL
    except OSError as error:
        raise ImportError(f"cannot load the library of unecho: {error}") from None
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(f"{file} is not the library that this package needs: it has no "
                              f"{name}") from None
        function.restype = result
        function.argtypes = arguments
    found = library.unecho_version().decode()
    if not found.startswith(INTERFACE + "."):
        raise ImportError(f"{file} is unecho {found}; this package needs {INTERFACE}")
    config = new_config(library)
    for name, _ in Config._fields_[3:]:
        value = getattr(config, name)
        if (value or 0) != DEFAULTS.get(name, 0):
            raise ImportError(
                f"{file} describes its config otherwise than this package: "
                f"{name} is {value} by default, expected {DEFAULTS.get(name, 0)}")
    return library


def new_config(library: ctypes.CDLL) -> Config:
    config = Config()
    library.unecho_config_init_size(byref(config), ctypes.sizeof(config))
    return config


def check(status: int, message: str = "") -> None:
    """Raise what a status means; message: the library's own, where it gave one."""
    if status == OK:
        return
    text = message or library.unecho_strerror(status).decode()
    if status in (ERROR_ARGUMENT, ERROR_SAMPLE_RATE, ERROR_CHUNK):
        raise ValueError(text)
    if status == ERROR_MEMORY:
        raise MemoryError(text)
    raise Error(text, status)


library = load(path())
