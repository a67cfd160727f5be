/** Acoustic echo cancellation for browsers and Node. */

/** Float samples in [-1, 1], or 16-bit ones; several channels are interleaved. */
export type Samples = Float32Array | Int16Array;

/** The files that a canceller runs on; loadAssets fetches them. */
export interface Assets {
  /** Bytes of a WebAssembly module. */
  wasm: ArrayBuffer;
  /** Bytes of a post-filter's ONNX file. */
  model: ArrayBuffer;
}

export interface AssetOptions {
  /** Whether to take the module with vector instructions. Default: where they are. */
  simd?: boolean;
  /** Where the files are, if not beside the package's modules. */
  urls?: { simd?: string | URL; scalar?: string | URL; model?: string | URL };
}

/** Fetches the module that fits this engine and the model, once for each address. */
export function loadAssets(options?: AssetOptions): Promise<Assets>;

/** What a canceller of any kind is told. Defaults and ranges are those of unecho_config in unecho.h. */
export interface CommonSettings {
  /** What cancels the echo: a linear filter alone, or with the network (default). */
  engine?: "linear" | "linear-neural";
  /** How the far end is aligned: found and followed (default), by delayMs, or not at all. */
  align?: "auto" | "fixed" | "off";
  /** With align "fixed": how far the echo is behind the far end. */
  delayMs?: number;
  /** How late the far end may come after its echo, 0 (default) to 1000 ms. Adds that latency. */
  referenceLateMs?: number;
  /** The arithmetic of the network. Default: "fp32", the fastest in WebAssembly. */
  precision?: "fp32" | "bf16" | "int8";
  /** How long an echo path the linear filter covers: 64 to 512 ms in steps of 8; default 256. */
  linearTailMs?: number;
  /** How strongly residual echo is suppressed, 0 (not at all) to 3; default 1. */
  suppression?: number;
  /**
   * Channels of the far end, 1 to 8, all of which are cancelled. Default: 2 for a node, to which the
   * same sound on both costs what one channel costs; 1 for a Canceller.
   */
  farChannels?: number;
  /** How much background noise is reduced, in dB, 0 to 60; default 20, about as much as can be. */
  noiseReductionDb?: number;
  /** Whether synthetic noise takes the place of noise that goes with the echo. Default: below 20 dB. */
  comfortNoise?: boolean;
  /** Whether frequencies above 8 kHz follow what happens below (default) or are removed. */
  highBand?: boolean;
}

export interface Settings extends CommonSettings {
  /** Of microphone and output, 8000 to 192000 Hz; default 48000. */
  rate?: number;
  /** Of microphone and output, 1 (default) to 8. */
  channels?: number;
  /** The one of them to use, from 0 (default); -1: their mean. */
  micChannel?: number;
  /** Of the far end, if it is another; then the far end is queued. */
  farRate?: number;
  /** 0: far ends are given to process alone. 20 to 2000: they are queued, up to that long. */
  farQueueMs?: number;
  /** Every chunk is a multiple of 128 frames at 16 kHz, which saves 8 ms of latency. */
  wholeHops?: boolean;
  /** The most hops in one pass, 1 (default) to 64: more is faster for long chunks. */
  hopsAtOnce?: number;
}

/** What a canceller has seen since it was opened or reset. Levels in dB of full scale. */
export interface Stats {
  frames: number;
  micDb: number;
  farDb: number;
  outDb: number;
  peak: number;
  /** Microphone over output, in dB, where the far end is active. */
  erleDb: number;
  /** The same for the output of the linear filter. */
  linearErleDb: number;
  farActiveSeconds: number;
  farSilentSeconds: number;
  /** A delay is found or set. */
  aligned: boolean;
  /** How certain the delay is, 0 to 1; below 0.3 no echo is seen. */
  confidence: number;
  delayMs: number;
  driftPpm: number;
  realignments: number;
  linearDiverged: number;
  guardedSamples: number;
  micClippedSamples: number;
  farClippedSamples: number;
  farMissingFrames: number;
  farDroppedFrames: number;
}

