// lspci: held to what the real one prints of the same bytes, to the files of a running machine, and to config spaces that are broken.

import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Call } from "../../src/userland/programs.ts";
import { lspci } from "../../src/userland/lspci.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { bytesOfDump, drawnDump, dumpOf } from "../support/lspci-dumps.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const fixtures = fileURLToPath(new URL("../fixtures/lspci/", import.meta.url));
const nobody = { read: () => "", list: () => [], exists: () => false } as unknown as Call["files"];

interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs lspci on a dump that is piped in. */
function onDump(dump: string, ...argv: readonly string[]): Said {
  const said = { stdout: "", stderr: "" };
  const exitCode = lspci({ files: nobody, argv: [...argv, "-F", "-"], input: dump, output: { out: (text) => void (said.stdout += text), err: (text) => void (said.stderr += text) } });
  return { exitCode, ...said };
}

const names = readdirSync(fixtures).filter((name) => name.endsWith(".dump")).map((name) => name.slice(0, -".dump".length));
const fixture = (name: string): string => readFileSync(`${fixtures}${name}`, "latin1");

const boot = (): Booted => bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n, persistentCapacity: 512n * MiB })] }), portOf("rp2", { present: false })]));
const bootSwitch = (): Booted => bootMachine(machineOf([portOf("rp0", { slots: [switchOf("sw0", [0, 1].map((p) => downstreamOf(`dsp${p}`, p, [deviceOf(`d${p}`, { serial: BigInt(p + 1) })])))] })]));
const out = (booted: Booted, line: string): string => {
  const { exitCode, stdout, stderr } = booted.command(line);
  expect([line, exitCode, stderr]).toEqual([line, 0, ""]);
  return stdout;
};

describe("lspci on a dump prints what the real one prints", () => {
  it("there are pairs to hold it to", () => expect(names.length).toBeGreaterThanOrEqual(3));
  for (const name of names) {
    for (const [suffix, option] of [["vvv", "-vvv"], ["v", "-v"], ["nn", "-nn"]] as const) {
      it(`${name} ${option}`, () => expect(onDump(fixture(`${name}.dump`), option)).toEqual({ exitCode: 0, stdout: fixture(`${name}.${suffix}.txt`), stderr: "" }));
    }
    it(`${name}: the dump is its own -xxxx`, () => expect(onDump(fixture(`${name}.dump`), "-xxxx").stdout.replaceAll(/^(\w+:\w+\.\d).*$/gm, "$1")).toBe(fixture(`${name}.dump`).replaceAll(/^(\w+:\w+\.\d).*$/gm, "$1")));
  }
});

describe("lspci on registers by chance prints what the real one prints", () => {
  for (const seed of [1, 2, 3, 4]) it(`draw ${seed}`, () => expect(onDump(drawnDump(fixture("switch.dump"), seed), "-vvv")).toEqual({ exitCode: 0, stdout: fixture(`drawn-${seed}.txt`), stderr: "" }));
});

