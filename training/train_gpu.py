#!/usr/bin/python3
"""Train the post-filter on a GPU: train.py's losses, with the scenes in the GPU's memory and each step one CUDA graph.

    train_gpu.py --scenes FOLDER --out FOLDER --seconds N RUN ...
    RUN: NAME,WEIGHTS,UNITS,OVER,ECHO,TALK,POWER,BATCH,RATE

The runs share the GPU and the scenes, and are those of train.py with --init WEIGHTS --units UNITS --over OVER and so on; without
WEIGHTS from random ones. Takes NAME.u8 out of FOLDER as unecho-scenes writes them there, and deletes each once it has it; the
oldest scenes go when the memory is full. The rate falls by the clock, so that a run cannot be repeated to the bit. Writes
OUT/NAME.npz, the averaged weights, now and then and at the end. Without a GPU it runs on the processor, to try it out.
"""
import argparse
import contextlib
import copy
import glob
import math
import os
import threading
import time

import numpy as np
import torch

import train
from network import begin
from train import Devices, HOP_BYTES, HOPS, losses, unpacked

CHUNK = 248
CHUNKS = HOPS // CHUNK
RATE_END, WARM, KEEP = 1e-5, 200, 0.999
GPU = torch.cuda.is_available()
DEVICE = torch.device('cuda' if GPU else 'cpu')
RESERVED = 24e9   # bytes of the GPU's memory for the runs


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--scenes', required=True)
    p.add_argument('--out', required=True)
    p.add_argument('--seconds', type=float, required=True, help='of training')
    p.add_argument('--least', type=int, default=1500, help='scenes to begin with')
    p.add_argument('--devices', type=float, default=0.5, help='as in train.py')
    p.add_argument('--onset', type=float, default=3.0, help='as in train.py')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('runs', nargs='+', metavar='RUN')
    return p.parse_args()


class Pool:
    """Scenes in the GPU's memory, read by a thread of its own."""

    def __init__(self, folder):
        scene = HOPS * HOP_BYTES
        self.limit = int(min(82000, (torch.cuda.mem_get_info()[0] - RESERVED) / scene)) if GPU else 200
        self.data = torch.empty(self.limit, CHUNKS, CHUNK, HOP_BYTES, dtype=torch.uint8, device=DEVICE)
        self.folder, self.count, self.next, self.loading = folder, 0, 0, threading.Lock()
        threading.Thread(target=self.load, daemon=True).start()

    def load(self):
        stream = torch.cuda.Stream() if GPU else None
        while True:
            for name in sorted(glob.glob(self.folder + '/*.u8')):
                scenes = np.fromfile(name, np.uint8).reshape(-1, CHUNKS, CHUNK, HOP_BYTES)[:self.limit]
                os.remove(name)
                if self.next + len(scenes) > self.limit:
                    self.next = 0
                with self.loading, torch.cuda.stream(stream):
                    self.data[self.next:self.next + len(scenes)].copy_(torch.from_numpy(scenes))
                    if GPU:
                        stream.synchronize()
                self.next += len(scenes)
                self.count = max(self.count, self.next)
            time.sleep(0.2)


