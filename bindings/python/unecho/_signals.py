"""Whole recordings, and many streams at once."""

from __future__ import annotations

import os
from contextlib import ExitStack
from ctypes import c_void_p
from typing import TYPE_CHECKING, Any, Optional, Sequence, overload

import numpy as np

from ._canceller import Canceller, Stats
from ._library import CHANNELS_MAX, ERROR_ARGUMENT, check, library
from ._samples import FLOAT32, INT16, address, as_float, as_int16, output, samples
from ._wav import check_output, read_wav, write_wav

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._samples import Array, Buffer, Sample, Samples
    from ._wav import Path

#: A whole recording goes through in as long passes as the library takes.
HOPS_AT_ONCE = 64

#: Where latency does not matter, the two recordings may begin at somewhat different times: as
#: `unecho process` does.
REFERENCE_LATE_MS = 200


@overload
def process(mic: NDArray[Sample], far: Samples, rate: int, far_rate: Optional[int] = None,
            **settings: Any) -> NDArray[Sample]: ...


@overload
def process(mic: Buffer, far: Samples, rate: int, far_rate: Optional[int] = None,
            **settings: Any) -> bytes: ...


def process(mic: Any, far: Any, rate: int, far_rate: Optional[int] = None,
            **settings: Any) -> Any:
    """Cancel the echo in a whole recording, without latency.

    ``mic`` and ``far`` are numpy arrays of int16 or float32, (frames,) or (frames, channels), or
    bytes of mono int16, and need not have the same length. ``rate`` and ``far_rate`` in Hz;
    settings as for Canceller, but the numbers of channels are those of the arrays, and
    reference_late_ms is 200 by default: the recordings need not begin together. Returns as many
    frames as ``mic`` has, in its type and shape.

    >>> import numpy as np
    >>> mic = np.zeros((16000, 2), np.float32)          # 1 s, stereo
    >>> process(mic, np.zeros(16000, np.float32), 16000).shape
    (16000, 2)
    """
    near, _ = process_with_stats(mic, far, rate, far_rate, **settings)
    return near


def process_with_stats(mic: Any, far: Any, rate: int, far_rate: Optional[int] = None,
                       **settings: Any) -> tuple[Any, Stats]:
    """The same; returns the near end and the Stats."""
    for name in settings.keys() & {"channels", "far_channels"}:
        raise TypeError(f"{name}={settings[name]!r}: of a recording the arrays have the number")
    channels, far_channels = _channels("mic", mic), _channels("far", far)
    heard = samples("mic", mic, channels)
    played = samples("far", far, far_channels)
    settings.setdefault("hops_at_once", HOPS_AT_ONCE)
    settings.setdefault("reference_late_ms", REFERENCE_LATE_MS)
    if far_rate == rate:
        far_rate = None
    with Canceller(rate, channels, far_rate, far_channels=far_channels, **settings) as canceller:
        near = canceller._whole(as_float(heard), as_float(played))
        stats = canceller.stats
    if heard.dtype == INT16:
        near = as_int16(near)
    return (near if isinstance(mic, np.ndarray) else near.tobytes()), stats


def process_file(mic: Path, far: Path, out: Path, **settings: Any) -> Stats:
    """Cancel the echo in a WAV file of 16 bits and write another; returns the Stats.

    The files may have different rates and channels. Both are read into memory; for other formats,
    for very long recordings, and for recordings that begin more than 200 ms after or 1 s before
    their echo, use the program ``unecho process``. ``out`` must end in .wav; a file of that name is
    replaced when the new one is complete. A RuntimeWarning says that a file is cut short.
    """
    check_output(out)
    for given in (mic, far):
        if os.path.exists(out) and os.path.samefile(given, out):
            raise ValueError(f"{os.fspath(out)} would replace an input")
    mic_samples, rate = read_wav(mic)
    far_samples, far_rate = read_wav(far)
    near, stats = process_with_stats(mic_samples, far_samples, rate, far_rate, **settings)
    write_wav(out, near, rate)
    return stats


