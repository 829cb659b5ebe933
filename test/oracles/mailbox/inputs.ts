// Inputs of commands, biased to what is legal and to the edges of that.

import type { CommandName } from "../../../registers/commands.ts";
import { commands } from "../../../registers/commands.ts";
import { deviceLogs, features } from "../../../registers/features.ts";
import type { DeviceDescription, MailboxDescription } from "../../../src/platform/description.ts";
import { mailboxOf } from "../../../src/platform/description.ts";
import type { PayloadValue } from "../../../src/platform/payload.ts";
import { encodePayload, uuidFrom } from "../../../src/platform/payload.ts";
import type { Choice } from "../differential/accesses.ts";
import { lineBytes, unit } from "./units.ts";

const passphraseLength = 32;
const hotLines = 24;
type Values = Readonly<Record<string, PayloadValue>>;

export class InputSource {
  readonly #choice: Choice;
  readonly #settings: MailboxDescription;
  readonly #bytes: bigint;
  readonly #labels: number;
  readonly #scrub = { feature: 0, offset: 0 };
  #firmwareOffset = 0;

  constructor(description: DeviceDescription, choice: Choice) {
    this.#choice = choice;
    this.#settings = mailboxOf(description);
    this.#bytes = description.volatileCapacity + (description.persistentCapacity ?? 0n);
    this.#labels = Number(description.labelArea ?? 0n);
  }

