// Filters of `cxl list`: one filter's words are alternatives, several filters must all hold; a port stands for what is below it unless it is meant alone.

import { beforeAll, describe, expect, it } from "vitest";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

/** Bridge 0: a switch with two cards (port3: mem0, mem1). Bridge 1: one card (mem2). Region over mem0 and mem1. */
function machine() {
  const base = machineOf([]);
  const bridge = (n: number, slots: Parameters<typeof portOf>[1]) => ({ name: `hb${n}`, uid: n, segment: 0, busStart: 16 * (n + 1), busEnd: 16 * (n + 1) + 15, componentBase: 0xfe00_0000n + BigInt(n) * 0x1_0000n, decoders: 4, targetCount: 8, rootPorts: [portOf(`rp${n}`, { portNumber: 0, ...slots })] });
  const cards = [0, 1].map((n) => downstreamOf(`dsp${n}`, n, [deviceOf(`d${n}`, { serial: BigInt(n + 1) })]));
  return { ...base, hostBridges: [bridge(0, { slots: [switchOf("sw", cards)] }), bridge(1, { slots: [deviceOf("d2", { serial: 3n })] })], windows: [{ base: 16n * GiB, size: 4n * GiB, ways: 1, granularity: 256, targets: [0] }, { base: 24n * GiB, size: 4n * GiB, ways: 1, granularity: 256, targets: [1] }] };
}

let booted: Booted;
beforeAll(() => {
  booted = bootMachine(machine());
  expect(booted.command("cxl create-region -d decoder0.0 -m mem0 mem1 -w 2 -t ram").exitCode).toBe(0);
});

/** Names in a listing, in order, whatever they are nested in. */
function names(options: string): string[] {
  const { stdout } = booted.command(`cxl list ${options}`);
  const kinds = ["bus", "port", "endpoint", "memdev", "decoder", "region"];
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return (value as readonly unknown[]).forEach(walk);
    if (typeof value !== "object" || value === null) return;
    const name = Object.entries(value).find(([key, text]) => kinds.includes(key) && typeof text === "string" && Object.keys(value)[0] === key)?.[1] as string | undefined;
    if (name !== undefined) found.push(name);
    Object.values(value).forEach(walk);
  };
  walk(JSON.parse(stdout));
  return found.toSorted();
}

describe("filters of cxl list", () => {
  it("a port with kinds stands for all below it; alone, or with --single, for itself", () => {
    expect(names("-P -p port1")).toEqual(["port1", "port3"]);
    expect(names("-p port1")).toEqual(["port1"]);
    expect(names("-P -S -p port1,port3")).toEqual(["port1", "port3"]);
    expect(names("-M -p port1")).toEqual(["mem0", "mem1"]);
    expect(names("-M -p port2")).toEqual(["mem2"]);
    expect(names("-E -p port3 -S")).toEqual(["endpoint5", "endpoint6"]);
    expect(names("-E -p port1 -S")).toEqual([]);
    expect(names("-D -p 3 -S")).toEqual(["decoder3.0"]);
    expect(names("-P -p 0000:11:00.0")).toEqual(["port3"]);
    expect(names("-R -p port2")).toEqual([]);
    expect(names("-R -p port3")).toEqual(["region0"]);
  });

  it("--single without a port is wrong usage", () => {
    const { exitCode, stderr } = booted.command("cxl list -S");
    expect([exitCode, stderr.includes("-S/--single expects a port filter: -p/--port=")]).toEqual([129, true]);
  });

  it("a memdev stands for everything on the way to it", () => {
    expect(names("-P -m mem2")).toEqual(["port2"]);
    expect(names("-BP -m mem1")).toEqual(["port1", "port3", "root0"]);
    expect(names("-E -s 3")).toEqual(["endpoint4"]);
    expect(names("-R -m mem2")).toEqual([]);
    expect(names("-R -m mem1")).toEqual(["region0"]);
  });

  it("a bus is meant by name, number or provider; an endpoint by name, or by its memdev; an endpoint that is left out takes its memdev along", () => {
    expect(names("-b root0")).toEqual(["root0"]);
    expect(names("-M -b ACPI.CXL")).toEqual(["mem0", "mem1", "mem2"]);
    expect(names("-M -b cxl_test")).toEqual([]);
    expect(names("-EM -e endpoint4")).toEqual(["endpoint4", "mem2"]);
    expect(names("-EM -e mem0")).toEqual(["endpoint5", "mem0"]);
  });

  it("several filters must all hold", () => {
    expect(names("-M -m mem0,mem2 -p port1")).toEqual(["mem0"]);
    expect(names("-D -d endpoint -p port1 -m mem1")).toEqual(["decoder6.0"]);
  });
});
