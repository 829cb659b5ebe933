// All short sequences on three decoders against the second statement of the rules (test/oracles/hdm-decoder.ts).

import { describe, expect, it } from "vitest";
import { HdmOracle } from "../oracles/hdm-decoder.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, MiB, machineOf, offsetOf, portOf, setUp } from "../support/machine.ts";

type Kind = "port" | "device";
interface Step { readonly decoder: number; readonly base: bigint; readonly size: bigint; readonly control: number; readonly targets: bigint }

const window = 16n * GiB;
const commit = 1 << 9;
const lock = 1 << 8;

function permutations(items: readonly number[]): number[][] {
  return items.length < 2 ? [[...items]] : items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

/** Bases per decoder: ascending and apart, overlapping, descending. */
const layouts: readonly (readonly bigint[])[] = [
  [0n, 512n * MiB, 1024n * MiB],
  [0n, 256n * MiB, 512n * MiB],
  [1024n * MiB, 512n * MiB, 0n],
];
const sizes = [256n * MiB, 512n * MiB, 0n];

function* sequences(): Generator<Step[]> {
  for (const order of permutations([0, 1, 2]))
    for (const layout of layouts)
      for (const size of sizes)
        for (let locks = 0; locks < 8; locks++)
          for (const extra of [-1, 0, 1, 2]) {
            const steps = order.map((decoder) => ({ decoder, base: window + (layout[decoder] ?? 0n), size, control: commit | ((locks >> decoder) & 1 ? lock : 0) | (1 << 12), targets: 0x0706050403020100n }));
            // Uncommit one, then commit it again elsewhere.
            if (extra >= 0) steps.push({ decoder: extra, base: window, size, control: 0, targets: 0n }, { decoder: extra, base: window + 2048n * MiB, size: 256n * MiB, control: commit | (1 << 12), targets: 1n });
            yield steps;
          }
}

const structures = { port: ["hostBridgeComponent", "hdmDecoderPort"], device: ["deviceComponent", "hdmDecoderDevice"] } as const;

function start(kind: Kind, bench: Bench): { readonly oracle: HdmOracle; readonly write: (offset: number, value: number) => void; readonly read: (offset: number) => number } {
  const [block, structure] = structures[kind];
  const base = offsetOf(block, structure, "capability");
  const handle = kind === "port" ? bench.bridge : bench.devices[0];
  if (handle === undefined) throw new Error("no device");
  const oracle = new HdmOracle({ kind, decoderCount: 4, targetCount: kind === "port" ? 8 : 0, ways3_6_12: false, ways16: false, poisonOnDecodeError: false });
  return {
    oracle,
    write: (offset, value) => {
      oracle.write32(offset, value >>> 0);
      handle.write32(base + offset, value >>> 0);
    },
    read: (offset) => handle.read32(base + offset),
  };
}

function apply(write: (offset: number, value: number) => void, step: Step): void {
  const at = 0x10 + 0x20 * step.decoder;
  const word = (value: bigint, shift: bigint): number => Number((value >> shift) & 0xffff_ffffn);
  write(at + 4, word(step.base, 32n));
  write(at, word(step.base, 0n));
  write(at + 12, word(step.size, 32n));
  write(at + 8, word(step.size, 0n));
  write(at + 0x18, word(step.targets, 32n));
  write(at + 0x14, word(step.targets, 0n));
  write(at + 0x10, step.control);
}

describe("[C1] [C2] [C3] [C5] [C8] [C9] [C10] decoder commits follow the second statement", () => {
  for (const variant of ["release", "checked"] as const) {
    for (const kind of ["port", "device"] as const) {
      it(`over all orders of three decoders x overlap x lock x size x uncommit on a ${kind}, ${variant} module`, () => {
        const description = machineOf([portOf("rp0")]);
        const bench = setUp(description, variant);
        const clean = bench.hardware.snapshot();
        let count = 0;
        for (const steps of sequences()) {
          bench.hardware.restore(clean);
          const { oracle, write, read } = start(kind, bench);
          for (const step of steps) apply(write, step);
          for (let offset = 0; offset < 0x10 + 0x20 * 4; offset += 4) {
            const got = read(offset);
            if (got !== oracle.read32(offset)) expect.fail(`register 0x${offset.toString(16)}: module 0x${got.toString(16)}, statement 0x${oracle.read32(offset).toString(16)} after ${JSON.stringify(steps, (_, value: unknown) => (typeof value === "bigint" ? value.toString(16) : value))}`);
          }
          count++;
        }
        expect(count).toBe(6 * 3 * 3 * 8 * 4);
      });
    }
  }

  it("[C11] every encoding of ways and granularity commits or fails alike", () => {
    for (const kind of ["port", "device"] as const) {
      const bench = setUp(machineOf([portOf("rp0")]));
      const clean = bench.hardware.snapshot();
      for (let code = 0; code < 256; code++) {
        bench.hardware.restore(clean);
        const { oracle, write, read } = start(kind, bench);
        apply(write, { decoder: 0, base: window, size: 768n * MiB, control: commit | code, targets: 0x0706050403020100n });
        expect([code, read(0x20)]).toEqual([code, oracle.read32(0x20)]);
      }
    }
  });
});
