/*
 * What an agent is about to play, until the time at which it is played. Synthesis is faster than
 * playback, and when the user interrupts, what waits is never played. The library's queue cannot give
 * back what was pushed: here it is pushed just when the microphone has reached it.
 */
import { checkSamples, checkWhole, kindOf, warn } from "./checks.js";

/** More than this many seconds cannot wait: the microphone has stopped. */
const SECONDS_MAX = 300;

/**
 * How late the next audio may be without a pause before it. The library's queue waits 100 ms, by the
 * hop: it is never left without far end for so long.
 */
const PATIENCE_MS = 80;

/** Full scale of 16 bits. */
const INT16 = 32768;

export class Playout {
  #rate;
  #channels;
  #chunks = []; // what waits,
  #length = 0; // how many samples,
  #at = 0; // and how many of the first chunk were played
  #held = false;
  // How much far end the microphone has been ahead of, in frames * #micRate.
  #due = 0;
  #micRate = 0;
  // Nothing is being played: what comes next is played when it comes, not late.
  #idle = true;

  constructor(rate, channels = 1) {
    this.#rate = checkWhole("rate", rate, 1);
    this.#channels = checkWhole("channels", channels, 1);
  }

  /** Of what is played, in Hz. */
  get rate() { return this.#rate; }
  /** Of what is played. */
  get channels() { return this.#channels; }
  /** How many frames have not been played yet. */
  get waiting() { return this.#length / this.#channels; }

  /** Adds what is played after what waits: any number of frames. */
  play(audio) {
    if (checkSamples("audio", audio, this.#channels) === 0) return;
    const copy = new Float32Array(audio); // the caller may use its array again
    if (kindOf(audio) === Int16Array) for (let i = 0; i < copy.length; i++) copy[i] /= INT16;
    this.#chunks.push(copy);
    this.#length += copy.length;
    if (this.#length <= SECONDS_MAX * this.#rate * this.#channels) return;
    this.#drop(this.#length);
    warn(`more than ${SECONDS_MAX} s wait to be played and are dropped: ` +
      "does the microphone still run?");
  }

  /** Forgets what waits: it is never played. */
  interrupt() {
    this.#drop(this.#length);
    this.#idle = true;
  }

  /** Plays nothing until `resume`; of what waits, the first `droppedMs` are never played. */
  pause(droppedMs = 0) {
    const dropped = Math.floor((checkWhole("droppedMs", droppedMs) * this.#rate) / 1000);
    if (!this.#held) this.#drop(Math.min(dropped * this.#channels, this.#length));
    this.#held = this.#idle = true;
  }

  /** Plays the rest. */
  resume() {
    this.#held = false;
  }

  /** @internal What is played while the microphone records that many frames at that rate. */
  take(frames, rate) {
    if (rate !== this.#micRate) [this.#due, this.#micRate] = [0, rate];
    const due = this.#due + frames * this.#rate;
    const wanted = Math.floor(due / rate);
    const there = this.#held ? 0 : Math.min(wanted, this.waiting);
    const late = due - there * rate;
    if (there > 0) this.#idle = false;
    if (late * 1000 > PATIENCE_MS * rate * this.#rate) this.#idle = true;
    const taken = new Float32Array((this.#idle ? wanted : there) * this.#channels);
    this.#drop(there * this.#channels, taken);
    this.#due = due - (this.#idle ? wanted : there) * rate;
    return taken;
  }

  /** Removes n samples of what waits, to the beginning of an array if there is one. */
  #drop(n, to = undefined) {
    this.#length -= n;
    for (let done = 0; done < n;) {
      const chunk = this.#chunks[0].subarray(this.#at, this.#at + n - done);
      to?.set(chunk, done);
      done += chunk.length;
      this.#at += chunk.length;
      if (this.#at < this.#chunks[0].length) continue;
      this.#chunks.shift();
      this.#at = 0;
    }
  }
}
