# The linear canceller of src/linear in numpy: the same algorithm, over a batch of scenes at once, to
# train networks behind it. tests/unit/linear_numpy.c holds the two against each other; whoever
# changes one changes the other. Needs numpy and nothing else.
#
#     error, echo = Kalman(scenes).run(mic, far)      # float32 [scenes, samples], whole hops
#
# As a program it cancels one scene: linear.py PARTITIONS MIC.f32 FAR.f32 ERROR.f32 ECHO.f32 [NEAR.f32]
# NEAR.f32: what the filter is told after each hop, [hops][BINS].

import sys

import numpy as np

HOP, BLOCK, BINS = 128, 256, 129
PARTITIONS = 32  # of 8 ms each

# What was found best by measurement: docs/linear.md, names as in src/linear/kalman_learn.c.
PRIOR_FIRST, PRIOR_DECAY, PRIOR_LEVEL = 4.0, 0.87, 2
KEEP, DRIFT = np.float32(0.99994), np.float32(0.00006)
SHRINK = np.float32(0.18)
CREDIBLE, DOUBT = np.float32(6), np.float32(0.2)
NOISE_MEMORY, NOISE_CAUTION = np.float32(0.93), np.float32(8)
NOISE_CAUTION_SURE = np.float32(2)
TOLD_WEIGHT = np.float32(4)
STEADY_WEIGHT = np.float32(32)
# As in src/linear/steady.c.
STEADY_BINS, STEADY_FIRST, STEADY_LAST, STEADY_NEAREST, STEADY_FURTHEST = 50, 2, 46, 2, 4
NO_ECHO, STEADY_SMOOTHING, PROMINENCE = np.float32(0.01), np.float32(0.05), np.float32(10)
OUTPUT_CAUTION, LEFT_WEIGHT, LEFT_FADE = np.float32(0.5), np.float32(12), np.float32(0.97)
EXPLAINED_MEMORY, EXPLAINED_MOST = 0.8, 0.6
EXPLAINED_LEAST, GROWTH = 0.02, np.float32(0.1)
LASTING_SMOOTHING, LASTING_SOME, LASTING_MOST = np.float32(0.02), np.float32(0.5), np.float32(0.8)
RAMP = (np.arange(HOP, dtype=np.float32) + np.float32(0.5)) / np.float32(HOP)
REST_LEAST = np.float32(2e-4)
LEAST_VARIANCE = np.float32(1e-6)
VARIANCE_LEAST, VARIANCE_MOST = np.float32(1e-10), np.float32(1e4)
ESTIMATE_MEMORY, ESTIMATE_SIGMAS, ESTIMATE_WEIGHT = 0.97, 7.0, 2e4
CHANGE_MEMORY, CHANGE_SIGMAS, CHANGE_WEIGHT = 0.8, 4.0, 2.5
BACK_WEIGHT = 0.11
EXCESS_SIGMAS, EXCESS_WEIGHT = 4.0, 0.1
LEVEL_SMOOTHING, LEVEL_SIGMAS, LEVEL_SHARE = 0.8, 4.0, 0.3
LEVEL_MOST, LEVEL_FALL, LEVEL_VARIANCE = 9.0, 0.5, 0.1
MISFIT_LEAST, POWER_LEAST = 1e-3, 1e-8
RECENT, CHANGE_FADE = 16, np.float32(0.85)
CONSTRAINED = 2
REUSED_AGES, REUSE_LEAST = (2, 12, 19), 0.4
MICS = max(REUSED_AGES) + 1
FAR_SILENT = 1e-9
LEVEL_MEMORY, DIVERGED_FACTOR = 0.95, 4.0
LOUDER_MOST, LOUDER_GOOD = 1.02, 1.25
OFFSET_MEMORY, OFFSET_REST = 0.95, 0.1
# As in src/linear/faint.c.
FAINT_MEMORY, USUAL_FADE, RECENT_FADE, HEARD_LEAST = 0.9, 0.9995, 0.97, 1e-7
FAINTER, DROWNED, LEARNT_SHARE = 6.3, 30.0, 0.5


