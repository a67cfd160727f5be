/*
 * What an agent plays: sooner than it is heard, interrupted, pushed by hand; dropped far end. In
 * WebAssembly and in the add-on for Node alike; a room of 250 ms, a microphone of 16 kHz, chunks of
 * 20 ms.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { refused } from "./any-canceller.js";
import * as sample from "./sample.js";

const rate = sample.RATE;
const STEP = 320;

const spoken = (from, to) => sample.far.subarray(from * rate, to * rate);
const speech = Float32Array.from([...spoken(0.6, 8.9), ...spoken(16.9, 24.2)]);
// The agent speaks from 0.5 to 5 s, of a sentence of 8 s, and later answers with 7 s.
const [BEGINS, CUT] = [rate / 2, 5 * rate];
const [sentence, answer] = [speech.subarray(0, 8 * rate), speech.subarray(8 * rate, 15 * rate)];

/** Numbers from -1 to 1, always the same ones. */
function noise(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 0x7fffffff) / 0x3fffffff - 1;
}

/** The echo, 20 ms late, and noise of a tenth of a step of 8 bits. */
function room(played) {
  const random = noise(1);
  const path = Float64Array.from({ length: 3680 }, (_, i) => 0.087 * random() * Math.exp(-i / 600));
  const heard = new Float32Array(played.length);
  for (let i = 0; i < heard.length; i++) heard[i] = 5e-4 * random();
  for (let i = 0; i < played.length; i++) {
    if (played[i] === 0) continue;
    const n = Math.min(path.length, heard.length - i - STEP);
    for (let k = 0; k < n; k++) heard[i + STEP + k] += path[k] * played[i];
  }
  return heard;
}

/** The microphone where the sentence is cut off and the answer comes, in frames. */
function interrupted(answers) {
  const played = new Float32Array(answers + rate);
  played.set(sentence.subarray(0, CUT - BEGINS), BEGINS);
  played.set(answer.subarray(0, rate), answers);
  return room(played);
}

/** In the half second from the 20 ms on in which the echo comes. */
function reduction(mic, out, begins) {
  const heard = (samples) => samples.subarray(begins + rate / 50, begins + rate / 2);
  const power = (samples) => heard(samples).reduce((sum, x) => sum + x * x, 1e-12);
  return 10 * Math.log10(power(mic) / power(out));
}

/** The output for chunks of 20 ms, on the microphone's timeline; `at` is called before each. */
function listen(canceller, mic, far, at = () => {}) {
  const out = new Float32Array(mic.length);
  for (let t = 0; t < mic.length; t += STEP) {
    at(t);
    canceller.process(mic.subarray(t, t + STEP), far, out.subarray(t, t + STEP));
  }
  return out.subarray(canceller.latency);
}

/** Warnings while that runs. */
async function warnings(run) {
  const found = [];
  const listener = ({ message }) => found.push(message);
  await new Promise(setImmediate); // those of before
  process.on("warning", listener);
  await run();
  await new Promise(setImmediate);
  process.off("warning", listener);
  return found;
}

