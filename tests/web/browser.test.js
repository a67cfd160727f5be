/* The audio worklet and the clean stream in Chromium. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Browser, serve } from "./chromium.js";
import * as sample from "./sample.js";

/** The microphone that Chromium plays again and again: a beep louder than the sample, which follows. */
const BEEP_SECONDS = 1;
const FAKE_MICROPHONE = join(process.env.UNECHO_SAMPLES, "fake.wav");

function writeFakeMicrophone() {
  const beep = Int16Array.from({ length: sample.RATE * BEEP_SECONDS }, (_, i) =>
    i < sample.RATE / 10 ? 26000 * Math.sin(i) : 0);
  const data = Buffer.concat([beep, sample.mic16].map((part) => Buffer.from(part.buffer)));
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sample.RATE, 24);
  header.writeUInt32LE(2 * sample.RATE, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(data.length, 40);
  writeFileSync(FAKE_MICROPHONE, Buffer.concat([header, data]));
}

let server, browser, page;
before(async () => {
  writeFakeMicrophone();
  server = await serve(process.env.UNECHO_SITE);
  browser = new Browser("--use-fake-ui-for-media-stream",
    `--use-file-for-fake-audio-capture=${FAKE_MICROPHONE}`);
  page = await browser.open(`${server.url}/test/page.html`);
});
after(async () => {
  await browser.close();
  server.close();
});

