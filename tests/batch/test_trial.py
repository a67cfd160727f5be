"""Many pairs with unusual names, some of them damaged: all outputs have the bits of unecho process,
the damaged ones are named, and a run that is killed again and again ends with the same result.

UNECHO_TRIAL=PAIRS,KILLS (60,3 by default)."""

import os
import random
import signal
import subprocess
import time

import pairs
from pairs import InFolder, files_in, write_wave

PAIRS, KILLS = map(int, os.environ.get("UNECHO_TRIAL", "60,3").split(","))

NAMES = [b"call %d", b"-call %d", b"line\nbreak %d", b"\xc3\xbcbung %d", b"\xe9 Latin-1 %d",
         b"\xf0\x9f\x8e\xa4 %d", b"it's \"%d\"", b"a,b;c %d", b"<b>%d&amp;</b>", b"50%%.%d",
         b"$(id) `%d`", b"tab\t%d", b"*[%d]?"]


def damage(path, kind):
    """One of the ways in which nothing is left to process."""
    with open(path, "rb") as file:
        whole = file.read()
    with open(path, "wb") as file:
        file.write([b"", whole[:20], bytes(random.Random(kind).randbytes(5000)),
                    whole[:22] + b"\x63\x00" + whole[24:]][kind % 4])


def heed_interrupts():
    """Shells have jobs in the background ignore them, and so do the jobs' children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Trial(InFolder):
    def make_pairs(self):
        """Paths of microphone, far end and output of the good ones; microphones of the damaged."""
        good, damaged = {}, []
        for i in range(PAIRS):
            stem = NAMES[i % len(NAMES)] % i
            folder = b"in/%d/%d" % (i % 7, i % 3)
            mic, far = os.path.join(folder, stem + b"_mic.wav"), folder + b"/" + stem + b"_far.wav"
            one, other = self.sample.cut(i)
            write_wave(mic, one)
            write_wave(far, other)
            if i % 100 == 37:
                damage(far if i % 200 == 137 else mic, i // 100)
                damaged.append(mic)
            else:
                good[os.path.relpath(mic, b"in")] = (mic, far)
        return good, damaged

    def process_all(self, good):
        expected = {}
        for out, (mic, far) in good.items():
            result = pairs.run("process", "-q", "-o", "expected.wav", "--", mic, far)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open("expected.wav", "rb") as file:
                expected[out] = file.read()
        return expected

    def run_and_kill(self, out, count, seconds, number):
        """Kill a run at some time after so many more outputs; it must be at work then."""
        # To look for 2,000 outputs would take so long that hundreds come meanwhile.
        def outputs():
            try:
                with open(os.path.join(out, "unecho-batch.jsonl"), "rb") as journal:
                    return journal.read().count(b'"status": "done"')
            except FileNotFoundError:
                return 0
        begin = outputs()
        with open("messages", "wb") as messages:
            process = subprocess.Popen([pairs.TOOL, "batch", "in", "-o", out, "--jobs", "2"],
                                       start_new_session=True, stdout=subprocess.DEVNULL,
                                       stderr=messages, preexec_fn=heed_interrupts)
        while outputs() < begin + count and process.poll() is None:
            time.sleep(0.005)
        time.sleep(seconds)
        with open("messages", "rb") as messages:
            self.assertIsNone(process.poll(), messages.read()[-2000:])
        if number % 3 == 0:
            os.killpg(process.pid, signal.SIGKILL)
        elif number % 3 == 1:
            process.kill() # its children notice
        else:
            process.send_signal(signal.SIGINT if number % 2 else signal.SIGTERM)
        process.wait()

    def test_all(self):
        good, damaged = self.make_pairs()
        expected = self.process_all(good)
        begin = time.monotonic()
        result = self.batch("in", "-o", "once", code=1)
        seconds = time.monotonic() - begin
        self.assertEqual(files_in("once"), expected)
        failed = result.stderr.split(b"failed:\n")[1]
        for mic in damaged:
            self.assertIn(os.path.realpath(mic), failed)
        self.assertEqual(failed.count(b"_mic.wav\n"), len(damaged))

        chance = random.Random(PAIRS)
        for number in range(KILLS):
            # Together less than all there are.
            count = int(chance.uniform(0.1, 0.4) * PAIRS / (KILLS + 1))
            self.run_and_kill("often", count, chance.uniform(0.0, 0.05), number)
            done = {name: text for name, text in files_in("often").items()
                    if not os.path.basename(name).startswith(b".")}
            # Nothing is there by halves.
            self.assertLessEqual(done.items(), expected.items())
        print(f"# {len(good)} pairs and {len(damaged)} damaged ones, {seconds:.1f} s at once; "
              f"killed {KILLS} times, {len(done)} done by then")
        self.batch("in", "-o", "often", code=1)
        self.assertEqual(files_in("often"), expected)
