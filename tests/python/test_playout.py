"""What an agent plays: sooner than it is heard, interrupted, pushed by hand; dropped far end.

A room of 250 ms, a microphone of 16 kHz, chunks of 20 ms.
"""

import doctest
import unittest
import warnings

import numpy as np

import sample
import unecho
import unecho._playout

RATE = sample.RATE
STEP = 320
FAR_RATE = 24000

_SPEECH = np.concatenate([sample.far[int(0.6 * RATE):int(8.9 * RATE)],
                          sample.far[int(16.9 * RATE):int(24.2 * RATE)]])
# The agent speaks from 0.5 to 5 s, of a sentence of 8 s, and later answers with 7 s.
BEGINS, CUT = RATE // 2, 5 * RATE
SENTENCE, ANSWER = _SPEECH[:8 * RATE], _SPEECH[8 * RATE:15 * RATE]


def room(played):
    """The echo, 20 ms late, and noise of a tenth of a step of 8 bits."""
    rng = np.random.default_rng(1)
    path = np.zeros(4000)
    path[320:] = rng.standard_normal(3680) * np.exp(-np.arange(3680) / 600) * 0.05
    size = 1 << (len(played) + len(path)).bit_length()
    echo = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(path, size), size)[:len(played)]
    return np.clip(echo + 10 * rng.standard_normal(len(played)), -32768, 32767).astype(np.int16)


def interrupted(answers):
    """The microphone where the sentence is cut off and the answer comes, in frames."""
    played = np.zeros(answers + 3 * RATE, np.int16)
    played[BEGINS:CUT] = SENTENCE[:CUT - BEGINS]
    played[answers:] = ANSWER[:3 * RATE]
    return room(played)


