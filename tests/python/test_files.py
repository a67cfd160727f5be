"""Whole recordings, files, and python -m unecho."""

import subprocess
import sys
import tempfile
import unittest
import wave
from pathlib import Path

import numpy as np

import sample
import unecho
from unecho._signals import read_wav, write_wav


def main(*arguments):
    return subprocess.run([sys.executable, "-m", "unecho", *map(str, arguments)],
                          capture_output=True, text=True)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_file(self):
        out = self.folder / "out.wav"
        result = main(sample.MIC, sample.FAR, "-o", out)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, "out.wav: echo 2[0-9] ms behind the far end")
        near, rate = read_wav(out)
        self.assertEqual((rate, near.shape, near.dtype), (16000, sample.mic.shape, np.int16))
        self.assertLessEqual(sample.change_db(sample.mic, near, sample.FAR_ALONE), -25)
        self.assertTrue(np.array_equal(near, unecho.process(sample.mic, sample.far, 16000)))

    def test_other_rates_and_channels(self):
        mic = np.stack([sample.mic, sample.mic], axis=1)
        write_wav(self.folder / "mic.wav", mic, 16000)
        write_wav(self.folder / "far.wav", sample.resample(sample.far, 3, 2), 24000)
        stats = unecho.process_file(self.folder / "mic.wav", self.folder / "far.wav",
                                    self.folder / "out.wav")
        self.assertEqual(stats.far_missing_frames, 0)
        near, _ = read_wav(self.folder / "out.wav")
        self.assertEqual(near.shape, mic.shape)
        self.assertLessEqual(sample.change_db(mic, near, sample.FAR_ALONE), -25)

    def test_bytes(self):
        near = unecho.process(sample.mic.tobytes(), sample.far.tobytes(), 16000, engine="linear")
        self.assertEqual(len(near), 2 * len(sample.mic))

    def test_other_formats(self):
        def fails(text, mic):
            result = main(mic, sample.FAR, "-o", self.folder / "out.wav")
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr, text)
            self.assertFalse((self.folder / "out.wav").exists())

        other = self.folder / "mic.flac"
        other.write_bytes(b"fLaC" + bytes(100))
        fails("mic.flac cannot be read .*`unecho process` reads all others", other)
        other.write_bytes(b"RIFF")
        fails("mic.flac cannot be read .*ends too early", other)
        fails("No such file", self.folder / "none.wav")
        with wave.open(str(other), "wb") as file:
            file.setparams((1, 3, 16000, 0, "NONE", ""))
            file.writeframes(bytes(300))
        fails("mic.flac has 24 bits", other)
        write_wav(other, np.zeros(100, np.int16), 4000)
        fails("unecho: rate is 4000", other)

    def test_an_input_is_not_replaced(self):
        result = main(sample.MIC, sample.FAR, "-o", sample.FAR)
        self.assertEqual(result.returncode, 1)
        self.assertIn("would replace an input", result.stderr)

    def test_arguments(self):
        self.assertEqual(main().returncode, 2)
        self.assertRegex(main("--version").stdout, "^unecho [0-9.]+$")
