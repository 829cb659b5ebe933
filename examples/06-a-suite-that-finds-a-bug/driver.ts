// A port service for CXL.mem isolation of one root port with one memory device below it: arms the port, is told of isolation by an interrupt,
// takes the link down, waits for the port, leaves isolation, brings link and device back. The interrupt part only notes and masks; `work` does the rest.

import type { DeviceView, HostBridgeView, Machine, RootPortView } from "cxl-sandbox";

const MILLISECOND = 1_000_000;
/** Recoveries in one go. */
const MOST_ROUNDS = 8;
/** 256 MiB: the unit of HDM decoder ranges. */
const UNIT = 28n;

export interface Range {
  readonly base: bigint;
  readonly size: bigint;
}

/** What a reset of the device takes and the driver puts back. */
interface SavedConfig {
  readonly bar0: bigint;
  readonly bar1: bigint;
  readonly command: bigint;
  readonly control: bigint;
}

export class IsolationDriver {
  protected readonly machine: Machine;
  protected readonly bridge: HostBridgeView;
  protected readonly port: RootPortView;
  protected readonly device: DeviceView;
  protected readonly range: Range;
  #saved: SavedConfig | null = null;
  #isPending = false;
  recoveries = 0;

  constructor(machine: Machine, names: { readonly bridge: string; readonly port: string; readonly device: string }, range: Range) {
    this.machine = machine;
    this.bridge = machine.hostBridge(names.bridge);
    this.port = machine.rootPort(names.port);
    this.device = machine.device(names.device);
    this.range = range;
  }

  /** Routes the range to the device, then arms isolation: before there is traffic (CXL 8.2.4.24.2). */
  start(): void {
    this.programHostBridge();
    this.programDevice();
    const { endpointHeader, dvsecDevice } = this.device.configRegisters;
    this.#saved = { bar0: endpointHeader.bar0.readRaw(), bar1: endpointHeader.bar1.readRaw(), command: endpointHeader.command.readRaw(), control: dvsecDevice.control.readRaw() };
    this.#arm();
  }

