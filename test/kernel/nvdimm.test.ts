// The bridge to libnvdimm under the root (region-assembly 3).

import { describe, expect, it } from "vitest";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { deviceOf, machineOf, portOf } from "../support/machine.ts";

const pmem = 0x8;
const ram = 0x4;
const hostOnly = 0x2;

function boot(restrictions: number): Booted {
  const machine = machineOf([portOf("rp0", { slots: [deviceOf("d0")] })]);
  return bootMachine({ ...machine, windows: machine.windows.map((window) => ({ ...window, restrictions })) });
}

describe("the bridge to libnvdimm", () => {
  it("stands where a window takes persistent memory, with its bus", () => {
    const { files, read } = boot(hostOnly | ram | pmem);
    expect(files.realpath("/sys/bus/cxl/devices/nvdimm-bridge0")).toBe("/sys/devices/platform/ACPI0017:00/root0/nvdimm-bridge0");
    expect(files.realpath("/sys/bus/cxl/devices/nvdimm-bridge0/driver")).toBe("/sys/bus/cxl/drivers/cxl_nvdimm_bridge");
    expect(["modalias", "devtype"].map((name) => read(`/sys/bus/cxl/devices/nvdimm-bridge0/${name}`))).toEqual(["cxl:t1\n", "cxl_nvdimm_bridge\n"]);
    expect(files.realpath("/sys/bus/nd/devices/ndbus0")).toBe("/sys/devices/platform/ACPI0017:00/root0/nvdimm-bridge0/ndbus0");
    expect(["provider", "wait_probe", "commands"].map((name) => read(`/sys/bus/nd/devices/ndbus0/${name}`))).toEqual(["CXL\n", "1\n", "\n"]);
  });

  it("is absent where no window does", () => {
    const { files } = boot(hostOnly | ram);
    expect(files.list("/sys/bus/cxl/devices").filter((name) => name.startsWith("nvdimm"))).toEqual([]);
  });
});
