/* unecho in the browser. */
export { loadAssets, createCanceller } from "./assets.js";
export { Canceller } from "./canceller.js";
export { captureClean, CleanStream } from "./capture.js";
export { createEchoCanceller, EchoCanceller } from "./echo-canceller.js";
export { Playout } from "./playout.js";
