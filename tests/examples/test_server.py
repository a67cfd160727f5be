"""examples/server.c: calls get the near end whatever else happens, and Prometheus and the dashboard
get their figures."""

import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
SERVER, CALLER, MEASURE, SAMPLES, WAVES, DASHBOARD = sys.argv[1:7]
PROMTOOL = shutil.which("promtool")
HOP = 128


def sample(name):
    with wave.open(os.path.join(WAVES, name), "rb") as file:
        return file.readframes(file.getnframes())


def interleaved(seconds):
    """Microphone and far end of the bundled sample, as a call sends them."""
    mic, far = sample("meeting_mic.wav"), sample("meeting_far.wav")
    n = int(seconds * 16000)
    return b"".join(mic[2 * i:2 * i + 2] + far[2 * i:2 * i + 2] for i in range(n))


class Running(unittest.TestCase):
    limit = 8

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="unecho-server-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "calls")
        self.server = subprocess.Popen([SERVER, self.path, "0", str(self.limit)],
                                       stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.server.stdout.close)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.kill)
        self.page = self.server.stdout.readline().removeprefix("metrics: ").strip()
        self.assertEqual(self.server.stdout.readline(), f"calls: {self.path}\n")

    def connect(self):
        call = socket.socket(socket.AF_UNIX)
        self.addCleanup(call.close)
        call.settimeout(60)
        call.connect(self.path)
        return call

    def call(self, *words):
        """What caller prints, and the near end of its first call."""
        out = os.path.join(self.folder, "near.wav")
        result = subprocess.run([CALLER, self.path, os.path.join(WAVES, "meeting_mic.wav"),
                                 os.path.join(WAVES, "meeting_far.wav"), out, *words],
                                capture_output=True, text=True, check=True)
        with open(out, "rb") as file:
            return result.stdout, file.read()

    def metrics(self):
        with urllib.request.urlopen(self.page, timeout=60) as answer:
            self.assertEqual(answer.headers["Content-Type"],
                             "text/plain; version=0.0.4; charset=utf-8")
            return answer.read().decode()

    def figure(self, name):
        return float(re.search(f"^{re.escape(name)} (.*)$", self.metrics(), re.MULTILINE)[1])


def receive(call, size):
    """The server sends hop by hop."""
    whole = b""
    while len(whole) < size:
        part = call.recv(size - len(whole))
        if not part:
            break
        whole += part
    return whole


def receive_all(call):
    parts = []
    while part := call.recv(65536):
        parts.append(part)
    return b"".join(parts)


