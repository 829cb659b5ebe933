// HDM decoders of one port: enumeration, commit, reset (region-assembly 4.4, 7.2, 7.3; C4, C15-C17 of the component register sheet).

import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import type { HdmRegisters } from "./registers.ts";
import { clearCommit, readControl, readRange, readTargets, startCommit, writeDecoder, writeHostOnly, writeReset } from "./registers.ts";
import type { DecoderRecord } from "./types.ts";
import { decodeGranularity, decodeWays, decoderOf, encodeGranularity, encodeWays, endpointPart, memdevOf, portOf } from "./types.ts";

const millisecond = 1_000_000;
/** Linux polls a commit 20 times, 1 ms apart (C1). */
const commitPolls = 20;
const commitPollTime = millisecond;
const settleTime = 20 * millisecond;

/** Ids of a target list, one byte per way. */
export const unpackTargets = (list: bigint, ways: number): number[] => Array.from({ length: ways }, (_, way) => Number((list >> BigInt(8 * way)) & 0xffn));
const packTargets = (ids: readonly number[]): bigint => ids.reduce((list, id, way) => list | (BigInt(id & 0xff) << BigInt(8 * way)), 0n);

/** Waits once for decoders that may still be settling before "not committed" is believed. */
export const settle = task("hdm.settle", function* (_kernel: Kernel, hdm: HdmRegisters): Task<void> {
  for (let n = 0; n < hdm.capability.decoderCount; n++) {
    if (readControl(hdm, n).isCommitted) continue;
    yield sleep(settleTime);
    return;
  }
});

export interface EnumeratedDecoder {
  readonly start: bigint;
  readonly size: bigint;
  readonly ways: number;
  readonly granularity: number;
  readonly isLocked: boolean;
  readonly isEnabled: boolean;
  /** Target type: memory that only the host caches; else that of an accelerator. */
  readonly isHostOnly: boolean;
  /** Target ids of a port's decoder. */
  readonly targetIds: readonly number[];
  /** DPA skip of an endpoint's decoder. */
  readonly skip: bigint;
}

const allOnes = 0xffff_ffff_ffff_ffffn;

/**
 * Reads decoder `n` as found. `committed`: how many lower ones are committed.
 * @throws SystemError ENXIO dead or impossible range, out of order; EINVAL illegal ways or granularity
 */
export function readDecoder(kernel: Kernel, port: Device, hdm: HdmRegisters, n: number, committed: number): EnumeratedDecoder {
  const name = `decoder${portOf(port).id}.${n}`;
  const control = readControl(hdm, n);
  const range = readRange(hdm, n);
  const refuse = (errno: "ENXIO" | "EINVAL", text: string): never => {
    printk(kernel, "warn", `cxl_port ${port.name}: ${name}: ${text}`);
    throw new SystemError(errno, `${name}: ${text}`);
  };
  if (range.base === allOnes || range.size === allOnes) refuse("ENXIO", "Invalid resource range");
  if (control.isCommitted && n !== committed) refuse("ENXIO", "Committed out of order");
  if (control.isCommitted && range.size === 0n) refuse("ENXIO", "Committed with zero size");
  const ways = decodeWays(control.waysCode);
  const granularity = decodeGranularity(control.granularityCode);
  if (ways === undefined || granularity === undefined) return refuse("EINVAL", `Invalid interleave (ctrl: 0x${control.raw.toString(16)})`);
  if (!control.isCommitted && !control.isHostOnly) writeHostOnly(hdm, n);
  if (control.isCommitted && hdm.isEndpoint && range.size % BigInt(ways) !== 0n) refuse("ENXIO", "Size not a multiple of the interleave ways");
  const list = hdm.isEndpoint && !control.isCommitted ? 0n : readTargets(hdm, n);
  return {
    start: control.isCommitted ? range.base : 0n,
    size: control.isCommitted ? range.size : 0n,
    ways, granularity, isLocked: control.isCommitted && control.isLocked, isEnabled: control.isCommitted, isHostOnly: !control.isCommitted || control.isHostOnly,
    targetIds: hdm.isEndpoint ? [] : unpackTargets(list, Math.min(ways, 8)),
    skip: hdm.isEndpoint ? list : 0n,
  };
}

function skipOrTargets(decoder: DecoderRecord): bigint {
  return decoder.endpoint === null ? packTargets(decoder.targets.slice(0, decoder.ways).map((target) => target?.id ?? 0)) : (decoder.endpoint.dpa?.skip ?? 0n);
}

