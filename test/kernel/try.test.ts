import { it } from "vitest";
import { bootMachine } from "../support/kernel.ts";
import { machineOf, portOf, deviceOf } from "../support/machine.ts";
it("boots", () => {
  const b = bootMachine(machineOf([portOf("rp0",{slots:[deviceOf("d0",{serial:1n})]}), portOf("rp1",{slots:[deviceOf("d1",{serial:2n})]})]));
  console.log(b.dmesg().join("\n"));
  console.log(b.read("/proc/iomem"));
  for (const c of ["cxl list -M", "cxl create-region -d decoder0.0 -w 2 -m -t ram mem0 mem1", "cat /proc/iomem", "daxctl list -DRMi", "cxl destroy-region -f region0", "cat /proc/iomem"]) {
    const r = b.command(c); console.log("$ " + c + "\n" + r.stdout + r.stderr + "rc=" + r.exitCode);
  }
  console.log(b.dmesg().slice(-25).join("\n"));
});
