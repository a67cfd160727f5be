"""Builds the library and packs it with the package. The rest is in pyproject.toml.

UNECHO_LIBRARY names a library that is already built.
"""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.dist import Distribution
from wheel.bdist_wheel import bdist_wheel

here = Path(__file__).resolve().parent
# Of the library: beside this file in a source distribution, above it in a checkout.
source = here / "library"
if not source.is_dir():
    source = here.parents[1]
LIBRARY_SOURCE = ("LICENSE", "meson.build", "meson_options.txt", "docs/python.md", "include", "models",
                  "src")


def version():
    header = (source / "include/unecho.h").read_text()
    return ".".join(re.findall(r"#define UNECHO_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))


def build_library(folder):
    """The path of the shared library, stripped."""
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, source, "-Dauto_features=disabled",
                        "-Donnxruntime=enabled", "-Dc_link_args=-s"], check=True)
    subprocess.run(["meson", "compile", "-C", folder, "unecho:shared_library"], check=True)
    return folder / "src/libunecho.so"


def platform(library):
    """The oldest system that the library runs on: the newest C library version that it needs."""
    needs = re.findall(rb"\0GLIBC_(\d+)\.(\d+)(?=[.\0])", library.read_bytes())
    machine = sysconfig.get_platform()
    if not needs or not machine.startswith("linux-"):
        return machine.replace("-", "_").replace(".", "_")
    # The first manylinux policy with this form of name is 2.17's.
    major, minor = max(max((int(a), int(b)) for a, b in needs), (2, 17))
    return f"manylinux_{major}_{minor}_{machine[len('linux-'):]}"


class Build(build_py):
    def run(self):
        super().run()
        given = os.environ.get("UNECHO_LIBRARY")
        temporary = Path(self.get_finalized_command("build").build_temp)
        library = Path(given) if given else build_library(temporary.resolve() / "library")
        package = Path(self.build_lib) / "unecho"
        shutil.copy(library, package / "libunecho.so")
        shutil.copy(source / "LICENSE", package / "LICENSE")
        # Where the library looks for a model by its name.
        (package / "models").mkdir(exist_ok=True)
        for file in sorted((source / "models").glob("unecho-128_*.onnx")):
            shutil.copy(file, package / "models")


class Wheel(bdist_wheel):
    def get_tag(self):
        package = Path(self.get_finalized_command("build").build_lib) / "unecho"
        return "py3", "none", platform(package / "libunecho.so")


class Source(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        for name in LIBRARY_SOURCE:
            to = Path(base_dir) / "library" / name
            to.parent.mkdir(parents=True, exist_ok=True)
            if (source / name).is_dir():
                shutil.copytree(source / name, to)
            else:
                shutil.copy(source / name, to)


class Binary(Distribution):
    def has_ext_modules(self):
        return True


setup(
    version=version(),
    long_description=(source / "docs/python.md").read_text(),
    long_description_content_type="text/markdown",
    cmdclass={"build_py": Build, "bdist_wheel": Wheel, "sdist": Source},
    distclass=Binary,
)
