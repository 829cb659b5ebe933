// What was done to the machine from outside while the kernel ran: cards pulled, and poison, which shows where its list is read.

import { armProbe } from "../../../src/hardware/probes.ts";
import { runFor, settle } from "../../../src/sandbox/drive.ts";
import { portsBelow } from "../../../src/platform/description.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import type { Json } from "../capture.ts";
import { CaptureError, bigOf, isObject, listOf, textOf } from "../capture.ts";
import type { Host } from "./host.ts";
import { portOfCard } from "./parts.ts";

/** Time that a card's going may take to be noticed, ns. */
const second = 1_000_000_000;

/** Pulls a card under a running kernel. @throws CaptureError it is nowhere */
export function pullCard(file: string, { system, machine }: Host, card: string): void {
  const port = portOfCard(machine, card);
  if (port === undefined) throw new CaptureError(file, `host-request del ${card}`, "is in no port of the machine; name a card that is");
  armProbe(system.hardware, 0, { match: { kind: "time", at: system.hardware.now + 1 }, action: { kind: "unplug", port } });
  runFor(system, second);
  settle(system);
}

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