/** Seconds of CPU time that the page's process has used. */
async function cpuSeconds() {
  const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  return renderers.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Sets up an OfflineAudioContext in which the canceller hears the sample. */
async function prepare(rate) {
  const { createEchoCanceller } = await import("/unecho/index.js");
  const context = new OfflineAudioContext(1, 25 * rate, rate);
  const canceller = await createEchoCanceller(context);
  const heard = {};
  for (const [input, end] of ["mic", "far"].entries()) {
    const file = await (await fetch(`/demo/meeting_${end}.flac`)).arrayBuffer();
    heard[end] = await context.decodeAudioData(file);
    const source = new AudioBufferSourceNode(context, { buffer: heard[end] });
    source.connect(canceller, 0, input);
    source.start();
  }
  canceller.connect(context.destination);
  globalThis.offline = { context, canceller, mic: heard.mic };
}

/** What came out; numbers as text get by with fewer digits. */
function collect() {
  const { canceller, mic, out } = globalThis.offline;
  const list = (buffer) => Array.from(buffer.getChannelData(0), (x) => Math.round(x * 1e7));
  const { latency, kernels } = canceller;
  return { mic: list(mic), out: list(out), latency, kernels };
}

for (const rate of [16000, 44100, 48000])
  test(`an OfflineAudioContext at ${rate} Hz loses its echo, and the near end stays`, async () => {
    await page.call(prepare, rate);
    const before = await cpuSeconds();
    await page.call(async () => {
      globalThis.offline.out = await globalThis.offline.context.startRendering();
    });
    const share = (await cpuSeconds() - before) / 25;
    const { mic, out, latency, kernels } = await page.call(collect);
    assert.equal(kernels, "simd128");
    const late = Float64Array.from(out).subarray(Math.round(latency * rate));
    const echo = sample.change(Float64Array.from(mic), late, sample.FAR_ALONE, rate);
    const near = sample.change(Float64Array.from(mic), late, sample.NEAR_ALONE, rate);
    console.log(`${rate} Hz: echo ${echo.toFixed(1)} dB, near end ${near.toFixed(2)} dB, ` +
      `${(100 * share).toFixed(1)} % of a core`);
    assert.ok(echo <= -25, `${echo} dB`);
    assert.ok(Math.abs(near) <= 1, `${near} dB`);
    assert.ok(share > 0.001 && share <= 0.1, `${share} of a core`);
  });

/**
 * Plays the far end to the microphone's sample, `delay` seconds before its echo, and records microphone
 * and clean stream. All of that in the audio thread, by the time that it renders: this one may be told
 * as late as it likes. A busy machine may miss the beep or lose a part of the microphone, after which
 * the echo has another delay: then once more from the next beep on, `turns` times at most. What is
 * judged came whole up to second `whole`.
 */
async function converse(beepSeconds, { delay, seconds, whole, turns }) {
  const { captureClean } = await import("/unecho/index.js");
  const context = new AudioContext();
  const rate = context.sampleRate;
  const [mic, far] = await Promise.all(["mic", "far"].map(async (end) => {
    const file = await (await fetch(`/demo/meeting_${end}.flac`)).arrayBuffer();
    return (await context.decodeAudioData(file)).getChannelData(0);
  }));
  const room = `registerProcessor("room", class extends AudioWorkletProcessor {
    #at = -1; // frames since the beep; before it -1
    #heard = [];
    constructor({ processorOptions }) {
      super();
      Object.assign(this, processorOptions);
    }
    process(inputs, [[out]]) {
      if (this.#at < 0 && inputs[0][0]?.some((x) => Math.abs(x) > 0.6)) {
        this.#at = 0;
        this.#heard = inputs.map(() => new Float32Array(this.end));
      }
      if (this.#at < 0) return true;
      for (let i = 0; i < out.length; i++) out[i] = this.far[this.#at + i - this.begin] ?? 0;
      for (const [i, [samples]] of inputs.entries())
        if (samples) this.#heard[i].set(samples, this.#at);
      this.#at += out.length;
      if (this.#at + out.length > this.end) {
        this.port.postMessage(this.#heard);
        this.#at = -1;
      }
      return true;
    } })`;
  const module = URL.createObjectURL(new Blob([room], { type: "text/javascript" }));
  await context.audioWorklet.addModule(module);
  const begin = Math.round((beepSeconds - delay) * rate);
  const end = (beepSeconds + seconds) * rate;
  const loudspeaker = new AudioWorkletNode(context, "room", { numberOfInputs: 2, channelCount: 1,
    channelCountMode: "explicit", outputChannelCount: [1], processorOptions: { far, begin, end } });
  loudspeaker.connect(context.destination);

  // The canceller's own source of the microphone: another one may lose other parts.
  const create = context.createMediaStreamSource.bind(context);
  context.createMediaStreamSource = (stream) => {
    const source = create(stream);
    source.connect(loudspeaker, 0, 0);
    return source;
  };
  const events = [];
  const stream = await captureClean({ reference: loudspeaker });
  for (const type of ["state", "late", "trackchange"])
    stream.addEventListener(type, ({ detail }) => events.push(`${type} ${detail.reason ?? ""}`));
  create(stream).connect(loudspeaker, 0, 1);

  /** How much the microphone, from `at` on, is like the sample at `from`: 1 is the same. */
  const likeness = (heard, at, from, n) => {
    let both = 0, one = 0, other = 0;
    for (let i = 0; i < n; i++) {
      both += heard[at + i] * mic[from + i];
      one += heard[at + i] ** 2;
      other += mic[from + i] ** 2;
    }
    return other < 1e-5 * n ? 1 : both / Math.sqrt(one * other);
  };
  const isWhole = (heard) => {
    const n = rate / 2;
    // The first half second that is loud, and where it is; the beep was found by whole quanta.
    let first = 0;
    while (likeness(heard, 0, first, n) === 1) first += n;
    let lag = 0;
    for (let k = -0.02 * rate; k < 0.02 * rate; k++)
      if (likeness(heard, beepSeconds * rate + first + k, first, n) >
        likeness(heard, beepSeconds * rate + first + lag, first, n)) lag = k;
    for (let from = 0; from < whole * rate; from += n)
      if (likeness(heard, beepSeconds * rate + from + lag, from, n) < 0.95) return false;
    return true;
  };
  for (let turn = 1; turn <= turns; turn++) {
    const heard = await new Promise((done) => (loudspeaker.port.onmessage = ({ data }) => done(data)));
    if (!isWhole(heard[0])) {
      stream.canceller.reset();
      continue;
    }
    const settings = stream.microphoneTrack.getSettings();
    const { latency, stats } = stream.canceller;
    stream.close();
    await context.close();
    const [micHeard, clean] = heard.map((samples) =>
      Array.from(samples.subarray(beepSeconds * rate), (x) => Math.round(x * 1e7)));
    return { mic: micHeard, clean, rate, latency, stats, events, settings, turn };
  }
  throw new Error(`the microphone lost samples in ${turns} calls: ${events}`);
}

test("a call in real time: the microphone loses its echo, and the near end stays", async () => {
  const heard = await page.call(converse, BEEP_SECONDS,
    { delay: 0.3, seconds: 17, whole: sample.FAR_ALONE[1], turns: 10 });
  console.log(`turn ${heard.turn}`);
  const { rate, latency, events, settings, stats } = heard;
  console.log(`events: ${events.join(", ") || "none"}; delay ${stats.delayMs.toFixed(1)} ms`);
  assert.equal(settings.echoCancellation, false);
  const mic = Float64Array.from(heard.mic);
  const out = Float64Array.from(heard.clean).subarray(Math.round(latency * rate));
  // From 3 s on: a busy machine may lose a quantum when the page starts.
  const echo = sample.change(mic, out, [3, sample.FAR_ALONE[1]], rate);
  const near = sample.change(mic, out, sample.NEAR_ALONE, rate);
  console.log(`echo ${echo.toFixed(1)} dB, near end ${near.toFixed(2)} dB, load ${stats.load}`);
  assert.ok(echo <= -25, `${echo} dB`);
  assert.ok(Math.abs(near) <= 1, `${near} dB`);
  assert.ok(stats.load >= 0 && stats.load < 1);
});

test("a suspended context: the microphone's own track, and back", async () => {
  const found = await page.call(async () => {
    const { captureClean } = await import("/unecho/index.js");
    const context = new AudioContext();
    const stream = await captureClean({ reference: new GainNode(context) });
    const found = [];
    const look = () => found.push([stream.reason,
      stream.getAudioTracks().length, stream.getAudioTracks()[0] === stream.microphoneTrack]);
    const changed = () => new Promise((done) =>
      stream.addEventListener("state", done, { once: true }));
    if (stream.reason) await changed();
    look();
    for (const act of ["suspend", "resume"]) {
      const change = changed();
      await context[act]();
      await change;
      look();
    }
    stream.close();
    found.push(context.state); // the page's own, left alone
    await context.close();
    return found;
  });
  assert.deepEqual(found, [[null, 1, false], ["suspended", 1, true], [null, 1, false], "running"]);
});

test("what cannot be opened: the microphone as it is, and a reason", async () => {
  const found = await page.call(async () => {
    const { captureClean } = await import("/unecho/index.js");
    const found = [];
    for (const [rate, options] of [[48000, { linearTailMs: 1 }], [4000, {}],
      [48000, { workletUrl: "/nowhere.js" }]]) {
      const context = new AudioContext({ sampleRate: rate });
      const reasons = [];
      const stream = await captureClean({ reference: new GainNode(context), ...options });
      found.push([stream.reason, stream.getAudioTracks()[0] === stream.microphoneTrack,
        stream.microphoneTrack.readyState]);
      stream.close();
      await context.close();
    }
    return found;
  });
  for (const each of found) assert.deepEqual(each, ["failed", true, "live"]);
});

test("an error in the worklet: the microphone as it is, and a reason", async () => {
  const found = await page.call(async () => {
    const { captureClean, createEchoCanceller } = await import("/unecho/index.js");
    const context = new AudioContext();
    const script = `const register = registerProcessor;
      globalThis.registerProcessor = (name, Processor) => register(name, class extends Processor {
        constructor(options) {
          super(options);
          if (options.processorOptions.settings.engine) throw new Error("at once");
        }
        process(...all) {
          if (currentTime > 0.5) throw new Error("later");
          return super.process(...all);
        } });`;
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    await context.audioWorklet.addModule(url);
    const found = [await createEchoCanceller(context, { engine: "linear" })
      .then(() => "opened", () => "refused")];
    const stream = await captureClean({ reference: new GainNode(context) });
    if (stream.reason !== "failed")
      await new Promise((done) => stream.addEventListener("state", ({ detail }) =>
        detail.reason === "failed" && done()));
    found.push(stream.canceller.reason, stream.getAudioTracks()[0] === stream.microphoneTrack);
    stream.close();
    await context.close();
    return found;
  });
  assert.deepEqual(found, ["refused", "failed", true]);
});

test("messages name what is wrong", async () => {
  const messages = await page.call(async () => {
    const { captureClean, createEchoCanceller, loadAssets } = await import("/unecho/index.js");
    const message = (promise) => promise.then(() => "", (error) => error.message);
    const context = new AudioContext();
    const slow = new AudioContext({ sampleRate: 4000 });
    return Promise.all([
      message(createEchoCanceller(context, { linearTailMs: 1 })),
      message(createEchoCanceller(slow)),
      message(createEchoCanceller(context, { workletUrl: "/nowhere.js" })),
      message(loadAssets({ urls: { model: "/test/page.html" } })),
      message(captureClean({ reference: "the loudspeaker" })),
      message(captureClean({ reference: new GainNode(context),
        constraints: { deviceId: { exact: "unplugged" } } })),
    ]);
  });
  assert.match(messages[0], /linearTailMs/);
  assert.match(messages[1], /8000 to 192000/);
  assert.match(messages[2], /nowhere.js cannot be loaded/);
  assert.match(messages[3], /page.html cannot be loaded: the server sends a web page/);
  assert.match(messages[4], /AudioNode or a MediaStream/);
  assert.match(messages[5], /the microphone cannot be opened: deviceId/);
});

test("what a node would ignore is refused by name", async () => {
  const wrong = [
    [{ rate: 16000 }, /rate cannot be set: a node has the rate of its context/],
    [{ farRate: 24000 }, /farRate cannot be set/],
    [{ channels: 2 }, /channels cannot be set/],
    [{ suppression: 5 }, /suppression is 5, expected 0 to 3/],
    [{ suppression: "1" }, /suppression is "1", expected a number/],
    [{ noiseReductionDb: 99 }, /noiseReductionDb is 99, expected 0 to 60/],
    [{ comfortNoise: "yes" }, /comfortNoise is "yes", expected true or false/],
    [{ farChannels: 9 }, /farChannels is 9, expected 1 to 8/],
    [{ farChannels: 0 }, /farChannels is 0, expected a whole number, 1 or more/],
    [{ statsInterval: 0 }, /statsInterval is 0, expected/],
    [{ statsInterval: "often" }, /statsInterval is often, expected/],
    [{ volume: 1 }, /unknown setting volume/],
  ];
  const found = await page.call(async (all) => {
    const { createEchoCanceller } = await import("/unecho/index.js");
    const context = new AudioContext();
    const found = [];
    for (const options of all)
      found.push(await createEchoCanceller(context, options).then(() => "", ({ message }) => message));
    const node = await createEchoCanceller(context);
    for (const lost of [[], [1], [-1, 0], [0, "1"]])
      try {
        node.notifyGap(...lost);
        found.push("");
      } catch ({ message }) {
        found.push(message);
      }
    node.close();
    await context.close();
    return found;
  }, wrong.map(([options]) => options));
  for (const [i, [, message]] of wrong.entries()) assert.match(found[i], message);
  for (const message of found.slice(wrong.length))
    assert.match(message, /Lost is .*, expected a whole number/);
});

test("the class in a page: an array that was given away is refused", async () => {
  const messages = await page.call(async () => {
    const { createCanceller } = await import("/unecho/index.js");
    const canceller = await createCanceller({ rate: 16000 });
    const hop = new Float32Array(128), moved = new Float32Array(128);
    structuredClone(moved.buffer, { transfer: [moved.buffer] });
    return [[moved], [hop, moved], [hop, hop, moved]].map((samples) => {
      try {
        canceller.process(...samples);
      } catch ({ message }) {
        return message;
      }
    });
  });
  assert.deepEqual(messages, ["mic", "far", "out"].map((name) => `${name} has a detached buffer`));
});

test("barge-in: statistics tell when the user speaks, and not when the agent does", async () => {
  const found = await page.call(async () => {
    const { createEchoCanceller } = await import("/unecho/index.js");
    const rate = 48000;
    const context = new OfflineAudioContext(1, 17 * rate, rate);
    const canceller = await createEchoCanceller(context, { statsInterval: 0.05 });
    for (const [input, end] of ["mic", "far"].entries()) {
      const file = await (await fetch(`/demo/meeting_${end}.flac`)).arrayBuffer();
      const source = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(file) });
      source.connect(canceller, 0, input);
      source.start();
    }
    canceller.connect(context.destination);
    const found = [];
    canceller.addEventListener("stats", ({ detail }) =>
      found.push([detail.frames / rate, detail.nearEndActive]));
    const last = new Promise((done) => canceller.addEventListener("stats", ({ detail }) =>
      detail.frames > 16.9 * rate && done()));
    await context.startRendering();
    await last;
    return found;
  });
  const during = ([from, to]) => found.filter(([at]) => at >= from && at < to).map(([, is]) => is);
  const [agent, user] = [during(sample.FAR_ALONE), during(sample.NEAR_ALONE)];
  console.log(`agent ${Math.max(...agent).toFixed(2)}, user ${Math.max(...user).toFixed(2)}`);
  assert.ok(agent.length > 150 && agent.every((is) => is < 0.9), `${agent}`);
  // Within 0.2 s.
  assert.ok(user.slice(0, 4).some((is) => is >= 0.9), `${user.slice(0, 10)}`);
});

