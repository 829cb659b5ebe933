// Sanitize and erase through memX/security on the real module (error-recovery 6.1, 7; mailbox.md 15; cxl-sanitize.sh in user-interface.md 7).

import { describe, expect, it } from "vitest";
import { commands } from "../../registers/commands.ts";
import { encodePayload } from "../../src/platform/payload.ts";
import { sendCommand } from "../../src/kernel/cxl/mailbox.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { act, debug, memdevs, pass, stateOf, store, twoDevices } from "../support/memdev.ts";

const second = 1_000_000_000;
const security = `${memdevs}/mem0/security`;
const booted = (mailbox = {}): Booted => bootMachine(twoDevices(mailbox));
const state = (made: Booted): string => made.read(`${security}/state`).trim();

function createRegion(made: Booted): number {
  return made.command("cxl create-region -d decoder0.0 -t ram -m mem0").exitCode;
}

describe("a sanitize", () => {
  it("starts at once, shows until the device is done, and is looked at after 1 s, then 11 s later, then 21 s", () => {
    const made = booted({ backgroundTime: 20_000 });
    expect(store(made, `${security}/sanitize`, "1")).toBe("ok");
    expect(state(made)).toBe("sanitize");
    pass(made, 21 * second);
    expect(state(made)).toBe("sanitize");
    pass(made, 13 * second);
    expect(state(made)).toBe("disabled");
    expect(made.dmesg()).toContain("cxl_pci 0000:0d:00.0: Sanitization operation started");
    expect(made.dmesg()).toContain("cxl_pci 0000:0d:00.0: Sanitization operation ended");
  });

  it("takes poison and events with it", () => {
    const made = booted({ backgroundTime: 500 });
    expect(store(made, `${debug}/mem0/inject_poison`, "0x4000")).toBe("ok");
    expect(store(made, `${security}/sanitize`, "1")).toBe("ok");
    pass(made, 2 * second);
    expect(state(made)).toBe("disabled");
    expect(store(made, "/sys/kernel/tracing/events/cxl/enable", "1")).toBe("ok");
    expect(store(made, `${memdevs}/mem0/trigger_poison_list`, "1")).toBe("ok");
    expect(made.read("/sys/kernel/tracing/trace")).not.toContain("cxl_poison");
  });

  it("lets only a look at the device's health through meanwhile", () => {
    const made = booted({ backgroundTime: 20_000 });
    expect(store(made, `${security}/sanitize`, "1")).toBe("ok");
    expect(store(made, `${memdevs}/mem0/trigger_poison_list`, "1")).toBe("EBUSY");
    expect(store(made, `${security}/sanitize`, "1")).toBe("EBUSY");
    expect(made.run(sendCommand(made.kernel, stateOf(made, "mem0"), { name: "getHealth", output: commands.getHealth.output.length }))).toHaveLength(commands.getHealth.output.length);
    expect(store(made, `${memdevs}/mem1/trigger_poison_list`, "1")).toBe("ok");
  });

  it("[C18] keeps endpoint decoders of its device from being committed", () => {
    const made = booted({ backgroundTime: 900 });
    expect(store(made, `${security}/sanitize`, "1")).toBe("ok");
    expect(createRegion(made)).not.toBe(0);
    expect(made.dmesg()).toContain("cxl_port endpoint2: attempted to commit decoder2.0 during sanitize");
    pass(made, 2 * second);
    expect(store(made, `${memdevs}/decoder2.0/dpa_size`, "0")).toBe("ok");
    expect(createRegion(made)).toBe(0);
  });

  it("is refused while a decoder is committed, without an endpoint, or for any value but true", () => {
    const made = booted();
    expect([store(made, `${security}/sanitize`, "0"), store(made, `${security}/erase`, "no")]).toEqual(["EINVAL", "EINVAL"]);
    expect(createRegion(made)).toBe(0);
    expect([store(made, `${security}/sanitize`, "1"), store(made, `${security}/erase`, "1")]).toEqual(["EBUSY", "EBUSY"]);
    made.run(made.files.write("/sys/bus/cxl/drivers/cxl_mem/unbind", "mem1"));
    expect(store(made, `${memdevs}/mem1/security/sanitize`, "1")).toBe("EBUSY");
  });

  it("is refused while a user passphrase is set, which then shows as the state", () => {
    const made = booted();
    const next = new Uint8Array(32).fill(7);
    made.run(sendCommand(made.kernel, stateOf(made, "mem0"), { name: "setPassphrase", input: encodePayload(commands.setPassphrase.input, { type: 1, next }) }));
    expect([store(made, `${security}/sanitize`, "1"), store(made, `${security}/erase`, "1")]).toEqual(["EINVAL", "EINVAL"]);
    expect(state(made)).toBe("unlocked");
    made.run(sendCommand(made.kernel, stateOf(made, "mem0"), { name: "freezeSecurityState" }));
    expect(store(made, `${security}/sanitize`, "1")).toBe("EINVAL");
    expect(state(made)).toBe("frozen");
  });

  it("that the device breaks off never shows as done: the driver waits for a hundred per cent", () => {
    const made = booted({ backgroundTime: 20_000 });
    expect(store(made, `${security}/sanitize`, "1")).toBe("ok");
    act(made, { kind: "endBackground", device: "d0", returnCode: 0x12 });
    pass(made, 60 * second);
    expect(state(made)).toBe("sanitize");
  });

  it("goes on at the device when its driver lets go, and the next driver finds the media disabled", () => {
    const made = booted({ backgroundTime: 100_000 });
    expect(store(made, `${security}/sanitize`, "1")).toBe("ok");
    made.run(made.files.write("/sys/bus/pci/drivers/cxl_pci/unbind", "0000:0d:00.0"));
    made.run(made.files.write("/sys/bus/pci/drivers/cxl_pci/bind", "0000:0d:00.0"));
    expect(made.dmesg()).toContain("cxl_pci 0000:0d:00.0: Media not active (-110)");
    // No partition is made; what stands for the first reads as one byte.
    expect(made.read(`${memdevs}/mem0/ram/size`)).toBe("0x1\n");
    pass(made, 60 * second);
  });
});

describe("an erase", () => {
  it("is done at once: what was poisoned is clean", () => {
    const made = booted();
    expect(store(made, `${debug}/mem0/inject_poison`, "0x4000")).toBe("ok");
    expect(store(made, `${security}/erase`, "1")).toBe("ok");
    expect(state(made)).toBe("disabled");
    store(made, "/sys/kernel/tracing/events/cxl/enable", "1");
    expect(store(made, `${memdevs}/mem0/trigger_poison_list`, "1")).toBe("ok");
    expect(made.read("/sys/kernel/tracing/trace")).not.toContain("cxl_poison");
  });

  it("and sanitize are offered where the device has them", () => {
    expect(booted().files.list(security)).toEqual(["erase", "sanitize", "state"]);
    expect(booted({ commands: ["getSupportedLogs", "getLog", "identifyMemoryDevice", "getEventInterruptPolicy", "setEventInterruptPolicy", "getEventRecords", "sanitize"] }).files.list(security)).toEqual(["sanitize", "state"]);
  });
});
