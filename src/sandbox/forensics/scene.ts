// What forensics look at: one system at one moment, with what its file says firmware and machine were meant to be. Plain questions to it; nothing here changes it.

import type { Device } from "../../kernel/base/device.ts";
import { busDevices } from "../../kernel/base/device.ts";
import type { Kernel, LogLevel } from "../../kernel/base/kernel.ts";
import { cxlBus, isRegion } from "../../kernel/cxl/types.ts";
import type { FileSystem } from "../../kernel/sysfs/file-system.ts";
import { resourceSize } from "../../kernel/resource/resource.ts";
import type { Range } from "../../kernel/resource/resource.ts";
import type { FirmwareSetup } from "../../platform/firmware-setup.ts";
import type { Evidence, Span } from "../../scenario/explanation.ts";
import type { PolicyValues } from "../../scenario/policies.ts";
import type { System } from "../system.ts";

export interface Scene {
  readonly system: System;
  readonly kernel: Kernel;
  readonly files: FileSystem;
  readonly firmware: FirmwareSetup;
  readonly policies: PolicyValues;
  /** Trace records of the log's lines, in order; shorter than the log where nobody counted. */
  readonly records: readonly number[];
}

export const hex = (value: bigint): string => `0x${value.toString(16)}`;
export const spanOf = (range: Range): Span => ({ start: hex(range.start), end: hex(range.end), bytes: String(resourceSize(range)) });
export const rangeOf = ({ base, size }: { readonly base: bigint; readonly size: bigint }): Range => ({ start: base, end: base + size - 1n });
export const bytesOf = (ranges: readonly Range[]): bigint => ranges.reduce((sum, range) => sum + resourceSize(range), 0n);
export const regionsOf = (kernel: Kernel): Device[] => busDevices(kernel, cxlBus).filter(isRegion);

/** What two ranges share; empty when nothing. */
export function meet(a: Range, b: Range): Range[] {
  const start = a.start > b.start ? a.start : b.start;
  const end = a.end < b.end ? a.end : b.end;
  return start <= end ? [{ start, end }] : [];
}

const units: readonly (readonly [string, bigint])[] = [["TiB", 1n << 40n], ["GiB", 1n << 30n], ["MiB", 1n << 20n], ["KiB", 1n << 10n]];

/** Bytes in the largest unit that divides them. */
export function sizeText(bytes: bigint): string {
  const [name, size] = units.find(([, unit]) => bytes % unit === 0n && bytes >= unit) ?? ["bytes", 1n];
  return `${bytes / size} ${name}`;
}

/** Said of every region on its way, deciding nothing. */
const idleTalk = /config state|: probe: -6$|region sort successful| target\[/;

const loudLevels: readonly LogLevel[] = ["emerg", "alert", "crit", "err", "warn"];

/** Lines of the log that hold one of the texts, in order, at most `most`; `isLoud`: those that are shown without debugging, warnings and worse. */
export function linesWith({ kernel, records }: Scene, texts: readonly string[], most: number, isLoud = false): Evidence[] {
  const found: Evidence[] = [];
  for (let index = 0; index < kernel.log.length && found.length < most; index++) {
    const line = kernel.log[index];
    if (line !== undefined && (!isLoud || loudLevels.includes(line.level)) && !idleTalk.test(line.text) && texts.some((text) => line.text.includes(text))) found.push({ atNs: line.at, record: records[index] ?? null, text: line.text });
  }
  return found;
}
