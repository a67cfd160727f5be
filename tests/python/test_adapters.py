"""The adapters for pipecat and LiveKit, against copies of their abstract classes.

The agent plays at 24 kHz, the microphone has 16 kHz; what is played comes in bursts.
"""

import asyncio
import os
import random
import subprocess
import sys
import unittest
import unittest.mock
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "stubs"))

import sample  # noqa: E402
import unecho.livekit  # noqa: E402
import unecho.pipecat  # noqa: E402
from livekit import rtc  # noqa: E402
from livekit.agents.voice import io  # noqa: E402
from pipecat.audio.mixers.base_audio_mixer import BaseAudioMixer  # noqa: E402
from pipecat.frames.frames import (FilterEnableFrame, FilterUpdateSettingsFrame,  # noqa: E402
                                   MixerEnableFrame)

FAR_RATE = 24000
far24 = sample.resample(sample.far, 3, 2)
# 20 ms
MICS = [m.tobytes() for (m,) in sample.chunks(320, sample.mic)][:-1]
FARS = [f.tobytes() for (f,) in sample.chunks(480, far24)][:len(MICS)]


def reduction(test, out, late=0):
    """Out: bytes, `late` frames behind the microphone."""
    out = np.frombuffer(out, np.int16)[late:]
    test.assertLessEqual(sample.change_db(sample.mic, out, sample.FAR_ALONE), -25)
    test.assertLessEqual(abs(sample.change_db(sample.mic, out, sample.NEAR_ALONE)), 1)


def latency():
    with unecho.Canceller(16000, far_rate=FAR_RATE) as canceller:
        return canceller.latency


class Names(unittest.TestCase):
    """import unecho is enough: in a new interpreter, which has imported nothing else."""

    def run_program(self, program):
        stubs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stubs")
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                                env={**os.environ, "STUBS": stubs})
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_modules_are_there_when_they_are_used(self):
        self.run_program("""
import os, sys
import unecho
assert "asyncio" not in sys.modules
assert unecho.aio.Canceller and "asyncio" in sys.modules
assert not hasattr(unecho, "ai")
sys.path.insert(0, os.environ["STUBS"])
assert unecho.pipecat.EchoCanceller and unecho.livekit.EchoCanceller
""")

    def test_a_package_that_is_missing_is_named(self):
        self.run_program("""
import sys
import unecho
sys.modules["livekit"] = None
try:
    unecho.livekit
except ModuleNotFoundError as error:
    assert error.name == "livekit", error
else:
    raise AssertionError
""")


class Settings(unittest.TestCase):
    def test_wrong_ones_are_told_at_once(self):
        for adapter in (unecho.pipecat.EchoCanceller, unecho.livekit.EchoCanceller,
                        unecho.livekit.AudioProcessingModule):
            for kind, text, settings in (
                    (TypeError, "unknown setting 'supression'", {"supression": 1}),
                    (TypeError, "'rate'", {"rate": 16000}),
                    (ValueError, "suppression is 9", {"suppression": 9})):
                with self.subTest(adapter), self.assertRaisesRegex(kind, text):
                    adapter(**settings)

    def test_pipecat_s_frame_before_the_first_audio(self):
        async def run():
            echo = unecho.pipecat.EchoCanceller()
            with self.assertRaisesRegex(ValueError, "suppression is 9"):
                await echo.filter.process_frame(FilterUpdateSettingsFrame({"suppression": 9}))

        asyncio.run(run())


