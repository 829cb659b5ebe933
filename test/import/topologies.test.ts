// Round trip: a machine of ours is captured at ready, imported, booted again, and its listing is what it was. Topologies that no capture is at hand for.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isForeseen } from "../../src/scenario/twin/reasons.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import type { RandomState } from "../../src/sim/random.ts";
import { pick } from "../support/store-texts.ts";
import { captureOf, holdTwin } from "../support/twin.ts";

const device = (serial: number, more = ""): string => `device: { volatile: 512MiB, serial: ${serial}${more} }`;

const machines: Readonly<Record<string, string>> = {
  "two host bridges, interleaved, XOR arithmetic": `
machine:
  hostBridges:
    - { uid: 7, buses: [12, 40], rootPorts: [{ name: a0, ${device(1)} }, { name: a1, ${device(2)} }] }
    - { uid: 9, buses: [60, 90], rootPorts: [{ name: b0, ${device(3)} }, { name: b1, ${device(4)} }] }
firmware:
  windows: [{ targets: [hb0, hb1], size: 8GiB, granularity: 256, arithmetic: xor, maps: ["0x2020900"], qtg: 1, restrictions: [hostOnlyCoherent, volatile] }, { targets: [hb1], size: 4GiB, restrictions: [hostOnlyCoherent, persistent, fixed] }]
  regions: [{ targets: [a0, b0, a1, b1] }]`,
  "a switch, and a switch below it": `
machine:
  hostBridges:
    - rootPorts:
        - { name: r0, switch: { serial: 77, decoders: 4, ports: [{ name: d0, ${device(1)} }, { name: d1, switch: { serial: 78, ports: [{ name: e0, ${device(2)} }, { name: e1, ${device(3)} }] } }] } }
        - { name: r1, ${device(4)} }
firmware: { windows: [{ targets: [hb0], size: 16GiB }], regions: [{ targets: [e0, e1], granularity: 1024 }, { targets: [r1] }] }`,
  "eight ways over one host bridge": `
machine:
  hostBridges: [{ rootPorts: [${Array.from({ length: 8 }, (_, index) => `{ name: p${index}, ${device(index + 1)} }`).join(", ")}] }]
firmware: { windows: [{ targets: [hb0], size: 16GiB }], regions: [{ targets: [p7, p6, p5, p4, p3, p2, p1, p0], granularity: 4KiB, softReserved: true, locked: true }] }`,
  "a port that is empty, and port and device numbers with gaps": `
machine:
  hostBridges:
    - uid: 3
      registers: 0x130000000
      rootPorts:
        - { name: p0, portNumber: 2, deviceNumber: 1, ${device(1, ", interleave3612: true")} }
        - { name: p1, portNumber: 5, deviceNumber: 3, ${device(2, ", interleave3612: true")} }
        - { name: p2, portNumber: 9, deviceNumber: 4, ${device(3, ", interleave3612: true")} }
        - { name: p3, portNumber: 0, deviceNumber: 7, dpc: false, hotplug: false, link: { speed: 16GT/s, width: 4 } }
firmware: { windows: [{ targets: [hb0], size: 6GiB, base: 0x200000000 }], regions: [{ targets: [p2, p0] }] }`,
  "three ways over three host bridges": `
machine:
  hostBridges: [${[0, 1, 2].map((index) => `{ rootPorts: [{ name: t${index}, ${device(index + 1, ", interleave3612: true")} }, {}] }`).join(", ")}]
firmware: { windows: [{ targets: [hb0, hb1, hb2], size: 6GiB, granularity: 1KiB }], regions: [{ targets: [t0, t1, t2], size: 768MiB }] }`,
  "persistent memory beside volatile, with regions of both": `
machine:
  hostBridges: [{ rootPorts: [{ name: p0, device: { volatile: 512MiB, persistent: 1GiB, serial: "0xfedcba9876543210", labels: 64KiB } }, { name: p1, device: { persistent: 512MiB, serial: 5 } }] }]
firmware: { windows: [{ targets: [hb0], size: 8GiB }] }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:p0} -w 1 -t ram
  - run: cxl create-region -d decoder0.0 -m \${mem:p0} \${mem:p1} -w 2 -s 1G -t pmem`,
  "a region at a skip that firmware decoded": `
machine:
  hostBridges: [{ rootPorts: [{ name: p0, device: { volatile: 512MiB, persistent: 512MiB, serial: 1 } }, { name: p1, ${device(2)} }] }]
firmware:
  windows: [{ targets: [hb0], size: 8GiB, base: 0x200000000 }]
  decoders: [{ of: hb0, base: 0x200000000, size: 512MiB, targets: [0] }, { of: p0, base: 0x200000000, size: 512MiB, skip: 512MiB }]`,
  "a card that no driver has, firmware with three slots, poison, a card that can be partitioned": `
machine:
  hostBridges:
    - rootPorts:
        - { name: p0, device: { volatile: 512MiB, persistent: 512MiB, serial: 1, mailbox: { partitionAlignment: 256MiB, firmware: [one, two, ""], activeSlot: 2, revision: other, onlineActivation: false } } }
        - { name: p1, ${device(2, ", mailbox: { without: [getHealth, firmwareInfo], alerts: { overCritical: 91, valid: 2, programmable: 3 } }")} }
        - { name: p2, ${device(3, ", mailbox: { health: { healthStatus: 2, mediaStatus: 1, lifeUsed: 12, temperature: -3, dirtyShutdownCount: 4 } }")} }
firmware: { windows: [{ targets: [hb0], size: 8GiB }] }
steps:
  - inject: { poison: { device: dev2, dpa: 0x4000, length: 256 } }
  - run: cxl disable-memdev \${mem:p1}`,
  "host bridges without decoders, interleaved by the window": `
machine:
  hostBridges:
    - { uid: 12, buses: [12, 221], passthrough: true, rootPorts: [{ name: p0, portNumber: 3, ${device(1)} }] }
    - { uid: 222, buses: [222, 255], passthrough: true, rootPorts: [{ name: p1, portNumber: 7, ${device(2)} }] }
firmware: { windows: [{ targets: [hb0, hb1], size: 4GiB, granularity: 8KiB }, { targets: [hb0], size: 4GiB }] }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:p0} \${mem:p1} -w 2 -g 8192 -s 512M -t ram`,
  "four ways over two switches, persistent": `
machine:
  hostBridges:
    - rootPorts:
        - { name: r0, switch: { ports: [{ name: d0, device: { persistent: 512MiB, serial: 1 } }, { name: d1, device: { persistent: 512MiB, serial: 2 } }] } }
        - { name: r1, switch: { ports: [{ name: d2, device: { persistent: 512MiB, serial: 3 } }, { name: d3, device: { persistent: 512MiB, serial: 4 } }] } }
firmware: { windows: [{ targets: [hb0], size: 8GiB }] }
steps: [{ run: "cxl create-region -d decoder0.0 -m \${mem:d0} \${mem:d2} \${mem:d1} \${mem:d3} -w 4 -g 1024 -t pmem" }]`,
  "memory in two modes, divided": `
machine: { hostBridges: [{ rootPorts: [{ name: p0, ${device(1)} }, { name: p1, ${device(2)} }] }] }
firmware: { windows: [{ targets: [hb0], size: 8GiB }] }
kernel: { policies: { use: device-dax-only } }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:p1} -w 1 -t ram
  - run: cxl create-region -d decoder0.0 -m \${mem:p0} -w 1 -t ram
  - run: daxctl destroy-device -f \${dax:region0[0]}
  - run: daxctl create-device -r region0 -s 256M
  - run: daxctl create-device -r region0 -s 256M
  - run: daxctl reconfigure-device -m system-ram --no-movable \${dax:region1[0]}`,
};

