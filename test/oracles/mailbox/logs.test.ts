import { describe, expect, it } from "vitest";
import { AnswerError } from "./device.ts";
import { Example, bases, u64 } from "./example.ts";

const record = (byte: number): Uint8Array => new Uint8Array(128).fill(byte);
const word = (bytes: Uint8Array, at: number, size = 2): number => Array.from({ length: size }, (_, i) => (bytes[at + i] ?? 0) * 2 ** (8 * i)).reduce((a, b) => a + b, 0);

describe("event logs (events.md 10 to 13)", () => {
  it("gives the oldest first, as many as fit, with handles from 1", () => {
    const example = new Example({ payloadSize: 256 });
    example.device.injectEvent(1, record(7));
    example.device.injectEvent(1, record(8));
    expect(example.device.read(0x80, 8).value).toBe(2n);
    const got = example.send("getEventRecords", [1]);
    expect([got.length, got[0], word(got, 0x14), word(got, 0x34), got[0x20]]).toEqual([0xa0, 2, 1, 1, 7]);
    expect(example.send("getEventRecords", [1])).toEqual(got);
    example.send("clearEventRecords", [1, 0, 1, 0, 0, 0, 1, 0]);
    expect(word(example.send("getEventRecords", [1]), 0x34)).toBe(2);
  });

  it("stamps with the clock that Set Timestamp started", () => {
    const example = new Example();
    expect(example.send("getTimestamp")).toEqual(new Uint8Array(8));
    example.send("setTimestamp", u64(1000n));
    example.wait(234);
    example.device.injectEvent(0, record(0));
    expect(word(example.send("getEventRecords", [0]), 0x38, 6)).toBe(1234);
    expect(word(example.send("getTimestamp"), 0, 6)).toBe(1234 + 4000);
  });

  it("counts what is lost, and forgets it with the first record cleared", () => {
    const example = new Example({ logDepths: [2, 2, 2, 2, 0] });
    for (let i = 0; i < 5; i++) example.device.injectEvent(0, record(i));
    const got = example.send("getEventRecords", [0]);
    expect([got[0], word(got, 2), word(got, 0x14)]).toEqual([1, 3, 2]);
    example.send("clearEventRecords", [0, 0, 1, 0, 0, 0, 2, 0], 0x0e);
    example.send("clearEventRecords", [0, 0, 2, 0, 0, 0, 1, 0], 0x16);
    example.send("clearEventRecords", [0, 0, 1, 0, 0, 0, 1, 0]);
    expect(example.send("getEventRecords", [0]).slice(0, 4)).toEqual(Uint8Array.of(0, 0, 0, 0));
    example.send("clearEventRecords", [0, 1, 0, 0, 0, 0], 0x02);
    example.device.injectEvent(0, record(9));
    expect(word(example.send("getEventRecords", [0]), 0xb4)).toBe(3);
    example.device.injectEvent(0, record(9));
    example.send("clearEventRecords", [0, 1, 0, 0, 0, 0]);
    expect(example.device.read(0x80, 8).value).toBe(0n);
  });

  it("interrupts when a log stops being empty, in mode 1 only", () => {
    const example = new Example();
    expect(example.send("getEventInterruptPolicy")).toEqual(Uint8Array.of(0x20, 0x30, 0x40, 0x50));
    example.device.injectEvent(2, record(0));
    example.send("setEventInterruptPolicy", [1, 0xf1, 1, 0]);
    expect(example.send("getEventInterruptPolicy")).toEqual(Uint8Array.of(0x21, 0x31, 0x41, 0x50));
    for (const log of [2, 1, 1, 3]) example.device.injectEvent(log, record(0));
    expect(example.device.takeInterrupts()).toEqual([3]);
    example.device.reset("hot");
    expect(example.device.read(0x80, 8).value).toBe(0xen);
    expect(example.send("getEventInterruptPolicy")).toEqual(Uint8Array.of(0x20, 0x30, 0x40, 0x50));
  });

  it("refuses a log that is not there", () => {
    const example = new Example();
    example.send("getEventRecords", [4], 0x02);
    expect(() => example.send("getEventRecords", [4])).toThrow(AnswerError);
  });
});

describe("Command Effects Log (mailbox.md 2, 8)", () => {
  const id = [0x0d, 0xa9, 0xc0, 0xb5, 0xbf, 0x41, 0x4b, 0x78, 0x8f, 0x79, 0x96, 0xb1, 0x62, 0x3b, 0x3f, 0x17];

  it("has an entry for each opcode, from the declared effects", () => {
    const example = new Example({ commands: ["getLog", "sanitize", "setTimestamp"] });
    expect(example.send("getLog", [...id, 0, 0, 0, 0, 12, 0, 0, 0])).toEqual(Uint8Array.of(0x01, 0x03, 0x08, 0x00, 0x01, 0x04, 0x80, 0x00, 0x00, 0x44, 0x64, 0x01));
    expect(example.send("getLog", [...id, 8, 0, 0, 0, 4, 0, 0, 0])).toEqual(Uint8Array.of(0x00, 0x44, 0x64, 0x01));
    example.send("getLog", [...id, 8, 0, 0, 0, 5, 0, 0, 0], 0x02);
    example.send("getLog", [...id.slice(1), 0, 8, 0, 0, 0, 4, 0, 0, 0], 0x17);
    example.send("getTimestamp", [], 0x03);
  });

  it("leaves payload bytes alone that a command did not write", () => {
    const example = new Example();
    example.put(new Uint8Array(64).fill(0xee));
    example.send("getTimestamp");
    expect(example.device.read(bases.primary + 0x20, 8).value).toBe(0n);
    expect(example.device.read(bases.primary + 0x28, 8).value).toBe(0xeeee_eeee_eeee_eeeen);
  });
});
