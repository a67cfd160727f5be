/* The class Canceller in Node, on the bundled sample. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { createCanceller, loadAssets } from "unecho";
import * as sample from "./sample.js";

const rate = sample.RATE;

test("frames of 20 ms lose their echo, and the near end stays", async () => {
  const canceller = await createCanceller({ rate });
  const out = sample.stream(canceller, 320);
  const stats = canceller.stats;
  const echo = sample.change(sample.mic, out, sample.FAR_ALONE);
  const near = sample.change(sample.mic, out, sample.NEAR_ALONE);
  console.log(`echo ${echo.toFixed(1)} dB, near end ${near.toFixed(2)} dB`);
  assert.ok(echo <= -25, `${echo} dB`);
  assert.ok(Math.abs(near) <= 1, `${near} dB`);
  assert.equal(stats.frames, sample.mic.length);
  assert.equal(stats.aligned, true);
  assert.ok(Math.abs(stats.delayMs - 22) <= 2, `${stats.delayMs} ms`); // samples/README.md
});

test("with and without vectors: the same bits", async () => {
  const outs = [];
  for (const simd of [true, false]) {
    const canceller = await createCanceller({ rate }, loadAssets({ simd }));
    assert.equal(canceller.kernels, simd ? "simd128" : "plain");
    outs.push(sample.stream(canceller, 320));
  }
  assert.deepEqual(outs[0], outs[1]);
});

test("the same bits with and without vectors in int8 and bf16", async () => {
  const part = [sample.mic.subarray(0, 48000), sample.far.subarray(0, 48000)];
  for (const precision of ["int8", "bf16"]) {
    const outs = [];
    for (const simd of [true, false]) {
      const canceller = await createCanceller({ rate, precision }, loadAssets({ simd }));
      outs.push(sample.stream(canceller, 320, ...part));
    }
    assert.deepEqual(outs[0], outs[1], precision);
  }
});

/** What the command line makes of the sample with the same model. */
function native() {
  const folder = mkdtempSync(join(tmpdir(), "unecho-"));
  try {
    writeFileSync(join(folder, "mic.f32"), sample.mic);
    writeFileSync(join(folder, "far.f32"), sample.far);
    execFileSync(process.env.UNECHO_TOOL, ["process", "--quiet", "--raw", "f32le", "--rate", rate,
      "--chunk", "320", "--reference-late", "0", "--model", process.env.UNECHO_PACKAGE + "/unecho-post",
      "mic.f32", "far.f32", "-o", "near.f32"], { cwd: folder });
    const file = readFileSync(join(folder, "near.f32"));
    return new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("80 dB or more from the native library", async () => {
  const canceller = await createCanceller({ rate });
  const apart = sample.distance(native(), sample.stream(canceller, 320));
  console.log(`${apart.toFixed(1)} dB`);
  assert.ok(apart >= 80, `${apart} dB`);
});

test("any chunk, in place, after a reset: the same bits", async () => {
  const [mic, far] = [sample.mic.subarray(128000, 176000), sample.far.subarray(128000, 176000)];
  const canceller = await createCanceller({ rate });
  const expected = sample.stream(canceller, 320, mic, far);
  assert.ok(expected.some((x) => Math.abs(x) > 0.01));
  for (const n of [777, 128, 5000, mic.length]) {
    canceller.reset();
    assert.deepEqual(sample.stream(canceller, n, mic, far), expected, `chunks of ${n}`);
  }
  canceller.reset();
  const inPlace = mic.slice();
  assert.equal(canceller.process(inPlace, far, inPlace), inPlace);
  assert.deepEqual(inPlace.subarray(canceller.latency), expected);
});

test("16-bit samples", async () => {
  const canceller = await createCanceller({ rate });
  const floats = sample.stream(canceller, 320);
  canceller.reset();
  const out = sample.stream(canceller, 480, sample.mic16, sample.far16);
  assert.ok(out instanceof Int16Array);
  for (let i = 0; i < out.length; i++)
    assert.ok(Math.abs(out[i] - 32768 * floats[i]) <= 0.5 || Math.abs(out[i]) > 32766);
});

test("a far end at another rate, queued", async () => {
  // Every second sample repeated: crude, but the same content below 8 kHz.
  const far = new Float32Array(sample.far.length * 2);
  for (let i = 0; i < far.length; i++) far[i] = sample.far[i >> 1];
  const one = await createCanceller({ rate, farRate: 32000 });
  const two = await createCanceller({ rate, farRate: 32000 });
  assert.equal(one.farRate, 32000);
  const out = new Float32Array(sample.mic.length);
  for (let at = 0; at < out.length; at += 320) {
    const played = far.subarray(2 * at, 2 * at + 640);
    one.process(sample.mic.subarray(at, at + 320), played, out.subarray(at, at + 320));
    two.pushFar(played);
    assert.deepEqual(two.process(sample.mic.subarray(at, at + 320)), out.subarray(at, at + 320));
  }
  assert.equal(one.stats.farDroppedFrames, 0);
  const echo = sample.change(sample.mic, out.subarray(one.latency), sample.FAR_ALONE);
  assert.ok(echo <= -25, `${echo} dB`);
});

test("several channels, interleaved", async () => {
  const n = 16000;
  const mic = new Float32Array(2 * n);
  const far = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    mic[2 * i + 1] = sample.mic[i];
    far[2 * i] = far[2 * i + 1] = sample.far[i];
  }
  const two = await createCanceller({ rate, channels: 2, micChannel: 1, farChannels: 2 });
  const one = await createCanceller({ rate });
  const out = two.process(mic, far);
  const alone = one.process(sample.mic.subarray(0, n), sample.far.subarray(0, n));
  for (let i = 0; i < n; i++) assert.ok(out[2 * i] === alone[i] && out[2 * i + 1] === alone[i]);
});

test("latency and a lost microphone", async () => {
  const canceller = await createCanceller({ rate: 16000, wholeHops: true });
  assert.equal(canceller.latency, 128);
  assert.equal((await createCanceller({ rate, wholeHops: true, engine: "linear" })).latency, 0);
  assert.equal((await createCanceller()).rate, 48000);
  canceller.notifyGap(1000, 0);
  assert.throws(() => canceller.notifyGap(-1, 0), /numbers of frames/);
});

test("samples that are no numbers do no harm", async () => {
  const canceller = await createCanceller({ rate });
  const mic = sample.mic.slice(0, 16000);
  mic[100] = NaN;
  mic[200] = Infinity;
  assert.ok(canceller.process(mic, sample.far.subarray(0, 16000)).every(Number.isFinite));
  assert.equal(canceller.stats.guardedSamples, 2);
});

test("settings that change while it runs", async () => {
  const part = [sample.mic.subarray(0, 64000), sample.far.subarray(0, 64000)];
  const opened = await createCanceller({ rate, suppression: 0, noiseReductionDb: 10 });
  const expected = sample.stream(opened, 320, ...part);
  const changed = await createCanceller({ rate });
  const usual = sample.stream(changed, 320, ...part);
  changed.set({ suppression: 0, noiseReductionDb: 10, comfortNoise: false });
  changed.reset();
  assert.deepEqual(sample.stream(changed, 320, ...part), expected);
  assert.ok(sample.change(usual, expected, [1, 3.9]) > 20);
  assert.throws(() => changed.set({ suppression: 4 }), /suppression is 4/);
  assert.throws(() => changed.set({ comfortNoise: 1 }), /expected true or false/);
  assert.throws(() => changed.set({ rate: 16000 }), /rate cannot be set/);
});

test("wrong settings and samples are refused by name", async () => {
  const refused = [
    [{ rate: 4000 }, /8000 to 192000/],
    [{ volume: 1 }, /unknown setting volume: .*rate/],
    [{ engine: "magic" }, /engine is "magic", expected "linear" or/],
    [{ rate: "48000" }, /rate is 48000, expected a number/],
    [{ rate: 44100.5 }, /rate is 44100.5, expected a whole number/],
    [{ linearTailMs: 70 }, /linear_tail_ms/],
    [{ noiseReductionDb: -1 }, /noiseReductionDb is -1/],
    [{ highBand: 1 }, /highBand is 1, expected true or false/],
    [{ delayMs: NaN }, /delayMs is NaN/],
  ];
  for (const [settings, message] of refused)
    await assert.rejects(createCanceller(settings), { message }, JSON.stringify(settings));
  const canceller = await createCanceller({ rate, wholeHops: true });
  const hop = new Float32Array(128);
  assert.throws(() => canceller.process([1, 2]), /Float32Array or an Int16Array/);
  assert.throws(() => canceller.process(hop, new Int16Array(128)), /far is Int16Array/);
  assert.throws(() => canceller.process(hop, new Float32Array(127)), /far has 127 samples/);
  assert.throws(() => canceller.process(hop, hop, new Float32Array(1)), /out has 1 sample/);
  assert.throws(() => canceller.process(new Float32Array(100)), /multiple of 128/);
  assert.throws(() => canceller.pushFar(hop), /farRate or farQueueMs/);
  canceller.close();
  canceller.close();
  for (const use of [(c) => c.process(hop), (c) => c.stats, (c) => c.reset()])
    assert.throws(() => use(canceller), /closed/);
});

test("a damaged model is refused by name", async () => {
  const { wasm, model } = await loadAssets();
  for (const size of [0, 1, 1000, model.byteLength - 1])
    await assert.rejects(createCanceller({}, { wasm, model: model.slice(0, size) }), /file 1/);
  await assert.rejects(loadAssets({ urls: { model: "file:///nowhere.onnx" } }), /nowhere/);
});

test("a tenth of a core is more than enough", async () => {
  for (const kernels of ["simd128", "plain"]) {
    const canceller = await createCanceller({ rate: 48000 },
      loadAssets({ simd: kernels === "simd128" }));
    const mic = new Float32Array(480000).map((_, i) => sample.mic[i % sample.mic.length]);
    const far = new Float32Array(480000).map((_, i) => sample.far[i % sample.far.length]);
    sample.stream(canceller, 128, mic.subarray(0, 96000), far.subarray(0, 96000));
    const shares = [];
    for (let i = 0; i < 3; i++) {
      const before = process.cpuUsage();
      sample.stream(canceller, 128, mic, far);
      const { user, system } = process.cpuUsage(before);
      shares.push((user + system) / 1e6 / 10);
    }
    const share = Math.min(...shares);
    console.log(`${kernels}: ${(100 * share).toFixed(1)} % of a core at 48 kHz in quanta of 128`);
    assert.ok(share <= (kernels === "simd128" ? 0.1 : 0.5), `${share}`);
  }
});
