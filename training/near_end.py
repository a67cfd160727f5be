#!/usr/bin/python3
"""Train the output that says whether the near end talks, on the states of a trained post-filter, which stay as they are.

    near_end.py WEIGHTS.npz SCENES SOUNDS VALIDATION VALIDATION_SOUNDS OUT.npz

SCENES.u8 and the folder SOUNDS are what unecho-scenes wrote for the kind any; VALIDATION and VALIDATION_SOUNDS hold those of
held-out scenes, dt, near and far. Writes the weights with near.weight [1, 2 * units] and near.bias [1], for
export_postfilter.py, and prints for the held-out scenes how many of the hops that are called near end are (precision), how many
of the near end's are called so (recall), and how many of the others are (false).
"""
import sys

import numpy as np
import torch
from scipy.io import wavfile
from torch.nn import functional as F

from network import Postfilter
from postfilter import HOP
from train import BANDS, HOPS, ROWS, unpacked

BELOW_DB = 25    # a hop is speech down to so much below the mean of the louder half
HANGOVER = 12    # hops: short gaps are speech, too
SCENES_AT_ONCE = 60


def talks(folder, scene):
    """[HOPS]: whether the near end talks, or did within the hangover."""
    near = wavfile.read(f'{folder}/{scene:04d}_near.wav')[1].astype('f4')
    energy = (near[:HOPS * HOP].reshape(HOPS, HOP) ** 2).mean(1)
    active = np.sort(energy)[HOPS // 2:].mean()
    speech = (energy > active * 10 ** (-BELOW_DB / 10)) & (energy > 1e-8)
    late = speech.copy()
    for k in range(1, HANGOVER + 1):
        late[k:] |= speech[:-k]
    return late


@torch.no_grad()
def examples(net, scenes, sounds):
    """States [hops, 2 * units] of all scenes of a file, and whether the near end talks [hops]."""
    all_bytes = np.memmap(scenes, np.uint8, 'r').reshape(-1, HOPS, ROWS, BANDS)
    states = []
    for i in range(0, len(all_bytes), SCENES_AT_ONCE):
        states.append(net.hidden(unpacked(np.array(all_bytes[i:i + SCENES_AT_ONCE]))[0]).transpose(0, 1).flatten(0, 1))
    labels = np.concatenate([talks(sounds, i) for i in range(len(all_bytes))])
    return torch.cat(states), torch.from_numpy(labels).float()


def fit(states, labels):
    """Logistic regression: weight [1, 2 * units] and bias [1]."""
    weight, bias = torch.zeros(1, states.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=60, line_search_fn='strong_wolfe')

    def step():
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(F.linear(states, weight, bias)[:, 0], labels) + 1e-5 * weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(step)
    return weight.detach(), bias.detach()


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    trained, scenes, sounds, validation, validation_sounds, out = sys.argv[1:]
    torch.set_num_threads(1)
    weights = dict(np.load(trained))
    net = Postfilter(len(weights['inp.bias']))
    net.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items() if not k.startswith('near.')})
    weight, bias = fit(*examples(net, scenes + '.u8', sounds))
    np.savez(out, **weights | {'near.weight': weight.numpy(), 'near.bias': bias.numpy()})
    for kind in ('dt', 'near', 'far'):
        states, labels = examples(net, f'{validation}/{kind}.u8', f'{validation_sounds}/{kind}')
        near = labels > 0
        for least in (0.5, 0.9):
            said = torch.sigmoid(F.linear(states, weight, bias)[:, 0]) >= least
            right = (said & near).sum()
            shares = [100 * (a / b).item() if b else float('nan')
                      for a, b in ((right, said.sum()), (right, near.sum()), ((said & ~near).sum(), (~near).sum()))]
            print(f'{kind}, from {least}: precision {shares[0]:.1f} %, recall {shares[1]:.1f} %, false {shares[2]:.1f} %', flush=True)


if __name__ == '__main__':
    main()
