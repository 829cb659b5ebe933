// Reads from the module once what the sheets leave to a device's maker.

import type { CommandName } from "../../../registers/commands.ts";
import { commands } from "../../../registers/commands.ts";
import { features } from "../../../registers/features.ts";
import { mailboxOf } from "../../../src/platform/description.ts";
import type { DeviceDescription } from "../../../src/platform/description.ts";
import { encodePayload, payloadBig, payloadBytes, payloadNumber, uuidFrom } from "../../../src/platform/payload.ts";
import { deviceLogs } from "../../../registers/features.ts";
import { readOutput, ring } from "./actions.ts";
import type { Driver } from "./bench.ts";
import { mailboxBases } from "./bench.ts";
import type { DeviceChoices } from "./choices.ts";
import { exampleChoices } from "./choices.ts";

const capabilityVector = 7;
const vectorBits = 0xf;

/** Leaves the device's mailbox used: restore it afterwards. */
export function learn(driver: Driver, description: DeviceDescription): DeviceChoices {
  const settings = mailboxOf(description);
  const ask = (name: CommandName, input: Uint8Array = new Uint8Array()): Uint8Array | undefined => {
    if (!settings.commands.includes(name)) return undefined;
    ring(driver, "primary", commands[name].opcode, input);
    driver.advance(settings.commandTime);
    return readOutput(driver, "primary");
  };
  const identity = ask("identifyMemoryDevice") ?? new Uint8Array();
  const { fields } = commands.identifyMemoryDevice.output;
  const logs = ask("getSupportedLogs") ?? new Uint8Array();
  return {
    mailboxVector: Number((driver.read(mailboxBases.primary, 4) >> BigInt(capabilityVector)) & BigInt(vectorBits)),
    eventVectors: Array.from(ask("getEventInterruptPolicy") ?? [], (byte) => byte >> 4),
    activation: ask("firmwareInfo")?.[2] ?? 0,
    alerts: ask("getAlerts") ?? exampleChoices.alerts,
    health: ask("getHealth") ?? exampleChoices.health,
    featureFlags: featureFlags(ask),
    poisonHandling: payloadNumber(identity, fields.poisonHandling),
    qosTelemetry: payloadNumber(identity, fields.qosTelemetry),
    qosControl: ask("getQosControl") ?? exampleChoices.qosControl,
    volatileOnly: payloadBig(identity, fields.volatileOnlyCapacity),
    persistentOnly: payloadBig(identity, fields.persistentOnlyCapacity),
    logCount: payloadNumber(logs, commands.getSupportedLogs.output.fields.count),
    logCapabilities: Object.values(deviceLogs).map(({ uuid }) => ask("getLogCapabilities", uuidFrom(uuid))?.[0] ?? 0),
    security: ask("getSecurityState")?.[0] ?? 0,
    ...mediaOperations(ask("mediaOperations", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0))),
    ...capacity(ask("getDynamicCapacity", Uint8Array.of(8, 0))),
  };
}

function featureFlags(ask: (name: CommandName, input: Uint8Array) => Uint8Array | undefined): number[] {
  const { input, output: { length, items } } = commands.getSupportedFeatures;
  return Object.keys(features).map((_, start) => {
    const got = ask("getSupportedFeatures", encodePayload(input, { size: length + items.length, start }));
    return got === undefined ? 0 : payloadNumber(got, items.fields.flags, length);
  });
}

function mediaOperations(got: Uint8Array | undefined): Pick<DeviceChoices, "mediaGranularity" | "mediaOperations"> {
  if (got === undefined) return { mediaGranularity: exampleChoices.mediaGranularity, mediaOperations: exampleChoices.mediaOperations };
  const { output } = commands.mediaOperations;
  const count = payloadNumber(got, output.fields.count);
  const pairs = Array.from({ length: count }, (_, index): readonly [number, number] => [got[output.length + 2 * index] ?? 0, got[output.length + 2 * index + 1] ?? 0]);
  return { mediaGranularity: payloadBig(payloadBytes(got, output.fields.granularity), [0, 8, ""]), mediaOperations: pairs };
}

function capacity(got: Uint8Array | undefined): Pick<DeviceChoices, "dsmadHandles" | "tagsSupported"> {
  if (got === undefined) return { dsmadHandles: [], tagsSupported: 0 };
  const { output: { length, fields, items } } = commands.getDynamicCapacity;
  const count = payloadNumber(got, fields.count);
  return { dsmadHandles: Array.from({ length: count }, (_, index) => payloadNumber(got, items.fields.dsmadHandle, length + index * items.length)), tagsSupported: payloadNumber(got, [length + count * items.length + 8, 4, ""]) };
}
