/* The class Canceller of the add-on, on the bundled sample. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";

import { Canceller, createCanceller } from "unecho-native";
import * as sample from "./sample.js";

const rate = sample.RATE;
/** Both talk. */
const part = [sample.mic.subarray(128000, 176000), sample.far.subarray(128000, 176000)];

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

/** What the command line makes of the sample. */
function commandLine() {
  const folder = mkdtempSync(join(tmpdir(), "unecho-"));
  try {
    writeFileSync(join(folder, "mic.f32"), sample.mic);
    writeFileSync(join(folder, "far.f32"), sample.far);
    execFileSync(process.env.UNECHO_TOOL, ["process", "--quiet", "--raw", "f32le", "--rate", rate,
      "--chunk", "320", "--reference-late", "0", "mic.f32", "far.f32", "-o", "near.f32"],
    { cwd: folder });
    const { buffer, byteOffset, length } = readFileSync(join(folder, "near.f32"));
    return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the bits are those of the command line, with 16-bit samples rounded", () => {
  const expected = commandLine();
  const canceller = new Canceller({ rate });
  const out = sample.stream(canceller, 777);
  assert.ok(expected.length >= out.length);
  assert.deepEqual(out, expected.subarray(0, out.length));
  canceller.reset();
  const out16 = sample.stream(canceller, 480, sample.mic16, sample.far16);
  assert.ok(out16 instanceof Int16Array);
  const clamp = (x) => Math.max(-32768, Math.min(32767, x));
  assert.deepEqual(out16, Int16Array.from(out, (x) => clamp(Math.round(32768 * x))));
});

test("any chunk, in place, in shared memory, after a reset: the same bits", () => {
  const canceller = new Canceller({ rate });
  const expected = sample.stream(canceller, 320, ...part);
  assert.ok(expected.some((x) => Math.abs(x) > 0.01));
  for (const n of [777, 128, 5000, part[0].length]) {
    canceller.reset();
    assert.deepEqual(sample.stream(canceller, n, ...part), expected, `chunks of ${n}`);
  }
  const shared = (samples) => {
    const copy = new Float32Array(new SharedArrayBuffer(4 * samples.length));
    copy.set(samples);
    return copy;
  };
  for (const copy of [(samples) => samples.slice(), shared]) {
    canceller.reset();
    const mic = copy(part[0]);
    assert.equal(canceller.process(mic, copy(part[1]), mic), mic);
    assert.deepEqual(Float32Array.from(mic.subarray(canceller.latency)), expected);
  }
  canceller.reset();
  const far = part[1].slice();
  assert.equal(canceller.process(part[0], far, far), far);
  assert.deepEqual(far.subarray(canceller.latency), expected);
});

test("an output of its own, and no far end", () => {
  const canceller = new Canceller({ rate, engine: "linear" });
  for (const far of [undefined, null]) {
    const out = canceller.process(part[0], far);
    assert.ok(out instanceof Float32Array && out.length === part[0].length);
    assert.deepEqual(canceller.process(new Float32Array(0), far), new Float32Array(0));
    assert.deepEqual(canceller.process(new Int16Array(0), far), new Int16Array(0));
  }
});

test("a far end at another rate, queued", () => {
  // Every sample repeated: crude, but the same content below 8 kHz.
  const far = new Float32Array(sample.far.length * 2);
  for (let i = 0; i < far.length; i++) far[i] = sample.far[i >> 1];
  const one = new Canceller({ rate, farRate: 32000 });
  const two = new Canceller({ rate, farRate: 32000 });
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
  two.pushFar(new Int16Array(640));
  two.pushFar(new Float32Array(0));
});

test("several channels, interleaved", () => {
  const n = 16000;
  const mic = new Float32Array(2 * n);
  const far = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    mic[2 * i + 1] = sample.mic[i];
    far[2 * i] = far[2 * i + 1] = sample.far[i];
  }
  const two = new Canceller({ rate, channels: 2, micChannel: 1, farChannels: 2 });
  assert.deepEqual([two.channels, two.farChannels], [2, 2]);
  const out = two.process(mic, far);
  const alone = new Canceller({ rate })
    .process(sample.mic.subarray(0, n), sample.far.subarray(0, n));
  for (let i = 0; i < n; i++) assert.ok(out[2 * i] === alone[i] && out[2 * i + 1] === alone[i]);
  assert.throws(() => two.process(new Float32Array(3)), /mic has 3 samples, expected a multiple of 2/);
});

