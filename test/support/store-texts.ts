// Texts for stores, seeded: malformed ones of every kind, and legal ones for the file they go into, at whatever state it is in.

import { busDevices } from "../../src/kernel/base/device.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import type { RandomState } from "../../src/sim/random.ts";
import { nextBelow } from "../../src/sim/random.ts";
import { MiB } from "./machine.ts";

export const pick = <T>(random: RandomState, from: readonly [T, ...T[]]): T => from[nextBelow(random, from.length)] ?? from[0];

/** What no file takes, or takes by one of the parsers' quirks. */
const oddities = [
  "", "\n", " ", "\t", "\n\n", "-1", "-0", "+1", " 1", "1 ", "1\n\n", "1\n2\n", "0", "00", "08", "010", "0x", "0x\n", "0xg", "0X10", "1e3", "1.5", "0b1", "1_000", "1,2", "y", "N", "on", "OFF", "maybe", "true",
  "256", "4096", "0x10000000", "268435456", "268435455", "4294967295", "4294967296", "2147483648", "-2147483649", "9223372036854775808", "18446744073709551615", "18446744073709551616", "0x10000000000000000", "99999999999999999999999999999999",
  "1\0", "\0", "\u00001", "1\u00002", "ram\0x", "\u20ac", "\u0661", "\uff11", "\ud800", "\u{1f4a9}", "%s%n", "../../..", "/", "region", "region-1", "region0x", "region 0", "region99999999999999999999", "REGION0", "ram\n", " ram", "Ram", "online\n", "online_movable ",
  "0-", "-", "0-0", "1-0", "0x400000000-0x40fffffff", "zz-1", "0-18446744073709551616", "dax0.0", "dax0", "dax.0", "dax0.0.0", "decoder0.0", "decoder1.0", "mem0", "port1", "root0", "endpoint2", "00000000-0000-0000-0000-000000000000", "kmem", "none", "pmem", "mixed",
] as const;

export const malformedText = (random: RandomState): string => (nextBelow(random, 12) === 0 ? pick(random, ["a", "0", "9", " ", "\0", "\n"]).repeat(pick(random, [64, 4095, 4096, 5000])) : pick(random, oddities));

/** A device of a bus: bound to this driver, or (null) to none. */
const nameOn = (kernel: Kernel, random: RandomState, bus: string, driver?: string | null): string => {
  const names = busDevices(kernel, bus).filter((device) => driver === undefined || (device.driver?.name ?? null) === driver).map((device) => device.name);
  return names[nextBelow(random, Math.max(1, names.length))] ?? "mem0";
};
const named = (kernel: Kernel, random: RandomState, start: string): string => {
  const names = [...kernel.buses.values()].flat().map((device) => device.name).filter((name) => name.startsWith(start));
  return names[nextBelow(random, Math.max(1, names.length))] ?? `${start}0`;
};

const sizes = [0n, 1n, 2n, 3n, 4n, 8n].map((count) => String(count * 256n * MiB)) as [string, ...string[]];
const small = [0n, 2n, 4n, 64n, 126n, 128n, 256n].map((count) => `0x${(count * MiB).toString(16)}`) as [string, ...string[]];

function mappingText(random: RandomState): string {
  const start = 0x4_0000_0000n + BigInt(nextBelow(random, 8)) * 64n * MiB;
  return `0x${start.toString(16)}-0x${(start + BigInt(1 + nextBelow(random, 4)) * 2n * MiB - 1n).toString(16)}`;
}

/** A text that the file may well take, by the last part of its path. */
function legalFor(kernel: Kernel, random: RandomState, path: string, present: string): string | undefined {
  const name = path.split("/").at(-1) ?? "";
  if (name.startsWith("create_")) return present;
  if (name === "delete_region") return named(kernel, random, "region");
  if (name === "mode") return pick(random, ["ram", "pmem"]);
  if (name === "dpa_size") return pick(random, sizes);
  if (["commit", "memmap_on_memory", "online", "enable", "tracing_on", "power"].includes(name)) return pick(random, ["0", "1"]);
  if (name === "interleave_ways") return pick(random, ["1", "2", "3", "4"]);
  if (name === "interleave_granularity") return pick(random, ["256", "512", "4096"]);
  if (name === "size") return path.includes("/dax") && !/region\d+\/size$/.test(path) ? pick(random, small) : pick(random, sizes);
  if (name.startsWith("target")) return nextBelow(random, 4) === 0 ? "\n" : pick(random, [nameOn(kernel, random, "cxl"), named(kernel, random, "decoder")]);
  if (name === "bind" || name === "unbind") return nameOn(kernel, random, path.split("/")[3] ?? "cxl", name === "bind" ? null : path.split("/")[5]);
  if (name === "new_id" || name === "remove_id") return named(kernel, random, "dax");
  if (name === "align") return pick(random, ["4096", "2097152", "1073741824"]);
  if (name === "delete") return named(kernel, random, "dax");
  if (name === "state" && path.includes("/dax")) return pick(random, ["unplugged", "online", "online_kernel", "online_movable"]);
  if (name === "state" || name === "auto_online_blocks") return pick(random, ["online", "online_kernel", "online_movable", "offline"]);
  if (name.endsWith("_offline_page")) return `0x${(pick(random, [0x400_0000n, 0x1000_0000n, 0x4_0000_0000n]) + BigInt(nextBelow(random, 4)) * 4096n).toString(16)}`;
  if (name === "mapping") return mappingText(random);
  if (name.endsWith("_poison")) return `0x${(BigInt(nextBelow(random, 64)) * 64n).toString(16)}`;
  if (name === "isolation_ctrl" || name === "timeout_ctrl") return pick(random, ["0", "1", "off", "on"]);
  if (name === "timeout_range") return pick(random, ["a", "a2", "b2", "c", "d2"]);
  if (name === "loading") return pick(random, ["1", "0", "-1"]);
  if (name === "driver_override") return pick(random, ["", "cxl_pci", "hmem"]);
  if (name === "uuid") return `0000000${nextBelow(random, 10)}-0000-0000-0000-00000000000${nextBelow(random, 3)}`;
  if (["sanitize", "erase", "create", "trigger_poison_list", "cancel", "remove", "rescan", "reset"].includes(name)) return "1";
  return undefined;
}

/** What to store into a file next; `present`: what it reads now. */
export function storeText(kernel: Kernel, random: RandomState, path: string, present: string): string {
  const legal = nextBelow(random, 5) < 3 ? legalFor(kernel, random, path, present) : undefined;
  if (legal === undefined) return malformedText(random);
  return pick(random, [legal, legal, legal, `${legal}\n`, `${legal} `, legal.toUpperCase()]);
}
