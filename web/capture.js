/* The microphone without echo as a MediaStream, for WebRTC and recorders. */
import { createEchoCanceller } from "./echo-canceller.js";

/** What the browser must leave to the canceller, which needs the microphone as it is. */
const UNPROCESSED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

const GESTURES = ["pointerdown", "keydown"];

const Base = globalThis.MediaStream ?? class {};

/**
 * A stream with one audio track. As long as the context runs, the track is that of the canceller's
 * output; while it cannot, it is the microphone's own, so that the voice goes through.
 */
export class CleanStream extends Base {
  #context;
  #ownsContext;
  #constraints;
  #microphone;
  #source;
  #reference;
  #player; // keeps a remote stream flowing
  #node;
  #output;
  #reason = "starting";
  #message = "";
  #closed = false;
  #lost = false; // the microphone
  #turn = Promise.resolve(); // one search for a microphone after the other
  #update = () => this.#choose();
  #search = () => (this.#turn = this.#turn.then(() => this.#reopen()));
  #resume = () => this.#context.resume().catch(() => {});

  /** @internal captureClean opens it. */
  async open({ reference, context, constraints = {}, ...options }) {
    this.#context = context ?? reference.context ?? new AudioContext();
    this.#ownsContext = !context && !reference.context;
    this.#constraints = { audio: { ...UNPROCESSED, ...constraints } };
    try {
      await this.#openMicrophone();
    } catch (error) {
      this.close();
      throw error;
    }
    try {
      this.#node = await createEchoCanceller(this.#context, options);
      this.#connect(reference);
    } catch (error) {
      this.#fail(error);
      return this;
    }
    this.#context.addEventListener("statechange", this.#update);
    // A context of the page's is the page's to start and stop.
    if (this.#ownsContext)
      for (const gesture of GESTURES) globalThis.addEventListener(gesture, this.#resume);
    this.#choose();
    return this;
  }

  async #openMicrophone() {
    const devices = globalThis.navigator?.mediaDevices;
    if (!devices)
      throw new DOMException("there is no microphone here: the page must come over HTTPS or localhost",
        "NotSupportedError");
    try {
      this.#microphone = await devices.getUserMedia(this.#constraints);
    } catch (error) {
      const why = error.name === "NotAllowedError" ? "the microphone was denied" :
        error.name === "NotFoundError" ? "no microphone was found" : "the microphone cannot be opened";
      throw new DOMException(`${why}: ${error.message || error.constraint}`, error.name);
    }
    this.microphoneTrack.addEventListener("ended", () => {
      this.#lost = true;
      this.#search();
    });
  }

  #connect(reference) {
    const context = this.#context;
    this.#output = context.createMediaStreamDestination();
    this.#output.channelCount = 1;
    this.#node.connect(this.#output);
    this.#node.addEventListener("state", ({ detail }) => this.#choose(detail.message));
    this.#node.addEventListener("stats", ({ detail }) => this.#dispatch("stats", detail));
    this.#node.addEventListener("late", ({ detail }) => this.#dispatch("late", detail));
    this.#source = context.createMediaStreamSource(this.#microphone);
    this.#source.connect(this.#node, 0, 0);
    let played = reference;
    if (reference instanceof MediaStream) {
      // Chrome lets the sound of a remote stream into WebAudio only while an element plays it, too.
      this.#player = new Audio();
      this.#player.muted = true;
      this.#player.srcObject = reference;
      this.#player.play().catch(() => {});
      played = context.createMediaStreamSource(reference);
    }
    played.connect(this.#node, 0, 1);
    this.#reference = played;
  }

  /** The device is gone, or the permission: take the one that is left, or the next that comes. */
  async #reopen() {
    if (this.#closed || !this.#lost) return;
    const devices = navigator.mediaDevices;
    devices.addEventListener("devicechange", this.#search);
    let denied = false;
    try {
      await this.#openMicrophone();
      this.#lost = false;
    } catch (error) {
      denied = error.name === "NotAllowedError"; // and is not asked again
      if (!this.#closed) this.#say(denied ? "denied" : "ended", error.message);
    }
    if (this.#closed || denied || !this.#lost)
      devices.removeEventListener("devicechange", this.#search);
    if (this.#lost) return;
    if (this.#closed) {
      this.microphoneTrack.stop();
      return;
    }
    try {
      this.#source?.disconnect();
      this.#source = this.#context.createMediaStreamSource(this.#microphone);
      this.#source.connect(this.#node, 0, 0);
    } catch (error) {
      // No canceller, or a device whose rate the context does not take.
      this.#fail(error);
      return;
    }
    this.#choose();
  }

  /** From now on the microphone is all there is. */
  #fail(error) {
    this.#context.removeEventListener("statechange", this.#update);
    this.#node?.close();
    this.#node = undefined;
    this.#say("failed", error.message);
    this.#use(this.microphoneTrack);
  }

  /** The track that fits the state of context and canceller. */
  #choose(message) {
    if (this.#closed || this.#lost || !this.#node) return;
    const { reason } = this.#node;
    if (reason === "failed") {
      // The canceller's output may be silence.
      this.#use(this.microphoneTrack);
      this.#say("failed", message);
    } else if (this.#context.state === "running") {
      this.#use(this.#output.stream.getAudioTracks()[0]);
      this.#say(reason === "starting" ? null : reason, message);
    } else {
      this.#use(this.microphoneTrack);
      this.#say("suspended", `the AudioContext is ${this.#context.state}`);
    }
  }

  #use(track) {
    const [before] = this.getAudioTracks();
    if (before === track) return;
    if (before) this.removeTrack(before);
    this.addTrack(track);
    if (before) this.#dispatch("trackchange", { track, before });
  }

  #say(reason, message = "") {
    if (this.#reason === reason) return;
    this.#reason = reason;
    this.#message = message;
    this.#dispatch("state", { reason, message });
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** The microphone as the browser gives it. */
  get microphoneTrack() { return this.#microphone?.getAudioTracks()[0]; }
  /** The EchoCanceller; undefined: it could not be made. */
  get canceller() { return this.#node; }
  get context() { return this.#context; }
  /**
   * Why the microphone comes as it is: "suspended", "bypass", "overload" or "failed", or why it does
   * not come at all: "denied" or "ended"; null: the stream is clean.
   */
  get reason() { return this.#reason; }
  /** More about the reason, for a log; may be empty. */
  get message() { return this.#message; }

  /** Stops the microphone and everything that was opened for it. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#lost) navigator.mediaDevices.removeEventListener("devicechange", this.#search);
    this.#context.removeEventListener("statechange", this.#update);
    for (const gesture of GESTURES) globalThis.removeEventListener(gesture, this.#resume);
    for (const track of [...(this.#microphone?.getTracks() ?? []), ...this.getTracks()]) track.stop();
    this.#source?.disconnect();
    if (this.#player) {
      this.#player.srcObject = null;
      this.#reference?.disconnect();
    } else if (this.#reference && this.#node) {
      this.#reference.disconnect(this.#node, 0, 1);
    }
    this.#node?.close();
    if (this.#ownsContext && this.#context.state !== "closed") this.#context.close();
  }
}

/**
 * Opens the microphone and gives it without the echo of `reference`, an AudioNode or a MediaStream
 * that is played. Fails where there is no microphone.
 */
export async function captureClean(options) {
  const { reference } = options ?? {};
  if (!(reference instanceof AudioNode || reference instanceof MediaStream))
    throw new TypeError("reference must be an AudioNode or a MediaStream");
  return new CleanStream().open(options);
}
