import { expect, test } from "vitest";
import { caseNames, readCase } from "./cases.ts";
import { folderAt } from "./folder.ts";
import { qemuWords } from "./qemu.ts";
import { runTwin } from "./twin.ts";

const sockets = { qmp: "/run/a,b/qmp", talk: "/run/a,b/talk", console: "/run/a,b/console" };

test.each(caseNames())("case %s goes to its end in our own kernel, and every fault acts", async (name) => {
  const shown = await runTwin(readCase(name), "4d0000000-5cfffffff : CXL Window 0");
  expect(shown.problems).toEqual([]);
  expect(shown.faults.every((count) => count > 0)).toBe(true);
});

test("a twin has its windows where the real kernel found them", async () => {
  const { iomem } = await runTwin(readCase("one-way"), "  4d0000000-5cfffffff : CXL Window 0");
  expect(iomem).toContain("4d0000000-5cfffffff : CXL Window 0");
});

test("QEMU is given every bridge, port, switch and card of a case, and paths with commas and blanks as they are", () => {
  const words = qemuWords(folderAt("/a place"), readCase("four-way-switch").plan.machine, sockets, (device) => `/run/a,b/${device}.sock`);
  const devices = words.flatMap((word, index) => (words[index - 1] === "-device" && word.startsWith("{") ? [JSON.parse(word) as Record<string, unknown>] : []));
  expect(devices.map(({ driver }) => driver)).toEqual(["pxb-cxl", "cxl-rp", "cxl-upstream", ...Array.from({ length: 4 }, () => ["cxl-downstream", "vfio-user-pci"]).flat()]);
  expect(devices.at(-1)).toEqual({ driver: "vfio-user-pci", id: "dev3", bus: "dsp3", socket: { path: "/run/a,b/dev3.sock", type: "unix" } });
  expect(words).toContain("/a place/vmlinuz");
  expect(words).toContain("socket,id=talk,path=/run/a,,b/talk");
});
