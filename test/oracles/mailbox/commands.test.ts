import { describe, expect, it } from "vitest";
import { Example, u32, u64 } from "./example.ts";

const MiB = 1n << 20n;
const firmwarePart = (action: number, slot: number, offset: number, bytes: number): Uint8Array => Uint8Array.from([action, slot, 0, 0, ...u32(offset), ...new Uint8Array(0x78), ...new Uint8Array(bytes)]);
const scrub = [0x96, 0xda, 0xd7, 0xd6, 0xfd, 0xe8, 0x48, 0x2b, 0xa7, 0x33, 0x75, 0x77, 0x4e, 0x06, 0xdb, 0x8a];
const setScrub = (flags: number, offset: number, data: readonly number[], version = 1): number[] => [...scrub, ...u32(flags), offset, 0, version, ...new Uint8Array(9), ...data];
const passphrase = (byte: number): number[] => Array.from({ length: 32 }, () => byte);
const typed = (type: number, ...phrases: readonly number[]): number[] => [type, ...new Uint8Array(31), ...phrases.flatMap(passphrase)];

describe("firmware (mailbox.md 6)", () => {
  it("takes parts in order, the last one twice, and activates online", () => {
    const example = new Example();
    example.send("transferFirmware", firmwarePart(2, 0, 0, 128), 0x09);
    example.send("transferFirmware", firmwarePart(1, 0, 0, 256));
    example.send("transferFirmware", firmwarePart(1, 0, 0, 256), 0x08);
    example.send("transferFirmware", firmwarePart(2, 0, 3, 128), 0x09);
    example.send("transferFirmware", firmwarePart(2, 0, 2, 128));
    example.send("transferFirmware", firmwarePart(2, 0, 2, 128));
    example.send("transferFirmware", firmwarePart(3, 1, 3, 128), 0x0b);
    example.send("transferFirmware", firmwarePart(3, 2, 3, 128));
    example.send("transferFirmware", firmwarePart(4, 0, 0, 0), 0x09);
    example.send("activateFirmware", [0, 3], 0x0b);
    example.send("activateFirmware", [1, 2]);
    expect(example.send("firmwareInfo").slice(0, 3)).toEqual(Uint8Array.of(4, 1 | (2 << 3), 1));
    example.send("activateFirmware", [0, 2]);
    expect(example.send("firmwareInfo")[1]).toBe(2);
  });

  it("drops a transfer after 30 s without a part", () => {
    const example = new Example();
    example.send("transferFirmware", firmwarePart(1, 0, 0, 128));
    example.wait(29_000_000_000);
    example.send("transferFirmware", firmwarePart(2, 0, 1, 128));
    example.wait(31_000_000_000);
    example.send("transferFirmware", firmwarePart(2, 0, 2, 128), 0x09);
  });
});

describe("features (mailbox.md 9)", () => {
  it("reads, writes whole and in parts", () => {
    const example = new Example();
    const get = [...scrub, 0, 0, 4, 0, 0];
    expect(example.send("getFeature", get)).toEqual(Uint8Array.of(3, 12, 1, 1));
    example.send("setFeature", setScrub(0, 0, [24, 0xfe]));
    expect(example.send("getFeature", get)).toEqual(Uint8Array.of(3, 24, 1, 0));
    example.send("setFeature", setScrub(2, 0, [5]), 0x1c);
    example.send("setFeature", setScrub(0, 0, [5, 1], 2), 0x19);
    example.send("setFeature", setScrub(1, 0, [6]));
    example.send("setFeature", setScrub(1, 0, [6]), 0x1b);
    example.send("setFeature", setScrub(3, 1, [1]));
    expect(example.send("getFeature", get)).toEqual(Uint8Array.of(3, 6, 1, 1));
    example.send("getFeature", [...scrub, 2, 0, 3, 0, 0], 0x02);
    example.send("getFeature", [...scrub, 0, 0, 4, 0, 3], 0x1a);
    expect(example.send("getFeature", [...scrub, 1, 0, 1, 0, 1])).toEqual(Uint8Array.of(12));
  });
});

/** A list as a device gives it: lines with source 3. */
const listOf = (flags: number, lines: readonly bigint[]): number[] => [flags, 0, ...new Uint8Array(8), lines.length, 0, ...new Uint8Array(0x14), ...lines.flatMap((line) => [...u64((line * 64n) | 3n), ...u32(1), ...u32(0)])];
const resultsOf = (lines: readonly bigint[]): number[] => [...new Uint8Array(0x12), lines.length, 0, ...new Uint8Array(12), ...lines.flatMap((line) => [...u64((line * 64n) | 2n), ...u32(1), ...u32(0)])];
const everything = [...u64(0n), ...u64((256n * MiB) / 64n)];

