import { describe, expect, it } from "vitest";
import type { FieldLook } from "../../../sandbox/live/registers-look.ts";
import { changedBits, clearsByOne, draftOf, fieldOf, fieldWords, hexOf, initials, isWritable, parseHex, valueWords, withField } from "./bits.ts";

const field = (name: string, high: number, low: number, access = "RW", names: FieldLook["names"] = {}): FieldLook => ({ name, high, low, access, about: "", clause: "", value: 0, meaning: "", names, reset: 0, remark: "" });

describe("values of registers in the page", () => {
  it("are read and made field by field, up to 64 bits", () => {
    const wide = { high: 63, low: 32 };
    expect(fieldOf("0xdeadbeef00000001", wide)).toBe(0xdead_beef);
    expect(withField("0x0000000000000001", wide, 0xffff_ffff, 64)).toBe("0xffffffff00000001");
    expect(withField("0xff", { high: 3, low: 0 }, 5, 8)).toBe("0xf5");
    expect(withField("0xff", { high: 3, low: 0 }, 0x15, 8)).toBe("0xf5");
    expect(hexOf(5n, 16)).toBe("0x0005");
  });

  it("are hexadecimal with 0x and at most 64 bits", () => {
    expect(["0x", "12", "0xg", "0x1_0", "", "0x11112222333344445"].map(parseHex)).toEqual(Array.from({ length: 6 }, () => undefined));
    expect(parseHex("0XFF".toLowerCase())).toBe(255n);
  });

  it("are told apart bit by bit; what was not known has not changed", () => {
    expect(changedBits("0x0f", "0x05")).toBe(0xan);
    expect(changedBits("0x0f", undefined)).toBe(0n);
  });

  it("are written back without what that would clear", () => {
    const register = { width: 32, fields: [field("a", 0, 0), field("b", 1, 1, "RW1C"), field("c", 2, 2, "RW1CS"), field("d", 3, 3, "RO")] } as unknown as Parameters<typeof draftOf>[0];
    expect(draftOf(register, "0x0000000f")).toBe("0x00000009");
    expect([register.fields.map(isWritable), register.fields.map(clearsByOne)]).toEqual([[true, true, true, false], [false, true, true, false]]);
  });

  it("are put in words: names of values, flags by their name, nothing for 0", () => {
    const ways = field("interleaveWays", 7, 4, "RWL", { 1: "2" });
    expect(fieldWords([field("commit", 9, 9), ways, field("count", 3, 0), field("none", 10, 10)], "0x0000021c")).toBe("commit, interleaveWays=2, count=0xc");
    expect([valueWords(ways, 1), valueWords(ways, 5), valueWords(field("a", 0, 0), 1)]).toEqual(["2", "0x5", "1"]);
    expect([initials("memoryIsolationLinkDownEnable"), initials("opcode"), initials("way0")]).toEqual(["MILDE", "O", "W0"]);
  });
});
