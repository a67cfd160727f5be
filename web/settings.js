/*
 * Settings and statistics by name, of every canceller here: in WebAssembly and in the add-on for Node.
 * Both take and give arrays of numbers with the names of fields.h.
 */

import { textOf } from "./checks.js";

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

/** What JavaScript calls a field. */
function nameOf(field) {
  const name = field.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  return RENAMED[name] ?? name;
}

/** The names in a list of fields, as JavaScript has them. */
export const namesOf = (fields) => fields.trim().split(" ").map(nameOf);

/** A message of the library with the names of settings that JavaScript has. */
export const inNames = (message, names) => message.replace(/\b[a-z]+(?:_[a-z]+)+\b/g,
  (word) => names.includes(nameOf(word)) ? nameOf(word) : word);

/** The number that a canceller takes for a setting. The library checks the ranges. */
function numberOf(name, value) {
  const choices = CHOICES[name];
  if (choices) {
    if (typeof value === "string" && Object.hasOwn(choices, value)) return choices[value];
    const known = Object.keys(choices).map((choice) => `"${choice}"`);
    throw new RangeError(`${name} is ${textOf(value)}, expected ${known.join(" or ")}`);
  }
  if (FLAGS.includes(name)) {
    if (typeof value === "boolean") return Number(value);
    throw new TypeError(`${name} is ${textOf(value)}, expected true or false`);
  }
  if (typeof value !== "number") throw new TypeError(`${name} is ${textOf(value)}, expected a number`);
  const least = SIGNED.includes(name) ? -0x80000000 : 0;
  const fraction = FRACTIONS.includes(name);
  if ((fraction || Number.isInteger(value)) && value >= least && value < 0x80000000) return value;
  throw new RangeError(
    `${name} is ${value}, expected a ${fraction ? "" : "whole "}number in its range`);
}

/** Names and values of settings; undefined is as good as none. */
function given(settings) {
  const isArray = Array.isArray(settings);
  if (settings === null || typeof settings !== "object" || isArray)
    throw new TypeError(`settings are ${isArray ? "an array" : String(settings)}, expected an object`);
  return Object.entries(settings).filter(([, value]) => value !== undefined);
}

/** Writes settings over the library's defaults, and returns what the canceller must know of them. */
export function writeSettings(settings, names, numbers) {
  const at = (name) => names.indexOf(name);
  const changes = given(settings);
  numbers[at("rate")] = 48000;
  if (changes.some(([name]) => name === "farRate")) numbers[at("farQueueMs")] = FAR_QUEUE_MS;
  for (const [name, value] of changes) {
    if (at(name) < 0)
      throw new TypeError(`unknown setting ${name}: expected one of ${names.join(", ")}`);
    numbers[at(name)] = numberOf(name, value);
  }
  if (numbers[at("delayMs")] !== 0 && numbers[at("align")] !== CHOICES.align.fixed)
    throw new RangeError(`delayMs is ${numbers[at("delayMs")]}, which needs align: "fixed"`);
  const rate = numbers[at("rate")];
  return {
    rate,
    channels: numbers[at("channels")],
    farRate: numbers[at("farRate")] || rate,
    farChannels: numbers[at("farChannels")],
    farQueueMs: numbers[at("farQueueMs")],
    wholeHops: numbers[at("wholeHops")] !== 0,
    live: Object.fromEntries(Object.keys(LIVE).map((name) => [name, numbers[at(name)]])),
  };
}

/** Changes settings of a running canceller, all or none, by its functions set_...; `live` follows. */
export function changeSettings(settings, functions, live) {
  const changes = given(settings).map(([name, value]) => {
    if (Object.hasOwn(LIVE, name)) return [name, numberOf(name, value)];
    throw new TypeError(`${name} cannot be set: expected one of ${Object.keys(LIVE).join(", ")}`);
  });
  for (const [name, number] of changes) {
    if (functions[LIVE[name]](number) >= 0) continue;
    for (const [each] of changes) functions[LIVE[each]](live[each]);
    throw new RangeError(`${name} is ${number}, which is out of range`);
  }
  Object.assign(live, Object.fromEntries(changes));
}

/** Statistics as an object. */
export function readStats(names, values) {
  const found = {};
  names.forEach((name, i) => (found[name] = values[i]));
  found.aligned = found.aligned !== 0;
  return found;
}
