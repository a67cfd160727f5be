"""The annotations: those of the package itself, and what a program that uses it gets of them."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "bindings/python/unecho"
# Adapters are checked where the packages are that they adapt to.
ADAPTERS = ("pipecat.py", "livekit.py", "_agent_output.py")

PROGRAM = """
import numpy as np
from numpy.typing import NDArray

import unecho


def live(mic: NDArray[np.int16], far: NDArray[np.int16]) -> NDArray[np.int16]:
    with unecho.Canceller(rate=48000, far_rate=24000, engine="linear") as canceller:
        canceller.push_far(far)
        near: NDArray[np.int16] = canceller.process(mic, out=np.empty_like(mic))
        return canceller.process(mic, far) if canceller.stats.delay_ms > 20 else near


def agent(mic: NDArray[np.float32], speech: bytes) -> NDArray[np.float32]:
    playout = unecho.Playout(24000)
    playout.play(speech)
    return unecho.Canceller(16000, far_rate=24000).process(mic, playout)


async def served(mic: bytes, far: bytes) -> int:
    async with unecho.aio.Canceller(16000, far_rate=24000) as canceller:
        await canceller.set(suppression=0.5)
        return len(await canceller.read_record()) + canceller.far_rate


def of_bytes(mic: bytes, far: memoryview) -> bytes:
    return unecho.Canceller().process(mic, far)


def whole(mic: NDArray[np.float32], far: bytes) -> NDArray[np.float32]:
    near = unecho.process_many([unecho.Canceller()], [mic], [None])[0]
    print(unecho.process_file("mic.wav", "far.wav", "near.wav").erle_db)
    return unecho.process(near, far, 16000)
"""


@unittest.skipUnless(importlib.util.find_spec("mypy"), "mypy is not installed")
class Types(unittest.TestCase):
    def check(self, *files):
        cache = os.path.join(os.environ["UNECHO_SAMPLES"], "mypy")
        found = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache, *map(str, files)],
            env={**os.environ, "MYPYPATH": str(PACKAGE.parent)}, text=True, capture_output=True)
        self.assertEqual(found.returncode, 0, found.stdout + found.stderr)

    def test_package_and_a_program(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "program.py"
            program.write_text(PROGRAM)
            self.check(program, *(file for file in sorted(PACKAGE.glob("*.py"))
                                  if file.name not in ADAPTERS))


if __name__ == "__main__":
    unittest.main()
