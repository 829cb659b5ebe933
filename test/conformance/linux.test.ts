// The comparison with a running Linux: its reader, names that do not depend on the order of probing, and that it sees what differs.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CaptureError, readDecoders } from "../../tools/conformance/capture.ts";
import { addressesOf } from "../../tools/conformance/linux/addresses.ts";
import { readCase, readSteps } from "../../tools/conformance/linux/case.ts";
import type { LinuxDifference } from "../../tools/conformance/linux/moment.ts";
import { runCase } from "../../tools/conformance/linux/compare.ts";
import { attributeFacts, iomemFacts, listingFacts, outputFacts } from "../../tools/conformance/linux/facts.ts";
import { bootHost, capturedBooting, decoderRegister, softReservedOf } from "../../tools/conformance/linux/host.ts";
import { lasting, namesIn, present } from "../../tools/conformance/linux/names.ts";
import { partFinder } from "../../tools/conformance/linux/parts.ts";
import { programmedDecoders } from "../../tools/conformance/linux/programmed.ts";
import { linuxSummary } from "../../tools/conformance/linux/report.ts";
import { decoderOffsets } from "../../tools/conformance/decoder-values.ts";
import { machineOf, readTopology } from "../../tools/conformance/topology.ts";
import { modules } from "../support/machine.ts";

const captures = fileURLToPath(new URL("../fixtures/captures/linux/", import.meta.url));

describe("a log of steps", () => {
  it("has commands with output and exit code, moments once, second kernels and cards that were taken out, in order", () => {
    const log = "9.5 cxl-up\n11.9 capture 0-up\n26.9 host-request regs.0-up\n$ cxl list -R\n  Warning: none\n\n[]\n[rc=1, uptime=53.98]\n$ kexec -s -l V --command-line=quiet stage=2\n[rc=0, uptime=1.00]\n17.3 host-request del mem1\n24.3 host-request regs.s2-0\n30 capture(light) s2-1\n";
    expect(readSteps("f", log)).toEqual([
      { kind: "moment", name: "0-up" }, { kind: "command", line: "cxl list -R", output: "  Warning: none\n\n[]", exitCode: 1 }, { kind: "kexec", commandLine: "quiet stage=2" },
      { kind: "removed", card: "mem1" }, { kind: "moment", name: "s2-0" }, { kind: "moment", name: "s2-1" },
    ]);
  });

  it("that breaks off in a command is refused with its line, a folder without one is no case", () => {
    expect(() => readSteps("f", "1 x\n$ cxl list\n[]\n")).toThrow(new CaptureError("f", "line 2", '"$ cxl list" has no [rc=.., uptime=..] after it; is the log whole?'));
    expect(() => readCase(captures)).toThrow(/qemu-cmdline\.txt: is not in the folder/);
  });
});

describe("names", () => {
  const listing = (first: number, second: number) => [{ bus: "root0", "ports:root0": [{ port: "port1", host: "pci0000:0c", "endpoints:port1": [
    { endpoint: "endpoint2", host: "mem0", memdev: { memdev: "mem0", serial: first } }, { endpoint: "endpoint3", host: "mem1", memdev: { memdev: "mem1", serial: second } },
  ] }] }];

  it("last by serial number and host, whichever card was first", () => {
    const [one, other] = [namesIn(listing(1, 2)), namesIn(listing(2, 1))];
    const text = "root0/port1/endpoint2/decoder2.0 mem0 decoder1.3 decoder0.0 region0";
    expect(lasting(one, text)).toBe("root0/port<pci0000:0c>/endpoint<0x1>/decoder<0x1>.0 mem<0x1> decoder<pci0000:0c>.3 decoder0.0 region0");
    expect(lasting(other, text.replaceAll("2", "3").replaceAll("mem0", "mem1"))).toBe(lasting(one, text));
    expect(present(other, lasting(one, text))).toBe("root0/port1/endpoint3/decoder3.0 mem1 decoder1.3 decoder0.0 region0");
  });

  it("of what is gone from a listing are kept, unknown ones stay as they are", () => {
    expect(lasting(namesIn([], namesIn(listing(1, 2))), "endpoint3 endpoint9 mem7")).toBe("endpoint<0x2> endpoint9 mem7");
  });
});