  #random(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#choice.word & 0xff);
  }

  /** A DPA: among a few lines, at the end of the capacity, anywhere. */
  #address(): bigint {
    const choice = this.#choice;
    const line = BigInt(choice.below(hotLines)) * lineBytes;
    return choice.pick([line, line, line, line, this.#bytes - lineBytes, this.#bytes, this.#bytes + lineBytes, line + 1n, (BigInt(choice.word) * lineBytes) % this.#bytes, (1n << 64n) - lineBytes]);
  }

  #lines(address: bigint): bigint {
    const left = address < this.#bytes ? (this.#bytes - address) / lineBytes : 1n;
    return this.#choice.pick([left, left, 1n, 5n, left + 1n, 0n, (1n << 64n) - 1n]);
  }

  #range(): Values {
    const address = this.#choice.chance(2) ? 0n : this.#address() & ~(lineBytes - 1n);
    return { address: address | (this.#choice.chance(4) ? 1n : 0n), lines: this.#lines(address) };
  }

  #passphrase(): Uint8Array {
    return new Uint8Array(passphraseLength).fill(this.#choice.pick([0, 0, 1, 2]));
  }

  #type(): number {
    return this.#choice.pick([0, 1, 1, 1, 1, 2, 255]);
  }

  #size(limit: number): number {
    return this.#choice.pick([0, 1, limit >> 1, limit, limit, limit + 1, this.#choice.below(limit + 2), 0xffff]);
  }

  /** Input of a command. */
  of(name: CommandName): Uint8Array {
    return this.#eventInput(name) ?? this.#firmwareInput(name) ?? this.#logInput(name) ?? this.#featureInput(name) ?? this.#mediaInput(name) ?? this.#securityInput(name) ?? this.#otherInput(name);
  }

  #eventInput(name: CommandName): Uint8Array | undefined {
    const choice = this.#choice;
    switch (name) {
      case "getEventRecords": return Uint8Array.of(choice.pick([0, 1, 2, 3, 4, 5, 255]));
      case "clearEventRecords": {
        const count = choice.pick([0, 0, 1, 1, 2, 3]);
        const handles = Array.from({ length: choice.chance(6) ? count + 1 : count }, (_, index) => ({ handle: choice.chance(4) ? choice.below(4) : index + 1 }));
        return encodePayload(commands[name].input, { log: choice.pick([0, 1, 2, 3, 4, 9]), flags: choice.pick([0, 0, 1, 1, 0xfe, 3]), count }, { items: handles });
      }
      case "setEventInterruptPolicy": return Uint8Array.from({ length: choice.pick([4, 5, 5]) }, () => choice.pick([1, 1, 1, 0, 0xf1, 0x0d, 2, 3]) & (choice.chance(12) ? 0xff : 0xfd));
      default: return undefined;
    }
  }

  #firmwareInput(name: CommandName): Uint8Array | undefined {
    const choice = this.#choice;
    if (name === "activateFirmware") return Uint8Array.of(choice.pick([0, 1, 1, 2]), choice.below(6));
    if (name !== "transferFirmware") return undefined;
    const { length: fixed } = commands.transferFirmware.input;
    const action = choice.pick([0, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5]);
    const room = this.#settings.payloadSize - fixed;
    const data = this.#random(Math.min(room, choice.pick([128, 128, 256, 128, 64, 0, 200])));
    const offset = choice.pick([this.#firmwareOffset, this.#firmwareOffset, this.#firmwareOffset, this.#firmwareOffset - 1, 0, choice.below(5)]);
    if (action <= 1) this.#firmwareOffset = Math.ceil(data.length / 128);
    else if (offset === this.#firmwareOffset) this.#firmwareOffset += Math.ceil(data.length / 128);
    return encodePayload(commands[name].input, { action, slot: choice.pick([2, 2, 2, 1, 3, 4, 0, 9]), offset: Math.max(0, action <= 1 && !choice.chance(8) ? 0 : offset) }, { data });
  }

  #logId(): Uint8Array {
    const { commandEffects, vendorDebug } = deviceLogs;
    return this.#choice.chance(6) ? this.#random(16) : uuidFrom(this.#choice.pick([commandEffects, vendorDebug]).uuid);
  }

  #logInput(name: CommandName): Uint8Array | undefined {
    const choice = this.#choice;
    switch (name) {
      case "getLog": {
        const whole = this.#settings.commands.length * 4;
        const offset = choice.pick([0, 0, 4, whole - 4, whole, choice.below(whole)]);
        return encodePayload(commands[name].input, { id: this.#logId(), offset, length: choice.pick([whole, whole - offset, whole - offset, 4, 0, this.#settings.payloadSize, this.#settings.payloadSize + 1, choice.below(64)]) });
      }
      case "getLogCapabilities": case "clearLog": case "populateLog": return this.#logId();
      case "getSupportedLogsSubList": return Uint8Array.of(choice.pick([0, 1, 2, 255]), choice.pick([0, 0, 1, 2, 255]));
      default: return undefined;
    }
  }

  #featureInput(name: CommandName): Uint8Array | undefined {
    const choice = this.#choice;
    const all = Object.values(features);
    if (name === "getSupportedFeatures") return encodePayload(commands[name].input, { size: choice.pick([8, 56, 104, 0xffff, 0, 7, 0xffff_ffff]), start: choice.pick([0, 0, 1, 7, 8, 0xffff]) });
    if (name !== "getFeature" && name !== "setFeature") return undefined;
    if (choice.chance(3)) Object.assign(this.#scrub, { feature: choice.below(all.length), offset: 0 });
    const feature = all[this.#scrub.feature] ?? features.patrolScrub;
    const id = choice.chance(12) ? this.#random(16) : uuidFrom(feature.uuid);
    if (name === "getFeature") {
      const offset = choice.chance(2) ? 0 : this.#size(feature.readable.length);
      return encodePayload(commands[name].input, { id, offset, count: choice.chance(2) ? Math.max(0, feature.readable.length - offset) : this.#size(feature.readable.length), selection: choice.pick([0, 0, 0, 1, 2, 3]) });
    }
    const transfer = choice.pick([0, 0, 0, 1, 2, 2, 3, 3, 4, 5]);
    const whole = transfer === 0 && !choice.chance(6);
    const length = whole ? feature.writable.length : choice.below(feature.writable.length + 2);
    const offset = whole || transfer <= 1 ? (choice.chance(12) ? 1 : 0) : choice.chance(6) ? choice.below(4) : this.#scrub.offset;
    this.#scrub.offset = transfer === 1 ? length : offset + length;
    return encodePayload(commands[name].input, { id, flags: transfer | (choice.chance(3) ? 8 : 0), offset, version: choice.chance(8) ? choice.below(4) : feature.version }, { data: this.#random(length) });
  }

  #mediaInput(name: CommandName): Uint8Array | undefined {
    const choice = this.#choice;
    switch (name) {
      case "getPoisonList": case "getScanCapabilities": return encodePayload(commands[name].input, this.#range());
      case "scanMedia": return encodePayload(commands[name].input, { ...this.#range(), flags: choice.pick([1, 1, 0]) });
      case "injectPoison": return encodePayload(commands[name].input, { address: this.#address() });
      case "clearPoison": return encodePayload(commands[name].input, { address: this.#address(), data: this.#random(64) });
      case "mediaOperations": return this.#mediaOperation();
      case "performMaintenance": return this.#maintenance();
      default: return undefined;
    }
  }

  #mediaOperation(): Uint8Array {
    const choice = this.#choice;
    const { input } = commands.mediaOperations;
    if (choice.chance(3)) {
      const [start, wanted] = [choice.pick([0, 0, 1, 2, 3]), choice.pick([0, 1, 2, 16, 0xff])];
      return encodePayload(input, { count: choice.chance(8) ? 1 : 0 }, { data: Uint8Array.of(start, 0, wanted, 0) });
    }
    const count = choice.pick([1, 1, 2, 0]);
    const one = (): number[] => {
      const address = choice.pick([0n, 0n, 4096n, this.#bytes - 4096n, this.#bytes, 64n, 1n]);
      const length = choice.pick([4096n, 4096n, this.#bytes - address, 64n, 0n, this.#bytes, 1n]);
      return [address, BigInt.asUintN(64, length)].flatMap((value) => Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn)));
    };
    return encodePayload(input, { class: choice.pick([1, 1, 1, 0, 2]), subclass: choice.pick([0, 1, 1, 2]), count: choice.chance(10) ? count + 1 : count }, { data: Uint8Array.from(Array.from({ length: count }, one).flat()) });
  }

  #maintenance(): Uint8Array {
    const choice = this.#choice;
    const operation = choice.pick([1, 1, 2, 2, 0, 3]);
    const data = new Uint8Array(choice.chance(10) ? choice.below(20) : operation === 1 ? 12 : 14);
    if (data.length > 9) data[0] = choice.pick([0, 1, 1, 2]);
    if (operation === 1 && choice.chance(8)) data.fill(0xff, 1, 9);
    return encodePayload(commands.performMaintenance.input, { class: operation, subclass: choice.pick([0, 0, 1, 2, 3, 4]) }, { data });
  }

  #securityInput(name: CommandName): Uint8Array | undefined {
    switch (name) {
      case "setPassphrase": return encodePayload(commands[name].input, { type: this.#type(), current: this.#passphrase(), next: this.#passphrase() });
      case "disablePassphrase": case "passphraseErase": return encodePayload(commands[name].input, { type: this.#type(), current: this.#passphrase() });
      case "unlock": return this.#passphrase();
      default: return undefined;
    }
  }

  #otherInput(name: CommandName): Uint8Array {
    const choice = this.#choice;
    switch (name) {
      case "setPartitionInfo": return encodePayload(commands[name].input, { volatile: choice.pick([0n, 1n, 2n, 3n, this.#bytes / unit, this.#bytes / unit + 1n, (1n << 64n) - 1n]), flags: choice.pick([0, 0, 1, 0xfe]) }, choice.chance(3) ? { data: Uint8Array.of(0) } : {});
      case "getLabels": return encodePayload(commands[name].input, { offset: choice.chance(3) ? 0xffff_fffe : this.#size(this.#labels), length: choice.pick([0, 1, 8, 200, this.#labels, this.#settings.payloadSize, this.#settings.payloadSize + 1]) });
      case "setLabels": return encodePayload(commands[name].input, { offset: this.#size(this.#labels) }, { data: this.#random(choice.pick([0, 1, 8, 24, 100])) });
      case "setAlerts": return this.#alerts();
      case "setQosControl": return Uint8Array.of(choice.pick([0, 1, 3, 0xff]), choice.pick([0, 25, 100, 101]), choice.pick([0, 50, 100, 255]), choice.below(256));
      case "getDynamicCapacity": return Uint8Array.of(choice.pick([0, 1, 2, 255]), choice.pick([0, 0, 1, 2, 255]));
      case "getExtentList": return encodePayload(commands[name].input, { count: choice.pick([0, 1, 0xffff_ffff]), start: choice.pick([0, 0, 1, 0xffff_ffff]) });
      case "addDynamicCapacity": case "releaseDynamicCapacity": {
        const items = Array.from({ length: choice.below(3) }, () => ({ address: this.#bytes + BigInt(choice.below(3)) * (1n << 21n), length: choice.pick([1n << 21n, 64n, 0n, 1n << 40n]) }));
        return encodePayload(commands[name].input, { count: choice.chance(10) ? items.length + 1 : items.length, flags: choice.pick([0, 0, 1]) }, { items });
      }
      default: return this.#random(commands[name].input.length);
    }
  }

  /** Thresholds well apart from each other, now and then anywhere. */
  #alerts(): Uint8Array {
    const choice = this.#choice;
    const warnings = { lifeUsed: choice.pick([1, 50, 80, 99, 101]), over: choice.pick([5, 60, 80, 120, 0xfff0]), under: choice.pick([0, 1, 70, 0xffe0, 0xff00]), volatile: choice.pick([0, 1, 100]), persistent: choice.pick([0, 1, 100]) };
    const valid = choice.chance(6) ? choice.below(256) : choice.below(32);
    return encodePayload(commands.setAlerts.input, { valid, enable: choice.chance(3) ? choice.below(32) : valid, ...warnings });
  }
}
