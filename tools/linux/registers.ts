// HDM decoders of a machine's devices as the model has them, read without an access.

import { hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import type { Hardware } from "../../src/hardware/machine.ts";
import type { DownstreamPortDescription, MachineDescription } from "../../src/platform/description.ts";
import { isSwitch, portsBelow } from "../../src/platform/description.ts";
import { decoderOffsets } from "../conformance/decoder-values.ts";
import { decoderRegister } from "../conformance/linux/host.ts";
import type { RegisterValues } from "./hardware.ts";

const hex = (value: bigint): string => `0x${value.toString(16).padStart(8, "0")}`;
const cardsOf = (port: DownstreamPortDescription): DownstreamPortDescription["slots"] => port.slots.filter((slot) => !isSwitch(slot));

/** Values by names like `dev0 decoder 0 base`. */
export function decoderValues(hardware: Hardware, machine: MachineDescription): RegisterValues {
  const values: Record<string, string> = {};
  const devices = machine.hostBridges.flatMap((bridge) => portsBelow(bridge.rootPorts)).flatMap(cardsOf).flatMap((card) => (isSwitch(card) ? [] : [card]));
  for (const { name, decoders } of devices) {
    const read = (index: number | undefined, offset: number): bigint => BigInt(decoderRegister({ system: { hardware } }, name, index, offset) ?? 0);
    values[`${name} global control`] = hex(read(undefined, hdmDecoderPort.registers.globalControl.offset));
    for (let index = 0; index < decoders; index++) {
      for (const key of ["base", "size"] as const) values[`${name} decoder ${index} ${key}`] = hex(read(index, decoderOffsets[key]) | (read(index, decoderOffsets[key] + 4) << 32n));
      values[`${name} decoder ${index} control`] = hex(read(index, decoderOffsets.control));
    }
  }
  return values;
}
