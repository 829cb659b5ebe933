// What ends other emulators: accesses that no driver would make. The machine answers and runs on.

import { describe, expect, it } from "vitest";
import type { Hardware } from "../../src/hardware/machine.ts";
import type { IoHandle } from "../../src/platform/platform.ts";
import { prepare } from "../oracles/differential/bench.ts";
import type { Ready } from "../oracles/differential/bench.ts";
import { topologies, topologyNames } from "../oracles/differential/topologies.ts";
import { modules, offsetOf } from "../support/machine.ts";

const answers = ["ok", "ones", "poison", "dropped"];

/** Everything that has component registers. */
const components = ({ handles, layout }: Ready & Pick<ReturnType<typeof prepare>, "layout">): IoHandle[] => handles.filter((_, index) => layout.ranges[index]?.holds === "component");
const isRunning = (hardware: Hardware): boolean => hardware.hostState === "running";

describe.each(topologyNames)("%s", (name) => {
  it("[C11] reserved interleave codes on every level, asked to commit, then accesses all over the windows", () => {
    const decoder = (register: string): number => offsetOf("hostBridgeComponent", "hdmDecoderPort", register);
    const { windows } = topologies[name];
    const ready = prepare(modules.checked, topologies[name]);
    const seen = new Set<string>();
    for (const code of [5, 6, 7, 11, 12, 13, 14, 15]) {
      for (const { base, size } of windows) {
        for (const handle of components(ready)) {
          handle.write32(decoder("control"), 0);
          handle.write32(decoder("baseHigh"), Number(base >> 32n));
          handle.write32(decoder("sizeHigh"), 1);
          handle.write32(decoder("control"), (code << 4) | (1 << 9));
          handle.write32(decoder("control"), (code << 4) | (1 << 9) | 0xf);
        }
        for (let i = 0n; i < 40n; i++) seen.add(ready.platform.memory.load(base + (i * 0x555_5551n) % size, 8).status);
      }
    }
    expect([...seen].filter((status) => !answers.includes(status))).toEqual([]);
    expect(isRunning(ready.hardware)).toBe(true);
  });

  it("ones to every byte of every register file and of every config space, every width, odd offsets", () => {
    const { handles, layout, platform, hardware } = prepare(modules.checked, topologies[name]);
    for (const handle of handles) {
      for (let offset = 0; offset + 8 <= 0x1000; offset += 3) {
        handle.write8(offset, 0xff);
        handle.write16(offset, 0xffff);
        handle.write32(offset, 0xffff_ffff);
        handle.write64(offset, 0xffff_ffff_ffff_ffffn);
      }
    }
    for (const { address } of layout.functions.toReversed()) for (let offset = 0; offset < 4096; offset++) platform.config.write8(address, offset, 0xff);
    expect(isRunning(hardware)).toBe(true);
  });
});

describe("BARs at the ends of what they can be", () => {
  const name = "four ports, mixed and persistent devices";
  const large = 1n << 33n;

  it("an offset beyond 4 GiB of a large BAR reaches no register, also through a handle of the largest size", () => {
    const { platform, layout } = prepare(modules.checked, topologies[name]);
    const { bar } = layout.functions.find(({ barSize }) => barSize === large) ?? { bar: 0n };
    expect(platform.ioremap(bar + 0x1000n, 0x1000n).read32(0)).not.toBe(0);
    const far = platform.ioremap(bar + (1n << 32n), 1n << 31n);
    for (const offset of [0, 0x1000, 0x1_0000, 0x7fff_f000, 0x7fff_fff8]) expect([offset, far.read32(offset)]).toEqual([offset, 0]);
    far.write32(0x1000, 0xffff_ffff);
    expect(far.read64(0x1000)).toBe(0n);
  });

  it("refuses handles of no size or of more than 2 GiB, and says what to do", () => {
    const { platform } = prepare(modules.checked, topologies[name]);
    for (const size of [0n, (1n << 31n) + 1n]) expect(() => platform.ioremap(0n, size)).toThrow("1 byte to 2 GiB; map the part");
  });

  it("a BAR at address 0 is a BAR (PCIe 7.5.1.2.1 excludes no address)", () => {
    const { platform, layout } = prepare(modules.checked, topologies[name]);
    const port = layout.functions.find(({ kind }) => kind !== "endpoint");
    const at = (register: string): number => offsetOf("rootPortConfig", "bridgeHeader", register);
    const block = platform.ioremap(0x1000n, 0x1000n);
    expect(block.read32(0)).toBe(0xffff_ffff);
    platform.config.write32(port?.address ?? 0, at("bar0"), 0);
    platform.config.write32(port?.address ?? 0, at("bar1"), 0);
    expect(block.read32(0) & 0xffff).toBe(1);
  });
});