test("latency, kernels and lost frames", () => {
  const canceller = new Canceller({ rate, wholeHops: true });
  assert.equal(canceller.latency, 128);
  assert.equal(new Canceller({ rate, wholeHops: true, engine: "linear" }).latency, 0);
  assert.equal(new Canceller().rate, 48000);
  assert.notEqual(canceller.kernels, "");
  canceller.notifyGap(1000, 0);
  for (const wrong of [[-1, 0], [0, 0.5], [NaN, 0], [0, Infinity], [2 ** 53, 0]])
    assert.throws(() => canceller.notifyGap(...wrong), RangeError);
  for (const wrong of [[], [0], ["1", 0], [1n, 0]])
    assert.throws(() => canceller.notifyGap(...wrong), TypeError);
});

test("samples that are no numbers do no harm", () => {
  const canceller = new Canceller({ rate });
  const mic = part[0].slice();
  mic[100] = NaN;
  mic[200] = Infinity;
  assert.ok(canceller.process(mic, part[1]).every(Number.isFinite));
  assert.equal(canceller.stats.guardedSamples, 2);
});

test("settings that change while it runs", () => {
  const expected = sample.stream(new Canceller({ rate, suppression: 0, noiseReductionDb: 10 }), 320,
    ...part);
  const changed = new Canceller({ rate });
  const usual = sample.stream(changed, 320, ...part);
  changed.set({ suppression: 0, noiseReductionDb: 10, comfortNoise: false });
  changed.reset();
  assert.deepEqual(sample.stream(changed, 320, ...part), expected);
  assert.notDeepEqual(usual, expected);
  assert.throws(() => changed.set({ suppression: 4 }), /suppression is 4/);
  assert.throws(() => changed.set({ noiseReductionDb: 61 }), /noiseReductionDb is 61/);
  assert.throws(() => changed.set({ comfortNoise: 1 }), /expected true or false/);
  assert.throws(() => changed.set({ rate: 16000 }), /rate cannot be set/);
});

test("wrong settings are refused by name", async () => {
  const refused = [
    [{ rate: 4000 }, RangeError, /8000 to 192000/],
    [{ volume: 1 }, TypeError, /unknown setting volume: .*rate/],
    [{ engine: "magic" }, RangeError, /engine is "magic", expected "linear" or/],
    [{ rate: "48000" }, TypeError, /rate is 48000, expected a number/],
    [{ rate: 44100.5 }, RangeError, /rate is 44100.5, expected a whole number/],
    [{ linearTailMs: 70 }, RangeError, /linear_tail_ms/],
    [{ noiseReductionDb: -1 }, RangeError, /noiseReductionDb is -1/],
    [{ highBand: 1 }, TypeError, /highBand is 1, expected true or false/],
    [{ delayMs: NaN }, RangeError, /delayMs is NaN/],
    [{ channels: 9 }, RangeError, /mic_channels/],
  ];
  for (const [settings, kind, message] of refused) {
    const expected = (error) => error instanceof kind && message.test(error.message);
    assert.throws(() => new Canceller(settings), expected, JSON.stringify(settings));
    await assert.rejects(createCanceller(settings), expected, JSON.stringify(settings));
  }
});

