#!/usr/bin/env python3
"""Writes a file as an array in C: embed.py FILE NAME."""
import sys

data = open(sys.argv[1], "rb").read()
print("#include <stddef.h>\nextern const unsigned char %s[];\nextern const size_t %s_size;" %
      (sys.argv[2], sys.argv[2]))
print("const size_t %s_size = %d;\nconst unsigned char %s[] = {" %
      (sys.argv[2], len(data), sys.argv[2]))
for at in range(0, len(data), 20):
    print(",".join(str(byte) for byte in data[at:at + 20]) + ",")
print("};")
