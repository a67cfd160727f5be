/*
 * Settings and statistics by name, of every canceller here: in WebAssembly and in the add-on for Node.
 * Both take and give arrays of numbers with the names of fields.h.
 */

/** How much far end may wait for the microphone where only farRate is given, in milliseconds. */
const FAR_QUEUE_MS = 1000;

/** The values of settings that have names; their numbers are those of unecho.h. */
const CHOICES = {
  engine: { linear: 1, "linear-neural": 2 },
  align: { auto: 0, fixed: 1, off: 2 },
  precision: { fp32: 0, bf16: 1, int8: 2, auto: 3 },
};
const FLAGS = ["wholeHops", "highBand", "comfortNoise"];
const SIGNED = ["micChannel", "delayMs"];
const FRACTIONS = ["delayMs", "suppression"];
/** The settings that change while it runs. */
const LIVE = {
  suppression: "set_suppression",
  noiseReductionDb: "set_noise_reduction_db",
  comfortNoise: "set_comfort_noise",
};
const RENAMED = { sampleRate: "rate", micChannels: "channels" };

const camelCase = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** The names in a list of fields, as JavaScript has them. */
export const namesOf = (fields) => fields.trim().split(" ").map(camelCase)
  .map((name) => RENAMED[name] ?? name);

/** The number that a canceller takes for a setting. The library checks the ranges. */
function numberOf(name, value) {
  const choices = CHOICES[name];
  if (choices) {
    if (Object.hasOwn(choices, value)) return choices[value];
    const known = Object.keys(choices).map((choice) => `"${choice}"`);
    throw new RangeError(`${name} is ${JSON.stringify(value)}, expected ${known.join(" or ")}`);
  }
  if (FLAGS.includes(name)) {
    if (typeof value === "boolean") return Number(value);
    throw new TypeError(`${name} is ${value}, expected true or false`);
  }
  if (typeof value !== "number") throw new TypeError(`${name} is ${value}, expected a number`);
  const least = SIGNED.includes(name) ? -0x80000000 : 0;
  const whole = FRACTIONS.includes(name) || Number.isInteger(value);
  if (whole && value >= least && value < 0x80000000) return value;
  throw new RangeError(`${name} is ${value}, expected a whole number in its range`);
}

/** Writes settings over the library's defaults, and tells what samples the canceller takes. */
export function writeSettings(settings, names, numbers) {
  const at = (name) => names.indexOf(name);
  numbers[at("rate")] = 48000;
  if (settings.farRate !== undefined) numbers[at("farQueueMs")] = FAR_QUEUE_MS;
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    if (at(name) < 0)
      throw new TypeError(`unknown setting ${name}: expected one of ${names.join(", ")}`);
    numbers[at(name)] = numberOf(name, value);
  }
  const rate = numbers[at("rate")];
  return {
    rate,
    channels: numbers[at("channels")],
    farRate: numbers[at("farRate")] || rate,
    farChannels: numbers[at("farChannels")],
    queued: numbers[at("farQueueMs")] > 0,
  };
}

/** Changes settings of a running canceller by its functions set_... */
export function changeSettings(settings, functions) {
  for (const [name, value] of Object.entries(settings)) {
    if (!Object.hasOwn(LIVE, name))
      throw new TypeError(`${name} cannot be set: expected one of ${Object.keys(LIVE).join(", ")}`);
    if (functions[LIVE[name]](numberOf(name, value)) < 0)
      throw new RangeError(`${name} is ${value}, which is out of range`);
  }
}

/** Statistics as an object. */
export function readStats(names, values) {
  const found = {};
  names.forEach((name, i) => (found[name] = values[i]));
  found.aligned = found.aligned !== 0;
  return found;
}
