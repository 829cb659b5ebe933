// Module and reference side by side: episodes of random accesses from a clean machine, the first divergence made short and told.

import { deviceCdat, switchCdat } from "../../../src/hardware/cdat.ts";
import type { Hardware } from "../../../src/hardware/machine.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import { isSwitch } from "../../../src/platform/description.ts";
import { formatPciAddress } from "../../../src/platform/pci-address.ts";
import { ReferenceMachine } from "../reference/machine.ts";
import type { MachineState } from "../reference/machine.ts";
import type { Part } from "../reference/tree.ts";
import type { RegisterFile } from "../reference/registers.ts";
import { AccessSource } from "./accesses.ts";
import type { Access, Layout, Outcome, Ready } from "./bench.ts";
import { perform, predict, prepare } from "./bench.ts";

export interface Divergence {
  readonly index: number;
  readonly what: string;
}

export interface Differential {
  readonly description: MachineDescription;
  readonly layout: Layout;
  /** Modules under test; all do the same accesses. */
  readonly benches: readonly Ready[];
  readonly reference: ReferenceMachine;
  readonly clean: MachineState;
}

export const episodeLength = 1000;

/** Brings a machine up in each module and in the reference, comparing every read of enumeration. @throws Error */
export function bringUp(modules: readonly WebAssembly.Module[], description: MachineDescription): Differential {
  const benches = modules.map((module) => prepare(module, description));
  const { layout } = benches[0] as (typeof benches)[number];
  const reference = new ReferenceMachine(description, (card) => (isSwitch(card) ? switchCdat(card) : deviceCdat(card)));
  for (const [index, access] of layout.accesses.entries()) {
    const { value, known } = predict(reference, access);
    if (!access.isWrite && ((access.value ^ value) & known) !== 0n) throw new Error(`enumeration, access ${index}: ${tell(reference, layout, access)}: module 0x${access.value.toString(16)}, reference 0x${value.toString(16)}`);
  }
  for (const [handle, { base, size }] of layout.ranges.entries()) reference.map(handle, base, size);
  return { description, layout, benches, reference, clean: reference.save() };
}

