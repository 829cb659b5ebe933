import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { ProtobufMessage } from "./protobuf.ts";

describe("protocol buffers", () => {
  it.each([0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER])("%i is read back by another reader", (value) => {
    const reader = protobuf.Reader.create(new ProtobufMessage().number(5, value).number(900, value).finish());
    expect([reader.uint32(), Number(reader.uint64()), reader.uint32(), Number(reader.uint64())]).toEqual([5 << 3, value, 900 << 3, value]);
    expect(reader.pos).toBe(reader.len);
  });

  it("texts are UTF-8 with their length in bytes, messages are bytes, and grow as they need", () => {
    const text = "ü€😀".repeat(500);
    const reader = protobuf.Reader.create(new ProtobufMessage().message(3, new ProtobufMessage().text(1, text).bytes(2, Uint8Array.of(7))).finish());
    expect(reader.uint32()).toBe((3 << 3) | 2);
    const inner = protobuf.Reader.create(reader.bytes());
    expect([inner.uint32(), inner.string(), inner.uint32(), [...inner.bytes()]]).toEqual([(1 << 3) | 2, text, (2 << 3) | 2, [7]]);
  });

  it.each([-1, 1.5, 2 ** 53, Number.NaN])("%d is refused", (value) => {
    expect(() => new ProtobufMessage().number(1, value)).toThrow(RangeError);
  });
});