describe("places", () => {
  it("of listings and outputs name elements by what they are, and keep numbers that a double cannot", () => {
    const output = 'cxl region: created\n{\n  "region":"region0",\n  "size":18446744073709551615,\n  "mappings":[\n    {\n      "position":1,\n      "memdev":"mem1"\n    }\n  ]\n}';
    expect([...outputFacts("output", output)]).toEqual([["output message 1", "cxl region: created"], ["output output.region", '"region0"'], ["output output.size", '"18446744073709551615"'], ["output output.mappings[position 1].position", "1"], ["output output.mappings[position 1].memdev", '"mem1"']]);
    expect([...listingFacts("f", "l", '[{"memdev":"mem0","ram":1}]')]).toEqual([["l[mem0].memdev", '"mem0"'], ["l[mem0].ram", "1"]]);
    expect([...listingFacts("f", "l", "[]"), ...listingFacts("f", "l", "")]).toEqual([]);
    expect(() => listingFacts("f", "l", "[{")).toThrow(CaptureError);
  });

  it("of /proc/iomem are windows with all below them and claimed registers by function and size", () => {
    const text = "00000000-1fffffff : System RAM\nfe000000-fe0fffff : PCI Bus 0000:0d\n  fe000000-fe00ffff : 0000:0d:00.0\n    fe001080-fe0010d7 : endpoint2\n4c0001128-4c00011b7 : port1\n4d0000000-5cfffffff : CXL Window 0\n  4d0000000-4dfffffff : region0\n600000000-6ffffffff : other\n";
    expect([...iomemFacts(text)]).toEqual([["iomem registers of 0000:0d:00.0, 0x58 bytes", "endpoint2"], ["iomem registers of host bridge, 0x90 bytes", "port1"], ["iomem 0x4d0000000-0x5cfffffff level 0", "CXL Window 0"], ["iomem 0x4d0000000-0x4dfffffff level 1", "region0"]]);
  });

  it("of attributes are device and name; links are values", () => {
    expect([...attributeFacts("## cxl mem0 -> ../mem0\ndriver: cxl_mem\nram/size: 0x1\nsecurity/sanitize: \n")]).toEqual([["attrs cxl mem0 ->", "../mem0"], ["attrs cxl mem0 driver", "cxl_mem"], ["attrs cxl mem0 ram/size", "0x1"], ["attrs cxl mem0 security/sanitize", ""]]);
  });
});

