"""The table of docs/quality.md: FOLDER OTHERS ENGINE..., from what `score` left in FOLDER."""

import json
import math
import sys

COLUMNS = [
    ("real-fst", "echo_mos", "echo"),
    ("real-fst", "erle_first3s", "ERLE, first 3 s"),
    ("real-dt", "echo_mos", "echo"),
    ("real-dt", "deg_mos", "voice"),
    ("real-nst", "deg_mos", "voice"),
    ("syn-dt", "echo_mos", "echo"),
    ("syn-dt", "deg_mos", "voice"),
    ("syn-dt", "sisdr_i", "SI-SDR gain"),
]
GROUPS = {
    "real-fst": "far end alone",
    "real-dt": "double talk",
    "real-nst": "near end alone",
    "syn-dt": "mixed double talk",
}


def cell(summary, group, key):
    value = summary.get(group, {}).get(key, math.nan)
    return "" if math.isnan(value) else f"{value:.1f}" if key.startswith(("erle", "sisdr")) else f"{value:.2f}"


def row(name, summary):
    return f"| {name} | " + " | ".join(cell(summary, group, key) for group, key, _ in COLUMNS) + " |"


def main(folder, others, *engines):
    with open(others) as file:
        rows = {name: s for name, s in json.load(file).items() if not name.startswith("unecho")}
    for engine in engines:
        with open(f"{folder}/{engine}.json") as file:
            rows[f"unecho, {engine}"] = json.load(file)["summary"]
    counts = next(iter(rows.values()))
    print("| | " + " | ".join(f"{GROUPS[g]} ({counts[g]['n']}): {title}" for g, _, title in COLUMNS) + " |")
    print("|---|" + "--:|" * len(COLUMNS))
    for name, summary in rows.items():
        print(row(name, summary))


main(*sys.argv[1:])
