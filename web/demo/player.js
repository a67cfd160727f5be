/* Plays signals of the same length together, one of them to be heard. */
export class Player extends EventTarget {
  #context;
  #buffers;
  #sources = [];
  #gains = {};
  #heard;
  #began = 0; // the context's time at position 0
  #position = 0;

  /** signals: name → samples. */
  constructor(signals, rate, heard) {
    super();
    this.#context = new AudioContext();
    this.#heard = heard;
    this.#buffers = Object.entries(signals).map(([name, samples]) => {
      const buffer = new AudioBuffer({ length: samples.length, sampleRate: rate });
      buffer.copyToChannel(samples, 0);
      return [name, buffer];
    });
    this.duration = this.#buffers[0][1].duration;
  }

  get playing() { return this.#sources.length > 0; }

  get position() {
    return this.playing ? Math.min(this.duration, this.#context.currentTime - this.#began)
      : this.#position;
  }

  set position(seconds) {
    const resume = this.playing;
    this.#stop();
    this.#position = Math.min(this.duration, Math.max(0, seconds));
    if (resume) this.play();
    else this.dispatchEvent(new Event("change"));
  }

  play() {
    if (this.#position >= this.duration - 0.05) this.#position = 0;
    this.#context.resume();
    const now = this.#context.currentTime + 0.02;
    for (const [name, buffer] of this.#buffers) {
      const gain = new GainNode(this.#context, { gain: name === this.#heard ? 1 : 0 });
      const source = new AudioBufferSourceNode(this.#context, { buffer });
      source.connect(gain).connect(this.#context.destination);
      source.start(now, this.#position);
      this.#gains[name] = gain;
      this.#sources.push(source);
    }
    this.#began = now - this.#position;
    this.#sources[0].onended = () => this.pause();
    this.dispatchEvent(new Event("change"));
  }

  pause() {
    this.#position = this.position;
    this.#stop();
    this.dispatchEvent(new Event("change"));
  }

  #stop() {
    for (const source of this.#sources) {
      source.onended = null;
      source.stop();
    }
    this.#sources = [];
    this.#gains = {};
  }

  listen(name) {
    this.#heard = name;
    for (const [other, { gain }] of Object.entries(this.#gains))
      gain.setTargetAtTime(other === name ? 1 : 0, this.#context.currentTime, 0.01);
  }

  close() {
    this.#stop();
    this.#context.close();
  }
}
