#!/usr/bin/python3
"""Average the weights of runs that began with the same ones.

    average.py WEIGHTS SHARE [WEIGHTS SHARE ...] OUT.npz

WEIGHTS: of a run, .npz, or a model, .onnx.
"""
import sys

import numpy as np

from weights_file import read


def main():
    *pairs, out = sys.argv[1:]
    if not pairs or len(pairs) % 2:
        sys.exit(__doc__)
    files, shares = [read(file) for file in pairs[::2]], [float(share) for share in pairs[1::2]]
    if abs(sum(shares) - 1) > 1e-6:
        sys.exit(f'the shares add up to {sum(shares):g}, expected 1')
    np.savez(out, **{k: sum(share * f[k] for share, f in zip(shares, files)).astype('f4') for k in files[0]})


if __name__ == '__main__':
    main()