def process_many(cancellers: Sequence[Canceller], mics: Sequence[NDArray[np.float32]],
                 fars: Optional[Sequence[Optional[NDArray[np.float32]]]] = None, *,
                 outs: Optional[Sequence[NDArray[np.float32]]] = None
                 ) -> list[NDArray[np.float32]]:
    """``Canceller.process`` for many cancellers in one call, for servers.

    The network's weights are read once for all: half the time with dtln_aec, whose weights are
    large; those of the default network stay in the processor's cache, so that it gains nothing.
    ``mics``, ``fars`` and the result are lists of float32 arrays, one for each canceller, all of
    the same number of frames; ``fars`` None, or one of it: silence. The cancellers need the same
    model and precision, and a network; the largest ``hops_at_once`` among them counts. Each gives
    the bits that it would give alone.

    >>> import numpy as np
    >>> calls = [Canceller(16000, hops_at_once=16), Canceller(16000, hops_at_once=1)]
    >>> mics = [np.zeros(320, np.float32) for call in calls]
    >>> [near.shape for near in process_many(calls, mics)]
    [(320,), (320,)]
    """
    count = len(cancellers)
    fars = [None] * count if fars is None else fars
    wanted: Sequence[Any] = [None] * count if outs is None else outs
    for name, given in (("mics", mics), ("fars", fars), ("outs", wanted)):
        if len(given) != count:
            raise ValueError(f"{count} cancellers and {len(given)} {name}: expected as many")
    if len(set(map(id, cancellers))) != count:
        raise ValueError("a canceller is listed twice")
    heard: list[Array] = []
    played: list[Optional[Array]] = []
    targets: list[Array] = []
    for i, canceller in enumerate(cancellers):
        if not isinstance(canceller, Canceller):
            raise TypeError(f"cancellers[{i}] is {type(canceller).__name__}: expected an "
                            f"unecho.Canceller")
        mic = samples(f"mics[{i}]", mics[i], canceller.channels)
        if mic.dtype != FLOAT32:
            raise TypeError(f"mics[{i}] has samples of {mic.dtype}: expected float32")
        frames = mic.size // canceller.channels
        first = heard[0].size // cancellers[0].channels if heard else frames
        if frames != first:
            raise ValueError(f"mics[{i}] has {frames} frames and mics[0] {first}: expected the "
                             f"same")
        if canceller._drops and fars[i] is not None:
            raise ValueError(f"fars[{i}]: that canceller has a queue; use its push_far")
        heard.append(mic)
        played.append(None if fars[i] is None else canceller._check_far(mic, fars[i]))
        targets.append(output(mic, played[i], wanted[i], canceller.channels))
    if count == 0:
        return []
    with ExitStack() as stack:
        # In one order everywhere: two calls with streams in common cannot wait for each other.
        for canceller in sorted(cancellers, key=id):
            stack.enter_context(canceller._lock)
        for canceller in cancellers:
            canceller._open()
        pointers = c_void_p * count
        status = library.unecho_process_many(
            pointers(*(canceller._handle.value for canceller in cancellers)),
            pointers(*map(address, heard)),
            pointers(*(None if far is None else address(far) for far in played)),
            pointers(*map(address, targets)), count, heard[0].size // cancellers[0].channels)
    check(status, "these cancellers cannot go together: expected the same model and precision, a "
          "network, and backend='native'" if status == ERROR_ARGUMENT else "")
    return targets


def _channels(name: str, given: Any) -> int:
    if not isinstance(given, np.ndarray) or given.ndim != 2:
        return 1
    channels: int = given.shape[1]
    if not 1 <= channels <= CHANNELS_MAX:
        raise ValueError(f"{name} has the shape {given.shape}: expected (frames,), or "
                         f"(frames, channels) with 1 to {CHANNELS_MAX} channels")
    return channels
