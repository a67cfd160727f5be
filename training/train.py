#!/usr/bin/python3
"""Train the post-filter on the scenes of unecho-scenes.

    train.py --scenes FOLDER --validation FOLDER --out FOLDER [--init WEIGHTS] [--steps N] ...

FOLDER of scenes: any number of NAME.u8; those that appear while it runs join in. Of the validation: dt.u8, near.u8, far.u8.
Writes OUT/log.txt, OUT/state.pt, from which the same command goes on after an interruption, and OUT/weights.npz, the
averaged weights, for export_postfilter.py. The same seed and the same scenes give the same weights.
"""
import argparse
import copy
import glob
import math
import os
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F

import postfilter
from network import begin

BANDS, FEATURE_ROWS = postfilter.BANDS, 7
ROWS = FEATURE_ROWS + 3   # training/generator/examples.h
HOPS, HOP_BYTES = 1984, ROWS * BANDS + 1
COUNTS = torch.from_numpy(postfilter.COUNTS.astype('f4'))
DB = 20 / math.log(10)
LEVELS = -2.75, 3.625   # of the features, least and most
FLOOR = -2.749
ONSET = 25   # hops
SCALE = torch.tensor(4 * [1 / 40] + 3 * [3 / 255])[:, None]   # of bytes to features
SHIFT = torch.tensor(4 * [-2.75] + 3 * [-0.9])[:, None]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--scenes', required=True)
    p.add_argument('--validation', required=True)
    p.add_argument('--out', required=True)
    p.add_argument('--init', help='weights to begin with: of a run, .npz, or a model, .onnx')
    p.add_argument('--steps', type=int, default=4000)
    p.add_argument('--until', type=int, help='stop at this step; without it the same command goes on')
    p.add_argument('--batch', type=int, default=64, help='scenes at once')
    p.add_argument('--chunk', type=int, default=248, help='hops through which a step goes back, a divisor of %d' % HOPS)
    p.add_argument('--rate', type=float, default=1e-3, help='of learning, at first')
    p.add_argument('--rate-end', type=float, default=1e-5)
    p.add_argument('--warm', type=int, default=100, help='steps until the rate is reached')
    p.add_argument('--over', type=float, default=2.0, help='weight of what is taken from the target')
    p.add_argument('--echo', type=float, default=2.0, help='additional weight where nobody is near')
    p.add_argument('--talk', type=float, default=0.1, help='weight of whether the near end talks')
    p.add_argument('--onset', type=float, default=3.0, help='additional weight of the first 0.2 s in which the near end talks')
    p.add_argument('--power', type=float, default=1.0, help='of the gains that the losses see')
    p.add_argument('--units', type=int, help='of each layer: 160, or as --init has')
    p.add_argument('--devices', type=float, default=0.5, help='share of scenes whose spectra another microphone and loudspeaker change')
    p.add_argument('--recent', help='draw every other scene from the files whose names are not below this')
    p.add_argument('--save-every', type=float, default=240, help='seconds')
    p.add_argument('--seed', type=int, default=1)
    return p.parse_args()


class Scenes:
    """Scenes in random order, each once a round; every other one from the recent files, if there are any."""

    def __init__(self, folder, seed, recent):
        self.folder, self.random, self.recent = folder, np.random.default_rng(seed), recent
        self.names, self.maps, self.left, self.rounds = [], [], [], 0

    def look(self):
        for name in sorted(os.path.basename(f) for f in glob.glob(self.folder + '/*.u8')):
            if name not in self.names:
                self.open(name)
                self.left += [(len(self.maps) - 1, i) for i in range(len(self.maps[-1]))]
        if not self.names:
            sys.exit(f'{self.folder}: no scenes')

    def open(self, name):
        self.names.append(name)
        self.maps.append(np.memmap(os.path.join(self.folder, name), np.uint8, 'r').reshape(-1, HOPS, HOP_BYTES))

    def draw(self, n):
        self.look()
        drawn = []
        recent = [i for i, name in enumerate(self.names) if self.recent and name >= self.recent]
        while len(drawn) < n:
            if recent and self.random.random() < 0.5:
                i = recent[self.random.integers(len(recent))]
                drawn.append((i, self.random.integers(len(self.maps[i]))))
                continue
            if not self.left:
                self.rounds += 1
                self.left = [(i, j) for i, m in enumerate(self.maps) for j in range(len(m))]
            k = self.random.integers(len(self.left))
            self.left[k], self.left[-1] = self.left[-1], self.left[k]
            drawn.append(self.left.pop())
        return drawn

    def read(self, drawn, first, n):
        return np.stack([self.maps[i][j, first:first + n] for i, j in drawn])

    def state(self):
        return self.names, self.left, self.rounds, self.random.bit_generator.state

    def restore(self, state):
        names, self.left, self.rounds, self.random.bit_generator.state = state
        for name in names:
            self.open(name)


