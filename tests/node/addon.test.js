/* The add-on without its wrapper: whatever it is called with, it throws. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const require = createRequire(import.meta.url);
const path = require.resolve("unecho-native").replace("index.js", "unecho.node");
const { Stream, defaults } = require(path);

const values = [undefined, null, true, -1, NaN, Infinity, 1e300, 5n, "text", Symbol("s"), {}, [],
  () => 0, new Proxy({}, {}), new Float64Array(3), new Float32Array(3), new Int16Array(0),
  new Uint8Array(8), new ArrayBuffer(8), new Date(), /x/, Object.create(Stream.prototype)];

test("a stream is opened by numbers in their ranges only", () => {
  for (const value of values) assert.throws(() => new Stream(value), /settings/);
  assert.throws(() => Stream(defaults()), /new/);
  for (let i = 0; i < defaults().length; i++)
    for (const wrong of [NaN, Infinity, -1e300, 1e300, -(2 ** 31) - 1, 2 ** 31]) {
      const numbers = defaults();
      numbers[i] = wrong;
      assert.throws(() => new Stream(numbers), /out of range/);
    }
});

test("methods throw without a stream, and with arguments of every type they return or throw", () => {
  const numbers = defaults();
  numbers[3] = 100; // far_queue_ms
  const streams = [new Stream(defaults()), new Stream(numbers)];
  const methods = Object.getOwnPropertyNames(Stream.prototype).filter((name) => name !== "constructor");
  assert.ok(methods.length >= 11);
  let thrown = 0;
  for (const name of methods) {
    const method = Stream.prototype[name];
    for (const value of values) assert.throws(() => method.call(value), TypeError, name);
    if (name === "close") continue;
    for (const stream of streams)
      for (const a of values)
        for (const b of values)
          for (const c of values)
            try {
              method.call(stream, a, b, c);
            } catch (error) {
              assert.ok(error instanceof Error && error.message !== "");
              thrown++;
            }
  }
  assert.ok(thrown > 0);
});
