"""The wheel: built from the checkout, installed without the network, used from there."""

import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def missing():
    """What this Python lacks; unittest's reason to skip."""
    for module in ("pip", "setuptools", "wheel", "venv", "ensurepip"):
        found = subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True)
        if found.returncode:
            return module
    return None


class Wheel(unittest.TestCase):
    def run_in(self, *command):
        # A new user's environment: no other unecho.
        env = {key: value for key, value in os.environ.items()
               if key not in ("PYTHONPATH", "UNECHO_LIBRARY")}
        result = subprocess.run([*map(str, command)], cwd=self.folder, env=env, text=True,
                                capture_output=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_a_library_that_is_not_there(self):
        with tempfile.TemporaryDirectory() as folder:
            library = os.path.join(folder, "libunecho.so")
            made = subprocess.run([ROOT / "scripts/python-wheel.sh", folder], text=True,
                                  env={**os.environ, "UNECHO_LIBRARY": library},
                                  capture_output=True)
        self.assertEqual((made.returncode, made.stdout), (1, ""))
        self.assertRegex(made.stderr, f"^realpath: {library}: .*\n$")

    def test_wheel(self):
        lacking = missing()
        if lacking and os.environ.get("CI") != "true":
            self.skipTest(f"{sys.executable} has no {lacking}")
        self.assertIsNone(lacking)
        with tempfile.TemporaryDirectory() as folder:
            self.folder = folder
            made = subprocess.run([ROOT / "scripts/python-wheel.sh", folder], text=True,
                                  env={**os.environ, "PYTHON": sys.executable}, capture_output=True)
            self.assertEqual(made.returncode, 0, made.stderr)
            wheel = Path(made.stdout.strip())
            self.assertRegex(wheel.name, r"^unecho-[0-9.]+-py3-none-manylinux_2_[0-9]+_\w+\.whl$")
            archive = zipfile.ZipFile(wheel)
            names = archive.namelist()
            for name in ("libunecho.so", "py.typed", "LICENSE", "aio.py"):
                self.assertIn("unecho/" + name, names)
            info = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
            self.assertIn("\nLicense-File: LICENSE\n", archive.read(info + "METADATA").decode())
            licenses = [name for name in names if name.startswith(info) and
                        name.endswith("/LICENSE")]
            self.assertEqual([archive.read(name) for name in licenses],
                             [(ROOT / "LICENSE").read_bytes()])
            # It was built of the source distribution, which is complete.
            self.assertEqual(len(list(Path(folder).glob("unecho-*.tar.gz"))), 1)
            self.run_in(sys.executable, "-m", "venv", "--system-site-packages", "env")
            python = Path(folder) / "env/bin/python"
            self.run_in(python, "-m", "pip", "install", "--no-index", wheel)
            version = self.run_in(python, "-m", "unecho", "--version")
            self.assertEqual(version, f"unecho {wheel.name.split('-')[1]}\n")
            where = self.run_in(python, "-c", "import unecho; print(unecho.__file__)")
            self.assertIn("env", where)
            # By name, from what is in the wheel.
            self.run_in(python, "-c", "import unecho; "
                        "[unecho.Model(name) for name in ('unecho-post', 'unecho-128')]")
            samples = Path(os.environ["UNECHO_SAMPLES"])
            said = self.run_in(python, "-m", "unecho", samples / "meeting_mic.wav",
                               samples / "meeting_far.wav", "-o", "out.wav")
            self.assertIn("echo", said)
