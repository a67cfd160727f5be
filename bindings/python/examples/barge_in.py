#!/usr/bin/env python3
"""A voice agent and a user who talk over each other in a simulated room: who interrupts whom?

    python barge_in.py FOLDER      FOLDER has meeting_mic, meeting_far and meeting_near, as .wav or,
                                   with the package soundfile, as .flac (samples/ of the checkout)

The agent plays its speech; the microphone hears its echo, and the user, who begins to speak four
times while the agent talks. A detector of speech, as simple as they come, listens to the microphone
as it is, and to what unecho makes of it, in chunks of 20 ms as they would come from a transport. An
agent stops talking when the detector reports speech: it should do so when the user speaks, at the
first word, and never otherwise. The exit status is 0 if it does with unecho.
"""

import asyncio
import sys
import wave
from pathlib import Path

import numpy as np

import unecho.aio

RATE = 16000
CHUNK = 320
# What the user says and when, in seconds: a part of meeting_near, its length, its new time. The
# agent talks from 0.6 to 8.9 and from 16.9 to 24.2.
USER = [(9.84, 1.3, 3.0), (9.84, 1.3, 6.0), (9.84, 1.3, 18.0), (9.84, 1.3, 21.5)]
# The detector: three chunks in a row above this level, in dB of full scale, and silence again after
# 0.4 s below it.
THRESHOLD_DB = -42
NEEDED = 3
QUIET = 20
# A detection this long before or after the user's first sound belongs to it.
TOLERANCE = 0.2


def read(folder, name):
    path = folder / f"meeting_{name}.wav"
    if path.exists():
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
            return samples.astype(np.float32) / 32768
    import soundfile  # the standard library reads WAV only
    return soundfile.read(path.with_suffix(".flac"), dtype="float32")[0]


def level_db(chunk):
    return 10 * np.log10(np.mean(np.square(chunk)) + 1e-12)


def detections(signal):
    """When the detector begins to report speech, in seconds."""
    found, loud, quiet, speaking = [], 0, 0, False
    for i in range(len(signal) // CHUNK):
        above = level_db(signal[i * CHUNK:(i + 1) * CHUNK]) > THRESHOLD_DB
        loud, quiet = (loud + 1, 0) if above else (0, quiet + 1)
        if not speaking and loud == NEEDED:
            speaking = True
            found.append((i + 1 - NEEDED) * CHUNK / RATE)
        elif speaking and quiet == QUIET:
            speaking = False
    return found


def scene(folder):
    """Microphone, far end, and the user alone."""
    mic, far, near = (read(folder, name) for name in ("mic", "far", "near"))
    echo = mic - near  # of the agent in this room, and the room's noise
    user = np.zeros_like(mic)
    for source, length, at in USER:
        part = near[int(source * RATE):int((source + length) * RATE)]
        user[int(at * RATE):int(at * RATE) + len(part)] += part
    return echo + user, far, user


async def clean(mic, far):
    async def chunks():
        for at in range(0, len(mic), CHUNK):
            yield mic[at:at + CHUNK], far[at:at + CHUNK]

    near = [chunk async for chunk in unecho.aio.clean(chunks(), RATE)]
    with unecho.Canceller(RATE) as canceller:
        return np.concatenate(near)[canceller.latency:]


def belongs(time, begins):
    return any(abs(time - begin) <= TOLERANCE for begin in begins)


def first_word_db(near, user, begin):
    """The user's first 300 ms after the canceller, against what the user said."""
    part = slice(int(begin * RATE), int((begin + 0.3) * RATE))
    return level_db(near[part]) - level_db(user[part])


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    mic, far, user = scene(Path(sys.argv[1]))
    near = asyncio.run(clean(mic, far))
    said = detections(user)
    without, cleaned = detections(mic), detections(near)

    events = [(time, "user speaks") for time in said]
    events += [(time, "without unecho: " + ("hears the user" if belongs(time, said) else
                                            "the agent interrupts itself")) for time in without]
    for time in cleaned:
        if belongs(time, said):
            begin = min(said, key=lambda start: abs(start - time))
            late_ms, word_db = 1000 * (time - begin), first_word_db(near, user, begin)
            events.append((time, f"with unecho:    hears the user, {late_ms:+.0f} ms, first word "
                                 f"{word_db:+.1f} dB"))
        else:
            events.append((time, "with unecho:    the agent interrupts itself"))
    for time, what in sorted(events):
        print(f"{time:6.2f} s  {what}")

    def score(found):
        return (sum(belongs(begin, found) for begin in said),
                sum(not belongs(time, said) for time in found))

    for name, found in (("without unecho", without), ("with unecho", cleaned)):
        heard, wrong = score(found)
        print(f"{name}: {heard} of {len(said)} interruptions heard, {wrong} false")
    return 0 if score(cleaned) == (len(said), 0) else 1


if __name__ == "__main__":
    sys.exit(main())
