// What became of each member that firmware wanted in a region: there, not there, late, or refused; as a person would find it, from the slot up.

import type { Device } from "../../kernel/base/device.ts";
import { busDevices } from "../../kernel/base/device.ts";
import { regionHistory } from "../../kernel/cxl/region-history.ts";
import { cxlBus, decoderOf, endpointPart, isMemdev, memdevOf, portOf, regionOf } from "../../kernel/cxl/types.ts";
import type { Range } from "../../kernel/resource/resource.ts";
import type { DeviceDescription, DownstreamPortDescription } from "../../platform/description.ts";
import { isSwitch, portsBelow } from "../../platform/description.ts";
import type { MemberExplanation } from "../../scenario/explanation.ts";
import { timeText } from "../../scenario/time-text.ts";
import type { Scene } from "./scene.ts";
import { hex, linesWith, regionsOf } from "./scene.ts";

const linkUp = 2;

interface Slot {
  readonly port: DownstreamPortDescription;
  readonly card: DeviceDescription;
}

function slotOf({ system }: Scene, name: string): Slot | undefined {
  for (const port of portsBelow(system.hardware.description.hostBridges.flatMap(({ rootPorts }) => rootPorts))) {
    for (const card of port.slots) if (!isSwitch(card) && card.name === name) return { port, card };
  }
  return undefined;
}

const memdevWith = ({ kernel }: Scene, serial: bigint): Device | undefined => busDevices(kernel, cxlBus).find((device) => isMemdev(device) && memdevOf(device).serial === serial);

function isLinkUp({ system }: Scene, port: string): boolean {
  const found = system.hardware.entities.ports.get(port);
  return found !== undefined && system.hardware.exports.portState(found.index, 0) === linkUp;
}

type Finding = Pick<MemberExplanation, "state" | "text">;

/** A card that came up, in no region of the range: what its decoders do instead. */
function decodersOf(scene: Scene, memdev: Device, range: Range): string {
  const { endpoint } = memdevOf(memdev);
  const probe = linesWith(scene, [`cxl_mem ${memdev.name}: probe: `], 1000).at(-1)?.text.split("probe: ")[1];
  if (memdev.driver === null || endpoint === null) return `${memdev.name} is there without a driver${probe === undefined ? "" : `: its probe failed (${probe})`}`;
  const enabled = portOf(endpoint).decoders.map(decoderOf).filter(({ isEnabled }) => isEnabled);
  const elsewhere = enabled.filter(({ start, size }) => start !== range.start || start + size - 1n !== range.end);
  if (enabled.length === 0) return `${memdev.name} came up, and none of its decoders is committed`;
  if (elsewhere.length === 0) return `${memdev.name} came up, and its decoder is in no region`;
  return `${memdev.name} decodes ${elsewhere.map(({ start, size }) => `${hex(start)}-${hex(start + size - 1n)}`).join(", ")} instead`;
}

function whileAway(scene: Scene, { port, card }: Slot): Finding {
  if (!isLinkUp(scene, port.name)) return { state: "missing", text: "no card answers: the link is down" };
  const { now } = scene.system.hardware;
  if (card.mediaReadyTime > now) return { state: "slow", text: `its media is not ready yet (it takes ${timeText(card.mediaReadyTime)} from link up)` };
  return { state: "missing", text: "the link is up, and its function has made no memdev" };
}

/** Events of one member of a region. */
const eventsOf = ({ kernel }: Scene, serial: bigint, range: Range) => regionHistory(kernel).filter((event) => event.serial === serial && event.start === range.start && event.end === range.end);

/** @param decidedAt virtual ns; -1: nothing was decided */
export function memberOf(scene: Scene, name: string, range: Range, decidedAt: number): MemberExplanation {
  const slot = slotOf(scene, name);
  if (slot === undefined) return { port: name, serial: "", memdev: "", state: "missing", text: "no such card in the machine" };
  const memdev = memdevWith(scene, slot.card.serial);
  const base = { port: slot.port.name, serial: hex(slot.card.serial), memdev: memdev?.name ?? "" };
  const events = eventsOf(scene, slot.card.serial, range);
  const came = events.find(({ kind }) => kind === "staged");
  const isMember = regionsOf(scene.kernel).some((region) => regionOf(region).targets.some((target) => target !== null && endpointPart(target).memdev === memdev));
  const refused = events.findLast(({ kind }) => kind === "refused" || kind === "unplaced");
  if (came !== undefined && decidedAt >= 0 && came.at > decidedAt) return { ...base, state: "slow", text: `came at ${timeText(came.at)}, ${timeText(came.at - decidedAt)} after the decision` };
  if (isMember && memdev !== undefined) return { ...base, state: "joined", text: came === undefined ? "is a member" : `came at ${timeText(came.at)}` };
  if (came !== undefined) return { ...base, state: "missing", text: `came at ${timeText(came.at)}, and its region is gone or was taken apart` };
  if (refused !== undefined) return { ...base, state: "refused", text: `${refused.decoder} was refused: ${refused.why}` };
  if (memdev === undefined) return { ...base, ...whileAway(scene, slot) };
  return { ...base, state: "missing", text: decodersOf(scene, memdev, range) };
}