def unpacked(u):
    """Bytes [B, T, HOP_BYTES] -> features [T, B, ...], weight, gain and level of the target [T, B, BANDS], talk [T, B, 1]."""
    u = u.transpose(0, 1)
    x = u[..., :-1].unflatten(2, (ROWS, BANDS)).float()
    features = x[..., :FEATURE_ROWS, :] * SCALE.to(x.device) + SHIFT.to(x.device)
    weight = torch.exp((x[..., 7, :] / 5 - 35) * (math.log(10) / 10)) * (x[..., 7, :] > 0)
    return features.flatten(2), weight, x[..., 8, :] / 200, x[..., 9, :] / 200, u[..., -1:].float()


def curves(random, n, deviation):
    """[1, n, BANDS] dB: smooth shapes over the bands, and levels."""
    order = np.arange(5)[:, None]
    basis = np.cos(np.pi * order * np.linspace(0, 1, BANDS))
    weight = random.standard_normal((n, 5)) * deviation / np.sqrt(np.maximum(order[:, 0], 1))
    return torch.from_numpy((weight @ basis).astype('f4'))[None]


class Devices:
    """Other frequency responses of microphone and loudspeaker than the scenes were drawn with, for a share of them."""

    def __init__(self, random, n, share):
        some = torch.from_numpy((random.random((n, 1)) < share).astype('f4'))
        mic, far = (curves(random, n, deviation) * some / 20 for deviation in (2.0, 3.0))
        self.shift = torch.stack([mic, mic, mic, far], 2).flatten(2)   # of the levels of E, D, Y and X

    def apply(self, x):
        """Features [T, B, FEATURES], in place; what is at the floor stays."""
        levels = x[..., :4 * BANDS]
        levels.copy_(torch.where(levels > FLOOR, (levels + self.shift).clamp(*LEVELS), levels))
        return x


def losses(logits, talking, weight, gain, level, talk, a):
    """Distance of compressed spectra, what is taken from the target in addition (see write_loss in examples.c), and who talks."""
    g = torch.exp(0.3 * a.power * F.logsigmoid(logits))
    bands = COUNTS.to(g.device) ** 0.5
    weight = weight * (bands / bands.mean())
    near = (weight * level.square()).sum(-1, keepdim=True)
    alone = (near < 0.06 * weight.sum(-1, keepdim=True)).float()
    onset = talk * (1 - F.pad(talk, (0, 0, 0, 0, ONSET, 0), value=1)[:-ONSET])
    weight = weight * (1 + a.echo * alone + a.onset * onset)
    taken = F.relu(level.clamp(max=1) - g)
    fit, over = 50 * (weight * (g - gain).square()).mean(), 50 * a.over * (weight * taken.square()).mean()
    return torch.stack([fit, over, a.talk * F.binary_cross_entropy_with_logits(talking, talk, 1 + a.onset * onset)])


