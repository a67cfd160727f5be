"""One conversation: a stream of the library."""

from __future__ import annotations

import ctypes
import threading
from ctypes import byref, c_size_t, c_void_p
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Optional, TypeVar, Union, overload

from numpy import empty, ndarray

from ._drops import Drops
from ._library import ERROR_ARGUMENT, HOP, MESSAGE_SIZE, StatsStruct, check, library
from ._playout import Playout
from ._samples import INT16, address, output, pointer, samples
from ._settings import field, in_keywords, make_config, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._samples import Array, Buffer, Sample, Samples

    Far = Union[Samples, Playout]
    Out = TypeVar("Out", bound=Samples)

#: How much far end may wait for the microphone where only far_rate is given, in milliseconds.
FAR_QUEUE_MS = 1000

#: Longer chunks, in bytes, go the long way: the short one would spare them nothing that counts.
_STEADY_SIZE = 1 << 17

_RECORD_PIECE = 1 << 16

#: In place of UNECHO_OK where the queue has dropped far end for the first time.
_DROPPED = 1

_process, _process_int16 = library.unecho_process, library.unecho_process_int16

_SETTERS: "dict[str, Any]" = {
    "suppression": library.unecho_set_suppression,
    "noise_reduction_db": library.unecho_set_noise_reduction,
    "comfort_noise": library.unecho_set_comfort_noise,
}


def _push_and_process(far_frame: int, drops: Drops, handle: c_void_p, mic: bytes, far: bytes,
                      out: c_void_p, frames: c_size_t) -> int:
    """unecho_process_int16 with a queue; far_frame: the bytes of a frame."""
    pushed = len(far) // far_frame
    status: int = (library.unecho_push_far_int16(handle, far, pushed)
                   or _process_int16(handle, mic, None, out, frames))
    drops.left -= pushed
    return _DROPPED if drops.left < 0 and drops.found() and not status else status


@dataclass(frozen=True)
class Stats:
    """What a canceller has seen since it was opened or reset, or since ``next_call``.

    Levels in dB of full scale::

        frames               of microphone
        mic_db               mean power of the microphone; silence: -inf
        far_db               of the far end
        out_db               of the output
        peak                 highest magnitude of the output, full scale being 1
        erle_db              echo return loss enhancement: microphone over output where the far end
                             is active; near-end speech there lowers it
        linear_erle_db       the same for the output of the linear filter
        far_active_seconds   how much audio both rest on
        far_silent_seconds   how much of the output is the unchanged microphone
        aligned              a delay is found or set
        confidence           how certain the delay is, 0 to 1; below 0.3 no echo is seen
        delay_ms             the echo is this much behind the far end as it came
        drift_ppm            positive: the far end's clock is faster
        realignments         how often the far end was shifted, the first time included
        linear_diverged      how often the linear filter restarted
        guarded_samples      not finite or beyond +-100
        mic_clipped_samples  at or beyond full scale
        far_clipped_samples  the same of the far end
        far_missing_frames   silence in place of far end that was not pushed in time
        far_dropped_frames   pushed, but dropped as the microphone had stopped
        limited_hops         of output, turned down as they were louder than the microphone
        failed_hops          in which the network gave no usable numbers
        mic_now_db           level of the microphone in about the last 0.3 s
        far_now_db           of the far end
        out_now_db           of the output
        erle_now_db          of about the last 3 s in which the far end was active
        near_end_active      the probability that the near end's talker speaks in the newest hop of
                             8 ms, or did within the 100 ms before; -1 if unknown; for barge-in
        near_end_seconds     the length of the hops in which it was at least 0.5
    """

    frames: int
    mic_db: float
    far_db: float
    out_db: float
    peak: float
    erle_db: float
    linear_erle_db: float
    far_active_seconds: float
    far_silent_seconds: float
    aligned: bool
    confidence: float
    delay_ms: float
    drift_ppm: float
    realignments: int
    linear_diverged: int
    guarded_samples: int
    mic_clipped_samples: int
    far_clipped_samples: int
    far_missing_frames: int
    far_dropped_frames: int
    limited_hops: int
    failed_hops: int
    mic_now_db: float
    far_now_db: float
    out_now_db: float
    erle_now_db: float
    near_end_active: float
    near_end_seconds: float


