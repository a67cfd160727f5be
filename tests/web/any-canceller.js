/* What a canceller does, in WebAssembly and in the add-on for Node alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

import * as sample from "./sample.js";

const rate = sample.RATE;
/** Both talk. */
export const part = [sample.mic.subarray(128000, 176000), sample.far.subarray(128000, 176000)];

const isError = (kind, message) => (error) => error instanceof kind && message.test(error.message);

export function refused(use, kind, message) {
  assert.throws(use, isError(kind, message), `${message}`);
}

/** Tests of the package whose createCanceller that is. */
export function testAnyCanceller(createCanceller) {
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

  test("any chunk, in place, after a reset: the same bits", async () => {
    const canceller = await createCanceller({ rate });
    const expected = sample.stream(canceller, 320, ...part);
    assert.ok(expected.some((x) => Math.abs(x) > 0.01));
    for (const n of [777, 128, 5000, part[0].length]) {
      canceller.reset();
      assert.deepEqual(sample.stream(canceller, n, ...part), expected, `chunks of ${n}`);
    }
    canceller.reset();
    const inPlace = part[0].slice();
    assert.equal(canceller.process(inPlace, part[1], inPlace), inPlace);
    assert.deepEqual(inPlace.subarray(canceller.latency), expected);
  });

  test("the next call knows the echo", async () => {
    const [fresh, known] = [await createCanceller({ rate }), await createCanceller({ rate })];
    // How much louder the first second of two is afterwards.
    const secondCall = (canceller) => {
      const [mic, far] = [sample.mic, sample.far].map((samples) => samples.subarray(16000, 48000));
      return sample.change(mic, sample.stream(canceller, 320, mic, far), [0, 1]);
    };
    sample.stream(known, 320, sample.mic.subarray(48000, 128000), sample.far.subarray(48000, 128000));
    const before = known.stats;
    known.nextCall();
    const after = known.stats;
    assert.deepEqual([before.frames, after.frames, after.farActiveSeconds, after.realignments],
      [80000, 0, 0, 0]);
    assert.equal(after.aligned, true);
    assert.ok(Math.abs(after.delayMs - before.delayMs) <= 1, `${after.delayMs} ms`);
    // Silent from the first word on, where a fresh stream has to find the echo.
    const [echo, freshEcho] = [secondCall(known), secondCall(fresh)];
    assert.ok(echo <= freshEcho - 20, `${echo} dB, in a fresh stream ${freshEcho}`);
  });

  test("16-bit samples: rounded", async () => {
    const canceller = await createCanceller({ rate });
    const floats = sample.stream(canceller, 320);
    canceller.reset();
    const out = sample.stream(canceller, 480, sample.mic16, sample.far16);
    assert.ok(out instanceof Int16Array);
    const clamp = (x) => Math.max(-32768, Math.min(32767, x));
    assert.deepEqual(out, Int16Array.from(floats, (x) => clamp(Math.round(32768 * x))));
  });

  test("an output of its own, and no far end", async () => {
    const canceller = await createCanceller({ rate, engine: "linear" });
    for (const far of [undefined, null]) {
      const out = canceller.process(part[0], far);
      assert.ok(out instanceof Float32Array && out.length === part[0].length);
      assert.deepEqual(canceller.process(new Float32Array(0), far), new Float32Array(0));
      assert.deepEqual(canceller.process(new Int16Array(0), far), new Int16Array(0));
    }
  });

  test("a far end at another rate, queued", async () => {
    // Every sample repeated: crude, but the same content below 8 kHz.
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
    two.pushFar(new Int16Array(640));
    two.pushFar(new Float32Array(0));
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
    assert.deepEqual([two.channels, two.farChannels], [2, 2]);
    const out = two.process(mic, far);
    const one = await createCanceller({ rate });
    const alone = one.process(sample.mic.subarray(0, n), sample.far.subarray(0, n));
    for (let i = 0; i < n; i++) assert.ok(out[2 * i] === alone[i] && out[2 * i + 1] === alone[i]);
    refused(() => two.process(new Float32Array(3)), RangeError,
      /mic has 3 samples, expected a multiple of 2/);
  });

  test("latency, kernels and lost frames", async () => {
    const canceller = await createCanceller({ rate, wholeHops: true });
    assert.equal(canceller.latency, 128);
    assert.equal((await createCanceller({ rate, wholeHops: true, engine: "linear" })).latency, 0);
    assert.equal((await createCanceller()).rate, 48000);
    assert.notEqual(canceller.kernels, "");
    canceller.notifyGap(1000, 0);
    for (const wrong of [[-1, 0], [0, 0.5], [NaN, 0], [0, Infinity], [2 ** 53, 0]])
      refused(() => canceller.notifyGap(...wrong), RangeError, /Lost is .*, expected a whole number/);
    refused(() => canceller.notifyGap("1", 0), TypeError, /micLost is "1"/);
  });

  test("samples that are no numbers do no harm", async () => {
    const canceller = await createCanceller({ rate });
    const mic = part[0].slice();
    mic[100] = NaN;
    mic[200] = Infinity;
    assert.ok(canceller.process(mic, part[1]).every(Number.isFinite));
    assert.equal(canceller.stats.guardedSamples, 2);
  });

  test("settings that change while it runs", async () => {
    const opened = await createCanceller({ rate, suppression: 0, noiseReductionDb: 10 });
    const expected = sample.stream(opened, 320, ...part);
    const changed = await createCanceller({ rate });
    const usual = sample.stream(changed, 320, ...part);
    changed.set({ suppression: 0, noiseReductionDb: 10, comfortNoise: false });
    changed.reset();
    assert.deepEqual(sample.stream(changed, 320, ...part), expected);
    assert.notDeepEqual(usual, expected);
    refused(() => changed.set({ suppression: 4 }), RangeError, /suppression is 4/);
    refused(() => changed.set({ noiseReductionDb: 61 }), RangeError, /noiseReductionDb is 61/);
    refused(() => changed.set({ comfortNoise: 1 }), TypeError, /expected true or false/);
    refused(() => changed.set({ rate: 16000 }), TypeError, /rate cannot be set/);
    refused(() => changed.set({ suppression: NaN }), RangeError, /NaN, expected a number in/);
    for (const none of [undefined, null, 0, "x", [1]])
      refused(() => changed.set(none), TypeError, /settings are .*, expected an object/);
  });

  test("if one setting is wrong, none changes", async () => {
    const canceller = await createCanceller({ rate, suppression: 0.5 });
    canceller.set({ comfortNoise: true, suppression: undefined });
    const expected = sample.stream(canceller, 320, ...part);
    for (const wrong of [{ noiseReductionDb: 61 }, { noiseReductionDb: "10" }, { rate }]) {
      assert.throws(() => canceller.set({ suppression: 0, comfortNoise: false, ...wrong }));
      canceller.reset();
      assert.deepEqual(sample.stream(canceller, 320, ...part), expected, JSON.stringify(wrong));
    }
  });

  test("wrong settings are refused by name", async () => {
    const wrong = [
      [{ rate: 4000 }, RangeError, /8000 to 192000/],
      [{ volume: 1 }, TypeError, /unknown setting volume: .*rate/],
      [{ engine: "magic" }, RangeError, /engine is "magic", expected "linear" or/],
      [{ rate: "48000" }, TypeError, /rate is "48000", expected a number/],
      [{ rate: 44100.5 }, RangeError, /rate is 44100.5, expected a whole number/],
      [{ linearTailMs: 70 }, RangeError, /linearTailMs is 70, expected a multiple of 8/],
      [{ rate: 7999 }, RangeError, /^rate is 7999/],
      [{ rate, farRate: 24000, farQueueMs: 0 }, RangeError,
        /farRate 24000 differs from rate 16000: .* needs farQueueMs/],
      [{ delayMs: 20 }, RangeError, /delayMs is 20, which needs align: "fixed"/],
      [{ suppression: -1 }, RangeError, /suppression is -1, expected a number in/],
      [null, TypeError, /settings are null, expected an object/],
      [48000, TypeError, /settings are 48000, expected an object/],
      [[], TypeError, /expected an object/],
      [{ noiseReductionDb: -1 }, RangeError, /noiseReductionDb is -1/],
      [{ highBand: 1 }, TypeError, /highBand is 1, expected true or false/],
      [{ delayMs: NaN }, RangeError, /delayMs is NaN/],
      [{ channels: 9 }, RangeError, /^channels is 9/],
    ];
    for (const [settings, kind, message] of wrong)
      await assert.rejects(createCanceller(settings), isError(kind, message),
        JSON.stringify(settings));
  });

  test("values without text are refused by name, too", async () => {
    const loop = {};
    loop.loop = loop;
    for (const name of ["rate", "engine", "highBand"])
      for (const value of [Symbol("s"), Object.create(null), 1n, loop, ["linear"], () => 0])
        await assert.rejects(createCanceller({ [name]: value }),
          (error) => error.message.startsWith(`${name} is `) && error.message.includes("expected"));
    const canceller = await createCanceller({ rate });
    refused(() => canceller.set({ suppression: Object.create(null) }), TypeError, /suppression is an/);
    refused(() => canceller.notifyGap(0, Object.create(null)), TypeError, /farLost is an object/);
  });

  test("each setting is read once", async () => {
    let reads = 0;
    const canceller = await createCanceller({ rate, get farRate() { return reads++ ? NaN : 8000; } });
    assert.deepEqual([canceller.farRate, reads], [8000, 1]);
    canceller.process(part[0].subarray(0, 320), part[1].subarray(0, 160)); // it is queued
    canceller.close();
  });

  test("arrays of another realm and of subclasses: the same bits", async () => {
    class Own extends Float32Array {}
    class Own16 extends Int16Array {}
    const pairs = [[Float32Array, Own], [Float32Array, runInNewContext("Float32Array")],
      [Int16Array, Own16], [Int16Array, runInNewContext("Int16Array")]];
    for (const queue of [{}, { farQueueMs: 100 }]) {
      const canceller = await createCanceller({ rate, noiseReductionDb: 0, ...queue });
      const processed = (Type) => {
        const scale = new Type([0.5])[0] === 0 ? 32768 : 1;
        const [mic, far] = part.map((x) => Type.from(x.subarray(0, 1600), (y) => y * scale));
        return [canceller.process(mic, far), canceller.process(mic, far, new Type(1600))];
      };
      for (const [usual, other] of pairs) {
        canceller.reset();
        const expected = processed(usual);
        assert.ok(expected[1].some((x) => x !== 0));
        canceller.reset();
        assert.deepEqual(processed(other).map((x) => [...x]), expected.map((x) => [...x]));
      }
    }
  });

  test("wrong samples are refused by name, and a closed canceller", async () => {
    const canceller = await createCanceller({ rate, wholeHops: true });
    const hop = new Float32Array(128);
    const noSamples = [undefined, null, 0, false, "", 1, "mic", {}, [1, 2], new Uint8Array(128), Buffer.alloc(512),
      new Float64Array(128), new BigInt64Array(128), hop.buffer, new DataView(hop.buffer), () => hop];
    for (const value of noSamples) {
      refused(() => canceller.process(value), TypeError, /mic must be a Float32Array or an Int16Array/);
      if (value === undefined || value === null) continue;
      refused(() => canceller.process(hop, value), TypeError, /far must be|far is/);
      refused(() => canceller.process(hop, hop, value), TypeError, /out must be|out is/);
    }
    refused(() => canceller.process(hop, new Int16Array(128)), TypeError, /far is Int16Array/);
    refused(() => canceller.process(hop, hop, new Int16Array(128)), TypeError, /out is Int16Array/);
    refused(() => canceller.process(hop, hop.subarray(1)), RangeError,
      /far has 127 samples, expected 128/);
    refused(() => canceller.process(hop, hop, new Float32Array(1)), RangeError, /out has 1 samples/);
    const both = new Float32Array(200);
    const [left, right] = [both.subarray(0, 128), both.subarray(72)];
    refused(() => canceller.process(left, hop, right), RangeError, /out overlaps mic/);
    refused(() => canceller.process(hop, left, right), RangeError, /out overlaps far/);
    const queued = await createCanceller({ rate, wholeHops: true, farQueueMs: 100 });
    for (const one of [canceller, queued])
      for (const n of [100, 1100])
        refused(() => one.process(new Float32Array(n), new Float32Array(n)), Error, /multiple of 128/);
    assert.equal(canceller.stats.frames, 0);
    queued.process(new Float32Array(25600), new Float32Array(25600));
    assert.equal(queued.stats.farDroppedFrames, 0); // nothing was left from before
    refused(() => canceller.pushFar(hop), RangeError, /farRate or farQueueMs/);
    assert.equal(canceller.process(hop, hop).length, 128);
    canceller.close();
    canceller.close();
    assert.equal(canceller.rate, rate);
    for (const use of [(c) => c.process(hop), (c) => c.pushFar(hop), (c) => c.notifyGap(1, 0),
      (c) => c.stats, (c) => c.reset(), (c) => c.nextCall(), (c) => c.set({ suppression: 1 }),
      (c) => c.set({})])
      refused(() => use(canceller), Error, /the canceller is closed/);
  });
}
