"""What the Python package takes: CPU time for frames of 20 ms, beside the library's own.

    PYTHONPATH=bindings/python UNECHO_LIBRARY=build/src/libunecho.so python3 bench/bench_python.py

The library's own time is that of one call for all frames, hop by hop. All are measured in turn, and of
as many rounds the medians count.
"""

import statistics
import time

import numpy as np
import unecho

SECONDS = 5
ROUNDS = 15
STREAMS = 16


def noise(frames, seed, dtype):
    x = np.random.default_rng(seed).standard_normal(frames) * 0.05
    return x.astype(np.float32) if dtype == np.float32 else (x * 32767).astype(np.int16)


def microseconds(work):
    """Of CPU time for each frame of 20 ms."""
    before = time.process_time()
    work()
    return (time.process_time() - before) * 1e6 / (SECONDS * 50)


def in_frames(canceller, mic, far, step):
    for at in range(0, len(mic), step):
        canceller.process(mic[at:at + step], far[at:at + step])


def compare(rate, dtype):
    far = noise(SECONDS * rate, 1, dtype)
    mic = (0.5 * np.roll(far, rate // 50)).astype(dtype) + noise(SECONDS * rate, 2, dtype) // 8
    mic = mic.astype(dtype)
    canceller = unecho.Canceller(rate=rate, hops_at_once=1)
    works = {"library": lambda: canceller.process(mic, far),
             "frames": lambda: in_frames(canceller, mic, far, rate // 50)}
    if dtype == np.int16:
        mic_bytes, far_bytes = mic.tobytes(), far.tobytes()
        works["bytes"] = lambda: in_frames(canceller, mic_bytes, far_bytes, rate // 25)
    times = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            times[name].append(microseconds(work))
    found = {name: statistics.median(values) for name, values in times.items()}
    for name, value in found.items():
        print(f"{rate} Hz, {np.dtype(dtype)}, {name}: {value:.0f} us for 20 ms, "
              f"{value / found['library']:.2f} x the library")


def compare_many(kind):
    rate, step = 16000, 320
    model = unecho.Model.builtin(kind)
    cancellers = [unecho.Canceller(rate=rate, model=model) for _ in range(STREAMS)]
    mics = [noise(SECONDS * rate, i, np.float32) for i in range(STREAMS)]
    fars = [noise(SECONDS * rate, 100 + i, np.float32) for i in range(STREAMS)]

    # Live streams, too, take turns: none finds its memory in the cache.
    def one_by_one():
        for at in range(0, SECONDS * rate, step):
            for canceller, mic, far in zip(cancellers, mics, fars):
                canceller.process(mic[at:at + step], far[at:at + step])

    def together():
        for at in range(0, SECONDS * rate, step):
            unecho.process_many(cancellers, [mic[at:at + step] for mic in mics],
                                [far[at:at + step] for far in fars])

    times = [[microseconds(work) / STREAMS for work in (one_by_one, together)] for _ in range(5)]
    alone, many = (statistics.median(values) for values in zip(*times))
    print(f"{STREAMS} streams at {rate} Hz, {kind}: {alone:.0f} us for 20 ms of each, "
          f"process_many {many:.0f}")


for each_rate in (16000, 48000):
    for each_type in (np.float32, np.int16):
        compare(each_rate, each_type)
for each_kind in ("postfilter", "dtln_aec"):
    compare_many(each_kind)
