/* What is wrong with arguments, by name, and what a program is told without an exception. */

/** The number of frames in interleaved samples; with `like`, of its type. */
export function checkSamples(name, samples, channels, frames, like) {
  if (!(samples instanceof Float32Array || samples instanceof Int16Array))
    throw new TypeError(`${name} must be a Float32Array or an Int16Array`);
  // Without the property, in older engines, such an array is one without samples.
  if (samples.buffer.detached) throw new TypeError(`${name} has a detached buffer`);
  if (like && samples.constructor !== like.constructor)
    throw new TypeError(`${name} is ${samples.constructor.name}, expected ${like.constructor.name}`);
  const found = samples.length / channels;
  if (!Number.isInteger(found) || (frames !== undefined && found !== frames))
    throw new RangeError(`${name} has ${samples.length} samples, expected ` +
      (frames === undefined ? `a multiple of ${channels}` : `${frames * channels}`));
  return found;
}

/** Refuses an `out` that shares memory with other samples, unless it is the `same` and may be. */
export function checkOverlap(out, name, samples, same) {
  const a = out.byteOffset, b = samples.byteOffset;
  if (out.buffer !== samples.buffer || a >= b + samples.byteLength || b >= a + out.byteLength ||
    (same && a === b)) return;
  throw new RangeError(`out overlaps ${name}`);
}

/** A number of something. */
export function checkWhole(name, value, least = 0) {
  if (typeof value !== "number")
    throw new TypeError(`${name} is ${String(value)}, expected a whole number`);
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(`${name} is ${value}, expected a whole number, ${least} or more`);
  return value;
}

/** In Node a warning is an event of the process, which programs log and may turn off. */
export function warn(text) {
  const { process } = globalThis;
  if (process?.emitWarning) process.emitWarning(text);
  else console.warn(text);
}
