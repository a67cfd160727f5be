/** Acoustic echo cancellation for Node, as machine code. */
import type { AnyCanceller, Settings } from "./types.js";

export * from "./types.js";

/** One conversation. Throws RangeError and TypeError for what is invalid. */
export interface Canceller extends AnyCanceller {}
export class Canceller {
  constructor(settings?: Settings);
}

export function createCanceller(settings?: Settings): Promise<Canceller>;
