/* The audio worklet's processor outside a browser, in a fake global scope whose clock is ours. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { loadAssets } from "unecho";
import * as sample from "./sample.js";

const QUANTUM = 128;
const quantumMs = (1000 * QUANTUM) / sample.RATE;

let Processor;
globalThis.sampleRate = sample.RATE;
globalThis.AudioWorkletProcessor = class {
  port = { messages: [], postMessage(message) { this.messages.push(message); }, close() {} };
};
globalThis.registerProcessor = (_, processor) => (Processor = processor);
await import("unecho/worklet.js");

const assets = await loadAssets();

/** A processor that runs on the sample, in time that passes as told. */
async function open({ live = true, settings = {} } = {}) {
  const processor = new Processor({
    processorOptions: { ...assets, settings: { rate: sample.RATE, ...settings }, live, statsInterval: 1 },
  });
  while (processor.port.messages.length === 0) await new Promise((done) => setTimeout(done, 1));
  return processor;
}

/** Runs n quanta from `at` on. */
function run(processor, at, n, { bypass = 0, connected = true, suppression = 1, channels = 1 } = {}) {
  const result = new Float32Array(n * QUANTUM);
  for (let i = 0; i < n; i++) {
    const from = (at + i) * QUANTUM;
    const input = (signal) => Array.from({ length: connected ? channels : 0 },
      () => signal.slice(from, from + QUANTUM));
    const out = new Float32Array(QUANTUM);
    const alive = processor.process([input(sample.mic), input(sample.far)], [[out]],
      { bypass: [bypass], suppression: [suppression], noiseReductionDb: [20], comfortNoise: [0] });
    assert.equal(alive, true);
    result.set(out, i * QUANTUM);
    // Between two calls a quantum of time passes in all.
    clock.now += quantumMs - clock.spent;
    clock.spent = 0;
  }
  return result;
}

/** A clock that is read before and after the canceller runs, which takes `cost` milliseconds. */
const clock = { now: 1e6, cost: 0, spent: 0, reads: 0 };
Date.now = () => {
  if (clock.reads++ % 2 === 1) {
    clock.now += clock.cost;
    clock.spent += clock.cost;
  }
  return clock.now;
};

const reasons = (processor) =>
  processor.port.messages.filter(({ type }) => type === "state").map(({ reason }) => reason);

/** The microphone as late as the output. */
function microphone(processor, at, n) {
  const { latency } = processor.port.messages[0];
  const from = at * QUANTUM - latency;
  return sample.mic.slice(from, from + n * QUANTUM);
}

test("cancels the echo, and says so", async () => {
  const processor = await open();
  const out = run(processor, 0, 1100);
  const { latency } = processor.port.messages[0];
  const echo = sample.change(sample.mic, out.subarray(latency), sample.FAR_ALONE);
  assert.ok(echo <= -25, `${echo} dB`);
  assert.deepEqual(reasons(processor), [null]);
  const stats = processor.port.messages.filter(({ type }) => type === "stats");
  assert.equal(stats.length, 8); // one a second
  assert.equal(stats[0].stats.frames, 16000);
  assert.ok(stats[7].stats.levels.out < stats[7].stats.levels.mic - 20);
});

test("without inputs the output is silence", async () => {
  const processor = await open();
  assert.ok(run(processor, 0, 200, { connected: false }).every((x) => x === 0));
});

test("two channels of far end, and of microphone", async () => {
  const [mono, stereo] = await Promise.all([open(), open({ settings: { farChannels: 2 } })]);
  run(mono, 0, 600);
  const out = run(stereo, 0, 600, { channels: 2 });
  const { latency } = stereo.port.messages[0];
  const alone = [sample.FAR_ALONE[0], 4];
  assert.ok(sample.change(sample.mic, out.subarray(latency), alone) <= -25);
  // The meters show the same.
  const levels = [mono, stereo].map(({ port }) =>
    port.messages.find(({ type }) => type === "stats").stats.levels);
  assert.ok(Math.abs(levels[0].far - levels[1].far) < 0.01);
  assert.ok(Math.abs(levels[0].mic - levels[1].mic) < 0.01);
});