describe("a case", () => {
  let folder = "";
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "linux-")), "case");
  });
  afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

  /** Differences of a copy of a case with texts replaced in its files. */
  function differences(name: string, changes: readonly (readonly [file: string, from: string, to: string])[] = []): LinuxDifference[] {
    cpSync(join(captures, name), folder, { recursive: true });
    for (const [file, from, to] of changes) {
      const text = readFileSync(join(folder, file), "utf8");
      expect(text).toContain(from);
      writeFileSync(join(folder, file), text.replace(from, to));
    }
    return runCase(modules.release, readCase(folder)).moments.flatMap(({ different }) => different);
  }

  it("shows what was planted in every kind of file, with its place and both values", () => {
    const before = differences("2b-two-way-ram").map((one) => JSON.stringify(one));
    const planted = differences("2b-two-way-ram", [
      ["1-region-kmem-offline.iomem", "4d0000000-4efffffff : region0", "4d0000000-4efffffff : region7"],
      ["0-up.attrs.txt", "serial: 0x2", "serial: 0x9"],
      ["1-region-kmem-offline.hdm-regs.txt", "base 00000004d0000000", "base 00000004e0000000"],
      ["1-region-kmem-offline.cxl-all.json", '"decode_state":"commit"', '"decode_state":"reset"'],
      ["steps.log", "disabled 1 region\n[rc=0,", "disabled 1 region\n[rc=3,"],
    ]).filter((one) => !before.includes(JSON.stringify(one)));
    expect(planted.map(({ moment, place, theirs, ours }) => [moment, place, theirs, ours])).toEqual([
      ["0-up", "attrs cxl mem<0x2> serial", "0x9", "0x2"],
      ["1-region-kmem-offline", "cxl-all.json[root0].decoders:root0[decoder0.0].regions:decoder0.0[region0].decode_state", '"reset"', '"commit"'],
      ["1-region-kmem-offline", "iomem 0x4d0000000-0x4efffffff level 1", "region7", "region0"],
      ["1-region-kmem-offline", "registers hb0 decoder 0 base", "0x4e0000000", "0x4d0000000"],
      ["$ cxl disable-region region0", "exit code", "3", "0"],
    ]);
  });

  it("is explained only where both values are those of the rule", () => {
    const place = "attrs cxl mem<0x1> firmware_version";
    expect(differences("2a-one-volatile").filter((one) => one.place === place)).toEqual([]);
    expect(differences("2a-one-volatile", [["0-up.attrs.txt", "BWFW VERSION 00", "BWFW VERSION 01"]]).filter((one) => one.place === place)).toEqual([{ moment: "0-up", place, theirs: "BWFW VERSION 01", ours: "BWFW VERSION 0" }]);
  });

  for (const name of ["2a-one-volatile", "2b-two-way-ram", "3-ok-nosr", "3-ok-sr-region", "3-fail-missing-sr", "4-events"]) {
    it(`${name}: everything that was seen is equal or explained`, () => {
      expect(differences(name)).toEqual([]);
    });
  }

  it("is summed up with equal things of several cards on one line", () => {
    const result = runCase(modules.release, readCase(join(captures, "2a-one-volatile")));
    const text = linuxSummary([{ ...result, moments: [{ name: "m", entries: 3, equal: 1, explained: 0, different: [1, 2].map((serial) => ({ moment: "m", place: `attrs cxl mem<0x${serial}> dev`, theirs: "a", ours: undefined })) }] }], false);
    expect(text).toContain("     2  attrs cxl mem<> dev: theirs a, ours nothing (m)");
    expect(text).toContain("total  3 entries: 1 equal, 0 explained, 2 different");
  });
});

describe("a second kernel", () => {
  const linux = readCase(join(captures, "2b-two-way-ram"));
  const topology = readTopology(linux.name, linux.commandLine);
  const registers = linux.moments.get("1-region-kmem-offline")?.files.get("hdm-regs.txt") ?? "";
  const machine = machineOf(topology, addressesOf(linux, topology));
  const decoders = programmedDecoders(machine, partFinder("f", machine), readDecoders("f", registers, linux.commandLine).entries);

  it("finds decoders as the first one left them", () => {
    expect(decoders.map(({ place, index, ways, granularity, targets }) => [place, index, ways, granularity, targets])).toEqual([["cxl.1", 0, 2, 256, [1, 0]], ["mem0", 0, 2, 256, []], ["mem1", 0, 2, 256, []]]);
    const host = bootHost(modules.release, capturedBooting(machine, linux.kernelCommandLine, decoders));
    expect(["cxl.1", "mem0", "mem1"].map((name) => decoderRegister(host, name, 0, decoderOffsets.control))).toEqual([0x1610, 0x1610, 0x1610]);
    expect(host.command("cat /sys/bus/cxl/devices/port1/decoders_committed").stdout).toBe("1\n");
  });

  it("has the Soft Reserved ranges of its own command line", () => {
    expect(softReservedOf("quiet memmap=512M%0x4d0000000+0xefffffff memmap=1G%0x0+2 stage=2")).toEqual([{ base: 0x4_d000_0000n, size: 512n << 20n }]);
    expect(softReservedOf("memmap=0x10000000%0x4d0000000-2+0xefffffff,256M%20G+4026531839 memmap=64M!4G memmap=512M")).toEqual([{ base: 0x4_d000_0000n, size: 256n << 20n }, { base: 20n << 30n, size: 256n << 20n }]);
  });
});
