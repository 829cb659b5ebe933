// Commands from user space to a memdev, on the real module (error-recovery 6.1; mailbox.md 3).

import { describe, expect, it } from "vitest";
import { commands } from "../../registers/commands.ts";
import { deviceLogs } from "../../registers/features.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import type { Device } from "../../src/kernel/base/device.ts";
import { queryCommands, sendFromUser } from "../../src/kernel/cxl/ioctl.ts";
import { isMemdev } from "../../src/kernel/cxl/types.ts";
import { encodePayload, payloadNumber, uuidFrom } from "../../src/platform/payload.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { act, errnoOf, memdevs, store, twoDevices } from "../support/memdev.ts";

function memdevOf(booted: Booted): Device {
  const found = [...booted.kernel.devices.values()].find((device) => isMemdev(device) && device.name === "mem0");
  if (found === undefined) throw new Error("no mem0");
  return found;
}

const send = (booted: Booted, name: string, input: Uint8Array = new Uint8Array(0), room = 4096) => booted.run(sendFromUser(booted.kernel, memdevOf(booted), name, input, room));

describe("a command from user space", () => {
  it("is offered with the sizes of the kernel's table, enabled where the device has it", () => {
    const table = queryCommands(memdevOf(bootMachine(twoDevices())));
    const of = (name: string) => table.find((entry) => entry.name === name);
    expect(of("identifyMemoryDevice")).toEqual({ name: "identifyMemoryDevice", input: 0, output: 0x43, isEnabled: true });
    expect(of("setPartitionInfo")).toMatchObject({ input: 0x0a, output: 0 });
    expect(of("getLog")).toMatchObject({ input: 0x18, output: -1 });
    expect(of("getLabels")).toMatchObject({ input: 8, output: -1, isEnabled: false });
    expect(table.map((entry) => entry.name)).not.toContain("injectPoison");
  });

  it("comes back with what the device says: output and return code", () => {
    const booted = bootMachine(twoDevices());
    const health = send(booted, "getHealth");
    expect([health.returnCode, health.output.length]).toEqual([returnCodes.success, commands.getHealth.output.length]);
    expect(payloadNumber(send(booted, "getAlerts").output, commands.getAlerts.output.fields.lifeUsedCritical)).toBeGreaterThan(0);
    const unknown = send(booted, "getLog", encodePayload(commands.getLog.input, { id: new Uint8Array(16).fill(1), length: 4 }));
    expect(unknown).toEqual({ returnCode: returnCodes.invalidLog, output: new Uint8Array(0) });
    const log = encodePayload(commands.getLog.input, { id: uuidFrom(deviceLogs.commandEffects.uuid), length: 64 });
    expect(send(booted, "getLog", log, 10).output).toHaveLength(10);
  });

  it("is refused when it is none, not the device's, of wrong size, without room, too large, or kept by the kernel", () => {
    const booted = bootMachine(twoDevices());
    const refusal = (name: string, input: Uint8Array, room = 4096) => errnoOf(() => send(booted, name, input, room));
    const none = new Uint8Array(0);
    expect([refusal("injectPoison", new Uint8Array(8)), refusal("getLabels", new Uint8Array(8)), refusal("getHealth", new Uint8Array(1)), refusal("getHealth", none, 17), refusal("getLog", new Uint8Array(4096))]).toEqual(["ENOTTY", "ENOTTY", "ENOMEM", "ENOMEM", "EINVAL"]);
    const partition = (flags: number) => encodePayload({ length: 10, fields: commands.setPartitionInfo.input.fields }, { flags });
    expect(refusal("setPartitionInfo", partition(1))).toBe("EBUSY");
    expect(send(booted, "setPartitionInfo", partition(0)).returnCode).toBe(returnCodes.unsupported);
    expect(refusal("clearLog", uuidFrom(deviceLogs.commandEffects.uuid))).toBe("EBUSY");
    expect(refusal("clearLog", uuidFrom(deviceLogs.vendorDebug.uuid))).toBe("ok");
  });

  it("meets the mailbox's own refusals, and none of a memdev that is gone", () => {
    const booted = bootMachine(twoDevices());
    const memdev = memdevOf(booted);
    expect(store(booted, `${memdevs}/mem0/security/sanitize`, "1")).toBe("ok");
    expect(errnoOf(() => send(booted, "getAlerts"))).toBe("EBUSY");
    expect(send(booted, "getHealth").returnCode).toBe(returnCodes.success);
    act(booted, { kind: "endBackground", device: "d0", returnCode: 0 });
    booted.run(booted.files.write("/sys/bus/pci/drivers/cxl_pci/unbind", "0000:0d:00.0"));
    expect(errnoOf(() => booted.run(sendFromUser(booted.kernel, memdev, "getHealth", new Uint8Array(0), 64)))).toBe("ENXIO");
  });
});
