// The page's worker, for browsers: loads the module, and offers the host through Comlink.

import { expose } from "comlink";
import { loadModule } from "../src/hardware/module.ts";
import { holdLock } from "./lifeline.ts";
import type { PageParts } from "./page-host.ts";
import { createPageHost } from "./page-host.ts";

/** Of the release; vite.config.ts and vitest.config.ts put it here. */
declare const pageVersion: string;

/** First digits of the module's SHA-256, as traces name it; "" where the page is no secure context. */
async function hashOf(bytes: Uint8Array): Promise<string> {
  const subtle = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (subtle === undefined) return "";
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes.slice()));
  return [...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function load(): Promise<PageParts> {
  const { module, bytes } = await loadModule();
  return { module, tool: { version: pageVersion, moduleHash: await hashOf(bytes) } };
}

expose(Object.assign(createPageHost(load()), { lock: holdLock }));
