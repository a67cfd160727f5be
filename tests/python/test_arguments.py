"""Wrong arguments: an exception that says what is wrong, and nothing is consumed."""

import ast
import ctypes
import re
import unittest

import numpy as np

import unecho
from unecho import _settings

BLOCK = np.zeros(160, np.int16)


class Opening(unittest.TestCase):
    def refused(self, kind, text, **settings):
        with self.assertRaisesRegex(kind, text):
            unecho.Canceller(**settings)

    def test_the_library_s_message(self):
        self.refused(ValueError, "^rate is 4000, expected 8000 to 192000", rate=4000)
        self.refused(ValueError, "^channels is 9, expected 1 to 8", channels=9)
        self.refused(ValueError, "far_rate 24000 differs from rate 48000", far_rate=24000,
                     far_queue_ms=0)
        self.refused(ValueError, "noise_reduction_db is 99", noise_reduction_db=99)
        self.refused(ValueError, "linear_tail_ms is 5", linear_tail_ms=5)

    def test_types_and_names(self):
        self.refused(TypeError, "unknown setting 'tail'; known: align, ", tail=3)
        self.refused(TypeError, "unknown setting 'sample_rate': use rate", sample_rate=16000)
        self.refused(TypeError, "unknown setting 'mic_channels': use channels", mic_channels=1)
        self.refused(TypeError, "^rate=16000.0: expected a whole number", rate=16000.0)
        self.refused(ValueError, "^rate=4294983296 is out of range", rate=(1 << 32) + 16000)
        self.refused(ValueError, "hops_at_once=-1 is out of range", hops_at_once=-1)
        self.refused(ValueError, "engine='best': expected one of 'neural'", engine="best")
        self.refused(ValueError, "precision=7: expected one of 'fp32'", precision=7)
        self.refused(TypeError, "model='x': expected an unecho.Model", model="x")
        self.refused(TypeError, "comfort_noise='no': expected True or False", comfort_noise="no")
        self.refused(TypeError, "high_band=2: expected True or False", high_band=2)
        self.refused(TypeError, "suppression='x': expected a number", suppression="x")
        self.refused(TypeError, "cell_limit=None: expected a number", cell_limit=None)
        self.refused(ValueError, "delay_ms=100 needs align='fixed'", delay_ms=100)
        self.refused(ValueError, "delay_ms=100 needs align='fixed'", delay_ms=100, align="off")
        unecho.Canceller(engine=unecho.Engine.LINEAR, align="off", precision="int8").close()
        unecho.Canceller(rate=np.int32(16000), delay_ms=20, align=unecho.Align.FIXED,
                         comfort_noise=np.bool_(True), suppression=np.float32(0.5)).close()

    def test_what_help_says_of_the_settings(self):
        """All of them, with the library's defaults and ranges."""
        said = re.findall(r"^ {8}(\w+)=(\S+) +(?:(\d+) to (\d+))?", unecho.Canceller.__doc__, re.M)
        self.assertEqual({name for name, *_ in said}, _settings.NAMES)
        defaults = _settings.new_config(_settings.library)
        for name, default, least, most in said:
            value = _settings.field(name, ast.literal_eval(default))
            self.assertEqual(value, getattr(defaults, name), name)
            if not most:
                continue
            for good in (least, most):
                if name != "record_capacity":  # it would be allocated
                    unecho.Canceller(channels=8, **{name: int(good)}).close()
            for wrong in (int(least) - 1, int(most) + 1):
                if wrong != unecho.CHANNEL_MEAN or name != "mic_channel":
                    self.refused(ValueError, name, channels=8, **{name: wrong})

    def test_models(self):
        with self.assertRaisesRegex(unecho.Error, "/nowhere/model_1") as caught:
            unecho.Model("/nowhere/model")
        self.assertEqual(caught.exception.status, -3)
        with self.assertRaisesRegex(unecho.Error, "/nowhere/a"):
            unecho.Model("/nowhere/a.onnx", "/nowhere/b.onnx")
        with self.assertRaisesRegex(ValueError, "kind='x': expected one of 'dtln_aec', 'post"):
            unecho.Model.builtin("x")
        for name, latency in (("unecho-post", 256), ("unecho-128", 512)):  # in unecho.h
            with unecho.Canceller(16000, model=unecho.Model(name)) as canceller:
                self.assertEqual(canceller.latency, latency)
        self.refused(ValueError, "engine", engine="neural",
                     model=unecho.Model.builtin("postfilter"))


