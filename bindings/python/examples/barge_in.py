#!/usr/bin/env python3
"""A voice agent and a user who talk over each other in a simulated room: who interrupts whom?

    python barge_in.py FOLDER      FOLDER has meeting_mic, meeting_far and meeting_near, as .wav or,
                                   with the package soundfile, as .flac (samples/ of the checkout)

The agent plays its speech; the microphone hears its echo, and the user, who begins to speak four
times while the agent talks, in chunks of 20 ms as they would come from a transport. An agent stops
talking when it hears the user: it should do so at the first word, and never otherwise. Without
unecho a detector of speech, as simple as they come, listens to the microphone; with unecho the
canceller says who talks (stats.near_end_active). The exit status is 0 if the agent does right with
unecho.
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
# The detector: three chunks in a row above this level, in dB of full scale.
THRESHOLD_DB = -42
LOUD_CHUNKS = 3
# The canceller's probability that the user speaks: an agent that must not interrupt itself takes
# more than 0.5.
CERTAIN = 0.9
# After as many chunks without speech the next one begins anew: 0.4 s.
QUIET_CHUNKS = 20
# A detection this long before or after the user's first sound belongs to it.
TOLERANCE = 0.2


def read(folder, name):
    path = folder / f"meeting_{name}.wav"
    if path.exists():
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
            return samples.astype(np.float32) / 32768
    flac = path.with_suffix(".flac")
    if not flac.exists():
        sys.exit(f"barge_in: there is neither {path} nor {flac.name}")
    import soundfile  # the standard library reads WAV only
    return soundfile.read(flac, dtype="float32")[0]


def level_db(chunk):
    return 10 * np.log10(np.mean(np.square(chunk)) + 1e-12)


def begins(speaks, needed):
    """When speech is reported, in seconds: `needed` chunks in a row that speak."""
    found, loud, quiet, speaking = [], 0, 0, False
    for i, speaks_now in enumerate(speaks):
        loud, quiet = (loud + 1, 0) if speaks_now else (0, quiet + 1)
        if not speaking and loud == needed:
            speaking = True
            found.append((i + 1) * CHUNK / RATE)
        elif speaking and quiet == QUIET_CHUNKS:
            speaking = False
    return found


def loud(signal):
    """Of each chunk, whether it is."""
    return [level_db(signal[at:at + CHUNK]) > THRESHOLD_DB
            for at in range(0, len(signal) - CHUNK + 1, CHUNK)]


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
    """The near end, and of each chunk whether the user speaks."""
    near, speaks = [], []
    async with unecho.aio.Canceller(RATE) as canceller:
        for at in range(0, len(mic), CHUNK):
            near.append(await canceller.process(mic[at:at + CHUNK], far[at:at + CHUNK]))
            speaks.append(canceller.stats.near_end_active >= CERTAIN)
        return np.concatenate(near)[canceller.latency:], speaks


def belongs(time, starts):
    return any(abs(time - start) <= TOLERANCE for start in starts)


def first_word_db(near, user, begin):
    """The user's first 300 ms after the canceller, against what the user said."""
    part = slice(int(begin * RATE), int((begin + 0.3) * RATE))
    return level_db(near[part]) - level_db(user[part])


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    mic, far, user = scene(Path(sys.argv[1]))
    near, speaks = asyncio.run(clean(mic, far))
    # The user alone, from the first chunk on.
    said = [time - CHUNK / RATE for time in begins(loud(user), 1)]
    without, cleaned = begins(loud(mic), LOUD_CHUNKS), begins(speaks, 1)

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
