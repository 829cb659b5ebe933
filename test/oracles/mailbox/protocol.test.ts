import { describe, expect, it } from "vitest";
import { AnswerError } from "./device.ts";
import { Example, bases } from "./example.ts";

const P = bases.primary;

describe("registers (device-registers.md 2 to 5)", () => {
  it("lists four capabilities", () => {
    const { device } = new Example({ payloadSize: 512 });
    expect(device.read(0, 8).value).toBe(0x0000_0004_0101_0000n);
    expect([1, 2, 3, 4].map((n) => device.read(0x10 * n, 8).value)).toEqual([0x80_0002_0001n, 0x220_0001_0002n, 0x100_0001_0003n, 0x90_0001_4000n]);
    expect([1, 2, 3, 4].map((n) => device.read(0x10 * n + 8, 8).value)).toEqual([8n, 0x220n, 0x120n, 8n]);
    expect(device.read(0x90, 8).value).toBe(0x14n);
    expect(device.read(0x60, 8).value).toBe(0n);
  });

  it("shows payload size, interrupts, vector and type in the capability of either mailbox", () => {
    const { device } = new Example({ payloadSize: 512, readyTime: 1_500_000_000 });
    expect(device.read(P, 4).value).toBe(BigInt(9 | 0x60 | (7 << 7) | (2 << 11) | (1 << 19)));
    expect(device.read(bases.secondary, 4).value).toBe(BigInt(8 | (2 << 11) | (1 << 19)));
  });
});

describe("doorbell (device-registers.md 4.2, 4.6)", () => {
  it("locks command, payload and enables from the doorbell to its clearing", () => {
    const example = new Example();
    const { device } = example;
    example.ring(0x0300, 0);
    device.write(P + 0x20, 4, 0xffn);
    device.write(P + 0x08, 2, 0x1234n);
    device.write(P + 0x04, 1, 6n);
    expect(device.read(P + 0x04, 4).value).toBe(1n);
    example.wait(1999);
    expect(device.read(P + 0x04, 4).value).toBe(1n);
    example.wait(1);
    expect(device.read(P + 0x04, 4).value).toBe(0n);
    expect(device.read(P + 0x08, 8).value).toBe(0x0008_0300n);
    expect(device.read(P + 0x20, 8).value).toBe(0n);
  });

  it("keeps opcode and 21 bits of length, and nothing else of the command register", () => {
    const { device } = new Example();
    device.write(P + 0x08, 8, (1n << 64n) - 1n);
    expect(device.read(P + 0x08, 8).value).toBe((1n << 37n) - 1n);
    device.write(P + 0x0a, 1, 0n);
    expect(device.read(P + 0x08, 8).value).toBe(0x1f_ff00_ffffn);
  });

  it("interrupts at the clearing when that is enabled, and plain RW takes the enable away with the next doorbell", () => {
    const example = new Example();
    example.device.write(P + 0x04, 4, 2n);
    example.send("getTimestamp");
    expect(example.device.takeInterrupts()).toEqual([7]);
    example.device.write(P + 0x08, 8, 0x0300n);
    example.device.write(P + 0x04, 4, 1n);
    example.wait(2000);
    expect(example.device.takeInterrupts()).toEqual([]);
    expect(example.device.read(P + 0x04, 4).value).toBe(0n);
  });
});

describe("general checks (mailbox.md 1)", () => {
  it.each([
    ["opcode before length", 0x7777, 3, 0x03], ["length before fields", 0x0100, 0, 0x16], ["too long", 0x0100, 2, 0x16], ["more than the payload", 0x4103, 4096, 0x16], ["field", 0x0100, 1, 0x02],
  ])("%s", (_, opcode, length, code) => {
    const example = new Example({ payloadSize: 256 }, { labelArea: 4096n });
    const input = new Uint8Array(Math.min(length, 256)).fill(9);
    expect(example.send(opcode, input, length > 256 ? 0x02 : code)).toHaveLength(0);
  });

  it("refuses any other answer", () => {
    expect(() => new Example().send(0x7777, [], 0)).toThrow(AnswerError);
    expect(() => new Example().send("getEventRecords", [], 0x02)).toThrow(/allow 0x16/);
  });

  it("takes only what the secondary mailbox supports there, after the length", () => {
    const example = new Example();
    expect(example.send("getTimestamp", [], 0, "secondary")).toHaveLength(8);
    example.send("setTimestamp", new Uint8Array(8), 0x15, "secondary");
    example.send("setTimestamp", new Uint8Array(7), 0x16, "secondary");
  });
});

describe("background operations (device-registers.md 4.7)", () => {
  it("runs one, shows its percentage, and interrupts at its end", () => {
    const example = new Example();
    const { device } = example;
    device.write(P + 0x04, 4, 4n);
    example.send("sanitize", [], 0x01);
    expect(device.read(P + 0x10, 8).value).toBe(0x1_0000_0001n);
    expect(device.read(0x90, 8).value & 0xcn).toBe(0xcn);
    example.send("populateLog", new Uint8Array(16), 0x06);
    example.send("getLabels", new Uint8Array(8), 0x03);
    example.send("injectPoison", new Uint8Array(8), 0x07);
    example.wait(2_500_000_000);
    expect(device.percentages).toEqual({ least: 30, most: 50 });
    example.wait(2_500_000_000);
    expect(device.read(P + 0x18, 8).value).toBe(0x0064_4400n);
    expect(device.read(0x90, 8).value).toBe(0x14n);
    expect(device.takeInterrupts()).toEqual([7]);
  });

  it("aborts what can be aborted", () => {
    const example = new Example();
    example.send("sanitize", [], 0x01);
    example.send("abortBackground");
    expect(example.device.read(P + 0x18, 8).value >> 32n).toBe(0x12n);
    expect(example.device.read(P + 0x10, 1).value).toBe(0n);
    expect(example.device.read(0x90, 1).value & 0xcn).toBe(0xcn);
    example.send("populateLog", [0x5e, 0x18, 0x19, 0xd9, 0x11, 0xa9, 0x40, 0x0c, 0x81, 0x1f, 0xd6, 0x07, 0x19, 0x40, 0x3d, 0x86], 0x01);
    example.send("abortBackground", [], 0x20);
  });

  it("a reset ends it, with all mailbox registers as at the start", () => {
    const example = new Example();
    example.send("sanitize", [], 0x01);
    example.device.reset("hot");
    expect([0x04, 0x08, 0x10, 0x18].map((at) => example.device.read(P + at, 4).value)).toEqual([0n, 0n, 0n, 0n]);
    expect(example.device.read(0x90, 1).value & 0xcn).toBe(0xcn);
  });
});
