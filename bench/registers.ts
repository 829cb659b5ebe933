// Register reads by user code, what they allocate, and the same reads elsewhere: inside WebAssembly, in plain JavaScript, in C, over QEMU's qtest.
// All peers that write a trace come to the same digest, or nothing is printed.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Hardware } from "../src/hardware/machine.ts";
import { createHandle } from "../src/hardware/platform.ts";
import type { IoHandle } from "../src/platform/platform.ts";
import { compare, medianOf } from "./compare.ts";
import type { RegisterImage } from "./image.ts";
import { imageBehind, writeImage } from "./image.ts";
import { build } from "./machine.ts";
import type { Measured } from "./main.ts";
import { PlainModel } from "./plain-model.ts";
import { measureQtest } from "./qtest.ts";
import { lastRead, userReads } from "./user-reads.ts";

const reads = 1_000_000;
const qtestReads = 5000;
const checkReads = 1000;
const base = 0xfe00_1000n;
const size = 0x1000n;

const folder = new URL("../../build/bench/", import.meta.url);

/** Bytes a read by name of the read; read with a binary of Node that does not collect meanwhile. */
function bytesPerRead(): Readonly<Record<string, number>> {
  const script = fileURLToPath(new URL("allocation.js", import.meta.url));
  return JSON.parse(execFileSync(process.execPath, ["--expose-gc", "--min-semi-space-size=512", "--max-semi-space-size=512", script], { encoding: "utf8" })) as Readonly<Record<string, number>>;
}

/** Compiles and runs the C peer; nanoseconds a read and its digest, or null where there is no compiler. */
function nativeReads(image: RegisterImage): { readonly nanoseconds: number; readonly digest: string } | null {
  mkdirSync(folder, { recursive: true });
  const [source, program, data] = [new URL("../../bench/read.c", import.meta.url), new URL("read", folder), new URL("read.bin", folder)].map((url) => fileURLToPath(url)) as [string, string, string];
  try {
    execFileSync("gcc", ["-O2", "-o", program, source], { stdio: "ignore" });
  } catch {
    return null;
  }
  writeImage(data, image);
  const [nanoseconds = "", digest = ""] = execFileSync(program, [data, String(reads * 4)], { encoding: "utf8" }).trim().split(" ");
  return { nanoseconds: Number(nanoseconds), digest };
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** The same reads leave the same digest in the module and in its peers. */
function checkDigests(hardware: Hardware, number: number, image: RegisterImage, native: string | undefined): void {
  const plain = new PlainModel(image);
  for (let i = 0; i < checkReads; i++) plain.read((i & 31) << 2);
  hardware.exports.readMany(number, checkReads);
  const found = { module: hardware.digest("access"), "plain JavaScript": hex(plain.digest[1]) + hex(plain.digest[0]), ...(native === undefined ? {} : { C: native }) };
  if (new Set(Object.values(found)).size > 1) throw new Error(`the peers do not read alike: ${JSON.stringify(found)}`);
}

function peers(hardware: Hardware, number: number, image: RegisterImage) {
  const traced = new PlainModel(image);
  const silent = new PlainModel(image);
  let sum = 0;
  return {
    inside: { name: "inside WebAssembly, the same core", count: reads, work: () => void hardware.exports.readMany(number, reads) },
    plain: {
      name: "plain JavaScript, the same trace and digest",
      count: reads / 4,
      work: (): void => {
        for (let i = 0; i < reads / 4; i++) sum = (sum + traced.read((i & 31) << 2)) >>> 0;
      },
    },
    silent: {
      name: "plain JavaScript, no trace, no time",
      count: reads,
      work: (): void => {
        for (let i = 0; i < reads; i++) sum = (sum + silent.readOnly((i & 31) << 2)) >>> 0;
      },
    },
    sum: () => sum,
  };
}

const perSecond = (nanoseconds: number): number => 1e9 / nanoseconds;
const costOf = (nanoseconds: number): string => `${nanoseconds.toFixed(1)} ns`;

/** Rounds so short that another process rarely comes between. */
const shortRounds = 99;
const shortReads = 20_000;

/** Nanoseconds of the wall's clock for a read, to hold against what runs in another process. */
function wallOfReads(run: (count: number) => void): number {
  const costs = Array.from({ length: shortRounds }, () => {
    const start = process.hrtime.bigint();
    run(shortReads);
    return Number(process.hrtime.bigint() - start) / shortReads;
  });
  return medianOf(costs);
}

export async function measureRegisters(module: WebAssembly.Module): Promise<Measured[]> {
  const user = userReads(module);
  const hardware = build(module);
  const handle: IoHandle = createHandle(hardware, base, size);
  const image = imageBehind(hardware, handle);
  handle.unmap();
  const number = hardware.exports.map(Number(base), 0, Number(size), 0);
  const native = nativeReads(image);
  checkDigests(hardware, number, image, native?.digest);
  const others = peers(hardware, number, image);
  const compared = compare([...user.map(({ name, run }) => ({ name, count: reads, work: () => run(reads) })), others.inside, others.plain, others.silent]);
  const bytes = bytesPerRead();
  const [first] = compared;
  const own = first?.nanoseconds ?? 1;
  const results: Measured[] = compared.map(({ name, nanoseconds, ratio }) => {
    const allocated = bytes[name];
    const notes = [costOf(nanoseconds), ...(allocated === undefined ? [] : [`${allocated.toFixed(2)} bytes of heap each`]), ...(name === first?.name ? [] : [`${ratio.toFixed(2)} times the cost of the first`])];
    return { name: `reads: ${name}`, perSecond: perSecond(nanoseconds), note: notes.join(", ") };
  });
  if (native === null) results.push({ name: "reads: native C", perSecond: 0, note: "left out, no gcc" });
  else results.push({ name: "reads: native C, the same trace and digest", perSecond: perSecond(native.nanoseconds), note: `${costOf(native.nanoseconds)}, ${(native.nanoseconds / own).toFixed(2)} times the cost of the first` });
  const wall = wallOfReads(user[0]?.run ?? (() => undefined));
  const qtest = await measureQtest(qtestReads);
  if (typeof qtest === "string") results.push({ name: "reads: QEMU qtest, one by one", perSecond: 0, note: qtest });
  else results.push({ name: "reads: QEMU qtest, one by one", perSecond: perSecond(qtest), note: `${(qtest / 1000).toFixed(1)} us, ${(qtest / wall).toFixed(0)} times the cost of the first (both by the clock on the wall)` });
  if (others.sum() + Number(lastRead()) < 0) throw new Error("nothing was read");
  return results;
}
