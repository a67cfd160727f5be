/* The bundled sample as 16-bit WAV files in UNECHO_SAMPLES, and what is measured on it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const RATE = 16000;

/** A 16-bit mono WAV file. */
function readWav(name) {
  const file = readFileSync(join(process.env.UNECHO_SAMPLES, name));
  const data = file.indexOf("data") + 8;
  return new Int16Array(file.buffer.slice(file.byteOffset + data, file.byteOffset + file.length));
}

export const toFloat = (samples) => Float32Array.from(samples, (sample) => sample / 32768);

export const mic16 = readWav("meeting_mic.wav");
export const far16 = readWav("meeting_far.wav");
export const mic = toFloat(mic16);
export const far = toFloat(far16);

const scene = JSON.parse(readFileSync(join(process.env.UNECHO_SAMPLES, "meeting.json")));
export const FAR_ALONE = scene.far_end_single_talk;
export const NEAR_ALONE = scene.near_end_single_talk;

const power = (samples) => samples.reduce((sum, x) => sum + x * x, 0) / samples.length;

/** How much louder, in dB, `after` is than `before`, from one second to another. */
export function change(before, after, [from, to], rate = RATE) {
  const part = (samples) => samples.subarray(from * rate, to * rate);
  return 10 * Math.log10(power(part(after)) / power(part(before)));
}

/** The output in frames of n samples, on the microphone's timeline. */
export function stream(canceller, n, heard = mic, played = far) {
  const out = new heard.constructor(heard.length);
  for (let at = 0; at < heard.length; at += n)
    canceller.process(heard.subarray(at, at + n), played.subarray(at, at + n),
      out.subarray(at, at + n));
  return out.subarray(canceller.latency);
}

/** How far, in dB, the difference of two signals is below the first. */
export function distance(a, b) {
  const n = Math.min(a.length, b.length);
  return 10 * Math.log10(
    power(a.subarray(0, n)) / power(a.subarray(0, n).map((x, i) => x - b[i])));
}

/** What the command line makes of the sample in chunks of 20 ms. */
export function commandLine(...options) {
  const folder = mkdtempSync(join(tmpdir(), "unecho-"));
  try {
    writeFileSync(join(folder, "mic.f32"), mic);
    writeFileSync(join(folder, "far.f32"), far);
    execFileSync(process.env.UNECHO_TOOL, ["process", "--quiet", "--raw", "f32le", "--rate", RATE,
      "--chunk", "320", "--reference-late", "0", ...options, "mic.f32", "far.f32", "-o", "near.f32"],
    { cwd: folder });
    const { buffer, byteOffset, length } = readFileSync(join(folder, "near.f32"));
    return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