describe("lspci on a running machine", () => {
  it("lists every function by place, with names, numbers, or both", () => {
    const booted = boot();
    expect(out(booted, "lspci")).toBe("0c:00.0 PCI bridge: Device 1e98:0c01 (rev 01)\n0c:01.0 PCI bridge: Device 1e98:0c01 (rev 01)\n0c:02.0 PCI bridge: Device 1e98:0c01 (rev 01)\n0d:00.0 CXL: Device 1e98:0c03 (rev 01)\n0e:00.0 CXL: Device 1e98:0c03 (rev 01)\n");
    expect(out(booted, "lspci -n -s 0d:")).toBe("0d:00.0 0502: 1e98:0c03 (rev 01)\n");
    expect(out(booted, "lspci -D -nn -d :c03:0502 -s 0e:00.0")).toBe("0000:0e:00.0 CXL [0502]: Device [1e98:0c03] (rev 01)\n");
    expect(out(booted, "lspci -k -s 0d:00")).toBe("0d:00.0 CXL: Device 1e98:0c03 (rev 01)\n\tSubsystem: Device 1e98:0001\n\tKernel driver in use: cxl_pci\n");
  });

  it("shows what config space and the kernel say: sizes, windows, interrupts, drivers", () => {
    const booted = boot();
    const text = out(booted, "lspci -vvv -s 0c:00.0");
    expect(text).toContain("\tInterrupts: unknown pin routed to IRQ ");
    expect(text).toMatch(/\tRegion 0: Memory at [0-9a-f]+ \(64-bit, prefetchable\) \[size=64K\]\n\tBus: primary=0c, secondary=0d, subordinate=0d, sec-latency=0\n\tMemory behind bridge: fff00000-000fffff \[disabled\] \[32-bit\]\n\tPrefetchable memory behind bridge: [0-9a-f]+-[0-9a-f]+ \[size=1M\] \[32-bit\]\n/);
    expect(text).toContain("\tKernel driver in use: pcieport\n");
    expect(out(booted, "lspci -vvv -s 0d:00.0")).toContain("Device Serial Number 00-00-00-00-00-00-00-01");
    booted.run(booted.files.write("/sys/bus/pci/drivers/cxl_pci/unbind", "0000:0d:00.0"));
    // Its memory goes on being decoded, and is decoded no more once somebody says so.
    expect(out(booted, "lspci -v -s 0d:00.0")).toMatch(/Memory at [0-9a-f]+ \(64-bit, prefetchable\) \[size=256K\]/);
    expect(out(booted, "setpci -s 0d:00.0 COMMAND=0")).toBe("");
    expect(out(booted, "lspci -v -s 0d:00.0")).toMatch(/Memory at [0-9a-f]+ \(64-bit, prefetchable\) \[disabled\] \[size=256K\]/);
    expect(out(booted, "lspci -v -s 0d:00.0")).not.toContain("Kernel driver");
  });

  it("a card with persistent memory has the flush DVSEC, one without has not", () => {
    const booted = boot();
    expect(out(booted, "lspci -vv -s 0e:00.0")).toContain("GPF DVSEC for CXL Devices\n\t\tGPF Phase 2 Duration: 3s\n");
    expect(out(booted, "lspci -vv -s 0d:00.0")).not.toContain("GPF");
  });

  it("-t draws buses below switches", () => {
    expect(out(bootSwitch(), "lspci -t")).toBe("-[0000:0c]---00.0-[0d-10]----00.0-[0e-10]--+-00.0-[0f]----00.0\n                                           \\-01.0-[10]----00.0\n");
    expect(out(boot(), "lspci -tv")).toBe("-[0000:0c]-+-00.0-[0d]----00.0  Device 1e98:0c03\n           +-01.0-[0e]----00.0  Device 1e98:0c03\n           \\-02.0-[0f]--\n");
  });

  it("its -xxxx, read again, shows the same capabilities", () => {
    for (const booted of [boot(), bootSwitch()]) {
      const capabilities = (text: string): string => text.split("\n").filter((line) => /^\t(Capabilities|\t)/.test(line)).join("\n");
      expect(capabilities(onDump(out(booted, "lspci -xxxx"), "-vvv").stdout)).toBe(capabilities(out(booted, "lspci -vvv")));
    }
  });

  it("-v names the slot that a card is in; a port is in none", () => {
    const booted = boot();
    expect(out(booted, "lspci -v -s 0d:00.0")).toMatch(/^0d:00\.0 .*\n(?:\tSubsystem: .*\n)?\tPhysical Slot: \S+\n\tFlags: /);
    expect(out(booted, "lspci -v -s 0c:00.0")).not.toContain("Physical Slot");
    expect(out(booted, "lspci -s 0d:00.0")).not.toContain("Physical Slot");
  });

  it("a function whose link went down under the kernel has no header, and keeps what the kernel assigned", () => {
    const booted = boot();
    out(booted, "setpci -s 0c:00.0 180+0c.W=2 CAP_EXP+10.W=10:10");
    const text = out(booted, "lspci -vvv -s 0d:00.0");
    expect(text).toMatch(/^0d:00\.0 CXL: Device 1e98:0c03 \(rev 01\).*\n\t!!! Unknown header type 7f\n\tPhysical Slot: 1\n\tRegion 0: Memory at [0-9a-f]+ \(64-bit, prefetchable\) \[size=256K\]\n/);
  });

  it("shows errors and an armed port as registers have them", () => {
    const booted = boot();
    out(booted, "setpci -s 0c:00.0 ECAP_DPC+6.W=2:3 ECAP_AER+8.L=20");
    const text = out(booted, "lspci -vv -s 0c:00.0");
    expect(text).toContain("DpcCtl:\tTrigger:2 ");
    expect(text).toContain("UEMsk:\tDLP- SDES+ TLP- ");
  });
});

