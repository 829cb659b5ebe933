// A register written by hand: what the specification lets software change changes, the rest does not; what would reach nobody is refused and leaves no trace.

import { describe, expect, it } from "vitest";
import { dvsecPort } from "../../registers/dvsec.ts";
import type { OpenRun } from "../../src/sandbox/contract.ts";
import { createInjections, inject } from "../../src/sandbox/injections.ts";
import type { TouchResult } from "../../src/sandbox/live/contract.ts";
import { writeRegister } from "../../src/sandbox/live/write-register.ts";
import { peekBus, registerPart, registersOf, structuresOf, valueAt } from "../../src/sandbox/part-registers.ts";
import { registerAccessOf } from "../../src/scenario/trace/register-words.ts";
import { readRecord, recordBytes, traceLayers } from "../../src/sim/trace.ts";
import { modules } from "../support/machine.ts";
import { richRun } from "../support/rich-machine.ts";

function write(run: OpenRun, of: string, register: string, value: string): TouchResult {
  return writeRegister(run, { kind: "write", of, register, value });
}

function done(run: OpenRun, of: string, register: string, value: string): string {
  const result = write(run, of, register, value);
  if (result.kind === "refused") throw new Error(result.reason);
  return result.said;
}

function refusal(run: OpenRun, of: string, register: string, value: string): string {
  const before = traceLayers.map((layer) => run.system.hardware.digest(layer));
  const at = run.system.hardware.now;
  const result = write(run, of, register, value);
  expect(traceLayers.map((layer) => run.system.hardware.digest(layer))).toEqual(before);
  expect(run.system.hardware.now).toBe(at);
  return result.kind === "refused" ? result.reason : `done: ${result.said}`;
}

function peek({ system: { hardware } }: OpenRun, of: string, register: string): bigint {
  const part = registerPart(hardware, of);
  for (const structure of part === undefined ? [] : structuresOf(hardware, part)) {
    const place = registersOf(hardware, of, structure).find(({ label }) => label === register);
    if (part !== undefined && place !== undefined) return valueAt(peekBus(hardware, part.entity, structure.space), place);
  }
  throw new Error(`${of} has no ${register}`);
}

/** Link Disable works where DVSEC 3 unmasks it. */
function disableLink(run: OpenRun, port: string): string {
  done(run, port, "dvsecPort.control", `0x${(1 << dvsecPort.registers.control.fields.unmaskLinkDisable.bits).toString(16)}`);
  return done(run, port, "pcie.linkControl", "0x10");
}

describe("a register written by hand", () => {
  const run = richRun(modules.release);

  it("takes RW fields, leaves RO and reserved bits, and says so", () => {
    const said = done(run, "rp1", "bridgeHeader.status", "0x0");
    expect(said).toMatch(/^rp1 bridgeHeader\.status <- 0x0000 at 0000:\w\w:\w\w\.0 config 0x6; reads back 0x0010 \(capabilitiesList\); capabilitiesList is 0x1 \(RO\)/);
    expect(peek(run, "rp1", "bridgeHeader.status")).toBe(0x10n);
    const was = peek(run, "rp1", "timeoutIsolation.control");
    expect(done(run, "rp1", "timeoutIsolation.control", "0xf0000000")).toMatch(/reads back 0x00000000; bits 0xf0000000 are reserved and take nothing/);
    expect(done(run, "rp1", "timeoutIsolation.control", `0x${was.toString(16)}`)).toContain(`reads back 0x${was.toString(16).padStart(8, "0")}`);
    expect(peek(run, "rp1", "timeoutIsolation.control")).toBe(was);
  });

  it("goes to the part that is meant, behind a switch too, in its own width", () => {
    for (const part of ["hb0", "rp0", "sw0", "dsp0", "dev0"]) {
      const [register, value] = part === "hb0" ? ["hdmDecoderPort.globalControl", "0x0"] : ["ras.uncorrectableMask", "0x00000003"];
      expect(done(run, part, register, value)).toMatch(/ at 0x[0-9a-f]+; reads back 0x0000000[03]/);
      expect(peek(run, part, register)).toBe(BigInt(value));
    }
    expect(done(run, "dev0", "pcie.deviceControl", "0x0")).toContain("dev0 pcie.deviceControl <- 0x0000");
  });

  it("clears RW1C fields where a 1 is written, and only there", () => {
    const mine = richRun(modules.release);
    const injections = createInjections(mine.plan, mine.system);
    inject(injections, { linkDown: "rp1" });
    const status = "timeoutIsolation.status";
    mine.goOn(mine.system.hardware.now + 50_000, () => peek(mine, "rp1", status) !== 0n);
    expect(peek(mine, "rp1", status) & 0x300n).toBe(0x300n);
    expect(done(mine, "rp1", status, "0x0")).toMatch(/reads back 0x00000300 \(memoryIsolation, memoryIsolationLinkDown\)/);
    expect(done(mine, "rp1", status, "0x200")).toContain("memoryIsolationLinkDown is cleared");
    expect(peek(mine, "rp1", status) & 0x300n).toBe(0x100n);
  });

  it("goes in one access of its width, and 64 bits in one where the structure allows it", () => {
    const mine = richRun(modules.release, true);
    mine.takeTrace();
    done(mine, "dev0", "primaryMailbox.command", "0x0000000000000000");
    done(mine, "dev0", "dvsecDevice.control", "0x0");
    const records = mine.takeTrace().flatMap((chunk) => Array.from({ length: chunk.length / recordBytes }, (_, index) => readRecord(new Uint32Array(chunk.buffer, chunk.byteOffset, chunk.length / 4), index)));
    expect(records.flatMap((record) => registerAccessOf(record) ?? []).map(({ isWrite, width, space, judgement }) => [isWrite ? "write" : "read", width, space, judgement])).toEqual([
      ["write", 8, "device", "done"], ["read", 8, "device", "done"], ["write", 2, "config", "done"], ["read", 2, "config", "done"],
    ]);
  });

  it("tells what the hardware did of it", () => {
    const mine = richRun(modules.release);
    expect(disableLink(mine, "rp1")).toMatch(/rp1: link down/);
    expect(mine.system.hardware.port("rp1").link).toBe("down");
  });
});

