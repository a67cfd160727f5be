"""The post-filter's network in PyTorch, with a GRU layer in C (gru.c) that is about three times as fast as PyTorch's on a core.

Without gru.so, which `make -C training` builds, training uses PyTorch's.
"""
import ctypes
import os

import torch
from torch import nn
from torch.nn import functional as F

import postfilter

FEATURES, UNITS = 7 * postfilter.BANDS, 128
try:
    _fast = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'gru.so'))
except OSError:
    _fast = None


def _at(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


class _FastGru(torch.autograd.Function):
    """inputs [T, B, 3 H], the layer's input products with their biases -> outputs [T, B, H]."""

    @staticmethod
    def forward(ctx, inputs, recurrent, bias, state):
        T, B, gates = inputs.shape
        H = gates // 3
        inputs, recurrent = inputs.contiguous(), recurrent.contiguous()
        states, saved = torch.empty(T + 1, B, H), torch.empty(T, B, 4 * H)
        states[0] = state
        _fast.gru_forward(T, B, H, _at(inputs), _at(recurrent), _at(bias), _at(states), _at(saved))
        ctx.save_for_backward(recurrent, states, saved)
        return states[1:]

    @staticmethod
    def backward(ctx, gradient):
        recurrent, states, saved = ctx.saved_tensors
        T, B, H = gradient.shape
        gradient = gradient.contiguous()
        inputs, weights, bias = torch.empty(T, B, 3 * H), torch.empty(3 * H, H), torch.empty(H)
        _fast.gru_backward(T, B, H, _at(gradient), _at(recurrent), _at(states), _at(saved), _at(inputs), _at(weights), _at(bias))
        return inputs, weights, bias, None


class Gru(nn.Module):
    """PyTorch's GRU layer, gates r, z, n, but for the recurrent biases of r and z, which would add to those of the input."""

    def __init__(self, inputs, units):
        super().__init__()
        k = units ** -0.5
        self.wx = nn.Parameter(torch.empty(3 * units, inputs).uniform_(-k, k))
        self.wh = nn.Parameter(torch.empty(3 * units, units))
        self.bx = nn.Parameter(torch.zeros(3 * units))
        self.bn = nn.Parameter(torch.zeros(units))
        for gate in self.wh.data.split(units):
            nn.init.orthogonal_(gate)

    def forward(self, x, state):
        if _fast:
            return _FastGru.apply(F.linear(x, self.wx, self.bx), self.wh, self.bn, state)
        units = len(self.bn)
        recurrent_bias = torch.cat([torch.zeros(2 * units), self.bn])
        weights = [self.wx, self.wh, self.bx, recurrent_bias]
        return torch.gru(x, state[None], weights, True, 1, 0.0, self.training, False, False)[0]


class Postfilter(nn.Module):
    def __init__(self, units=UNITS):
        super().__init__()
        self.units = units
        self.inp = nn.Linear(FEATURES, units)
        self.g1, self.g2 = Gru(units, units), Gru(units, units)
        self.out = nn.Linear(2 * units, postfilter.BANDS)
        nn.init.constant_(self.out.bias, 1.0)

    def hidden(self, x, states=None):
        """Features [T, B, FEATURES] -> states of both layers [T, B, 2 * units]."""
        first, second = states or 2 * (torch.zeros(x.shape[1], self.units),)
        first = self.g1(torch.tanh(self.inp(x)), first)
        return torch.cat([first, self.g2(first, second)], -1)

    def forward(self, x, states=None):
        """Features -> logits of the gains [T, B, BANDS], states for the next hops."""
        hidden = self.hidden(x, states)
        return self.out(hidden), hidden[-1].detach().split(self.units, -1)
