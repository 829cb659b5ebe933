// The `error` hook: errors that a function reports by AER come to its driver, and its answer decides what becomes of it (error-recovery 4.1).

import { describe, expect, it } from "vitest";
import { aerEndpoint } from "../../registers/aer.ts";
import { messageNumbers } from "../../registers/constants.ts";
import { ras } from "../../registers/ras-link.ts";
import type { DriverModule, ErrorAnswer } from "../../src/platform/driver.ts";
import { machineOf, portOf } from "../support/machine.ts";
import { bootWith as bootMachine, hooking, memoryDevices, second } from "./host.ts";
import type { Host } from "./host.ts";

/** Without containment, so that fatal errors come to the root port. */
const bootWith = (drivers: readonly DriverModule[]): Host => bootMachine(drivers, { machine: machineOf([portOf("rp0", { dpc: false }), portOf("rp1", { dpc: false })]) });

/** Lets RAS and internal errors through, as a driver that wants to hear of them does. */
function loud(answer: ErrorAnswer, heard: string[], severity = 0xffff_ffffn): DriverModule {
  return hooking((device, kernel) => {
    const registers = kernel.component(device, ras);
    const aer = kernel.capability(device, aerEndpoint);
    if (registers === undefined || aer === undefined) throw new Error("no registers");
    const open = (): void => {
      registers.uncorrectableMask.writeRaw(0n);
      registers.correctableMask.writeRaw(0n);
      registers.uncorrectableSeverity.writeRaw(severity);
      aer.uncorrectableMask.writeRaw(0n);
      aer.correctableMask.writeRaw(0n);
      aer.uncorrectableSeverity.writeRaw(severity);
    };
    open();
    return {
      *error(kind, status) {
        heard.push(`${kind} 0x${status.toString(16)} of ${device.name}`);
        yield* kernel.sleep(10);
        registers.uncorrectableStatus.writeRaw(registers.uncorrectableStatus.readRaw());
        return answer;
      },
      resetDone: () => {
        heard.push(`reset ${device.name}`);
        open();
      },
      remove: () => void heard.push(`remove ${device.name}`),
    };
  }, memoryDevices);
}

/** Correctable and uncorrectable status of the first memory device, and its device status. */
const statusOf = (host: Host): number[] => ["ECAP_AER+10.l", "ECAP_AER+4.l", "CAP_EXP+a.w"].map((register) => Number.parseInt(host.command(`setpci -s 0d:00.0 ${register}`).trim(), 16) & 0xffff_fff7);

const recovered = (host: Host): string[] => host.log().filter((line) => line.includes("AER: ")).map((line) => line.replace(/^.*AER: /, ""));

