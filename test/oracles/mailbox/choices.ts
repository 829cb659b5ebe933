// What the sheets leave to the maker of a device: numbers that software reads. The reference is told them once; from then on they may not change.

import { features } from "../../../registers/features.ts";

export interface DeviceChoices {
  /** MSI-X vectors of the mailbox and of the event logs (mailbox capability 10:7, event interrupt policy 7:4). */
  readonly mailboxVector: number;
  readonly eventVectors: readonly number[];
  /** Get FW Info byte 2. */
  readonly activation: number;
  /** Get Alert Configuration as after a reset. */
  readonly alerts: Uint8Array;
  /** Get Health Info as after a reset. */
  readonly health: Uint8Array;
  /** Get Supported Features: attribute flags by index. */
  readonly featureFlags: readonly number[];
  readonly poisonHandling: number;
  readonly qosTelemetry: number;
  /** Get QoS control as after a reset. */
  readonly qosControl: Uint8Array;
  /** x 256 MiB. */
  readonly volatileOnly: bigint;
  readonly persistentOnly: bigint;
  /** Logs of Get Log, the CEL first. */
  readonly logCount: number;
  /** Get Log Capabilities by log. */
  readonly logCapabilities: readonly number[];
  /** Get Security State as after power-on. */
  readonly security: number;
  /** Discovery of media operations: unit of ranges in bytes, and the operations as pairs of class and subclass. */
  readonly mediaGranularity: bigint;
  readonly mediaOperations: readonly (readonly [number, number])[];
  readonly dsmadHandles: readonly number[];
  readonly tagsSupported: number;
}

/** A device for examples worked by hand. */
export const exampleChoices: DeviceChoices = {
  mailboxVector: 7, eventVectors: [2, 3, 4, 5, 2], activation: 1, alerts: Uint8Array.of(0x00, 0x1f, 95, 80, 90, 0, 0xf6, 0xff, 80, 0, 0, 0, 0, 0, 0, 0), health: Uint8Array.of(0, 0, 0, 5, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  featureFlags: Object.keys(features).map(() => 0x61), poisonHandling: 3, qosTelemetry: 0, qosControl: new Uint8Array(4), volatileOnly: 1n, persistentOnly: 0n, logCount: 2, logCapabilities: [0, 3], security: 0,
  mediaGranularity: 64n, mediaOperations: [[0, 0], [1, 0], [1, 1]], dsmadHandles: [], tagsSupported: 0,
};
