/* unecho in Node: the canceller. What needs a browser is here, too, for pages that are rendered in Node. */
import { readFile } from "node:fs/promises";
import { withReader } from "./load.js";

export { Canceller } from "./canceller.js";
export { captureClean, CleanStream } from "./capture.js";
export { createEchoCanceller, EchoCanceller } from "./echo-canceller.js";
export { Playout } from "./playout.js";
export const { loadAssets, createCanceller } = withReader(async (url) => {
  const file = await readFile(url);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
});
