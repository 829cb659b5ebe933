// What the parts of the vfio-user server agree on: a function that is served, and the messages of its client. No sockets, no hardware.

/** A message-signalled interrupt on its way to the client: a memory write of four bytes. */
export interface InterruptWrite {
  readonly address: bigint;
  /** 32 bits; of MSI the upper 16 are zero. */
  readonly data: number;
}

/** Bytes of an access to config space. */
export type ConfigWidth = 1 | 2 | 4;
/** Bytes of an access to a BAR. */
export type BarWidth = 1 | 2 | 4 | 8;

export interface ServedBar {
  /** 0..5; of a 64-bit BAR the lower number. */
  readonly index: number;
  /** Bytes, a power of two. */
  readonly size: number;
}

/**
 * One PCI function as its client has it. Calls are synchronous, never throw, and take virtual time as the processor's accesses do. Offsets are within the
 * space and accesses naturally aligned and of a stated width: the server splits others before (Connection).
 */
export interface ServedFunction {
  /** Name of the device in the scenario. */
  readonly name: string;
  readonly bars: readonly ServedBar[];
  /** Bytes of config space: 4096. */
  readonly configSize: number;
  /** Number of messages that the function can ask for by MSI (1..32); 0: it has none. */
  readonly messages: number;
  readConfig(offset: number, width: ConfigWidth): number;
  writeConfig(offset: number, width: ConfigWidth, value: number): void;
  readBar(bar: number, offset: number, width: BarWidth): bigint;
  writeBar(bar: number, offset: number, width: BarWidth, value: bigint): void;
  /** VFIO device reset: as a function level reset where the function has one, otherwise as a hot reset of its link. */
  reset(): void;
  /** A client came (true) or went (false). */
  connected(isConnected: boolean): void;
}

/** Who sends to the client of a function what the hardware has ready; the server gives it when a client is there. */
export interface InterruptSink {
  /** The client is told by DMA_WRITE; false: no client is there, or it takes nothing any more, and the message is lost as on a bus without a target. */
  send(write: InterruptWrite): boolean;
}

/** Memory of the client that the function may reach, as its DMA_MAP messages said. */
export interface DmaRange {
  readonly address: bigint;
  readonly size: bigint;
  readonly isReadable: boolean;
  readonly isWritable: boolean;
}

/** Everything that is served: one machine in one instance of the module. */
export interface ServedMachine {
  readonly functions: readonly ServedFunction[];
  /** Lets virtual time come up to wall time (ns since power-on), sends what became due, and gives the wall ns at which something is due next by itself; -1: nothing is. */
  advanceTo(nanoseconds: number): number;
  /** Where a function's interrupts go; null: nowhere. */
  attach(name: string, sink: InterruptSink | null): void;
}
