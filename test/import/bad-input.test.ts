// Captures that are none, cut off, of other tools, or hostile: one message with place and remedy, never anything else.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CaptureFileError } from "../../src/scenario/twin/findings.ts";
import { importTwin } from "../../src/scenario/twin/import-twin.ts";
import type { CaptureFiles } from "../../src/scenario/twin/sources.ts";
import { loadScenario } from "../../src/scenario/load.ts";
import type { RandomState } from "../../src/sim/random.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { pick } from "../support/store-texts.ts";
import { captureOf } from "../support/twin.ts";

const root = new URL("../fixtures/captures/linux/", import.meta.url).pathname;
const listing = readFileSync(`${root}3-ok-nosr/s2-1-up.cxl-vvv.json`, "utf8");
const iomem = readFileSync(`${root}3-ok-nosr/s2-1-up.iomem`, "utf8");
const cedt = new Uint8Array(readFileSync(`${root}2b-two-way-ram/CEDT.bin`));
const own = captureOf("own.yaml", "version: 1\nname: own\nmachine: { hostBridges: [{ rootPorts: [{ device: { volatile: 512MiB } }, { switch: { ports: [{ device: { persistent: 512MiB } }, {}] } }] }] }\nfirmware: { windows: [{ targets: [hb0], size: 4GiB }], regions: [{ targets: [rp0] }] }\n");
if (own === undefined) throw new Error("the machine of this test does not come to ready");

const files = (more: Partial<{ cxl: string; iomem: string; lspci: string; cedt: Uint8Array }>): CaptureFiles => ({
  cxlList: { file: "cxl.json", text: more.cxl ?? listing }, ...(more.iomem === undefined ? {} : { iomem: { file: "iomem.txt", text: more.iomem } }), ...(more.lspci === undefined ? {} : { lspci: { file: "lspci.txt", text: more.lspci } }),
  ...(more.cedt === undefined ? {} : { cedt: { file: "cedt.bin", bytes: more.cedt } }),
});

function complaint(input: CaptureFiles): string {
  try {
    importTwin(input);
  } catch (thrown) {
    if (thrown instanceof CaptureFileError) return thrown.message;
    throw thrown;
  }
  return "";
}

describe("a listing that import cannot use", () => {
  it.each([
    ["nothing at all", "", /^cxl\.json: is empty; .*cxl list -vvv/],
    ["words", "cxl: command not found\n", /^cxl\.json: .*no JSON; .*cxl list -vvv/],
    ["a listing cut off", listing.slice(0, 4000), /^cxl\.json: .*broken or cut off; .*cxl list -vvv/],
    ["memdevs alone", '[{"memdev":"mem0","ram_size":268435456,"serial":1,"host":"0000:0d:00.0"}]', /holds what cxl list -M prints.*cxl list -vvv/],
    ["regions and decoders alone", '[{"root decoders":[{"decoder":"decoder0.0"}]},{"regions":[{"region":"region0"}]}]', /holds what cxl list -D -R prints/],
    ["a bus without what is below it", '[{"bus":"root0","provider":"ACPI.CXL"}]', /root0: is listed without its ports \(-P\), decoders \(-D\), targets \(-T\)/],
    ["an empty list", "[]", /lists nothing/],
    ["daxctl's listing", '[{"chardev":"dax0.0","size":1,"mode":"devdax"}]', /what daxctl list prints/],
    ["ndctl's listing", '[{"dev":"nmem0","id":"x"}]', /what ndctl list prints/],
    ["a number", "12", /is no object/],
    ["a size above 64 bits", listing.replace('"ram_size":268435456', '"ram_size":99999999999999999999999'), /memdev\.ram_size: .*no whole number of 64 bits/],
    ["a list where an object is due", listing.replace('"partition_info":{', '"partition_info":[],"x":{'), /partition_info: .*no object/],
    ["far too many characters", `[${" ".repeat(5 << 20)}]`, /has 524\d+ characters/],
    ["nesting without end", "[".repeat(100_000) + "]".repeat(100_000), /nested|no object/],
  ])("%s", (_, text, message) => {
    expect(complaint(files({ cxl: text }))).toMatch(message);
  });

  it("takes a listing behind messages of the tool (2>&1)", () => {
    expect(importTwin(files({ cxl: `libcxl: cxl_mappings_init: region0 target1:  lookup failure\n${listing}` })).text).toContain("uid: 12");
  });

  it("takes sizes for people (-u), and says that they are rounded", () => {
    const human = own === undefined ? "" : (captureOf("own.yaml", "version: 1\nname: own\nmachine: { hostBridges: [{ rootPorts: [{ device: { volatile: 6GiB, serial: 0x12345 } }] }] }\nfirmware: { windows: [{ targets: [hb0], size: 8GiB }] }\n", "cxl list -vvvu")?.cxlList.text ?? "");
    const { text, findings } = importTwin(files({ cxl: human }));
    expect(human).toContain("6.00 GiB");
    expect(text).toContain("volatile: 6GiB");
    expect(text).toContain("size: 8GiB");
    expect(findings.map(({ place }) => place)).toContain("sizes");
  });
});

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
const rows = (bytes: Uint8Array): Uint8Array[] => Array.from({ length: Math.ceil(bytes.length / 16) }, (_, row) => bytes.subarray(row * 16, row * 16 + 16));

