import { expect, test } from "vitest";
import { resolveReferences } from "../../src/sandbox/references.ts";
import { readCase } from "./cases.ts";
import { treeOf } from "./tree.ts";

const listing = `/sys/bus/pci/devices/0000:0c:00.0 ../../../devices/pci0000:0c/0000:0c:00.0
/sys/bus/pci/devices/0000:0c:01.0 ../../../devices/pci0000:0c/0000:0c:01.0
/sys/bus/pci/devices/0000:0d:00.0 ../../../devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0
/sys/bus/pci/devices/0000:0e:00.0 ../../../devices/pci0000:0c/0000:0c:01.0/0000:0e:00.0
/sys/bus/cxl/devices/mem1 ../../../devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0/mem1
/sys/bus/cxl/devices/mem0 ../../../devices/pci0000:0c/0000:0c:01.0/0000:0e:00.0/mem0
/sys/bus/pci/devices/0000:0c:00.0: 0000:0d:00.0
/sys/bus/pci/devices/0000:0c:01.0: 0000:0e:00.0
/sys/bus/pci/devices/0000:0d:00.0:
/sys/bus/pci/devices/0000:0e:00.0:
`;

test("references are the names that this boot gave, whichever card came first", () => {
  const tree = treeOf({ exitCode: 0, uptime: 0, stdout: listing, stderr: "" });
  const { machine } = readCase("two-way").plan;
  expect(resolveReferences(machine, tree, "cxl create-region -m ${mem:rp0} ${mem:rp1}")).toBe("cxl create-region -m mem1 mem0");
  expect(resolveReferences(machine, tree, "echo 1 > /sys/bus/pci/devices/${pci:rp1}/reset")).toBe("echo 1 > /sys/bus/pci/devices/0000:0e:00.0/reset");
});