describe("words that lspci does not take", () => {
  for (const [line, message] of [["-s zz:", "lspci: -s: Invalid bus number\n"], ["-s 1:2:3:4", "lspci: -s: Too many fields\n"], ["-s 20.0", "lspci: -s: Invalid slot number\n"], ["-s .8", "lspci: -s: Invalid function number\n"], ["-d 1", "lspci: -d: At least two fields must be given\n"], ["-d zz:", "lspci: -d: Invalid vendor ID\n"], ["-F /nowhere", "lspci: dump: Cannot open /nowhere: No such file or directory\n"]] as const) {
    it(line, () => expect(boot().command(`lspci ${line}`)).toEqual({ exitCode: 1, stdout: "", stderr: message }));
  }
  it("an unknown option and a stray word give the usage", () => {
    const booted = boot();
    expect(booted.command("lspci -Z").stderr).toMatch(/^lspci: invalid option -- 'Z'\nUsage: lspci /);
    expect(booted.command("lspci foo").stderr).toMatch(/^Usage: lspci /);
    expect(booted.command("lspci -s").stderr).toMatch(/^lspci: option requires an argument -- 's'\nUsage: /);
  });
  it("a dump that is none says where", () => {
    expect(onDump("00: 01 02\n").stderr).toBe("lspci: dump: line 1: bytes before a function\n");
    expect(onDump("0c:00.0 x\n10: 00\n").stderr).toBe("lspci: dump: line 2: byte 10 is not the next one\n");
    expect(onDump("0c:00.0 x\n00: 00\n").stderr).toBe("lspci: dump: 1 bytes of a function; a dump has 64, 256, 4096\n");
  });
});

const rounds = 60;
const asDump = (bytes: Uint8Array): string => dumpOf([bytes]);
const bytesOf = (dump: string): Uint8Array => bytesOfDump(dump)[0] ?? new Uint8Array();

describe("broken config spaces end in words, not in errors or loops", () => {
  it("bytes by chance", () => {
    const random = createRandom(11);
    for (let round = 0; round < rounds; round++) {
      const bytes = Uint8Array.from({ length: [64, 256, 4096][round % 3] ?? 64 }, () => nextBelow(random, 256));
      for (const option of ["-vvv", "-v", "-tv", "-xxxx", "-nn"]) {
        const { exitCode, stdout } = onDump(asDump(bytes), option);
        expect([round, option, exitCode]).toEqual([round, option, 0]);
        expect(stdout.length).toBeLessThan(200_000);
      }
    }
  });

  it("real ones with bytes changed by chance, headers of capabilities too", () => {
    const random = createRandom(12);
    const base = bytesOf(fixture("switch.dump"));
    expect(base.length).toBe(4096);
    for (let round = 0; round < rounds; round++) {
      const bytes = base.slice();
      for (let i = 0; i < 40; i++) bytes[nextBelow(random, 0x270)] = nextBelow(random, 256);
      const { exitCode, stdout } = onDump(asDump(bytes), "-vvv");
      expect(exitCode).toBe(0);
      expect(stdout.split("\n").length).toBeLessThan(3000);
    }
  });

  it("both lists end where they bite their tail, and where a chain breaks", () => {
    const bytes = bytesOf(fixture("switch.dump"));
    const first = bytes[0x34] ?? 0;
    bytes[first + 1] = first;
    bytes.set([bytes[0x100] ?? 0, bytes[0x101] ?? 0, 0x02, 0x10], 0x100);
    const text = onDump(asDump(bytes), "-vvv").stdout;
    expect(text).toContain(`\tCapabilities: [${first.toString(16)}] <chain looped>\n`);
    expect(text).toContain("\tCapabilities: [100 v2] <chain looped>\n");
    bytes[0x34] = 0xf8;
    bytes[0xf8] = 0xff;
    expect(onDump(asDump(bytes), "-vvv").stdout).toContain("\tCapabilities: [f8] <chain broken>\n");
  });

  it("a machine whose registers are written over by chance is still listed", () => {
    const booted = boot();
    const random = createRandom(13);
    for (let round = 0; round < 30; round++) {
      const at = (nextBelow(random, 0x270 / 4) * 4).toString(16);
      booted.command(`setpci -s 0${"cde"[nextBelow(random, 3)]}:00.0 ${at}.L=${nextBelow(random, 0x1_0000).toString(16)}`);
      for (const option of ["-vvv", "-t", "-xxxx"]) expect(booted.command(`lspci ${option}`).exitCode).toBe(0);
    }
  });
});
