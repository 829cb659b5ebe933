// Heap that a read takes, in a process of its own whose young generation is large enough that nothing is collected meanwhile. Run by registers.ts:
// node --expose-gc --min-semi-space-size=512 --max-semi-space-size=512 allocation.js; prints name and bytes a read as JSON.

import { fileURLToPath } from "node:url";
import { loadModule } from "../src/hardware/module.ts";
import { userReads } from "./user-reads.ts";

const reads = 10_000_000;
const warmUp = 400_000;

declare const gc: () => void;

async function main(): Promise<void> {
  const { module } = await loadModule();
  const found = userReads(module).map(({ name, run }) => {
    for (let i = 0; i < 3; i++) run(warmUp);
    gc();
    const before = process.memoryUsage().heapUsed;
    run(reads);
    return [name, (process.memoryUsage().heapUsed - before) / reads] as const;
  });
  process.stdout.write(JSON.stringify(Object.fromEntries(found)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