test("a microphone that ends is opened again; a remote stream as reference", async () => {
  const found = await page.call(async () => {
    const { captureClean } = await import("/unecho/index.js");
    const context = new AudioContext();
    const remote = context.createMediaStreamDestination();
    const stream = await captureClean({ reference: remote.stream });
    const first = stream.microphoneTrack;
    const [track] = stream.getAudioTracks();
    first.stop();
    first.dispatchEvent(new Event("ended")); // as if the device were unplugged
    while (stream.microphoneTrack === first) await new Promise((done) => setTimeout(done, 10));
    await new Promise((done) => stream.addEventListener("stats", done, { once: true }));
    const found = [stream.microphoneTrack.readyState, stream.getAudioTracks()[0] === track];
    stream.close();
    while (stream.context.state !== "closed") await new Promise((done) => setTimeout(done, 10));
    found.push(stream.microphoneTrack.readyState, track.readyState);
    await context.close();
    return found;
  });
  assert.deepEqual(found, ["live", true, "ended", "ended"]);
});

test("a stream closes whatever became of it", async () => {
  const found = await page.call(async () => {
    const { captureClean } = await import("/unecho/index.js");
    const context = new AudioContext();
    const found = [];
    for (const reference of [new MediaStream(), context.createMediaStreamDestination().stream]) {
      const stream = await captureClean({ reference });
      if (reference.active) await stream.context.close();
      found.push(stream.reason);
      stream.close();
      found.push(stream.microphoneTrack.readyState);
    }
    await context.close();
    return found;
  });
  assert.deepEqual(found.filter((_, i) => i % 2 === 1), ["ended", "ended"]);
  assert.equal(found[0], "failed"); // nothing to hear
});

