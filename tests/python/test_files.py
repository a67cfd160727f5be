"""Whole recordings, files, and python -m unecho."""

import os
import resource
import subprocess
import sys
import tempfile
import unittest
import wave
from pathlib import Path

import numpy as np

import sample
import unecho
from unecho._wav import read_wav, write_wav


def main(*arguments, **more):
    return subprocess.run([sys.executable, "-m", "unecho", *map(str, arguments)],
                          capture_output=True, text=True, **more)


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
        slow = self.folder / "mic.wav"
        write_wav(slow, np.zeros(100, np.int16), 4000)
        fails("unecho: rate is 4000", slow)
        write_wav(slow, np.zeros(0, np.int16), 16000)
        fails("mic.wav has no samples, or .*did not finish its header", slow)

    def test_a_file_that_is_cut_short(self):
        mic = self.folder / "mic.wav"
        mic.write_bytes(sample.MIC.read_bytes()[:44 + 2 * 24000 + 1])  # in mid-sample
        result = main(mic, sample.FAR, "-o", self.folder / "out.wav")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr, f"unecho: warning: {mic} is cut short: its header says "
                                        f"{len(sample.mic) / 16000:.2f} s, there are 1.50\n")
        self.assertEqual(len(read_wav(self.folder / "out.wav")[0]), 24000)
        with self.assertWarnsRegex(RuntimeWarning, "mic.wav is cut short") as caught:
            unecho.process_file(mic, sample.FAR, self.folder / "out.wav")
        self.assertEqual(caught.filename, __file__)
        # What cannot know its length says the most.
        mic.write_bytes(sample.MIC.read_bytes()[:40] + b"\xff" * 4 + bytes(32000))
        self.assertEqual(main(mic, sample.FAR, "-o", self.folder / "out.wav").stderr, "")

    def test_outputs_that_are_refused(self):
        (self.folder / "folder.wav").mkdir()
        os.mkfifo(self.folder / "pipe.wav")
        for name, text in (("near.flac", "near.flac: WAV files are written here, .* ends in .wav"),
                           ("near", "near: WAV files are written here"),
                           ("folder.wav", "folder.wav is a folder"),
                           ("pipe.wav", "pipe.wav is not a regular file"),
                           ("nowhere/out.wav", "nowhere/out.wav: there is no folder")):
            result = main(sample.MIC, sample.FAR, "-o", self.folder / name)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr, f"^unecho: .*{text}.*\n$")
        self.assertEqual(sorted(os.listdir(self.folder)), ["folder.wav", "pipe.wav"])

    def test_a_full_disk_leaves_the_old_file(self):
        out = self.folder / "out.wav"
        out.write_bytes(b"old")

        def full():
            resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))

        result = main(sample.MIC, sample.FAR, "-o", out, preexec_fn=full)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, f"unecho: [Errno 27] File too large: '{out}'\n")
        self.assertEqual(out.read_bytes(), b"old")
        self.assertEqual(os.listdir(self.folder), ["out.wav"])

    def test_what_is_replaced_keeps_its_mode_and_links(self):
        out, link = self.folder / "out.wav", self.folder / "link.wav"
        out.write_bytes(b"old")
        out.chmod(0o640)
        link.symlink_to(out)
        write_wav(link, np.zeros(100, np.int16), 16000)
        self.assertTrue(link.is_symlink())
        self.assertEqual(out.stat().st_mode & 0o777, 0o640)
        self.assertEqual(read_wav(out)[0].shape, (100,))

    def test_an_input_is_not_replaced(self):
        result = main(sample.MIC, sample.FAR, "-o", sample.FAR)
        self.assertEqual(result.returncode, 1)
        self.assertIn("would replace an input", result.stderr)

    def test_arguments(self):
        self.assertEqual(main().returncode, 2)
        self.assertRegex(main("--version").stdout, "^unecho [0-9.]+$")