  #arm(): void {
    const { timeoutIsolation } = this.port.registers;
    const { first } = this.port.enableMessages();
    const capability = timeoutIsolation.capability.read();
    if (capability.memoryIsolation === 0 || capability.interrupt === 0) throw new Error(`${this.port.name} cannot isolate CXL.mem, or cannot tell of it`);
    this.machine.interrupts.on(({ data }) => {
      if (data === first + capability.interruptMessage) this.#interrupt();
    });
    timeoutIsolation.control.modify({ memoryTimeoutEnable: capability.memoryTimeout, memoryIsolationEnable: 1, interruptEnable: 1 });
    this.lookAfterArming();
  }

  #interrupt(): void {
    this.port.registers.timeoutIsolation.control.modify({ interruptEnable: 0 });
    this.#isPending = true;
  }

  /** One message tells of each entry into isolation: what happened before the enable is in the status alone. */
  protected lookAfterArming(): void {
    if (this.port.registers.timeoutIsolation.status.get("memoryIsolation") === 1) this.#isPending = true;
  }

  /** Handles what the interrupt noted. A port that isolates again and again is left isolated after some rounds. */
  work(): void {
    for (let round = 0; this.#isPending && round < MOST_ROUNDS; round++) {
      this.#isPending = false;
      this.recover();
      this.recoveries++;
      this.port.registers.timeoutIsolation.control.modify({ interruptEnable: 1 });
      this.lookAfterArming();
    }
  }

  protected recover(): void {
    this.takeLinkDown();
    this.waitUntilIdle();
    this.leaveIsolation();
    this.bringLinkUp();
    this.restoreDevice();
  }

  /** The device must not go on with what it held (CXL 12.3): down is a reset of everything below. */
  protected takeLinkDown(): void {
    const { dvsecPort, pcie } = this.port.configRegisters;
    dvsecPort.control.modify({ unmaskLinkDisable: 1 });
    pcie.linkControl.modify({ linkDisable: 1 });
    this.machine.runUntil(() => pcie.linkStatus.get("linkActive") === 0, { limit: 100 * MILLISECOND, what: "the link to go down" });
  }

  protected waitUntilIdle(): void {
    const { status } = this.port.registers.timeoutIsolation;
    this.machine.runUntil(() => status.get("rootPortBusy") === 0, { limit: 2000 * MILLISECOND, what: `${this.port.name} to be idle` });
  }

  /** Writes back what was read, so that nothing is cleared that nobody saw. */
  protected leaveIsolation(): void {
    const { status } = this.port.registers.timeoutIsolation;
    const { memoryTimeout, memoryIsolation, memoryIsolationLinkDown } = status.read();
    status.write({ memoryTimeout, memoryIsolation, memoryIsolationLinkDown });
  }

  protected bringLinkUp(): void {
    const { pcie } = this.port.configRegisters;
    pcie.linkControl.modify({ linkDisable: 0 });
    this.machine.runUntil(() => pcie.linkStatus.get("linkActive") === 1, { limit: 1000 * MILLISECOND, what: "the link to train" });
  }

  /** Config space, then decoders: the device lost both, the host bridge kept its own. */
  protected restoreDevice(): void {
    const saved = this.#saved;
    if (saved === null) throw new Error("the driver was not started");
    const { endpointHeader, dvsecDevice } = this.device.configRegisters;
    endpointHeader.bar0.writeRaw(saved.bar0);
    endpointHeader.bar1.writeRaw(saved.bar1);
    endpointHeader.command.writeRaw(saved.command);
    dvsecDevice.control.writeRaw(saved.control);
    this.programHostBridge();
    this.programDevice();
  }

  /** A decoder that is locked is taken as it is (CXL 8.2.4.20.13). */
  protected programHostBridge(): void {
    const decoder = this.bridge.registers.hdmDecoderPort;
    const { committed, lockOnCommit } = decoder.control.read();
    if (committed === 1 && lockOnCommit === 1) return;
    this.writeRange(decoder);
    decoder.targetListLow.write({ way0: this.port.configRegisters.pcie.linkCapabilities.get("portNumber") });
    decoder.control.write({ targetRangeType: 1, lockOnCommit: 1, commit: 1 });
    this.machine.runUntil(() => decoder.control.get("committed") === 1, { limit: 20 * MILLISECOND, what: "the host bridge's decoder" });
  }

  protected programDevice(): void {
    const { memoryDeviceStatus } = this.device.deviceRegisters;
    this.machine.runUntil(() => memoryDeviceStatus.status.get("mediaStatus") === 1, { limit: 60_000 * MILLISECOND, what: "the media" });
    this.device.configRegisters.dvsecDevice.control.modify({ memoryEnable: 1 });
    const decoder = this.device.registers.hdmDecoderDevice;
    this.writeRange(decoder);
    decoder.globalControl.modify({ decoderEnable: 1 });
    decoder.control.write({ targetRangeType: 1, commit: 1 });
    this.machine.runUntil(() => decoder.control.get("committed") === 1, { limit: 20 * MILLISECOND, what: "the device's decoder" });
  }

  protected writeRange(decoder: HostBridgeView["registers"]["hdmDecoderPort"] | DeviceView["registers"]["hdmDecoderDevice"]): void {
    const { base, size } = this.range;
    decoder.baseHigh.write({ base63to32: Number(base >> 32n) });
    decoder.baseLow.write({ base31to28: Number((base >> UNIT) & 15n) });
    decoder.sizeHigh.write({ size63to32: Number(size >> 32n) });
    decoder.sizeLow.write({ size31to28: Number((size >> UNIT) & 15n) });
  }

  /** Ends the service; what else the control register has stays. */
  stop(): void {
    const { control } = this.port.registers.timeoutIsolation;
    control.writeRaw(control.readRaw() & ~(1n << 16n) & ~(1n << 26n));
  }
}
