#!/usr/bin/env python3
# Draws docs/linear.svg from the output of linear_curves:
#     build/bench/linear_curves | scripts/plot_linear.py > docs/linear.svg

import csv
import sys

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 340, 56, 30, 20, 46
LOW, HIGH, END = -5, 35, 15
COLOURS = {"unecho": "#1f6fb2", "speexdsp": "#c2571a"}
NAMES = {"unecho": "unecho", "speexdsp": "SpeexDSP"}


def x(seconds):
    return LEFT + seconds / END * (WIDTH - LEFT - RIGHT)


def y(db):
    return TOP + (HIGH - min(max(db, LOW), HIGH)) / (HIGH - LOW) * (HEIGHT - TOP - BOTTOM)


def text(at, up, what, anchor="middle"):
    return f'<text x="{at:.1f}" y="{up:.1f}" text-anchor="{anchor}">{what}</text>'


def main():
    rows = list(csv.DictReader(sys.stdin))
    if not rows:
        sys.exit("no input from linear_curves")
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12" fill="#333">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           f'<rect x="{x(6):.1f}" y="{y(HIGH)}" width="{x(9) - x(6):.1f}" '
           f'height="{y(LOW) - y(HIGH):.1f}" fill="#eee"/>',
           text(x(7.5), TOP + 14, "double talk"), text(x(10), TOP - 8, "another room"),
           f'<path d="M{x(10):.1f} {y(HIGH)}V{y(LOW):.1f}" stroke="#999" stroke-dasharray="4 3"/>']
    for db in range(LOW, HIGH + 1, 5):
        out.append(f'<path d="M{LEFT} {y(db):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(text(LEFT - 6, y(db) + 4, db, "end"))
    for second in range(0, END + 1):
        out.append(text(x(second), HEIGHT - BOTTOM + 16, second))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "seconds of far-end speech"))
    out.append(f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" '
               'text-anchor="middle">echo reduction, dB</text>')
    for i, (key, colour) in enumerate(COLOURS.items()):
        points = " ".join(f'{x(float(r["seconds"])):.1f},{y(float(r[key])):.1f}' for r in rows)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{LEFT + 10 + 80 * i}" y="{TOP - 8}" fill="{colour}">{NAMES[key]}</text>')
    print("\n".join(out + ["</svg>"]))


main()
