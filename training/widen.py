#!/usr/bin/python3
"""Give the layers of a trained post-filter more units: what it computes stays the same, until training uses them.

    widen.py WEIGHTS UNITS OUT.npz

The inputs of the new units are random, and their outputs have no weight yet.
"""
import sys

import numpy as np
import torch

from network import Postfilter
from weights_file import read


def widened(weights, units):
    torch.manual_seed(1)
    wide = {k: v.numpy() for k, v in Postfilter(units).state_dict().items()}
    old = len(weights['inp.bias'])
    gates = np.concatenate([gate * units + np.arange(old) for gate in range(3)])   # the places of the old rows
    wide['inp.weight'][:old], wide['inp.bias'][:old] = weights['inp.weight'], weights['inp.bias']
    for layer in ('g1.', 'g2.'):
        for of in ('wx', 'wh'):
            wide[layer + of][gates, old:] = 0
            wide[layer + of][gates, :old] = weights[layer + of]
        wide[layer + 'bx'][gates], wide[layer + 'bn'][:old] = weights[layer + 'bx'], weights[layer + 'bn']
    for of in ('out.', 'near.'):
        wide[of + 'weight'][:] = 0
        for layer in range(2):
            wide[of + 'weight'][:, layer * units:layer * units + old] = weights[of + 'weight'][:, layer * old:(layer + 1) * old]
        wide[of + 'bias'] = weights[of + 'bias']
    return wide


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    np.savez(sys.argv[3], **widened(read(sys.argv[1]), int(sys.argv[2])))
