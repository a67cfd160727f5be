/*
 * One conversation: the WebAssembly module and the memory in which it works. Runs wherever
 * JavaScript does; knows neither files nor the network nor WebAudio.
 */

import { checkOverlap, checkSamples, checkWhole, kindOf } from "./checks.js";
import { FarQueue, HOP, checkPlayout } from "./far-queue.js";
import { Playout } from "./playout.js";
import { changeSettings, inNames, namesOf, readStats, writeSettings } from "./settings.js";

/** Frames that cross into the module at once. */
const CHUNK = 1024;

/** ARGUMENT and SAMPLE_RATE of unecho.h. */
const OUT_OF_RANGE = [-1, -6];

/** The module needs nothing of its host: its C library would report with these what never occurs. */
function importsOf(module) {
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = () => -1;
  return imports;
}

/** The module of these bytes. */
export async function compile(wasm) {
  try {
    return await WebAssembly.compile(wasm);
  } catch (error) {
    // Browsers word it differently, and some ask for 'unsafe-eval', which allows far more.
    if (!/content security|csp|unsafe-eval/i.test(error.message)) throw error;
    throw new Error("the content security policy forbids WebAssembly: " +
      "it needs 'wasm-unsafe-eval' in script-src", { cause: error });
  }
}

export class Canceller {
  #exports;
  #statNames;
  #stats; // where the module puts them
  #address = {}; // of the buffers for mic, far and out
  #views = {}; // of these buffers, by type of sample, as long as the last chunk
  #shape;
  #queue; // of the far end, if it has one
  #latency;
  #kernels;

