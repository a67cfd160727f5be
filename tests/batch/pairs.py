"""Pairs of recordings cut from the bundled sample, and the command line in a folder of its own."""

import array
import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest
import wave

TOOL = os.environ["UNECHO_TOOL"]
RATE = 16000


def read_wave(path):
    with wave.open(os.fspath(path), "rb") as file:
        assert file.getframerate() == RATE and file.getsampwidth() == 2
        return array.array("h", file.readframes(file.getnframes()))


def write_wave(path, *channels, rate=RATE):
    frames = array.array("h", (sample for frame in zip(*channels) for sample in frame))
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    # By descriptor: wave takes no names that are bytes.
    with open(path, "wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())


class Sample:
    """The bundled sample."""

    def __init__(self):
        folder = os.environ["UNECHO_SAMPLES"]
        self.mic = read_wave(os.path.join(folder, "meeting_mic.wav"))
        self.far = read_wave(os.path.join(folder, "meeting_far.wav"))

    def cut(self, seed, seconds=1.0):
        """Microphone and far end from the same, random place."""
        chance = random.Random(seed)
        length = int(seconds * (1 + chance.random()) * RATE)
        at = chance.randrange(len(self.far) - length)
        return self.mic[at:at + length], self.far[at:at + length]


def run(*words, **how):
    """The outcome of a run; words are the arguments."""
    environment = {**os.environ, **how.pop("env", {})}
    return subprocess.run([TOOL, *words], capture_output=True, env=environment, **how)


def lines_of(result):
    """What --json prints."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def files_in(folder):
    """Paths, as bytes, and contents of all files but the journals."""
    found = {}
    for path, _, names in os.walk(os.fsencode(folder)):
        for name in names:
            if name.startswith(b"unecho-batch") and name.endswith(b".jsonl"):
                continue
            whole = os.path.join(path, name)
            try:
                with open(whole, "rb") as file:
                    found[os.path.relpath(whole, os.fsencode(folder))] = file.read()
            except FileNotFoundError:
                pass # of a process that has just noticed that its parent was killed
    return found


class InFolder(unittest.TestCase):
    sample = None

    def setUp(self):
        InFolder.sample = InFolder.sample or Sample()
        self.folder = tempfile.mkdtemp(prefix="unecho-batch-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.before = os.getcwd()
        self.addCleanup(os.chdir, self.before)
        os.chdir(self.folder)

    def put(self, mic, far, seed=0):
        one, other = self.sample.cut(seed)
        write_wave(mic, one)
        write_wave(far, other)

    def batch(self, *words, code=0, **how):
        result = run("batch", *words, **how)
        self.assertEqual(result.returncode, code, (result.stdout + result.stderr).decode(errors="replace"))
        return result

    def process(self, mic, far, *options, ending=".wav"):
        """What unecho process makes of the pair."""
        words = [mic, far] if far else [mic]
        result = run("process", *words, "-o", "expected" + ending, "-q", *options)
        self.assertEqual(result.returncode, 0, result.stderr.decode(errors="replace"))
        with open("expected" + ending, "rb") as file:
            return file.read()

    def assert_output(self, path, mic, far, *options):
        with open(path, "rb") as file:
            ending = os.path.splitext(os.fsdecode(path))[1]
            self.assertEqual(file.read(), self.process(mic, far, *options, ending=ending), path)
