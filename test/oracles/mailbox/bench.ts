// A device in the module, ready for random mailbox transactions: BAR and MSI-X in place, one vector one message. Every access is at the device block.

import { deviceBar } from "../../../registers/constants.ts";
import { deviceBlock } from "../../../registers/device-block.ts";
import type { EventLog } from "../../../registers/events.ts";
import { eventLogs } from "../../../registers/events.ts";
import type { Hardware, HardwareSnapshot } from "../../../src/hardware/machine.ts";
import { createHardware } from "../../../src/hardware/machine.ts";
import type { HardwarePlatform } from "../../../src/hardware/platform.ts";
import { createPlatform } from "../../../src/hardware/platform.ts";
import type { ProbeAction } from "../../../src/hardware/probes.ts";
import { armProbe } from "../../../src/hardware/probes.ts";
import type { DeviceDescription } from "../../../src/platform/description.ts";
import type { IoHandle } from "../../../src/platform/platform.ts";
import { configureDevice, configurePort, machineOf, offsetOf, portOf } from "../../support/machine.ts";
import { pciAddress } from "../../../src/platform/pci-address.ts";
import type { MailboxName } from "./execute.ts";
import { mailboxPlaces } from "./mailbox.ts";
import type { ResetKind } from "./resets.ts";

export type Width = 1 | 2 | 4 | 8;
export const mailboxBases = { primary: deviceBlock.primaryMailbox, secondary: deviceBlock.secondaryMailbox } as const;

const portName = "rp0";
const vectors = 16;
const firstMessage = 0x100;
const port = pciAddress(0, 12, 0, 0);
const endpoint = pciAddress(0, 13, 0, 0);
const deviceBase = 0x8_0010_0000n;
const bridgeControl = 0x3e;
const secondaryBusReset = 0x40;
const resetPulse = 2_000_000;
/** Longer than link training and media take here. */
const returnTime = 100_000_000;
/** CXL reset. */
export const resetTime = 10_000_000;

/** What does accesses and lets time pass: the module alone, or beside the reference. */
export interface Driver {
  readonly now: number;
  read(offset: number, width: Width): bigint;
  write(offset: number, width: Width, value: bigint): void;
  advance(by: number): void;
  injectEvent(log: number, record: Uint8Array): void;
  reset(kind: ResetKind): void;
  /** Vectors that interrupted since the last call, in order. */
  takeInterrupts(): number[];
}

export class Bench implements Driver {
  readonly hardware: Hardware;
  readonly clean: HardwareSnapshot;
  readonly #platform: HardwarePlatform;
  readonly #block: IoHandle;
  readonly #messages: IoHandle;
  readonly #name: string;
  readonly #entity: number;

  constructor(module: WebAssembly.Module, description: DeviceDescription) {
    this.#name = description.name;
    const slot = portOf(portName, { linkTrainingTime: 1000, slots: [description] });
    this.hardware = createHardware(module, machineOf([slot], { costs: { config: 0, mmioRead: 0, mmioWrite: 0, memory: 0 }, limits: { mediaPages: 64, traceRecords: 4096, probes: 4, requesters: 4 } }));
    this.#platform = createPlatform(this.hardware);
    this.#entity = this.hardware.entities.devices.get(description.name)?.id ?? -1;
    configurePort(this.#platform, 0);
    this.#block = this.#platform.ioremap(deviceBase + BigInt(deviceBar.device), description.barSize - BigInt(deviceBar.device));
    this.#messages = this.#platform.ioremap(deviceBase + BigInt(deviceBar.messages), 0x1000n);
    this.#openMessages();
    this.advance(returnTime);
    this.takeInterrupts();
    this.clean = this.hardware.snapshot();
  }

  #openMessages(): void {
    // DVSEC 3 control bit 0: a secondary bus reset has an effect.
    this.#platform.config.write16(port, offsetOf("rootPortConfig", "dvsecPort", "control"), 1);
    this.#platform.config.write16(endpoint, offsetOf("deviceConfig", "endpointHeader", "command"), 6);
    for (let vector = 0; vector < vectors; vector++) {
      this.#messages.write32(16 * vector, 0xfee0_0000);
      this.#messages.write32(16 * vector + 8, firstMessage + vector);
      this.#messages.write32(16 * vector + 12, 0);
    }
    this.#platform.config.write16(endpoint, offsetOf("deviceConfig", "msix", "control"), 0x8000);
  }

  get now(): number {
    return this.hardware.now;
  }

  read(offset: number, width: Width): bigint {
    const block = this.#block;
    if (width === 8) return block.read64(offset);
    return BigInt(width === 1 ? block.read8(offset) : width === 2 ? block.read16(offset) : block.read32(offset));
  }

  write(offset: number, width: Width, value: bigint): void {
    const block = this.#block;
    if (width === 8) block.write64(offset, value);
    else if (width === 4) block.write32(offset, Number(value));
    else if (width === 2) block.write16(offset, Number(value));
    else block.write8(offset, Number(value));
  }

  advance(by: number): void {
    this.hardware.advanceTo(this.now + by);
  }

  #act(action: ProbeAction): void {
    armProbe(this.hardware, 0, { match: { kind: "time", at: this.now }, action });
    this.hardware.advanceTo(this.now);
  }

  injectEvent(log: number, record: Uint8Array): void {
    this.#act({ kind: "injectEvent", device: this.#name, log: eventLogs[log] as EventLog, record });
  }

  reset(kind: ResetKind): void {
    const { config } = this.#platform;
    if (kind === "hot") {
      config.write16(port, bridgeControl, secondaryBusReset);
      this.advance(resetPulse);
      config.write16(port, bridgeControl, 0);
    } else if (kind === "cold") {
      this.#act({ kind: "unplug", port: portName });
      this.advance(resetPulse);
      this.#act({ kind: "plug", port: portName, device: this.#name });
    } else if (kind === "function") {
      config.write16(endpoint, offsetOf("deviceConfig", "pcie", "deviceControl"), 0x8000);
    } else {
      config.write16(endpoint, offsetOf("deviceConfig", "dvsecDevice", "control2"), 4);
      this.advance(resetTime);
    }
    this.advance(returnTime);
    configureDevice(this.#platform, 0);
    this.#openMessages();
  }

  takeInterrupts(): number[] {
    const taken: number[] = [];
    for (let message = this.#platform.interrupts.take(); message !== undefined; message = this.#platform.interrupts.take()) taken.push(message.data - firstMessage);
    return taken;
  }

  /** Return code of a mailbox, without an access. */
  returnCode(mailbox: MailboxName): number {
    return this.hardware.peekDevice(this.#entity, mailboxBases[mailbox] + mailboxPlaces.status + 4) & 0xffff;
  }

  /** Payload Length of a mailbox, without an access. */
  outputLength(mailbox: MailboxName): number {
    const [low, high] = [0, 4].map((at) => this.hardware.peekDevice(this.#entity, mailboxBases[mailbox] + mailboxPlaces.command + at));
    return ((low ?? 0) >>> 16) | (((high ?? 0) & 0x1f) << 16);
  }

  backgroundCode(): number {
    return this.hardware.peekDevice(this.#entity, mailboxBases.primary + mailboxPlaces.background + 4) & 0xffff;
  }
}