export function restart({ benches, reference, clean }: Differential): void {
  for (const { hardware, clean: snapshot } of benches) hardware.restore(snapshot);
  reference.restore(clean);
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** What differs between the modules' outcomes and the prediction; undefined: nothing. */
export function differs(access: Access, outcomes: readonly Outcome[], { value, status, known }: Outcome & { readonly known: bigint }): string | undefined {
  for (const [number, outcome] of outcomes.entries()) {
    if (outcome.status !== status) return `module ${number} ends ${outcome.status}, reference ${status}`;
    if (!access.isWrite && ((outcome.value ^ value) & known) !== 0n) return `module ${number} reads ${hex(outcome.value)}, reference ${hex(value)}${known === (1n << BigInt(access.width * 8)) - 1n ? "" : ` (of ${hex(known)})`}`;
    const first = outcomes[0];
    if (first !== undefined && outcome.value !== first.value) return `module ${number} reads ${hex(outcome.value)}, module 0 ${hex(first.value)}`;
  }
  return undefined;
}

/** Behind links that are up, whether config space and windows lead there or not. */
function isPowered(part: Part): boolean {
  if (part.kind === "bridge") return true;
  if (part.kind === "port") return isPowered(part.parent);
  return part.port.isUp && isPowered(part.port);
}

/** Every register of every part that has its link. */
function compareState({ benches, reference }: Differential): string | undefined {
  for (const part of reference.tree.parts.values()) {
    if (!isPowered(part)) continue;
    for (const { hardware } of benches) {
      const { id } = [hardware.entities.bridges, hardware.entities.ports, hardware.entities.switches, hardware.entities.devices].map((kind) => kind.get(part.name)).find((found) => found !== undefined) ?? { id: -1 };
      const found = compareFile(part.component, (offset) => hardware.peekComponent(id, offset), `${part.name} component`) ?? (part.kind === "bridge" ? undefined : compareFile(part.config, (offset) => hardware.peekConfig(id, offset), `${part.name} config`));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function compareFile(file: RegisterFile, peek: (offset: number) => number, name: string): string | undefined {
  for (let offset = 0; offset < 0x1000; offset += 4) {
    const got = peek(offset);
    if (got !== file.word(offset)) return `state of ${name}, ${file.nameAt(offset)} (0x${offset.toString(16)}): module 0x${got.toString(16)}, reference 0x${file.word(offset).toString(16)}`;
  }
  return undefined;
}

const hostRuns = (hardware: Hardware): boolean => hardware.hostState === "running";

/** Runs accesses from a clean machine up to the first divergence. `comparesState`: look at all registers at the end too. */
export function replay(differential: Differential, accesses: readonly Access[], comparesState: boolean): Divergence | undefined {
  restart(differential);
  const { benches, reference } = differential;
  for (const [index, access] of accesses.entries()) {
    const outcomes = benches.map((bench) => perform(bench, access));
    const what = differs(access, outcomes, predict(reference, access));
    if (what !== undefined) return { index, what };
    if (!benches.every(({ hardware }) => hostRuns(hardware))) return undefined;
  }
  const what = comparesState ? compareState(differential) : undefined;
  return what === undefined ? undefined : { index: accesses.length - 1, what };
}

/** Leaves out accesses as long as something still diverges. */
export function shorten(differential: Differential, accesses: readonly Access[]): Access[] {
  const first = replay(differential, accesses, true);
  if (first === undefined) return [];
  let kept = accesses.slice(0, first.index + 1);
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = kept.length - size; at > -size; at -= size) {
      const candidate = [...kept.slice(0, Math.max(at, 0)), ...kept.slice(Math.max(at + size, 0))];
      const found = candidate.length === 0 ? undefined : replay(differential, candidate, true);
      if (found !== undefined) kept = candidate.slice(0, found.index + 1);
    }
  }
  return kept;
}

/** One line about an access, registers by name as the reference finds them now. */
export function tell(reference: ReferenceMachine, { ranges }: Layout, { kind, isWrite, place, at, width, value }: Access): string {
  const verb = isWrite ? "write" : "read";
  const shown = isWrite ? ` <- ${hex(value)}` : "";
  if (kind === "memory") return `memory ${verb} ${hex(at as bigint)} w${width}${shown}`;
  const offset = at as number;
  if (kind === "config") {
    const found = reference.functionAt(place);
    return `config ${verb} ${formatPciAddress(place)} +0x${offset.toString(16)} w${width}${shown} (${found === undefined ? "nobody" : `${found.name} ${found.config.nameAt(offset)}`})`;
  }
  const found = reference.placeOf(place, offset);
  const name = found === undefined ? "nobody" : found === "reserved" ? "reserved" : `${found.part.name} ${found.file.nameAt(found.offset)}`;
  return `register ${verb} ${ranges[place]?.name ?? "?"} +0x${offset.toString(16)} w${width}${shown} (${name})`;
}

const lastAccesses = 10;

/** The story of a divergence: the last accesses with what they met, then what differs. */
export function story(differential: Differential, accesses: readonly Access[], seed: number): string {
  const short = shorten(differential, accesses);
  restart(differential);
  const lines: string[] = [];
  for (const access of short) {
    lines.push(tell(differential.reference, differential.layout, access));
    const { value, status } = predict(differential.reference, access);
    lines.push(`    reference: ${access.isWrite ? status : `${hex(value)} ${status}`}`);
    for (const bench of differential.benches) perform(bench, access);
  }
  const found = replay(differential, short, true);
  const told = lines.slice(-2 * lastAccesses);
  return [`seed ${seed}, ${short.length} accesses after shortening${short.length > lastAccesses ? `, the last ${lastAccesses}` : ""}:`, ...told, found?.what ?? "it does not diverge again"].join("\n");
}

export interface CampaignResult {
  readonly accesses: number;
  readonly divergences: number;
  readonly traps: number;
  /** Folded trace digests of all episodes, of the first module. */
  readonly digest: string;
  readonly stories: readonly string[];
}

const layers = ["access", "hardware"] as const;

/** Folds digests in order: FNV-1a over their characters, 64 bits. */
export function fold(digest: bigint, text: string): bigint {
  let folded = digest;
  for (const character of text) folded = BigInt.asUintN(64, (folded ^ BigInt(character.charCodeAt(0))) * 0x100_0000_01b3n);
  return folded;
}
export const foldStart = 0xcbf2_9ce4_8422_2325n;

export interface CampaignOptions {
  readonly accesses: number;
  readonly seed: number;
  /** Divergences after which it gives up; each is shortened and told. */
  readonly stopAfter: number;
}

/** `count` random accesses in episodes. */
export function runCampaign(differential: Differential, { accesses, seed, stopAfter }: CampaignOptions): CampaignResult {
  let divergences = 0;
  let traps = 0;
  let done = 0;
  let digest = foldStart;
  const stories: string[] = [];
  for (let episode = 0; done < accesses && divergences < stopAfter; episode++) {
    const source = new AccessSource(differential.description, differential.layout, seed + episode);
    const list = Array.from({ length: Math.min(episodeLength, accesses - done) }, () => source.next());
    done += list.length;
    try {
      const found = replay(differential, list, true);
      if (found !== undefined) {
        divergences++;
        stories.push(story(differential, list, seed + episode));
        continue;
      }
    } catch (error) {
      traps++;
      stories.push(`seed ${seed + episode}: ${String(error)}`);
      break;
    }
    const [first, ...others] = differential.benches.map(({ hardware }) => layers.map((layer) => hardware.digest(layer)).join(" "));
    if (others.some((other) => other !== first)) {
      divergences++;
      stories.push(`seed ${seed + episode}: the modules' trace digests differ`);
    }
    digest = fold(digest, first ?? "");
  }
  return { accesses: done, divergences, traps, digest: digest.toString(16).padStart(16, "0"), stories };
}

/** The same accesses in one module alone: its folded trace digest, as `runCampaign` has it. */
export function digestOf(module: WebAssembly.Module, description: MachineDescription, { accesses, seed }: Pick<CampaignOptions, "accesses" | "seed">): string {
  const bench = prepare(module, description);
  let digest = foldStart;
  for (let episode = 0, done = 0; done < accesses; episode++, done += episodeLength) {
    bench.hardware.restore(bench.clean);
    const source = new AccessSource(description, bench.layout, seed + episode);
    for (let i = 0; i < Math.min(episodeLength, accesses - done) && hostRuns(bench.hardware); i++) perform(bench, source.next());
    digest = fold(digest, layers.map((layer) => bench.hardware.digest(layer)).join(" "));
  }
  return digest.toString(16).padStart(16, "0");
}