class Run:
    """One network: its averaged weights, optimiser, inputs in place, and the graph of a step."""

    def __init__(self, of, pool, devices, onset, seed):
        self.onset = onset
        self.name, init, *numbers = of.split(',')
        units, self.over, self.echo, self.talk, self.power, batch, self.rate = (float(n) for n in numbers)
        units, batch = int(units), int(batch)
        torch.manual_seed(seed)
        self.random, self.pool, self.share = np.random.default_rng(seed), pool, devices
        self.net = begin(init, units)
        self.average = copy.deepcopy(self.net)
        self.net.to(DEVICE), self.average.to(DEVICE)
        self.parameters, self.means = list(self.net.parameters()), list(self.average.parameters())
        self.now = torch.tensor(self.rate, device=DEVICE)
        self.optimiser = torch.optim.AdamW(self.parameters, lr=self.now if GPU else self.rate, weight_decay=1e-3, betas=(0.9, 0.98),
                                           eps=1e-7, **({'capturable': True, 'fused': True} if GPU else {}))
        self.drawn, self.chunk = torch.zeros(2, batch, dtype=torch.long, device=DEVICE)
        self.devices = Devices(self.random, batch, devices)
        self.devices.shift = self.devices.shift.to(DEVICE)
        self.states = [torch.zeros(batch, units, device=DEVICE) for _ in range(2)]
        self.sums, self.steps, self.reported, self.graph = torch.zeros(3, device=DEVICE), 0, 0, None
        self.stream, self.done = (torch.cuda.Stream(), torch.cuda.Event()) if GPU else (None, None)

    def step(self):
        x, *target = unpacked(self.pool.data[self.drawn, self.chunk])
        logits, talking, states = self.net(self.devices.apply(x.contiguous()), tuple(self.states))
        loss = losses(logits, talking, *target, self)
        loss.sum().backward()
        with torch.no_grad():
            gradients = [p.grad for p in self.parameters]
            norm = torch.stack([g.square().sum() for g in gradients]).sum().sqrt()
            scale = torch.where(torch.isfinite(norm), 1 / norm.clamp(min=1.0), torch.zeros_like(norm))
            for g in gradients:
                g.mul_(scale)
        self.optimiser.step()
        with torch.no_grad():
            for mean, value in zip(self.means, self.parameters):
                mean.lerp_(value, 1 - KEEP)
            for state, after in zip(self.states, states):
                state.copy_(after)
            self.sums += loss.detach()
        self.optimiser.zero_grad(set_to_none=not GPU)

    def capture(self):
        torch.cuda.synchronize()
        with torch.cuda.stream(self.stream):
            self.now.fill_(1e-6)
            for _ in range(3):
                self.step()
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with self.pool.loading, torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode='relaxed'):
            self.step()
        self.sums.zero_()
        torch.cuda.synchronize()

    def batch(self, progress):
        """The steps of a batch of scenes, queued on this run's stream."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(progress, 1)))
        rate = (RATE_END + (self.rate - RATE_END) * cosine) * min(1, (self.steps + CHUNKS) / WARM)
        with torch.cuda.stream(self.stream) if GPU else contextlib.nullcontext():
            self.drawn.copy_(torch.from_numpy(self.random.integers(self.pool.count, size=len(self.drawn))))
            self.devices.shift.copy_(Devices(self.random, len(self.drawn), self.share).shift)
            self.now.fill_(rate)
            for group in [] if GPU else self.optimiser.param_groups:
                group['lr'] = rate
            for state in self.states:
                state.zero_()
            for chunk in range(CHUNKS):
                self.chunk.fill_(chunk)
                self.graph.replay() if self.graph else self.step()
            if GPU:
                self.done.record()
        self.steps += CHUNKS

    def report(self):
        fit, over, talk = (self.sums / max(self.steps - self.reported, 1)).tolist()
        self.sums.zero_()
        self.reported = self.steps
        return f'{self.name} {self.steps}: fit {fit:.4f} over {over:.4f} talk {talk:.4f}'

    def save(self, folder):
        path = f'{folder}/{self.name}.npz'
        np.savez(path + '.new.npz', **{k: v.cpu().numpy() for k, v in self.average.state_dict().items()})
        os.replace(path + '.new.npz', path)


def main():
    a = arguments()
    os.makedirs(a.out, exist_ok=True)
    torch.backends.cuda.matmul.allow_tf32 = True
    train.SCALE, train.SHIFT, train.COUNTS = (x.to(DEVICE) for x in (train.SCALE, train.SHIFT, train.COUNTS))
    pool = Pool(a.scenes)
    while pool.count < a.least:
        time.sleep(0.1)
    runs = [Run(of, pool, a.devices, a.onset, a.seed + i) for i, of in enumerate(a.runs)]
    for run in runs if GPU else []:
        run.capture()
    begun = said = saved = time.time()
    while (now := time.time()) < begun + a.seconds:
        for run in runs:
            if not GPU or run.done.query():
                run.batch((now - begun) / a.seconds)
        time.sleep(0.001)
        if now > said + 20:
            said = now
            print(f'{now - begun:.0f} s, {pool.count} scenes; ' + '; '.join(run.report() for run in runs), flush=True)
        if now > saved + 100:
            saved = now
            for run in runs:
                run.save(a.out)
    if GPU:
        torch.cuda.synchronize()
    print('; '.join(run.report() for run in runs))
    for run in runs:
        run.save(a.out)


if __name__ == '__main__':
    main()
