"""The bundled sample, and what is measured on it."""

import os
from pathlib import Path

import numpy as np

from unecho._wav import read_wav

FOLDER = Path(os.environ["UNECHO_SAMPLES"])
RATE = 16000
MIC = FOLDER / "meeting_mic.wav"
FAR = FOLDER / "meeting_far.wav"

mic, _ = read_wav(MIC)
far, _ = read_wav(FAR)

# From samples/meeting.json: when only one side talks, in seconds.
FAR_ALONE = 0.6, 8.942
NEAR_ALONE = 9.842, 16.044


def change_db(before, after, when, rate=RATE):
    """How much louder, in dB, `after` is than `before`."""
    part = slice(int(when[0] * rate), int(when[1] * rate))
    power = [np.mean(np.square(x[part].astype(np.float64))) for x in (before, after)]
    return 10 * np.log10(power[1] / power[0])


def chunks(n, *signals):
    for at in range(0, len(signals[0]), n):
        yield tuple(signal[at:at + n] for signal in signals)


def stream(canceller, n, mic=mic, far=far):
    """The output for chunks of n frames."""
    return np.concatenate([canceller.process(m, f) for m, f in chunks(n, mic, far)])


def resample(x, up, down):
    """Rate times up / down, by a windowed sinc: near enough to play an echo's source back."""
    x = x.astype(np.float64)
    cutoff = 0.5 * min(1.0, up / down) * 0.9
    positions = np.arange(len(x) * up // down) * (down / up)
    whole = np.floor(positions).astype(int)
    out = np.zeros(len(positions))
    for k in range(-24, 25):
        at = whole + k
        t = positions - at
        tap = 2 * cutoff * np.sinc(2 * cutoff * t) * (0.5 + 0.5 * np.cos(np.pi * t / 25))
        out += tap * x[np.clip(at, 0, len(x) - 1)] * ((at >= 0) & (at < len(x)))
    return np.clip(np.rint(out), -32768, 32767).astype(np.int16)