@torch.no_grad()
def validate(net, folder, a):
    """Per kind the losses; the echo reduction in dB where nobody is near, or what the near end loses, in dB; of the hops of the
    near end and of the others, how many are called near end."""
    report = []
    for kind in ('dt', 'near', 'far'):
        u = np.memmap(f'{folder}/{kind}.u8', np.uint8, 'r').reshape(-1, HOPS, HOP_BYTES)
        sums, called, count = torch.zeros(4), torch.zeros(2, 2), 0
        for i in range(0, len(u), 25):
            x, weight, gain, level, talk = unpacked(torch.from_numpy(np.array(u[i:i + 25])))
            logits, talking, _ = net(x)
            log_gain = F.logsigmoid(logits)
            if kind == 'far':
                power = [10 ** (2 * x.unflatten(2, (FEATURE_ROWS, BANDS))[..., row, :] - 6) * COUNTS for row in (0, 1)]
                out = (power[0] * torch.exp(2 * log_gain)).sum((0, 2))
                value = (10 * torch.log10(power[1].sum((0, 2)) / out)).mean()
            else:
                near = weight * ((level > 0.8) & (level < 1.15))
                value = (DB * (near * log_gain).sum((0, 2)) / (near.sum((0, 2)) + 1e-9)).mean()
            sums += torch.cat([losses(logits, talking, weight, gain, level, talk, a), value[None]])
            for near in (0, 1):
                called[near] += torch.stack([((talking > 0) & (talk == near)).sum(), (talk == near).sum()])
            count += 1
        fit, over, who, value = (sums / count).tolist()
        false, recall = (100 * called[:, 0] / called[:, 1]).tolist()
        report.append(f'{kind}: fit {fit:.4f} over {over:.4f} talk {who:.4f} {value:+.2f} dB, recall {recall:.1f} false {false:.1f} %')
    return '; '.join(report)


def main():
    a = arguments()
    os.makedirs(a.out, exist_ok=True)
    torch.set_num_threads(1)   # sums in another order give other weights
    torch.manual_seed(a.seed)
    net = begin(a.init, a.units)
    average = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=a.rate, weight_decay=1e-3, betas=(0.9, 0.98), eps=1e-7)
    scenes, step = Scenes(a.scenes, a.seed, a.recent), 0
    state_file = f'{a.out}/state.pt'
    if os.path.exists(state_file):
        state = torch.load(state_file)
        net.load_state_dict(state['net'])
        average.load_state_dict(state['average'])
        optimiser.load_state_dict(state['optimiser'])
        scenes.restore(state['scenes'])
        step = state['step']
    log = open(f'{a.out}/log.txt', 'a', buffering=1)

    def say(line):
        print(line, flush=True)
        log.write(line + '\n')

    def save():
        state = {'net': net.state_dict(), 'average': average.state_dict(), 'optimiser': optimiser.state_dict(),
                 'scenes': scenes.state(), 'step': step}
        torch.save(state, state_file + '.new')
        os.replace(state_file + '.new', state_file)
        np.savez(f'{a.out}/weights.npz', **{k: v.numpy() for k, v in average.state_dict().items()})
        say(f'step {step}: {validate(average, a.validation, a)}')

    say(f'{vars(a)}')
    if step == 0:
        say(f'step 0: {validate(net, a.validation, a)}')
    begun, saved, recent = time.time(), time.time(), np.zeros(3)
    while step < min(a.steps, a.until or a.steps):
        drawn, states = scenes.draw(a.batch), None
        devices = Devices(scenes.random, a.batch, a.devices)
        for first in range(0, HOPS, a.chunk):
            cosine = 0.5 * (1 + math.cos(math.pi * min(step / a.steps, 1)))
            rate = (a.rate_end + (a.rate - a.rate_end) * cosine) * min(1, (step + 1) / a.warm)
            for group in optimiser.param_groups:
                group['lr'] = rate
            x, *target = unpacked(torch.from_numpy(scenes.read(drawn, first, a.chunk)))
            logits, talking, states = net(devices.apply(x), states)
            loss = losses(logits, talking, *target, a)
            optimiser.zero_grad(set_to_none=True)
            loss.sum().backward()
            norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            if torch.isfinite(norm):
                optimiser.step()
            keep = min(0.998, (1 + step) / (10 + step))
            with torch.no_grad():
                for mean, value in zip(average.parameters(), net.parameters()):
                    mean.lerp_(value, 1 - keep)
            step += 1
            recent += loss.detach().numpy()
            if step % 50 == 0:
                fit, over, who = recent / 50
                recent[:] = 0
                say(f'{step} {time.time() - begun:.0f} s, {len(scenes.maps)} shards, round {scenes.rounds}, '
                    f'rate {rate:.1e}, fit {fit:.4f} over {over:.4f} talk {who:.4f}')
        if time.time() - saved > a.save_every:
            save()
            saved = time.time()
    save()


if __name__ == '__main__':
    main()
