// Message interrupts for a user without a kernel: MSI of a port, or of a device that has it (PCIe 7.7.1), MSI-X of a device (PCIe 7.7.2), every message open.

import { msixTable } from "../../../registers/messages.ts";
import { registerAt } from "../../platform/registers.ts";
import type { BlockAccess } from "./contract.ts";
import type { ViewHost } from "./views.ts";

export interface Messages {
  readonly first: number;
  readonly count: number;
}

/** Where the interrupt controller takes messages. */
const messageAddress = 0xfee0_0000;

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > 32) throw new RangeError(`enableMessages: ${count} is not in 1..32`);
}

type MsiRegisters = BlockAccess<"rootPortConfig">["msi"] | BlockAccess<"downstreamPortConfig">["msi"] | BlockAccess<"deviceConfig">["msi"];
type CommandRegister = BlockAccess<"rootPortConfig">["bridgeHeader"]["command"];

/** MSI: a power of two of messages, at most what the function can do (Multiple Message Capable). */
export function enableMsi(host: ViewHost, msi: MsiRegisters, command: CommandRegister, wanted: number): Messages {
  checkCount(wanted);
  const capable = msi.control.get("multipleCapable");
  let order = 0;
  while (order < capable && 1 << order < wanted) order++;
  const count = 1 << order;
  const first = host.takeMessages(count);
  msi.addressLow.writeRaw(BigInt(messageAddress));
  msi.addressHigh.write({ value: 0 });
  msi.data.write({ value: first });
  msi.control.modify({ enable: 1, multipleEnable: order });
  command.modify({ busMasterEnable: 1 });
  return { first, count };
}

/** A device: as many vectors as it has; the table lies in its BAR. */
export function enableVectors(host: ViewHost, registers: Pick<BlockAccess<"deviceConfig">, "msix" | "endpointHeader">, bar: bigint, wanted: number): Messages {
  checkCount(wanted);
  const { msix, endpointHeader } = registers;
  const count = Math.min(wanted, msix.control.get("tableSize") + 1);
  const first = host.takeMessages(count);
  const table = host.mappings.map(bar + BigInt(msix.table.get("offset31to3") * 8), BigInt(count * msixTable.registers.data.repeat.stride));
  msix.control.modify({ functionMask: 1, enable: 1 });
  for (let vector = 0; vector < count; vector++) {
    registerAt(table, 0, msixTable.registers.addressLow, vector).writeRaw(BigInt(messageAddress));
    registerAt(table, 0, msixTable.registers.addressHigh, vector).writeRaw(0n);
    registerAt(table, 0, msixTable.registers.data, vector).write({ value: first + vector });
    registerAt(table, 0, msixTable.registers.vectorControl, vector).write({ mask: 0 });
  }
  table.unmap();
  msix.control.modify({ functionMask: 0 });
  endpointHeader.command.modify({ busMasterEnable: 1 });
  return { first, count };
}
