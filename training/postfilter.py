#!/usr/bin/python3
# The post-filter of src/suppress/postfilter in numpy: its definition, to train it and to test it by.
# tests/unit/postfilter_definition.c holds the two against each other; whoever changes one changes the
# other. docs/postfilter.md explains it. Needs numpy and nothing else.
#
#     gains, near_end, out = process(load('models/unecho-post.onnx'), mic, error, far)   # whole hops, far end aligned
#
# gains are the network's, [hops, BANDS]; near_end is the probability that the near end talks,
# [hops, 1], or [hops, 0] of a model that does not have it; out lags by one hop, like the product's.
#
# As a program: postfilter.py MODEL.onnx MIC.f32 ERROR.f32 FAR.f32 GAINS.f32 NEAR_END.f32 OUT.f32

import sys

import numpy as np

import onnx_file

HOP, BLOCK, TAIL, BINS = 128, 512, 256, 257
MEMORY, SCALE = 0.85, 2 / 326


def windows():
    n = np.arange(BLOCK) + 0.5
    rise = BLOCK - HOP
    analysis = np.where(n < rise, np.sin(np.pi / 2 * n / rise), np.cos(np.pi / 2 * (n - rise) / HOP))
    hann = np.sin(np.pi * (np.arange(TAIL) + 0.5) / TAIL) ** 2
    return analysis, hann / analysis[-TAIL:]


def triangles():
    """[BINS, BANDS]: the share of each bin in each band."""
    centres = [float(b) for b in range(41)]
    while centres[-1] < 254:
        centres.append(centres[-1] + max(1.0, 0.12 * centres[-1] - 3.8))
    centres = np.array(centres)
    centres[40:] = 40 + (centres[40:] - 40) * (256 - 40) / (centres[-1] - 40)
    centres[-1] = 256
    shares = np.zeros((BINS, len(centres)))
    for k in range(BINS):
        b = min(np.searchsorted(centres, k, 'right') - 1, len(centres) - 2)
        shares[k, b + 1] = (k - centres[b]) / (centres[b + 1] - centres[b])
        shares[k, b] = 1 - shares[k, b + 1]
    return shares


ANALYSIS, SYNTHESIS = windows()
SHARES = triangles()
COUNTS = SHARES.sum(0)
BANDS = len(COUNTS)


def spectra(x):
    """[hops, BINS]: block t ends with hop t; silence before the first."""
    x = np.concatenate([np.zeros(BLOCK - HOP), x])
    hops = (len(x) - BLOCK) // HOP + 1
    blocks = np.lib.stride_tricks.as_strided(x, (hops, BLOCK), (x.strides[0] * HOP, x.strides[0]))
    return np.fft.rfft(blocks * ANALYSIS * SCALE, axis=1)


def smooth(x):
    y, state = np.empty_like(x), np.zeros_like(x[0])
    for t in range(len(x)):
        state = MEMORY * state + (1 - MEMORY) * x[t]
        y[t] = state
    return y


def power(x):
    return x.real ** 2 + x.imag ** 2