describe("error", () => {
  it("a correctable error is told once, its status cleared; the next one comes too", () => {
    const heard: string[] = [];
    const host = bootWith([loud("none", heard)]);
    host.act({ kind: "correctableError", function: "rp0-dev", bit: 2 });
    host.run(second);
    host.act({ kind: "correctableError", function: "rp1-dev", bit: 1 });
    host.run(second);
    expect(heard).toEqual(["correctable 0x4000 of 0000:0d:00.0", "correctable 0x4000 of 0000:0e:00.0"]);
    expect(recovered(host)).toEqual(["Correctable error message received from 0000:0d:00.0", "Correctable error message received from 0000:0e:00.0"]);
    expect(host.log()).toContain("cxl_pci 0000:0d:00.0: CXL Bus Error: severity=Correctable, type=Transaction Layer, (Receiver ID)");
    expect(statusOf(host)).toEqual([0, 0, 0]);
  });

  it("two errors of one kind are both found, by looking at every function", () => {
    const heard: string[] = [];
    const host = bootWith([loud("can-recover", heard, 0n)]);
    host.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    host.act({ kind: "correctableError", function: "rp0-dev", bit: 1 });
    host.run(second);
    expect(heard.toSorted()).toEqual(["correctable 0x4000 of 0000:0d:00.0", "nonfatal 0x400000 of 0000:0d:00.0"]);
  });

  it("several errors of one kind do not make several of the other", () => {
    const heard: string[] = [];
    const host = bootWith([loud("can-recover", heard, 0n)]);
    host.act({ kind: "correctableError", function: "rp0-dev", bit: 1 });
    host.act({ kind: "correctableError", function: "rp0-dev", bit: 2 });
    host.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    host.run(second);
    expect(recovered(host).filter((line) => line.includes("received"))).toEqual([expect.stringMatching(/^Multiple Correctable error message received/), expect.stringMatching(/^Uncorrectable \(Non-Fatal\) error message received/)]);
  });

  it.each([0, 1])("a driver that asked for the message of AER hears it as well, whoever came first, and leaves it to AER when it goes (%i)", (first) => {
    const heard: string[] = [];
    const asker = hooking((device, kernel) => {
      kernel.requestInterrupt(device, messageNumbers.aer);
      return { interrupt: (message) => void heard.push(`message ${message} of ${device.name}`) };
    }, { name: "asker" });
    const drivers = [asker, loud("none", heard)];
    const host = bootWith(first === 0 ? drivers : drivers.toReversed());
    const happen = (): void => {
      host.act({ kind: "correctableError", function: "rp0-dev", bit: 2 });
      host.run(second);
    };
    happen();
    host.command("rmmod asker");
    happen();
    const error = "correctable 0x4000 of 0000:0d:00.0";
    expect(heard).toEqual([`message ${messageNumbers.aer} of 0000:0c:00.0`, error, error]);
  });

  it("go on being told when the root port's driver was taken away and came back", () => {
    const heard: string[] = [];
    const host = bootWith([loud("none", heard)]);
    for (const file of ["unbind", "bind"]) host.command(`echo 0000:0c:00.0 > /sys/bus/pci/drivers/pcieport/${file}`);
    host.act({ kind: "correctableError", function: "rp0-dev", bit: 2 });
    host.run(second);
    expect(heard).toEqual(["correctable 0x4000 of 0000:0d:00.0"]);
  });

  it("non-fatal: can-recover goes on without a reset", () => {
    const heard: string[] = [];
    const host = bootWith([loud("can-recover", heard, 0n)]);
    host.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    host.run(second);
    expect([heard, recovered(host).at(-1)]).toEqual([["nonfatal 0x400000 of 0000:0d:00.0"], "device recovery successful"]);
    expect(statusOf(host)).toEqual([0, 0, 0]);
    host.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    host.run(second);
    expect(heard).toHaveLength(2);
  });

  it("need-reset resets the function through its bus and tells it; it reports errors again afterwards", () => {
    const heard: string[] = [];
    const host = bootWith([loud("need-reset", heard, 0n)]);
    for (const _ of [1, 2]) {
      host.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
      host.run(2 * second);
    }
    const once = ["nonfatal 0x400000 of 0000:0d:00.0", "reset 0000:0d:00.0"];
    expect([heard, recovered(host).at(-1)]).toEqual([[...once, ...once], "device recovery successful"]);
  });

  it("fatal: a driver that could go on gets the reset all the same", () => {
    const heard: string[] = [];
    const host = bootWith([loud("can-recover", heard)]);
    host.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    host.run(2 * second);
    expect(heard).toEqual(["fatal 0x400000 of 0000:0d:00.0", "reset 0000:0d:00.0"]);
  });

  it("disconnect removes the function, and nobody having an opinion is a failure that leaves it", () => {
    const heard: string[] = [];
    const gone = bootWith([loud("disconnect", heard)]);
    gone.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    gone.run(2 * second);
    expect([heard, gone.files.list("/sys/bus/pci/devices").includes("0000:0d:00.0")]).toEqual([["fatal 0x400000 of 0000:0d:00.0", "remove 0000:0d:00.0"], false]);
    const silent = bootWith([loud("none", [])]);
    silent.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    silent.run(2 * second);
    expect(statusOf(silent)[1]).not.toBe(0);
    expect([recovered(silent).slice(-2), silent.files.list("/sys/bus/pci/devices").includes("0000:0d:00.0")]).toEqual([["can't recover (no error_detected callback)", "device recovery failed"], true]);
  });

  it("without a driver that has the hook nothing is heard of CXL's errors, which are masked", () => {
    const host = bootWith([hooking(() => ({}), memoryDevices)]);
    host.act({ kind: "correctableError", function: "rp0-dev", bit: 2 });
    host.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    host.run(second);
    expect(recovered(host)).toEqual([]);
  });

  it("fatal, contained by the port: the status cannot be read, the link that comes back is the reset", () => {
    const heard: string[] = [];
    const host = bootMachine([loud("can-recover", heard)]);
    host.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    host.run(2 * second);
    expect(heard).toEqual(["fatal 0x0 of 0000:0d:00.0", "reset 0000:0d:00.0"]);
    expect(host.log().filter((line) => line.includes("DPC"))).toEqual(["pcieport 0000:0c:00.0: DPC: containment event, status:0x0005, ERR_FATAL received from 0000:0d:00.0", "pcieport 0000:0c:00.0: pciehp: Slot(1): Link Down/Up ignored (recovered by DPC)"]);
  });

  it("with the last driver the function's own driver has its errors again, and an answer that is none is named", () => {
    const heard: string[] = [];
    const host = bootWith([loud("none", heard)]);
    host.command("rmmod demo");
    host.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    host.run(2 * second);
    expect(heard.filter((line) => line.startsWith("fatal"))).toEqual([]);
    expect(host.log()).toContain("cxl_pci 0000:0d:00.0: 0000:0d:00.0: frozen state error detected, disable CXL.mem");
    const wrong = bootWith([loud("can-recovr" as ErrorAnswer, [])]);
    wrong.act({ kind: "uncorrectableError", function: "rp0-dev", bit: 7 });
    expect(() => wrong.run(second)).toThrow(/error of 0000:0d:00.0: TypeError: "can-recovr" is no answer to an error; did you mean "can-recover"\?/);
  });
});
