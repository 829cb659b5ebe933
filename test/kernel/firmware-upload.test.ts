// Firmware upload through memX/firmware/memX on the real module (mailbox.md 6; cxl-update-firmware.sh in user-interface.md 7).

import { describe, expect, it } from "vitest";
import { commands } from "../../registers/commands.ts";
import { payloadBytes, payloadNumber } from "../../src/platform/payload.ts";
import { sendCommand } from "../../src/kernel/cxl/mailbox.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { act, errnoOf, memdevs, pass, sent, stateOf, store, twoDevices } from "../support/memdev.ts";

const second = 1_000_000_000;
const folder = (name = "mem0"): string => `${memdevs}/${name}/firmware/${name}`;
const read = (made: Booted, name: string): string => made.read(`${folder()}/${name}`).trim();

/** An image of so many bytes; its first sixteen are its revision. */
const imageOf = (bytes: number, revision = "SANDBOX V2"): string => (revision.padEnd(16, "\0") + "\u00ff".repeat(bytes)).slice(0, bytes);

function upload(made: Booted, image: string, name = "mem0"): void {
  for (const [file, text] of [["loading", "1"], ["data", image.slice(0, 1000)], ["data", image.slice(1000)], ["loading", "0"]] as const) expect([file, store(made, `${folder(name)}/${file}`, text)]).toEqual([file, "ok"]);
}

/** Active slot, staged slot, and the revision in the staged one. */
function info(made: Booted): { readonly active: number; readonly staged: number; readonly revision: string } {
  const { output } = commands.firmwareInfo;
  const bytes = made.run(sendCommand(made.kernel, stateOf(made, "mem0"), { name: "firmwareInfo", output: output.length }));
  const slot = payloadNumber(bytes, output.fields.slot);
  return { active: slot & 7, staged: slot >>> 3, revision: String.fromCodePoint(...payloadBytes(bytes, output.fields.revision2)).replaceAll("\0", "") };
}

describe("a firmware upload", () => {
  it("receives an image, transfers it in slices, and stages the slot behind the active one for the next reset", () => {
    const made = bootMachine(twoDevices());
    const from = made.dmesg().length;
    upload(made, imageOf(5000));
    expect(["preparing", "transferring"]).toContain(read(made, "status"));
    expect(errnoOf(() => read(made, "error"))).toBe("EBUSY");
    pass(made, 1.2 * second);
    expect([read(made, "status"), read(made, "remaining_size")]).toEqual(["transferring", "3080"]);
    pass(made, 4 * second);
    expect(["status", "error", "remaining_size", "loading"].map((name) => read(made, name))).toEqual(["idle", "", "0", "0"]);
    expect(sent(made, from)).toEqual(["0200", "0201", "0201", "0201", "0202"]);
    expect(info(made)).toEqual({ active: 1, staged: 2, revision: "SANDBOX V2" });
    expect(made.dmesg()).toContain("cxl_mem mem0: Activating firmware slot: 2");
  });

  it("of an image that fits one command is one transfer; a slot behind the last is the first", () => {
    const made = bootMachine(twoDevices({ firmware: ["one", ""] }));
    const from = made.dmesg().length;
    upload(made, imageOf(1024));
    pass(made, 4 * second);
    expect(sent(made, from)).toEqual(["0200", "0201", "0202"]);
    expect(info(made)).toMatchObject({ active: 1, staged: 2 });
  });

  it("goes on beside one of another device", () => {
    const made = bootMachine(twoDevices());
    upload(made, imageOf(4000));
    upload(made, imageOf(4000), "mem1");
    pass(made, 5 * second);
    expect(["mem0", "mem1"].map((name) => made.read(`${folder(name)}/status`))).toEqual(["idle\n", "idle\n"]);
    expect(["mem0", "mem1"].map((name) => made.read(`${folder(name)}/error`))).toEqual(["", ""]);
  });

  it("that is cancelled midway ends with user-abort, and the device forgets the transfer", () => {
    const made = bootMachine(twoDevices());
    upload(made, imageOf(8000));
    pass(made, 1.5 * second);
    expect(store(made, `${folder()}/cancel`, "1")).toBe("ok");
    pass(made, 3 * second);
    expect([read(made, "status"), read(made, "error")]).toEqual(["idle", "transferring:user-abort"]);
    expect(info(made)).toMatchObject({ staged: 0 });
    upload(made, imageOf(3000));
    pass(made, 4 * second);
    expect([read(made, "error"), info(made).staged]).toEqual(["", 2]);
  });

  it("of a package that fails the device's check ends with read-write-error; a slot that cannot be staged with hw-error", () => {
    const made = bootMachine(twoDevices());
    upload(made, imageOf(3000, "\u0001\u0002"));
    pass(made, 4 * second);
    expect(read(made, "error")).toBe("transferring:read-write-error");
    act(made, { kind: "mailboxFault", device: "d0", fault: "return-code", opcode: commands.activateFirmware.opcode, value: 0x0b, count: 1 });
    upload(made, imageOf(1000));
    pass(made, 4 * second);
    expect(read(made, "error")).toBe("transferring:hw-error");
    expect(made.dmesg()).toContain("cxl_mem mem0: Error activating firmware: -6");
    act(made, { kind: "mailboxFault", device: "d0", fault: "return-code", opcode: commands.firmwareInfo.opcode, value: 0x04, count: 1 });
    upload(made, imageOf(1000));
    pass(made, second);
    expect(read(made, "error")).toBe("preparing:hw-error");
  });

  it("whose transfer breaks off at the device ends with read-write-error", () => {
    const made = bootMachine(twoDevices());
    upload(made, imageOf(8000));
    pass(made, 1.5 * second);
    act(made, { kind: "breakFirmwareTransfer", device: "d0" });
    pass(made, 4 * second);
    expect(read(made, "error")).toBe("transferring:read-write-error");
  });

  it("takes its words in order only", () => {
    const made = bootMachine(twoDevices());
    const put = (file: string, text: string) => store(made, `${folder()}/${file}`, text);
    expect([put("loading", "0"), put("data", "x"), put("cancel", "1"), put("loading", "2")]).toEqual(["EINVAL", "ENODEV", "ENODEV", "EINVAL"]);
    expect([put("loading", "1"), read(made, "status"), read(made, "loading"), put("loading", "0"), read(made, "status")]).toEqual(["ok", "receiving", "1", "ok", "idle"]);
    expect([put("loading", "1"), put("loading", "-1"), read(made, "status")]).toEqual(["ok", "ok", "idle"]);
    upload(made, imageOf(8000));
    expect([put("loading", "1"), put("cancel", "0")]).toEqual(["EBUSY", "EINVAL"]);
  });

  it("ends with the driver", () => {
    const made = bootMachine(twoDevices());
    upload(made, imageOf(8000));
    made.run(made.files.write("/sys/bus/pci/drivers/cxl_pci/unbind", "0000:0d:00.0"));
    made.settle();
    expect(made.files.exists(folder())).toBe(false);
  });
});
