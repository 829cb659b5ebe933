// A card whose command interface fails while its driver probes: the driver says why and lets go of it, and the card beside it works.

import { describe, expect, it } from "vitest";
import { runText } from "../support/scenarios.ts";

const scenario = (what: string, at: string, log: string): string => `version: 1
name: probe
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { name: bad, volatile: 256MiB } }
        - { name: rp1, device: { name: good, volatile: 256MiB } }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
kernel: { preset: isolation-safe }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp1} -w 1 -t ram
workloads:
  - vm: { name: vm1, memory: "\${dax:region0}", rate: 1M/s }
faults:
  - { id: x, when: { at: ${at}, from: boot }, do: { ${what} } }
expect:
  - { outcome: unaffected }
  - { metric: survived, equals: 1 }
  - { log: "${log}", atLeast: 1 }
`;

/** From power-on; after the link is up, while the driver speaks to the card. */
const powerOn = "0s";
const probing = "21ms";

describe("a card whose mailbox fails while its driver probes", () => {
  const cases: readonly (readonly [what: string, at: string, log: string])[] = [
    ["commandTimeout: { of: bad, command: identifyMemoryDevice }", powerOn, "mailbox timeout (opcode: 0x4000)"],
    ["commandError: { of: bad, command: identifyMemoryDevice, code: internalError }", powerOn, "Mailbox operation had an error: internal device error"],
    ["truncateOutput: { of: bad, command: identifyMemoryDevice, bytes: 3 }", powerOn, "probe with driver cxl_pci failed with error -5"],
    ["commandError: { of: bad, command: identifyMemoryDevice, code: backgroundStarted }", powerOn, "timeout waiting for background"],
    ["commandError: { of: bad, command: getEventInterruptPolicy, code: busy }", powerOn, "Failed to get event interrupt policy"],
    ["deviceStatus: { of: bad, status: fatal }", powerOn, "timeout awaiting mailbox ready, device state  fatal"],
    ["deviceStatus: { of: bad, status: firmware-halt }", powerOn, "timeout awaiting mailbox ready, device state  firmware-halt"],
    ["deviceStatus: { of: bad, status: mailbox-not-ready }", powerOn, "timeout awaiting mailbox ready"],
    ["mailboxBusy: bad", probing, "mailbox queue busy"],
    ["deviceStatus: { of: bad, status: mailbox-not-ready }", probing, "mailbox timeout"],
  ];
  it.each(cases)("%s at %s: the driver says %s", (what, at, log) => {
    const { result } = runText("probe.yaml", scenario(what, at, log));
    expect(result.expectations.filter((one) => !one.pass)).toEqual([]);
    expect([result.status, result.reason, result.faults.map((one) => one.fired)]).toEqual(["pass", null, [true]]);
  });

  it("a readyTime below the driver's patience only makes it wait", () => {
    const { result } = runText("probe.yaml", scenario("mailboxBusy: bad", "10ms", "mailbox").replace("name: bad, ", "name: bad, mailbox: { readyTime: 2s }, ").replace(/faults:\n.*\n/, "").replace(/ {2}- \{ log.*\n/, ""));
    expect([result.status, result.virtualTimeNs > 2_000_000_000, result.virtualTimeNs < 4_000_000_000]).toEqual(["pass", true, true]);
  });
});
