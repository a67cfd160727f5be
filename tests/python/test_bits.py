"""The same bits as the command line, which is C alone."""

import os
import subprocess
import tempfile
import unittest

import numpy as np

import sample
import unecho


@unittest.skipUnless("UNECHO_TOOL" in os.environ, "the command line is not built")
class Bits(unittest.TestCase):
    def run_tool(self, *options):
        """On the format that setUp or write wrote last."""
        out = subprocess.run([os.environ["UNECHO_TOOL"], "process", "-q", "--raw", self.format,
                              "--rate", "16000", *options, "mic.raw", "far.raw", "-o", "-"],
                             cwd=self.folder, check=True, capture_output=True).stdout
        return np.frombuffer(out, self.mic.dtype)

    def write(self, mic, far):
        self.mic, self.far = mic, far
        self.format = {"float32": "f32le", "int16": "s16le"}[str(mic.dtype)]
        mic.tofile(os.path.join(self.folder, "mic.raw"))
        far.tofile(os.path.join(self.folder, "far.raw"))

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write(sample.mic.astype(np.float32) / 32768, sample.far.astype(np.float32) / 32768)

    def test_a_stream(self):
        """What --chunk gives: the output without its latency, up to the end of the microphone."""
        with unecho.Canceller(16000) as canceller:
            silence = np.zeros(canceller.latency, np.float32)
            out = sample.stream(canceller, 320, np.append(self.mic, silence),
                                np.append(self.far, silence))[canceller.latency:]
        self.assertTrue(np.array_equal(out, self.run_tool("--chunk", "320")))

    def test_a_whole_recording(self):
        self.assertTrue(np.array_equal(unecho.process(self.mic, self.far, 16000), self.run_tool()))

    def test_a_whole_recording_of_16_bits(self):
        """Halves are rounded the same way: there are some."""
        self.write(sample.mic, sample.far)
        self.assertTrue(np.array_equal(unecho.process(self.mic, self.far, 16000), self.run_tool()))
