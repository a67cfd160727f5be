/* What is wrong with arguments, by name, and what a program is told without an exception. */

const { get: typeName } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Int8Array.prototype), Symbol.toStringTag);

/**
 * The class of samples, undefined for anything else. By what the array holds: `instanceof` does not
 * know one of a frame or a test runner, which has classes of its own, and a subclass has another
 * constructor.
 */
export function kindOf(samples) {
  const name = Reflect.apply(typeName, samples, []);
  return name === "Float32Array" ? Float32Array : name === "Int16Array" ? Int16Array : undefined;
}

/** A value in a message: some have no text. */
export function textOf(value) {
  try {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  } catch {
    return "an object";
  }
}

/** The number of frames in interleaved samples; with `like`, of its type. */
export function checkSamples(name, samples, channels, frames, like) {
  const kind = kindOf(samples);
  if (!kind) throw new TypeError(`${name} must be a Float32Array or an Int16Array`);
  // Without the property, in older engines, such an array is one without samples.
  if (samples.buffer.detached) throw new TypeError(`${name} has a detached buffer`);
  if (like && kind !== kindOf(like))
    throw new TypeError(`${name} is ${kind.name}, expected ${kindOf(like).name}`);
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
    throw new TypeError(`${name} is ${textOf(value)}, expected a whole number`);
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