  /**
   * @param {{module: WebAssembly.Module, model: ArrayBuffer | Uint8Array}} assets of loadAssets
   * @param {object} settings see types.d.ts
   */
  constructor({ module, model }, settings = {}) {
    const exports = new WebAssembly.Instance(module, importsOf(module)).exports;
    exports._initialize();
    this.#exports = exports;
    this.#open(model, settings);
    this.#statNames = namesOf(this.#text(exports.stat_names()));
    this.#stats = this.#allocate(8 * this.#statNames.length);
    const { channels: heard, farChannels } = this.#shape;
    for (const [name, channels] of [["mic", heard], ["far", farChannels], ["out", heard]])
      this.#address[name] = this.#allocate(4 * CHUNK * channels);
    if (this.#shape.farQueueMs > 0)
      this.#queue = new FarQueue(this.#shape, {
        pushFar: (far) => this.#push(far),
        run: (mic, out) => this.#run(mic, null, out),
        dropped: () => this.stats.farDroppedFrames,
      });
    this.#latency = exports.latency();
    this.#kernels = this.#text(exports.kernels());
  }

  #open(model, settings) {
    const exports = this.#exports;
    const names = namesOf(this.#text(exports.setting_names()));
    const values = this.#allocate(8 * names.length);
    exports.defaults(values);
    const numbers = new Float64Array(exports.memory.buffer, values, names.length);
    this.#shape = writeSettings(settings, names, numbers);
    const bytes = new Uint8Array(model);
    const file = this.#allocate(bytes.length);
    new Uint8Array(exports.memory.buffer).set(bytes, file);
    const status = exports.open(values, file, bytes.length);
    if (status < 0) this.#fail(status, inNames(this.#text(exports.message()), names));
  }

  #allocate(size) {
    const address = this.#exports.allocate(size);
    if (!address) throw new Error("out of memory");
    return address;
  }

  #text(address) {
    const bytes = new Uint8Array(this.#exports.memory.buffer, address);
    let text = "";
    for (let i = 0; bytes[i] !== 0; i++) text += String.fromCharCode(bytes[i]);
    return text;
  }

  #fail(status, message) {
    if (OUT_OF_RANGE.includes(status)) throw new RangeError(message);
    throw new Error(message);
  }

  /** Of microphone and output, in Hz. */
  get rate() { return this.#shape.rate; }
  /** Of microphone and output. */
  get channels() { return this.#shape.channels; }
  /** Of the far end, in Hz. */
  get farRate() { return this.#shape.farRate; }
  /** Of the far end. */
  get farChannels() { return this.#shape.farChannels; }
  /** How many frames the output is behind the microphone: constant. */
  get latency() { return this.#latency; }
  /** The kernels in use: "simd128" or "plain". */
  get kernels() { return this.#kernels; }

  #opened() {
    if (!this.#exports) throw new Error("the canceller is closed");
    return this.#exports;
  }

  /** A view of n samples of a buffer; the same object as long as n is the same. */
  #view(name, type, n) {
    const key = type === Int16Array ? "int16" : "float";
    const views = (this.#views[key] ??= {});
    if (views[name]?.length !== n)
      views[name] = new type(this.#exports.memory.buffer, this.#address[name], n);
    return views[name];
  }

  /** Copies `frames` frames from `at` on into the module. */
  #copyIn(name, samples, channels, at, frames) {
    const view = this.#view(name, kindOf(samples), frames * channels);
    if (samples.length === view.length) view.set(samples);
    else view.set(samples.subarray(at * channels, (at + frames) * channels));
  }

  #run(mic, far, out) {
    const exports = this.#exports;
    const { channels, farChannels } = this.#shape;
    const kind = kindOf(mic);
    const run = kind === Int16Array ? exports.process_int16 : exports.process;
    const address = this.#address;
    const frames = mic.length / channels;
    for (let at = 0; at < frames; at += CHUNK) {
      const n = Math.min(CHUNK, frames - at);
      this.#copyIn("mic", mic, channels, at, n);
      if (far) this.#copyIn("far", far, farChannels, at, n);
      run(address.mic, far ? address.far : 0, address.out, n);
      out.set(this.#view("out", kind, n * channels), at * channels);
    }
  }

  #push(far) {
    const exports = this.#exports;
    const { farChannels } = this.#shape;
    const frames = far.length / farChannels;
    const push = kindOf(far) === Int16Array ? exports.push_far_int16 : exports.push_far;
    for (let at = 0; at < frames; at += CHUNK) {
      const n = Math.min(CHUNK, frames - at);
      this.#copyIn("far", far, farChannels, at, n);
      push(this.#address.far, n);
    }
  }

  /**
   * Takes frames of microphone and far end, and returns as many frames of near end, in `out` if that
   * is given; it may be `mic`. Several channels are interleaved. far null: silence, or with a queue
   * what was pushed; with a queue, far may have any length and is pushed first, or be a Playout.
   */
  process(mic, far = null, out = undefined) {
    this.#opened();
    const { channels, farChannels, wholeHops } = this.#shape;
    const queue = this.#queue;
    const frames = checkSamples("mic", mic, channels);
    if (wholeHops && frames % HOP !== 0)
      throw new Error(`with wholeHops a chunk is a multiple of ${HOP} frames`);
    if (far instanceof Playout) checkPlayout(far, this.#shape);
    else if (far !== null && queue) checkSamples("far", far, farChannels);
    else if (far !== null) checkSamples("far", far, farChannels, frames, mic);
    out ??= new (kindOf(mic))(mic.length);
    checkSamples("out", out, channels, frames, mic);
    checkOverlap(out, "mic", mic, true);
    if (far !== null && !queue) checkOverlap(out, "far", far, channels === farChannels);
    if (queue && far !== null) queue.process(mic, far, out);
    else this.#run(mic, far, out);
    return out;
  }

  /** Queues far end that comes at another rate or at other times than the microphone. */
  pushFar(far) {
    this.#opened();
    if (!this.#queue) throw new RangeError("pushFar needs the setting farRate or farQueueMs");
    checkSamples("far", far, this.#shape.farChannels);
    this.#queue.pushFar(far);
  }

  /** Reports that frames of microphone or far end were lost since the last call. */
  notifyGap(micLost, farLost) {
    this.#opened().notify_gap(checkWhole("micLost", micLost), checkWhole("farLost", farLost));
  }

  /** Changes suppression, noiseReductionDb or comfortNoise, from the next 8 ms on and without a click. */
  set(settings) {
    const exports = this.#opened();
    changeSettings(settings, exports, this.#shape.live);
  }

  /** A snapshot of the statistics. */
  get stats() {
    const exports = this.#opened();
    exports.stats(this.#stats);
    const values = new Float64Array(exports.memory.buffer, this.#stats, this.#statNames.length);
    return readStats(this.#statNames, values);
  }

  /** Back to the state after opening, statistics included; settings stay. */
  reset() {
    this.#opened().reset();
  }

  /** Another call on the same devices: a reset that keeps what was learned of them. */
  nextCall() {
    this.#opened().next_call();
  }

  /** Gives the memory back; every other call fails afterwards. May be called again. */
  close() {
    this.#exports = undefined;
    this.#views = {};
  }
}
