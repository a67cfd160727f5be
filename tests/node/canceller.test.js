/* The class Canceller of the add-on, on the bundled sample. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";

import { Canceller, Playout, createCanceller } from "unecho-native";
import { part, refused, testAnyCanceller } from "./any-canceller.js";
import { testAnyPlayout } from "./any-playout.js";
import * as sample from "./sample.js";

const rate = sample.RATE;

testAnyCanceller(createCanceller);
testAnyPlayout(createCanceller, Playout);

test("the bits are those of the command line", () => {
  const expected = sample.commandLine();
  const out = sample.stream(new Canceller({ rate }), 777);
  assert.ok(expected.length >= out.length);
  assert.deepEqual(out, expected.subarray(0, out.length));
});

test("in shared memory, and where the far end was", () => {
  const canceller = new Canceller({ rate });
  const expected = sample.stream(canceller, 320, ...part);
  const shared = (samples) => {
    const copy = new Float32Array(new SharedArrayBuffer(4 * samples.length));
    copy.set(samples);
    return copy;
  };
  canceller.reset();
  const mic = shared(part[0]);
  assert.equal(canceller.process(mic, shared(part[1]), mic), mic);
  assert.deepEqual(Float32Array.from(mic.subarray(canceller.latency)), expected);
  canceller.reset();
  const far = part[1].slice();
  assert.equal(canceller.process(part[0], far, far), far);
  assert.deepEqual(far.subarray(canceller.latency), expected);
});

test("what is no number of frames is refused", () => {
  const canceller = new Canceller({ rate });
  for (const wrong of [[], [0], ["1", 0], [1n, 0]])
    refused(() => canceller.notifyGap(...wrong), TypeError, /Lost is .*, expected a whole number/);
});

test("wrong settings throw", () => {
  refused(() => new Canceller({ volume: 1 }), TypeError, /unknown setting volume/);
  refused(() => new Canceller({ linearTailMs: 70 }), RangeError, /linearTailMs/);
  refused(() => Canceller({ rate }), TypeError, /new/);
});

test("memory that has moved is refused by name", () => {
  const canceller = new Canceller({ rate });
  const hop = new Float32Array(128);
  const moved = new Float32Array(128);
  structuredClone(moved.buffer, { transfer: [moved.buffer] });
  const queued = new Canceller({ rate, farQueueMs: 100 });
  refused(() => canceller.process(moved), TypeError, /mic has a detached buffer/);
  refused(() => canceller.process(hop, moved), TypeError, /far has a detached buffer/);
  refused(() => canceller.process(hop, hop, moved), TypeError, /out has a detached buffer/);
  refused(() => queued.pushFar(moved), TypeError, /far has a detached buffer/);
  refused(() => queued.pushFar([1]), TypeError, /far must be/);
  refused(() => Canceller.prototype.process.call({}, hop), TypeError, /./);
});

test("inputs that move while the output is made are refused", () => {
  const canceller = new Canceller({ rate });
  const mic = new Float32Array(2 ** 20);
  const original = globalThis.Float32Array;
  globalThis.Float32Array = new Proxy(original, {
    construct(type, values) {
      structuredClone(mic.buffer, { transfer: [mic.buffer] });
      return new type(...values);
    },
  });
  try {
    refused(() => canceller.process(mic), TypeError, /mic has a detached buffer/);
  } finally {
    globalThis.Float32Array = original;
  }
});

test("no memory for the output throws", () => {
  // In a process of its own, which may then have half of what its output needs.
  const script = `
    import { execFileSync } from "node:child_process";
    import { readFileSync } from "node:fs";
    import { Canceller } from "unecho-native";
    const canceller = new Canceller({ engine: "linear" });
    const mic = new Float32Array(2 ** 28);
    const used = 1024 * /VmSize:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1];
    execFileSync("prlimit", ["--pid", process.pid, "--as=" + (used + 2 ** 29)]);
    try {
      canceller.process(mic);
    } catch (error) {
      process.stdout.write(error.name + " after " + canceller.stats.frames);
    }`;
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", script]);
  assert.equal(String(said), "RangeError after 0");
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

/** Megabytes that the process has in memory, without those that only wait for the collector. */
async function megabytes() {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise(setImmediate);
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

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
      if (i === turns / 5) before = await megabytes();
    }
    const grown = (await megabytes()) - before;
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
