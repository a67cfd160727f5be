/* What a browser loads. */
import { withReader } from "./load.js";

async function fetchBytes(url) {
  const response = await fetch(url).catch((error) => {
    throw new Error(`${url} cannot be loaded: ${error.message}. ` +
      "If the page has a content security policy, it must allow this in connect-src", { cause: error });
  });
  if (!response.ok) throw new Error(`${url} cannot be loaded: HTTP status ${response.status}`);
  // What servers of single-page applications send instead of files that they do not have.
  if (response.headers.get("content-type")?.startsWith("text/html"))
    throw new Error(`${url} cannot be loaded: the server sends a web page instead`);
  return response.arrayBuffer();
}

export const { loadAssets, createCanceller } = withReader(fetchBytes);