/** One conversation, called by hand. Throws RangeError and TypeError for what is invalid. */
export class Canceller {
  constructor(assets: { module: WebAssembly.Module; model: ArrayBuffer | Uint8Array },
    settings?: Settings);
  readonly rate: number;
  readonly channels: number;
  readonly farRate: number;
  readonly farChannels: number;
  /** How many frames the output is behind the microphone: constant. */
  readonly latency: number;
  /** "simd128" or "plain". */
  readonly kernels: string;
  /** A snapshot. */
  readonly stats: Stats;
  /**
   * Takes frames of microphone and far end, and returns as many frames of near end: in `out`, which
   * may be `mic`, or in a new array. far null: silence, or with a queue what was pushed. With a queue
   * far may have any length and is pushed first.
   */
  process<T extends Samples>(mic: T, far?: T | null, out?: T): T;
  /** Queues far end that comes at another rate or at other times than the microphone. */
  pushFar(far: Samples): void;
  /** Reports that frames were lost since the last call. */
  notifyGap(micLost: number, farLost: number): void;
  /** Changes settings from the next 8 ms on, without a click. */
  set(settings: Pick<Settings, "suppression" | "noiseReductionDb" | "comfortNoise">): void;
  /** Back to the state after opening, statistics included; settings stay. */
  reset(): void;
  /** Gives the memory back. */
  close(): void;
}

export function createCanceller(settings?: Settings, assets?: Assets | Promise<Assets>):
  Promise<Canceller>;

export interface NodeOptions extends CommonSettings {
  assets?: Assets | Promise<Assets>;
  /** Where worklet.js is, if not beside the package's modules. */
  workletUrl?: string | URL;
  /** Seconds between "stats" events; default 0.25. */
  statsInterval?: number;
}

/** Statistics, with what a meter shows. */
export interface NodeStats extends Stats {
  /** Mean levels since the last event, in dB of full scale. */
  levels: { mic: number; far: number; out: number };
  /** What share of real time the canceller takes, over some seconds; 0 in an OfflineAudioContext. */
  load: number;
}

/** Why the output is the microphone as it is; null: it is not. */
export type NodeReason = "starting" | "bypass" | "overload" | "failed" | null;

export interface NodeEvents {
  stats: CustomEvent<NodeStats>;
  state: CustomEvent<{ reason: NodeReason; message?: string }>;
  /** Audio came too late: `lost` milliseconds of the last second, `load` the canceller's share. */
  late: CustomEvent<{ lost: number; load: number }>;
}

/** A node with the inputs microphone (0) and far end (1), and the near end as output: one channel. */
export class EchoCanceller extends AudioWorkletNode {
  /** From 0.5 on the output is the microphone, as late as the near end. */
  readonly bypass: AudioParam;
  /** The settings of these names; comfortNoise is on from 0.5. */
  readonly suppression: AudioParam;
  readonly noiseReductionDb: AudioParam;
  readonly comfortNoise: AudioParam;
  /** How far the output is behind the microphone, in seconds: constant. */
  readonly latency: number;
  readonly kernels: string;
  readonly reason: NodeReason;
  readonly stats: NodeStats | undefined;
  notifyGap(micLost: number, farLost: number): void;
  reset(): void;
  /** Ends the processor and disconnects the node. */
  close(): void;
  addEventListener<K extends keyof NodeEvents>(type: K, listener: (event: NodeEvents[K]) => void,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions): void;
}

/** Makes a node once it can run; fails with a message that says what is missing. */
export function createEchoCanceller(context: BaseAudioContext, options?: NodeOptions):
  Promise<EchoCanceller>;

export interface CaptureOptions extends NodeOptions {
  /** What the loudspeaker plays. */
  reference: AudioNode | MediaStream;
  /** Default: the reference's, or one of its own. */
  context?: AudioContext;
  /** Of the microphone, for instance { deviceId }. Processing by the browser is off. */
  constraints?: MediaTrackConstraints;
}

/**
 * Why the stream's track is the microphone as it is: "suspended", "bypass", "overload" or "failed";
 * why it is silent: "denied" or "ended"; null: it is clean.
 */
export type StreamReason = NodeReason | "suspended" | "denied" | "ended";

export interface StreamEvents {
  stats: CustomEvent<NodeStats>;
  state: CustomEvent<{ reason: StreamReason; message: string }>;
  late: CustomEvent<{ lost: number; load: number }>;
  /** The stream has another track: give it to RTCRtpSender.replaceTrack. */
  trackchange: CustomEvent<{ track: MediaStreamTrack; before: MediaStreamTrack }>;
}

/** The microphone without echo: a stream of one audio track. */
export class CleanStream extends MediaStream {
  readonly microphoneTrack: MediaStreamTrack;
  /** Undefined: it could not be made, and `reason` is "failed". */
  readonly canceller: EchoCanceller | undefined;
  readonly context: AudioContext;
  readonly reason: StreamReason;
  /** Stops the microphone and everything that was opened for it. */
  close(): void;
  addEventListener<K extends keyof StreamEvents>(type: K, listener: (event: StreamEvents[K]) => void,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions): void;
}

/**
 * Opens the microphone and gives it without the echo of the reference. Fails with a DOMException
 * where there is no microphone; whatever fails otherwise, the voice goes through.
 */
export function captureClean(options: CaptureOptions): Promise<CleanStream>;
