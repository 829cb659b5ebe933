// The machine of the library: one instance of the hardware with its firmware, and everything of it that a user holds.

import { enumeratePci } from "../../firmware/enumerate.ts";
import type { Firmware } from "../../firmware/firmware.ts";
import type { PortEntity } from "../../hardware/build.ts";
import type { Hardware } from "../../hardware/machine.ts";
import type { Kernel } from "../../kernel/base/kernel.ts";
import type { IoHandle } from "../../platform/platform.ts";
import { suggestion } from "../../scenario/suggest.ts";
import type { TraceLayer } from "../../sim/trace.ts";
import type { Strict, StrictMemory } from "../strict/strict.ts";
import { createStrict } from "../strict/strict.ts";
import { firmwareTarget } from "../system.ts";
import { injectionsHeard, injectionsReached } from "../injections.ts";
import { AddressBus } from "./address-bus.ts";
import { advance, runUntil } from "./clock.ts";
import type { Moved } from "./clock.ts";
import { ConfigByAddress } from "./config-bus.ts";
import type { DeviceView, DownstreamPortView, FaultValue, HostBridgeView, KernelOptions, Machine, MachineFault, MachineKernel, MachineRecord, MachineSnapshot, MemoryAccess, RootPortView, RunUntilOptions, TriggerValue, UpstreamPortView, Violation } from "./contract.ts";
import { DisposedError, KernelAttachedError } from "./errors.ts";
import { Faults } from "./faults.ts";
import type { Instance } from "./fork.ts";
import { Mappings } from "./handles.ts";
import { AttachedKernel } from "./kernel.ts";
import { Interrupts } from "./interrupts.ts";
import { memoryOf } from "./memory.ts";
import { KeptRecords, TraceFan } from "./records.ts";
import type { Homes, Part } from "./places.ts";
import { homesOf } from "./places.ts";
import { BridgeView, Device, DownstreamPort, RootPort, UpstreamPort, viewHostOf } from "./views.ts";
import type { ViewHost } from "./views.ts";
import type { Family, Memory } from "./state.ts";

/** Data of the first message that enableMessages gives: below it are what an x86 CPU keeps for exceptions. */
const firstMessage = 0x20;
const messageLimit = 0x1_0000;

export class LibraryMachine implements Machine {
  readonly #family: Family;
  readonly #fan: TraceFan;
  readonly #kept: KeptRecords;
  readonly #mappings: Mappings;
  readonly #faults: Faults;
  readonly #firmware: Firmware;
  readonly #views = new Map<string, unknown>();
  readonly #viewHost: ViewHost;
  readonly #moved: Moved;
  readonly bus: AddressBus;
  readonly config: ConfigByAddress;
  readonly memory: MemoryAccess;
  readonly interrupts: Interrupts;
  readonly #target: { readonly hardware: Hardware; kernel: Kernel | null };
  #instance: Instance | null;
  #nextMessage = firstMessage;
  #homes: Homes = new Map();
  #kernel: AttachedKernel | null = null;
  #strict: Strict | null = null;

