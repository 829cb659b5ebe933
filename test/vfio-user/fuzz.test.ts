// A hostile client of vfio-user neither ends the server, nor keeps it, nor makes it grow. 5,000 messages here; CXL_SANDBOX_VFIO_MESSAGES says how many (npm run campaign).

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { openSockets, socketFile } from "../../src/vfio-user/sockets.ts";
import { registerTable } from "../support/register-table.ts";
import { readCommand } from "../support/vfio-client.ts";
import { liveClient } from "../support/vfio-live.ts";
import type { FuzzSummary } from "./fuzz.ts";
import { fuzzMessages, fuzzStream } from "./fuzz.ts";

const count = Number(process.env["CXL_SANDBOX_VFIO_MESSAGES"] ?? "5000");
const batch = 50_000;
/** Clients at a real socket, each with some hundred messages. */
const dropped = Math.max(20, Math.floor(count / 10_000));
/** Bytes of the heap that are compiled code, tables of the engine and the like, however many messages come. */
const allowedGrowth = 4 * 1024 * 1024;

setFlagsFromString("--expose_gc");
const collect = runInNewContext("gc") as () => void;
/** Bytes in use with everything collected that nobody holds, buffers among it. */
function inUse(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe("hostile clients", () => {
  it("are answered, message by message, or sent away; nothing is left of them", { timeout: 3_600_000 }, () => {
    const served = registerTable(false);
    // What the engine makes of the code is there before anything is measured.
    fuzzMessages(0, 2000, served);
    const before = inUse();
    const started = process.hrtime.bigint();
    let total: FuzzSummary = { messages: 0, taken: 0, clients: 0, sentAway: 0, replies: 0, refused: 0, interrupts: 0, ranges: 0 };
    for (let seed = 1; total.taken < count; seed++) {
      const one = fuzzMessages(seed, Math.min(batch, count - total.taken), served);
      total = {
        messages: total.messages + one.messages, taken: total.taken + one.taken, clients: total.clients + one.clients, sentAway: total.sentAway + one.sentAway, replies: total.replies + one.replies,
        refused: total.refused + one.refused, interrupts: total.interrupts + one.interrupts, ranges: Math.max(total.ranges, one.ranges),
      };
    }
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    const after = inUse();
    if (process.env["CXL_SANDBOX_VFIO_MESSAGES"] !== undefined) {
      console.log(`vfio-user: ${total.taken} whole messages, of ${total.messages} sent by ${total.clients} clients, in ${seconds.toFixed(0)} s: ${total.replies} replies, ${total.refused} of them refusals, ${total.interrupts} interrupts; ${total.sentAway} clients sent away; at most ${total.ranges} DMA ranges; heap ${(before / 1024).toFixed(0)} KiB before, ${(after / 1024).toFixed(0)} KiB after`);
    }
    expect(total.taken).toBeGreaterThanOrEqual(count);
    // All sorts have come: much was done, much refused, many sent away.
    expect(Math.min(total.replies - total.refused, total.refused)).toBeGreaterThan(count / 10);
    expect(total.sentAway).toBeGreaterThan(count / 1000);
    expect(total.interrupts).toBeGreaterThan(0);
    expect(after - before).toBeLessThan(allowedGrowth);
  });

  it("at a socket, who go in the middle of it all, leave a server that serves the next", { timeout: 3_600_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "vfio-"));
    const table = registerTable(false);
    const lines: string[] = [];
    const sockets = await openSockets({ functions: [table], advanceTo: () => -1, attach: () => {} }, { folder, now: () => 0, report: (_name, line) => void lines.push(line) });
    try {
      const path = socketFile(folder, table.name);
      for (let seed = 0; seed < dropped; seed++) {
        const hostile = await liveClient(path, false);
        hostile.send(fuzzStream(seed, 200));
        await new Promise((resolve) => setImmediate(resolve));
        await hostile.drop();
        while (sockets.all[0]?.listening.client !== null) await new Promise((resolve) => setImmediate(resolve));
        const next = await liveClient(path);
        expect(await next.ask([readCommand(3, 7, 0, 4)])).toMatchObject([{ id: 3, isError: false, size: 36 }]);
        await next.drop();
        while (sockets.all[0]?.listening.client !== null) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(lines.filter((line) => line.includes("fault of this program"))).toEqual([]);
      expect(lines).toHaveLength(2 * dropped);
    } finally {
      await sockets.close();
      rmSync(folder, { recursive: true });
    }
  });
});
