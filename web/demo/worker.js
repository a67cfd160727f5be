/* Cleans a recording, off the page's thread. */
import { createCanceller } from "../unecho/index.js";

/** Seconds between two looks at the statistics. */
const LOOK = 0.25;

/** The output on the microphone's timeline, and what the canceller thought on the way. */
async function clean({ mic, far, rate, settings }) {
  const canceller = await createCanceller({ rate, hopsAtOnce: 8, ...settings });
  const { latency, kernels } = canceller;
  const out = new Float32Array(mic.length + latency);
  const part = (samples, at, n) => {
    const piece = new Float32Array(n);
    piece.set(samples.subarray(at, at + n));
    return piece;
  };
  const looks = [];
  const step = Math.round(LOOK * rate);
  let busy = 0;
  for (let at = 0; at < out.length; at += step) {
    const n = Math.min(step, out.length - at);
    const began = performance.now();
    canceller.process(part(mic, at, n), part(far, at, n), out.subarray(at, at + n));
    busy += performance.now() - began;
    const { delayMs, confidence, aligned, erleDb } = canceller.stats;
    looks.push({ delayMs, confidence, aligned, erleDb });
    postMessage({ type: "progress", value: at / out.length });
  }
  const result = out.slice(latency);
  const load = busy / 1000 / (out.length / rate);
  postMessage({ type: "done", clean: result, looks, look: LOOK, load, latency: latency / rate, kernels },
    [result.buffer]);
}

onmessage = ({ data }) =>
  clean(data).catch((error) => postMessage({ type: "failed", message: error.message }));
