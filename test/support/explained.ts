// Explanations for tests, and the same questions asked of the machine's files alone.

import type { FileSystem } from "../../src/kernel/sysfs/file-system.ts";
import { explainRun } from "../../src/sandbox/forensics/explain.ts";
import type { OpenRun } from "../../src/sandbox/contract.ts";
import { openRun } from "../../src/sandbox/run.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import type { Explanation, OwnerName } from "../../src/scenario/explanation.ts";
import { modules } from "./machine.ts";

export interface Told {
  readonly told: Explanation;
  readonly run: OpenRun;
  readonly arrival: string;
}

export function explain(plan: ScenarioPlan, moment = "end", keepTrace = false): Told {
  const explained = explainRun(openRun(modules.release, plan, { seed: 1, schedule: "fixed", keepTrace }), moment, 1);
  const arrival = explained.goOn(() => false);
  return { told: explained.explain(), run: explained.run, arrival };
}

/** `cxl 512, nobody 256` in MiB. */
function sumText(shares: readonly { readonly owner: OwnerName; readonly bytes: bigint }[]): string {
  return (["cxl", "hmem", "nobody"] as const).flatMap((owner) => {
    const sum = shares.reduce((all, share) => (share.owner === owner ? all + share.bytes : all), 0n);
    return sum === 0n ? [] : [`${owner} ${sum >> 20n}`];
  }).join(", ");
}

export const sharesText = (range: Explanation["ranges"][number] | undefined): string => sumText((range?.shares ?? []).map(({ owner, bytes }) => ({ owner, bytes: BigInt(bytes) })));

/** What an outcome text of a deciding policy foresees, in the same words. */
export function foreseenText(outcome: string, range: Explanation["ranges"][number]): string {
  const units: Readonly<Record<string, bigint>> = { MiB: 1n << 20n, GiB: 1n << 30n, TiB: 1n << 40n };
  return sumText(outcome.split(", ").map((part) => {
    const [, who = "", size = ""] = /^(CXL|hmem|nobody) has (.*)$/.exec(part) ?? [];
    const [number = "0", unit = ""] = size.split(" ");
    return { owner: who.toLowerCase() as OwnerName, bytes: size === "all of it" ? BigInt(range.bytes) : BigInt(number) * (units[unit] ?? 1n) };
  }));
}

interface Piece {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  readonly owner: OwnerName;
}

/** Dax devices that a driver has, by the path of their parent (S38): from /sys alone. */
function daxPieces(files: FileSystem): Piece[] {
  const folder = "/sys/bus/dax/devices";
  if (!files.exists(folder)) return [];
  return files.list(folder).filter((name) => files.exists(`${folder}/${name}/driver`)).flatMap((name) => {
    const owner = files.readlink(`${folder}/${name}`).includes("/hmem_platform") ? "hmem" as const : "cxl" as const;
    const mappings = files.list(`${folder}/${name}`).filter((entry) => /^mapping\d+$/.test(entry));
    return mappings.map((mapping) => ({ start: BigInt(files.read(`${folder}/${name}/${mapping}/start`).trim()), end: BigInt(files.read(`${folder}/${name}/${mapping}/end`).trim()) + 1n, owner }));
  });
}

/** Who has a range as the tree says. */
export function treeText(files: FileSystem, { start, end }: { readonly start: string; readonly end: string }): string {
  const pieces = daxPieces(files);
  const [from, to] = [BigInt(start), BigInt(end) + 1n];
  const shares = pieces.flatMap((piece) => {
    const bytes = (piece.end < to ? piece.end : to) - (piece.start > from ? piece.start : from);
    return bytes > 0n ? [{ owner: piece.owner, bytes }] : [];
  });
  const taken = shares.reduce((sum, { bytes }) => sum + bytes, 0n);
  return sumText([...shares, { owner: "nobody", bytes: to - from - taken }]);
}