  constructor(family: Family, instance: Instance, firmware: Firmware) {
    const { hardware, platform } = instance;
    this.#family = family;
    this.#instance = instance;
    this.#firmware = firmware;
    this.#fan = new TraceFan(hardware);
    this.#kept = new KeptRecords(family.options.keepTrace ?? 0);
    this.#mappings = new Mappings(hardware);
    const live = (): Instance => this.#live();
    this.#target = { hardware, kernel: null };
    this.#faults = new Faults(family.plan, this.#target, () => void live());
    this.bus = new AddressBus(hardware.description, this.#mappings, () => live().platform.memory);
    this.config = new ConfigByAddress(() => live().platform.config);
    this.memory = memoryOf(live);
    this.interrupts = new Interrupts(() => {
      live();
      return { take: () => (this.#kernel === null ? platform.interrupts.take() : undefined), pending: platform.interrupts.pending, now: hardware.now };
    }, () => this.#alone("interrupts", "messages are the kernel's"));
    this.#viewHost = this.#makeViewHost();
    const { interrupts } = this;
    this.#moved = {
      // A listener may dispose of the machine while time is moved; its instance is another's then.
      get hardware() {
        return live().hardware;
      },
      get pending() {
        return platform.interrupts.pending;
      },
      deliver: () => interrupts.deliver(),
    };
  }

  #makeViewHost(): ViewHost {
    return viewHostOf({ live: () => this.#live(), mappings: this.#mappings, now: () => this.now, homes: () => this.#homes, advance: (nanoseconds) => this.advance(nanoseconds), takeMessages: (count) => this.#takeMessages(count) });
  }

  #live(): Instance {
    if (this.#instance === null) throw new DisposedError();
    return this.#instance;
  }

  /** The instance, where no kernel may be. @throws DisposedError, KernelAttachedError */
  #alone(what: string, why?: string): Instance {
    const instance = this.#live();
    if (this.#kernel !== null) throw new KernelAttachedError(what, why);
    return instance;
  }

  #takeMessages(count: number): number {
    this.#alone("enableMessages", "messages are the kernel's");
    const first = Math.ceil(this.#nextMessage / count) * count;
    if (first + count > messageLimit) throw new RangeError("enableMessages: all 65536 message numbers are given away");
    this.#nextMessage = first + count;
    return first;
  }

  /** Starts what is heard of the trace; everything before is the firmware's. */
  listen(strict?: StrictMemory): void {
    if ((this.#family.options.keepTrace ?? 0) > 0) this.#fan.add(this.#kept.take);
    if (this.#family.options.strict !== true) return;
    this.#strict = createStrict(this.#live().hardware, strict);
    this.#fan.add((words) => this.#strict?.accept(words));
  }

  get description() {
    return this.#live().hardware.description;
  }

  get now(): number {
    return this.#live().hardware.now;
  }

  get host(): Machine["host"] {
    return this.#live().hardware.hostState;
  }

  ioremap(base: bigint, size: bigint): IoHandle {
    this.#live();
    return this.#mappings.map(base, size);
  }

  enumerate(): void {
    const { hardware, platform } = this.#alone("enumerate", "numbers and addresses are the kernel's");
    const { hostBridges } = this.#family.plan.machine;
    for (const [index, bridge] of hostBridges.entries()) enumeratePci(platform.config, bridge, this.#firmware.hostBridges[index]?.memory[0]?.base ?? 0n);
    this.#homes = homesOf(hardware);
  }

  /** The one view of a part; `known` are the parts of its kind. */
  #view<T>(what: string, name: string, known: () => Iterable<readonly [string, { readonly id: number }]>, make: (part: Part) => T): T {
    this.#live();
    const key = `${what} ${name}`;
    const seen = this.#views.get(key) as T | undefined;
    if (seen !== undefined) return seen;
    const parts = new Map(known());
    const found = parts.get(name);
    if (found === undefined) throw new RangeError(`the machine has no ${what} "${name}"; ${suggestion(name, [...parts.keys()])}`);
    const view = make({ name, id: found.id });
    this.#views.set(key, view);
    return view;
  }

  #ports(isRoot: boolean): [string, PortEntity][] {
    return [...this.#live().hardware.entities.ports].filter(([, port]) => port.isRoot === isRoot);
  }

  hostBridge(name: string): HostBridgeView {
    return this.#view("host bridge", name, () => this.#live().hardware.entities.bridges, (part) => new BridgeView(this.#viewHost, part));
  }

  rootPort(name: string): RootPortView {
    return this.#view("root port", name, () => this.#ports(true), (part) => new RootPort(this.#viewHost, part));
  }

  upstreamPort(name: string): UpstreamPortView {
    return this.#view("switch", name, () => this.#live().hardware.entities.switches, (part) => new UpstreamPort(this.#viewHost, part));
  }

  downstreamPort(name: string): DownstreamPortView {
    return this.#view("downstream port", name, () => this.#ports(false), (part) => new DownstreamPort(this.#viewHost, part));
  }

  device(name: string): DeviceView {
    return this.#view("device", name, () => this.#live().hardware.entities.devices, (part) => new Device(this.#viewHost, part));
  }

  advance(nanoseconds: number): void {
    this.#live();
    if (this.#kernel === null) advance(this.#moved, nanoseconds);
    else this.#kernel.advance(nanoseconds);
  }

  runUntil(condition: () => boolean, options: RunUntilOptions = {}): number {
    this.#live();
    return this.#kernel === null ? runUntil(this.#moved, condition, options) : this.#kernel.runUntil(condition, options);
  }

  inject(fault: FaultValue, when?: TriggerValue): MachineFault {
    const { hardware } = this.#live();
    const armed = this.#faults.inject(fault, when);
    // What is due now acts now.
    hardware.advanceTo(hardware.now);
    return armed;
  }

  get unfired(): readonly MachineFault[] {
    this.#live();
    return this.#faults.unfired;
  }

  snapshot(): MachineSnapshot {
    const { hardware } = this.#alone("snapshot");
    const taken: Memory = { at: hardware.now, family: this.#family, hardware: hardware.snapshot(), faults: this.#faults.remember(), records: this.#kept.count, nextMessage: this.#nextMessage, homes: this.#homes, strict: this.#strict?.remember() };
    return taken;
  }

  restore(snapshot: MachineSnapshot): void {
    const { hardware } = this.#alone("restore");
    const memory = snapshot as Memory;
    if (memory.family !== this.#family) throw new RangeError("restore: the snapshot is of another machine; it fits the machine that it was taken of, and its forks");
    this.#faults.freeze();
    hardware.restore(memory.hardware);
    this.#faults.recall(memory.faults);
    this.#nextMessage = memory.nextMessage;
    this.#homes = memory.homes;
    this.#kept.cutTo(memory.records);
    if (memory.strict !== undefined) this.#strict = createStrict(hardware, memory.strict);
  }

  fork(): Machine {
    const from = this.#alone("fork");
    const instance = this.#family.instances.fork(from);
    const fork = new LibraryMachine(this.#family, instance, this.#firmware.on(firmwareTarget(instance.hardware, instance.platform)));
    this.#faults.copyTo(fork.#faults);
    fork.#nextMessage = this.#nextMessage;
    fork.#homes = this.#homes;
    fork.listen(this.#strict?.remember());
    return fork;
  }

  dispose(): void {
    if (this.#instance === null) return;
    this.#fan.end();
    this.#mappings.end();
    this.interrupts.end();
    this.#faults.freeze();
    this.#family.instances.release(this.#instance);
    this.#instance = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  trace(): IterableIterator<MachineRecord> {
    return this.#kept.records(this.#live().hardware, this.#kernel?.strings ?? []);
  }

  digest(layer: TraceLayer): string {
    return this.#live().hardware.digest(layer);
  }

  get isStrict(): boolean {
    return this.#strict !== null;
  }

  get violations(): readonly Violation[] {
    this.#live();
    return this.#strict?.violations ?? [];
  }

  attachKernel(options: KernelOptions = {}): MachineKernel {
    const { hardware, platform } = this.#alone("attachKernel", "there is one per machine");
    const { module, plan } = this.#family;
    this.#kernel = new AttachedKernel(module, plan, { hardware, platform: { ...platform, firmware: this.#firmware }, firmware: this.#firmware }, options, () => void this.#live());
    this.#target.kernel = this.#kernel.inside;
    this.#kernel.hear((said) => injectionsHeard(this.#faults.injections, said), (step, names) => injectionsReached(this.#faults.injections, step, names));
    return this.#kernel;
  }

  get kernel(): MachineKernel | null {
    return this.#kernel;
  }
}
