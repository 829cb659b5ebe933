// 32-bit register accesses through an ioremap handle; "stored" hands every record out, "digested" only digests.

import { createPlatform } from "../src/hardware/platform.ts";
import { build } from "./machine.ts";
import type { Measured } from "./main.ts";
import { median } from "./main.ts";

const accesses = 2_000_000;

export function measureAccess(module: WebAssembly.Module): Measured[] {
  const hardware = build(module);
  const handle = createPlatform(hardware).ioremap(0xfe00_1000n, 0x1000n);
  const reads = (): void => {
    for (let i = 0; i < accesses; i++) handle.read32((i & 31) << 2);
  };
  const writes = (): void => {
    for (let i = 0; i < accesses; i++) handle.write32(0x90, (i << 28) >>> 0);
  };
  const results = [median("32-bit reads, digested", accesses, reads), median("32-bit writes, digested", accesses, writes)];
  let words = 0;
  hardware.storeTrace((chunk) => void (words += chunk.length));
  results.push(median("32-bit reads, digested and stored", accesses, reads), median("32-bit writes, digested and stored", accesses, writes));
  return results;
}
