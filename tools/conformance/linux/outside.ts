// What was done to the machine from outside while the kernel ran: cards pulled, and poison, which shows where its list is read.

import type { ProbeAction } from "../../../src/hardware/probes.ts";
import { armProbe } from "../../../src/hardware/probes.ts";
import { runFor, settle } from "../../../src/sandbox/drive.ts";
import { UnresolvedReferenceError, resolveReferences } from "../../../src/sandbox/references.ts";
import { portsBelow } from "../../../src/platform/description.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import type { Json } from "../capture.ts";
import { CaptureError, bigOf, isObject, listOf, textOf } from "../capture.ts";
import type { Host } from "./host.ts";
import { portOfCard } from "./parts.ts";

/** Time that a card's going may take to be noticed, ns. */
const second = 1_000_000_000;

/** The PCI function of a port's card, where it has a memdev. */
function functionOf({ machine, files }: Host, port: string): string | undefined {
  try {
    return files.realpath(`/sys/bus/cxl/devices/${resolveReferences(machine, files, `\${mem:${port}}`)}`).split("/").at(-2);
  } catch (thrown) {
    if (thrown instanceof UnresolvedReferenceError) return undefined;
    throw thrown;
  }
}

/** Does something to the slot of a card, and lets the kernel deal with it. @throws CaptureError the card is nowhere */
function atSlot(file: string, host: Host, card: string, request: string, act: (port: string) => ProbeAction): void {
  const { system, machine } = host;
  const port = portOfCard(machine, card);
  if (port === undefined) throw new CaptureError(file, `host-request ${request} ${card}`, "is in no port of the machine; name a card that is");
  armProbe(system.hardware, 0, { match: { kind: "time", at: system.hardware.now + 1 }, action: act(port) });
  runFor(system, second);
  settle(system);
}

/**
 * Takes a card out of a running system as its attention button does: the kernel lets go of the function first (error-recovery 4.3, safe removal).
 * @throws CaptureError it is nowhere
 */
export function pullCard(file: string, host: Host, card: string): void {
  const port = portOfCard(host.machine, card);
  const name = port === undefined ? undefined : functionOf(host, port);
  if (name !== undefined) host.command(`echo 1 > /sys/bus/pci/devices/${name}/remove`);
  atSlot(file, host, card, "del", (at) => ({ kind: "unplug", port: at }));
}

/** Puts a card that was pulled back into its slot. @throws CaptureError it is nowhere */
export const putBack = (file: string, host: Host, card: string): void => atSlot(file, host, card, "add", (port) => ({ kind: "plug", port, device: card }));

export interface PoisonedLines {
  readonly serial: bigint;
  readonly dpa: bigint;
  readonly length: bigint;
}

/** Lines that a listing of memdevs shows as poisoned by the device's own doing. */
export function poisonShown(listing: Json): PoisonedLines[] {
  if (Array.isArray(listing)) return (listing as readonly Json[]).flatMap(poisonShown);
  if (!isObject(listing)) return [];
  const here = typeof listing["memdev"] === "string" && listing["serial"] !== undefined
    ? listOf(listing["media_errors"]).flatMap((record) => (isObject(record) && textOf(record["source"]) === "Internal" ? [{ serial: BigInt(String(listing["serial"])), dpa: bigOf(record["offset"]), length: bigOf(record["length"]) }] : []))
    : [];
  return [...here, ...Object.values(listing).flatMap(poisonShown)];
}

const deviceWith = (machine: MachineDescription, serial: bigint): string | undefined =>
  machine.hostBridges.flatMap((bridge) => portsBelow(bridge.rootPorts)).flatMap((port) => port.slots.slice(0, 1)).find((slot) => slot.kind !== "switch" && slot.serial === serial)?.name;

/** Poisons lines as whatever was done from outside did. */
export function poison({ system, machine }: Host, lines: readonly PoisonedLines[]): void {
  for (const { serial, dpa, length } of lines) {
    const device = deviceWith(machine, serial);
    if (device === undefined) continue;
    armProbe(system.hardware, 0, { match: { kind: "time", at: system.hardware.now + 1 }, action: { kind: "poison", device, dpa, length: Number(length) } });
    runFor(system, 10);
  }
  settle(system);
}
