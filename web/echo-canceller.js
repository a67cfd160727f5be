/* The canceller as a node of WebAudio. */
import { loadAssets } from "./assets.js";
import { checkWhole } from "./checks.js";

const WORKLET = new URL("./worklet.js", import.meta.url);

/** The modules that contexts have loaded, by context and address. */
const loaded = new WeakMap();

async function loadWorklet(context, url) {
  if (!context.audioWorklet)
    throw new Error("this context has no audio worklet: the page must come over HTTPS or localhost");
  const modules = loaded.get(context) ?? new Map();
  loaded.set(context, modules);
  const key = String(url);
  if (!modules.has(key)) modules.set(key, context.audioWorklet.addModule(url));
  try {
    await modules.get(key);
  } catch (error) {
    modules.delete(key);
    throw new Error(`${url} cannot be loaded: ${error.message}. ` +
      "If the page has a content security policy, it must allow this in script-src", { cause: error });
  }
}

/** Settings that are AudioParams, too. Where one is wrong, the worklet's canceller names it. */
const PARAMETERS = ["suppression", "noiseReductionDb", "comfortNoise"];

/** Settings of a Canceller that a node has from its context and inputs. */
const OF_CONTEXT = ["rate", "channels", "micChannel", "farRate", "farQueueMs"];

/** Refuses what a node would ignore, and what the browser would not survive or not name. */
function checkOptions(options) {
  const { farChannels = 1, statsInterval = 1 } = options;
  for (const name of OF_CONTEXT)
    if (options[name] !== undefined)
      throw new TypeError(`${name} cannot be set: a node has the rate of its context, and one channel`);
  checkWhole("farChannels", farChannels, 1);
  if (typeof statsInterval !== "number" || !(statsInterval > 0 && statsInterval < Infinity))
    throw new RangeError(`statsInterval is ${statsInterval}, expected a number of seconds above 0`);
  return options;
}

/** Where there is no WebAudio, in Node or a worker, the class exists but cannot be used. */
const Base = globalThis.AudioWorkletNode ?? class {};

/** Inputs: 0 the microphone, 1 the far end. Output: the near end. Made by createEchoCanceller. */
export class EchoCanceller extends Base {
  #ready;
  #latency = 0;
  #kernels = "";
  #reason = "starting";
  #stats;

  constructor(context, { wasm, model }, options = {}) {
    // The same sound on two channels costs what one costs.
    const { statsInterval = 0.25, farChannels = 2, ...settings } = checkOptions(options);
    super(context, "unecho", {
      numberOfInputs: 2,
      numberOfOutputs: 1,
      outputChannelCount: [1],
      // Of both inputs; the worklet takes the mean of the microphone's.
      channelCount: farChannels,
      channelCountMode: "explicit",
      parameterData: Object.fromEntries(PARAMETERS.map((name) => [name, Number(settings[name])])
        .filter(([, value]) => Number.isFinite(value))),
      processorOptions: {
        wasm,
        model,
        settings: { ...settings, farChannels, rate: context.sampleRate },
        live: !(context instanceof OfflineAudioContext),
        statsInterval,
      },
    });
    this.#ready = new Promise((resolve, reject) => {
      this.port.onmessage = ({ data }) => {
        if (data.type === "failed") reject(new Error(data.message));
        else this.#receive(data, resolve);
      };
      // Chromium gives the event that the standard calls "processorerror" the type "error".
      for (const type of ["processorerror", "error"])
        this.addEventListener(type, ({ message }) => {
          reject(new Error(message));
          this.#receive({ type: "state", reason: "failed", message });
        });
    });
  }

  #receive({ type, ...detail }, resolve) {
    if (type === "ready") {
      this.#latency = detail.latency / this.context.sampleRate;
      this.#kernels = detail.kernels;
      resolve(this);
      return;
    }
    if (type === "state") this.#reason = detail.reason;
    if (type === "stats") this.#stats = detail.stats;
    this.dispatchEvent(new CustomEvent(type, { detail: type === "stats" ? detail.stats : detail }));
  }

  /** A promise that the canceller runs. */
  get ready() { return this.#ready; }
  /** AudioParam: from 0.5 on the output is the microphone, as late as the near end. */
  get bypass() { return this.parameters.get("bypass"); }
  /** AudioParam: how strongly residual echo is suppressed, 0 to 3. */
  get suppression() { return this.parameters.get("suppression"); }
  /** AudioParam: how much background noise is reduced, in dB, 0 to 60. */
  get noiseReductionDb() { return this.parameters.get("noiseReductionDb"); }
  /** AudioParam: from 0.5 on synthetic noise takes the place of what goes with the echo. */
  get comfortNoise() { return this.parameters.get("comfortNoise"); }
  /** How far the output is behind the microphone, in seconds: constant. */
  get latency() { return this.#latency; }
  /** "simd128" or "plain". */
  get kernels() { return this.#kernels; }
  /** Why the output is the microphone: "starting", "bypass", "overload" or "failed"; null: it is not. */
  get reason() { return this.#reason; }
  /** The last statistics, or undefined. */
  get stats() { return this.#stats; }

  /** Back to the state after opening. */
  reset() { this.port.postMessage({ type: "reset" }); }

  /** Another call on the same devices: a reset that keeps what was learned of them. */
  nextCall() { this.port.postMessage({ type: "next-call" }); }

  /** Reports that frames of microphone or far end were lost. */
  notifyGap(micLost, farLost) {
    this.port.postMessage({ type: "gap", mic: checkWhole("micLost", micLost),
      far: checkWhole("farLost", farLost) });
  }

  /** Ends the processor and disconnects the node. */
  close() {
    this.port.postMessage({ type: "close" });
    this.disconnect();
  }
}

/**
 * Makes a node that cancels echoes, once it can: connect the microphone to input 0 and what is played
 * to input 1. Fails with a message that says what is missing.
 */
export async function createEchoCanceller(context, options = {}) {
  const { assets = loadAssets(), workletUrl = WORKLET, ...settings } = options;
  const [bytes] = await Promise.all([assets, loadWorklet(context, workletUrl)]);
  const node = new EchoCanceller(context, bytes, settings);
  try {
    return await node.ready;
  } catch (error) {
    node.close();
    throw error;
  }
}
