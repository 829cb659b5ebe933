// Cards that go and come, functions that are reset, decode that goes away under the kernel's own pages: as a real 7.2 was seen to behave.

import { describe, expect, it } from "vitest";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { isPortIsolated } from "../../src/sandbox/system.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { act, memdevs, pass, store, twoDevices } from "../support/memdev.ts";

const second = 1_000_000_000;
const functions = "/sys/bus/pci/devices";
const create = "cxl create-region -d decoder0.0 -m mem0 mem1 -w 2 -t ram";

const bootTwo = (policies: Partial<KernelPolicies> = {}): Booted => bootMachine(twoDevices(), { policies: { ...defaultPolicies, onlineType: "offline", ...policies } });
const linesSince = (booted: Booted, from: number, words: RegExp): string[] => booted.dmesg().slice(from).filter((line) => words.test(line));
const lastLine = (text: string): string | undefined => text.trimEnd().split("\n").at(0);

describe("a card under a region", () => {
  function withCardReplaced(): Booted {
    const booted = bootTwo();
    expect(booted.command(create).exitCode).toBe(0);
    expect(store(booted, `${functions}/0000:0e:00.0/remove`, "1")).toBe("ok");
    act(booted, { kind: "unplug", port: "rp1" });
    pass(booted, second);
    act(booted, { kind: "plug", port: "rp1", device: "d1" });
    pass(booted, 3 * second);
    booted.settle();
    return booted;
  }

  it("that is removed leaves the region without commit; put back it is a memdev again, which does not complete the region", () => {
    const booted = withCardReplaced();
    expect(booted.read(`${memdevs}/region0/commit`).trim()).toBe("0");
    expect(booted.read(`${memdevs}/region0/target1`).trim()).toBe("");
    expect(booted.files.list(memdevs).filter((name) => /^mem\d/.test(name))).toEqual(["mem0", "mem1"]);
    expect(linesSince(booted, 0, /pciehp/)).toEqual(["Link Down", "Card not present", "Card present", "Link Up"].map((what) => `pcieport 0000:0c:01.0: pciehp: Slot(2): ${what}`));
  });

  it("leaves a region that cannot be destroyed (ENXIO), and its partner's DPA taken (ENOSPC)", () => {
    const booted = withCardReplaced();
    const destroyed = booted.command("cxl destroy-region -f region0");
    expect([destroyed.exitCode, lastLine(destroyed.stderr)]).toEqual([1, "libcxl: cxl_region_get_target_decoder: region0: error locating decoder for target1"]);
    const again = booted.command("cxl create-region -d decoder0.0 -m mem0 -w 1 -t ram");
    expect([again.exitCode, lastLine(again.stderr)]).toEqual([1, "cxl region: create_region: decoder2.1: set_dpa_size failed: No space left on device"]);
  });
});

describe("removal and rescan by request", () => {
  it("a removed function is found again by a rescan of the bus, or of the port above", () => {
    for (const rescan of ["/sys/bus/pci/rescan", `${functions}/0000:0c:01.0/rescan`]) {
      const booted = bootTwo();
      expect(store(booted, `${functions}/0000:0e:00.0/remove`, "0")).toBe("ok");
      expect(booted.files.exists(`${memdevs}/mem1`)).toBe(true);
      expect(store(booted, `${functions}/0000:0e:00.0/remove`, "1")).toBe("ok");
      expect(booted.files.exists(`${memdevs}/mem1`)).toBe(false);
      expect(booted.files.exists(`${functions}/0000:0e:00.0`)).toBe(false);
      expect(store(booted, rescan, "1")).toBe("ok");
      booted.settle();
      expect(booted.read(`${memdevs}/mem1/serial`).trim()).toBe("0x2");
    }
  });

  it("takes a number, and nothing else", () => {
    const booted = bootTwo();
    for (const path of [`${functions}/0000:0e:00.0/remove`, `${functions}/0000:0e:00.0/rescan`, `${functions}/0000:0e:00.0/reset`, "/sys/bus/pci/rescan"]) {
      for (const text of ["", "yes", "-1", "1 1"]) expect([path, text, store(booted, path, text)]).toEqual([path, text, "EINVAL"]);
    }
    expect(store(booted, `${functions}/0000:0e:00.0/reset`, "0")).toBe("EINVAL");
  });

  it("a root port goes with everything below it", () => {
    const booted = bootTwo();
    expect(store(booted, `${functions}/0000:0c:01.0/remove`, "1")).toBe("ok");
    expect(booted.files.list(functions)).toEqual(["0000:0c:00.0", "0000:0d:00.0"]);
    expect(booted.files.list(memdevs).filter((name) => /^mem\d/.test(name))).toEqual(["mem0"]);
  });
});