class Canceller:
    """Removes the echo from a microphone, chunk by chunk.

    ``rate`` (Hz, 8000 to 192000) and ``channels`` (1 to 8) are those of microphone and output;
    ``rate`` is 48000 by default, other than in C, where it is 16000.
    ``far_rate`` is the far end's, by default the same; where it is given, the far end is queued and
    may come in chunks of another size, by ``push_far``, or as a ``Playout``; ``far_queue_ms`` is
    then 1000 by default. The other settings, as in ``unecho_config`` of unecho.h, which says more,
    and their defaults::

        engine="linear_neural"  or "linear", "neural": what cancels the echo
        model=None              an unecho.Model; None: the post-filter
        precision="auto"        or "fp32", "bf16", "int8": the arithmetic of the network
        backend="native"        or "onnxruntime": what computes the network
        mic_channel=0           0 to 7, the one to use; or unecho.CHANNEL_MEAN
        far_channels=1          1 to 8, all of which are cancelled
        far_queue_ms=0          20 to 2000 of far end may wait; 0: it comes with the microphone
        align="auto"            or "fixed", "off": whether the delay is found
        delay_ms=0              with align="fixed": the echo behind the far end
        reference_late_ms=0     0 to 1000, the far end behind its echo; adds as much latency
        whole_hops=False        True: chunks of whole 8 ms at 16 kHz, and 8 ms less latency
        hops_at_once=16         1 to 64 in one pass: more for long chunks, 1 for short ones
        linear_tail_ms=256      64 to 512 in steps of 8: how long an echo path may be
        suppression=1           0 to 3: less keeps more of the voice, more removes more echo
        noise_reduction_db=20   0 to 60; 0: background noise stays
        comfort_noise=False     True: noise in place of what is removed with the echo
        high_band=True          False: nothing above 7 kHz
        record_capacity=0       4096 to 1073741824 bytes for read_record; 0: no record
        cpu=0xFFFFFFFF          instruction sets that may be used
        cell_limit=0            of the cells of an LSTM network; 0: none

    Samples are numpy arrays of int16 or float32 (full scale 1.0) with the shape (frames,), or
    (frames, channels) with several channels; or bytes, bytearray or memoryview of interleaved
    int16. Other layouts in memory are copied; other types are refused.

    Calls on one canceller wait for one another, whichever threads make them; different ones are
    independent, and the GIL is free while the library computes. Usable as a context manager.

    >>> import numpy as np
    >>> silence = np.zeros(960, np.int16)               # 20 ms at 48 kHz
    >>> with Canceller(rate=48000) as canceller:
    ...     near = canceller.process(silence, silence)
    ...     canceller.latency
    1048
    >>> near.shape, near.dtype
    ((960,), dtype('int16'))
    """

    def __init__(self, rate: int = 48000, channels: int = 1, far_rate: Optional[int] = None,
                 **settings: Any) -> None:
        self._handle = c_void_p()
        self._lock = threading.Lock()
        if far_rate is not None:
            settings.setdefault("far_queue_ms", FAR_QUEUE_MS)
        config = make_config({**settings, "rate": rate, "channels": channels,
                              "far_rate": 0 if far_rate is None else far_rate})
        message = ctypes.create_string_buffer(MESSAGE_SIZE)
        config.message = ctypes.addressof(message)
        config.message_size = MESSAGE_SIZE
        check(library.unecho_open(byref(self._handle), byref(config)),
              in_keywords(message.value.decode()))
        self._rate: int = config.sample_rate
        self._far_rate: int = config.far_rate or config.sample_rate
        self._channels: int = config.mic_channels
        self._far_channels: int = config.far_channels
        self._drops = (Drops(self._handle, config.far_queue_ms, self._far_rate)
                       if config.far_queue_ms else None)
        self._changeable = {name: getattr(config, name) for name in _SETTERS}
        self._form: Any = None  # of the last chunk
        self._steady: Any = None  # the short way, where chunks keep their form
        self._latency: int = library.unecho_latency(self._handle)

    def __enter__(self) -> "Canceller":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self, close: Any = library.unecho_close) -> None:
        if getattr(self, "_handle", None):
            close(byref(self._handle))

    def __reduce__(self) -> Any:
        raise TypeError("a Canceller cannot be copied or pickled: open another one")

    def __repr__(self) -> str:
        if not self._handle:
            return "<unecho.Canceller, closed>"
        return (f"<unecho.Canceller rate={self._rate} channels={self._channels} "
                f"far_rate={self._far_rate} far_channels={self._far_channels}>")

    def close(self) -> None:
        """Free the stream; every other call raises ValueError afterwards. May be called again."""
        with self._lock:
            library.unecho_close(byref(self._handle))

    @property
    def rate(self) -> int:
        """Of microphone and output, in Hz."""
        return self._rate

    @property
    def channels(self) -> int:
        """Of microphone and output."""
        return self._channels

    @property
    def far_rate(self) -> int:
        """Of the far end, in Hz."""
        return self._far_rate

    @property
    def far_channels(self) -> int:
        """Of the far end."""
        return self._far_channels

    @property
    def latency(self) -> int:
        """How many frames the output is behind the microphone: constant, at ``rate``."""
        return self._latency

    @property
    def kernels(self) -> str:
        """The instruction set in use: "plain", "avx2", "avx512", "neon", ... or "onnxruntime"."""
        with self._lock:
            self._open()
            name: bytes = library.unecho_kernels(self._handle)
        return name.decode()

    @property
    def stats(self) -> Stats:
        """A snapshot of the statistics."""
        values = StatsStruct(size=ctypes.sizeof(StatsStruct))
        with self._lock:
            self._open()
            check(library.unecho_get_stats(self._handle, byref(values)))
        found = {field.name: getattr(values, field.name) for field in fields(Stats)}
        return Stats(**{**found, "aligned": bool(values.aligned)})

    @overload
    def process(self, mic: NDArray[Sample], far: Optional[Far] = None, *,
                out: None = None) -> NDArray[Sample]: ...

    @overload
    def process(self, mic: Buffer, far: Optional[Far] = None, *, out: None = None) -> bytes: ...

    @overload
    def process(self, mic: Samples, far: Optional[Far] = None, *, out: Out) -> Out: ...

    def process(self, mic: Any, far: Any = None, *, out: Any = None) -> Any:
        """Take frames of microphone and far end, and return as many frames of near end.

        ``mic`` (frames, or frames x channels) and ``far`` (as many frames of ``far_channels``) have
        the same type. ``far`` None: silence, or with a queue what was pushed. With a queue, ``far``
        may have any number of frames and is pushed first, or be a ``Playout``.

        The near end is returned as the type that ``mic`` has (bytes for any bytes-like one), or
        written to ``out`` and returned as that; ``out`` may be ``mic`` itself. It is ``latency``
        frames behind the microphone, and does not depend on how the signals are cut into chunks.
        """
        # The library's work evicts the interpreter from the processor's caches in every call: what
        # is looked up or made for every chunk costs several times as much as it seems to. Samples
        # are passed as bytes, of arrays as a copy: that is sooner done than their address found.
        if out is None and self._steady is not None:
            (kind, dtype, shape, far_shape, lock, handle, function, target, frames,
             take) = self._steady
            if kind is type(mic) is type(far) and (
                    mic.dtype is dtype is far.dtype and mic.shape == shape
                    and far.shape == far_shape if kind is ndarray else
                    len(mic) == shape and len(far) in far_shape):
                if kind is ndarray:
                    mic, far = mic.tobytes(), far.tobytes()
                # Not by acquire and try: Ctrl-C between the two would leave it locked for ever.
                with lock:
                    if not handle:
                        self._open()
                    status = function(handle, mic, far, target, frames)
                    if status < 0:
                        check(status)
                    near = take()
                if status:
                    self._check_queue().warn()
                return near
        if isinstance(far, Playout):
            return self.process(mic, self._playout_at(mic, far, out), out=out)
        channels = self._channels
        heard = samples("mic", mic, channels)
        played = None if far is None else self._check_far(heard, far)
        drops = self._drops
        dropped = False
        target = output(heard, None if drops else played, out, channels)
        with self._lock:
            self._open()
            if drops and played is not None:
                dropped = self._push_and_process(heard, played, target, drops)
            else:
                function = _process_int16 if heard.dtype == INT16 else _process
                check(function(self._handle, pointer(mic, heard),
                               None if played is None else pointer(far, played), address(target),
                               heard.size // channels))
        if drops and dropped:
            drops.warn()
        if out is not None:
            return out
        if played is not None and type(mic) is type(far):
            self._remember(type(mic), heard, played)
        return target if isinstance(mic, ndarray) else target.tobytes()

    def push_far(self, far: Samples) -> None:
        """Queue frames of far end, at ``far_rate``: (frames,) or (frames, far_channels).

        For cancellers with ``far_rate`` or ``far_queue_ms``. Push at the pace at which it is
        played, silence included while nothing plays. The first frame counts as played when the
        next microphone frame is recorded, and the following ones without a gap; unecho.h says what
        happens when some are missing. Where more than ``far_queue_ms`` waits it is dropped, and the
        first time a RuntimeWarning says so. What comes sooner than it is played, and may be
        interrupted, goes into a ``Playout``; what was pushed and is not played is reported by
        ``notify_gap(mic_lost=...)``.
        """
        played = samples("far", far, self._far_channels)
        with self._lock:
            self._open()
            drops = self._check_queue()
            dropped = self._push(played, drops)
        if dropped:
            drops.warn()

    def notify_gap(self, mic_lost: int = 0, far_lost: int = 0) -> None:
        """Report frames of microphone or far end that were lost since the last call.

        Far end that was pushed and is not played, because playback was interrupted, counts as if
        the microphone had been lost meanwhile: ``mic_lost`` is its length in frames at ``rate``.
        """
        mic_lost, far_lost = whole("mic_lost", mic_lost), whole("far_lost", far_lost)
        with self._lock:
            self._open()
            check(library.unecho_notify_gap(self._handle, mic_lost, far_lost))

    def set(self, *, suppression: Optional[float] = None, noise_reduction_db: Optional[int] = None,
            comfort_noise: Optional[bool] = None) -> None:
        """Change settings from here on; None leaves one as it is. If one is wrong, none changes."""
        given = {"suppression": suppression, "noise_reduction_db": noise_reduction_db,
                 "comfort_noise": comfort_noise}
        changes = {name: field(name, value) for name, value in given.items() if value is not None}
        with self._lock:
            self._open()
            for name, value in changes.items():
                if _SETTERS[name](self._handle, value) != 0:
                    for each in changes:
                        _SETTERS[each](self._handle, self._changeable[each])
                    raise ValueError(f"{name}={given[name]!r} is out of range")
            self._changeable.update(changes)

    def reset(self) -> None:
        """Return to the state after opening, statistics included, but keep the settings."""
        with self._lock:
            self._open()
            check(library.unecho_reset(self._handle))

    def next_call(self) -> None:
        """Begin another call on the same devices in the same room.

        Like ``reset``, but what was learned of them is kept: the delay, the drift of the clocks,
        the echo path and the noise. So the echo is cancelled from the first word on. Takes about as
        long as to process a second of silence.
        """
        with self._lock:
            self._open()
            check(library.unecho_next_call(self._handle))

    def read_record(self) -> bytes:
        """The next bytes of the record, b"" if there are none yet: see docs/record.md."""
        buffer = ctypes.create_string_buffer(_RECORD_PIECE)
        size = c_size_t()
        with self._lock:
            self._open()
            status = library.unecho_record_read(self._handle, buffer, _RECORD_PIECE, byref(size))
        check(status, "no record is made: open with record_capacity" if status == ERROR_ARGUMENT
              else "")
        return buffer.raw[:size.value]

    # ---- Inside the package -------------------------------------------------------------------

    def _open(self) -> None:
        if not self._handle:
            raise ValueError("the canceller is closed")

    def _check_far(self, mic: Array, far: Any) -> Array:
        played = samples("far", far, self._far_channels)
        if self._drops:
            return played
        if played.dtype != mic.dtype:
            raise TypeError(f"mic is {mic.dtype} and far {played.dtype}: expected the same")
        frames, far_frames = mic.size // self._channels, played.size // self._far_channels
        if frames != far_frames:
            raise ValueError(f"mic has {frames} frames and far {far_frames}: expected the same, or "
                             f"a canceller with far_rate or far_queue_ms")
        return played

    def _remember(self, kind: Any, heard: Array, played: Array) -> None:
        """Make the short way for chunks of this form if the last one had it, too."""
        form = kind, heard.dtype, heard.shape, None if self._drops else played.shape
        steady, self._form = form == self._form, form
        if (not steady or kind not in (bytes, ndarray) or kind is ndarray and self._drops
                or not 0 < heard.nbytes <= _STEADY_SIZE):
            return
        near = empty(heard.shape, heard.dtype)
        shapes: Any
        take: Any
        if kind is ndarray:
            shapes, take = (heard.shape, played.shape), near.copy
        else:
            shapes, take = (heard.nbytes, (played.nbytes,)), near.tobytes
        function: Any = _process_int16 if heard.dtype == INT16 else _process
        if self._drops:
            far_frame = 2 * self._far_channels
            function = partial(_push_and_process, far_frame, self._drops)
            shapes = heard.nbytes, range(0, far_frame * self._drops.piece + 1, far_frame)
        self._steady = (kind, heard.dtype, *shapes, self._lock, self._handle, function,
                        c_void_p(address(near)), c_size_t(heard.size // self._channels), take)

    def _playout_at(self, mic: Any, playout: Playout, out: Any) -> bytes:
        """What the playout plays meanwhile. If an argument is wrong nothing is taken of it."""
        heard = samples("mic", mic, self._channels)
        if out is not None:
            output(heard, None, out, self._channels)
        with self._lock:
            self._open()
        wanted = playout.rate, playout.channels
        if not self._drops or (self._far_rate, self._far_channels) != wanted:
            raise ValueError(f"the playout has {wanted[0]} Hz and {wanted[1]} channels: open the "
                             f"canceller with far_rate={wanted[0]}, far_channels={wanted[1]}")
        return playout._take(heard.size // self._channels, self._rate)

    def _check_queue(self) -> Drops:
        if not self._drops:
            raise ValueError("the far end comes with the microphone: for push_far, open with "
                             "far_rate or far_queue_ms")
        return self._drops

    def _push(self, far: Array, drops: Drops) -> bool:
        """Whether far end was dropped, for the first time."""
        function = (library.unecho_push_far_int16 if far.dtype == INT16
                    else library.unecho_push_far)
        frames = far.size // self._far_channels
        check(function(self._handle, address(far), frames))
        drops.left -= frames
        return drops.left < 0 and drops.found()

    def _push_and_process(self, mic: Array, far: Array, target: Array, drops: Drops) -> bool:
        """By turns where the queue would not hold all of far. Returns what _push returns."""
        function = _process_int16 if mic.dtype == INT16 else _process
        heard, near = mic.reshape(-1), target.reshape(-1)
        frames, far_frames = heard.size // self._channels, far.size // self._far_channels
        piece = drops.piece
        # A copy, as the output may take its place before all of it is pushed.
        played = far.reshape(-1) if far_frames <= piece else far.flatten()
        dropped, done = False, 0
        for at in range(0, max(far_frames, 1), piece):
            part = played[at * self._far_channels:(at + piece) * self._far_channels]
            dropped |= self._push(part, drops)
            until = frames
            if at + piece < far_frames:
                # Not beyond what was pushed, and for whole_hops.
                until = min(frames, (at + piece) * self._rate // self._far_rate)
                until -= until % HOP if until < frames else 0
            start = done * self._channels
            check(function(self._handle, address(heard[start:]), None, address(near[start:]),
                           until - done))
            done = until
        return dropped

    def _whole(self, mic: Array, far: Array) -> Array:
        """unecho_process_whole, on float32."""
        target = empty(mic.shape, mic.dtype)
        with self._lock:
            self._open()
            check(library.unecho_process_whole(
                self._handle, address(mic), mic.size // self._channels, address(far),
                far.size // self._far_channels, address(target), 0))
        return target
