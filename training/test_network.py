#!/usr/bin/python3
"""The GRU in C against PyTorch's, forward and backward: to the precision of the products' factors."""
import sys

import torch

import network

if not network._fast:
    sys.exit('gru.so is missing: run make in training/')
torch.manual_seed(0)
largest = 1e-5 if network._element == torch.float32 else 2e-2
layer, x, state = network.Gru(128, 128), torch.randn(50, 32, 128), 0.3 * torch.randn(32, 128)
layer.bn.data.normal_()
weight = torch.randn(50, 32, 128)


def run():
    layer.zero_grad()
    own = x.clone().requires_grad_()
    y = layer(own, state)
    (y * weight).sum().backward()
    return [y.detach(), own.grad] + [p.grad.clone() for p in layer.parameters()]


fast = run()
network._fast = None
for name, a, b in zip(('output', 'input', 'wx', 'wh', 'bx', 'bn'), fast, run()):
    error = float((a - b).abs().max() / b.abs().max())
    print(f'{name}: {error:.1e}')
    if not error < largest:
        sys.exit('differs')
