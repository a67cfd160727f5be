/** Cancellers, in WebAssembly and in the add-on for Node: what they take, tell and do. */

/** Float samples in [-1, 1], or 16-bit ones; several channels are interleaved. */
export type Samples = Float32Array | Int16Array;

/** The settings of any canceller. Defaults and ranges are those of unecho_config in unecho.h. */
export interface CommonSettings {
  /** What cancels the echo: a linear filter alone, or with the network (default). */
  engine?: "linear" | "linear-neural";
  /** How the far end is aligned: found and followed (default), by delayMs, or not at all. */
  align?: "auto" | "fixed" | "off";
  /** With align "fixed": how far the echo is behind the far end. */
  delayMs?: number;
  /** How late the far end may come after its echo, 0 (default) to 1000 ms. Adds that latency. */
  referenceLateMs?: number;
  /**
   * The arithmetic of the network. Default: "fp32" in WebAssembly, whose output is then that of the
   * native library but for rounding; "auto" in the add-on: int8 for a post-filter.
   */
  precision?: "auto" | "fp32" | "bf16" | "int8";
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
  /** Whether synthetic noise replaces noise that is removed with the echo. Default: below 20 dB. */
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
  /**
   * 0: far ends are given to process alone. 20 to 2000: they are queued, up to that long; default 1000
   * where farRate is given.
   */
  farQueueMs?: number;
  /** Every chunk is a multiple of 128 frames at 16 kHz, which saves 8 ms of latency. */
  wholeHops?: boolean;
  /** The most hops in one pass, 1 (default) to 64: more is faster for long chunks. */
  hopsAtOnce?: number;
}

/**
 * What a canceller has seen since it was opened or reset, or since nextCall. Levels in dB of full
 * scale.
 */
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
  /** Steps of 8 ms of output that were turned down, as they were louder than the microphone. */
  limitedHops: number;
  /** Those in which the network gave no usable numbers: the model is unsuitable. */
  failedHops: number;
  /** Levels of about the last 0.3 s. */
  micNowDb: number;
  farNowDb: number;
  outNowDb: number;
  /** Of about the last 3 s in which the far end was active. */
  erleNowDb: number;
  /**
   * The probability that the near end's talker speaks in the newest hop of 8 ms, or did within the
   * 100 ms before; -1 if unknown. For barge-in.
   */
  nearEndActive: number;
  /** The length of the hops in which it was at least 0.5. */
  nearEndSeconds: number;
}

/**
 * What the loudspeaker plays, which comes sooner than it is played: the far end of an agent. What is
 * played counts from the next frame of microphone on, and goes on without a gap as the microphone does;
 * where nothing waits it is silence. One Playout serves one canceller.
 */
export class Playout {
  /** Those of what is played: the farRate and farChannels of the canceller. */
  constructor(rate: number, channels?: number);
  readonly rate: number;
  readonly channels: number;
  /** How many frames have not been played yet. */
  readonly waiting: number;
  /**
   * Adds what is played, where it goes to the loudspeaker, after what waits: any length. More than
   * 300 s cannot wait: all of it is dropped, with a warning.
   */
  play(audio: Samples): void;
  /** Forgets what waits, where the loudspeaker does. */
  interrupt(): void;
  /** Plays nothing until `resume`; of what waits, the first `droppedMs` are never played. */
  pause(droppedMs?: number): void;
  /** Plays the rest. */
  resume(): void;
}

export interface AnyCanceller {
  readonly rate: number;
  readonly channels: number;
  readonly farRate: number;
  readonly farChannels: number;
  /** How many frames the output is behind the microphone: constant. */
  readonly latency: number;
  /** In WebAssembly "simd128" or "plain"; in Node natively "avx2", "neon", ... */
  readonly kernels: string;
  /** A snapshot. */
  readonly stats: Stats;
  /**
   * Takes frames of microphone and far end, and returns as many frames of near end: in `out`, which
   * may be `mic`, or in a new array. far null: silence, or with a queue what was pushed. With a queue
   * far may have any length and is pushed first, or be a Playout.
   */
  process<T extends Samples>(mic: T, far?: T | Playout | null, out?: T): T;
  /**
   * Queues far end at the pace at which it is played, silence included while nothing plays. Where more
   * than farQueueMs waits it is dropped; the first time a warning says so. What comes sooner than it is
   * played goes into a Playout.
   */
  pushFar(far: Samples): void;
  /**
   * Reports that frames were lost since the last call. Frames of far end that were pushed and are never
   * played count as lost by the microphone, in frames of its rate.
   */
  notifyGap(micLost: number, farLost: number): void;
  /** Changes settings from the next 8 ms on, without a click. */
  set(settings: Pick<Settings, "suppression" | "noiseReductionDb" | "comfortNoise">): void;
  /** Back to the state after opening, statistics included; settings stay. */
  reset(): void;
  /**
   * Begins another call on the same devices in the same room: like `reset`, but what was learned of them
   * is kept: the delay, the drift of the clocks, the echo path and the noise. So the echo is cancelled
   * from the first word on. Takes about as long as to process a second of silence.
   */
  nextCall(): void;
  /** Gives the memory back. */
  close(): void;
}