def features(mic, error, far):
    """Spectra to [hops, 7 * BANDS]: decibels of error, microphone, echo estimate and far end, coherence of the pairs below."""
    echo = mic - error
    levels = [10 * np.log10(power(x) @ SHARES / COUNTS + 1e-12) for x in (error, mic, echo, far)]
    coherences = [
        (power(smooth(a * np.conj(b))) / (smooth(power(a)) * smooth(power(b)) + 1e-18)) @ SHARES / COUNTS
        for a, b in ((error, echo), (mic, echo), (error, far))]
    levels = [(np.clip(v, -115, 12.5) + 60) / 20 for v in levels]
    return np.concatenate(levels + [3 * (c - 0.3) for c in coherences], 1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Network:
    """The network, hop by hop."""

    def __init__(self, model):
        self.model = model
        self.forget()

    def forget(self):
        self.states = {name: np.zeros(self.model[name + '/R'].shape[2]) for name in ('gru0', 'gru1')}

    def gru(self, name, x):
        """Gates in ONNX's order z, r, n; the reset gate acts on the recurrent product."""
        w, r, bias = (self.model[name + part][0] for part in ('/W', '/R', '/B'))
        h, units = self.states[name], w.shape[0] // 3
        inputs, sums = w @ x + bias[:3 * units], r @ h + bias[3 * units:]
        z, reset = np.split(sigmoid(inputs[:2 * units] + sums[:2 * units]), 2)
        n = np.tanh(inputs[2 * units:] + reset * sums[2 * units:])
        self.states[name] = n + z * (h - n)
        return self.states[name]

    def step(self, x):
        """Features to gains [BANDS] and near_end [0 or 1]."""
        first = self.gru('gru0', np.tanh(x @ self.model['input/W'] + self.model['input/b']))
        layers = np.concatenate([first, self.gru('gru1', first)])
        return np.split(sigmoid(layers @ self.model['output/W'] + self.model['output/b']), [BANDS])


def noise_level(error, echo):
    """Band powers [hops, BANDS] of error and echo estimate to the noise's in the error: minimum statistics."""
    window, nothing, level = 94, np.inf, np.zeros(BANDS)
    bias, lowest, before = 1 + COUNTS ** -0.5, np.full(BANDS, nothing), np.full(BANDS, nothing)
    levels, slow = np.empty_like(error), error[0].copy()
    for t in range(len(error)):
        if t and t % window == 0:
            before, lowest = lowest, np.full(BANDS, nothing)
        slow += 0.1 * (error[t] - slow)
        quiet = (echo[t] <= 0.25 * slow) | (bias * slow < level)
        lowest = np.where(quiet, np.minimum(lowest, slow), lowest)
        least = np.minimum(lowest, before)
        level = np.where(least < nothing, bias * np.where(least < nothing, least, 0), level)
        levels[t] = level
    return levels


def ramp(x, first, last):
    return np.clip((x - first) / (last - first), 0, 1)


class Evidence:
    """What the linear filter tells about the near end: evidence.c."""

    def __init__(self):
        self.e, self.y, self.c, self.leak = np.zeros(BANDS), np.zeros(BANDS), np.zeros(BANDS), np.full(BANDS, 4.0)
        self.near = self.opinion = self.exceeded = self.tones = 0.0
        self.held, self.proven = Tones(), Proven()

    def raised(self, gains, talks, error, mic, echo, far, e_tonal, far_tonal, coherence, noise):
        """Gains of a hop that take no more than the evidence allows, and how certain it is that the near end sings or plays. error,
        mic, echo and far are band powers, e_tonal and far_tonal what tones have of the bands of error and far end, coherence is the larger of the pairs error and echo, error and far end, noise that in the
        error; talks: the probability that the near end talks."""
        told = ramp(talks, 0.5, 0.9)
        self.e, self.y = self.e + 0.2 * (error - self.e), self.y + 0.5 * (echo - self.y)
        self.c = self.c + 0.2 * (coherence - self.c)
        e, y, leak = self.e, self.y, self.leak
        follows = (y > 1e-9) & (y > 0.05 * e)
        proven = self.proven.next(mic.sum(), error.sum(), echo.sum())
        up = 1 if proven and self.tones > 0.5 else 1.001844
        self.leak = leak = np.where(follows, np.clip(leak * np.where(e > leak * y, up, 0.963829), 1e-3, 4), leak)
        others, least = 20 * leak * y, np.minimum(error, e)
        share = share_above(others + 4 * noise, least)
        removed = y >= 1e-3 * e
        weight = np.sqrt(e)
        total = weight.sum() + 1e-12
        self.near += 0.04 * (weight @ (removed * share) / total - self.near)
        self.opinion += 0.2 * (weight @ gains / total - self.opinion)
        self.exceeded = weight @ share_above(4 * noise, e) / total
        resembles = weight[4:] @ self.c[4:] / (weight[4:].sum() + 1e-12)
        differs = 1 - ramp(resembles, 0.32, 0.42)
        shown = max(ramp(self.near + self.opinion, 0.5, 0.9), told)
        beside = others * (0.25 if proven else 1)
        self.tones, of_tones = self.held.find(e, e_tonal, least, beside, far, far_tonal, noise, talks, proven, differs)
        sure = differs * np.where(removed, shown, told)
        return np.maximum(gains, np.maximum(sure * share ** 0.25, self.tones * of_tones ** 0.25)), self.tones


def share_above(others, least):
    return np.where(others < least, 1 - others / np.maximum(least, 1e-30), 0)


class Proven:
    """Whether the echo path is known to be right, most of the microphone is echo, and something else has been heard since: proven.c."""

    def __init__(self):
        self.mic = self.error = self.echo = self.against = self.claimed = 0.0
        self.usual, self.right, self.joined = 0.0, False, False

    def next(self, mic, error, echo):
        self.mic, self.error, self.echo = 0.97 * self.mic + mic, 0.97 * self.error + error, 0.97 * self.echo + echo
        self.against, self.claimed = 0.99 * self.against + error + echo - mic, 0.99 * self.claimed + echo
        alone = self.echo > 1e-6 and self.error < 0.003 * self.mic
        self.right = alone or self.right and self.against <= 2 * 0.2 * self.claimed
        if alone:
            left = self.error / self.mic
            self.usual = max(min(left, 1.002 * self.usual) if self.usual else left, 1e-4)
        begins = min(0.03, 20 * self.usual)
        self.joined = self.right and self.error > (min(0.003, begins) if self.joined else begins) * self.mic
        return self.joined and self.echo > 2 * self.error


def tones_in(power, first, last):
    """What of each value from first to last - 1 is a tone's; the rest is 0."""
    tone = np.zeros_like(power)
    for k in range(first, last):
        below = min(power[max(k - j, 0)] for j in (0, 2, 3, 4, 5))
        above = min(power[k + j] for j in (0, 2, 3, 4, 5))
        tone[k] = power[k] * (power[k] > 10 * max(below, above))
    return tone


SINGLE, WIDE, END = slice(3, 40), slice(40, 64), 64
FOLLOWS = (SHARES > 0).argmax(1)    # the band whose centre a bin follows


def peaks(power):
    """The bands of single bins that hold a tone."""
    return tones_in(power, SINGLE.start, SINGLE.stop) > 0


def tonal(power):
    """What tones have of the wider bands, of the powers of bins."""
    first, last = np.searchsorted(FOLLOWS, [WIDE.start - 1, END])
    tones = tones_in(power, first, last)
    of_tones, of_all = (np.bincount(FOLLOWS, x, BANDS) for x in (tones, power))
    share = np.zeros(BANDS)
    for b in range(WIDE.start, END):
        share[b] = (of_tones[b - 1] + of_tones[b]) / (of_all[b - 1] + of_all[b] + 2e-20)
    return share


class Tones:
    """Whether the near end sings or plays: tones.c."""

    def __init__(self):
        self.steady, self.tonal, self.near, self.hops, self.far_away = np.zeros(BANDS), 0.0, 0.0, 0, 0
        self.before, self.far, self.sung, self.sung_high = np.zeros(BANDS), np.zeros(BANDS), 0.0, 0.0

    def of_before(self, e):
        """In which bands there is a tone of before the far end, what it is of the error, and all of them."""
        quiet = self.far < 1e-3 * e
        more = e - self.before
        fallen = self.before + 0.1 * np.minimum(more, 0)
        self.before = np.where(quiet, self.before + 0.03 * more, np.where(fallen > 1e-20, fallen, 0))
        tone = self.before - 1.5 * self.steady
        held = peaks(self.before) & ~quiet & (tone > 0)
        of_held = np.where(held, np.minimum(tone / np.maximum(e, 1e-30), 1), 0)
        return held, of_held, (of_held * e)[SINGLE].sum() / (e[SINGLE].sum() + 1e-12)

    def song(self, e, far, far_tonal, proven):
        """In which bands a tone may be left of the far end's, 0 to 1."""
        notes = peaks(self.far) & (self.far >= 1e-3 * e)
        self.sung += 0.1 * (self.far[SINGLE] @ notes[SINGLE] / (self.far[SINGLE].sum() + 1e-20) - self.sung)
        left = notes.copy()
        left[1:-1] |= notes[:-2] | notes[2:]
        left = left * (0 if proven else ramp(self.sung, 0.85, 0.95))
        if self.far_away == 0:
            self.sung_high += 0.02 * (far[WIDE] @ far_tonal[WIDE] / (far[WIDE].sum() + 1e-20) - self.sung_high)
        left[WIDE] = ramp(self.sung_high, 0.6, 0.8) if self.far_away < 125 else 0
        return left

    def find(self, e, e_tonal, least, echo, far, far_tonal, noise, talks, proven, differs):
        """How certain it is, and the shares of near end in the bands then."""
        self.steady = noise if self.hops < 200 else np.minimum(noise, np.maximum(self.steady, 1e-12) * 1.001844)
        self.hops += self.hops < 200
        self.far_away = 0 if far.max() > 1e-10 else self.far_away + 1
        self.far = np.maximum(far, np.where(self.far > 1e-20 / 0.97, 0.97 * self.far, 0))
        tone = peaks(e) | (e_tonal > 0.5)
        steady = np.where(tone, 1.5 * self.steady, 4 * noise)
        held, of_held, of_before = self.of_before(e)
        share, weight = np.maximum(share_above(echo + steady, least), of_held), np.sqrt(e)
        own = tone * np.where(held, 1, 1 - self.song(e, far, far_tonal, proven)) * np.maximum(e - steady, 0)
        now = max(own[part].sum() / (e[part].sum() + 1e-12) for part in (SINGLE, slice(SINGLE.start, END)))
        self.tonal += 0.1 * (now - self.tonal)
        self.near += 0.04 * (weight @ share / (weight.sum() + 1e-12) - self.near)
        if self.hops < 200:
            return 0.0, share
        known = 0.6 * ramp(self.tonal, 0.6, 0.8) if proven else 0
        sure = ramp(talks + 1.6 * self.tonal + 0.6 * self.near + known, 1.8, 2)
        certain = max(max(differs, ramp(self.tonal, 0.75, 0.9)) * sure, ramp(of_before, 0.25, 0.5))
        return max(certain, ramp(self.tonal, 0.3, 0.6)) if self.far_away >= 125 else certain, share


def exponents(near_end):
    """[hops, 1], of the gains: lower while the near end talks and for a while after, one for all hops where nobody can tell."""
    if not near_end.size:
        return 1.8
    talks, state = np.empty_like(near_end), 0.0
    for t, now in enumerate(near_end):
        state = max(now, state + 0.02 * (now - state))
        talks[t] = state
    return 10 - 6.9 * talks


def bound_noise(gains, error, noise, lasting):
    """Gains of at most 0.476 where there is nothing but noise that has lasted, which is none while it is not known."""
    bounded, recent, busy = gains.copy(), np.zeros(BANDS), np.zeros(BANDS)
    for t, level in enumerate(noise):
        recent += 0.5 * (error[t] - recent)
        exceeds = recent > 4 * level
        busy += 0.02 * (exceeds - busy)
        if lasting[t] is not None:
            alone = (busy < 0.04) & ~exceeds & (level <= 1.5 * lasting[t])
            bounded[t] = np.where(alone, np.minimum(gains[t], 0.476), gains[t])
    return bounded


def keep_noise(gains, near_end, error, noise):
    """Gains that reduce the noise, which noise_level gives, by 24 dB at most with a talker at the near end."""
    if not near_end.size:
        return gains
    kept, recent, presence = np.empty_like(gains), np.zeros(BANDS), 0.0
    for t, now in enumerate(near_end[:, 0]):
        recent += 0.5 * (error[t] - recent)
        presence += (0.01 if now > presence else 0.001) * (now - presence)
        share = np.minimum(1.5 * noise[t] / np.maximum(recent, 1e-30), 1)
        kept[t] = np.maximum(gains[t], presence * 10 ** (-24 / 20) * share)
    return kept


def synthesise(error, gains):
    blocks = np.fft.irfft(error * (gains @ SHARES.T), BLOCK, axis=1)[:, -TAIL:] * SYNTHESIS / SCALE
    halves = blocks.reshape(-1, 2, HOP)
    out = halves[:, 0].copy()
    out[1:] += halves[:-1, 1]
    return out.reshape(-1)


def load(path):
    return {name: array.astype(np.float64) for name, array in onnx_file.arrays(path).items()}


class Mistake:
    """Whether the network hears a talker while hardly anything exceeds the noise."""

    def __init__(self):
        self.exceeded = self.called = 0.0

    def found(self, evidence, talks, tones):
        exceeded = 1 if evidence.held.tonal > 0.35 else evidence.exceeded
        self.exceeded += 0.02 * (exceeded - self.exceeded)
        self.called += 0.02 * (talks - self.called)
        if self.exceeded >= 0.04 or self.called <= 0.6 or tones > 0:
            return False
        self.called = 0.0
        return True


def process(model, mic, error, far):
    mic, error, far = (spectra(x) for x in (mic, error, far))
    x = features(mic, error, far)
    powers = [power(s) @ SHARES / COUNTS for s in (error, mic, mic - error, far)]
    of_echo, _, of_far = np.split(x[:, 4 * BANDS:] / 3 + 0.3, 3, 1)
    noise = noise_level(powers[0], powers[2])
    tones_of = [[tonal(p) for p in powers_of] for powers_of in (power(error), smooth(power(far)))]
    net, evidence, mistake = Network(model), Evidence(), Mistake()
    gains, near_end, raised, lasting = [], [], [], []
    for t, coherence in enumerate(np.maximum(of_echo, of_far)):
        of_hop, talks = net.step(x[t])
        higher, tones = evidence.raised(of_hop, talks[0] if talks.size else 0.0, *(p[t] for p in powers + tones_of), coherence, noise[t])
        if talks.size and mistake.found(evidence, talks[0], tones):
            net.forget()
        gains.append(of_hop)
        near_end.append(talks)
        raised.append(higher)
        lasting.append(evidence.held.steady.copy() if evidence.held.hops >= 200 else None)
    gains, near_end, raised = np.array(gains), np.array(near_end), np.array(raised)
    raised = bound_noise(raised, powers[0], noise, lasting) ** exponents(near_end)
    return gains, near_end, synthesise(error, keep_noise(raised, near_end, powers[0], noise))


if __name__ == '__main__':
    if len(sys.argv) != 8:
        sys.exit('usage: postfilter.py MODEL.onnx MIC.f32 ERROR.f32 FAR.f32 GAINS.f32 NEAR_END.f32 OUT.f32')
    signals = [np.fromfile(path, '<f4').astype(np.float64) for path in sys.argv[2:5]]
    for result, path in zip(process(load(sys.argv[1]), *signals), sys.argv[5:]):
        result.astype('<f4').tofile(path)
