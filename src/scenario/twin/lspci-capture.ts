// Config space as `lspci -xxxx` printed it, decoded with the declarations of the registers.

import { dvsecDevice, dvsecFlexBus } from "../../../registers/dvsec.ts";
import { dpcRootPort } from "../../../registers/dpc.ts";
import { bridgeHeader, endpointHeader, pcieRootPort, serialNumber } from "../../../registers/pci.ts";
import { msix } from "../../../registers/messages.ts";
import { findCapability, findDvsec, findFirstExtended } from "../../platform/config-walk.ts";
import type { RegisterBus } from "../../platform/registers.ts";
import { structureAt } from "../../platform/registers.ts";
import type { PciFunction } from "../../userland/pci/functions.ts";
import { DumpProblem, parseDump } from "../../userland/pci/functions.ts";
import { CaptureFileError } from "./findings.ts";

export type FunctionKind = "root port" | "upstream port" | "downstream port" | "endpoint" | "other";

export interface LinkFacts {
  /** Code of Link Capabilities. */
  readonly speed: number;
  readonly width: number;
}

export interface FunctionFacts {
  /** `0000:0c:00.0` */
  readonly address: string;
  /** `0000:0c` */
  readonly bus: string;
  readonly kind: FunctionKind;
  /** Has the flex bus DVSEC. */
  readonly isCxl: boolean;
  readonly portNumber: number;
  readonly link: LinkFacts | undefined;
  readonly hotplug: boolean;
  readonly powerController: boolean;
  readonly hasDpc: boolean;
  readonly serial: bigint | undefined;
  /** Bus below a port: `0000:0d`. */
  readonly secondary: string | undefined;
  /** MSI-X vectors. */
  readonly vectors: number | undefined;
  /** Of a device's DVSEC: what its ranges hold in bytes, and CXL reset. */
  readonly memory: bigint | undefined;
  readonly isResetCapable: boolean;
}

export interface LspciCapture {
  readonly functions: ReadonlyMap<string, FunctionFacts>;
  /** Config space beyond the first 256 bytes was not captured. */
  readonly isShort: boolean;
}

const longest = 16 << 20;
const remedy = "take it as root with: lspci -xxxx > lspci.txt";
const kinds: Readonly<Record<number, FunctionKind>> = { 0: "endpoint", 4: "root port", 5: "upstream port", 6: "downstream port" };
const wholeSpace = 4096;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** Bytes that were read once; nothing behind them, so that they take no writes. */
function captureBus(bytes: Uint8Array): RegisterBus {
  const byte = (at: number): number => bytes[at] ?? 0;
  const read = (at: number, count: number): bigint => Array.from({ length: count }, (_, index) => BigInt(byte(at + index)) << BigInt(8 * index)).reduce((sum, part) => sum | part, 0n);
  const refuse = (): never => {
    throw new Error("a capture takes no writes");
  };
  return {
    read8: byte, read16: (at) => Number(read(at, 2)), read32: (at) => Number(read(at, 4)), read64: (at) => read(at, 8),
    write8: refuse, write16: refuse, write32: refuse, write64: refuse,
  };
}

/** Bytes of the ranges of a device's DVSEC. */
function rangesOf(bus: RegisterBus, at: number): bigint {
  const device = structureAt(bus, at, dvsecDevice);
  const one = (high: number, low: number): bigint => (BigInt(high) << 32n) | (BigInt(low) << 28n);
  const first = one(device.range1SizeHigh.get("size63to32"), device.range1SizeLow.get("size31to28"));
  return device.capability.get("rangeCount") > 1 ? first + one(device.range2SizeHigh.get("size63to32"), device.range2SizeLow.get("size31to28")) : first;
}

function factsOf({ domain, bus: number, device, fn, config }: PciFunction): FunctionFacts {
  const bus = captureBus(config.bytes);
  const isWhole = config.bytes.length === wholeSpace;
  const express = findCapability(bus, pcieRootPort.identity.id);
  const registers = express === 0 ? undefined : structureAt(bus, express, pcieRootPort);
  const kind = registers === undefined ? "other" : (kinds[registers.flags.get("portType")] ?? "other");
  const isPort = kind === "root port" || kind === "downstream port" || kind === "upstream port";
  const extended = (id: number): number => (isWhole ? findFirstExtended(bus, id) : 0);
  const serialAt = extended(serialNumber.identity.id);
  const serial = serialAt === 0 ? undefined : structureAt(bus, serialAt, serialNumber);
  const deviceAt = isWhole && kind === "endpoint" ? findDvsec(bus, dvsecDevice.identity.id) : 0;
  const messages = findCapability(bus, msix.identity.id);
  const place = `${hex(domain, 4)}:${hex(number, 2)}`;
  return {
    address: `${place}:${hex(device, 2)}.${fn}`, bus: place, kind, isCxl: isWhole && findDvsec(bus, dvsecFlexBus.identity.id) !== 0, portNumber: registers?.linkCapabilities.get("portNumber") ?? 0,
    link: registers === undefined ? undefined : { speed: registers.linkCapabilities.get("maxSpeed"), width: registers.linkCapabilities.get("maxWidth") },
    hotplug: registers?.slotCapabilities.get("hotPlug") === 1, powerController: registers?.slotCapabilities.get("powerController") === 1, hasDpc: extended(dpcRootPort.identity.id) !== 0,
    serial: serial === undefined ? undefined : (BigInt(serial.high.get("value")) << 32n) | BigInt(serial.low.get("value")),
    secondary: isPort && structureAt(bus, 0, endpointHeader).headerType.get("value") === 1 ? `${hex(domain, 4)}:${hex(structureAt(bus, 0, bridgeHeader).secondaryBus.get("value"), 2)}` : undefined,
    vectors: messages === 0 ? undefined : structureAt(bus, messages, msix).control.get("tableSize") + 1,
    memory: deviceAt === 0 ? undefined : rangesOf(bus, deviceAt), isResetCapable: deviceAt !== 0 && structureAt(bus, deviceAt, dvsecDevice).capability.get("resetCapable") === 1,
  };
}

/** @throws CaptureFileError */
export function readLspciCapture(file: string, text: string): LspciCapture {
  if (text.length > longest) throw new CaptureFileError(file, "", `has ${text.length} characters; is this the right file?`);
  let functions: PciFunction[];
  try {
    functions = parseDump(text);
  } catch (thrown) {
    if (!(thrown instanceof DumpProblem)) throw thrown;
    throw new CaptureFileError(file, "", `is no dump of config space (${thrown.message}); ${remedy}`);
  }
  if (functions.length === 0) throw new CaptureFileError(file, "", `has no function with bytes of its config space; ${remedy}`);
  return { functions: new Map(functions.map((one) => factsOf(one)).map((facts) => [facts.address, facts])), isShort: functions.every(({ config }) => config.bytes.length < wholeSpace) };
}
