/* unecho in Node: the canceller without WebAudio. */
import { readFile } from "node:fs/promises";
import { withReader } from "./load.js";

export { Canceller } from "./canceller.js";
export { Playout } from "./playout.js";
export const { loadAssets, createCanceller } = withReader(async (url) => {
  const file = await readFile(url);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
});
