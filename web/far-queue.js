/*
 * The far end of a canceller that queues it: taken from a Playout, by turns with the microphone where
 * the queue would not hold all of it, and a warning where it was dropped nevertheless.
 */
import { warn } from "./checks.js";
import { Playout } from "./playout.js";

/** Of the canceller, in frames at 16 kHz: with wholeHops every chunk consists of them. */
export const HOP = 128;

export class FarQueue {
  #shape;
  #stream;
  #piece; // how many frames are pushed in a turn: what drops none
  #left; // how many more may be pushed before it is worth asking whether some were dropped
  #told = false;

  /**
   * @param {object} shape of writeSettings
   * @param {object} stream its functions pushFar(far), run(mic, out) and dropped()
   */
  constructor(shape, stream) {
    const frames = Math.floor((shape.farQueueMs * shape.farRate) / 1000);
    this.#shape = shape;
    this.#stream = stream;
    this.#piece = Math.floor(frames / 4);
    this.#left = frames;
  }

  pushFar(far) {
    this.#stream.pushFar(far);
    this.#left -= far.length / this.#shape.farChannels;
    if (this.#left >= 0 || this.#told) return;
    this.#left = this.#piece;
    const dropped = this.#stream.dropped();
    if (dropped === 0) return;
    this.#told = true;
    warn(`${dropped} frames of far end are dropped, whose echo stays: more than ` +
      `${this.#shape.farQueueMs} ms (farQueueMs) waited for the microphone. Push far end at the pace ` +
      "at which it is played, or pass a Playout to process");
  }

  /** Far end, or a Playout of it, with the microphone meanwhile. */
  process(mic, far, out) {
    const { rate, farRate, channels, farChannels } = this.#shape;
    const frames = mic.length / channels;
    let played = far instanceof Playout ? far.take(frames, rate) : far;
    const farFrames = played.length / farChannels;
    // The output may take its place before all of it is pushed.
    if (farFrames > this.#piece && played.buffer === out.buffer) played = played.slice();
    let done = 0;
    for (let at = 0; at === 0 || at < farFrames; at += this.#piece) {
      const next = Math.min(at + this.#piece, farFrames);
      this.pushFar(played.subarray(at * farChannels, next * farChannels));
      // Not beyond what was pushed.
      const heard = Math.floor((next * rate) / farRate);
      const until = next === farFrames || heard >= frames ? frames : heard - (heard % HOP);
      this.#stream.run(mic.subarray(done * channels, until * channels),
        out.subarray(done * channels, until * channels));
      done = until;
    }
  }
}

/** Refuses a Playout of another far end than the canceller takes. */
export function checkPlayout(playout, { farQueueMs, farRate, farChannels }) {
  const { rate, channels } = playout;
  if (farQueueMs > 0 && rate === farRate && channels === farChannels) return;
  throw new RangeError(`the playout has ${rate} Hz and ${channels} channels: open the canceller ` +
    `with farRate: ${rate}, farChannels: ${channels}`);
}
