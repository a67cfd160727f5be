"""The weights of a post-filter from a file, by the names of the training's state."""
import sys

import numpy as np

import onnx_file
import postfilter


def turned(gates):
    """From PyTorch's order r, z, n to ONNX's z, r, n, or back."""
    first, second, last = np.split(gates, 3)
    return np.concatenate([second, first, last])


def read(path):
    """{name: array} of WEIGHTS.npz, or of a MODEL.onnx by export_postfilter.py or `unecho convert`."""
    if not path.endswith('.onnx'):
        return dict(np.load(path))
    model = onnx_file.arrays(path)
    for name in ('input/W', 'gru0/W', 'gru1/W', 'output/W'):
        if name not in model:
            sys.exit(f'{path}: not a post-filter in fp32, as it has no {name}')
    weights = {'inp.weight': model['input/W'].T, 'inp.bias': model['input/b']}
    for of, layer in (('g1.', 'gru0/'), ('g2.', 'gru1/')):
        of_input, recurrent = np.split(model[layer + 'B'][0], 2)
        weights |= {of + 'wx': turned(model[layer + 'W'][0]), of + 'wh': turned(model[layer + 'R'][0]),
                    of + 'bx': turned(of_input), of + 'bn': np.split(recurrent, 3)[2]}
    parts = {'out.': slice(postfilter.BANDS)}
    if len(model['output/b']) > postfilter.BANDS:
        parts['near.'] = slice(postfilter.BANDS, None)
    for of, rows in parts.items():
        weights |= {of + 'weight': model['output/W'].T[rows], of + 'bias': model['output/b'][rows]}
    return {name: np.array(array) for name, array in weights.items()}   # of its own, as PyTorch writes into it