describe("a write by hand is refused, and nothing happens,", () => {
  const run = richRun(modules.release);

  it.each([
    ["rp9", "pcie.linkControl", "0x0", /no "rp9" in the machine; did you mean "rp0"\?/],
    ["rp0", "pcy.linkControl", "0x0", /rp0 has no structure "pcy"; did you mean "pcie"\?/],
    ["rp0", "pcie.linkContrl", "0x0", /did you mean "pcie\.linkControl"\?/],
    ["rp2", "timeoutIsolation.control", "0x0", /rp2 was built without timeoutIsolation/],
    ["hb0", "hdmDecoderPort.control", "0x0", /say which one/],
    ["dev0", "hdmDecoderDevice.control[9]", "0x0", /has hdmDecoderDevice\.control\[0\] to hdmDecoderDevice\.control\[3\]; say which one/],
    ["rp0", "pcie.linkControl", "12", /"12" is no value; write it in hexadecimal/],
    ["rp0", "pcie.linkControl", "0x", /is no value/],
    ["rp0", "pcie.linkControl", "0x10000", /does not fit into 16 bits; the largest value is 0xffff/],
    ["rp0", "pcie.linkControl", "0x123456789abcdef0123", /does not fit/],
    ["spare", "pcie.linkControl", "0x0", /spare is not plugged in: rp1 has dev1; inject "plug: \{ port: rp1, card: spare \}" first/],
  ])("for %s %s <- %s", (of, register, value, reason) => {
    expect(refusal(run, of, register, value)).toMatch(reason);
  });

  it("where the link above is down, for config space and memory alike, also behind the switch below it", () => {
    const mine = richRun(modules.release);
    disableLink(mine, "rp0");
    for (const part of ["sw0", "dsp0", "dev0"]) for (const register of ["pcie.deviceControl", "ras.uncorrectableMask"]) expect(refusal(mine, part, register, "0x0")).toMatch(/the link of rp0 is down \(disabled, isolation\), so that (sw0|dsp0|dev0) does not answer/);
  });

  it("where memory decoding is off, its own or that of a bridge above", () => {
    const mine = richRun(modules.release);
    done(mine, "dev1", "endpointHeader.command", "0x0");
    expect(refusal(mine, "dev1", "ras.uncorrectableMask", "0x0")).toMatch(/memory decoding of dev1 is off, so that nobody answers at 0x[0-9a-f]+; set memorySpaceEnable of endpointHeader\.command first/);
    done(mine, "rp0", "bridgeHeader.command", "0x0");
    expect(refusal(mine, "dev0", "ras.uncorrectableMask", "0x0")).toMatch(/a bridge above dev0 lets no memory accesses through/);
  });

  it("where there is no BAR", () => {
    const mine = richRun(modules.release);
    done(mine, "dev1", "endpointHeader.bar0", "0x0");
    done(mine, "dev1", "endpointHeader.bar1", "0x0");
    expect(refusal(mine, "dev1", "ras.uncorrectableMask", "0x0")).toMatch(/BAR 0 of dev1 is 0: its registers have no address now/);
  });

  it("where no bus number leads there", () => {
    const mine = richRun(modules.release);
    done(mine, "rp1", "bridgeHeader.secondaryBus", "0x0");
    expect(refusal(mine, "dev1", "pcie.deviceControl", "0x0")).toMatch(/dev1 has no bus number now/);
  });

  it("when the run is over", () => {
    const mine = richRun(modules.release);
    mine.finish();
    expect(refusal(mine, "rp0", "pcie.linkControl", "0x0")).toMatch(/no processor makes accesses any more/);
  });
});
