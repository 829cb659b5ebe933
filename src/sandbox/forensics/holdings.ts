// The three ledgers of seeds S16 with who uses what each holds, whether it is stuck (nothing that works uses it), and what would free it under the policies in force
// (region-assembly 7.5-7.7).

import type { Device } from "../../kernel/base/device.ts";
import { findDevice } from "../../kernel/base/device.ts";
import type { Holding as Entry } from "../../kernel/cxl/ledgers.ts";
import { ledgers } from "../../kernel/cxl/ledgers.ts";
import { cxlBus, decoderOf, endpointPart, memdevOf, regionOf, regionStates } from "../../kernel/cxl/types.ts";
import type { Range } from "../../kernel/resource/resource.ts";
import { overlaps } from "../../kernel/resource/resource.ts";
import type { Holding } from "../../scenario/explanation.ts";
import type { Part } from "./capacity.ts";
import { isDelivered, partsOf } from "./capacity.ts";
import type { Scene } from "./scene.ts";
import { hex, spanOf } from "./scene.ts";

/** What uses addresses now: memory that somebody has. */
function userOf(range: Range, parts: readonly Part[]): string {
  const used = parts.find((part) => isDelivered(part) && part.device !== "" && overlaps(part, range));
  return used === undefined ? "" : `${used.device} (${used.owner === "hmem" ? "hmem" : "CXL"})`;
}

/** The region that a decoder belongs to or waits in. */
const regionAround = (decoder: Device): Device | null => decoderOf(decoder).region ?? decoderOf(decoder).endpoint?.stagedIn ?? null;

const folder = "/sys/bus/cxl/devices";
const deletion = (region: Device): string => `echo ${region.name} > ${folder}/${regionOf(region).rootDecoder.name}/delete_region`;

type Remedy = Pick<Holding, "commands" | "remedy">;
const by = (commands: readonly string[], remedy = ""): Remedy => ({ commands, remedy });

/** The whole way back for a region: the tool's where it finds every slot taken, else by hand (S15, S17). */
function dismantle(region: Device): Remedy {
  const { isAuto, state, targets, targetCount, ways } = regionOf(region);
  if (!isAuto || state >= regionStates.commit || targetCount === ways) return by([`cxl destroy-region -f ${region.name}`]);
  const members = [...targets.entries()].filter(([, target]) => target !== null);
  return by([
    `echo 0 > ${folder}/${region.name}/commit`, ...members.map(([slot]) => `echo "" > ${folder}/${region.name}/target${slot}`),
    ...members.map(([, target]) => `echo 0 > ${folder}/${target?.name ?? ""}/dpa_size`), deletion(region),
  ]);
}

/** Whether policy lets userspace take the region apart as it was put together. */
const isUndoable = ({ policies }: Scene, region: Device): boolean => policies.unwind === "full" || !regionOf(region).isAuto || regionOf(region).state >= regionStates.commit;

function regionRemedy(scene: Scene, region: Device): Remedy {
  if (regionOf(region).isLocked && regionOf(region).state >= regionStates.commit) return by([], "the region is locked: nothing but a reset of the host frees it");
  if (isUndoable(scene, region)) return dismantle(region);
  return by([deletion(region)], `frees the addresses alone (unwind: ${scene.policies.unwind})`);
}

function decoderRemedy(scene: Scene, decoder: Device): Remedy {
  const { unwind } = scene.policies;
  const region = regionAround(decoder);
  const { isEnabled, isLocked, kind } = decoderOf(decoder);
  if (isLocked) return by([], "the decoder is locked: nothing but a reset of the host frees it");
  if (region !== null && isUndoable(scene, region)) return dismantle(region);
  if (kind !== "endpoint") return by([], unwind === "full" ? "goes with the last decoder of a card below it" : `nothing but a reset of the host frees it (unwind: ${unwind})`);
  const release = `echo 0 > ${folder}/${decoder.name}/dpa_size`;
  if (!isEnabled || unwind === "full") return by([release]);
  const card = `/sys/bus/pci/devices/${memdevOf(endpointPart(decoder).memdev).pciDevice.name}`;
  // The card's own reset, which would come first, leaves decoders as they are.
  const reset = [`echo cxl_bus > ${card}/reset_method`, `echo 1 > ${card}/reset`];
  return by([...(region === null ? [] : [deletion(region)]), ...reset, release], `the card is reset, since its decoder is committed and its memory busy: unwind: ${unwind}`);
}

function holding(scene: Scene, ledger: Holding["ledger"], entry: Entry, parts: readonly Part[]): Holding {
  const device = findDevice(scene.kernel, cxlBus, entry.name);
  const own = { start: entry.start, end: entry.start + entry.size - 1n };
  const decoder = ledger === "HPA" ? undefined : device;
  const around = decoder === undefined ? null : regionAround(decoder);
  const addresses = around === null ? undefined : regionOf(around).resource;
  const decoded = decoder === undefined ? own : (addresses ?? { start: decoderOf(decoder).start, end: decoderOf(decoder).start + decoderOf(decoder).size - 1n });
  const user = userOf(decoded, parts);
  const isStuck = user === "";
  const remedy = device === undefined || !isStuck ? by([]) : ledger === "HPA" ? regionRemedy(scene, device) : decoderRemedy(scene, device);
  return { ledger, holder: entry.name, serial: entry.serial === 0n ? "" : hex(entry.serial), ...spanOf(own), isStuck, user, ...remedy };
}

export function holdings(scene: Scene): Holding[] {
  const { addresses, dpa, decoders } = ledgers(scene.kernel);
  const parts = partsOf(scene);
  const as = (ledger: Holding["ledger"], entries: readonly Entry[]): Holding[] => entries.map((entry) => holding(scene, ledger, entry, parts));
  return [...as("HPA", addresses), ...as("DPA", dpa), ...as("decoder", decoders)];
}
