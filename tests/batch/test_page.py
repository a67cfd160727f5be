"""The report: one page with everything in it but the recordings, which a browser shows."""

import html
import json
import os
import re
import resource
import shutil
import subprocess
import unittest
import urllib.parse

from pairs import InFolder, run, write_wave

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])),
                None)


def rows_of(page):
    text = re.search(r'id="rows">(.*?)</script>', page, re.DOTALL).group(1)
    return [json.loads(line) for line in text.splitlines() if line]


class Page(InFolder):
    def make(self, report):
        names = ["a", "übung </script><b>", "line\nbreak", 'qu"ote&%20']
        for i, name in enumerate(names):
            self.put(f"in/sub {i}/{name}_mic.wav", f"in/sub {i}/{name}_far.wav", i)
        write_wave("in/silent_mic.wav", [0] * 40000)
        write_wave("in/silent_far.wav", [0] * 40000)
        with open("in/bad_mic.wav", "wb") as file:
            file.write(b"no sound")
        shutil.copy("in/silent_far.wav", "in/bad_far.wav")
        self.put("in/cut_mic.wav", "in/cut_far.wav", 9)
        os.truncate("in/cut_mic.wav", 20000)
        result = self.batch("in", "-o", "out", "--report", report, code=1)
        self.assertIn("6 done", result.stdout.decode())
        self.assertIn(", 1 with warnings, 1 failed", result.stdout.decode())
        with open(report, encoding="utf-8") as file:
            return file.read()

    def test_it_holds_all_pairs_and_loads_nothing(self):
        page = self.make("report.html")
        rows = rows_of(page)
        self.assertEqual(len(rows), 7)
        self.assertEqual(sorted(row["status"] for row in rows), ["done"] * 6 + ["failed"])
        for row in rows:
            if row["status"] == "done":
                self.assertIn("verdict", row)
                self.assertEqual((len(row["before"]), len(row["after"])), (640, 640))
        silent = next(row for row in rows if row["out"] == "silent_mic.wav")
        self.assertIn("silent-microphone", [f["code"] for f in silent["findings"]])
        outside = re.sub(r'id="rows">.*?</script>', "", page, flags=re.DOTALL)
        self.assertNotRegex(outside.replace("http://www.w3.org/2000/svg", ""), r"https?:|<link|src=\"")
        # The same page comes from the journal.
        merged = run("batch", "--merge", "out", "--report", "merged.html")
        self.assertIn(", 1 with warnings, 1 failed", merged.stdout.decode())
        with open("merged.html", encoding="utf-8") as file:
            self.assertEqual(file.read(), page)

    def test_a_page_that_does_not_fit_is_not_written(self):
        self.put("in/a_mic.wav", "in/a_far.wav")
        self.batch("in", "-o", "out", "--report", "whole.html")
        size = os.path.getsize("whole.html")
        os.mkdir("other")
        with open("whole.html", encoding="utf-8") as file:
            rows = file.read().index('id="rows">')
        self.assertLess(rows + 100, size)
        # The disk is full in the middle of the rows.
        result = run("batch", "--merge", "out", "--report", "other/page.html",
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                           (rows + 100, rows + 100)))
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.decode(), "unecho: other/page.html: File too large\n")
        self.assertEqual(os.listdir("other"), [])

    @unittest.skipUnless(CHROMIUM, "Chromium is not installed")
    def test_a_browser_shows_it(self):
        os.mkdir("reports")
        page = self.make("reports/report.html")
        # What the script throws becomes visible.
        with open("reports/report.html", "w", encoding="utf-8") as file:
            file.write(page.replace("<main>", "<script>onerror = m => document.documentElement."
                                    "setAttribute('data-error', m)</script><main>"))
        shown = subprocess.run([CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu",
                                "--user-data-dir=profile", "--window-size=1400,1200", "--dump-dom",
                                "file://" + os.path.realpath("reports/report.html")],
                               capture_output=True, timeout=300).stdout.decode()
        self.assertNotRegex(shown, r"<html[^>]*data-error")
        self.assertIn("7 pairs of recordings", shown)
        self.assertEqual(shown.count('<tr class="row'), 7)
        self.assertIn("line\nbreak", html.unescape(shown))
        self.assertIn('<span class="problem">not a sound file', shown)
        self.assertIn('<span class="problem">cut short', shown)
        links = set(re.findall(r'<audio[^>]* src="([^"]*)"', shown))
        self.assertGreater(len(links), 3)
        for link in links:
            path = os.path.join("reports", urllib.parse.unquote(html.unescape(link)))
            self.assertTrue(os.path.isfile(path), link)