/** Tests of the package whose createCanceller and Playout those are. */
export function testAnyPlayout(createCanceller, Playout) {
  test("an agent is interrupted and answers: the echo is gone at once", async () => {
    // A pause of less than 100 ms is lateness to the library, unless it is told what was played.
    for (const pause of [0.04, 0.6]) {
      const answers = CUT + pause * rate;
      const mic = interrupted(answers);
      const canceller = await createCanceller({ rate, farRate: rate });
      const playout = new Playout(rate);
      const out = listen(canceller, mic, playout, (t) => {
        if (t === BEGINS) playout.play(sentence);
        if (t === CUT) playout.interrupt();
        if (t === answers) playout.play(answer);
      });
      const found = [4 * rate, answers].map((begins) => reduction(mic, out, begins));
      console.log(`${found.map((x) => x.toFixed(0))} dB`);
      for (const x of found) assert.ok(x > 60, `${x} dB`);
      assert.equal(canceller.stats.farMissingFrames, 0);
    }
  });

  test("pushed ahead by hand, an interruption that is reported", async () => {
    const ahead = 0.9 * rate, answers = CUT + 0.6 * rate;
    const mic = interrupted(answers);
    const found = [];
    for (const reports of [false, true]) {
      const canceller = await createCanceller({ rate, farRate: rate });
      let pushed = 0;
      const out = listen(canceller, mic, null, (t) => {
        const [sound, begin] = t < CUT ? [sentence, BEGINS] : [answer, answers];
        if (t === CUT) {
          if (reports) canceller.notifyGap(pushed - (CUT - BEGINS), 0);
          pushed = 0;
        }
        if (t < begin) return;
        const until = t - begin + STEP + ahead;
        canceller.pushFar(sound.subarray(pushed, until));
        pushed = until;
      });
      found.push(reduction(mic, out, answers));
    }
    console.log(`${found.map((x) => x.toFixed(0))} dB`);
    assert.ok(found[0] < 10 && found[1] > 60, `${found}`);
  });

  test("it takes samples of both types, mixed, and any chunk gives the same bits", async () => {
    const farRate = 24000;
    const far16 = Int16Array.from({ length: 72000 }, (_, i) => sample.far16[16000 + (2 * i) / 3 | 0]);
    const far = sample.toFloat(far16);
    const mic = sample.mic.subarray(16000, 64000);
    const canceller = await createCanceller({ rate, farRate });
    const expected = new Float32Array(mic.length);
    for (let t = 0; t < mic.length; t += STEP)
      canceller.process(mic.subarray(t, t + STEP), far.subarray(1.5 * t, 1.5 * t + 480),
        expected.subarray(t, t + STEP));
    assert.ok(expected.some((x) => Math.abs(x) > 1e-4));
    for (const n of [STEP, 777, mic.length]) {
      canceller.reset();
      const playout = new Playout(farRate);
      playout.play(far16.subarray(0, 1000));
      playout.play(far.subarray(1000, 1000));
      playout.play(far.subarray(1000));
      assert.equal(playout.waiting, 72000);
      const out = new Float32Array(mic.length);
      for (let t = 0; t < mic.length; t += n)
        canceller.process(mic.subarray(t, t + n), playout, out.subarray(t, t + n));
      assert.deepEqual(out, expected);
      assert.equal(playout.waiting, 0);
    }
    // More than the queue holds, in one call.
    for (const played of [far, far16]) {
      canceller.reset();
      assert.deepEqual(canceller.process(mic, played), expected);
      assert.equal(canceller.stats.farDroppedFrames, 0);
    }
    const same = await createCanceller({ rate, farQueueMs: 20, wholeHops: true });
    const long = sample.far.slice(0, 25600);
    const near = same.process(mic.subarray(0, 25600), long);
    same.reset();
    assert.equal(same.process(mic.subarray(0, 25600), long, long), long);
    assert.deepEqual(long, near);
    assert.equal(same.stats.farDroppedFrames, 0);
  });

  test("pause, resume and lateness", () => {
    const playout = new Playout(1000);
    const sound = Float32Array.from({ length: 1000 }, (_, i) => i + 1);
    const taken = (n) => [...playout.take(n, 1000)];
    assert.deepEqual(taken(2), [0, 0]);
    playout.play(sound.subarray(0, 4));
    assert.deepEqual(taken(3), [1, 2, 3]);
    assert.deepEqual(taken(80), [4]);
    playout.play(sound.subarray(4, 90)); // 79 ms late: it catches up
    assert.deepEqual(taken(1), [...sound.subarray(4, 84)]);
    playout.pause(2);
    playout.pause(2);
    assert.deepEqual(taken(2), [0, 0]);
    assert.equal(playout.waiting, 4);
    playout.resume();
    assert.deepEqual(taken(2), [87, 88]);
    assert.deepEqual(taken(40), [89, 90]);
    assert.deepEqual(taken(50), Array(88).fill(0)); // it was a pause
    playout.play(sound.subarray(0, 3));
    playout.interrupt();
    assert.equal(playout.waiting, 0);
    assert.deepEqual(taken(2), [0, 0]);
  });

  test("what a Playout refuses, by name, and nothing is taken of it", async () => {
    refused(() => new Playout(), TypeError, /rate is undefined, expected a whole number/);
    refused(() => new Playout(0), RangeError, /rate is 0, expected a whole number, 1 or more/);
    refused(() => new Playout(24000, 1.5), RangeError, /channels is 1.5/);
    const stereo = new Playout(24000, 2);
    refused(() => stereo.play([0, 0]), TypeError, /audio must be a Float32Array or an Int16Array/);
    refused(() => stereo.play(new Int16Array(3)), RangeError, /audio has 3 samples/);
    refused(() => stereo.pause(-1), RangeError, /droppedMs is -1/);

    const playout = new Playout(24000);
    playout.play(new Float32Array(480));
    for (const settings of [{ rate }, { rate, farRate: rate }, { rate, farRate: 24000, farChannels: 2 }])
      refused(((canceller) => () => canceller.process(new Float32Array(STEP), playout))(
        await createCanceller(settings)), RangeError, /farRate: 24000, farChannels: 1/);
    const canceller = await createCanceller({ rate, farRate: 24000 });
    const hop = new Float32Array(STEP);
    refused(() => canceller.process([0], playout), TypeError, /mic must be/);
    refused(() => canceller.process(hop, playout, new Float32Array(1)), RangeError, /out has 1/);
    canceller.close();
    refused(() => canceller.process(hop, playout), Error, /closed/);
    assert.equal(playout.waiting, 480);
  });

  test("far end that is dropped: a warning, once", async () => {
    const canceller = await createCanceller({ rate, farRate: 24000 });
    const dropped = await warnings(() => {
      for (let i = 0; i < 3; i++) canceller.pushFar(new Float32Array(72000));
    });
    assert.equal(dropped.length, 1);
    assert.match(dropped[0], /\d+ frames of far end are dropped.* 1000 ms \(farQueueMs\).*Playout/);
    canceller.reset();
    // At the pace of the microphone nothing is said, nor where a little waits.
    const paced = await createCanceller({ rate, farRate: 24000 });
    assert.deepEqual(await warnings(() => {
      paced.pushFar(new Float32Array(12000));
      for (let i = 0; i < 500; i++) paced.process(new Float32Array(320), new Float32Array(480));
    }), []);
    const playout = new Playout(8);
    const forgotten = await warnings(() => playout.play(new Float32Array(8 * 301)));
    assert.match(forgotten[0], /more than 300 s wait/);
    assert.equal(playout.waiting, 0);
  });
}
