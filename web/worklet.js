/*
 * The audio worklet: inputs microphone and far end, output near end. Whatever happens, the voice goes
 * through: where the canceller is not open, failed or takes too long, the output is the microphone,
 * as late as the near end would be.
 */
import { Canceller, compile } from "./canceller.js";

/** Seconds in which the time that the canceller takes is measured. */
const WINDOW = 1;
/** The share of real time from which on it is too much. */
const LOAD_MOST = 0.7;
/** Seconds until it is tried again. */
const PAUSE = 5;
/** The share of the newest window in the load that is reported: the clock here is a coarse one. */
const NEWEST = 0.15;
/** A gap between two calls that is no delay but a suspended context, in milliseconds. */
const SUSPENDED_MS = 250;
/** Seconds from microphone to near end and back, without a click. */
const FADE = 0.01;

/* Numbers that change with every quantum are in arrays: as fields each change would be garbage. */
const [MIC, FAR, OUT] = [0, 1, 2];
const [FRAMES, WALL, BUSY, BEGAN] = [0, 1, 2, 3];

/** The mean of the channels of an input, which may have none. */
function mean(channels, out) {
  out.fill(0);
  for (const channel of channels)
    for (let i = 0; i < out.length; i++) out[i] += channel[i] / channels.length;
}

const decibels = (power) => 10 * Math.log10(power);

class Processor extends AudioWorkletProcessor {
  static parameterDescriptors = [
    { name: "bypass", defaultValue: 0, minValue: 0, maxValue: 1 },
    { name: "suppression", defaultValue: 1, minValue: 0, maxValue: 3 },
    { name: "noiseReductionDb", defaultValue: 20, minValue: 0, maxValue: 60 },
    { name: "comfortNoise", defaultValue: 0, minValue: 0, maxValue: 1 },
  ].map((parameter) => ({ ...parameter, automationRate: "k-rate" }));

  #canceller;
  #live;
  #closed = false;
  #set = { suppression: NaN, noiseReductionDb: NaN, comfortNoise: NaN }; // as last told
  #reason = "starting";
  #failed = false;
  #share = 0; // of the near end in the output
  #line; // the last microphone samples, a ring as long as the latency
  #at = 0;
  #clean = new Float32Array(128);
  #far = new Float32Array(128); // interleaved, where it has several channels
  #interval; // of statistics, in frames
  #power = new Float64Array(3); // sums since the last ones: microphone, far end, output
  #summed = 0;
  // The current window: frames, wall-clock and busy milliseconds, and when the last quantum began.
  #window = new Float64Array(4);
  #load = 0;
  #pause = 0; // frames that are left of a pause,
  #settle = 0; // and until the canceller's output is that of the present

  constructor({ processorOptions: { wasm, model, settings, live, statsInterval } }) {
    super();
    this.#live = live;
    this.#interval = Math.max(1, statsInterval * sampleRate);
    this.port.onmessage = ({ data }) => this.#receive(data);
    compile(wasm)
      .then((module) => this.#start(new Canceller({ module, model }, settings)))
      .catch((error) => this.port.postMessage({ type: "failed", message: error.message }));
  }

  #start(canceller) {
    if (this.#closed) return;
    this.#line = new Float32Array(canceller.latency);
    this.#canceller = canceller;
    const { latency, kernels } = canceller;
    this.port.postMessage({ type: "ready", latency, kernels });
  }

  #receive({ type, mic, far }) {
    if (type === "close") this.#close();
    else if (type === "reset") this.#canceller?.reset();
    else if (type === "next-call") this.#canceller?.nextCall();
    else if (type === "gap") this.#canceller?.notifyGap(mic, far);
  }