/** The table in the form of every tool. */
const dumps: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  acpidump: (bytes) => `SRAT @ 0x0000000000000000\n    0000: 53 52 41 54 24 00 00 00                          SRAT$...\n\nCEDT @ 0x000000003FFE3543\n${rows(bytes).map((row, index) => `    ${hex(16 * index, 4).toUpperCase()}: ${[...row].map((byte) => hex(byte, 2).toUpperCase()).join(" ").padEnd(48)} ................\n`).join("")}\n`,
  "hexdump -C": (bytes) => `${rows(bytes).map((row, index) => `${hex(16 * index, 8)}  ${[...row].map((byte, at) => `${at === 8 ? " " : ""}${hex(byte, 2)} `).join("").padEnd(50)}|................|\n`).join("")}${hex(bytes.length, 8)}\n`,
  xxd: (bytes) => rows(bytes).map((row, index) => `${hex(16 * index, 8)}: ${[...row].map((byte, at) => hex(byte, 2) + (at % 2 === 1 ? " " : "")).join("").padEnd(40)} ................\n`).join(""),
  hexdump: (bytes) => `${rows(bytes).map((row, index) => `${hex(16 * index, 7)} ${Array.from({ length: row.length / 2 }, (_, word) => hex((row[2 * word] ?? 0) | ((row[2 * word + 1] ?? 0) << 8), 4)).join(" ")}\n`).join("")}${hex(bytes.length, 7)}\n`,
};

describe("a CEDT", () => {
  it.each(Object.entries(dumps))("as %s prints it is the table itself", (_, dump) => {
    const window = (bytes: Uint8Array): string => importTwin(files({ cedt: bytes })).text;
    expect(window(new TextEncoder().encode(dump(cedt)))).toBe(window(cedt));
    expect(window(cedt)).toContain("backInvalidate");
  });

  it.each([
    ["nothing", new Uint8Array(), /cedt\.bin: is empty/],
    ["a table cut off", cedt.subarray(0, 60), /says that it has 108 bytes, the file has 60/],
    ["another table", Uint8Array.from([..."SRAT"].map((letter) => letter.charCodeAt(0)).concat(Array.from({ length: 40 }, () => 0))), /no CEDT \(it is SRAT\)/],
    ["one byte changed", cedt.map((byte, index) => (index === 70 ? byte ^ 1 : byte)), /checksum of the table is wrong/],
    ["a text that is no dump", new TextEncoder().encode("permission denied\n"), /no CEDT.*root/],
  ])("that is %s is refused", (_, bytes, message) => {
    expect(complaint(files({ cedt: bytes }))).toMatch(message);
  });

  it("that disagrees with the listing is taken, and it is said", () => {
    const changed = Uint8Array.from(cedt);
    changed[36 + 32 + 16 + 7] = 0; // Size of the window: 4 GiB become 8.
    changed[36 + 32 + 16 + 4] = 2;
    changed[9] = ((changed[9] ?? 0) - 1) & 0xff;
    const { text, findings } = importTwin(files({ cedt: changed }));
    expect(text).toContain("size: 8GiB");
    expect(findings.filter(({ kind }) => kind === "conflict")).toEqual([{ kind: "conflict", place: "window 0", text: "cxl list says size 4294967296, the CEDT 8589934592; the latter is taken" }]);
  });
});

