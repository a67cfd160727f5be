"""What bindings and plugins repeat of the header: the fields of unecho_config and unecho_stats, and the
functions of a stream."""

import os
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import tap  # noqa: E402


def read(path):
    return (ROOT / path).read_text()


def header(struct):
    """The names of the fields, in their order."""
    text = re.sub(r"/\*.*?\*/", "", read("include/unecho.h"), flags=re.S)
    body = re.search(r"typedef struct %s \{(.*?)\} %s;" % (struct, struct), text, re.S)[1]
    fields = [field.strip() for field in body.split(";")]
    return [re.search(r"\(\*(\w+)\)|(\w+)$", field).group(1, 2) for field in fields if field]


def names(struct, without=()):
    found = [pointer or plain for pointer, plain in header(struct)]
    assert len(found) > 20 and found[0] == "size" and set(without) <= set(found)
    return [name for name in found if name not in without]


def functions():
    """The names of those of a stream."""
    return re.findall(r"^UNECHO_API .*\b(unecho_\w+)\((?:const )?unecho \*stream\b",
                      read("include/unecho.h"), re.M)


def between(path, begin, end):
    return read(path).split(begin, 1)[1].split(end, 1)[0]


def camel_case(name):
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)


def go_name(name):
    return "".join("DB" if word == "db" else word.capitalize() for word in name.split("_"))


class Fields(unittest.TestCase):
    # tests/python and the crate unecho-sys compare their structs with what this program prints.
    def test_layout(self):
        text = read("tests/python/layout.c")
        for struct in ("unecho_config", "unecho_stats"):
            self.assertEqual(re.findall(r"FIELD\(%s, (\w+)\)" % struct, text), names(struct))

    def test_python(self):
        for struct, name in (("unecho_config", "Config"), ("unecho_stats", "StatsStruct")):
            text = between("bindings/python/unecho/_library.py", f"class {name}(", "\n    ]")
            self.assertEqual(re.findall(r'\("(\w+)",', text), names(struct))

    def test_rust(self):
        for struct in ("unecho_config", "unecho_stats"):
            text = between("bindings/rust/unecho-sys/src/lib.rs", f"pub struct {struct} {{", "\n}")
            self.assertEqual(re.findall(r"^    pub (\w+):", text, re.M), names(struct))

    # Both ways, each field is that of the same name.
    def test_settings_of_go(self):
        known = names("unecho_config", {"size", "message", "message_size", "backend", "allocate",
                                        "release", "user", "onnxruntime", "cpu"})
        pairs = sorted((go_name(name), name) for name in known)
        path = "bindings/go/config.go"
        text = between(path, "type Config struct {", "\n}")
        self.assertEqual(sorted(re.findall(r"^\t(\w+)", text, re.M)), [field for field, _ in pairs])
        text = between(path, "return Config{", "\n\t}\n")
        given = {("SampleRate", "sample_rate"), ("Model", "model")}
        self.assertEqual(sorted(given | set(re.findall(r"(\w+): +.*\braw\.(\w+)", text))), pairs)
        text = between(path, "func (c Config) raw()", "\n}\n")
        found = [(field, name) for name, field in re.findall(r"raw\.(\w+) = .*\bc\.([A-Z]\w+)", text)]
        self.assertEqual(sorted(found), pairs)

    def test_statistics_of_go(self):
        pairs = [(go_name(name), name) for name in names("unecho_stats", {"size"})]
        path = "bindings/go/stats.go"
        text = between(path, "type Stats struct {", "\n}")
        self.assertEqual(re.findall(r"^\t(\w+)", text, re.M), [field for field, _ in pairs])
        text = between(path, "return Stats{\n", "\n\t}\n")
        self.assertEqual(re.findall(r"(\w+): +.*\bs\.(\w+)", text), pairs)

    # Those that are no numbers, and those of what WebAssembly does not have.
    def test_settings_of_javascript(self):
        text = between("web/fields.h", "#define SETTINGS(_)", "#define STATS")
        self.assertEqual(re.findall(r"_\((\w+)\)", text), names("unecho_config", {
            "size", "message", "message_size", "model", "backend", "record_capacity", "allocate",
            "release", "user", "onnxruntime", "cpu", "cell_limit"}))

    def test_statistics_of_javascript(self):
        known = names("unecho_stats", {"size"})
        text = between("web/fields.h", "#define STATS(_)", "#endif")
        self.assertEqual(re.findall(r"_\((\w+)\)", text), known)
        text = between("web/types.d.ts", "interface Stats {", "\n}")
        self.assertEqual(re.findall(r"^  (\w+): ", text, re.M), [camel_case(name) for name in known])

    # A binding has a function, or it is named here.
    def test_functions(self):
        known = functions()
        self.assertGreater(len(known), 15)
        planar = {"unecho_process_planar", "unecho_push_far_planar"}
        of_javascript = planar | {"unecho_process_whole", "unecho_record_read"}
        for pattern, without in (("bindings/python/unecho/_canceller.py", planar),
                                 ("bindings/rust/unecho/src/*.rs", planar | {"unecho_record_read"}),
                                 ("bindings/go/*.go", planar),
                                 ("bindings/node/addon.c", of_javascript),
                                 ("web/module.c", of_javascript)):
            self.assertLessEqual(without, set(known))
            used = set()
            for path in ROOT.glob(pattern):
                used.update(re.findall(r"\bunecho_\w+", path.read_text()))
            self.assertEqual([name for name in known if name not in used],
                             [name for name in known if name in without], pattern)

    def test_messages_of_gstreamer(self):
        text = between("plugins/gstreamer/aec.c", 'gst_structure_new("unecho"', "NULL)")
        found = re.findall(r'"([a-z-]+)", G_TYPE_\w+, .*\bs\.(\w+)', text)
        self.assertEqual([name.replace("-", "_") for name, _ in found], [field for _, field in found])
        self.assertEqual([field for _, field in found], names("unecho_stats", {"size"}))


if __name__ == "__main__":
    sys.exit(tap.run("fields"))
