/* unecho in Node as machine code: the class of the package unecho, which is WebAssembly. */
import { createRequire } from "node:module";
import { checkWhole } from "./checks.js";
import { FarQueue, checkPlayout } from "./far-queue.js";
import { Playout } from "./playout.js";
import { changeSettings, inNames, namesOf, readStats, writeSettings } from "./settings.js";

export { Playout };

const { Stream, defaults, settingNames, statNames } =
  createRequire(import.meta.url)("./unecho.node");
const SETTINGS = namesOf(settingNames);
const STATS = namesOf(statNames);

function open(numbers) {
  try {
    return new Stream(numbers);
  } catch (error) {
    throw new error.constructor(inNames(error.message, SETTINGS));
  }
}

/** One conversation. */
export class Canceller {
  #stream;
  #shape;
  #queue; // of the far end, if it has one
  #latency;
  #kernels;

  /** @param {object} settings see types.d.ts */
  constructor(settings = {}) {
    const numbers = defaults();
    this.#shape = writeSettings(settings, SETTINGS, numbers);
    this.#stream = open(numbers);
    if (this.#shape.farQueueMs > 0)
      this.#queue = new FarQueue(this.#shape, {
        pushFar: (far) => this.#stream.pushFar(far),
        run: (mic, out) => this.#stream.process(mic, null, out),
        dropped: () => this.stats.farDroppedFrames,
      });
    this.#latency = this.#stream.latency();
    this.#kernels = this.#stream.kernels();
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
  /** The kernels in use: "avx2", "neon", ... */
  get kernels() { return this.#kernels; }

  /**
   * Takes frames of microphone and far end, and returns as many frames of near end, in `out` if that
   * is given; it may be `mic`. Several channels are interleaved. far null: silence, or with a queue
   * what was pushed; with a queue, far may have any length and is pushed first, or be a Playout.
   */
  process(mic, far = null, out = undefined) {
    const isPlayout = far instanceof Playout;
    if (isPlayout) checkPlayout(far, this.#shape);
    if (!this.#queue || far === null) return this.#stream.process(mic, far, out);
    const near = this.#stream.check(mic, isPlayout ? null : far, out);
    this.#queue.process(mic, far, near);
    return near;
  }

  /** Queues far end that comes at another rate or at other times than the microphone. */
  pushFar(far) {
    (this.#queue ?? this.#stream).pushFar(far);
  }

  /** Reports that frames of microphone or far end were lost since the last call. */
  notifyGap(micLost, farLost) {
    this.#stream.notifyGap(checkWhole("micLost", micLost), checkWhole("farLost", farLost));
  }

  /** Changes suppression, noiseReductionDb or comfortNoise, from the next 8 ms on and without a click. */
  set(settings) {
    this.#stream.latency(); // fails where it is closed, also if nothing is given
    changeSettings(settings, this.#stream, this.#shape.live);
  }

  /** A snapshot of the statistics. */
  get stats() {
    return readStats(STATS, this.#stream.stats());
  }

  /** Back to the state after opening, statistics included; settings stay. */
  reset() {
    this.#stream.reset();
  }

  /** Another call on the same devices: a reset that keeps what was learned of them. */
  nextCall() {
    this.#stream.nextCall();
  }

  /** Gives the memory back; every other call fails afterwards. May be called again. */
  close() {
    this.#stream.close();
  }
}

/** As in the package unecho, where opening takes time. */
export async function createCanceller(settings = {}) {
  return new Canceller(settings);
}
