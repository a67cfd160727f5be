#!/usr/bin/python3
"""Measure a canceller on held-out scenes: what is left of the echo, and what is taken from the near end.

    validate.py FOLDER 'COMMAND with {mic} {far} {out}' [--jobs N] [--keep FOLDER]

FOLDER holds dt, near, music and far, or some of these, the sounds that unecho-scenes wrote for those kinds: NNNN_mic.wav,
NNNN_far.wav, NNNN_near.wav. Prints, as means over the scenes of a kind: SI-SDR and its gain over the microphone; the share of
near-end frames of 20 ms that are cut by more than 10 dB, in the whole scene and in its first 3 s, of the scenes that have some
there; what is taken from the near end in the mean, in dB; the echo reduction (ERLE) in dB of the whole scene and of its first 3 s.
Needs python3-numpy and python3-soundfile.
"""
import argparse
import glob
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import soundfile

RATE, FRAME = 16000, 320


def decibels(a, b):
    return 10 * np.log10((a + 1e-12) / (b + 1e-12))


def si_sdr(near, x):
    near, x = near - near.mean(), x - x.mean()
    part = (near @ x) / (near @ near + 1e-12) * near
    return decibels(part @ part, (x - part) @ (x - part))


def energies(x):
    return (x[:len(x) // FRAME * FRAME].reshape(-1, FRAME) ** 2).sum(1)


def near_end(mic, near, out):
    """In frames within 30 dB of the loudest: below that the frame may hold more noise than voice."""
    before, after = energies(near), energies(out)
    talks = before > 1e-3 * before.max()
    part = decibels(after[talks], before[talks])
    early = part[:np.count_nonzero(talks[:3 * RATE // FRAME])]
    gain = si_sdr(near, out)
    return {'SI-SDR': gain, 'gain': gain - si_sdr(near, mic), 'cut %': 100 * np.mean(part < -10),
            'first 3 s': 100 * np.mean(early < -10) if len(early) else np.nan, 'voice dB': np.mean(np.minimum(part, 0))}


def far_end(mic, near, out):
    first = slice(3 * RATE)
    return {'ERLE': decibels(mic @ mic, out @ out), 'first 3 s': decibels(mic[first] @ mic[first], out[first] @ out[first])}


MEASURES = {'dt': near_end, 'near': near_end, 'music': near_end, 'far': far_end}


def read(path):
    x, rate = soundfile.read(path)
    if rate != RATE:
        sys.exit(f'{path}: {rate} Hz, expected {RATE}')
    return x


def run(command, scene, out):
    paths = {'mic': scene + '_mic.wav', 'far': scene + '_far.wav', 'out': out}
    subprocess.run([part.format(**paths) for part in shlex.split(command)], check=True, stdout=subprocess.DEVNULL)


def measure(folder, kind, command, jobs, keep):
    scenes = sorted(f[:-len('_mic.wav')] for f in glob.glob(f'{folder}/{kind}/*_mic.wav'))

    def one(scene):
        out = f'{keep}/{kind}_{os.path.basename(scene)}.wav'
        run(command, scene, out)
        mic, near, result = read(scene + '_mic.wav'), read(scene + '_near.wav'), read(out)
        n = min(len(mic), len(result))
        return MEASURES[kind](mic[:n], near[:n], result[:n])

    with ThreadPoolExecutor(jobs) as pool:
        rows = list(pool.map(one, scenes))
    return {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}, len(rows)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('folder')
    p.add_argument('command')
    p.add_argument('--jobs', type=int, default=1)
    p.add_argument('--keep', help='where the output stays')
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        keep = a.keep or passing
        os.makedirs(keep, exist_ok=True)
        kinds = [kind for kind in MEASURES if glob.glob(f'{a.folder}/{kind}/*_mic.wav')]
        if not kinds:
            sys.exit(f'{a.folder}: no scenes')
        for kind in kinds:
            means, count = measure(a.folder, kind, a.command, a.jobs, keep)
            print(f'{kind} ({count}): ' + ', '.join(f'{name} {value:.2f}' for name, value in means.items()), flush=True)


if __name__ == '__main__':
    main()