function roundTrip(name: string, text: string): void {
  const files = captureOf(name, text);
  if (files === undefined) throw new Error(`${name} does not come to ready`);
  for (const some of [files, { cxlList: files.cxlList }]) {
    const { differences, failure } = holdTwin(some);
    expect(failure).toBeNull();
    expect(differences).toEqual([]);
  }
}

describe("a machine of ours and its twin", () => {
  it.each(Object.entries(machines))("%s", (name, body) => {
    if (!name.includes("XOR")) roundTrip(name, `version: 1\nname: ${name}\n${body}`);
    else {
      const { differences, failure, plan } = holdTwin(captureOf(name, `version: 1\nname: xor\n${body}`) ?? { cxlList: { file: "", text: "" } });
      expect([failure, differences]).toEqual([null, []]);
      expect(plan.machine.windows.map(({ arithmetic, xorMaps, restrictions, qtg }) => [arithmetic, xorMaps, restrictions, qtg])).toEqual([["xor", [0x202_0900n], 6, 1], [undefined, undefined, 26, undefined]]);
    }
  });

  it("keeps what config space says: links, hot-plug, DPC, serial numbers of switches, vectors", () => {
    const text = `version: 1\nname: ports\n${machines["a port that is empty, and port and device numbers with gaps"]}`;
    const { plan } = holdTwin(captureOf("ports", text) ?? { cxlList: { file: "", text: "" } });
    const last = plan.machine.hostBridges[0]?.rootPorts[3];
    expect(last).toMatchObject({ name: "rp3", portNumber: 0, deviceNumber: 7, dpc: false, hotplug: false, link: { speed: 4, width: 4 }, present: false });
    const switched = holdTwin(captureOf("switches", `version: 1\nname: switches\n${machines["a switch, and a switch below it"]}`) ?? { cxlList: { file: "", text: "" } });
    expect(switched.plan.machine.hostBridges[0]?.rootPorts[0]?.slots[0]).toMatchObject({ kind: "switch", serial: 77n, decoders: 4 });
  });
});

