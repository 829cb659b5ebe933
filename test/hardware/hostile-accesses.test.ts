// What ends other emulators: accesses that no driver would make. The machine answers and runs on.

import { describe, expect, it } from "vitest";
import type { Hardware } from "../../src/hardware/machine.ts";
import type { IoHandle } from "../../src/platform/platform.ts";
import { prepare } from "../oracles/differential/bench.ts";
import type { Ready } from "../oracles/differential/bench.ts";
import { predict } from "../oracles/differential/bench.ts";
import { bringUp, restart } from "../oracles/differential/run.ts";
import { topologies, topologyNames } from "../oracles/differential/topologies.ts";
import { modules, offsetOf } from "../support/machine.ts";

const variants = ["release", "checked"] as const;
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

describe("[C9] CONFIG_LOCK and Mem_Enable: every sequence of four writes reads as the reference has it", () => {
  const at = (register: string): number => offsetOf("deviceConfig", "dvsecDevice", register);
  const writes = [["lock", 1], ["lock", 0], ["control", 4], ["control", 0], ["range1BaseLow", 0x3000_0000], ["range1BaseLow", 0xffff_ffff], ["status2", 0xffff]] as const;
  const registers = ["control", "lock", "range1BaseLow", "status2"] as const;

  it.each(variants)("%s build", (variant) => {
    const differential = bringUp([modules[variant]], topologies["one port, one device"]);
    const { reference, layout, benches } = differential;
    const place = layout.functions.find(({ kind }) => kind === "endpoint")?.address ?? 0;
    const config = benches[0]?.platform.config;
    const wrong: unknown[] = [];
    const kept = new Set<number>();
    for (let code = 0; code < writes.length ** 4; code++) {
      restart(differential);
      for (let step = 0, rest = code; step < 4; step++, rest = Math.floor(rest / writes.length)) {
        const [register, value] = writes[rest % writes.length] ?? writes[0];
        const width = register.startsWith("range") ? 4 : 2;
        predict(reference, { kind: "config", isWrite: true, place, at: at(register), width, value: BigInt(value) });
        if (width === 4) config?.write32(place, at(register), value);
        else config?.write16(place, at(register), value);
        for (const read of registers) {
          const ours = config?.read16(place, at(read) + (read.startsWith("range") ? 2 : 0)) ?? -1;
          const theirs = Number(reference.configRead(place, at(read) + (read.startsWith("range") ? 2 : 0), 2));
          if (ours !== theirs) wrong.push({ code, step, read, ours, theirs });
          if (read === "range1BaseLow") kept.add(ours);
        }
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(kept).toEqual(new Set([0, 0x3000, 0xf000]));
  });
});
