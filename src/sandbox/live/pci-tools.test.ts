import { describe, expect, it } from "vitest";
import { mayWantPciTools } from "./pci-tools.ts";

describe("the page fetches lspci and setpci when a scenario or a line may call them", () => {
  it.each(["- run: lspci -vv", "lspci", "- run: cxl list; set''pci -s 00:00.0 4.w", `- run: "ls\\\n  pci"`, `- run: "\\x6cspci"`, "- run: !!binary bHNwY2k=", "l\\spci"])("%j may", (text) => {
    expect(mayWantPciTools(["version: 1", text])).toBe(true);
  });

  it.each(["- run: cxl list", "- run: ls /sys/bus/pci", "name: pci set apart"])("%j does not", (text) => {
    expect(mayWantPciTools([text])).toBe(false);
  });
});