const unit = 256;

/** Cards of a hub in a row, and a region over some of them. */
function randomMachine(random: RandomState): string {
  let serial = 0;
  const card = (): string => `device: { volatile: ${unit * pick(random, [1, 2, 4])}MiB, serial: ${++serial}, decoders: ${pick(random, [2, 4, 8])}, interleave3612: true }`;
  const names: string[][] = [];
  const bridges = Array.from({ length: 1 + nextBelow(random, 3) }, (_, bridge) => {
    const own: string[] = [];
    names.push(own);
    const ports = Array.from({ length: 1 + nextBelow(random, 4) }, (_port, port) => {
      const name = `b${bridge}p${port}`;
      if (nextBelow(random, 5) > 0) {
        own.push(name);
        return `{ name: ${name}, ${card()} }`;
      }
      const below = [0, 1].map((index) => `${name}d${index}`);
      own.push(below[0] ?? "");
      return `{ name: ${name}, switch: { serial: ${500 + bridge * 10 + port}, ports: [${below.map((inner) => `{ name: ${inner}, ${card()} }`).join(", ")}] } }`;
    });
    return `{ uid: ${bridge * 3 + nextBelow(random, 3)}, rootPorts: [${ports.join(", ")}] }`;
  });
  const windows = names.map((_, index) => `{ targets: [hb${index}], size: 8GiB }`);
  const regions = names.flatMap((own, index) => {
    const ways = pick(random, [1, 2, 4].filter((count) => count <= own.length) as [number, ...number[]]);
    const targets = own.slice(0, ways);
    return nextBelow(random, 4) === 0 ? [] : [`{ window: ${index}, targets: [${(nextBelow(random, 2) === 0 ? targets : targets.toReversed()).join(", ")}], size: ${unit * ways}MiB, granularity: ${pick(random, [256, 1024, 4096])} }`];
  });
  return `version: 1\nname: random\nmachine: { hostBridges: [${bridges.join(", ")}] }\nfirmware: { windows: [${windows.join(", ")}], regions: [${regions.join(", ")}] }\n`;
}

describe("random machines and their twins", () => {
  it.each([100, 200])("list the same: six from seed %i", (first) => {
    for (let seed = first; seed < first + 6; seed++) {
      const text = randomMachine(createRandom(seed, 7));
      const files = captureOf(`seed ${seed}`, text);
      if (files === undefined) continue;
      const { differences, failure } = holdTwin(files);
      expect({ seed, failure, differences }).toEqual({ seed, failure: null, differences: [] });
    }
  });
});

const scenarios = new URL("../../scenarios/", import.meta.url).pathname;

/** Folders whose machines come to ready as they were meant to; the others are about what goes wrong before it. */
describe.each(["bandwidth", "device", "layouts", "verdict"])("bundled machines: %s", (folder) => {
  it("have twins that list the same", () => {
    const seen = new Set<string>();
    for (const name of readdirSync(join(scenarios, folder)).filter((one) => one.endsWith(".yaml"))) {
      const text = readFileSync(join(scenarios, folder, name), "utf8");
      const { machine, firmware, steps } = planScenario(name, text);
      const key = JSON.stringify([machine, firmware, steps], (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
      const files = seen.has(key) ? undefined : captureOf(name, text);
      if (files === undefined) continue;
      seen.add(key);
      const { differences, failure } = holdTwin(files);
      expect({ name, failure, differences: differences.filter((one) => !isForeseen(one)) }).toEqual({ name, failure: null, differences: [] });
    }
    expect(seen.size).toBeGreaterThan(0);
  });
});
