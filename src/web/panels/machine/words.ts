// Words for what the drawing shows with lines and colours.

import type { HostLook, IsolationState, LinkLook, MemoryUse, PartLook, RegionLook, WindowLook } from "../../../sandbox/live/machine-types.ts";

export const linkText = ({ state, heldBy }: LinkLook): string => (state === "up" ? "link up" : state === "training" ? "link training" : `link down${heldBy.length === 0 ? "" : `: ${heldBy.join(", ")}`}`);

export const isolationText: Readonly<Record<IsolationState, string>> = { none: "no isolation", off: "isolation off", armed: "isolation armed", isolated: "isolated", busy: "isolated, busy" };

export const useText: Readonly<Record<MemoryUse, string>> = { "system-ram": "System RAM", devdax: "device-dax", "file-system": "a file system's", nothing: "not in use" };

export const poisonText = (lines: number): string => `poison, ${lines} line${lines === 1 ? "" : "s"}`;

const joined = (words: readonly string[]): string => words.filter((one) => one !== "").join(", ");

export const hostWords = ({ state, summary }: HostLook): string => joined(["host", state, summary]);

export const windowWords = ({ name, size, base, targets }: WindowLook): string => joined([name, `${size} at ${base}`, `leads to ${targets.join(" and ")}`]);

export const regionWords = ({ name, size, base, ways, isCommitted, isReachable, members, use }: RegionLook): string =>
  joined([name, `region of ${size}${base === "" ? "" : ` at ${base}`}`, `${ways} way${ways === 1 ? "" : "s"}`, members.length === 0 ? "" : `on ${members.map(({ part }) => part ?? "nobody").join(" and ")}`, isCommitted ? "" : "not committed", isReachable ? "" : "not reachable", useText[use]]);

export function partWords(part: PartLook): string {
  const { name, kind, kernel, link, isolation, inFlight, isStalled, decoders, decoderCount, poison, troubles, regions, below, condition, summary } = part;
  const committed = decoders.filter(({ state }) => state === "committed").length;
  const refused = decoders.filter(({ state }) => state === "refused").length;
  return joined([
    name, kind, condition === "works" || condition === "empty" ? "" : condition, ...kernel, kind === "device" ? summary : "", link === null ? "" : linkText(link), link !== null && below.length === 0 ? "empty slot" : "",
    kind === "root port" ? isolationText[isolation] : "", inFlight === 0 ? "" : `${inFlight} requests under way`, isStalled ? "requesters wait" : "",
    decoderCount === 0 ? "" : `${committed} of ${decoderCount} decoders committed`, refused === 0 ? "" : `${refused} refused`, poison === null ? "" : poisonText(poison.lines), ...troubles, regions.length === 0 ? "" : `carries ${regions.join(", ")}`,
  ]);
}
