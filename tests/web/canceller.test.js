/* The class Canceller in Node, on the bundled sample. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Playout, createCanceller, loadAssets } from "unecho";
import { part, testAnyCanceller } from "./any-canceller.js";
import { testAnyPlayout } from "./any-playout.js";
import * as sample from "./sample.js";

const rate = sample.RATE;

testAnyCanceller(createCanceller);
testAnyPlayout(createCanceller, Playout);

test("with and without vectors: the same bits", async () => {
  const outs = [];
  for (const simd of [true, false]) {
    const canceller = await createCanceller({ rate }, loadAssets({ simd }));
    assert.equal(canceller.kernels, simd ? "simd128" : "plain");
    outs.push(sample.stream(canceller, 320));
  }
  assert.deepEqual(outs[0], outs[1]);
});

test("the same bits with and without vectors in each precision", async () => {
  for (const precision of ["fp32", "int8", "bf16", "auto"]) {
    const outs = [];
    for (const simd of [true, false]) {
      const canceller = await createCanceller({ rate, precision }, loadAssets({ simd }));
      outs.push(sample.stream(canceller, 320, ...part));
    }
    assert.deepEqual(outs[0], outs[1], precision);
  }
});

test("the output of the native library, but for rounding", async () => {
  const model = ["--model", process.env.UNECHO_PACKAGE + "/unecho-post"];
  const native = (precision) => sample.commandLine(...model, "--precision", precision);
  const apart = async (output, settings) =>
    sample.distance(output, sample.stream(await createCanceller({ rate, ...settings }), 320));
  const fp32 = native("fp32"), int8 = native("int8");
  const byDefault = await apart(fp32, {});
  console.log(`by default: ${byDefault.toFixed(1)} dB`);
  assert.ok(byDefault >= 80, `${byDefault} dB`);
  // In int8 the last bit of a number decides now and then to what it is rounded: that must change
  // less than int8 does.
  const inInt8 = await apart(int8, { precision: "int8" }), coarse = sample.distance(fp32, int8);
  console.log(`int8: ${inInt8.toFixed(1)} dB`);
  assert.ok(inInt8 > coarse, `${inInt8} dB, int8 from fp32 ${coarse} dB`);
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
