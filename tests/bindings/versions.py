"""What states the version, or the number in the shared library's name, states that of the sources."""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import tap  # noqa: E402


def found(path, pattern):
    return re.findall(pattern, (ROOT / path).read_text(), re.M)


class Versions(unittest.TestCase):
    def test_version(self):
        version = ".".join(found("include/unecho.h",
                                 r"^#define UNECHO_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)"))
        for path, pattern in (("CHANGELOG.md", r"^## (\S+?),? "),
                              ("debian/changelog", r"^unecho \((\S+?)(?:-\S+)?\)"),
                              ("docs/unecho.1", r'^\.TH .*"unecho (\S+)"'),
                              ("bindings/rust/unecho-sys/Cargo.toml", r'^version = "(\S+)"'),
                              ("bindings/rust/unecho/Cargo.toml", r'^version = "(\S+)"'),
                              ("bindings/rust/unecho/Cargo.toml",
                               r'^unecho-sys = .*version = "(\S+?)"')):
            # The newest stands first.
            self.assertEqual(found(path, pattern)[:1], [version], path)

    def test_series(self):
        series = ".".join(found("include/unecho.h", r"^#define UNECHO_VERSION_M\w+ (\d+)"))
        self.assertEqual(found("README.md", r"find_package\(unecho (\S+) "), [series])

    def test_name_of_the_shared_library(self):
        number = found("meson.build", r"^api_major = (\d+)$")
        self.assertEqual(len(number), 1)
        self.assertEqual(found("CMakeLists.txt", r"SOVERSION (\d+)"), number)
        self.assertEqual(found("debian/control", r"^Package: libunecho(\d+)$"), number)
        self.assertTrue((ROOT / f"debian/libunecho{number[0]}.install").exists())


if __name__ == "__main__":
    sys.exit(tap.run("versions"))
