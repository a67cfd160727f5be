"""unecho batch: what it writes where, what it never replaces, and that a second run does only what has
changed."""

import array
import itertools
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import time

import pairs
from pairs import RATE, InFolder, files_in, lines_of, run, write_wave


def write_chunks(path, *chunks):
    with open(path, "wb") as file:
        for name, content in chunks:
            file.write(name + content)


def write_extensible(path, bits, data):
    """WAVE_FORMAT_EXTENSIBLE: integers, or floats where a sample has 64 bits."""
    width = bits // 8
    kind = 3 if bits == 64 else 1
    form = struct.pack("<HHIIHHHHIH", 0xFFFE, 1, RATE, RATE * width, width, bits, 22, bits, 4, kind)
    form += bytes.fromhex("000000001000800000aa00389b71")
    write_chunks(path, (b"RIFF", struct.pack("<I", 4 + 8 + len(form) + 8 + len(data))), (b"WAVE", b""),
                 (b"fmt ", struct.pack("<I", len(form)) + form),
                 (b"data", struct.pack("<I", len(data)) + data))


def write_rf64(path, data):
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)
    sizes = struct.pack("<QQQI", 4 + 36 + 24 + 8 + len(data), len(data), len(data) // 2, 0)
    write_chunks(path, (b"RF64", b"\xff\xff\xff\xff"), (b"WAVE", b""),
                 (b"ds64", struct.pack("<I", len(sizes)) + sizes),
                 (b"fmt ", struct.pack("<I", len(form)) + form),
                 (b"data", b"\xff\xff\xff\xff" + data))


def most_under_way(folder):
    """How many pairs were under way at a time."""
    with open(os.path.join(folder, "unecho-batch.jsonl")) as journal:
        steps = [1 if "begun" in json.loads(line) else -1 for line in journal]
    return max(itertools.accumulate(steps))


class Outputs(InFolder):
    def test_inputs_and_other_files_stay(self):
        self.put("in/a_mic.wav", "in/a_far.wav")
        before = files_in("in")
        self.batch("in", "-o", "in", code=1)
        self.assertIn(b"-o OUT", self.batch("in", "-o", "", code=2).stderr)
        self.assertEqual(files_in("in"), before)
        self.put("out/a_mic.wav", "out/other.wav", 7)
        theirs = files_in("out")
        result = self.batch("in", "-o", "out", code=1)
        self.assertIn(b"did not write it", result.stderr)
        self.assertEqual(files_in("out"), theirs)
        # Nor by the report.
        for name in ["in/a_mic.wav", "out/a_mic.wav", "out/unecho-batch.jsonl", "in"]:
            result = self.batch("in", "-o", "other", "--report", name, code=2)
            self.assertIn(b"must end in .html", result.stderr)
        self.assertEqual(files_in("in"), before)
        self.assertEqual(files_in("out"), theirs)

    def test_outputs_within_the_inputs_are_no_inputs(self):
        self.put("in/a_mic.wav", "in/a_far.wav")
        for _ in range(2):
            self.batch("in", "-o", "in/clean")
            self.assertEqual(set(files_in("in/clean")), {b"a_mic.wav"})

    def test_no_two_pairs_have_one_output(self):
        self.put("in/a_mic.wav", "in/a_far.wav", 1)
        self.put("in/a.mic.wav", "in/a.far.wav", 2)
        with open("list.csv", "w") as file:
            file.write("mic,far,out\nin/a_mic.wav,in/a_far.wav,x.wav\n"
                       "in/a.mic.wav,in/a.far.wav,x.wav\n")
        result = self.batch("list.csv", "-o", "out", code=1)
        messages = result.stderr.decode()
        self.assertIn("in/a.mic.wav: its output, x.wav, is that of another pair", messages)
        self.assertTrue(messages.endswith(
            "failed:\n  1, whose output is that of another pair: see above\n"), messages)
        self.assert_output("out/x.wav", "in/a_mic.wav", "in/a_far.wav")

    def test_one_output_has_one_name(self):
        for i in range(4):
            self.put(f"in/{i}.wav", f"in/{i}_far.wav", i)
        names = ["d/a.wav", "d//a.wav", "./d/./a.wav", "d/.//a.wav"]
        rows = [{"mic": f"in/{i}.wav", "far": f"in/{i}_far.wav", "out": name}
                for i, name in enumerate(names)]
        result = self.batch("-", "-o", "out", code=1, input="\n".join(map(json.dumps, rows)).encode())
        self.assertEqual(result.stderr.count(b"its output, d/a.wav, is that of another pair"), 3)
        self.assert_output("out/d/a.wav", "in/0.wav", "in/0_far.wav")

    def test_one_bad_pair_stops_no_other(self):
        for i in range(4):
            self.put(f"in/{i}_mic.wav", f"in/{i}_far.wav", i)
        with open("in/1_mic.wav", "wb") as file:
            file.write(b"no sound at all")
        result = self.batch("in", "-o", "out", code=1)
        self.assertEqual(set(files_in("out")), {b"0_mic.wav", b"2_mic.wav", b"3_mic.wav"})
        failed = result.stderr.decode().split("failed:\n")[1]
        self.assertEqual(failed.split(), [os.path.realpath("in/1_mic.wav")])
        self.assertIn("3 done", result.stdout.decode())
        self.assertIn("1 failed", result.stdout.decode())

    def test_a_link_fails_by_its_own_name(self):
        """Archives keep the content under names that tell nothing."""
        os.makedirs("in")
        os.makedirs("content/ab")
        self.put("content/ab/1", "in/a_far.wav")
        with open("content/ab/1", "wb") as file:
            file.write(b"no sound at all")
        os.symlink("../content/ab/1", "in/a_mic.wav")
        result = self.batch("in", "-o", "out", code=1)
        failed = result.stderr.decode().split("failed:\n")[1]
        self.assertEqual(failed.split(), [os.path.join(os.path.realpath("in"), "a_mic.wav")])

    def test_a_name_with_a_line_end_is_on_one_line(self):
        """Messages have a question mark in its place; journal and list have the name."""
        self.put("in/a\n\x1b[2J_mic.wav", "in/a\n\x1b[2J_far.wav")
        with open("in/a\n\x1b[2J_mic.wav", "wb") as file:
            file.write(b"no sound at all")
        shown = self.batch("in", "-o", "out", code=1).stderr.decode()
        self.assertRegex(shown, r"^unecho: in/a\?\?\[2J_mic\.wav: not a sound file .*\nfailed:\n")
        self.assertTrue(shown.endswith(f"\n  {os.path.realpath('in')}/a\n\x1b[2J_mic.wav\n"))
        line = json.loads(self.batch("in", "-o", "out", "--json", code=1).stdout)
        self.assertEqual(len(line["messages"]), 1)
        self.assertTrue(line["messages"][0].startswith("in/a\n\x1b[2J_mic.wav: not a sound file"))

    def test_pairs_that_cannot_be_right_are_counted(self):
        length = 4 * RATE
        mic, far = self.sample.mic[:length], self.sample.far[:length]
        for name, one, other in [("good", mic, far), ("swapped", far, mic), ("same", mic, mic),
                                 ("silent", [0] * length, far)]:
            write_wave(f"in/{name}_mic.wav", one)
            write_wave(f"in/{name}_far.wav", other)
        result = self.batch("in", "-o", "out", "--json")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual({line["out"] for line in lines if line["unfit"]},
                         {"swapped_mic.wav", "same_mic.wav", "silent_mic.wav"})
        self.assertIn(b"note: 3 pairs with recordings that are silent, swapped", result.stderr)
        self.assertIn(b"note: 3 pairs with", self.batch("--merge", "out").stderr)

    def test_pairs_side_by_side_in_a_process(self):
        """Whatever is beside it, each gets the bits that it gets alone."""
        kinds = [[], ["--engine", "linear"], [], ["--engine", "neural"], ["--precision", "fp32"],
                 ["--noise-reduction", "20"], ["--chunk", "160"], ["--model", "unecho-128"],
                 ["--channels-out", "2"], ["--keep-latency"], ["--align", "off"],
                 ["--normalize-peak", "--suppression", "0.5"]]
        chance, rows = random.Random(2), []
        for i, options in enumerate(2 * kinds):
            mic, far = self.sample.cut(i, chance.choice([0.5, 2.0, 4.0]))
            rates = (RATE, RATE) if i < len(kinds) else chance.sample([8000, 16000, 44100, 48000], 2)
            ends = [[mic], [far]]
            if i % 3 == 2:
                ends[i % 2].append(ends[1 - i % 2][0])
            for end, channels, rate in zip(["mic", "far"], ends, rates):
                write_wave(f"in/{i}_{end}.wav", *channels, rate=rate)
            rows.append({"mic": f"in/{i}_mic.wav", "far": f"in/{i}_far.wav", "out": f"{i}.wav",
                         "options": options})
        self.batch("-", "-o", "out", "--jobs", "1", input="\n".join(map(json.dumps, rows)).encode())
        for i, row in enumerate(rows):
            self.assert_output(f"out/{i}.wav", row["mic"], row["far"], *row["options"])
        self.assertEqual(most_under_way("out"), 4)

    def test_a_pair_longer_than_the_rest_has_a_process_of_its_own(self):
        """Others beside it would only make the whole run longer."""
        length = min(len(self.sample.mic), len(self.sample.far))
        write_wave("in/a_mic.wav", self.sample.mic[:length] * 4)
        write_wave("in/a_far.wav", self.sample.far[:length] * 4)
        for i in range(12):
            self.put(f"in/b{i}_mic.wav", f"in/b{i}_far.wav", i)
        self.batch("in", "-o", "out", "--jobs", "2")
        self.assertLessEqual(most_under_way("out"), 1 + 4)

    def test_the_summary_agrees_with_itself(self):
        self.put("in/a_mic.wav", "in/a_far.wav", 0)
        said = self.batch("in", "-o", "out").stdout.decode()
        audio, took, speed = map(float, re.search(
            r"\(([0-9.]+) s of audio in ([0-9.]+) s, ([0-9]+) x real time\)", said).groups())
        # Two digits of either.
        self.assertAlmostEqual(audio / took / speed, 1.0, delta=0.12)

    def test_all_kinds_in_one_folder(self):
        """Headers, lengths and formats that archives have, some of them too long for memory."""
        mic, far = (list(end) for end in self.sample.cut(7, 3))
        n = len(mic)
        write_wave("in/empty_mic.wav", [])
        write_wave("in/empty_far.wav", [])
        write_wave("in/single_mic.wav", mic[:1])
        write_wave("in/single_far.wav", far[:1])
        write_wave("in/shorter_mic.wav", mic[:n // 3])
        write_wave("in/shorter_far.wav", far)
        write_wave("in/nofar_mic.wav", mic)
        write_wave("in/nofar_far.wav", far[:1])
        write_wave("in/-dash_mic.wav", mic)
        write_wave("in/-dash_far.wav", far)
        write_wave("in/wide_mic.wav", mic, far)
        write_wave("in/wide_far.wav", far, far)
        write_wave("in/call.wav", mic, far)
        whole = [array.array("h", end * (17_000_000 // (2 * n))) for end in (mic, far)]
        for name, end in zip(["in/long_mic.wav", "in/long_far.wav"], whole):
            write_wave(name, end)
        write_extensible("in/extended_mic.wav", 24, b"".join(
            (x << 8).to_bytes(3, "little", signed=True) for x in mic))
        write_extensible("in/extended_far.wav", 64, struct.pack(f"<{n}d", *(x / 32768 for x in far)))
        for end, samples in [("mic", mic), ("far", far)]:
            write_rf64(f"in/rf_{end}.wav", array.array("h", samples).tobytes())
            # Without a far end the sound stays as it is.
            write_wave("end.wav", samples)
            write_wave("silence.wav", [0] * n)
            run("process", "end.wav", "silence.wav", "-o", f"in/packed_{end}.flac", "-q")
        with open("in/nothing_mic.wav", "wb"), open("in/nothing_far.wav", "wb"):
            pass
        result = self.batch("in", "-o", "out", "--examine", code=1)
        self.assertIn("in/nothing_mic.wav: is empty: 0 bytes", result.stderr.decode())
        self.assertIn("in/empty_mic.wav: holds no samples", result.stderr.decode())
        self.assertIn("10 done", result.stdout.decode())
        self.assertIn("2 failed", result.stdout.decode())
        self.assertEqual(len(files_in("out")), 10)
        for name in files_in("out"):
            name = name.decode()
            far_name = None if name == "call.wav" else "in/" + name.replace("_mic", "_far")
            self.assert_output("out/" + name, "in/" + name, far_name)


class Again(InFolder):
    """A second run does what has changed and nothing else."""

    def setUp(self):
        super().setUp()
        for i in range(4):
            self.put(f"in/{i}_mic.wav", f"in/{i}_far.wav", i)
        self.batch("in", "-o", "out")
        self.first = files_in("out")

    def expect(self, done, *options):
        result = self.batch("in", "-o", "out", *options)
        self.assertIn(f"{done} done", result.stdout.decode())
        if done < 4:
            self.assertIn(f"{4 - done} unchanged", result.stdout.decode())

    def test_nothing_has_changed(self):
        times = [os.stat(f"out/{i}_mic.wav").st_mtime_ns for i in range(4)]
        self.expect(0)
        self.assertEqual([os.stat(f"out/{i}_mic.wav").st_mtime_ns for i in range(4)], times)
        shutil.move("in", "moved")
        result = self.batch("moved", "-o", "out")
        self.assertIn("4 unchanged", result.stdout.decode())

    def test_an_input_has_changed(self):
        was = os.stat("in/2_far.wav")
        _, far = self.sample.cut(2)
        far[100] += 1
        write_wave("in/2_far.wav", far)
        # Neither size nor time tells.
        os.utime("in/2_far.wav", ns=(was.st_atime_ns, was.st_mtime_ns))
        self.assertEqual(os.stat("in/2_far.wav").st_size, was.st_size)
        self.expect(1)
        self.expect(0)

    def test_an_output_is_gone_or_changed(self):
        os.remove("out/0_mic.wav")
        with open("out/3_mic.wav", "r+b") as file:
            file.truncate(1000)
        self.expect(2)
        self.assertEqual(files_in("out"), self.first)

    def test_the_options_have_changed(self):
        self.expect(4, "--engine", "linear")
        self.expect(0, "--engine", "linear")
        self.expect(0, "--engine", "neural", "--engine", "linear", "--jobs", "1")
        self.expect(4)
        self.assertEqual(files_in("out"), self.first)

    def test_a_journal_of_before_has_other_hashes(self):
        lines = [json.loads(line) for line in open("out/unecho-batch.jsonl")]
        for line in lines:
            for key in ["mic_hash", "far_hash", "out_hash"]:
                if key in line:
                    line[key] += line[key]
        with open("out/unecho-batch.jsonl", "w") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        self.expect(4)
        self.assertEqual(files_in("out"), self.first)
        self.expect(0)

    def test_a_line_was_cut_off(self):
        with open("out/unecho-batch.jsonl", "r+b") as file:
            file.seek(-30, os.SEEK_END)
            file.truncate()
        self.expect(1)
        self.expect(0)

    def test_examination_comes_later(self):
        self.expect(0)
        before = os.stat("out/1_mic.wav").st_mtime_ns
        self.batch("in", "-o", "out", "--examine")
        lines = lines_of(self.batch("in", "-o", "out", "--json"))
        self.assertTrue(all("verdict" in line and len(line["before"]) == 640 for line in lines))
        self.assertEqual(os.stat("out/1_mic.wav").st_mtime_ns, before)


class Interrupted(InFolder):
    PAIRS = 6
    AT_A_TIME = 4 # in a process

    def start(self, *options):
        # Long enough that none is done at once.
        mic, far = self.sample.mic * 4, self.sample.far * 4
        length = min(len(mic), len(far))
        write_wave("in/0_mic.wav", mic[:length])
        write_wave("in/0_far.wav", far[:length])
        for i in range(1, self.PAIRS):
            for end in ["mic", "far"]:
                shutil.copyfile(f"in/0_{end}.wav", f"in/{i}_{end}.wav")
        process = subprocess.Popen([pairs.TOOL, "batch", "in", "-o", "out", "--jobs", "1", *options],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for i in range(self.AT_A_TIME):
            self.wait_for(i)
        return process

    def journal(self):
        try:
            with open("out/unecho-batch.jsonl", "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def begun(self):
        """How often each pair was begun."""
        return [self.journal().count(b'{"begun": "%d_mic.wav"}' % i) for i in range(self.PAIRS)]

    def wait_for(self, i, times=1):
        while self.begun()[i] < times:
            time.sleep(0.005)

    def kill_child(self, process):
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)

    def expect_outputs(self, numbers):
        self.assertEqual(set(files_in("out")), {b"%d_mic.wav" % i for i in numbers})
        for i in numbers:
            self.assert_output(f"out/{i}_mic.wav", f"in/{i}_mic.wav", f"in/{i}_far.wav")

    def test_ctrl_c_completes_what_has_begun(self):
        process = self.start()
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate()
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"completing 4 pairs", messages)
        self.assertIn(b"run the same command again", messages)
        self.expect_outputs(range(4))
        self.assertIn(b"2 done", self.batch("in", "-o", "out").stdout)

    def test_a_shutdown_ends_it_at_once(self):
        process = self.start()
        process.send_signal(signal.SIGTERM)
        process.communicate()
        self.assertEqual(process.returncode, 1)
        self.assertEqual(files_in("out"), {})
        self.assertNotIn(b"failed", self.journal())

    def test_two_runs_do_not_share_a_journal(self):
        process = self.start()
        result = self.batch("in", "-o", "out", code=1)
        self.assertIn(b"another 'unecho batch' is at work", result.stderr)
        process.send_signal(signal.SIGTERM)
        process.communicate()

    def test_a_process_that_dies_with_several_pairs_fails_none(self):
        process = self.start()
        self.kill_child(process)
        output, messages = process.communicate()
        self.assertEqual(process.returncode, 0, messages)
        self.assertIn(b"6 done", output)
        self.expect_outputs(range(6))
        self.assertEqual(self.begun(), [2, 2, 2, 2, 1, 1])

    def test_a_pair_that_ends_its_process_alone_fails(self):
        process = self.start()
        self.kill_child(process)
        for i in [0, 1]:
            self.wait_for(i, 2)
        self.assertEqual(self.begun()[2], 1)
        self.kill_child(process)
        output, messages = process.communicate()
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"in/1_mic.wav: its process was ended by signal 9", messages)
        failed = messages.decode().split("failed:\n")[1]
        self.assertEqual(failed.split(), ["in/1_mic.wav"])
        self.assertIn(b"5 done", output)
        self.expect_outputs([0, 2, 3, 4, 5])
        self.assertEqual(self.begun(), [2, 2, 2, 2, 1, 1])

    def test_a_process_that_dies_after_an_output_was_complete(self):
        process = self.start("--examine")
        while not os.path.exists("out/0_mic.wav"):
            time.sleep(0.001)
        self.kill_child(process)
        _, messages = process.communicate()
        self.assertNotIn(b"did not write it", messages)
        self.batch("in", "-o", "out")
        self.expect_outputs(range(6))


class Shards(InFolder):
    def test_four_and_merged_equal_one(self):
        for i in range(9):
            self.put(f"in/{i}_mic.wav", f"in/{i}_far.wav", i)
        # As long as the others together.
        length = min(len(self.sample.mic), len(self.sample.far))
        write_wave("in/long_mic.wav", self.sample.mic[:length])
        write_wave("in/long_far.wav", self.sample.far[:length])
        self.batch("in", "-o", "one", "--examine")
        counts = []
        for i, env in enumerate([{"UNECHO_SHARD": "1/4"},
                                 {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "5",
                                  "SLURM_ARRAY_TASK_MAX": "11", "SLURM_ARRAY_TASK_STEP": "2",
                                  "SLURM_ARRAY_TASK_COUNT": "4"},
                                 {"JOB_COMPLETION_INDEX": "2", "UNECHO_SHARDS": "4"}, {}]):
            words = ["--shard", "4/4"] if i == 3 else []
            result = self.batch("in", "-o", "four", "--examine", "--json", *words, env=env)
            counts.append(sum(line["seconds"] for line in lines_of(result)))
        self.assertEqual(files_in("one"), files_in("four"))
        # The long one has a shard of its own, and the others are spread evenly.
        length /= pairs.RATE
        self.assertEqual(sum(abs(count - length) < 2.0 for count in counts), 1)
        rest = sorted(counts)[:3]
        self.assertLess(rest[2] - rest[0], 2.0)
        merged = lines_of(run("batch", "--merge", "four", "--json"))
        alone = lines_of(run("batch", "--merge", "one", "--json"))
        changing = ["time", "realtime", "cpu_seconds_per_audio_second"]
        for lines in [merged, alone]:
            lines.sort(key=lambda line: line["out"])
            for line in lines:
                for key in changing:
                    del line[key]
        self.assertEqual(merged, alone)

    def test_more_shards_than_files_may_be_open(self):
        os.mkdir("out")
        for i in range(1, 101):
            with open(f"out/unecho-batch.{i}-of-100.jsonl", "w") as file:
                json.dump({"time": i, "out": f"{i}.wav", "mic": f"/{i}.wav", "status": "done",
                           "seconds": 1, "messages": []}, file)
                file.write("\n")
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        merged = run("batch", "--merge", "out",
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (50, hard)))
        self.assertIn(b"100 done", merged.stdout, merged.stderr)
        self.assertIn(b"in 100 journals", merged.stdout)

    def test_wrong_shards(self):
        for shard in ["0/4", "5/4", "1", "a/b", "1/", "1/100000"]:
            self.batch("in", "-o", "out", "--shard", shard, code=2)
        os.mkdir("in")
        for env in [{"UNECHO_SHARD": "x"}, {"JOB_COMPLETION_INDEX": "1"},
                    {"SLURM_ARRAY_TASK_ID": "1"}]:
            self.batch("in", "-o", "out", code=1, env=env)
        for count in ["4", "x", "5000"]:
            result = self.batch("in", "-o", "out", code=1,
                                env={"JOB_COMPLETION_INDEX": "4", "UNECHO_SHARDS": count})
            self.assertIn(f"UNECHO_SHARDS is '{count}'", result.stderr.decode())
