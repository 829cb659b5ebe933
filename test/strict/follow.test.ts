// What the checker believes the hardware to hold is what it holds, after any accesses and faults; and no access makes it fail.

import { expect, it } from "vitest";
import { armProbe } from "../../src/hardware/probes.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { held } from "../../src/sandbox/strict/parts.ts";
import { createStrict } from "../../src/sandbox/strict/strict.ts";
import type { Strict } from "../../src/sandbox/strict/strict.ts";
import type { Hardware } from "../../src/hardware/machine.ts";
import { blocks } from "../../registers/blocks.ts";
import type { BlockName } from "../../registers/blocks.ts";
import { configurePort, deviceOf, machineOf, offsetOf, openMemory, portOf, setUp } from "../support/machine.ts";

/** Registers that rules look up, with who has them. */
const followed = [
  ["rootPortComponent", "timeoutIsolation", ["control"]],
  ["deviceComponent", "hdmDecoderDevice", ["baseLow", "baseHigh", "sizeLow", "sizeHigh", "control"]],
  ["deviceConfig", "endpointHeader", ["bar0", "bar1", "command"]],
  ["deviceRegisters", "primaryMailbox", ["control"]],
  ["rootPortConfig", "dvsecPort", ["control"]],
] as const;

const spaceOf = { component: "component", config: "config", device: "device" } as const;
const values = [0, 1, 2, 4, 0x100, 0x200, 0x300, 0x1300, 0x1_0000, 0x401_0010, 0x1000_0000, 0x2000_0000, 0xffff_ffff, 0x4000, 6];

/** Where the two do not agree. */
function differences(hardware: Hardware, strict: Strict): string[] {
  const wrong: string[] = [];
  for (const part of strict.remember().parts.values()) {
    for (const [block, structure, registers] of followed) {
      const space = spaceOf[blocks[block].kind as keyof typeof spaceOf];
      const own = part.registers[space];
      if (own === undefined || !isOf(part.kind, block)) continue;
      const peek = { component: hardware.peekComponent, config: hardware.peekConfig, device: hardware.peekDevice }[space].bind(hardware);
      for (const { label, at, bytes } of own.places.all.filter(({ name, instance }) => instance < 4 && registers.some((register) => name === `${structure}.${register}`))) {
        const real = BigInt(((peek(part.id, at & ~3) >>> ((at & 3) * 8)) & (bytes === 2 ? 0xffff : 0xffff_ffff)) >>> 0);
        if (real !== held(part, space, label)) wrong.push(`${part.name} ${label}: held ${held(part, space, label).toString(16)}, is ${real.toString(16)}`);
      }
    }
  }
  return wrong;
}

it.each([1, 2, 3, 4, 5, 6])("random accesses, seed %i: what rules look up is as the hardware has it", (seed) => {
  const random = createRandom(seed, 7);
  const bench = setUp(machineOf([portOf("rp0"), portOf("rp1", { slots: [deviceOf("rp1-dev")] })], { implementation: { isolationExit: seed % 2 === 0 ? "cxl-3.2" : "seed-strict", timeoutInstant: "earliest", decoderCommitTime: seed % 3 === 0 ? 2000 : 0, isolationResponseTime: 500, messageOrder: "isolation-first" } }));
  const { hardware, platform } = bench;
  if (seed % 3 !== 0) openMemory(bench);
  const happen = (action: ProbeAction): void => {
    armProbe(hardware, 0, { match: { kind: "time", at: hardware.now + 1 }, action });
    hardware.advanceTo(hardware.now + 1);
  };
  const strict = createStrict(hardware);
  hardware.storeTrace((words) => strict.accept(words));
  const pick = <T>(list: readonly T[]): T => list[nextBelow(random, list.length)] as T;
  const whole = [0, 1].map((index) => platform.ioremap((bench.ports[index]?.base ?? 0n) - 0x1000n, 0x2_0000n));
  const cards = [0, 1].map((index) => platform.ioremap((bench.devices[index]?.base ?? 0n) - 0x1000n, 0x4_0000n));
  for (let i = 0; i < 3000; i++) {
    if (i % 50 === 0) expect(differences(hardware, strict)).toEqual([]);
    const [block, structure, registers] = pick(followed);
    const offset = offsetOf(block, structure, pick(registers), structure === "hdmDecoderDevice" ? nextBelow(random, 3) : 0) + (nextBelow(random, 8) === 0 ? nextBelow(random, 16) - 8 : 0);
    const index = nextBelow(random, 2);
    const value = pick(values) >>> 0;
    const kind = blocks[block].kind;
    const action = nextBelow(random, 240);
    if (action === 0) happen({ kind: pick(["linkDown", "linkUp"] as const), port: `rp${index}` });
    else if (action === 1) happen({ kind: "resetDevice", device: `rp${index}-dev` });
    else if (action >= 4 && action < 20) configurePort(platform, index);
    else if (action === 3) hardware.advanceTo(hardware.now + pick([10, 5000, 200_000]));
    else if (kind === "config" && offset >= 0) {
      const address = block === "rootPortConfig" ? bench.portAddress(index) : bench.deviceAddress(index);
      if (nextBelow(random, 4) === 0) platform.config.read32(address, offset & ~3);
      else platform.config[pick(["write16", "write32"] as const)](address, offset & ~1, value);
    } else {
      const io = block === "rootPortComponent" ? whole[index] : cards[index];
      const at = offset + (kind === "device" ? 0x2_0000 : 0x1000);
      if (nextBelow(random, 4) === 0) io?.read32(at);
      else io?.[pick(["write32", "write32", "write16", "write8"] as const)](at, value);
    }
  }
  expect(strict.violations.length).toBeGreaterThan(20);
});

const isOf = (kind: string, block: BlockName): boolean => (kind === "root port" && block.startsWith("rootPort")) || (kind === "device" && block.startsWith("device"));
