// The two roadmaps for regions that fail (seeds S19, S24): the same failures under each; capacity, what an administrator has to do, what is left to look at.

import { describe, expect, it } from "vitest";
import { kernelPolicies } from "../../src/sandbox/policies.ts";
import type { PolicyValues } from "../../src/scenario/policies.ts";
import { presetValues } from "../../src/scenario/policies.ts";
import { bootWith, decoderAt, devices, list, regionOver, start, wideMachine } from "../support/firmware-regions.ts";
import type { Booted } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";
import { runText } from "../support/scenarios.ts";

const daxDevices = "/sys/bus/dax/devices";
const bytes = 512n * MiB;
const setup = { regions: [regionOver(["d00", "d01"])], softReserved: [{ base: start, size: bytes }] };
const offline = { use: "device-dax-only", online: "offline" };
const policiesOf = (preset: string) => kernelPolicies({ ...(presetValues(preset) as PolicyValues), ...offline });

const failures: Readonly<Record<string, (preset: string) => Booted>> = {
  "a member is missing": (preset) => bootWith(wideMachine(1, 2, 256, ["d01"]), setup, { policies: policiesOf(preset) }),
  "a bridge does not decode": (preset) => bootWith(wideMachine(1, 2), { ...setup, decoders: [decoderAt("hb0", { isCommitted: false })] }, { policies: policiesOf(preset) }),
};

const hmemOf = (booted: Booted): string[] => booted.files.list("/sys/bus/platform/devices").filter((name) => name.startsWith("hmem."));
const served = (booted: Booted): bigint => (booted.files.exists(daxDevices) ? booted.files.list(daxDevices) : []).reduce((sum, name) => sum + BigInt(booted.read(`${daxDevices}/${name}/size`).trim()), 0n);

/** Lines that an administrator needs before the cards that are there can be made a region at the same addresses. */
function linesUntilRecreated(booted: Booted): number {
  const cards = list(booted, "mem");
  const lines = [
    ...hmemOf(booted).map((name) => `echo ${name} > /sys/bus/platform/drivers/hmem/unbind`),
    ...list(booted, "region").flatMap((region) => [
      `echo 0 > ${devices}/${region}/commit`,
      ...cards.flatMap((_, slot) => [`echo > ${devices}/${region}/target${slot}`, `echo 0 > ${devices}/decoder${slot + 2}.0/dpa_size`]),
      `echo ${region} > ${devices}/decoder0.0/delete_region`,
    ]),
  ];
  expect(lines.map((line) => booted.command(line).exitCode)).toEqual(lines.map(() => 0));
  const made = booted.command(`cxl create-region -d decoder0.0 -m -t ram -w ${cards.length} -g 256 -s ${256 * cards.length}M ${cards.join(" ")}`);
  expect([made.exitCode, booted.read(`${devices}/region${/"region":"region(\d+)"/.exec(made.stdout)?.[1] ?? "0"}/resource`)]).toEqual([0, "0x400000000\n"]);
  return lines.length;
}

describe("[S19] the scorecard of both roadmaps", () => {
  const cards: Readonly<Record<string, Readonly<Record<string, readonly [bigint, number, number]>>>> = {
    // Bytes in dax devices, regions left to look at, lines until the memory is a region again.
    "a member is missing": { "ROADMAP-A": [0n, 1, 4], "ROADMAP-B": [bytes, 0, 1] },
    "a bridge does not decode": { "ROADMAP-A": [0n, 1, 6], "ROADMAP-B": [bytes, 0, 1] },
  };
  for (const [name, boot] of Object.entries(failures)) {
    for (const preset of ["ROADMAP-A", "ROADMAP-B"]) {
      it(`[S19] [S24] ${name}, ${preset}`, () => {
        const booted = boot(preset);
        const found = [served(booted), list(booted, "region").length, linesUntilRecreated(booted)];
        expect(found).toEqual(cards[name]?.[preset]);
      });
    }
  }
});

describe("[POL-ASM] from a scenario file", () => {
  const scenario = (kernel: string, expectations: string): string => `version: 1
name: a card is missing
machine:
  hostBridges:
    - rootPorts: [{ name: rp0, device: { volatile: 256MiB } }, { name: rp1, present: false, device: { volatile: 256MiB } }]
firmware:
  windows: [{ targets: [hb0], size: 1GiB }]
  regions: [{ targets: [dev0, dev1] }]
kernel: ${kernel}
steps: [{ advance: 20s }, { run: "cat ${devices}/region0/commit"${kernel.includes("5s") ? ", exit: 1" : ""} }, { advance: 20s }]
expect: [${expectations}]
`;

  it("[S5] [POL-ASM] author-F0: gone after thirty seconds, with one line", () => {
    const { result } = runText("author.yaml", scenario("{ preset: author-F0 }", `{ log: "assembly failed: 1 of 2 endpoints arrived", equals: 1 }, { file: ${devices}/region0/commit, equals: ENOENT }`));
    expect([result.status, result.reason]).toEqual(["pass", null]);
  });

  it("[S5] [POL-ASM] timeout(5s): gone when asked after twenty", () => {
    const { result } = runText("five.yaml", scenario("{ policies: { asm: timeout(5s) } }", `{ log: assembly failed, equals: 0 }, { file: ${devices}/region0/commit, equals: ENOENT }`));
    expect([result.status, result.reason]).toEqual(["pass", null]);
  });

  it("[S3] [POL-ASM] maintainer-F0: there for ever, and nothing was said", () => {
    const { result } = runText("maintainer.yaml", scenario("{ preset: maintainer-F0 }", `{ log: assembly failed, equals: 0 }, { file: ${devices}/region0/target0, equals: decoder2.0 }`));
    expect([result.status, result.reason]).toEqual(["pass", null]);
  });
});
