"""The package describes the header's structs and constants as the C compiler does."""

import dataclasses
import os
import subprocess
import unittest

import unecho
from unecho import _library


class Layout(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = subprocess.run([os.environ["UNECHO_LAYOUT"]], check=True, capture_output=True,
                              text=True).stdout
        cls.lines = [line.split() for line in text.splitlines()]

    def compare(self, struct, name):
        fields = [(field, int(offset), int(size)) for of, field, offset, size in
                  (line for line in self.lines if len(line) == 4) if of == name]
        ours = [(field, getattr(struct, field).offset, getattr(struct, field).size)
                for field, _ in struct._fields_]
        self.assertEqual(ours, fields)
        self.assertIn([name, str(_library.ctypes.sizeof(struct))], self.lines)

    def test_config(self):
        self.compare(_library.Config, "unecho_config")

    def test_stats(self):
        self.compare(_library.StatsStruct, "unecho_stats")
        self.assertEqual([field.name for field in dataclasses.fields(unecho.Stats)],
                         [field for field, _ in _library.StatsStruct._fields_[1:]])

    def test_constants(self):
        numbers = {line[0]: int(line[1]) for line in self.lines if len(line) == 2}
        for kind in (unecho.Engine, unecho.Align, unecho.Precision, unecho.Backend):
            for member in kind:
                self.assertEqual(numbers[f"UNECHO_{kind.__name__.upper()}_{member.name}"], member)
        for member in unecho.ModelKind:
            self.assertEqual(numbers[f"UNECHO_MODEL_{member.name}"], member)
        for name in ("ERROR_ARGUMENT", "ERROR_MEMORY", "ERROR_SAMPLE_RATE", "ERROR_CHUNK",
                     "MESSAGE_SIZE", "HOP", "CHANNELS_MAX"):
            self.assertEqual(numbers["UNECHO_" + name], getattr(_library, name))
        self.assertEqual(numbers["UNECHO_CHANNEL_MEAN"], unecho.CHANNEL_MEAN)

    def test_every_config_field_is_a_keyword(self):
        inside = {"size", "message", "message_size", "sample_rate", "mic_channels", "far_rate",
                  "allocate", "release", "user", "onnxruntime"}
        self.assertEqual({field for field, _ in _library.Config._fields_} - inside,
                         unecho._settings.NAMES)

    def test_another_library_is_refused(self):
        with self.assertRaisesRegex(ImportError, "libm.so.6 is not the library"):
            _library.load("libm.so.6")
        with self.assertRaisesRegex(ImportError, "cannot load the library of unecho: /nowhere"):
            _library.load("/nowhere/libunecho.so")

    def test_another_layout_is_refused(self):
        known, _library.DEFAULTS["linear_tail_ms"] = _library.DEFAULTS["linear_tail_ms"], 128
        try:
            with self.assertRaisesRegex(ImportError, "linear_tail_ms is 256 by default"):
                _library.load(_library.path())
        finally:
            _library.DEFAULTS["linear_tail_ms"] = known
