import { describe, expect, it } from "vitest";
import { rareProgramsIn } from "./rare-programs.ts";

const all = ["devmem", "folders", "lspci", "setpci", "hexdump", "grep", "lines", "rasPageOffline"];

describe("the page fetches rare programs when a scenario or a line may call them", () => {
  it.each([
    ["- run: lspci -vv", ["lspci"]], ["lspci", ["lspci"]], ["- run: ls /sys/bus/pci", ["folders"]], ["find / -name x; devmem 0x0", ["devmem", "folders"]], ["- run: cxl list; set''pci -s 00:00.0 4.w", ["setpci"]], [`- run: "ls\\\n  pci"`, ["folders", "lspci"]], ["l\\spci", ["lspci"]],
    ["- run: cat /proc/iomem | sort|head", ["lines"]], [`{"run":"tail x"}`, ["lines"]], ["- run: cat x | gr''ep x | wc", ["grep", "lines"]], ["xxd /x", ["hexdump"]], ["- run: ras-page-offline x", ["rasPageOffline"]], ["cat x|tr a b", ["lines"]],
    [`- run: "\\x6cspci"`, all], ["- run: !!binary bHNwY2k=", all],
  ])("%j may", (text, programs) => {
    expect(rareProgramsIn(["version: 1", text])).toEqual(programs);
  });

  it.each(["- run: cxl list", "- run: cat /sys/bus/pci", "name: pci set apart", "name: a control of strings, resorted, ahead, for details", "- run: cxl sort-of"])("%j does not", (text) => {
    expect(rareProgramsIn([text])).toEqual([]);
  });
});