class Pipecat(unittest.TestCase):
    def setUp(self):
        """The adapter's clock, which a busy machine does not advance."""
        self.now = 1000.0
        clock = unittest.mock.patch("unecho.pipecat.monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    def run_call(self, echo, order, bursts=None, away=()):
        """What filter returns. bursts(i): the chunks of far end that are mixed before chunk i."""
        async def run():
            starts = {"filter": lambda: echo.filter.start(16000),
                      "mixer": lambda: echo.mixer.start(FAR_RATE)}
            for name in order:
                await starts[name]()
            out = b""
            for i, mic in enumerate(MICS):
                for j in bursts(i) if bursts else (i,):
                    self.assertEqual(await echo.mixer.mix(FARS[j]), FARS[j])
                self.now += 0.02
                near = bytes(len(mic)) if i in away else await echo.filter.filter(mic)
                self.assertEqual(len(near), len(mic))
                out += near
            self.stats = echo.stats
            await echo.mixer.stop()
            await echo.filter.stop()
            self.assertIsNone(echo.stats)
            return out

        return asyncio.run(run())

    def test_the_agent_does_not_hear_itself(self):
        for order in (("filter", "mixer"), ("mixer", "filter")):
            with self.subTest(order=order):
                out = self.run_call(unecho.pipecat.EchoCanceller(), order)
                reduction(self, out, latency())

    def test_jitter(self):
        """Chunks that come up to 60 ms late, and then together."""
        rng = random.Random(16)
        due = [i + rng.randrange(4) for i in range(len(MICS))]
        for i in range(1, len(due)):
            due[i] = max(due[i], due[i - 1])  # they do not overtake each other
        by_time = {}
        for j, i in enumerate(due):
            by_time.setdefault(i, []).append(j)
        out = self.run_call(unecho.pipecat.EchoCanceller(reference_late_ms=80), ("filter", "mixer"),
                            lambda i: by_time.get(i, ()))
        reduction(self, out, latency() + 80 * 16)

    def test_bursts_ahead(self):
        """Half a second at once, as transports that buffer take it."""
        out = self.run_call(unecho.pipecat.EchoCanceller(), ("mixer", "filter"),
                            lambda i: range(i, min(i + 25, len(FARS))) if i % 25 == 0 else ())
        reduction(self, out, latency())
        self.assertEqual(self.stats.far_dropped_frames, 0)

    def test_interruption(self):
        """What was buffered and then dropped is no far end: the rest keeps its time."""
        echo = unecho.pipecat.EchoCanceller()

        def bursts(i):
            if i == 300:  # the agent says something else, 2 s of it, and is interrupted
                for j in range(100):
                    echo._play(FARS[j])
                echo.interrupt()
            return (i,)

        reduction(self, self.run_call(echo, ("filter", "mixer"), bursts), latency())
        self.assertAlmostEqual(self.stats.delay_ms, 22, delta=2)  # see samples/README.md

    def test_the_microphone_was_away(self):
        """Muted for 4 s, while the mixer goes on."""
        out = self.run_call(unecho.pipecat.EchoCanceller(), ("filter", "mixer"),
                            away=range(100, 300))
        out = np.frombuffer(out, np.int16)[latency():]
        self.assertLessEqual(sample.change_db(sample.mic, out, (8, 8.9)), -25)

    def test_nobody_is_connected_yet(self):
        """pipecat's loop then mixes silence as fast as it goes."""
        echo = unecho.pipecat.EchoCanceller()

        def bursts(i):
            if i == 0:
                for _ in range(1000):
                    echo._play(bytes(FAR_RATE))
            return (i,)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = self.run_call(echo, ("mixer", "filter"), bursts)
        reduction(self, out, latency())

    def test_disabled_it_goes_on_listening(self):
        async def run():
            echo = unecho.pipecat.EchoCanceller()
            await echo.filter.start(16000)
            await echo.filter.process_frame(FilterEnableFrame(False))
            self.assertEqual(await echo.filter.filter(MICS[0]), MICS[0])
            await echo.filter.process_frame(FilterEnableFrame(True))
            self.assertNotEqual(await echo.filter.filter(MICS[1]), MICS[1])
            self.assertEqual(echo.stats.frames, 640)
            await echo.filter.stop()

        asyncio.run(run())

    def test_settings_that_change(self):
        async def run(suppression, before, first=1):
            echo = unecho.pipecat.EchoCanceller(suppression=first)
            frame = FilterUpdateSettingsFrame({"suppression": suppression})
            await echo.filter.start(16000)
            await echo.mixer.start(FAR_RATE)
            if before:  # there is no canceller yet
                await echo.filter.process_frame(frame)
            out = b""
            for mic, far in zip(MICS[:150], FARS):
                await echo.mixer.mix(far)
                out += await echo.filter.filter(mic)
                if not before:
                    await echo.filter.process_frame(frame)
            self.assertEqual(echo._settings["suppression"], suppression)
            for settings in ({"supression": 1}, {"suppression": 9, "enable": False}):
                with self.assertRaises(ValueError):
                    await echo.filter.process_frame(FilterUpdateSettingsFrame(settings))
            await echo.filter.process_frame(FilterUpdateSettingsFrame({"enable": False}))
            self.assertEqual(await echo.filter.filter(MICS[150]), MICS[150])
            await echo.filter.stop()
            return out

        kept = asyncio.run(run(0, True))
        self.assertEqual(kept, asyncio.run(run(0, True, first=0)))
        self.assertNotEqual(kept, asyncio.run(run(1, True)))
        self.assertNotEqual(asyncio.run(run(0, False)), asyncio.run(run(1, False)))

    def test_another_mixer(self):
        calls = []

        class Louder(BaseAudioMixer):
            async def start(self, sample_rate):
                calls.append(sample_rate)

            async def stop(self):
                calls.append("stop")

            async def process_frame(self, frame):
                calls.append(frame)

            async def mix(self, audio):
                return audio[::-1]

        async def run():
            echo = unecho.pipecat.EchoCanceller(mixer=Louder())
            frame = MixerEnableFrame(True)
            await echo.mixer.start(FAR_RATE)
            await echo.filter.start(16000)
            await echo.filter.filter(MICS[0])
            await echo.mixer.process_frame(frame)
            self.assertEqual(await echo.mixer.mix(b"abcd"), b"dcba")
            self.assertEqual(echo._playout._take(2, FAR_RATE), b"dcba")
            await echo.mixer.stop()
            await echo.filter.stop()
            self.assertEqual(calls, [FAR_RATE, frame, "stop"])

        asyncio.run(run())


class LiveKit(unittest.TestCase):
    def test_frame_processor(self):
        echo = unecho.livekit.EchoCanceller()
        out = b""
        for i, mic in enumerate(MICS):
            if i % 25 == 0:  # synthesised faster than played
                for far in FARS[i:i + 25]:
                    echo.play(rtc.AudioFrame(far, FAR_RATE, 1, 480))
            frame = echo._process(rtc.AudioFrame(mic, 16000, 1, 320))
            self.assertEqual((frame.sample_rate, frame.num_channels, frame.samples_per_channel),
                             (16000, 1, 320))
            out += bytes(frame.data)
        self.assertTrue(echo.enabled)
        echo.interrupt()
        self.assertEqual(echo._playout.waiting, 0)
        echo._close()
        reduction(self, out, latency() + 320)

    def test_the_microphone_was_away(self):
        """4 s, while the agent talks on, 200 ms ahead as its source holds."""
        def another_track(echo):
            echo._on_stream_info_updated(room_name="", participant_identity="",
                                         publication_sid="another")

        def enabled_again(echo):
            echo.enabled = False
            echo.enabled = True

        for begin in another_track, enabled_again:
            with self.subTest(begin):
                self.check_away(begin, range(100, 300))

    def check_away(self, begin, away):
        echo = unecho.livekit.EchoCanceller()
        out = b""
        for i, mic in enumerate(MICS[:450]):
            for far in FARS[:11] if i == 0 else FARS[i + 10:i + 11]:
                echo.play(rtc.AudioFrame(far, FAR_RATE, 1, 480))
            if i == away.stop:
                begin(echo)
            near = (bytes(len(mic)) if i in away else
                    bytes(echo._process(rtc.AudioFrame(mic, 16000, 1, 320)).data))
            if i == away.stop:
                self.assertEqual(near, bytes(len(mic)))  # not what was heard before
            out += near
        echo._close()
        # Two seconds to find that the far end now comes 200 ms sooner.
        late = latency() + 320
        change = sample.change_db(sample.mic, np.frombuffer(out, np.int16)[late:], (8, 8.9))
        self.assertLessEqual(change, -25)

    def test_output_of_an_agent(self):
        """What it is told in a room: faster than it is played, paused, interrupted."""
        calls = []

        class Room(io.AudioOutput):
            def __init__(self):
                super().__init__(label="room", sample_rate=FAR_RATE,
                                 capabilities=io.AudioOutputCapabilities(pause=True))

            async def capture_frame(self, frame):
                calls.append(frame)

            def flush(self):
                calls.append("flush")

            def clear_buffer(self):
                calls.append("clear")

            def pause(self):
                calls.append("pause")

            def resume(self):
                calls.append("resume")

        echo = unecho.livekit.EchoCanceller()
        output = echo.output(Room())
        self.assertEqual(output.sample_rate, FAR_RATE)
        frames = [rtc.AudioFrame(far, FAR_RATE, 1, 480) for far in FARS[:30]]
        for frame in frames:
            asyncio.run(output.capture_frame(frame))
        self.assertEqual(output.next_in_chain.frames, 30)
        output.flush()
        output.pause()
        output.pause()
        self.assertEqual(echo._playout._take(480, FAR_RATE), bytes(960))
        output.resume()
        # The 200 ms that the audio source held have been dropped.
        self.assertEqual(echo._playout._take(480, FAR_RATE), FARS[10])
        output.clear_buffer()
        self.assertEqual(echo._playout._take(480, FAR_RATE), bytes(960))
        self.assertEqual(calls, [*frames, "flush", "pause", "pause", "resume", "clear"])
        # Paused before anything was played.
        another = unecho.livekit.EchoCanceller()
        another.pause()
        another.play(frames[0])
        self.assertEqual(another._playout._take(480, FAR_RATE), bytes(960))
        another.resume()
        self.assertEqual(another._playout._take(480, FAR_RATE), FARS[0])
        for each in (echo, another):
            each._close()

    def test_errors(self):
        with self.assertRaisesRegex(ValueError, "gain_control"):
            unecho.livekit.AudioProcessingModule(echo_cancellation=True, auto_gain_control=True)

    def test_formats_may_change(self):
        """Another call begins: no frame is lost, none has another length."""
        echo = unecho.livekit.EchoCanceller()
        module = unecho.livekit.AudioProcessingModule(echo_cancellation=True)
        for rate, channels in ((16000, 1), (48000, 2), (48000, 1)):
            for far_rate, far_channels in ((24000, 1), (24000, 2), (48000, 2)):
                far = rtc.AudioFrame.create(far_rate, far_channels, far_rate // 100)
                mic = rtc.AudioFrame.create(rate, channels, rate // 100)
                echo.play(far)
                module.process_reverse_stream(far)
                module.process_stream(mic)
                echo._process(mic)
                frame = echo._process(mic)
                self.assertEqual((frame.sample_rate, frame.num_channels, len(frame.data)),
                                 (rate, channels, rate // 100 * channels))
        echo._close()

    def test_audio_processing_module(self):
        """10 ms on both sides, in place."""
        module = unecho.livekit.AudioProcessingModule(echo_cancellation=True,
                                                      noise_suppression=True)
        module.set_stream_delay_ms(40)
        out = b""
        for m, f in zip(sample.chunks(160, sample.mic), sample.chunks(240, far24)):
            if len(m[0]) < 160 or len(f[0]) < 240:
                break
            module.process_reverse_stream(rtc.AudioFrame(f[0].tobytes(), FAR_RATE, 1, 240))
            samples = m[0].tobytes()
            # In place, or in a new buffer where that cannot be written.
            frame = rtc.AudioFrame(bytearray(samples) if len(out) % 640 else samples, 16000, 1, 160)
            module.process_stream(frame)
            out += bytes(frame.data)
        reduction(self, out, latency())

    def test_audio_processing_module_without_a_microphone_for_a_while(self):
        """The loudspeaker plays on, as its callback does."""
        for away in range(100, 115), range(100, 200):
            with self.subTest(away), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what is dropped meanwhile
                module = unecho.livekit.AudioProcessingModule(echo_cancellation=True,
                                                              noise_suppression=True)
                out = b""
                for i, (mic, far) in enumerate(zip(MICS[:450], FARS)):
                    module.process_reverse_stream(rtc.AudioFrame(far, FAR_RATE, 1, 480))
                    frame = rtc.AudioFrame(bytearray(mic), 16000, 1, 320)
                    if i not in away:
                        module.process_stream(frame)
                    out += bytes(frame.data)
                change = sample.change_db(sample.mic, np.frombuffer(out, np.int16)[latency():],
                                          (6, 8.9))
                self.assertLessEqual(change, -25)

    def test_nothing_wanted_nothing_changed(self):
        module = unecho.livekit.AudioProcessingModule()
        frame = rtc.AudioFrame(MICS[30][:320], 16000, 1, 160)
        module.process_stream(frame)
        module.process_reverse_stream(frame)
        self.assertEqual(bytes(frame.data), MICS[30][:320])


class Example(unittest.TestCase):
    def run_on(self, folder):
        example = Path(__file__).parents[2] / "bindings/python/examples/barge_in.py"
        return subprocess.run([sys.executable, example, folder], capture_output=True, text=True)

    def test_a_folder_without_the_sample(self):
        result = self.run_on("/nowhere")
        self.assertEqual((result.returncode, result.stderr), (
            1, "barge_in: there is neither /nowhere/meeting_mic.wav nor meeting_mic.flac\n"))

    def test_every_interruption_is_heard_and_none_is_false(self):
        result = self.run_on(sample.FOLDER)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("\nwith unecho: 4 of 4 interruptions heard, 0 false\n", result.stdout)
