#!/usr/bin/python3
"""Write the weights of a trained post-filter as an ONNX file.

    export_postfilter.py WEIGHTS.npz MODEL.onnx

The arrays are those of the training's state: inp.weight, inp.bias; g1 and g2 with wx, wh [3 * units, .] and bx, gates in
PyTorch's order r, z, n, and bn, the bias of n that the reset gate multiplies; out.weight, out.bias; and near.weight, near.bias,
without which the model does not tell who talks. `unecho convert` writes the result in the spelling and precision wanted.
"""
import sys

import numpy as np

import onnx_file
from onnx_file import node
from weights_file import read, turned

BANDS, FEATURES = 70, 490


def export(weights, path):
    units = len(weights['inp.bias'])
    arrays = {
        'axes': np.array([0]), 'shape/step': np.array([1, 1, units]), 'shape/hidden': np.array([1, 2 * units]),
        'input/W': weights['inp.weight'].T, 'input/b': weights['inp.bias'],
    }
    outputs = {'gains': (1, BANDS)}
    weight, bias, result = weights['out.weight'], weights['out.bias'], 'gains'
    if 'near.weight' in weights:
        weight, bias = (np.concatenate([a, weights['near.' + of]]) for a, of in ((weight, 'weight'), (bias, 'bias')))
        outputs['near_end'], result = (1, 1), 'output/all'
        arrays['output/sizes'] = np.array([BANDS, 1])
    arrays |= {'output/W': weight.T, 'output/b': bias}
    nodes = [
        node('MatMul', ['features', 'input/W'], ['input/xW']),
        node('Add', ['input/xW', 'input/b'], ['input/sum']),
        node('Tanh', ['input/sum'], ['input/row']),
        node('Reshape', ['input/row', 'shape/step'], ['input/out']),
    ]
    for layer, source in enumerate(('input/out', 'gru0/out')):
        of, to = f'g{layer + 1}.', f'gru{layer}/'
        recurrent_bias = np.concatenate([np.zeros(2 * units), weights[of + 'bn']])
        arrays |= {
            to + 'begin': np.array([layer]), to + 'end': np.array([layer + 1]),
            to + 'W': turned(weights[of + 'wx'])[None], to + 'R': turned(weights[of + 'wh'])[None],
            to + 'B': np.concatenate([turned(weights[of + 'bx']), recurrent_bias])[None],
        }
        nodes += [
            node('Slice', ['states', to + 'begin', to + 'end', 'axes'], [to + 'h']),
            node('GRU', [source, to + 'W', to + 'R', to + 'B', '', to + 'h'], [to + 'steps', to + 'out'],
                 hidden_size=units, linear_before_reset=1),
        ]
    nodes += [
        node('Concat', ['gru0/out', 'gru1/out'], ['states_out'], axis=0),
        node('Concat', ['gru0/out', 'gru1/out'], ['hidden'], axis=2),
        node('Reshape', ['hidden', 'shape/hidden'], ['hidden/row']),
        node('MatMul', ['hidden/row', 'output/W'], ['output/xW']),
        node('Add', ['output/xW', 'output/b'], ['output/sum']),
        node('Sigmoid', ['output/sum'], [result]),
    ]
    if 'near_end' in outputs:
        nodes.append(node('Split', ['output/all', 'output/sizes'], ['gains', 'near_end'], axis=1))
    states = (2, 1, units)
    onnx_file.write(path, 'unecho training', nodes, arrays, {'features': (1, FEATURES), 'states': states},
                    outputs | {'states_out': states})


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit('usage: export_postfilter.py WEIGHTS.npz MODEL.onnx')
    export(read(sys.argv[1]), sys.argv[2])