class Calls(Running):
    def test_the_echo_is_cancelled(self):
        self.call("3", "0")
        result = subprocess.run([MEASURE, "--tap", os.path.join(SAMPLES, "meeting"),
                                 os.path.join(self.folder, "near.wav")], capture_output=True,
                                text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertNotIn("not ok", result.stdout)

    def test_other_calls_change_no_bit(self):
        _, alone = self.call("1", "0")
        _, among = self.call("7", "0")
        self.assertEqual(alone, among)

    def test_in_real_time(self):
        printed, _ = self.call("5", "1", "40")
        self.assertRegex(printed, r"^5 calls, 1\.0 s: 625 hops, \d+ late by 40 ms, \d+ by 8 ms; median ")
        # Each tick has its delay, also where the machine paused and several were due at once.
        page = self.metrics()
        ticks, delays = (int(re.search(rf"^unecho_{name}_count (\d+)$", page, re.MULTILINE)[1])
                         for name in ["tick_seconds", "tick_delay_seconds"])
        self.assertGreaterEqual(ticks, 1)
        self.assertGreaterEqual(delays, max(ticks, 124))

    def test_a_stopped_server_catches_up(self):
        """All hops that came meanwhile are processed, in order, and each of their ticks is late."""
        call, data = self.connect(), interleaved(1.0)[:4 * 64 * HOP]
        call.sendall(data[:4 * HOP])
        first = receive(call, 2 * HOP)
        before = self.figure("unecho_late_ticks_total")
        self.server.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        call.sendall(data[4 * HOP:])
        call.shutdown(socket.SHUT_WR)
        self.server.send_signal(signal.SIGCONT)
        rest = receive_all(call)
        # Of the 12 ticks in 0.1 s the last is on time.
        self.assertGreaterEqual(self.figure("unecho_late_ticks_total") - before, 11)
        self.assertEqual(len(first + rest), len(data) // 2)
        again = self.connect()
        again.sendall(data)
        again.shutdown(socket.SHUT_WR)
        self.assertEqual(receive_all(again), first + rest)

    def test_any_pieces_and_any_end(self):
        data = interleaved(1.0)[:4 * 15003]
        # The last hop is completed by silence.
        whole = data + bytes(-len(data) % (4 * HOP))
        call = self.connect()
        call.sendall(whole)
        call.shutdown(socket.SHUT_WR)
        expected = receive_all(call)
        self.assertEqual(len(expected), len(whole) // 2)
        chance, call, at = random.Random(1), self.connect(), 0
        while at < len(data):
            n = chance.choice([1, 3, 777, 5000])
            call.sendall(data[at:at + n])
            at += n
        call.shutdown(socket.SHUT_WR)
        self.assertEqual(receive_all(call), expected)

    def test_calls_that_vanish_or_do_not_read(self):
        data = interleaved(2.0)
        for _ in range(3):
            with self.connect() as call:
                call.sendall(data[:30001])
        # As much as the server takes from one that does not read: it stops at some time.
        deaf = self.connect()
        deaf.settimeout(1)
        sent = 0
        with self.assertRaises(TimeoutError):
            while sent < 50e6:
                sent += deaf.send(data)
        # A used stream gives the bits of a new one.
        self.test_other_calls_change_no_bit()

    def test_one_too_many_is_refused(self):
        all_calls = [self.connect() for _ in range(self.limit)]
        for call in all_calls:
            call.sendall(bytes(4 * HOP))
            self.assertEqual(len(receive(call, 2 * HOP)), 2 * HOP)
        self.assertEqual(self.connect().recv(1), b"")
        self.assertEqual(self.figure("unecho_calls"), self.limit)
        self.assertEqual(self.figure("unecho_calls_refused_total"), 1)
        all_calls[3].close()
        while self.figure("unecho_calls") == self.limit:   # it may accept before it sees the end
            pass
        self.test_any_pieces_and_any_end()

    def test_the_caller_says_that_it_was_refused(self):
        result = subprocess.run([CALLER, self.path, os.path.join(WAVES, "meeting_mic.wav"),
                                 os.path.join(WAVES, "meeting_far.wav"),
                                 os.path.join(self.folder, "out.wav"), str(self.limit + 1)],
                                capture_output=True, text=True, timeout=30)
        self.assertEqual(result.returncode, 1)
        self.assertIn("beyond its limit\n", result.stderr)

    def test_it_ends_cleanly(self):
        self.connect().sendall(bytes(1000))
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(60), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_wrong_arguments_are_named(self):
        for words, named in [([self.path, "x1"], "x1"), ([self.path, "65536"], "65536"),
                             ([self.path + 200 * "x", "0"], "xxx"), ([self.path], "usage"),
                             ([self.path, "0", "0"], "usage"), ([self.path, "0", "1001"], "usage"),
                             ([self.path, "0", "10x"], "usage"), (["", "0"], "usage")]:
            result = subprocess.run([SERVER, *words], capture_output=True, text=True)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(named, result.stderr)
        for words in [["0"], ["1x"], ["1", "x"], ["1", "-1"], ["1", "0", "0"], ["1", "0", "20ms"]]:
            result = subprocess.run([CALLER, self.path, "mic.wav", "far.wav", "out.wav", *words],
                                    capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr[:5]), (2, "usage"), words)

    def test_figures_are_printed_though_the_output_cannot_be_written(self):
        result = subprocess.run([CALLER, self.path, os.path.join(WAVES, "meeting_mic.wav"),
                                 os.path.join(WAVES, "meeting_far.wav"),
                                 os.path.join(self.folder, "missing", "near.wav"), "1", "0"],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"^1 calls, ")
        self.assertIn("missing", result.stderr)

    def test_descriptors_for_all_calls(self):
        def limited(soft, hard):
            path = os.path.join(self.folder, "other")
            server = subprocess.Popen([SERVER, path, "0", "100"], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True,
                                      preexec_fn=lambda: resource.setrlimit(
                                          resource.RLIMIT_NOFILE, (soft, hard)))
            self.addCleanup(server.communicate)
            self.addCleanup(server.kill)
            return server, path
        few, _ = limited(60, 60)
        self.assertEqual(few.wait(60), 1)
        self.assertIn("100 calls need", few.stderr.read())
        # Up to the hard limit it takes what it needs.
        enough, path = limited(60, 1000)
        enough.stdout.readline()
        enough.stdout.readline()
        for _ in range(100):
            call = socket.socket(socket.AF_UNIX)
            self.addCleanup(call.close)
            call.settimeout(60)
            call.connect(path)
        call.sendall(bytes(4 * HOP))
        self.assertEqual(len(receive(call, 2 * HOP)), 2 * HOP)

    def test_no_file_is_replaced_by_the_socket(self):
        path = os.path.join(self.folder, "file")
        with open(path, "w") as file:
            file.write("stays")
        result = subprocess.run([SERVER, path, "0"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn(path, result.stderr)
        with open(path) as file:
            self.assertEqual(file.read(), "stays")
        # Nor the socket of a server that runs.
        second = subprocess.run([SERVER, self.path, "0"], capture_output=True, text=True,
                                timeout=10)
        self.assertEqual(second.returncode, 1)
        self.assertIn("Address already in use", second.stderr)
        # But a socket that a server which was killed has left.
        self.server.kill()
        self.server.wait()
        again = subprocess.Popen([SERVER, self.path, "0"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(again.stdout.close)
        self.addCleanup(again.wait)
        self.addCleanup(again.kill)
        self.assertIn("metrics", again.stdout.readline())


def expressions():
    with open(DASHBOARD, encoding="utf-8") as file:
        return [target["expr"] for panel in json.load(file)["panels"]
                for target in panel.get("targets", [])]


class Metrics(Running):
    def with_calls(self):
        """A page about two calls, one of which has been heard for long enough to have a delay."""
        silent, heard = self.connect(), self.connect()
        data = interleaved(8.0)
        burst = 8 * 4 * HOP
        for call, what in [(silent, bytes(4 * HOP)), (heard, data)]:
            for at in range(0, len(what), burst):
                call.sendall(what[at:at + burst])
                receive(call, len(what[at:at + burst]) // 2)
        return self.metrics()

    def test_the_page(self):
        page = self.with_calls()
        self.assertIn('\nunecho_aligned{call="0"} 0\n', page)
        self.assertIn('\nunecho_aligned{call="1"} 1\n', page)
        self.assertIn('\nunecho_frames_total{call="1"} 128000\n', page)
        self.assertIn("\nunecho_hops_total 1001\n", page)
        self.assertRegex(page, r'\nunecho_delay_seconds\{call="1"\} 0\.0\d+\n')
        self.assertRegex(page, r'\nunecho_tick_seconds_bucket\{le="\+Inf"\} (\d+)\n(?s:.*)'
                               r"\nunecho_tick_seconds_count \1\n")

    @unittest.skipUnless(PROMTOOL, "promtool is not installed")
    def test_prometheus_finds_no_fault(self):
        result = subprocess.run([PROMTOOL, "check", "metrics"], input=self.with_calls(),
                                capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_only_metrics_are_there(self):
        for path, method in [("", "GET"), ("metric", "GET"), ("metricsx", "GET"),
                             ("metrics", "POST"), ("x", "HEAD")]:
            request = urllib.request.Request(self.page.removesuffix("metrics") + path,
                                             method=method)
            with self.assertRaises(urllib.error.HTTPError, msg=path) as caught:
                urllib.request.urlopen(request, timeout=60)
            self.assertEqual(caught.exception.code, 404)
            caught.exception.close()

    def test_a_query_changes_nothing_and_head_asks_for_no_page(self):
        with urllib.request.urlopen(self.page + "?name[]=x", timeout=60) as answer:
            self.assertIn(b"unecho_calls 0", answer.read())
        host, port = re.match(r"http://(.*):(\d+)/", self.page).groups()
        with socket.create_connection((host, int(port)), timeout=60) as head:
            head.sendall(b"HEAD /metrics HTTP/1.1\r\n\r\n")
            answer = receive_all(head)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)

    def test_who_holds_connections_keeps_nobody_out(self):
        host, port = re.match(r"http://(.*):(\d+)/", self.page).groups()
        for request in [b"", b"GET /met", b"x" * 100000]:
            for _ in range(10):
                held = socket.create_connection((host, int(port)))
                self.addCleanup(held.close)
                try:
                    held.sendall(request)
                except ConnectionError:
                    pass # it was one too many
        self.assertEqual(self.figure("unecho_calls"), 0)

    def test_the_dashboard_names_what_is_there(self):
        there = set(re.findall(r"^([a-z_]+)[ {]", self.with_calls(), re.MULTILINE))
        named = set(re.findall(r"\b(?:unecho|process)_[a-z_]+\b", " ".join(expressions())))
        self.assertGreater(len(named), 20)
        self.assertEqual(named - there, set())


class Dashboard(unittest.TestCase):
    def test_panels_do_not_overlap(self):
        with open(DASHBOARD, encoding="utf-8") as file:
            panels = json.load(file)["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24)
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertEqual(cells & taken, set(), panel["title"])
            taken |= cells

    @unittest.skipUnless(PROMTOOL, "promtool is not installed")
    def test_prometheus_understands_its_queries(self):
        rules = [{"record": f"query:{i}", "expr": re.sub(r"\$__(rate_interval|range)", "1m", expr)}
                 for i, expr in enumerate(expressions())]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            # Prometheus reads YAML, which JSON is.
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            result = subprocess.run([PROMTOOL, "check", "rules", file.name], capture_output=True,
                                    text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn(f"{len(rules)} rules found", result.stdout)


if __name__ == "__main__":
    import tap
    sys.exit(tap.run("__main__"))