describe("[POL-REMOVEVETO] removal of a function whose memory is online", () => {
  const removed = (policies: Partial<KernelPolicies>): readonly [string, boolean, string[]] => {
    const booted = bootTwo(policies);
    expect(booted.command(create).exitCode).toBe(0);
    const errno = store(booted, `${functions}/0000:0e:00.0/remove`, "1");
    const blocks = booted.files.list("/sys/devices/system/memory").filter((name) => /^memory\d+$/.test(name)).map((name) => booted.read(`/sys/devices/system/memory/${name}/state`).trim());
    return [errno, booted.files.exists(`${memdevs}/mem1`), blocks.slice(-4)];
  };

  it("off: the function goes, and memory that cannot go offline stays behind", () => {
    expect(removed({ onlineType: "online_movable" })).toEqual(["ok", false, ["online", "online", "online", "online"]]);
  });

  it("on: what can be vacated is, then the function goes; what cannot fails the request, and all of it stays online", () => {
    expect(removed({ onlineType: "online_movable", isRemovalVetoed: true }).slice(0, 2)).toEqual(["ok", false]);
    expect(removed({ onlineType: "online", isRemovalVetoed: true })).toEqual(["EBUSY", true, ["online", "online", "online", "online"]]);
  });
});

const card = `${functions}/0000:0d:00.0`;

/** Resets the first card by its bus, which is not the first way that it has. */
function resetByBus(booted: Booted): void {
  expect(store(booted, `${card}/reset_method`, "cxl_bus")).toBe("ok");
  expect(store(booted, `${card}/reset`, "1")).toBe("ok");
}

describe("a reset of a function by request", () => {
  const methods = (booted: Booted): string => booted.read(`${card}/reset_method`);

  it("takes the function's own way first, which leaves decoders and the region as they are", () => {
    const booted = bootTwo();
    expect(booted.command(create).exitCode).toBe(0);
    expect(methods(booted)).toBe("flr bus cxl_bus\n");
    const from = booted.kernel.log.length;
    expect(store(booted, `${card}/reset`, "1")).toBe("ok");
    expect(linesSince(booted, from, /./)).toEqual(["cxl_pci 0000:0d:00.0: resetting"]);
    for (const line of ["cxl destroy-region -f region0", create]) expect([line, booted.command(line).exitCode]).toEqual([line, 0]);
  });

  it("passes by a way that its port masks, and ends with ENOTTY where none is left", () => {
    const booted = bootTwo();
    expect(store(booted, `${card}/reset_method`, "bus")).toBe("ok");
    expect(store(booted, `${card}/reset`, "1")).toBe("ENOTTY");
    expect(store(booted, `${card}/reset_method`, "bus cxl_bus")).toBe("ok");
    expect(store(booted, `${card}/reset`, "1")).toBe("ok");
  });

  it("takes ways in the order that is written, default for its own, and nothing for none at all", () => {
    const booted = bootTwo();
    expect([store(booted, `${card}/reset_method`, "cxl_bus  flr"), methods(booted)]).toEqual(["ok", "cxl_bus flr\n"]);
    expect([store(booted, `${card}/reset_method`, "default"), methods(booted)]).toEqual(["ok", "flr bus cxl_bus\n"]);
    expect([store(booted, `${card}/reset_method`, "\n"), methods(booted), store(booted, `${card}/reset`, "1")]).toEqual(["ok", "", "ENOTTY"]);
    expect(linesSince(booted, 0, /reset methods/)).toEqual(["cxl_pci 0000:0d:00.0: All device reset methods disabled by user"]);
  });

  it("leaves the ways as they were where a name is none, or not the function's", () => {
    const booted = bootTwo();
    for (const [text, complaint] of [["flr hammer", "Invalid reset method 'hammer'"], ["pm", "Unsupported reset method 'pm'"], ["flr ".repeat(8), "Too many reset methods"]] as const) {
      expect([text, store(booted, `${card}/reset_method`, text), methods(booted)]).toEqual([text, "EINVAL", "flr bus cxl_bus\n"]);
      expect(linesSince(booted, 0, /reset method/).at(-1)).toBe(`cxl_pci 0000:0d:00.0: ${complaint}`);
    }
  });

  it("that leaves a card silent is waited for a minute before the next way is tried", () => {
    const booted = bootTwo();
    act(booted, { kind: "stuckRegister", at: { entity: "d0", space: "config", offset: 4, mask: 0xffff }, value: 0xffff });
    const from = booted.kernel.log.length;
    expect(store(booted, `${card}/reset`, "1")).toBe("ok");
    const waits = [1023, 2047, 4095, 8191, 16_383, 32_767].map((time) => `cxl_pci 0000:0d:00.0: not ready ${time}ms after FLR; waiting`);
    expect(linesSince(booted, from, /cxl_pci/)).toEqual(["cxl_pci 0000:0d:00.0: resetting", ...waits, "cxl_pci 0000:0d:00.0: not ready 65535ms after FLR; giving up"]);
  });
});