def reduction_db(mic, out, begins):
    """In the half second from the 20 ms on in which the echo comes."""
    heard = slice(begins + RATE // 50, begins + RATE // 2)
    power = [np.mean(np.square(x[heard].astype(np.float64))) for x in (mic, out)]
    return 10 * np.log10(power[0] / (power[1] + 1e-3))  # the output may be silent


class Playout(unittest.TestCase):
    def run_agent(self, answers, mic):
        """The sentence and the answer come at once, as fast as they are synthesised."""
        playout = unecho.Playout(RATE)
        out = []
        with unecho.Canceller(RATE, far_rate=RATE) as canceller:
            for at in range(0, len(mic), STEP):
                if at == BEGINS:
                    playout.play(SENTENCE)
                if at == CUT:
                    playout.interrupt()
                if at == answers:
                    playout.play(ANSWER)
                out.append(canceller.process(mic[at:at + STEP], playout))
            self.assertEqual(canceller.stats.far_missing_frames, 0)
            return np.concatenate(out)[canceller.latency:]

    def test_an_interruption_and_an_answer_at_once(self):
        # A pause of less than 100 ms is lateness to the library, unless it is told what was played.
        for pause in (0.04, 0.1, 0.6):
            with self.subTest(pause):
                answers = CUT + int(pause * RATE)
                mic = interrupted(answers)
                out = self.run_agent(answers, mic)
                # 93 measured; without the playout 0 to 25.
                self.assertGreater(reduction_db(mic, out, answers), 60)
                self.assertGreater(reduction_db(mic, out, 4 * RATE), 60)

    def test_silence_in_place_of_a_microphone_that_was_lost(self):
        played = np.concatenate([SENTENCE, ANSWER])
        mic = room(played)
        lost = slice(8 * RATE, 8 * RATE + RATE // 5)
        mic[lost] = 0
        playout = unecho.Playout(RATE)
        playout.play(played)
        with unecho.Canceller(RATE, far_rate=RATE) as canceller:
            out = np.concatenate([canceller.process(m, playout)
                                  for (m,) in sample.chunks(STEP, mic)])[canceller.latency:]
        # 92 measured; with notify_gap 32, and 0 after 4 s.
        self.assertGreater(reduction_db(mic, out, lost.stop), 60)

    def test_it_takes_what_canceller_takes(self):
        far = sample.resample(sample.far[:48000], 3, 2)
        mic = sample.mic[:48000]
        outs = []
        for play in (far, far.tobytes(), memoryview(far), far.astype(np.float32) / 32768):
            for heard in (mic, mic.tobytes()):
                playout = unecho.Playout(FAR_RATE)
                playout.play(play)
                out = b""
                with unecho.Canceller(RATE, far_rate=FAR_RATE) as canceller:
                    step = STEP * (2 if isinstance(heard, bytes) else 1)
                    for at in range(0, len(heard), step):
                        out += bytes(canceller.process(heard[at:at + step], playout))
                self.assertEqual(playout.waiting, 0)
                outs.append(out)
        with unecho.Canceller(RATE, far_rate=FAR_RATE) as canceller:
            expected = [canceller.process(m, far[480 * i:480 * i + 480])
                        for i, (m,) in enumerate(sample.chunks(STEP, mic))]
        self.assertEqual(set(outs), {np.concatenate(expected).tobytes()})

    def test_a_long_chunk_is_the_same(self):
        """More than the queue holds, in one call."""
        far = sample.resample(sample.far[:80000], 3, 2)
        mic = sample.mic[:80000]
        with unecho.Canceller(RATE, far_rate=FAR_RATE) as canceller:
            expected = np.concatenate([canceller.process(m, far[480 * i:480 * i + 480])
                                       for i, (m,) in enumerate(sample.chunks(STEP, mic))])
            canceller.reset()
            self.assertTrue(np.array_equal(canceller.process(mic, far), expected))
            self.assertEqual(canceller.stats.far_dropped_frames, 0)
            canceller.reset()
            for _ in range(3):  # the short way of bytes leaves them to the long one
                canceller.process(bytes(640), bytes(960))
            canceller.reset()
            self.assertEqual(canceller.process(mic.tobytes(), far.tobytes()), expected.tobytes())
            playout = unecho.Playout(FAR_RATE)
            playout.play(far)
            canceller.reset()
            self.assertTrue(np.array_equal(canceller.process(mic, playout), expected))
        with unecho.Canceller(RATE, far_queue_ms=1000) as canceller:
            far = sample.far[:80000].copy()
            expected = canceller.process(mic, far)
            canceller.reset()
            self.assertIs(canceller.process(mic, far, out=far), far)
            self.assertTrue(np.array_equal(far, expected))
        with unecho.Canceller(RATE, far_queue_ms=100, whole_hops=True) as canceller:
            self.assertEqual(canceller.process(mic, sample.far[:80000]).shape, mic.shape)
            self.assertEqual(canceller.stats.far_dropped_frames, 0)

    def test_pause_resume_and_lateness(self):
        playout = unecho.Playout(1000)
        sound = np.arange(1, 1001, dtype=np.int16)

        def taken(n):
            return list(np.frombuffer(playout._take(n, 1000), np.int16))

        self.assertEqual(taken(2), [0, 0])
        playout.play(sound[:4])
        self.assertEqual(taken(3), [1, 2, 3])
        self.assertEqual(taken(80), [4])
        playout.play(sound[4:90])  # 79 ms late: it catches up
        self.assertEqual(taken(1), list(range(5, 85)))
        playout.pause(dropped_ms=2)
        playout.pause(dropped_ms=2)
        self.assertEqual(taken(2), [0, 0])
        self.assertEqual(playout.waiting, 4)
        playout.resume()
        self.assertEqual(taken(2), [87, 88])
        self.assertEqual(taken(40), [89, 90])
        self.assertEqual(taken(50), [0] * 88)  # it was a pause
        playout.play(sound[:3])
        self.assertEqual(taken(3), [1, 2, 3])
        playout.play(sound[:3])
        playout.interrupt()
        self.assertEqual(playout.waiting, 0)
        self.assertEqual(taken(2), [0, 0])

    def test_errors(self):
        for kind, text, arguments in (
                (TypeError, "rate=16000.0: expected a whole number", (16000.0,)),
                (ValueError, "rate=0: expected 1 or more", (0,)),
                (ValueError, "channels=0: expected 1 or more", (16000, 0))):
            self.assertRaisesRegex(kind, text, unecho.Playout, *arguments)
        playout = unecho.Playout(FAR_RATE)
        self.assertRaisesRegex(ValueError, "audio has 3 bytes", playout.play, b"abc")
        self.assertRaisesRegex(ValueError, "dropped_ms=-1", playout.pause, -1)
        playout.play(bytes(960))
        with unecho.Canceller(RATE) as canceller, unecho.Canceller(RATE, far_rate=RATE) as other:
            for each in (canceller, other):
                self.assertRaisesRegex(ValueError, "with far_rate=24000, far_channels=1",
                                       each.process, bytes(640), playout)
        with unecho.Canceller(RATE, far_rate=FAR_RATE) as canceller:
            self.assertRaisesRegex(TypeError, "mic is list", canceller.process, [0], playout)
            self.assertRaisesRegex(ValueError, "out cannot", canceller.process, bytes(640), playout,
                                   out=bytes(640))
        self.assertRaisesRegex(ValueError, "closed", canceller.process, bytes(640), playout)
        self.assertEqual(playout.waiting, 480)  # nothing is consumed
        playout = unecho.Playout(8)
        with self.assertWarnsRegex(RuntimeWarning, "more than 300 s wait") as caught:
            playout.play(bytes(2 * 8 * 301))
        self.assertEqual((caught.filename, playout.waiting), (__file__, 0))

    def test_floats_of_any_size_in_16_bits(self):
        given = [0, 0.5, 1, -1, 3e38, -3e38, np.inf, -np.inf, np.nan, 1.5 / 32768, -0.5 / 32768]
        kept = [0, 16384, 32767, -32768, 32767, -32768, 32767, -32768, 0, 2, 0]
        playout = unecho.Playout(RATE)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            playout.play(np.array(given, np.float32))
        self.assertEqual(np.frombuffer(playout._take(len(kept), RATE), np.int16).tolist(), kept)

    def test_examples(self):
        self.assertEqual(doctest.testmod(unecho._playout).failed, 0)


class PushedByHand(unittest.TestCase):
    def run_agent(self, ahead, answers, mic, reports):
        """0.9 s ahead of the microphone; nothing while nothing plays."""
        out, pushed = [], 0
        with unecho.Canceller(RATE, far_rate=RATE) as canceller:
            for at in range(0, len(mic), STEP):
                sound, begin = (SENTENCE, BEGINS) if at < CUT else (ANSWER, answers)
                if at == CUT:
                    pushed = 0
                    if reports:
                        canceller.notify_gap(mic_lost=ahead)
                if at >= begin:
                    until = at - begin + STEP + ahead
                    canceller.push_far(sound[pushed:until])
                    pushed = until
                out.append(canceller.process(mic[at:at + STEP]))
            return np.concatenate(out)[canceller.latency:]

    def test_what_an_interruption_drops_is_reported(self):
        answers = CUT + int(0.6 * RATE)
        mic = interrupted(answers)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = [reduction_db(mic, self.run_agent(int(0.9 * RATE), answers, mic, reports),
                                  answers) for reports in (False, True)]
        # 0 and 93 measured.
        self.assertLess(found[0], 10)
        self.assertGreater(found[1], 60)


class Dropped(unittest.TestCase):
    def test_a_warning_once(self):
        second = np.zeros(FAR_RATE, np.int16)
        text = r"[0-9]+ frames of far end are dropped.* 1000 ms \(far_queue_ms\).* unecho.Playout"
        with unecho.Canceller(RATE, far_rate=FAR_RATE) as canceller:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                canceller.push_far(second[:12000])
            with self.assertWarnsRegex(RuntimeWarning, text) as caught:
                canceller.push_far(second)
            self.assertEqual(caught.filename, __file__)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                canceller.push_far(second)
                canceller.process(np.zeros(STEP, np.int16), second)

    def test_in_the_short_way_of_a_steady_stream(self):
        """Twice as fast as it is played."""
        with unecho.Canceller(RATE, far_rate=FAR_RATE) as canceller:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                at = 0
                while not caught and at < 200:
                    near = canceller.process(bytes(2 * STEP), bytes(4 * 480))
                    at += 1
                self.assertEqual(len(near), 2 * STEP)
                self.assertIsNotNone(canceller._steady)
                self.assertEqual(len(caught), 1)
                self.assertEqual(caught[0].filename, __file__)
                # A queue of 1 s is full after 50 chunks; it is asked each 250 ms that are pushed.
                self.assertLess(at, 60)
                for _ in range(100):
                    canceller.process(bytes(2 * STEP), bytes(4 * 480))
                self.assertEqual(len(caught), 1)
