// What a device keeps, as far as its commands speak of it.

import { returnCodes } from "../../../registers/payload-schema.ts";
import type { DeviceDescription, MailboxDescription } from "../../../src/platform/description.ts";
import { mailboxOf } from "../../../src/platform/description.ts";
import { CapacityState } from "./capacity.ts";
import type { DeviceChoices } from "./choices.ts";
import { EventLog, policyModes } from "./events.ts";
import { FeatureState } from "./features.ts";
import { FirmwareState } from "./firmware.ts";
import { HealthState } from "./health.ts";
import type { KnownBytes } from "./known-bytes.ts";
import { PoisonState } from "./poison.ts";
import type { BackgroundPlan, Reply } from "./reply.ts";
import type { ScanResults } from "./scan.ts";
import { SecurityState } from "./security.ts";
import { media, unit } from "./units.ts";

export interface Request {
  /** Zeros behind what was given, to the declared length. */
  readonly input: Uint8Array;
  /** Bytes given. */
  readonly length: number;
  readonly payloadSize: number;
}
export type Handler = (state: DeviceState, request: Request) => Reply;

export interface Background {
  readonly opcode: number;
  readonly plan: BackgroundPlan;
  readonly from: number;
  readonly to: number;
  readonly isAbortable: boolean;
}

/** Volatile and persistent capacity, x 256 MiB. */
export interface Partition {
  readonly volatile: bigint;
  readonly persistent: bigint;
}

export class DeviceState {
  readonly description: DeviceDescription;
  readonly settings: MailboxDescription;
  readonly choices: DeviceChoices;
  now = 0;
  /** What Set Timestamp gave, and when. */
  clock: { readonly set: bigint; readonly at: number } | undefined;
  mediaStatus: number = media.ready;
  background: Background | undefined;
  /** An operation was aborted by the command that is being answered. */
  hasAborted = false;
  /** Background status when nothing runs: opcode, percentage, return code. */
  lastBackground = { opcode: 0, percentage: 0, code: 0 };
  /** Vectors sent and not yet taken, in order. */
  readonly interrupts: number[] = [];
  readonly logs: readonly EventLog[];
  readonly firmware: FirmwareState;
  readonly features: FeatureState;
  readonly health: HealthState;
  readonly poison: PoisonState;
  readonly security: SecurityState;
  readonly capacity: CapacityState;
  readonly labels: Uint8Array;
  /** Undefined: no scan since the reset. */
  scan: ScanResults | undefined;
  qosControl: Uint8Array;
  active: Partition;
  next: Partition | undefined;

  constructor(description: DeviceDescription, choices: DeviceChoices) {
    this.description = description;
    this.settings = mailboxOf(description);
    this.choices = choices;
    this.logs = this.settings.logDepths.map((depth) => new EventLog(depth));
    this.firmware = new FirmwareState(this.settings);
    this.features = new FeatureState();
    this.health = new HealthState(choices);
    this.poison = new PoisonState();
    this.security = new SecurityState(choices.security);
    this.capacity = new CapacityState();
    this.labels = new Uint8Array(Number(description.labelArea ?? 0n));
    this.qosControl = choices.qosControl;
    this.active = { volatile: description.volatileCapacity / unit, persistent: (description.persistentCapacity ?? 0n) / unit };
  }

  /** Bytes that DPAs reach, without dynamic capacity. */
  get bytes(): bigint {
    return (this.active.volatile + this.active.persistent) * unit;
  }

  /** The device's clock (mailbox.md 7). */
  get timestamp(): bigint {
    return this.clock === undefined ? 0n : BigInt.asUintN(64, this.clock.set + BigInt(this.now - this.clock.at));
  }

  /** What a secure erase does to what commands show (open question `erasePoison`). */
  eraseMedia(): void {
    this.poison.clear();
  }

  /** Ends what runs as Request Abort does: not done, code Aborted (device-registers.md 4.7). */
  abortBackground(): void {
    const { background } = this;
    if (background === undefined) return;
    this.background = undefined;
    background.plan.stop?.();
    this.lastBackground = { opcode: background.opcode, percentage: 0, code: returnCodes.aborted };
    this.hasAborted = true;
  }

  /** Stamps a record and puts it into a log; interrupts when the log was empty. */
  report(number: number, record: KnownBytes): void {
    const log = this.logs[number];
    if (log === undefined || !log.insert(record, this.timestamp) || log.mode !== policyModes.message) return;
    this.interrupt(this.choices.eventVectors[number] ?? 0);
  }

  /** A message that is pending already is not queued twice. */
  interrupt(vector: number): void {
    if (!this.interrupts.includes(vector)) this.interrupts.push(vector);
  }
}
