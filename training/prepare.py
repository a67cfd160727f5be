#!/usr/bin/python3
"""Lay recordings and impulse responses out as unecho-scenes reads them.

    prepare.py RECORDINGS MATERIAL

RECORDINGS holds, each with the folders train and val, whose talkers, rooms and devices are others:
    near/     clean speech: what the canceller has to keep
    far/      speech of any kind: what the loudspeaker plays
    noise/    what else is in a room
    music/    what else a loudspeaker plays
    room/     impulse responses of rooms
    device/   of loudspeakers and microphones
with files of any rate that libsndfile reads, in any folders below; others are named and left out. Speech comes to the same level,
everything to 16 kHz and one channel. The near end loses the steady noise of its recordings, which the network would learn to keep as
if it were voice. Needs python3-numpy, python3-scipy and python3-soundfile.
"""
import os
import sys
from math import gcd

import numpy as np
import soundfile
from scipy.signal import resample_poly

RATE, FRAME = 16000, 320
SPEECH_LEVEL = 0.07          # rms of the louder half of its frames
TAPS = {'room': 8000, 'device': 1024}


def sounds(folder):
    found = False
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            try:
                x, rate = soundfile.read(os.path.join(where, name), always_2d=True, dtype='float64')
            except soundfile.LibsndfileError as error:   # transcripts lie beside many recordings
                print(f'left out: {error}')
                continue
            found = True
            common = gcd(rate, RATE)
            yield resample_poly(x[:, 0], RATE // common, rate // common)
    if not found:
        sys.exit(f'{folder}: no recordings')


def levelled(x):
    energy = np.sort((x[:len(x) // FRAME * FRAME].reshape(-1, FRAME) ** 2).mean(1))
    level = np.sqrt(energy[len(energy) // 2:].mean()) + 1e-6
    return x * min(SPEECH_LEVEL / level, 0.98 / (np.abs(x).max() + 1e-9), 30)


def quieted(x):
    """x with its steady noise up to 20 dB lower: Wiener gains against the 10th percentile of each bin's power."""
    window, hop, least = 512, 128, 0.1
    if len(x) < 4 * window:
        return x
    taper = np.sqrt(np.hanning(window + 1)[:-1])
    padded = np.pad(x, window)
    spectra = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, window)[::hop] * taper)
    power = np.abs(spectra) ** 2
    power[1:-1, 1:-1] = (power[1:-1, 1:-1] + power[:-2, 1:-1] + power[1:-1, :-2]) / 3
    heard = power[power.mean(1) > 1e-13 * window]   # the others are digital silence
    if len(heard) < 20:
        return x
    noise = np.convolve(np.pad(np.percentile(heard, 10, axis=0), 4, 'edge'), np.full(9, 1 / 9), 'valid')
    spectra *= np.maximum(1 - 8 * noise / np.maximum(power, 1e-20), least)
    y = np.zeros(len(padded))
    for at, frame in zip(range(0, len(x) + window + 1, hop), np.fft.irfft(spectra) * taper / 2):
        y[at:at + window] += frame
    return y[window:-window]


def write_recordings(kind, source, target):
    seconds = 0
    with open(target, 'wb') as out:
        for x in sounds(source):
            if len(x) < RATE // 4:
                continue
            x = levelled(x) if kind in ('near', 'far') else x
            x = quieted(x) if kind == 'near' else x
            out.write((np.clip(x, -1, 1) * 32767).astype('<i2').tobytes())
            seconds += len(x) / RATE
    print(f'{target}: {seconds / 3600:.2f} h')


def write_responses(kind, source, target):
    """Per response its length, then its samples, from the direct sound on and of unit energy."""
    count = 0
    with open(target, 'wb') as out:
        for h in sounds(source):
            if not h.any():
                continue
            h = h[np.abs(h).argmax():][:TAPS[kind]]
            h /= np.sqrt(h @ h) + 1e-9
            out.write(np.array([len(h)], '<i4').tobytes() + h.astype('<f4').tobytes())
            count += 1
    print(f'{target}: {count} responses')


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = sys.argv[1:]
    os.makedirs(target, exist_ok=True)
    for split in ('train', 'val'):
        for kind in ('near', 'far', 'noise', 'music'):
            write_recordings(kind, f'{source}/{kind}/{split}', f'{target}/{kind}_{split}.pcm')
        for kind in ('room', 'device'):
            write_responses(kind, f'{source}/{kind}/{split}', f'{target}/{kind}_{split}.responses')


if __name__ == '__main__':
    main()