describe("a bus reset under a region", () => {
  it("is noticed when it is over: two lines, and the region still says commit", () => {
    const booted = bootTwo();
    expect(booted.command(create).exitCode).toBe(0);
    const from = booted.kernel.log.length;
    resetByBus(booted);
    expect(linesSince(booted, from, /SBR|unstable/)).toEqual(["cxl_pci 0000:0d:00.0: SBR happened without memory regions removal.", "cxl_pci 0000:0d:00.0: System may be unstable if regions hosted system memory."]);
    expect(booted.read(`${memdevs}/region0/commit`).trim()).toBe("1");
  });

  it("lets no region be committed on the device until its memdev was disabled and enabled", () => {
    const booted = bootTwo();
    expect(booted.command(create).exitCode).toBe(0);
    resetByBus(booted);
    expect(booted.command("cxl destroy-region -f region0").exitCode).toBe(0);
    expect(lastLine(booted.command(create).stderr)).toBe("cxl region: create_region: region0: failed to commit decode: Device or resource busy");
    expect(linesSince(booted, 0, /out of order commit/)).toHaveLength(1);
    expect(booted.command("cxl disable-memdev -f mem0").exitCode).toBe(0);
    expect(booted.command("cxl enable-memdev mem0").exitCode).toBe(0);
    expect(booted.command(create).exitCode).toBe(0);
  });

  it("of a device without regions changes nothing", () => {
    const booted = bootTwo();
    resetByBus(booted);
    expect(linesSince(booted, 0, /SBR/)).toEqual([]);
    expect(booted.command(create).exitCode).toBe(0);
    expect(isPortIsolated(booted.system.hardware, "rp0")).toBe(false);
  });
});

describe("decode that goes away under System RAM", () => {
  const forced = (onlineType: KernelPolicies["onlineType"]): Booted => {
    const booted = bootTwo({ onlineType });
    expect(booted.command(create).exitCode).toBe(0);
    expect(booted.command("cxl destroy-region -f region0").exitCode).toBe(0);
    return booted;
  };
  const end = (booted: Booted): string => {
    try {
      pass(booted, 10_000_000);
      return "lives";
    } catch (thrown) {
      return String(thrown);
    }
  };

  it("in a kernel zone ends in a panic within milliseconds", () => {
    const booted = forced("online");
    const before = booted.system.hardware.now;
    expect(end(booted)).toContain('"kind":"panic"');
    expect((booted.kernel.panic?.at ?? Infinity) - before).toBeLessThan(2_000_000);
  });

  it("in ZONE_MOVABLE, or offline, does not", () => {
    expect(end(forced("online_movable"))).toBe("lives");
    expect(end(forced("offline"))).toBe("lives");
  });
});