test("the only microphone goes and comes back", async () => {
  const found = await page.call(async () => {
    const { captureClean } = await import("/unecho/index.js");
    const context = new AudioContext();
    const stream = await captureClean({ reference: new GainNode(context) });
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia;
    let opened = 0;
    const lose = async (name) => {
      devices.getUserMedia = () => {
        opened++;
        return Promise.reject(new DOMException("", name));
      };
      const said = new Promise((done) => stream.addEventListener("state", done, { once: true }));
      stream.microphoneTrack.stop();
      stream.microphoneTrack.dispatchEvent(new Event("ended"));
      return (await said).detail.reason;
    };
    const changed = () => devices.dispatchEvent(new Event("devicechange"));
    const found = [await lose("NotFoundError")];
    changed(); // of a loudspeaker
    while (opened < 2) await new Promise((done) => setTimeout(done, 10));
    devices.getUserMedia = open;
    const back = new Promise((done) => stream.addEventListener("state", done, { once: true }));
    changed();
    found.push((await back).detail.reason, stream.microphoneTrack.readyState);
    await new Promise((done) => stream.addEventListener("stats", done, { once: true }));
    opened = 0;
    found.push(await lose("NotAllowedError"));
    changed();
    await new Promise((done) => setTimeout(done, 50));
    found.push(opened);
    stream.close();
    devices.getUserMedia = open;
    await context.close();
    return found;
  });
  // Who denied it is not asked again.
  assert.deepEqual(found, ["ended", null, "live", "denied", 1]);
});

