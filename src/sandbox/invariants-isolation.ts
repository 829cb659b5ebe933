// Invariants 5 and 6 of the seeds over a run, judged at the consumer. A witness stands between kernel and machine: every line that a workload writes carries a number,
// and what loads get, from memory or from the processors' cache, is held against what was forfeited when a port left isolation (S69, S72, S84).

import type { Device } from "../kernel/base/device.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { regionOf } from "../kernel/cxl/types.ts";
import { affectedRegions } from "../kernel/isolation/regions.ts";
import { blocksIn } from "../kernel/mm/memory-state.ts";
import { isRootPort } from "../kernel/pci/device.ts";
import type { PhysicalMemory } from "../platform/platform.ts";
import type { Outcome } from "../scenario/schema.ts";
import type { DefectName } from "./defects.ts";
import type { Span, Violation } from "./invariants.ts";
import { placeOfPort } from "./references.ts";
import type { Host } from "./system.ts";
import { isPortIsolated } from "./system.ts";

/** Upper half of the value of a line that a workload wrote; the lower half counts. */
const mark = 0x5eed_c0de_0000_0000n;
const halfMask = 0xffff_ffffn;
const lineMask = ~63n;

interface Write {
  readonly address: bigint;
  readonly at: number;
}

/** An isolation of a port: what lay below it when it began, and when it ended. */
interface Episode {
  readonly port: string;
  readonly began: number;
  /** -1: it has not ended. */
  ended: number;
  readonly spans: readonly Span[];
  /** Memory blocks of System RAM in these spans when it began. */
  readonly systemRam: number;
}

export interface Witness {
  /** The machine as the kernel is to see it. */
  readonly host: Host;
  /** Looks at the ports; call it between all steps of the run. */
  look(kernel: Kernel): void;
  readonly episodes: readonly Episode[];
  /** Lines written by workloads so far. */
  readonly written: number;
  /** 5: after an isolation no write issued before its exit is ever visible. `defects`: bugs that the recovery driver was given. */
  checkVisible(defects: readonly string[]): Violation[];
}

/** Bugs of the recovery driver by which contents may outlive an isolation: stale lines, a card that was not reset, regions that were not taken down, healthy ones that were. */
const lettingThrough: readonly DefectName[] = ["no-cache-invalidation", "no-link-down", "uninitialised-flag", "status-against-offset"];

function allowedBy(defects: readonly string[]): string | null {
  const found = lettingThrough.find((name) => defects.includes(name));
  return found === undefined ? null : `defect: ${found}`;
}

const covers = (span: Span, address: bigint): boolean => address >= span.start && address < span.end;
const hex = (address: bigint): string => `0x${address.toString(16)}`;

export function createWitness(host: Host): Witness {
  const { hardware, platform } = host;
  const writes: Write[] = [];
  const lines = new Set<bigint>();
  const episodes: Episode[] = [];
  const found = new Map<string, string>();

  /** The episode by which a write should have been lost, if a load gets it now. */
  const forfeitedBy = ({ address, at }: Write): Episode | undefined => episodes.find(({ ended, spans }) => ended >= at && spans.some((span) => covers(span, address)));

  const see = (address: bigint, value: bigint, who: string): void => {
    if (value >> 32n !== mark >> 32n) return;
    const write = writes[Number(value & halfMask)];
    const episode = write === undefined ? undefined : forfeitedBy(write);
    if (write === undefined || episode === undefined) return;
    found.set(`${episode.port} ${episode.began} ${who}`, `${who} gets at ${hex(address)} what was written at ${write.at} ns; ${episode.port} left isolation at ${episode.ended} ns`);
  };

  const { memory } = platform;
  const watched: PhysicalMemory = {
    get routeGeneration() {
      return memory.routeGeneration;
    },
    // Every request is seen.
    countsRequests: true,
    nextDisturbance: -1,
    store: memory.store, zero: memory.zero, isStalled: memory.isStalled, route: memory.route, account: memory.account,
    load: (address, width) => {
      const answer = memory.load(address, width);
      if (width === 8 && answer.status === "ok") see(address, answer.value, "a load of the kernel");
      return answer;
    },
    issue: (requester, kind, address, value, origin) => {
      if (kind === "read") return memory.issue(requester, kind, address, value, origin);
      const isTaken = memory.issue(requester, kind, address, mark | BigInt(writes.length), origin);
      if (!isTaken) return false;
      writes.push({ address: address & lineMask, at: hardware.now });
      lines.add(address & lineMask);
      return true;
    },
    takeCompletion: () => {
      const completion = memory.takeCompletion();
      if (completion !== undefined && completion.kind === "read" && completion.status === "ok") see(completion.address, hardware.viewOf(completion.address)?.value ?? 0n, "a workload");
      return completion;
    },
  };

  const begin = (kernel: Kernel, name: string): void => {
    const place = placeOfPort(hardware.description, name);
    const port = [...kernel.devices.values()].find((device: Device) => isRootPort(device) && device.name === place);
    const spans = (port === undefined ? [] : affectedRegions(kernel, port)).flatMap((region): Span[] => {
      const { resource } = regionOf(region);
      return resource === null ? [] : [{ start: resource.start, end: resource.end + 1n }];
    });
    const systemRam = spans.reduce((sum, { start, end }) => sum + blocksIn(kernel, start, end - start).filter(({ isOnline }) => isOnline).length, 0);
    episodes.push({ port: name, began: hardware.now, ended: -1, spans, systemRam });
  };

  return {
    host: { ...host, platform: { ...platform, memory: watched } },
    episodes,
    get written() {
      return writes.length;
    },
    look: (kernel) => {
      for (const [name, { isRoot }] of hardware.entities.ports) {
        if (!isRoot) continue;
        const isIsolated = isPortIsolated(hardware, name);
        const open = episodes.findLast(({ port, ended }) => port === name && ended < 0);
        if (isIsolated && open === undefined) begin(kernel, name);
        else if (!isIsolated && open !== undefined) open.ended = hardware.now;
      }
    },
    checkVisible: (defects) => {
      for (const address of lines) see(address, hardware.viewOf(address)?.value ?? 0n, "whoever looks at the end");
      return [...found.values()].map((what): Violation => ({ invariant: 5, what, allowedBy: allowedBy(defects) }));
    },
  };
}

/** 6: a run that reports "recovered" had no System RAM on the isolated range when isolation began. */
export function checkRecovered(witness: Pick<Witness, "episodes">, outcome: Outcome): Violation[] {
  if (outcome !== "recovered") return [];
  return witness.episodes.filter(({ systemRam }) => systemRam > 0).map(({ port, systemRam }): Violation => ({ invariant: 6, what: `recovered, and ${systemRam} memory blocks of System RAM lay below ${port} when it isolated`, allowedBy: null }));
}
