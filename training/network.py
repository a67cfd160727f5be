"""The post-filter's network in PyTorch, with a GRU layer in C (gru.c) that is about three times as fast as PyTorch's on a core.

Without gru.so, which `make -C training` builds, training uses PyTorch's.
"""
import ctypes
import os
import sys

import torch
from torch import nn
from torch.nn import functional as F

import postfilter
from weights_file import read

FEATURES, UNITS = 7 * postfilter.BANDS, 160
MULTIPLE = 32   # scenes and units that the layer in C takes
try:
    _fast = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'gru.so'))
    if not _fast.gru_prepare():
        raise OSError('the kernel does not permit AMX')
    _element = {2: torch.bfloat16, 4: torch.float32}[_fast.gru_element_bytes()]
except OSError:
    _fast = None


def _at(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


class _FastLinear(torch.autograd.Function):
    """x W^T + b, the factors in the element type of gru.c."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        x, weight = x.to(_element), weight.to(_element)
        ctx.save_for_backward(x, weight)
        return F.linear(x, weight).float() + bias

    @staticmethod
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        of_bias = gradient.sum((0, 1))
        gradient = gradient.to(_element)
        of_x = (gradient @ weight).float() if ctx.needs_input_grad[0] else None
        return of_x, _outer(gradient, x), of_bias


def _outer(gradient, x):
    return (gradient.flatten(0, 1).t() @ x.flatten(0, 1)).float()


class _FastGru(torch.autograd.Function):
    """x [T, B, I] -> outputs [T, B, H]."""

    @staticmethod
    def forward(ctx, x, wx, wh, bx, bn, state):
        T, B, H = *x.shape[:2], len(bn)
        x, wx = x.to(_element), wx.to(_element)
        inputs = F.linear(x, wx).contiguous()
        states, factors, saved = torch.empty(T + 1, B, H), torch.empty(T, B, H, dtype=_element), torch.empty(T, B, 4 * H)
        states[0] = state
        _fast.gru_forward(T, B, H, _at(inputs), _at(bx), _at(wh), _at(bn), _at(states), _at(factors), _at(saved))
        ctx.save_for_backward(x, wx, wh, states, factors, saved)
        return states[1:]

    @staticmethod
    def backward(ctx, gradient):
        x, wx, wh, states, factors, saved = ctx.saved_tensors
        T, B, H = gradient.shape
        gradient = gradient.contiguous()
        of_inputs, of_sums = torch.empty(2, T, B, 3 * H, dtype=_element)
        of_bx, of_bn = torch.empty(3 * H), torch.empty(H)
        _fast.gru_backward(T, B, H, _at(gradient), _at(wh), _at(states), _at(saved), _at(of_inputs), _at(of_sums),
                           _at(of_bx), _at(of_bn))
        return (of_inputs @ wx).float(), _outer(of_inputs, x), _outer(of_sums, factors), of_bx, of_bn, None


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
        if _fast and x.is_cpu and x.shape[1] % MULTIPLE == 0 and len(self.bn) % MULTIPLE == 0:
            return _FastGru.apply(x, self.wx, self.wh, self.bx, self.bn, state)
        units = len(self.bn)
        recurrent_bias = torch.cat([self.bn.new_zeros(2 * units), self.bn])
        weights = [self.wx, self.wh, self.bx, recurrent_bias]
        return torch.gru(x, state[None], weights, True, 1, 0.0, self.training, False, False)[0]


class Linear(nn.Linear):
    def forward(self, x):
        return _FastLinear.apply(x, self.weight, self.bias) if _fast and x.is_cpu else super().forward(x)


class Postfilter(nn.Module):
    def __init__(self, units=UNITS):
        super().__init__()
        self.units = units
        self.inp = Linear(FEATURES, units)
        self.g1, self.g2 = Gru(units, units), Gru(units, units)
        self.out, self.near = Linear(2 * units, postfilter.BANDS), Linear(2 * units, 1)
        nn.init.constant_(self.out.bias, 1.0)

    def hidden(self, x, states=None):
        """Features [T, B, FEATURES] -> states of both layers [T, B, 2 * units]."""
        first, second = states or 2 * (x.new_zeros(x.shape[1], self.units),)
        first = self.g1(torch.tanh(self.inp(x)), first)
        return torch.cat([first, self.g2(first, second)], -1)

    def forward(self, x, states=None):
        """Features -> logits of the gains [T, B, BANDS] and of the near end's talking [T, B, 1], states for the next hops."""
        hidden = self.hidden(x, states)
        return self.out(hidden), self.near(hidden), hidden[-1].detach().split(self.units, -1)


def begin(path, units):
    """A network to train: with the weights of a file, whose size it has then, or with random ones. path or units may be None."""
    if not path:
        return Postfilter(units or UNITS)
    weights = {name: torch.from_numpy(array) for name, array in read(path).items()}
    if units not in (None, len(weights['inp.bias'])):
        sys.exit(f"{path}: {len(weights['inp.bias'])} units in a layer, expected {units}: training/widen.py gives it more")
    net = Postfilter(len(weights['inp.bias']))
    net.load_state_dict(weights)
    return net