test("a new microphone that the context does not take: as it is, and a reason", async () => {
  const found = await page.call(async () => {
    const { captureClean } = await import("/unecho/index.js");
    const context = new AudioContext();
    const stream = await captureClean({ reference: new GainNode(context) });
    const first = stream.microphoneTrack;
    context.createMediaStreamSource = () => {
      throw new DOMException("different sample rates", "NotSupportedError");
    };
    const changed = new Promise((done) => stream.addEventListener("trackchange", done, { once: true }));
    const failed = new Promise((done) => stream.addEventListener("state", ({ detail }) =>
      detail.reason === "failed" && done(detail.message)));
    first.stop();
    first.dispatchEvent(new Event("ended"));
    const message = await failed;
    await changed;
    const [track] = stream.getAudioTracks();
    const found = [message, stream.reason, track === stream.microphoneTrack, track !== first];
    stream.close();
    await context.close();
    return found;
  });
  assert.deepEqual(found, ["different sample rates", "failed", true, true]);
});

test("a stereo far end reaches the worklet in both channels", async () => {
  const loud = await page.call(async () => {
    const { createEchoCanceller } = await import("/unecho/index.js");
    const rate = 16000;
    const context = new OfflineAudioContext(1, rate, rate);
    const node = await createEchoCanceller(context, { statsInterval: 0.5 });
    const merger = new ChannelMergerNode(context, { numberOfInputs: 2 });
    // Opposite channels: their mean would be silence.
    for (const [channel, offset] of [0.1, -0.1].entries()) {
      const source = new ConstantSourceNode(context, { offset });
      source.connect(merger, 0, channel);
      source.start();
    }
    merger.connect(node, 0, 1);
    node.connect(context.destination);
    const stats = new Promise((done) =>
      node.addEventListener("stats", ({ detail }) => done(detail.levels.far), { once: true }));
    await context.startRendering();
    return stats;
  });
  assert.ok(Math.abs(loud + 20) < 0.1, `${loud} dB`);
});

