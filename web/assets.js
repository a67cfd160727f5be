/* What a browser loads. */
import { withReader } from "./load.js";

async function fetchBytes(url) {
  const response = await fetch(url).catch((error) => {
    throw new Error(`${url} cannot be loaded: ${error.message}. ` +
      "A content security policy must allow it in connect-src", { cause: error });
  });
  if (!response.ok) throw new Error(`${url} cannot be loaded: HTTP status ${response.status}`);
  return response.arrayBuffer();
}

export const { loadAssets, createCanceller } = withReader(fetchBytes);