class Samples(unittest.TestCase):
    def setUp(self):
        self.canceller = unecho.Canceller(16000)
        self.stereo = unecho.Canceller(16000, channels=2)
        self.addCleanup(self.canceller.close)
        self.addCleanup(self.stereo.close)

    def refused(self, kind, text, *arguments, canceller=None, **more):
        canceller = canceller or self.canceller
        with self.assertRaisesRegex(kind, text):
            canceller.process(*arguments, **more)
        self.assertEqual(canceller.stats.frames, 0)

    def test_types(self):
        self.refused(TypeError, "mic has samples of float64: expected int16 or float32",
                     np.zeros(160))
        self.refused(TypeError, "mic has samples of >i2", BLOCK.astype(">i2"))
        self.refused(TypeError, "far has samples of int32", BLOCK, BLOCK.astype(np.int32))
        self.refused(TypeError, "mic is list: expected a numpy array", [0] * 160)
        self.refused(TypeError, "mic is NoneType", None)
        self.refused(TypeError, "mic is int16 and far float32", BLOCK, BLOCK.astype(np.float32))
        self.refused(TypeError, "a memoryview of format 'f'", memoryview(np.zeros(4, np.float32)))
        self.refused(TypeError, "a memoryview of format '>h'", memoryview(BLOCK.astype(">i2")))

    def test_shapes(self):
        self.refused(ValueError, r"mic has the shape \(160, 2\): expected \(frames,\)",
                     np.zeros((160, 2), np.int16))
        self.refused(ValueError, r"mic has the shape \(160,\): expected \(frames, 2\)", BLOCK,
                     canceller=self.stereo)
        self.refused(ValueError, r"far has the shape \(160, 2\)", np.zeros((160, 2), np.int16),
                     np.zeros((160, 2), np.int16), canceller=self.stereo)
        self.refused(ValueError, r"mic has the shape \(\)", np.zeros((), np.int16))
        self.refused(ValueError, "mic has 160 frames and far 80", BLOCK, BLOCK[:80])
        self.refused(ValueError, "mic has 3 bytes: expected a multiple of 2", b"abc")
        self.refused(ValueError, "mic has 6 bytes: expected a multiple of 4", b"abcdef",
                     canceller=self.stereo)
        self.refused(ValueError, "not contiguous", memoryview(BLOCK)[::2])

    def test_out(self):
        self.refused(ValueError, "out takes 80 frames of int16: expected 160 of int16", BLOCK,
                     BLOCK, out=BLOCK[:80].copy())
        self.refused(ValueError, "of float32: expected 160 of int16", BLOCK, BLOCK,
                     out=np.zeros(160, np.float32))
        self.refused(ValueError, "out cannot be written to", BLOCK, BLOCK, out=bytes(320))
        self.refused(ValueError, "out is not contiguous", BLOCK, BLOCK,
                     out=np.zeros(320, np.int16)[::2])
        both = np.zeros(200, np.int16)
        self.refused(ValueError, "out overlaps mic", both[:160], BLOCK, out=both[40:])
        self.refused(ValueError, "out overlaps far", BLOCK, both[:160], out=both[40:])

    def test_a_steady_stream_is_checked_all_the_same(self):
        stereo = np.zeros((160, 2), np.int16)
        for chunk, canceller in ((BLOCK, self.canceller), (bytes(320), self.canceller),
                                 (stereo, self.stereo)):
            with self.subTest(type(chunk)):
                far = BLOCK if canceller is self.stereo else chunk
                for _ in range(3):
                    canceller.process(chunk, far)
                frames = canceller.stats.frames
                for kind, text, mic, played in (
                        (TypeError, "mic is int16 and far float32", chunk,
                         BLOCK.astype(np.float32)),
                        (TypeError, "mic has samples of >i2", stereo.astype(">i2"), far),
                        (ValueError, "frames and far 80", chunk, far[:len(far) // 2]),
                        (ValueError, "mic has the shape", stereo.reshape(2, 160), far),
                        (TypeError, "far is list", chunk, [0] * 160)):
                    with self.assertRaisesRegex(kind, text):
                        canceller.process(mic, played)
                self.assertEqual(canceller.stats.frames, frames)
                self.assertEqual(len(canceller.process(chunk)), len(chunk))

    def test_a_memoryview_of_ctypes(self):
        """Its format names the byte order, which is the machine's."""
        buffer = (ctypes.c_int16 * 160)()
        self.assertEqual(len(self.canceller.process(memoryview(buffer))), 320)

    def test_nothing_is_something(self):
        self.assertEqual(self.canceller.process(b"", b""), b"")
        self.assertEqual(self.canceller.process(np.zeros(0, np.float32)).shape, (0,))
        self.assertEqual(self.canceller.process(BLOCK.reshape(-1, 1)).shape, (160, 1))

    def test_push_far_needs_a_queue(self):
        self.assertRaisesRegex(ValueError, "open with far_rate or far_queue_ms",
                               self.canceller.push_far, BLOCK)

    def test_notify_gap(self):
        for kind, text, arguments in (
                (ValueError, "mic_lost=-1: expected 0 or more", (-1,)),
                (ValueError, "far_lost=-1: expected 0 or more", (0, -1)),
                (ValueError, f"mic_lost={1 << 70}: .* below 2\\*\\*64", (1 << 70,)),
                (TypeError, "mic_lost=1.5: expected a whole number", (1.5,)),
                (TypeError, "far_lost='5': expected a whole number", (0, "5"))):
            self.assertRaisesRegex(kind, text, self.canceller.notify_gap, *arguments)
        self.canceller.notify_gap(np.int64(5), (1 << 64) - 1)

    def test_channels_of_a_recording(self):
        for shape in ((1, 16000), (160, 9), (160, 0)):
            with self.assertRaisesRegex(ValueError, rf"mic has the shape \({shape[0]}, {shape[1]}\)"
                                                    r": expected \(frames,\), or \(frames, cha"):
                unecho.process(np.zeros(shape, np.int16), BLOCK, 16000)
        with self.assertRaisesRegex(ValueError, r"far has the shape \(1, 160\)"):
            unecho.process(BLOCK, BLOCK.reshape(1, -1), 16000)
        for name in ("channels", "far_channels"):
            with self.assertRaisesRegex(TypeError, f"^{name}=1: of a recording the arrays"):
                unecho.process(BLOCK, BLOCK, 16000, **{name: 1})

    def test_whole_hops(self):
        with unecho.Canceller(16000, whole_hops=True) as canceller:
            self.assertRaisesRegex(ValueError, "multiple|whole", canceller.process, BLOCK, BLOCK)
            self.assertEqual(canceller.latency, 128)


class Closed(unittest.TestCase):
    def test_a_steady_stream(self):
        for far_rate, chunk in ((None, BLOCK), (None, bytes(320)), (24000, bytes(320))):
            canceller = unecho.Canceller(16000, far_rate=far_rate)
            for _ in range(3):
                canceller.process(chunk, chunk)
            self.assertIsNotNone(canceller._steady)
            canceller.close()
            self.assertRaisesRegex(ValueError, "the canceller is closed", canceller.process,
                                   chunk, chunk)

    def test_every_call_raises(self):
        canceller = unecho.Canceller(16000, far_rate=24000)
        with canceller:
            self.assertIn("rate=16000", repr(canceller))
        canceller.close()
        for call in (lambda: canceller.process(BLOCK), lambda: canceller.push_far(BLOCK),
                     canceller.reset, canceller.next_call, canceller.notify_gap,
                     canceller.read_record, lambda: canceller.stats, lambda: canceller.kernels,
                     lambda: unecho.process_many([canceller], [np.zeros(160, np.float32)])):
            self.assertRaisesRegex(ValueError, "the canceller is closed", call)
        self.assertEqual(repr(canceller), "<unecho.Canceller, closed>")
