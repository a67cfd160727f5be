#!/usr/bin/env python3
"""Write src/kernels/fft_tables.h: the factors of the transforms of 512 and 256 points.

    scripts/fft_tables.py > src/kernels/fft_tables.h
"""

import math
import struct

COMMENT = """\
/*
 * The factors of the transforms of 512 and of 256 points (struct fft in kernels.h), rounded to
 * float, so that they are the same bits everywhere. Written by scripts/fft_tables.py.
 */
#ifndef UNECHO_FFT_TABLES_H
#define UNECHO_FFT_TABLES_H

#include "kernels.h"

// clang-format off"""


def c_float(x):
    """The nearest float as a C constant."""
    rounded = struct.unpack("f", struct.pack("f", x))[0]
    if rounded == 0.0:
        return "0.0f"
    mantissa, exponent = rounded.hex().split("p")
    return f"{mantissa[:-7]}p{int(exponent)}f"


def turn(k, size):
    """cos and -sin of 2 pi k / size; the exact values where sine and cosine have them."""
    quarters, rest = divmod(4 * k % (4 * size), size)
    if rest == 0:
        return ((1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0))[quarters]
    return math.cos(2 * math.pi * k / size), -math.sin(2 * math.pi * k / size)


def radix4_pass(points):
    """The three factors of each butterfly: cos and -sin of the 1st, of the 2nd, of the 3rd."""
    rows = []
    for factor in (1, 2, 3):
        turns = [turn(p * factor, points) for p in range(points // 4)]
        rows += [cosine for cosine, _ in turns] + [sine for _, sine in turns]
    return rows


def write(values):
    for at in range(0, len(values), 5):
        print("        " + " ".join(c_float(x) + "," for x in values[at:at + 5]))


def write_table(size):
    print(f"static const fft fft_{size} = {{\n    .size = {size},")
    for name, points in (("first", size // 2), ("second", size // 8), ("third", size // 32)):
        print(f"    .{name} = {{")
        write(radix4_pass(points))
        print("    },")
    turns = [turn(k, size) for k in range(size // 4 + 1)]
    print("    .split = {{")
    write([cosine for cosine, _ in turns])
    print("    }, {")
    write([sine for _, sine in turns])
    print("    }},\n};")


print(COMMENT)
write_table(512)
write_table(256)
print("// clang-format on\n\n#endif")