test("wrong samples are refused by name, and a closed canceller", () => {
  const canceller = new Canceller({ rate, wholeHops: true });
  const hop = new Float32Array(128);
  const refused = (use, kind, message) =>
    assert.throws(use, (error) => error instanceof kind && message.test(error.message), `${message}`);
  const noSamples = [undefined, null, 1, "mic", {}, [1, 2], new Uint8Array(128), Buffer.alloc(512),
    new Float64Array(128), new BigInt64Array(128), hop.buffer, new DataView(hop.buffer), () => hop];
  for (const value of noSamples) {
    refused(() => canceller.process(value), TypeError, /mic must be a Float32Array or an Int16Array/);
    if (value === undefined || value === null) continue;
    refused(() => canceller.process(hop, value), TypeError, /far must be|far is/);
    refused(() => canceller.process(hop, hop, value), TypeError, /out must be|out is/);
  }
  refused(() => canceller.process(hop, new Int16Array(128)), TypeError, /far is Int16Array/);
  refused(() => canceller.process(hop, hop, new Int16Array(128)), TypeError, /out is Int16Array/);
  refused(() => canceller.process(hop, hop.subarray(1)), RangeError, /far has 127 samples, expected 128/);
  refused(() => canceller.process(hop, hop, new Float32Array(1)), RangeError, /out has 1 samples/);
  refused(() => canceller.process(new Float32Array(100)), Error, /multiple of 128/);
  refused(() => canceller.pushFar(hop), RangeError, /farRate or farQueueMs/);

  const both = new Float32Array(200);
  const [left, right] = [both.subarray(0, 128), both.subarray(72)];
  refused(() => canceller.process(left, hop, right), RangeError, /out overlaps mic/);
  refused(() => canceller.process(hop, left, right), RangeError, /out overlaps far/);

  const moved = new Float32Array(128);
  structuredClone(moved.buffer, { transfer: [moved.buffer] });
  const queued = new Canceller({ rate, farQueueMs: 100 });
  refused(() => canceller.process(moved), TypeError, /mic has a detached buffer/);
  refused(() => canceller.process(hop, moved), TypeError, /far has a detached buffer/);
  refused(() => canceller.process(hop, hop, moved), TypeError, /out has a detached buffer/);
  refused(() => queued.pushFar(moved), TypeError, /far has a detached buffer/);
  refused(() => queued.pushFar([1]), TypeError, /far must be/);

  refused(() => Canceller.prototype.process.call({}, hop), TypeError, /./);
  refused(() => Canceller({ rate }), TypeError, /new/);
  assert.equal(canceller.process(hop, hop).length, 128);
  canceller.close();
  canceller.close();
  assert.equal(canceller.rate, rate);
  for (const use of [(c) => c.process(hop), (c) => c.pushFar(hop), (c) => c.notifyGap(1, 0),
    (c) => c.stats, (c) => c.reset(), (c) => c.set({ suppression: 1 })])
    refused(() => use(canceller), Error, /the canceller is closed/);
});

/** Megabytes that the process has in memory. */
const megabytes = () => process.memoryUsage.rss() / 2 ** 20;

test("10,000 that are opened and closed, or forgotten, leave no memory behind", async () => {
  const turns = 10000;
  const hop = new Float32Array(320);
  for (const close of [true, false]) {
    let before;
    for (let i = 0; i < turns; i++) {
      const canceller = new Canceller({ rate, engine: "linear", linearTailMs: 64 });
      canceller.process(hop, hop);
      if (close) canceller.close();
      // What the collector found is freed between turns of the event loop.
      if (i % 100 === 0) await new Promise(setImmediate);
      if (i === turns / 5) before = megabytes();
    }
    const grown = megabytes() - before;
    console.log(`${close ? "closed" : "forgotten"}: ${grown.toFixed(1)} MB more`);
    assert.ok(grown < 100, `${grown} MB`);
  }
});

test("worker threads at once: the same bits, also where one ends in between", async () => {
  const expected = sample.stream(new Canceller({ rate }), 320, ...part);
  const worker = (turns) => new Worker(new URL("./worker.js", import.meta.url),
    { workerData: { rate, mic: part[0], far: part[1], turns } });
  const outs = await Promise.all([1, 2, 3].map((turns) => new Promise((resolve, reject) =>
    worker(turns).on("message", resolve).on("error", reject))));
  for (const out of outs) assert.deepEqual(out, expected);
  const ended = worker(Infinity);
  await new Promise((resolve) => ended.once("online", resolve));
  await ended.terminate();
});