  /** Engines keep a processor for long after its end, but not what it let go of. */
  #close() {
    this.#closed = true;
    this.#canceller = undefined;
    this.port.close();
  }

  process(inputs, outputs, parameters) {
    const out = outputs[0][0];
    const n = out.length;
    mean(inputs[0], out);
    if (!this.#canceller) return !this.#closed;
    if (this.#clean.length !== n) this.#clean = new Float32Array(n);

    const bypass = parameters.bypass[0] >= 0.5;
    const paused = this.#paused(n);
    const far = this.#interleaved(inputs[1]);
    this.#add(MIC, out);
    this.#add(FAR, far);
    // Bypassed it goes on, to be adapted when it is wanted again.
    if (!this.#failed && (this.#pause === 0 || this.#share > 0)) this.#run(out, far, parameters);
    this.#delay(out);
    this.#mix(out, !bypass && !paused && !this.#failed);
    this.#add(OUT, out);
    this.#say(this.#failed ? "failed" : paused ? "overload" : bypass ? "bypass" : null);
    this.#report(n);
    return !this.#closed;
  }

  /** Tells the canceller which settings have changed. */
  #follow(parameters) {
    const set = this.#set;
    const suppression = parameters.suppression[0];
    const noiseReductionDb = Math.round(parameters.noiseReductionDb[0]);
    const comfortNoise = parameters.comfortNoise[0] >= 0.5;
    if (suppression === set.suppression && noiseReductionDb === set.noiseReductionDb &&
      comfortNoise === set.comfortNoise) return;
    this.#set = { suppression, noiseReductionDb, comfortNoise };
    this.#canceller.set(this.#set);
  }

  /** The channels of the far end as one array; undefined: it is silent. */
  #interleaved(channels) {
    const count = this.#canceller.farChannels;
    if (channels.length === 0 || count === 1) return channels[0];
    const n = channels[0].length;
    if (this.#far.length !== n * count) this.#far = new Float32Array(n * count);
    for (let c = 0; c < count; c++)
      for (let i = 0; i < n; i++) this.#far[i * count + c] = channels[c][i];
    return this.#far;
  }

  /** Counts a pause down; afterwards what the canceller still holds of the time before it. */
  #paused(n) {
    if (this.#pause > 0) {
      this.#pause = Math.max(0, this.#pause - n);
      if (this.#pause === 0) this.#settle = this.#line.length;
    } else {
      this.#settle = Math.max(0, this.#settle - n);
    }
    return this.#pause > 0 || this.#settle > 0;
  }

  /** Near end of the microphone into #clean, timed. */
  #run(mic, far, parameters) {
    const began = Date.now();
    try {
      this.#follow(parameters);
      this.#canceller.process(mic, far ?? null, this.#clean);
    } catch (error) {
      this.#failed = true;
      this.#clean.fill(0);
      this.#say("failed", error.message);
    }
    if (this.#live) this.#watch(mic.length, began, Date.now());
  }

  #watch(n, began, ended) {
    const w = this.#window;
    const step = w[BEGAN] ? began - w[BEGAN] : 0;
    w[BEGAN] = began;
    if (step > SUSPENDED_MS) {
      w.fill(0, FRAMES, BEGAN);
      return;
    }
    w[FRAMES] += n;
    w[WALL] += step;
    w[BUSY] += ended - began;
    if (w[FRAMES] < WINDOW * sampleRate) return;
    const real = (1000 * w[FRAMES]) / sampleRate;
    const load = w[BUSY] / real;
    this.#load += (this.#load ? NEWEST : 1) * (load - this.#load);
    if (load > LOAD_MOST) this.#pause = PAUSE * sampleRate;
    // More wall-clock time than audio: quanta came too late, whoever took the time.
    const lost = w[WALL] - real;
    if (lost > 100) this.port.postMessage({ type: "late", lost, load });
    w.fill(0, FRAMES, BEGAN);
  }

  /** The samples of as long ago as the latency in place of the present ones. */
  #delay(samples) {
    const line = this.#line;
    if (line.length === 0) return;
    for (let i = 0; i < samples.length; i++) {
      const past = line[this.#at];
      line[this.#at] = samples[i];
      samples[i] = past;
      this.#at = this.#at + 1 < line.length ? this.#at + 1 : 0;
    }
  }

  #mix(out, wanted) {
    const clean = this.#clean;
    const target = wanted ? 1 : 0;
    const step = (wanted ? 1 : -1) / (FADE * sampleRate);
    for (let i = 0; i < out.length; i++) {
      if (this.#share !== target) this.#share = Math.min(1, Math.max(0, this.#share + step));
      // Not added to the microphone, which may be NaN.
      out[i] = this.#share === 1 ? clean[i] : out[i] + this.#share * (clean[i] - out[i]);
    }
  }

  #add(signal, samples) {
    if (!samples) return;
    let sum = 0;
    for (let i = 0; i < samples.length; i++) sum += samples[i] * samples[i];
    this.#power[signal] += sum;
  }

  #say(reason, message) {
    if (this.#reason === reason) return;
    this.#reason = reason;
    this.port.postMessage({ type: "state", reason, message });
  }

  #report(n) {
    this.#summed += n;
    if (this.#summed < this.#interval) return;
    const power = this.#power;
    const level = (sum) => decibels(sum / this.#summed);
    this.port.postMessage({
      type: "stats",
      stats: {
        ...this.#canceller.stats,
        levels: {
          mic: level(power[MIC]),
          far: level(power[FAR] / this.#canceller.farChannels),
          out: level(power[OUT]),
        },
        load: this.#load,
      },
    });
    power.fill(0);
    this.#summed = 0;
  }
}

registerProcessor("unecho", Processor);
