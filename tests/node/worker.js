/* A thread that runs streams and posts the last one's output. */
import { parentPort, workerData } from "node:worker_threads";

import { Canceller } from "unecho-native";

const { rate, mic, far, turns } = workerData;

for (let turn = 0; turn < turns; turn++) {
  const canceller = new Canceller({ rate });
  const out = new Float32Array(mic.length);
  for (let at = 0; at < mic.length; at += 320)
    canceller.process(mic.subarray(at, at + 320), far.subarray(at, at + 320),
      out.subarray(at, at + 320));
  if (turn === turns - 1) parentPort.postMessage(out.subarray(canceller.latency));
}