describe("the other captures", () => {
  it.each([
    ["addresses that only root sees", { iomem: iomem.replaceAll(/[0-9a-f]+-[0-9a-f]+ :/g, "00000000-00000000 :") }, /iomem\.txt: every address is 0: only root sees them/],
    ["an iomem with a line that is none", { iomem: `${iomem}hello\n` }, /iomem\.txt: line \d+: "hello" is no line/],
    ["a range that ends before it begins", { iomem: "2000-1000 : System RAM\n" }, /line 1: ends before it begins/],
    ["lspci without bytes", { lspci: "0c:00.0 PCI bridge: QEMU CXL Root Port\n" }, /lspci\.txt: .*lspci -xxxx/],
    ["lspci without functions", { lspci: "\n" }, /no function with bytes/],
  ])("%s", (_, more, message) => {
    expect(complaint(files(more))).toMatch(message);
  });

  it("lspci that says another serial number or port number is a conflict", () => {
    const text = own.cxlList.text.replace('"serial":1,', '"serial":77,');
    const { findings } = importTwin({ ...own, cxlList: { file: "cxl.json", text } });
    expect(findings.filter(({ kind }) => kind === "conflict").map((one) => one.text)).toEqual(["cxl list says serial 0x4d, lspci 0x1; the former is taken"]);
  });
});

const hostile = ["0", "-1", "1e999", "18446744073709551616", "268435456", '"x"', '""', '"0000:ff:1f.7"', "null", "true", "[]", "{}", "[[[]]]", '"region0"', "4294967295", '"../../etc"', "0.5"];

function mutate(random: RandomState, text: string): string {
  const at = nextBelow(random, text.length);
  switch (nextBelow(random, 6)) {
    case 0: return text.slice(0, at);
    case 1: return text.slice(0, at) + String.fromCharCode(nextBelow(random, 128)) + text.slice(at + 1);
    case 2: return text.slice(0, at) + text.slice(at + 1 + nextBelow(random, 60));
    case 3: return text.slice(0, at) + text.slice(at, at + nextBelow(random, 400)) + text.slice(at);
    case 4: {
      const lines = text.split("\n");
      lines.splice(nextBelow(random, lines.length), 1 + nextBelow(random, 4));
      return lines.join("\n");
    }
    default: {
      const values = [...text.matchAll(/:("[^"]*"|-?\d+|true|false)/g)];
      const value = values[nextBelow(random, Math.max(1, values.length))];
      return value === undefined ? text : text.slice(0, value.index) + `:${pick(random, hostile as [string, ...string[]])}` + text.slice(value.index + value[0].length);
    }
  }
}

function mutateBytes(random: RandomState, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes.subarray(0, nextBelow(random, 4) === 0 ? nextBelow(random, bytes.length) : bytes.length));
  for (let count = 1 + nextBelow(random, 3); count > 0 && copy.length > 0; count--) copy[nextBelow(random, copy.length)] = nextBelow(random, 256);
  if (copy.length > 36 && nextBelow(random, 3) > 0) copy[9] = ((copy[9] ?? 0) - copy.reduce((sum, byte) => sum + byte, 0)) & 0xff;
  return copy;
}

describe("changed captures", () => {
  it.each([1, 2, 3, 4])("give a file that loads or one message with the name of the capture, 100 times (%s)", (round) => {
    let taken = 0;
    for (let number = 0; number < 100; number++) {
      const random = createRandom(round * 1000 + number, 11);
      const base: CaptureFiles = round % 2 === 0 ? own : files({ iomem, cedt });
      const repeat = (text: string): string => (nextBelow(random, 2) === 0 ? mutate(random, text) : mutate(random, mutate(random, text)));
      const which = nextBelow(random, 4);
      const input: CaptureFiles = {
        ...base,
        ...(which < 2 ? { cxlList: { file: "cxl.json", text: repeat(base.cxlList.text) } } : {}),
        ...(which === 2 && base.iomem !== undefined ? { iomem: { file: "iomem.txt", text: repeat(base.iomem.text) } } : {}),
        ...(which === 3 && base.cedt !== undefined ? { cedt: { file: "cedt.bin", bytes: mutateBytes(random, base.cedt.bytes) } } : {}),
        ...(which === 3 && base.lspci !== undefined ? { lspci: { file: "lspci.txt", text: repeat(base.lspci.text) } } : {}),
      };
      try {
        loadScenario("twin.yaml", importTwin(input).text);
        taken++;
      } catch (thrown) {
        if (!(thrown instanceof CaptureFileError)) throw new Error(`round ${round}, number ${number}: ${String(thrown)}`, { cause: thrown });
        expect(thrown.message).toMatch(/^(cxl\.json|iomem\.txt|cedt\.bin|lspci\.txt|captures)/);
      }
    }
    expect(taken).toBeGreaterThan(8);
  });
});