test("a node: bypass, statistics, reset, next call, close", async () => {
  const found = await page.call(async () => {
    const { createEchoCanceller } = await import("/unecho/index.js");
    const context = new AudioContext({ sampleRate: 48000 });
    const node = await createEchoCanceller(context, { statsInterval: 0.05, noiseReductionDb: 10,
      comfortNoise: true });
    const settings = [node.suppression, node.noiseReductionDb, node.comfortNoise]
      .map(({ value }) => value);
    new ConstantSourceNode(context, { offset: 0.1 }).connect(node, 0, 0);
    node.connect(context.destination);
    const event = (type) => new Promise((done) =>
      node.addEventListener(type, ({ detail }) => done(detail), { once: true }));
    const stats = await event("stats");
    let change = event("state");
    node.bypass.value = 1;
    const bypassed = (await change).reason;
    change = event("state");
    node.bypass.value = 0;
    const back = (await change).reason;
    node.reset();
    await event("stats");
    const { frames } = await event("stats");
    while ((await event("stats")).frames < 4800);
    node.nextCall();
    let next;
    do next = await event("stats"); while (next.frames >= 4800);
    node.close();
    await context.close();
    return { settings, stats: Object.keys(stats), bypassed, back, frames, latency: node.latency };
  });
  assert.deepEqual(found.settings, [1, 10, 1]);
  assert.equal(found.bypassed, "bypass");
  assert.equal(found.back, null);
  assert.ok(found.frames < 48000);
  assert.ok(found.latency > 0.02 && found.latency < 0.03);
  for (const name of ["delayMs", "erleDb", "levels", "load"]) assert.ok(found.stats.includes(name));
});

test("closed cancellers give their memory back", async () => {
  // Chromium has addresses for 125 memories of WebAssembly in a process.
  const opened = await page.call(async () => {
    const { createEchoCanceller } = await import("/unecho/index.js");
    const context = new AudioContext();
    let opened = 0;
    for (; opened < 150; opened++) (await createEchoCanceller(context)).close();
    await context.close();
    return opened;
  });
  assert.equal(opened, 150);
});

test("nothing went wrong unseen", () => {
  // The errors that tests provoke.
  const known = /nowhere|at once|later/;
  assert.deepEqual(page.errors.filter((error) => !known.test(error)), []);
});

test("a content security policy: what works, and what to add where it is refused", async () => {
  const open = async (policy) => {
    const page = await browser.open(`${server.url}/test/page.html`);
    return page.call(async (policy) => {
      const meta = document.createElement("meta");
      meta.httpEquiv = "Content-Security-Policy";
      meta.content = `default-src 'none'; ${policy}`;
      document.head.append(meta);
      const { captureClean, createCanceller } = await import("/unecho/index.js");
      const context = new AudioContext();
      const stream = await captureClean({ reference: new GainNode(context) });
      const { message } = stream;
      stream.close();
      await context.close();
      return [message, await createCanceller().then(() => "", ({ message }) => message)];
    }, policy);
  };
  assert.deepEqual(await open("script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"), ["", ""]);
  for (const message of await open("script-src 'self'; connect-src 'self'"))
    assert.match(message, /'wasm-unsafe-eval' in script-src/);
  for (const message of await open("script-src 'self' 'wasm-unsafe-eval'"))
    assert.match(message, /connect-src/);
});

test("a denied microphone: an error that says so", async () => {
  const strict = new Browser(); // nobody answers the question
  try {
    const page = await strict.open(`${server.url}/test/page.html`);
    await strict.send("Browser.setPermission", { permission: { name: "microphone" },
      setting: "denied", origin: server.url });
    const error = await page.call(async () => {
      const { captureClean } = await import("/unecho/index.js");
      const context = new AudioContext();
      return captureClean({ reference: new GainNode(context) })
        .then(() => null, ({ name, message }) => ({ name, message }));
    });
    assert.equal(error.name, "NotAllowedError");
    assert.match(error.message, /the microphone was denied/);
  } finally {
    await strict.close();
  }
});