/** Polls for Committed or the error bit. */
const awaitCommit = task("hdm.awaitCommit", function* (_kernel: Kernel, device: Device, hdm: HdmRegisters, n: number): Task<void> {
  for (let poll = 0; poll < commitPolls; poll++) {
    const control = readControl(hdm, n);
    if (control.hasError) {
      clearCommit(hdm, n, control.raw);
      throw new SystemError("EIO", `${device.name}: Error Not Committed`);
    }
    if (control.isCommitted && !control.isDead) return;
    yield sleep(commitPollTime);
  }
  throw new SystemError("ETIMEDOUT", `${device.name}: commit did not end`);
});

/**
 * Commits one decoder (7.2). An enabled one is done already.
 * @throws SystemError EBUSY out of order, or the endpoint's device is being sanitized (C18); EIO refused by hardware; ETIMEDOUT
 */
export const commitDecoder = task("hdm.commit", function* (kernel: Kernel, device: Device): Task<void> {
  const decoder = decoderOf(device);
  const port = portOf(decoder.port);
  if (decoder.isEnabled || decoder.isPassThrough) return;
  if (decoder.id !== port.commitEnd + 1) {
    printk(kernel, "debug", `cxl_port ${decoder.port.name}: ${device.name}: out of order commit, expected decoder${port.id}.${port.commitEnd + 1}`);
    throw new SystemError("EBUSY", `${device.name}: out of order commit`);
  }
  if (port.kind === "endpoint" && memdevOf(port.uport).state.sanitize.isActive) {
    printk(kernel, "debug", `cxl_port ${decoder.port.name}: attempted to commit ${device.name} during sanitize`);
    throw new SystemError("EBUSY", `${device.name}: its device is being sanitized`);
  }
  const hdm = port.hdm;
  const waysCode = encodeWays(decoder.ways);
  const granularityCode = encodeGranularity(decoder.granularity);
  if (hdm === null || waysCode === undefined || granularityCode === undefined) throw new SystemError("ENXIO", `${device.name}: cannot be programmed`);
  port.commitEnd++;
  try {
    failStep(kernel, "decoder.commit", device.name, port.uport.name);
    const before = readControl(hdm, decoder.id);
    writeDecoder(hdm, decoder.id, decoder.start, decoder.size, skipOrTargets(decoder));
    startCommit(hdm, decoder.id, before.raw, waysCode, granularityCode);
    yield* awaitCommit(kernel, device, hdm, decoder.id);
  } catch (thrown) {
    port.commitEnd--;
    if (thrown instanceof SystemError) printk(kernel, "debug", `cxl_port ${decoder.port.name}: ${device.name}: error -${thrown.number} committing decoder`);
    throw thrown;
  }
  decoder.isEnabled = true;
  mark(kernel, `${device.name} committed`);
});

/** Gapless run of committed ids shrinks past everything that is disabled at its end, a line for each (cxl_port_commit_reap). */
function reap(kernel: Kernel, port: Device): void {
  const record = portOf(port);
  while (record.commitEnd >= 0) {
    const last = record.decoders[record.commitEnd];
    if (last !== undefined && decoderOf(last).isEnabled) break;
    record.commitEnd--;
    printk(kernel, "debug", `cxl_port ${port.name}: reap: decoder${record.id}.${record.commitEnd + 1} commit_end: ${record.commitEnd}`);
  }
}

/**
 * Takes one decoder out of decode (7.3): not enabled or locked ones are left. On a dead link (control reads all ones) only the
 * software state changes. Its range stays until the region lets go.
 */
export function resetDecoder(kernel: Kernel, device: Device): void {
  const decoder = decoderOf(device);
  const port = portOf(decoder.port);
  if (!decoder.isEnabled || decoder.isLocked) return;
  const isLast = port.commitEnd === decoder.id;
  if (!isLast) printk(kernel, "debug", `cxl_port ${decoder.port.name}: ${device.name}: out of order reset, expected decoder${port.id}.${port.commitEnd}`);
  if (port.hdm !== null) {
    const control = readControl(port.hdm, decoder.id);
    if (control.isDead) mark(kernel, `${device.name} reset skipped`, "link dead");
    else writeReset(port.hdm, decoder.id, control.raw);
  }
  decoder.isEnabled = false;
  if (isLast) reap(kernel, decoder.port);
  if (decoder.endpoint !== null) endpointPart(device).state = "manual";
  mark(kernel, `${device.name} reset`);
}