def _energy(a, b):
    return (a.astype(np.float64) * b).sum(1)


def _power(z):
    return z.real * z.real + z.imag * z.imag


def _flush(z, least):
    for x in (z.real, z.imag):
        x[np.abs(x) < least] = 0
    return z


def _bf16(z):
    """Real and imaginary parts as bf16, 8 bits of precision, 0 below 2^-40; in place."""
    parts, bits = z.view(np.float32), z.view(np.uint32)
    parts[np.abs(parts) < 2.0**-40] = 0
    bits += np.uint32(0x7FFF) + (bits >> 16 & 1)
    bits &= np.uint32(0xFFFF0000)
    return z


def _sixteen_bits(x):
    """Hops [scenes, HOP] in steps of 2^-15 of the least power of two, 2^-80 or more, that they fit in:
    below it on the positive side."""
    mantissa, up = np.frexp(np.max(x, axis=1, initial=0))
    up = np.where(mantissa > 0, up, -126)
    mantissa, down = np.frexp(np.max(-x, axis=1, initial=0))
    down = np.where(mantissa > 0, down - (mantissa == 0.5), -127)
    unit = np.ldexp(np.float32(1), np.maximum(np.maximum(up, down), -80) - 15)[:, None]
    return np.minimum(np.rint(x / unit), np.float32(32767)) * unit


