/* A worklet that passes on what it hears: each input's first channel, in turn. */
const SIZE = 4096;

registerProcessor("recorder", class extends AudioWorkletProcessor {
  #parts;
  #filled = 0;

  process(inputs) {
    this.#parts ??= inputs.map(() => new Float32Array(SIZE));
    inputs.forEach(([samples], i) => {
      if (samples) this.#parts[i].set(samples, this.#filled);
    });
    this.#filled += 128;
    if (this.#filled === SIZE) {
      this.port.postMessage(this.#parts, this.#parts.map(({ buffer }) => buffer));
      this.#parts = undefined;
      this.#filled = 0;
    }
    return true;
  }
});
