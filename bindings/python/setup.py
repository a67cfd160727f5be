"""Packs the library that scripts/python-wheel.sh has built. The rest is in pyproject.toml."""

import os
import re
import shutil
import sysconfig
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution
from wheel.bdist_wheel import bdist_wheel

root = Path(__file__).resolve().parents[2]
library = os.environ.get("UNECHO_LIBRARY")
if not library:
    raise SystemExit("setup.py: UNECHO_LIBRARY does not name the library; "
                     "use scripts/python-wheel.sh")


def version():
    header = (root / "include/unecho.h").read_text()
    return ".".join(re.findall(r"#define UNECHO_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))


def platform():
    """The oldest system that the library runs on: the newest C library version that it needs."""
    needs = re.findall(rb"\0GLIBC_(\d+)\.(\d+)(?=[.\0])", Path(library).read_bytes())
    machine = sysconfig.get_platform()
    if not needs or not machine.startswith("linux-"):
        return machine.replace("-", "_").replace(".", "_")
    # The first manylinux policy with this form of name is 2.17's.
    major, minor = max(max((int(a), int(b)) for a, b in needs), (2, 17))
    return f"manylinux_{major}_{minor}_{machine[len('linux-'):]}"


class Build(build_py):
    def run(self):
        super().run()
        package = Path(self.build_lib) / "unecho"
        shutil.copy(library, package / "libunecho.so")
        shutil.copy(root / "LICENSE", package / "LICENSE")
        # Where the library looks for a model by its name.
        (package / "models").mkdir(exist_ok=True)
        for file in sorted((root / "models").glob("unecho-128_*.onnx")):
            shutil.copy(file, package / "models")


class Wheel(bdist_wheel):
    def get_tag(self):
        return "py3", "none", platform()


class Binary(Distribution):
    def has_ext_modules(self):
        return True


setup(
    version=version(),
    long_description=(root / "docs/python.md").read_text(),
    long_description_content_type="text/markdown",
    cmdclass={"build_py": Build, "bdist_wheel": Wheel},
    distclass=Binary,
)