class Kalman:
    """The state of a batch of scenes. Every scene gets what it would get alone."""

    def __init__(self, scenes, partitions=PARTITIONS, correction=1.0):
        """correction: weight of what a hop adds to its own estimate; 0.5 in front of a network."""
        self.scenes, self.partitions = scenes, partitions
        self.correction = np.float32(correction)
        p = np.arange(partitions)
        shape = np.float32(PRIOR_DECAY) ** np.maximum(0, p - PRIOR_LEVEL).astype(np.float32)
        self.shape = (shape / shape.sum())[None, :, None].astype(np.float32)
        self.prior = (PRIOR_FIRST * shape)[:, None].astype(np.float32)

        row = (scenes, partitions, BINS)
        # The ring of far-end spectra twice in a row, so that any window of it is one slice.
        self.ring = partitions + MICS - 1
        self.x = np.zeros((scenes, 2 * self.ring, BINS), np.complex64)
        self.mics = np.zeros((MICS, scenes, HOP), np.float32)  # newest first
        self.w = np.zeros(row, np.complex64)
        self.variance = np.zeros(row, np.float32)
        self.noise = np.zeros((scenes, BINS), np.float32)
        self.left = np.zeros((scenes, BINS), np.float32)
        self.told = np.zeros((scenes, BINS), np.float32)
        self.steady = np.zeros((scenes, STEADY_BINS), np.float32)
        self.power = np.zeros((scenes, BINS), np.float32)
        self.history = np.zeros((scenes, HOP), np.float32)
        self.history_energy = np.zeros(scenes)
        self.silent = np.zeros(scenes, int)
        self.constrained = np.zeros(scenes, int)
        self.change = np.zeros((scenes, min(partitions, RECENT), BINS), np.complex64)
        # Smoothed cross, power and scatter of error and estimate, of error and recent changes.
        self.estimate_misfit, self.change_misfit = np.zeros((2, 3, scenes))
        self.error_misfit = np.zeros(scenes)
        # The same of error and estimate with the weight of the newest hop, and that weight.
        self.level_misfit = np.zeros((3, scenes))
        self.level_error, self.level_weight = np.zeros(scenes), np.zeros(scenes)
        self.explained = np.zeros(scenes)
        self.onwards, self.lasting = np.zeros((2, scenes, 1), np.float32)
        # Of the last hop: the error before its correction, and the share of it that was echo.
        self.error_before = np.zeros((scenes, HOP), np.float32)
        self.share_before = np.zeros((scenes, BINS), np.float32)
        self.offset_mean, self.offset_power, self.offset = np.zeros((3, scenes))
        # Energies of the far end's hops, smoothed, at its loudest and now; of microphone, error and echo.
        self.faint = np.zeros((6, scenes))
        self.learnt = np.zeros(scenes, bool)
        self.error_energy, self.mic_energy = np.zeros(scenes), np.zeros(scenes)
        self.newest = 0
        # Counted per scene.
        self.hops, self.bounded, self.diverged = 0, np.zeros(scenes, int), np.zeros(scenes, int)
        self._restart(np.ones(scenes, bool))

    def _restart(self, which):
        """Forget the echo path and the far end of the scenes in a mask."""
        for a in (self.x, self.w, self.noise, self.left, self.told, self.steady, self.onwards, self.lasting, self.power, self.history,
                  self.history_energy, self.constrained, self.change, self.error_misfit, self.error_energy, self.mic_energy,
                  self.level_error, self.level_weight, self.explained, self.error_before,
                  self.share_before, self.offset_mean, self.offset_power, self.offset):
            a[which] = 0
        self.mics[:, which] = 0
        self.estimate_misfit[:, which] = self.change_misfit[:, which] = 0
        self.level_misfit[:, which] = 0
        self.faint[:, which] = 0
        self.learnt[which] = False
        self.variance[which] = self.prior
        self.silent[which] = self.partitions

    def run(self, mic, far, near_end=None):
        """mic, far [scenes, samples]; the error and the echo estimate, as long, whole hops. near_end
        [hops, scenes, BINS]: what to tell after each hop."""
        samples = mic.shape[1] // HOP * HOP
        error, echo = (np.zeros((self.scenes, samples), np.float32) for _ in range(2))
        for i in range(0, samples, HOP):
            hop = slice(i, i + HOP)
            error[:, hop], echo[:, hop] = self.hop(
                np.asarray(mic[:, hop], np.float32), np.asarray(far[:, hop], np.float32))
            if near_end is not None:
                self.tell(near_end[i // HOP])
        return error, echo

    def tell(self, near_end):
        """The share of the last hop's error that is near end, in amplitude, [scenes, BINS]."""
        share = np.clip(np.nan_to_num(np.asarray(near_end, np.float32)), 0, 1)
        self.told = TOLD_WEIGHT * share * share

    def hop(self, mic, far):
        """One hop, [scenes, HOP] each."""
        self._take_far(far)
        self.mics = np.concatenate([_sixteen_bits(mic)[None], self.mics[:-1]])
        active = self.silent < self.partitions
        window = self._window(0)
        x2 = _power(window)
        y = np.where(active[:, None], self._filtered(self.w, window), np.float32(0))
        e = mic - y
        mic_energy = _energy(mic, mic)

        heard = mic_energy > 0
        offset = self._find_offset(e, heard)
        level_mic = mic - offset
        e = level_mic - y
        level = np.where(heard, LEVEL_MEMORY, 1.0)
        self.mic_energy = level * self.mic_energy + np.where(heard, _energy(level_mic, level_mic), 0)
        self.error_energy = level * self.error_energy + np.where(heard, _energy(e, e), 0)
        lost = heard & ~(self.error_energy <= DIVERGED_FACTOR * self.mic_energy)
        learning = heard & ~lost & active
        faint = self._is_faint(_energy(level_mic, level_mic), _energy(e, e), _energy(y, y), heard & ~lost)
        share = self._learn(window, x2, e, y, heard & ~lost, active, faint)
        y = y + self._correction(e, share, learning)
        if lost.any():
            self._restart(lost)
            self.diverged += lost
            y[lost] = 0
        e = mic - y
        return self._give(mic, y, e, mic_energy, _energy(e, e))

    def _is_faint(self, mic, error, echo, heard):
        """Whether the far end is too faint for the hop to tell anything of the echo."""
        smooth, usual, recent, *sums = self.faint
        far, m = self.history_energy, FAINT_MEMORY
        smooth = m * smooth + (1 - m) * far
        recent = np.maximum(smooth, RECENT_FADE * recent)
        usual = np.maximum(np.where(recent > HEARD_LEAST, USUAL_FADE, 1) * usual, smooth)
        sums = [m * a + b for a, b in zip(sums, (mic, error, echo))]
        loud = recent * FAINTER > usual
        self.learnt |= heard & loud & (sums[2] > LEARNT_SHARE * sums[0])
        self.faint = np.where(heard, np.stack([smooth, usual, recent, *sums]), self.faint)
        return self.learnt & ~loud & (sums[1] > DROWNED * sums[2])

    def _find_offset(self, e, heard):
        """A constant in the error where it outweighs the rest, [scenes, HOP]."""
        m, new = OFFSET_MEMORY, 1 - OFFSET_MEMORY
        mean = m * self.offset_mean + new * e.astype(np.float64).sum(1) / HOP
        power = m * self.offset_power + new * _energy(e, e) / HOP
        constant = mean * mean
        value = mean * constant / (constant + OFFSET_REST * np.maximum(power - constant, 0) + 1e-30)
        step = (value - self.offset) / HOP
        ramp = (self.offset[:, None] + step[:, None] * (np.arange(HOP) + 0.5)).astype(np.float32)
        self.offset_mean = np.where(heard, mean, self.offset_mean)
        self.offset_power = np.where(heard, power, self.offset_power)
        self.offset = np.where(heard, value, self.offset)
        return np.where(heard[:, None], ramp, np.float32(0))

    def _caution(self, steady):
        share = np.minimum(self.explained / EXPLAINED_MOST, 1).astype(np.float32)[:, None]
        caution = NOISE_CAUTION + (NOISE_CAUTION_SURE - NOISE_CAUTION) * share
        return caution * self._doubt(steady)

    def _doubt(self, steady):
        """What the noise weighs more, bin by bin, for what the filter was told and for tones."""
        return 1 + (1 - self.onwards) * self.told + STEADY_WEIGHT * steady

    def _steady(self, e2, y, spread, heard):
        """The share of the error that is a tone which was heard where there could be no echo."""
        e2, y2, spread, noise = (a[:, :STEADY_BINS] for a in (e2, _power(y), spread, self.noise))
        power = np.where(spread + y2 < NO_ECHO * e2, self.steady + STEADY_SMOOTHING * (e2 - self.steady), self.steady)
        power = np.minimum(power, noise)
        self.steady = power = np.where(heard[:, None], power, self.steady)
        share = np.zeros((self.scenes, BINS), np.float32)
        for k in range(STEADY_FIRST, STEADY_LAST):
            near = range(STEADY_NEAREST, STEADY_FURTHEST + 1)
            below = np.min([power[:, k]] + [power[:, max(k - d, 0)] for d in near], 0)
            above = np.min([power[:, k]] + [power[:, k + d] for d in near], 0)
            tone = power[:, k] > PROMINENCE * np.maximum(below, above)
            share[:, k] = np.where(tone, np.minimum(1, power[:, k] / (np.maximum(e2[:, k], noise[:, k]) + np.float32(1e-12))), 0)
        return share

    def _correction(self, error, share, learning):
        """What leaves with the echo estimate, [scenes, HOP]: the share of the error that the variance
        explains, faded in from the share of the hop before."""
        which = learning[:, None]
        share = np.where(which, share, np.float32(0))
        block = np.concatenate([RAMP * RAMP * (3 - 2 * RAMP) * self.error_before, error], 1)
        spectrum = np.fft.rfft(block).astype(np.complex64)
        before, now = (np.fft.irfft(s * spectrum)[:, HOP:].astype(np.float32)
                       for s in (self.share_before, share))
        self.share_before, self.error_before = share, np.where(which, error, np.float32(0))
        return np.where(which, self.correction * (before + RAMP * (now - before)), np.float32(0))

    def _window(self, age):
        return self.x[:, self.newest + age : self.newest + age + self.partitions]

    def _take_far(self, far):
        energy = _energy(far, far)
        block = np.concatenate([self.history, far], 1)
        x = np.fft.rfft(block).astype(np.complex64)
        playing = energy + self.history_energy > FAR_SILENT * BLOCK
        x[~playing] = 0
        x = _bf16(x)
        self.newest = (self.newest - 1) % self.ring
        self.x[:, self.newest] = self.x[:, self.newest + self.ring] = x
        self.silent = np.where(playing, 0, np.minimum(self.silent + 1, self.partitions))
        self.history, self.history_energy = far.copy(), energy

    def _filtered(self, w, window):
        y = np.einsum("spk,spk->sk", w, window[:, : w.shape[1]])
        return np.fft.irfft(y)[:, HOP:].astype(np.float32)

    def _learn(self, window, x2, error, echo, heard, active, faint):
        """Noise, gain, misfit, then filter and variance, in the scenes that hear something. The share
        of the error that the variance explains, 0 if no scene learns."""
        e = self._spectrum(error)
        e2, y = _power(e), self._spectrum(echo)
        spread = (self.variance * x2).sum(1)
        steady = self._steady(e2, y, spread, heard)
        noise = NOISE_MEMORY * self.noise + ((1 - NOISE_MEMORY) * e2 + np.float32(1e-15))
        self.noise = np.where(heard[:, None], noise, self.noise)
        most, caution = np.maximum(noise, e2), self._caution(steady)
        near = np.maximum(e2, LEFT_WEIGHT * self.left)
        share = spread / (spread + OUTPUT_CAUTION * caution * near + LEAST_VARIANCE)
        share[share < 1e-15] = 0
        left = np.maximum((1 - share) ** 2 * e2, LEFT_FADE * self.left + np.float32(1e-15))
        self.left = np.where(heard[:, None], left, self.left)
        learning = heard & active & ~faint
        if not learning.any():
            return share
        inverse = 1 / (spread + caution * most + LEAST_VARIANCE)
        s = spread + LEAST_VARIANCE
        removal = SHRINK * inverse + DOUBT * np.maximum(s - CREDIBLE * most, 0) / s / s
        expected = (e2 * spread * inverse).sum(1) / (e2.sum(1, dtype=np.float64) + 1e-9)
        m = EXPLAINED_MEMORY
        self.explained = np.where(learning, m * self.explained + (1 - m) * expected, self.explained)
        z = self._spectrum(self._filtered(self.change, window))
        more, less, scale = self._misadjustment(e, y, z, 1 / (noise + e2 + LEAST_VARIANCE), learning)
        less = less - self._growth(learning)

        v = self.variance
        step = v * np.conj(window) * _flush(e * inverse, 1e-15)[:, None]
        change = _bf16(CHANGE_FADE * self.change + step[:, : self.change.shape[1]])
        w = scale[:, None] * self.w + step
        w2 = _power(w)
        mean = self.power.mean(1, keepdims=True)
        unrest = (REST_LEAST + more * np.float32(0.5)) * (self.power + mean)
        variance = (KEEP * (1 - less))[:, None] * (v - v * (v * x2 * removal[:, None]))
        variance += self.shape * unrest[:, None] + (DRIFT + more)[:, None] * w2
        variance = np.clip(variance, VARIANCE_LEAST, VARIANCE_MOST)

        which = learning[:, None, None]
        self.w, self.change = np.where(which, w, self.w), np.where(which, change, self.change)
        self.variance = np.where(which, variance, self.variance)
        self.power = np.where(learning[:, None], w2.sum(1), self.power)
        again = learning & ((e2 * spread * inverse).sum(1) > REUSE_LEAST * e2.sum(1))
        self._learn_again(again, steady)
        self._constrain(np.flatnonzero(learning))
        return share

    def _growth(self, learning):
        """The share by which the variance grows, as steps that explain nothing have long gone the right way."""
        lasting = self.lasting + LASTING_SMOOTHING * (self.onwards - self.lasting)
        self.lasting = np.where(learning[:, None], lasting, self.lasting)
        sure = np.clip((self.lasting - LASTING_SOME) / (LASTING_MOST - LASTING_SOME), 0, 1)
        unexplained = np.maximum(1 - self.explained / EXPLAINED_LEAST, 0).astype(np.float32)[:, None]
        return GROWTH * sure * self.onwards * unexplained

    def _learn_again(self, which, steady):
        """Once more from earlier blocks, all held against the same filter."""
        if not which.any():
            return
        total = np.zeros_like(self.w)
        offset = self.offset.astype(np.float32)[:, None]
        for age in REUSED_AGES:
            window, mic = self._window(age), self.mics[age]
            heard = (_energy(mic, mic) > 0)[:, None]
            e = self._spectrum(np.where(heard, mic - self._filtered(self.w, window) - offset, np.float32(0)))
            spread = (self.variance * _power(window)).sum(1)
            noise = NOISE_CAUTION * self._doubt(steady) * np.maximum(self.noise, _power(e))
            total += np.conj(window) * _flush(e / (spread + noise + LEAST_VARIANCE), 1e-15)[:, None]
        self.w = np.where(which[:, None, None], self.w + self.variance * total, self.w)

    def _spectrum(self, hop):
        return np.fft.rfft(np.concatenate([np.zeros_like(hop), hop], 1)).astype(np.complex64)

    def _misadjustment(self, e, y, z, white, learning):
        """How much more variance the filter should have, what share less, and a factor on the
        weights, [scenes, 1] each."""

        def smoothed(before, a, memory):
            cross = ((a.real * e.real + a.imag * e.imag) * white).sum(1)
            a2 = _power(a) * white
            scatter = (a2 * (_power(e) * white)).sum(1) / 2
            new = 1 - memory
            after = memory * before + new * np.stack([cross, a2.sum(1), scatter])
            after[2] = memory * memory * before[2] + new * new * scatter
            return np.where(learning, after, before)

        def certain_slope(misfit, cross, sigmas, least=MISFIT_LEAST):
            certain = cross - sigmas * np.sqrt(misfit[2])
            return np.clip(certain / (misfit[1] + least), 0, 1)

        m = ESTIMATE_MEMORY
        error = m * self.error_misfit + (1 - m) * (_power(e) * white).sum(1)
        self.error_misfit = np.where(learning, error, self.error_misfit)
        self.estimate_misfit = smoothed(self.estimate_misfit, y, m)
        self.change_misfit = smoothed(self.change_misfit, z, CHANGE_MEMORY)
        error = self.error_misfit + MISFIT_LEAST
        by_estimate, by_change = self.estimate_misfit[0], self.change_misfit[0]
        rest = certain_slope(self.estimate_misfit, by_estimate, ESTIMATE_SIGMAS)
        excess = certain_slope(self.estimate_misfit, -by_estimate, EXCESS_SIGMAS)
        onwards = certain_slope(self.change_misfit, by_change, CHANGE_SIGMAS, POWER_LEAST)
        back = certain_slope(self.change_misfit, -by_change, CHANGE_SIGMAS)
        more = ESTIMATE_WEIGHT * rest**4 * np.minimum(rest * by_estimate / error, 1)
        more += CHANGE_WEIGHT * onwards * np.minimum(onwards * by_change / error, 1)
        self.onwards = np.where(learning, onwards, self.onwards[:, 0]).astype(np.float32)[:, None]
        level = self._level(e, y, white, learning)
        more += np.where(level > 1, LEVEL_VARIANCE, 0)
        found = more, BACK_WEIGHT * back, (1 - EXCESS_WEIGHT * excess) * level
        return (a.astype(np.float32)[:, None] for a in found)

    def _level(self, e, y, white, learning):
        """The factor between echo and estimate where one factor explains much of the error."""
        y2, e2 = _power(y), _power(e)
        echo = y2.sum(1, dtype=np.float64)
        cross = ((y.real * e.real + y.imag * e.imag) * white).sum(1)
        power, scatter = (y2 * white).sum(1), (y2 * white * (e2 * white)).sum(1) / 2
        weight = power / np.maximum(echo, 1e-30)
        plain = learning & (echo > 1e-9)
        fell = plain & (weight < self.level_weight)
        by = np.where(fell, weight / np.maximum(self.level_weight, 1e-300), 1)
        rising = self.level_weight + 0.1 * (weight - self.level_weight)
        self.level_weight = np.where(fell, weight, np.where(plain, rising, self.level_weight))
        m, new = LEVEL_SMOOTHING, 1 - LEVEL_SMOOTHING
        before = self.level_misfit * np.stack([by, by, by * by])
        after = m * before + new * np.stack([cross, power, scatter])
        after[2] = m * m * before[2] + new * new * scatter
        error = m * by * self.level_error + new * (e2 * white).sum(1)
        certain = LEVEL_SIGMAS * np.sqrt(after[2])
        up, down = np.maximum(after[0] - certain, 0), np.maximum(-after[0] - certain, 0)
        explained = np.maximum(up, down) ** 2 / (after[1] * error + MISFIT_LEAST**2)
        found = learning & (explained > LEVEL_SHARE)
        self.level_misfit = np.where(found, 0, np.where(learning, after, self.level_misfit))
        self.level_error = np.where(found, 0, np.where(learning, error, self.level_error))
        power = after[1] + MISFIT_LEAST
        factor = np.where(up > 0, 1 + np.minimum(up / power, LEVEL_MOST),
                          1 - LEVEL_FALL * np.minimum(down / power, 1))
        return np.where(found, factor, 1.0)

    def _constrain(self, scenes):
        turn = (self.constrained[scenes, None] + np.arange(CONSTRAINED)) % self.partitions
        w = np.fft.irfft(self.w[scenes[:, None], turn])
        w[:, :, HOP:] = 0
        self.w[scenes[:, None], turn] = np.fft.rfft(w)
        self.constrained[scenes] = (self.constrained[scenes] + CONSTRAINED) % self.partitions

    def _give(self, mic, y, e, mic_energy, error_energy):
        """Output and estimate: no hop much louder than the microphone."""
        good = self.error_energy <= LOUDER_GOOD * self.mic_energy
        most = LOUDER_MOST * mic_energy
        louder = error_energy > most
        cross, power = _energy(mic, y), np.maximum(_energy(y, y), 1e-300)
        mixed = (cross + np.sqrt(cross * cross + power * (most - mic_energy))) / power
        scaled = np.sqrt(most / np.maximum(error_energy, 1e-300))
        keep_error = np.where(louder, np.where(good, scaled, mixed), 1).astype(np.float32)
        keep_mic = np.where(louder & ~good, 1 - keep_error, np.float32(0))
        error = keep_error[:, None] * e + keep_mic[:, None] * mic
        self.bounded += louder
        self.hops += 1
        return error, mic - error


def main():
    if len(sys.argv) not in (6, 7):
        sys.exit("usage: linear.py PARTITIONS MIC.f32 FAR.f32 ERROR.f32 ECHO.f32 [NEAR.f32]")
    mic, far = (np.fromfile(path, "<f4")[None] for path in sys.argv[2:4])
    near_end = np.fromfile(sys.argv[6], "<f4").reshape(-1, 1, BINS) if len(sys.argv) == 7 else None
    error, echo = Kalman(1, int(sys.argv[1])).run(mic, far, near_end)
    error.astype("<f4").tofile(sys.argv[4])
    echo.astype("<f4").tofile(sys.argv[5])


if __name__ == "__main__":
    main()
