"""unecho batch: which files it pairs, by names, patterns and manifests, and what it leaves out."""

import json
import os
import shutil
import subprocess
import unittest

from pairs import InFolder, files_in, lines_of, write_wave


class Pairing(InFolder):
    def expect_pairs(self, result, expected):
        found = {(os.path.relpath(line["mic"], self.folder),
                  os.path.relpath(line["far"], self.folder) if "far" in line else None)
                 for line in lines_of(result)}
        self.assertEqual(found, set(expected))

    def test_usual_names(self):
        expected = [("in/a_mic.wav", "in/a_lpb.wav"), ("in/b_mic.wav", "in/b_far.wav"),
                    ("in/c-mic.wav", "in/c-ref.wav"), ("in/d.wav", "in/d.loopback.wav"),
                    ("in/mic_e.wav", "in/far_e.wav"), ("in/sub/mic/f.wav", "in/sub/far/f.wav"),
                    ("in/mic/g.wav", "in/far/g.wav"), ("in/h.wav", "in/h_far.wav"),
                    ("in/deep/er/i_mic.wav", "in/deep/er/i_far.wav"),
                    ("in/mic.wav", "in/far.wav"), ("in/m/mic.wav", "in/m/speaker.wav")]
        for i, (mic, far) in enumerate(expected):
            self.put(mic, far, i)
        mic, far = self.sample.cut(99)
        write_wave("in/both.wav", mic, far)
        # These have no partner.
        write_wave("in/j_mic.wav", mic)
        write_wave("in/k_far.wav", far)
        write_wave("in/l.wav", mic)
        write_wave("in/b_ref.wav", far)
        with open("in/notes.txt", "w") as file:
            file.write("no sound")
        result = self.batch("in", "-o", "out", "--json")
        self.expect_pairs(result, expected + [("in/both.wav", None)])
        for name in ["j_mic.wav", "k_far.wav", "l.wav", "b_ref.wav"]:
            self.assertIn(f"in/{name}: left out", result.stderr.decode())
        self.assertNotIn("notes", result.stderr.decode())
        for mic, far in expected:
            self.assert_output("out/" + mic[len("in/"):], mic, far)
        self.assert_output("out/both.wav", "in/both.wav", None)

    def test_recorders_that_write_capitals(self):
        expected = [("in/A_MIC.WAV", "in/A_FAR.WAV"), ("in/b.wav", "in/b_Ref.wav"),
                    ("in/Mic/c.wav", "in/Far/c.wav"), ("in/d_Microphone.wav", "in/d_lpb.wav")]
        for i, (mic, far) in enumerate(expected):
            self.put(mic, far, i)
        self.put("in/e_mIC.wav", "in/e_fAr.wav")
        result = self.batch("in", "-o", "out", "--json")
        self.expect_pairs(result, expected)
        self.assertIn("in/e_mIC.wav: left out", result.stderr.decode())

    def test_what_is_no_file_is_listed(self):
        self.put("in/a_mic.wav", "in/a_far.wav")
        self.put("other/x_mic.wav", "in/gone_far.wav")
        self.put("in/pipe_far.wav", "in/pipe_ref.wav")
        os.mkfifo("in/pipe_mic.wav")
        os.symlink("nowhere.wav", "in/gone_mic.wav")
        os.symlink("../other", "in/linked")
        os.symlink("../in", "in/loop")
        os.symlink("a_mic.wav", "in/b_mic.wav")
        os.symlink("a_far.wav", "in/b_far.wav")
        result = self.batch("in", "-o", "out", "--json", timeout=60)
        self.expect_pairs(result, [("in/a_mic.wav", "in/a_far.wav"),
                                   ("in/b_mic.wav", "in/b_far.wav")])
        self.assertEqual(set(files_in("out")), {b"a_mic.wav", b"b_mic.wav"})
        for name in ["pipe_mic.wav", "gone_mic.wav", "linked", "loop"]:
            self.assertIn(f"in/{name}: left out", result.stderr.decode())

    def test_a_pipe_is_not_waited_for(self):
        self.put("in/a_mic.wav", "in/a_far.wav")
        self.put("in/b_mic.wav", "in/b_far.wav")
        os.remove("in/b_far.wav")
        os.mkfifo("in/b_far.wav")
        os.mkfifo("both.wav")
        for options in [(), ("--pair", "*_mic.wav", "*_far.wav")]:
            result = self.batch("in", "-o", "out", *options, code=1, timeout=60)
            self.assertIn("in/b_far.wav: is not a regular file", result.stderr.decode())
            self.assertEqual(set(files_in("out")), {b"a_mic.wav"})
        result = self.batch("both.wav", "in/a_mic.wav", "-o", "named", timeout=60)
        self.assertIn("both.wav: left out: not a regular file", result.stderr.decode())
        for shard in ["1/2", "2/2"]:
            self.batch("-", "-o", "shared", "--shard", shard, timeout=60,
                       code=int(shard == "2/2"), input=b'{"mic": "both.wav"}\n'
                       b'{"mic": "in/a_mic.wav", "far": "in/a_far.wav"}\n')

    def test_two_folders_of_equal_names(self):
        for i in range(3):
            self.put(f"near/x/{i}.wav", f"play/x/{i}.wav", i)
        self.put("near/alone.wav", "play/other.wav")
        result = self.batch("play", "near", "-o", "out", "--json")
        self.expect_pairs(result, [(f"near/x/{i}.wav", f"play/x/{i}.wav") for i in range(3)])
        self.assertIn("near/alone.wav: left out", result.stderr.decode())
        self.assertIn("play/other.wav: left out", result.stderr.decode())
        self.assertEqual(set(files_in("out")), {b"x/0.wav", b"x/1.wav", b"x/2.wav"})

    def test_nothing_to_pair_is_told_apart(self):
        os.mkdir("in")
        for name in ["a_mic.gsm", "a_far.gsm", "b_mic.raw", "b_far.raw"]:
            with open("in/" + name, "wb") as file:
                file.write(bytes(66))
        result = self.batch("in", "-o", "out", code=1)
        self.assertIn(b"no file in the inputs has an ending of sound (.wav", result.stderr)
        result = self.batch("-", "-o", "out", code=1, input=b"mic,far\n")
        self.assertIn(b"-: names no pair", result.stderr)
        self.put("in/a.wav", "in/b.wav")
        result = self.batch("in", "-o", "out", code=1)
        self.assertIn(b"there are no pairs in the inputs", result.stderr)

    def test_a_folder_is_not_its_own_far_end(self):
        self.put("in/a_mic.wav", "in/a_far.wav")
        result = self.batch("in", "./in/", "-o", "out", code=1)
        self.assertIn(b"named twice", result.stderr)
        self.assertEqual(files_in("out"), {})

    def test_patterns(self):
        self.put("in/near/mic_7.wav", "in/speech/far_7.wav")
        self.put("in/a_mic.wav", "in/a_far.wav")
        result = self.batch("in", "-o", "out", "--json", "--pair", "near/mic_*.*", "speech/far_*.*")
        self.expect_pairs(result, [("in/near/mic_7.wav", "in/speech/far_7.wav")])
        self.assertIn("a_mic.wav: left out", result.stderr.decode())
        for mic, far in [("a", "b"), ("*_mic", "*_*_far"), ("*.wav", "*.wav")]:
            self.batch("in", "-o", "out", "--pair", mic, far, code=2)

    def test_files_and_patterns_of_the_shell(self):
        for folder in ["in/a", "in/b"]:
            self.put(folder + "/x_mic.wav", folder + "/x_far.wav")
        self.batch("in/*/*_mic.wav", "-o", "one")
        self.batch("in/a/x_mic.wav", "in/b/x_mic.wav", "-o", "two")
        self.assertEqual(set(files_in("one")), {b"a/x_mic.wav", b"b/x_mic.wav"})
        self.assertEqual(files_in("one"), files_in("two"))
        self.batch("in/a", "in/b/", "-o", "three", "--pair", "*_mic.*", "*_far.*")
        self.assertEqual(files_in("one"), files_in("three"))
        self.assertIn(b"there is no such", self.batch("no/*.wav", "-o", "out", code=1).stderr)

    def test_manifests(self):
        self.put("data/m, 1.wav", "data/f\n1.wav", 1)
        self.put("data/m2.wav", "data/f2.wav", 2)
        with open("data/list.csv", "w", newline="") as file:
            file.write('\ufeffmic,far,out,options\r\n"m, 1.wav","f\n1.wav",new/one.wav,\r\n'
                       'm2.wav,f2.wav,,"--engine linear --tail \'128\'"\r\n')
        self.batch("data/list.csv", "-o", "out")
        self.assert_output("out/new/one.wav", "data/m, 1.wav", "data/f\n1.wav")
        self.assert_output("out/m2.wav", "data/m2.wav", "data/f2.wav", "--engine", "linear",
                           "--tail", "128")
        rows = [{"mic": "data/m2.wav", "far": "data/f2.wav",
                 "options": ["--engine", "linear", "--tail", "128"]},
                {"mic": "data/m, 1.wav", "far": "data/f\n1.wav", "out": "new/one.wav"}]
        self.batch("-", "-o", "again", input="\n".join(map(json.dumps, rows)).encode())
        self.assertEqual(files_in("again")[b"new/one.wav"], files_in("out")[b"new/one.wav"])
        self.assertEqual(files_in("again")[b"data/m2.wav"], files_in("out")[b"m2.wav"])

    def test_wrong_manifests(self):
        for text, place in [("far\nx.wav\n", "line 1"), ("mic,fra\na,b\n", "'fra'"),
                            ("mic\na.wav,b\n", "line 2"), ('mic\n"a\n', "line 2"),
                            ("mic\na\"b\n", "line 2"), ('{"mic": "a"}\n{"mic": 1}\n', "line 2"),
                            ('{"mic": "a", "far": "b"\n', "line 1"), ('{"far": "b"}\n', "line 1"),
                            ('{"mic": "a", "mic": "b"}\n', "line 1"),
                            ("m\0i\0c\0\n", "line 1: a zero byte: a table has to be UTF-8"),
                            ('{"mic": "a", "out": "../b.wav"}\n', "'..'")]:
            with self.subTest(text):
                result = self.batch("-", "-o", "out", code=1, input=text.encode())
                self.assertIn(place, result.stderr.decode())
                self.assertEqual(files_in("out") if os.path.exists("out") else {}, {})

    @unittest.skipUnless(shutil.which("ffmpeg"), "ffmpeg is not installed")
    def test_video(self):
        mic, far = self.sample.cut(5)
        write_wave("m.wav", mic)
        write_wave("f.wav", far)
        os.mkdir("in")
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=s=32x32:d=1", "-i",
                        "m.wav", "-i", "f.wav", "-map", "0:v", "-map", "1:a", "-map", "2:a", "-c:a",
                        "aac", "in/call.mp4"], check=True)
        subprocess.run(["ffmpeg", "-v", "error", "-i", "m.wav", "in/c_mic.m4a"], check=True)
        subprocess.run(["ffmpeg", "-v", "error", "-i", "f.wav", "-c:a", "libopus", "in/c_far.webm"],
                       check=True)
        self.batch("in", "-o", "out", "--ending", "flac")
        self.assertEqual(set(files_in("out")), {b"call.flac", b"c_mic.flac"})
        result = self.batch("in", "-o", "bare", code=1, env={"PATH": "/nonexistent"})
        self.assertIn(b"ffmpeg and ffprobe, which are not on this machine", result.stderr)
        self.assertEqual(files_in("bare"), {})
