"""A live stream on the bundled sample, threads and memory."""

import copy
import dataclasses
import doctest
import gc
import os
import pickle
import re
import signal
import threading
import unittest

import numpy as np

import sample
import unecho
import unecho._canceller
import unecho._signals


def aligned(out, canceller):
    """On the microphone's timeline; the last frames are missing."""
    return out[canceller.latency:]


class Stream(unittest.TestCase):
    def test_frames_of_20_ms_lose_their_echo(self):
        with unecho.Canceller(rate=16000) as canceller:
            out = aligned(sample.stream(canceller, 320), canceller)
            stats = canceller.stats
        self.assertEqual(out.dtype, np.int16)
        # The first half second, in which the delay is found, included.
        self.assertLessEqual(sample.change_db(sample.mic, out, sample.FAR_ALONE), -25)
        self.assertLessEqual(abs(sample.change_db(sample.mic, out, sample.NEAR_ALONE)), 1)
        self.assertEqual(stats.frames, len(sample.mic))
        self.assertTrue(stats.aligned)
        self.assertAlmostEqual(stats.delay_ms, 22, delta=2)  # see samples/README.md

    def test_far_end_at_another_rate(self):
        far = sample.resample(sample.far, 3, 2)
        with unecho.Canceller(rate=16000, far_rate=24000) as canceller:
            out = [canceller.process(m, far[480 * i:480 * i + 480])
                   for i, (m,) in enumerate(sample.chunks(320, sample.mic))]
            out = aligned(np.concatenate(out), canceller)
            self.assertEqual(canceller.stats.far_dropped_frames, 0)
        self.assertLessEqual(sample.change_db(sample.mic, out, sample.FAR_ALONE), -25)

    def test_push_far_is_process_with_a_queue(self):
        far = sample.resample(sample.far[:32000], 3, 2)
        mic = sample.mic[:32000]
        with unecho.Canceller(16000, far_rate=24000) as one, \
                unecho.Canceller(16000, far_rate=24000) as two:
            for i, (m,) in enumerate(sample.chunks(320, mic)):
                f = far[480 * i:480 * i + 480]
                two.push_far(f)
                self.assertTrue(np.array_equal(one.process(m, f), two.process(m)))

    def test_bytes_in_place_and_chunks(self):
        mic, far = sample.mic[128000:176000], sample.far[128000:176000]  # both talk, in turn
        with unecho.Canceller(rate=16000) as canceller:
            expected = sample.stream(canceller, 320, mic, far)
            self.assertGreater(np.abs(expected.astype(int)).max(), 100)

            canceller.reset()
            self.assertTrue(np.array_equal(expected, sample.stream(canceller, 777, mic, far)))

            canceller.reset()
            out = canceller.process(mic.tobytes(), memoryview(far))
            self.assertIsInstance(out, bytes)
            self.assertEqual(out, expected.tobytes())

            canceller.reset()
            buffer = bytearray(mic.tobytes())
            self.assertIs(canceller.process(buffer, far.tobytes(), out=buffer), buffer)
            self.assertEqual(bytes(buffer), expected.tobytes())

            canceller.reset()
            array = mic.copy()
            self.assertIs(canceller.process(array, far, out=array), array)
            self.assertTrue(np.array_equal(array, expected))

            canceller.reset()
            strided = np.repeat(mic, 2)[::2]
            self.assertTrue(np.array_equal(canceller.process(strided, far), expected))

    def test_the_short_way_of_a_steady_stream_gives_the_same(self):
        mic, far = sample.mic[128000:160000], sample.far[128000:160000]
        both = np.stack([mic, -mic], axis=1)
        for channels, heard in ((1, mic), (2, both), (1, mic.astype(np.float32) / 32768)):
            played = far if heard.dtype == np.int16 else far.astype(np.float32) / 32768
            with unecho.Canceller(16000, channels) as canceller:
                # out= always takes the long way.
                expected = np.concatenate([
                    canceller.process(m, f, out=np.empty_like(m))
                    for m, f in sample.chunks(320, heard, played)])
                for step in (320, 480):
                    canceller.reset()
                    out = [canceller.process(m, f)
                           for m, f in sample.chunks(step, heard, played)]
                    self.assertTrue(np.array_equal(np.concatenate(out), expected))
                    self.assertTrue(all(near.flags.owndata for near in out))
                    self.assertIsNotNone(canceller._steady)
                if heard.dtype == np.int16:
                    canceller.reset()
                    out = [canceller.process(m.tobytes(), f.tobytes())
                           for m, f in sample.chunks(320, heard, played)]
                    self.assertEqual(b"".join(out), expected.tobytes())
                    self.assertIs(canceller._steady[0], bytes)

    def test_the_short_way_with_a_queue_gives_the_same(self):
        far = sample.resample(sample.far[:32000], 3, 2)
        with unecho.Canceller(16000, far_rate=24000) as arrays, \
                unecho.Canceller(16000, far_rate=24000) as steady:
            for i, (m,) in enumerate(sample.chunks(320, sample.mic[:32000])):
                # As it comes from a synthesiser: 720 frames, then 240, and none.
                f = far[480 * i:480 * i + 480]
                f = (f, far[480 * i:480 * i + 720], far[480 * i + 240:480 * i + 480], f[:0])[
                    0 if i < 10 else 1 + i % 3]
                self.assertEqual(steady.process(m.tobytes(), f.tobytes()),
                                 arrays.process(m, f).tobytes())
            self.assertIsNotNone(steady._steady)
            self.assertEqual(steady.stats, arrays.stats)

    def test_the_next_call_knows_the_echo(self):
        def second_call(canceller):
            """How much the echo falls in the first second of two."""
            mic, far = (samples[16000:48000].astype(np.float32) / 32768
                        for samples in (sample.mic, sample.far))
            out = aligned(sample.stream(canceller, 320, mic, far), canceller)
            return sample.change_db(mic, out, (0, 1))

        with unecho.Canceller(16000) as fresh, unecho.Canceller(16000) as known:
            sample.stream(known, 320, sample.mic[48000:128000], sample.far[48000:128000])
            before = known.stats
            known.next_call()
            after = known.stats
            self.assertEqual((before.frames, after.frames), (80000, 0))
            self.assertEqual((after.far_active_seconds, after.realignments), (0, 0))
            self.assertTrue(after.aligned)
            self.assertAlmostEqual(after.delay_ms, before.delay_ms, delta=1)
            # Silent from the first word on, where a fresh stream has to find the echo.
            self.assertLessEqual(second_call(known), second_call(fresh) - 20)

    def test_settings_while_it_runs(self):
        mic, far = sample.mic[128000:176000], sample.far[128000:176000]
        settings = {"suppression": 0.25, "noise_reduction_db": 6, "comfort_noise": True}
        with unecho.Canceller(16000, **settings) as opened, unecho.Canceller(16000) as changed:
            expected = sample.stream(opened, 320, mic, far)
            before = sample.stream(changed, 320, mic, far)
            changed.reset()
            changed.set(**settings)
            self.assertTrue(np.array_equal(sample.stream(changed, 320, mic, far), expected))
            self.assertFalse(np.array_equal(before, expected))

    def test_settings_that_are_wrong_change_nothing(self):
        mic, far = sample.mic[128000:176000], sample.far[128000:176000]
        with unecho.Canceller(16000, suppression=0.5) as canceller:
            expected = sample.stream(canceller, 320, mic, far)
            canceller.set(suppression=0.5, noise_reduction_db=20)
            for kind, wrong in ((ValueError, {"suppression": 3.1}),
                                (ValueError, {"suppression": float("nan")}),
                                (ValueError, {"noise_reduction_db": -1}),
                                (ValueError, {"noise_reduction_db": 61}),
                                (TypeError, {"noise_reduction_db": 12.7}),
                                (TypeError, {"comfort_noise": "no"}),
                                (TypeError, {"suppression": "x"})):
                name, value = next(iter(wrong.items()))
                others = {"suppression": 0, "noise_reduction_db": 6, "comfort_noise": True}
                with self.assertRaisesRegex(kind, f"{name}={value!r}"):
                    canceller.set(**{**others, **wrong})
            canceller.reset()
            self.assertTrue(np.array_equal(sample.stream(canceller, 320, mic, far), expected))

    def test_channels(self):
        mic = np.stack([sample.mic, -sample.mic], axis=1)[:16000]
        far = np.stack([sample.far, sample.far], axis=1)[:16000]
        with unecho.Canceller(16000, channels=2, far_channels=2, mic_channel=1) as two, \
                unecho.Canceller(16000) as one:
            out = two.process(mic, far)
            self.assertEqual(out.shape, mic.shape)
            alone = one.process(-sample.mic[:16000], sample.far[:16000])
            self.assertTrue(np.array_equal(out[:, 0], alone))
            self.assertTrue(np.array_equal(out[:, 1], alone))
            two.reset()
            self.assertEqual(two.process(mic.tobytes(), far.tobytes()), out.tobytes())

    def test_models(self):
        outs = []
        for model in (None, unecho.Model.builtin("dtln_aec"), unecho.Model.builtin("postfilter")):
            with unecho.Canceller(16000, model=model) as canceller:
                del model  # the canceller has a reference of its own
                outs.append(canceller.process(sample.mic[:32000], sample.far[:32000]))
        equal = [np.array_equal(outs[i], outs[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
        self.assertEqual(sum(equal), 1)  # one of the two is the default

    def test_record(self):
        with unecho.Canceller(16000, record_capacity=1 << 20) as canceller:
            canceller.process(sample.mic[:160], sample.far[:160])
            record = canceller.read_record()
            self.assertGreater(len(record), 640)
            self.assertEqual(canceller.read_record(), b"")
        with unecho.Canceller(16000) as canceller:
            self.assertRaisesRegex(ValueError, "record_capacity", canceller.read_record)

    def test_many(self):
        mics = [sample.mic[i * 8000:][:16000].astype(np.float32) / 32768 for i in range(3)]
        fars = [sample.far[i * 8000:][:16000].astype(np.float32) / 32768 for i in range(3)]
        fars[1] = None
        alone = []
        for mic, far in zip(mics, fars):
            with unecho.Canceller(16000) as canceller:
                alone.append(canceller.process(mic, far))
        calls = [unecho.Canceller(16000) for _ in mics]
        together = unecho.process_many(calls, mics, fars)
        for a, b in zip(alone, together):
            self.assertTrue(np.array_equal(a, b))
        for call in calls:
            call.reset()
        self.assertIs(unecho.process_many(calls, mics, fars, outs=mics)[0], mics[0])
        self.assertTrue(np.array_equal(mics[2], alone[2]))
        self.assertRaisesRegex(ValueError, "twice", unecho.process_many, [calls[0]] * 2, mics[:2])
        self.assertRaisesRegex(ValueError, "3 cancellers and 2 mics", unecho.process_many, calls,
                               mics[:2])
        self.assertRaisesRegex(TypeError, "mics.0. .*int16", unecho.process_many, calls[:1],
                               [sample.mic])
        for other in (unecho.Canceller(16000, engine="linear"),
                      unecho.Canceller(16000, precision="fp32"),
                      unecho.Canceller(16000, model=unecho.Model("unecho-128"))):
            with other:
                self.assertRaisesRegex(ValueError, "same model and precision, a network",
                                       unecho.process_many, [calls[0], other], mics[:2])
        self.assertRaisesRegex(TypeError, "cancellers.1. is int: expected an unecho.Canceller",
                               unecho.process_many, [calls[0], 5], mics[:2])


class Threads(unittest.TestCase):
    def test_two_streams_at_once(self):
        with unecho.Canceller(16000) as canceller:
            expected = sample.stream(canceller, 320)
        found = {}

        def run(name):
            with unecho.Canceller(16000) as canceller:
                found[name] = sample.stream(canceller, 320)

        threads = [threading.Thread(target=run, args=(name,)) for name in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in range(2):
            self.assertTrue(np.array_equal(found[name], expected))

    def test_calls_on_one_stream_wait_for_one_another(self):
        """Process, push, read the statistics and close from four threads: an error or a result."""
        canceller = unecho.Canceller(16000, far_rate=24000)
        block = np.zeros(320, np.int16)
        wrong = []

        def run(call):
            for _ in range(200):
                try:
                    call()
                except ValueError as error:
                    if str(error) != "the canceller is closed":
                        wrong.append(error)
                    return

        calls = [lambda: canceller.process(block), lambda: canceller.push_far(block),
                 lambda: canceller.stats]
        threads = [threading.Thread(target=run, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        canceller.close()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_an_interrupt_leaves_no_lock(self):
        """Ctrl-C may come anywhere in a call; close() must not wait for ever afterwards."""
        armed = False

        def interrupt(*_):
            nonlocal armed
            if armed:
                armed = False
                raise KeyboardInterrupt

        self.addCleanup(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, interrupt))
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        chunk = bytes(2)
        canceller = unecho.Canceller(16000, engine="linear", align="off")
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        for _ in range(1000):
            try:
                armed = True
                while True:
                    canceller.process(chunk, chunk)
            except KeyboardInterrupt:
                pass
            self.assertFalse(canceller._lock.locked())
        canceller.close()

    def test_the_gil_is_free(self):
        """While one call takes its time, another thread runs."""
        canceller = unecho.Canceller(16000)
        mic = np.tile(sample.mic, 4)
        running = threading.Event()
        done = threading.Event()

        def run():
            running.set()
            canceller.process(mic)
            done.set()

        thread = threading.Thread(target=run)
        thread.start()
        running.wait()
        turns = 0
        while not done.is_set():
            turns += 1
        thread.join()
        # With the GIL held the loop would be entered before the call, or after it, a few times.
        self.assertGreater(turns, 10000)


class Memory(unittest.TestCase):
    def test_flat_over_10000_streams(self):
        def size():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        block = np.zeros(64, np.int16)

        def open_many(n):
            for i in range(n):
                canceller = unecho.Canceller(16000, engine="linear", linear_tail_ms=64)
                canceller.process(block, block)
                if i % 2:
                    canceller.close()  # otherwise by the garbage collector
            gc.collect()

        open_many(100)
        before = size()
        open_many(10000)
        # A stream takes 200 KB or more: one leaked in a thousand would show.
        self.assertLess(size() - before, 1 << 20)

    def test_neither_copied_nor_pickled(self):
        with unecho.Canceller() as canceller:
            self.assertRaisesRegex(TypeError, "cannot be .* pickled", pickle.dumps, canceller)
            self.assertRaisesRegex(TypeError, "cannot be copied", copy.copy, canceller)
            self.assertRaisesRegex(TypeError, "cannot be copied", copy.deepcopy, canceller)
            self.assertIsInstance(copy.copy(canceller.stats), unecho.Stats)
        error = pickle.loads(pickle.dumps(unecho.Error("no", -8)))
        self.assertEqual((str(error), error.status), ("no", -8))


class Documentation(unittest.TestCase):
    def test_what_help_says_of_the_statistics(self):
        said = re.findall(r"^ {8}(\w+) +\w", unecho.Stats.__doc__, re.M)
        self.assertEqual(said, [field.name for field in dataclasses.fields(unecho.Stats)])

    def test_examples(self):
        for module in (unecho._canceller, unecho._signals):
            failed, attempted = doctest.testmod(module)
            self.assertGreater(attempted, 0)
            self.assertEqual(failed, 0)
