// The end of a run as a text that two runs share when nobody could tell them apart: /proc/iomem, the devices of cxl, dax and hmem with their drivers and
// files, the ledgers. Names that are a race are replaced by what stands behind them: serial numbers, addresses, PCI functions.

import type { Device } from "../kernel/base/device.ts";
import { busDevices, devicePath } from "../kernel/base/device.ts";
import { SystemError } from "../kernel/base/errno.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { platformBus } from "../kernel/base/platform-bus.ts";
import { ledgers } from "../kernel/cxl/ledgers.ts";
import { cxlBus, isMemdev, isPort, isRegion, memdevOf, portOf, regionOf } from "../kernel/cxl/types.ts";
import { daxRegions } from "../kernel/dax/region.ts";
import { daxBus, daxDeviceOf } from "../kernel/dax/types.ts";
import { formatResources, iomem } from "../kernel/resource/resource.ts";

const hex = (value: bigint | undefined): string => (value === undefined ? "none" : value.toString(16));

/** What a name of the race stands for. */
function realNames(kernel: Kernel): Map<string, string> {
  const names = new Map<string, string>();
  for (const device of busDevices(kernel, cxlBus)) {
    const digits = /\d+$/.exec(device.name)?.[0] ?? "";
    if (isMemdev(device)) names.set(device.name, `mem<${hex(memdevOf(device).serial)}>`);
    if (isPort(device)) {
      const { kind, uport } = portOf(device);
      const real = kind === "endpoint" ? `<${hex(memdevOf(uport).serial)}>` : `<${uport.name}>`;
      names.set(device.name, `${kind}${real}`);
      for (const decoder of portOf(device).decoders) names.set(decoder.name, `decoder${real}.${decoder.name.split(".")[1] ?? ""}`);
    }
    if (!isRegion(device)) continue;
    const real = `<${hex(regionOf(device).resource?.start)}+${hex(BigInt(regionOf(device).ways))}>`;
    for (const kind of ["region", "dax_region", "pmem_region"]) names.set(`${kind}${digits}`, `${kind}${real}`);
  }
  for (const region of daxRegions(kernel)) {
    if (region.parent.bus === platformBus) names.set(region.parent.name, `hmem<${hex(region.start)}>`);
    for (const device of region.devices) names.set(device.name, `dax<${region.parent.bus === platformBus ? "hmem " : ""}${hex(region.start)}>.${daxDeviceOf(device).instance}`);
  }
  return names;
}

/** Files whose text is a number that was handed out. */
const numbered = ["dev", "dax_region/id", "create_ram_region", "create_pmem_region"];

function filesOf(kernel: Kernel, device: Device): string[] {
  const attributes = [...device.type.attributes, ...(device.driver?.attributes ?? [])];
  return attributes.filter((attribute) => !numbered.includes(attribute.name) && attribute.visible?.(kernel, device) !== false).flatMap(({ name, show }) => {
    if (show === undefined) return [];
    try {
      return [`  ${name}: ${show(kernel, device).trimEnd()}`];
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      return [`  ${name}: ${thrown.errno}`];
    }
  });
}

function describe(kernel: Kernel, device: Device): string {
  return [`${devicePath(device)} ${device.driver?.name ?? "unbound"}`, ...filesOf(kernel, device)].join("\n");
}

const isHmem = (device: Device): boolean => device.name.startsWith("hmem");

/** @returns a text with one part per device, in order of their real names */
export function endState(kernel: Kernel): string {
  const names = realNames(kernel);
  const real = (text: string): string => text.replaceAll(/\b(?:mem|root|port|endpoint|decoder|region|dax_region|pmem_region|dax|hmem\.)\d+(?:\.\d+)?\b/g, (name) => names.get(name) ?? name);
  const devices = [cxlBus, daxBus].flatMap((bus) => busDevices(kernel, bus)).concat(busDevices(kernel, platformBus).filter(isHmem));
  const held = Object.entries(ledgers(kernel)).flatMap(([ledger, holdings]) => holdings.map((one: { readonly name: string; readonly start: bigint; readonly size: bigint }) => `${ledger}: ${one.name} ${hex(one.start)}+${hex(one.size)}`));
  return [real(formatResources(iomem(kernel))), ...devices.map((device) => real(describe(kernel, device))).toSorted(), ...held.map(real).toSorted()].join("\n");
}