describe("poison (mailbox.md 14)", () => {
  it("lists what was injected, in parts, and restarts on request", () => {
    const example = new Example({ payloadSize: 256, poisonListSize: 32, injectPoisonLimit: 20 });
    const lines = Array.from({ length: 20 }, (_, n) => BigInt(2 * n));
    for (const line of lines) example.send("injectPoison", u64(line * 64n));
    example.send("injectPoison", u64(128n * 40n), 0x10);
    example.send("injectPoison", u64(128n), 0);
    example.send("injectPoison", u64(129n), 0x02);
    example.send("injectPoison", u64(256n * MiB), 0x0f);
    example.answers(listOf(1, lines.slice(0, 14))).send("getPoisonList", everything);
    expect(() => example.answers(listOf(0, lines.slice(15))).send("getPoisonList", everything)).toThrow(/0x1c is missing/);
  });

  it("goes on behind what was given, and starts anew when asked", () => {
    const example = new Example({ payloadSize: 256 });
    for (const line of [5n, 3n]) example.send("injectPoison", u64(line * 64n));
    example.answers(listOf(1, [3n])).send("getPoisonList", everything);
    example.answers(listOf(9, [5n])).send("getPoisonList", [1, ...everything.slice(1)]);
    example.answers(listOf(0, [3n])).send("getPoisonList", everything);
    expect(() => example.answers(listOf(0, [3n, 3n])).send("getPoisonList", everything)).toThrow(/twice/);
    example.send("clearPoison", [...u64(5n * 64n), ...new Uint8Array(64)]);
    example.answers(listOf(0, [])).send("getPoisonList", [...u64(5n * 64n), ...u64(1n)]);
    example.send("getPoisonList", [...u64(0n), ...u64((256n * MiB) / 64n + 1n)], 0x0f);
  });

  it("freezes a full list until a scan of everything", () => {
    const example = new Example({ poisonListSize: 2 });
    for (const n of [0n, 2n, 4n]) example.send("injectPoison", u64(n * 64n));
    example.answers(listOf(2, [2n, 0n])).send("getPoisonList", everything);
    example.send("clearPoison", [...u64(0n), ...new Uint8Array(64)]);
    example.send("getScanResults", [], 0x03);
    example.send("scanMedia", [...everything, 1], 0x01);
    example.answers(listOf(6, [2n])).send("getPoisonList", everything);
    example.wait(5_000_000_000);
    expect(() => example.answers(listOf(0, [2n])).send("getPoisonList", everything)).toThrow(/0x4 is missing/);
    expect(() => example.answers(resultsOf([2n, 4n])).send("getScanResults")).toThrow(/source 2/);
  });
});

describe("security (mailbox.md 16)", () => {
  it("needs the current passphrase, three tries, and is final when frozen", () => {
    const example = new Example();
    example.send("setPassphrase", typed(1, 0, 5));
    expect(example.send("getSecurityState")).toEqual(Uint8Array.of(1, 0, 0, 0));
    example.send("sanitize", [], 0x13);
    example.send("secureErase", [], 0x13);
    example.send("setPassphrase", typed(0, 0, 5), 0x13);
    example.send("disablePassphrase", typed(1, 6), 0x14);
    example.send("disablePassphrase", typed(1, 6), 0x14);
    example.send("setPassphrase", typed(1, 5, 7));
    for (let n = 0; n < 3; n++) example.send("disablePassphrase", typed(1, 6), 0x14);
    expect(example.send("getSecurityState")[0]).toBe(0x11);
    example.send("disablePassphrase", typed(1, 7), 0x13);
    example.device.reset("cold");
    expect(example.send("getSecurityState")[0]).toBe(5);
    example.send("unlock", passphrase(7));
    example.send("unlock", passphrase(7), 0x13);
    example.send("freezeSecurityState");
    example.send("disablePassphrase", typed(1, 7), 0x13);
    example.send("freezeSecurityState");
    example.device.reset("cold");
    example.send("disablePassphrase", typed(1, 7));
    expect(example.send("getSecurityState")[0]).toBe(0);
  });

  it("erases with the master passphrase, which takes the user's away", () => {
    const example = new Example();
    example.send("passphraseErase", typed(0, 1), 0x02);
    example.send("setPassphrase", typed(0, 0, 1));
    example.send("setPassphrase", typed(1, 0, 2));
    example.send("passphraseErase", typed(0, 2), 0x14);
    example.send("passphraseErase", typed(0, 1));
    expect(example.send("getSecurityState")[0]).toBe(2);
    example.send("setPassphrase", typed(2, 0, 2), 0x02);
  });
});

describe("partition, labels, health", () => {
  it("changes the partition at the next reset, or at once", () => {
    const example = new Example({ partitionAlignment: 256n * MiB }, { volatileCapacity: 512n * MiB, persistentCapacity: 512n * MiB }, { volatileOnly: 0n });
    example.send("setPartitionInfo", [...u64(5n), 0], 0x02);
    example.send("setPartitionInfo", [...u64(3n), 0]);
    expect(example.send("getPartitionInfo")).toEqual(Uint8Array.from([2n, 2n, 3n, 1n].flatMap(u64)));
    example.device.reset("hot");
    expect(example.send("getPartitionInfo")).toEqual(Uint8Array.from([3n, 1n, 0n, 0n].flatMap(u64)));
    new Example().send("setPartitionInfo", [...u64(1n), 0], 0x03);
  });

  it("keeps labels, counts dirty shutdowns, and checks alert thresholds", () => {
    const example = new Example({}, { labelArea: 4096n });
    example.send("setLabels", [...u32(4094), 0, 0, 0, 0, 1, 2, 3], 0x02);
    example.send("setLabels", [...u32(4093), 0, 0, 0, 0, 1, 2, 3]);
    example.send("setShutdown", [0xff]);
    expect(example.send("getShutdown")).toEqual(Uint8Array.of(1));
    example.device.reset("hot");
    expect(example.send("getLabels", [...u32(4092), ...u32(4)])).toEqual(Uint8Array.of(0, 1, 2, 3));
    expect(example.send("getHealth")[6]).toBe(1);
    example.send("setAlerts", [0x20, 0, ...new Uint8Array(10)], 0x02);
    example.send("setAlerts", [1, 1, 96, ...new Uint8Array(9)], 0x02);
    example.send("setAlerts", [1, 1, 4, ...new Uint8Array(9)]);
    expect(example.device.read(0x80, 8).value).toBe(2n);
    expect(example.send("getAlerts").slice(0, 4)).toEqual(Uint8Array.of(1, 0x1f, 95, 4));
  });
});
