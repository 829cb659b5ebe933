import { describe, expect, it } from "vitest";
import { machineOf, portOf } from "../../../test/support/machine.ts";
import { bootMachine } from "../../../test/support/kernel.ts";
import type { Device } from "./device.ts";
import { addDevice, busDevices, findDevice, linkDevice, removeDevice } from "./device.ts";

const booted = (): ReturnType<typeof bootMachine> => bootMachine(machineOf([portOf("rp0")]));
const type = { name: "example", attributes: [] };

describe("devices by name", () => {
  it("a name that two devices have for a while is the older one's, then the other's, then nobody's", () => {
    const { kernel, run } = booted();
    const add = (): Device => addDevice(kernel, { name: "one", bus: "example", type, parent: null, data: {} });
    const [first, second] = [add(), add()];
    expect(findDevice(kernel, "example", "one")).toBe(first);
    run(removeDevice(kernel, first));
    expect(findDevice(kernel, "example", "one")).toBe(second);
    run(removeDevice(kernel, second));
    expect([findDevice(kernel, "example", "one"), findDevice(kernel, "unknown", "one"), busDevices(kernel, "example")]).toEqual([undefined, undefined, []]);
    expect(kernel.topDevices.filter((device) => device.bus === "example")).toEqual([]);
  });

  it("every device of a booted machine is found by its bus and name", () => {
    const { kernel } = booted();
    const all = [...kernel.devices.values()].filter((device) => device.bus !== null);
    expect(all.length).toBeGreaterThan(10);
    expect(all.filter((device) => findDevice(kernel, device.bus ?? "", device.name) !== device)).toEqual([]);
  });
});

describe("links", () => {
  it("go with either of the two devices, and only these", () => {
    const { kernel, run } = booted();
    const add = (name: string): Device => addDevice(kernel, { name, bus: "example", type, parent: null, data: {} });
    const [from, to, other] = [add("from"), add("to"), add("other")];
    for (const name of ["a", "b"]) linkDevice(from, name, to);
    linkDevice(from, "kept", other);
    linkDevice(other, "back", from);
    run(removeDevice(kernel, to));
    expect([...from.links.keys()]).toEqual(["kept"]);
    run(removeDevice(kernel, from));
    expect([other.links.size, other.linkedFrom.size]).toEqual([0, 0]);
  });
});