/* Numbers that the engine boxes, the clock's above all, but no array nor object. */
test("hardly any garbage", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const processor = await open();
  const inputs = [[sample.mic.slice(0, QUANTUM)], [sample.far.slice(0, QUANTUM)]];
  const outputs = [[new Float32Array(QUANTUM)]];
  const parameters = { bypass: [0], suppression: [1], noiseReductionDb: [20], comfortNoise: [0] };
  const quanta = (n) => {
    for (let i = 0; i < n; i++) processor.process(inputs, outputs, parameters);
  };
  quanta(3000);
  const grown = [];
  // Until it is compiled, which a busy machine does late.
  for (let i = 0; i < 50 && !(Math.min(...grown) < 150); i++) {
    collect();
    const before = process.memoryUsage().heapUsed;
    quanta(400);
    grown.push((process.memoryUsage().heapUsed - before) / 400);
  }
  console.log(`${Math.min(...grown).toFixed(0)} bytes of garbage a quantum`);
  assert.ok(Math.min(...grown) < 150, `${grown}`);
});

test("bypassed, the microphone comes as late as the near end, and back", async () => {
  const processor = await open();
  run(processor, 0, 300);
  run(processor, 300, 10, { bypass: 1 }); // the fade
  assert.deepEqual(run(processor, 310, 50, { bypass: 1 }), microphone(processor, 310, 50));
  run(processor, 360, 100);
  assert.deepEqual(reasons(processor), [null, "bypass", null]);
});

test("a microphone that is no number for a moment: the output is one", async () => {
  const processor = await open();
  const at = 300 * QUANTUM;
  const before = sample.mic.slice(at, at + 3);
  sample.mic.set([NaN, Infinity, -Infinity], at);
  const out = run(processor, 0, 400);
  sample.mic.set(before, at);
  assert.ok(out.every(Number.isFinite));
});

test("suppression follows its parameter", async () => {
  const [usual, none] = await Promise.all([open(), open()]);
  const outs = [run(usual, 0, 600), run(none, 0, 600, { suppression: 0 })];
  // Without suppression what the linear filter leaves remains.
  assert.ok(sample.change(outs[0], outs[1], [1, 4]) > 20);
  assert.ok(sample.change(sample.mic, outs[1], [1, 4]) < -10);
  run(none, 600, 10);
  assert.ok(sample.change(outs[0], run(none, 610, 100), [0, 0.8]) < 20);
});

test("too slow, the voice goes through, and later it tries again", async () => {
  const processor = await open();
  run(processor, 0, 250);
  clock.cost = 0.8 * quantumMs;
  run(processor, 250, 125); // the window of a second
  clock.cost = 0;
  run(processor, 375, 125);
  assert.equal(reasons(processor).at(-1), "overload");
  const paused = run(processor, 500, 100);
  assert.deepEqual(paused, microphone(processor, 500, 100));
  run(processor, 600, 600); // the rest of the pause of five seconds
  assert.deepEqual(reasons(processor), [null, "overload", null]);
});

test("quanta that come late are reported, a suspended context is not", async () => {
  const processor = await open();
  const late = () => processor.port.messages.filter(({ type }) => type === "late");
  run(processor, 0, 200);
  clock.now += 10000;
  run(processor, 200, 126);
  assert.equal(late().length, 0);
  for (let i = 0; i < 125; i++) {
    run(processor, 326 + i, 1);
    clock.now += quantumMs / 2;
  }
  assert.equal(late().length, 1);
  assert.ok(Math.abs(late()[0].lost - 500) < 10, `${late()[0].lost} ms`);
  assert.deepEqual(reasons(processor), [null]); // the canceller is not to blame
});

test("a context rendered ahead of time has no real time to miss", async () => {
  const processor = await open({ live: false });
  clock.cost = quantumMs;
  run(processor, 0, 400);
  clock.cost = 0;
  assert.deepEqual(reasons(processor), [null]);
});

test("settings that cannot be: a message, and the voice goes through", async () => {
  const processor = await open({ settings: { linearTailMs: 1 } });
  assert.equal(processor.port.messages[0].type, "failed");
  assert.match(processor.port.messages[0].message, /linearTailMs/);
  assert.deepEqual(run(processor, 0, 10), sample.mic.slice(0, 10 * QUANTUM));
});

test("messages: reset, next call, gap, close", async () => {
  const processor = await open();
  const receive = (data) => processor.port.onmessage({ data });
  // The statistics of a second of silence.
  const begun = () => {
    run(processor, 250, 125, { connected: false });
    const { frames, aligned } = processor.port.messages.at(-1).stats;
    return [frames, aligned];
  };
  run(processor, 0, 250);
  receive({ type: "gap", mic: 100, far: 0 });
  receive({ type: "next-call" });
  assert.deepEqual(begun(), [16000, true]);
  receive({ type: "reset" });
  assert.deepEqual(begun(), [16000, false]);
  receive({ type: "close" });
  assert.equal(processor.process([[], []], [[new Float32Array(QUANTUM)]],
    { bypass: [0], suppression: [1], noiseReductionDb: [20], comfortNoise: [0] }), false);
});
