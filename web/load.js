/*
 * The bytes that a canceller needs, the WebAssembly module that fits this engine and the model, and
 * cancellers made of them. How bytes are read is for assets.js and index.node.js to say.
 */
import { Canceller, compile } from "./canceller.js";

/** The smallest module with a vector instruction. */
const VECTORS = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11,
]);

/** Spelled out, so that bundlers see which files belong to the package. */
const URLS = {
  simd: new URL("./unecho-simd.wasm", import.meta.url),
  scalar: new URL("./unecho-scalar.wasm", import.meta.url),
  model: new URL("./unecho-post.onnx", import.meta.url),
};

/** The functions that need `read`, from a URL to a promise of an ArrayBuffer. */
export function withReader(read) {
  const kept = new Map();

  /** Reads a file once; after a failure again when it is asked for again. */
  function bytes(url) {
    const key = String(url);
    if (!kept.has(key)) {
      const reading = read(new URL(url, globalThis.location?.href));
      kept.set(key, reading);
      reading.catch(() => kept.delete(key));
    }
    return kept.get(key);
  }

  async function loadAssets({ simd = WebAssembly.validate(VECTORS), urls = {} } = {}) {
    const from = { ...URLS, ...urls };
    const [wasm, model] = await Promise.all([
      bytes(simd ? from.simd : from.scalar),
      bytes(from.model),
    ]);
    return { wasm, model };
  }

  async function createCanceller(settings = {}, assets = loadAssets()) {
    const { wasm, model } = await assets;
    return new Canceller({ module: await compile(wasm), model }, settings);
  }

  return { loadAssets, createCanceller };
}
