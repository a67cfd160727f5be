/** Acoustic echo cancellation for browsers and Node. */
import type { AnyCanceller, CommonSettings, Settings, Stats } from "./types.js";

export * from "./types.js";

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

/** One conversation, called by hand. Throws RangeError and TypeError for what is invalid. */
export interface Canceller extends AnyCanceller {}
export class Canceller {
  constructor(assets: { module: WebAssembly.Module; model: ArrayBuffer | Uint8Array },
    settings?: Settings);
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
  /** Another call on the same devices begins: see AnyCanceller. Sound may drop out meanwhile. */
  nextCall(): void;
  /** Ends the processor and disconnects the node. */
  close(): void;
  addEventListener<K extends keyof NodeEvents>(type: K, listener: (event: NodeEvents[K]) => void,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof NodeEvents>(type: K, listener: (event: NodeEvents[K]) => void,
    options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions): void;
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
  /** More about the reason, for a log; may be empty. */
  readonly message: string;
  /** Stops the microphone and everything that was opened for it. */
  close(): void;
  addEventListener<K extends keyof StreamEvents>(type: K, listener: (event: StreamEvents[K]) => void,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof StreamEvents>(type: K, listener: (event: StreamEvents[K]) => void,
    options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions): void;
}

/**
 * Opens the microphone and gives it without the echo of the reference. Fails with a DOMException
 * where there is no microphone; whatever fails otherwise, the voice goes through.
 */
export function captureClean(options: CaptureOptions): Promise<CleanStream>;
