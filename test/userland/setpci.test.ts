// setpci: what it reads and writes is what hardware and kernel have; its complaints are the real one's (pciutils 3.15).

import { describe, expect, it } from "vitest";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { deviceOf, machineOf, portOf } from "../support/machine.ts";

const boot = (): Booted => bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })]));
const said = (booted: Booted, line: string): string => {
  const { exitCode, stdout, stderr } = booted.command(`setpci ${line}`);
  return `${exitCode} ${stdout}${stderr}`;
};
const hint = "Try `setpci --help' for more information.\n";

describe("setpci reads", () => {
  for (const [line, output] of [
    ["-s 0c:00.0 COMMAND", "0 0006\n"], ["-s 0c:00.0 command.b", "0 06\n"], ["-s 0c: VENDOR_ID.L", "0 0c011e98\n0c011e98\n"], ["-s 0d:00.0 SUBSYSTEM_ID", "0 0001\n"], ["-s 0c:00.0 0x4.w 6.w", "0 0006\n0010\n"],
    ["-s 0c:00.0 ECAP_DVSEC+4.L@2", "0 01401e98\n"], ["-s 0c:00.0 ECAP23+8.W@1", "0 0007\n"], ["-v -s 0c:00.0 CAP_EXP+12.w", "0 0000:0c:00.0 (cap 10 @40) @52 = 2085\n"], ["-v -s 0c:00.0 ECAP_AER.L", "0 0000:0c:00.0 (ecap 0001 @100) @100 = 18020001\n"],
    ["-d 1e98:0c03 CLASS_DEVICE", "0 0502\n0502\n"], ["-f -s 7f:00.0 COMMAND", "0 "], ["-s 7f:00.0 COMMAND", "0 setpci: Warning: No devices selected for operation group 1.\n"],
  ] as const) it(line, () => expect(said(boot(), line)).toBe(output));
});

describe("setpci refuses", () => {
  for (const [line, message] of [
    ["", "No operation specified"], ["COMMAND", "Filter specification expected"], ["-s 0c:00.0 FOO", 'Unknown register "FOO"'], ["-s 0c:00.0 4.X", 'Invalid width "X"'], ["-s 0c:00.0 4", "Missing width"], ["-s 0c:00.0 5.w", "Unaligned register address 05"],
    ["-s 0c:00.0 fff.w", "Register number fff out of range"], ["-s 0c:00.0 4.w=zz", 'Invalid value "zz"'], ["-s 0c:00.0 4.w=12345", 'Value "12345" is out of range'], ["-s 0c:00.0 4.w=1:zz", 'Invalid mask "zz"'], ["-s 0c:00.0 4.w=", "Missing value"],
    ["-s 0c:00.0 4.w@zz", 'Invalid number "zz"'], ["-s 0c:00.0 CAP_EXP+zz.w", 'Invalid offset "zz"'], ["-s zz COMMAND", "Unable to parse filter -s Invalid slot number"], ["-s", "Option -s requires an argument"], ["-q", "Invalid option -q"],
  ] as const) it(line, () => expect(said(boot(), line)).toBe(`1 setpci: ${message}.\n${hint}`));

  it("what a function does not have", () => {
    const booted = boot();
    expect(said(booted, "-s 0c:00.0 SUBSYSTEM_ID")).toBe("1 setpci: 0000:0c:00.0: Does not have register SUBSYSTEM_ID.\n");
    expect(said(booted, "-s 0c:00.0 CAP_PM+4.w")).toBe("1 setpci: 0000:0c:00.0: Instance #0 of Capability 0001 not found - there are no capabilities with that id.\n");
    expect(said(booted, "-s 0c:00.0 ECAP23.l@9")).toBe("1 setpci: 0000:0c:00.0: Instance #9 of Extended capability 0023 not found - there are only 4 capabilities with that id.\n");
  });
});

describe("setpci writes", () => {
  it("what lspci and the registers show then, as one access of the width", () => {
    const booted = boot();
    expect(said(booted, "-s 0c:00.0 COMMAND=0400:0400")).toBe("0 ");
    expect(said(booted, "-s 0c:00.0 COMMAND")).toBe("0 0406\n");
    expect(booted.command("lspci -vv -s 0c:00.0").stdout).toContain("BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B- DisINTx+\n");
    expect(booted.system.platform.config.read16(0x0c00, 4)).toBe(0x0406);
  });

  it("several values go to the places behind each other", () => {
    const booted = boot();
    expect(said(booted, "-v -s 0c:00.0 100+8.L=00400020,00400030")).toBe("0 0000:0c:00.0 @108 00400020 00400030\n");
    expect(said(booted, "-s 0c:00.0 ECAP_AER+8.L ECAP_AER+c.L")).toBe("0 00400020\n00400030\n");
  });

  it("-D only says what it would write", () => {
    const booted = boot();
    expect(said(booted, "-D -v -s 0c:00.0 COMMAND=4:4 COMMAND=1,2")).toBe("0 0000:0c:00.0 @04 0006->(0004:0004)->0006\n0000:0c:00.0 @04 0001 0002\n");
    expect(said(booted, "-s 0c:00.0 COMMAND")).toBe("0 0006\n");
  });

  it("a write-1-to-clear bit that is not named stays", () => {
    const booted = boot();
    said(booted, "-s 0c:00.0 CAP_EXP+10.W=10:10");
    expect(said(booted, "-s 0c:00.0 CAP_EXP+10.W")).toBe("0 0010\n");
    expect(said(booted, "-s 0c:00.0 CAP_EXP+10.W=0:10")).toBe("0 ");
    expect(said(booted, "-s 0c:00.0 CAP_EXP+10.W")).toBe("0 0000\n");
  });

  it("memory decode that a user takes away is gone for the kernel too", () => {
    const booted = boot();
    expect(booted.command("devmem 0x1000000000").exitCode).toBe(0);
    const before = booted.command("devmem 0x1000020000 64").stdout;
    expect(before).not.toBe("0xFFFFFFFFFFFFFFFF\n");
    said(booted, "-s 0d:00.0 COMMAND=0:2");
    expect(booted.command("devmem 0x1000020000 64").stdout).toBe("0xFFFFFFFFFFFFFFFF\n");
    said(booted, "-s 0d:00.0 COMMAND=2:2");
    expect(booted.command("devmem 0x1000020000 64").stdout).toBe(before);
  });
});
