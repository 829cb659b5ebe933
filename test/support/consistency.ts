// Whether a kernel's state hangs together: tree, devices, addresses, regions, DPA, dax, and decoders as hardware has them. Every problem is a line of
// text; none: consistent.

import type { Device } from "../../src/kernel/base/device.ts";
import { busDevices, devicePath } from "../../src/kernel/base/device.ts";
import { SystemError } from "../../src/kernel/base/errno.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import type { HdmRegisters } from "../../src/kernel/cxl/registers.ts";
import { readControl, readRange } from "../../src/kernel/cxl/registers.ts";
import { cxlBus, cxlState, decodeGranularity, decodeWays, decoderOf, dportTowards, endpointPart, isDecoder, isPort, isRegion, memdevOf, portOf, regionOf, regionStates, rootPart } from "../../src/kernel/cxl/types.ts";
import { daxRegions } from "../../src/kernel/dax/region.ts";
import { daxBus, daxDeviceOf } from "../../src/kernel/dax/types.ts";
import { hotplug } from "../../src/kernel/mm/memory-state.ts";
import { kernelPageKinds } from "../../src/kernel/mm/page-types.ts";
import { runsIn } from "../../src/kernel/mm/pages.ts";
import type { Resource } from "../../src/kernel/resource/resource.ts";
import { contains, iomem, resourceSize } from "../../src/kernel/resource/resource.ts";
import { createFileSystem } from "../../src/kernel/sysfs/file-system.ts";
import { walkTree } from "./tree.ts";

type Report = (problem: string) => void;

interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/** Spans (end exclusive) that are not ascending or overlap. */
function checkDisjoint(spans: readonly Span[], what: string, report: Report): void {
  const sorted = spans.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  for (const [index, span] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined && before.end > span.start) report(`${what}: 0x${before.start.toString(16)} and 0x${span.start.toString(16)} overlap`);
  }
}

/** Where a link at a path leads, as text. */
function targetPath(path: string, target: string): string {
  if (target.startsWith("/")) return target;
  const parts = path.split("/");
  parts.pop();
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

function checkTree(kernel: Kernel, report: Report): void {
  const files = createFileSystem(kernel);
  const entries = walkTree(kernel);
  // Nearly every link leads to what was come by on the way; only others are looked up.
  const known = new Set(entries.filter(({ node }) => node.kind !== "link").map(({ path }) => path));
  for (const { path, node } of entries) {
    if (node.kind === "link" && !known.has(targetPath(path, node.target)) && !files.exists(path)) report(`${path} -> ${node.target} leads nowhere`);
    if (node.kind !== "file" || node.read === null) continue;
    try {
      node.read();
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) report(`${path}: reading threw ${String(thrown)}`);
    }
  }
  for (const bus of kernel.buses.keys()) {
    const folder = `/sys/bus/${bus}/devices`;
    const names = files.list(folder);
    if (names.length !== busDevices(kernel, bus).length) report(`${folder}: ${busDevices(kernel, bus).length} devices under ${names.length} names`);
    const places = names.filter((name) => files.exists(`${folder}/${name}`)).map((name) => files.realpath(`${folder}/${name}`));
    if (places.length !== names.length || new Set(places).size !== places.length) report(`${folder}: ${names.length} names of ${new Set(places).size} devices`);
  }
}

function checkDevices(kernel: Kernel, report: Report): void {
  const paths = new Set<string>();
  for (const device of kernel.devices.values()) {
    const path = devicePath(device);
    if (paths.has(path)) report(`${path} is there twice`);
    paths.add(path);
    if (device.isDead) report(`${path} is dead and registered`);
    if (device.parent !== null && kernel.devices.get(device.parent.id) !== device.parent) report(`${path}: its parent is gone`);
    if (device.parent !== null && device.parent.children.filter((child) => child === device).length !== 1) report(`${path}: not once among its parent's children`);
    for (const child of device.children) if (kernel.devices.get(child.id) !== child) report(`${path}: child ${child.name} is gone`);
    for (const [name, target] of device.links) if (kernel.devices.get(target.id) !== target) report(`${path}: link ${name} to ${target.name}, which is gone`);
    if (device.bus !== null && busDevices(kernel, device.bus).filter((other) => other === device).length !== 1) report(`${path}: not once on bus ${device.bus}`);
    if (device.driver !== null && kernel.drivers.get(device.driver.bus)?.includes(device.driver) !== true) report(`${path}: driver ${device.driver.name} is not registered`);
    if (device.driver === null && device.managed.length > 0) report(`${path}: no driver, but ${device.managed.map((action) => action.name).join(", ")} to release`);
  }
  for (const [bus, devices] of kernel.buses) for (const device of devices) if (kernel.devices.get(device.id) !== device) report(`bus ${bus}: ${device.name} is gone`);
}

function checkResource(parent: Resource, report: Report): void {
  for (const [index, child] of parent.children.entries()) {
    const before = parent.children[index - 1];
    if (child.parent !== parent) report(`resource ${child.name}: its parent is not ${parent.name}`);
    if (child.end < child.start || !contains(parent, child)) report(`resource ${child.name} does not lie in ${parent.name}`);
    if (before !== undefined && before.end >= child.start) report(`resources ${before.name} and ${child.name} overlap`);
    checkResource(child, report);
  }
}

/** True when the resource hangs in the tree of `root`. */
function isIn(root: Resource, resource: Resource): boolean {
  let top = resource;
  while (top.parent !== null) top = top.parent;
  return top === root;
}

function checkTargets(region: Device, report: Report): void {
  const record = regionOf(region);
  const present = record.targets.filter((target) => target !== null);
  if (present.length !== record.targetCount) report(`${region.name}: ${present.length} targets counted as ${record.targetCount}`);
  if (record.targets.length < record.ways || (record.state >= regionStates.active && record.targets.length !== record.ways)) report(`${region.name}: ${record.targets.length} slots for ${record.ways} ways`);
  if (new Set(present).size !== present.length) report(`${region.name}: a decoder twice`);
  for (const [position, target] of record.targets.entries()) {
    if (target === null) continue;
    const part = endpointPart(target);
    if (part.position !== position) report(`${region.name}: ${target.name} in slot ${position} says ${part.position}`);
    if (decoderOf(target).region !== region && part.stagedIn !== region) report(`${region.name}: ${target.name} does not know it`);
    if (portOf(decoderOf(target).port).decoders[decoderOf(target).id] !== target) report(`${region.name}: ${target.name} is gone`);
  }
}

function checkRegion(kernel: Kernel, region: Device, isHardwareHonest: boolean, report: Report): void {
  const record = regionOf(region);
  const root = rootPart(record.rootDecoder);
  if (root.regions.filter((other) => other === region).length !== 1) report(`${region.name}: not once below ${record.rootDecoder.name}`);
  if (!cxlState(kernel).regionIds.used.has(record.id)) report(`${region.name}: its id is free`);
  if ((record.state === regionStates.idle) !== (record.resource === null)) report(`${region.name}: state ${record.state} with ${record.resource === null ? "no" : "an"} address range`);
  if (record.resource !== null && root.resource !== null && !contains(root.resource, record.resource)) report(`${region.name} is outside its window`);
  if (record.resource !== null && !record.isAuto && !isIn(iomem(kernel), record.resource)) report(`${region.name}: not in /proc/iomem`);
  if (record.state >= regionStates.active && record.targetCount !== record.ways) report(`${region.name}: state ${record.state} with ${record.targetCount} of ${record.ways} targets`);
  if (record.state === regionStates.resetPending) report(`${region.name}: a reset is pending for ever`);
  if (region.driver !== null && record.state < regionStates.commit) report(`${region.name}: bound in state ${record.state}`);
  checkTargets(region, report);
  // After a reset of a card its decoder is off, and the region knows nothing of it (observed.md).
  if (record.state < regionStates.commit || !isHardwareHonest) return;
  for (const target of record.targets) {
    if (target !== null && !decoderOf(target).isEnabled) report(`${region.name} is committed, ${target.name} is not`);
  }
}

function checkReferences(port: Device, report: Report): void {
  const record = portOf(port);
  for (const reference of record.references) {
    const name = `${port.name} for ${reference.region.name}`;
    if (decoderOf(reference.decoder).region !== reference.region) report(`${name}: ${reference.decoder.name} does not know it`);
    if (reference.endpoints.length === 0) report(`${name}: nobody needs it`);
    const dports = new Set(reference.endpoints.map((endpoint) => dportTowards(port, decoderOf(endpoint).port)));
    dports.delete(undefined);
    if (dports.size !== reference.targetCount) report(`${name}: ${dports.size} targets counted as ${reference.targetCount}`);
    for (const endpoint of reference.endpoints) if (!regionOf(reference.region).targets.includes(endpoint)) report(`${name}: ${endpoint.name} is no target`);
  }
  for (const decoder of record.decoders) {
    const { region } = decoderOf(decoder);
    if (region !== null && !record.references.some((reference) => reference.region === region && reference.decoder === decoder)) report(`${decoder.name}: ${region.name} does not use it`);
    if (region !== null && region.isDead) report(`${decoder.name}: ${region.name} is gone`);
  }
}

function checkDpa(port: Device, report: Report): void {
  const { decoders, dpaEnd, uport } = portOf(port);
  const { ram, pmem } = memdevOf(uport).state.capacity;
  let end = 0n;
  for (const decoder of decoders) {
    const { dpa } = endpointPart(decoder);
    if ((dpa !== null) !== decoderOf(decoder).id <= dpaEnd) report(`${decoder.name}: DPA out of order; decoder ${dpaEnd} is the last with any`);
    if (dpa === null) continue;
    if (dpa.start - dpa.skip !== end) report(`${decoder.name}: DPA 0x${dpa.start.toString(16)} less skip is not 0x${end.toString(16)}`);
    end = dpa.start + dpa.size;
    if (end > ram + pmem) report(`${decoder.name}: DPA beyond the device`);
  }
}

/** What the kernel believes of a decoder against its registers. */
function checkRegisters(decoder: Device, hdm: HdmRegisters, report: Report): void {
  const { id, isEnabled, start, size, ways, granularity } = decoderOf(decoder);
  const control = readControl(hdm, id);
  if (control.isDead) return;
  if (control.isCommitted !== isEnabled) report(`${decoder.name}: kernel says ${isEnabled ? "enabled" : "not enabled"}, hardware ${control.isCommitted ? "committed" : "not committed"}`);
  // A range of size 0 was let go while hardware decodes on (region-assembly 7.6).
  if (!isEnabled || !control.isCommitted || size === 0n) return;
  const range = readRange(hdm, id);
  if (range.base !== start || range.size !== size) report(`${decoder.name}: kernel has 0x${start.toString(16)}+0x${size.toString(16)}, hardware 0x${range.base.toString(16)}+0x${range.size.toString(16)}`);
  if (decodeWays(control.waysCode) !== ways || decodeGranularity(control.granularityCode) !== granularity) report(`${decoder.name}: kernel has ${ways} ways of ${granularity}, hardware ${decodeWays(control.waysCode)} of ${decodeGranularity(control.granularityCode)}`);
}

function checkPort(port: Device, isHardwareHonest: boolean, report: Report): void {
  const { decoders, commitEnd, hdm, kind, memdevs } = portOf(port);
  for (const memdev of memdevs) if (memdev.isDead) report(`${port.name}: ${memdev.name} is gone`);
  if (kind === "root") return;
  for (const [index, decoder] of decoders.entries()) {
    if (decoderOf(decoder).id !== index) report(`${decoder.name}: at place ${index}`);
    if (decoderOf(decoder).isEnabled && index > commitEnd) report(`${decoder.name}: enabled above the last committed one, ${commitEnd}`);
  }
  checkReferences(port, report);
  if (kind === "endpoint") checkDpa(port, report);
  if (hdm !== null && isHardwareHonest) for (const decoder of decoders) checkRegisters(decoder, hdm, report);
}

function checkCxl(kernel: Kernel, isHardwareHonest: boolean, report: Report): void {
  const devices = busDevices(kernel, cxlBus);
  for (const region of devices.filter(isRegion)) checkRegion(kernel, region, isHardwareHonest, report);
  for (const port of devices.filter(isPort)) checkPort(port, isHardwareHonest, report);
  for (const decoder of devices.filter(isDecoder)) if (!portOf(decoderOf(decoder).port).decoders.includes(decoder)) report(`${decoder.name}: its port does not know it`);
}

function checkDax(kernel: Kernel, report: Report): void {
  const regions = daxRegions(kernel);
  if (kernel.policy.isDaxExclusive) checkDisjoint(regions.map((region) => ({ start: region.start, end: region.start + region.size })), "dax regions", report);
  const known = new Set(regions.flatMap((region) => region.devices));
  const minors = new Set<number>();
  for (const device of busDevices(kernel, daxBus)) {
    const { region, ranges, minor } = daxDeviceOf(device);
    if (!known.has(device)) report(`${device.name}: no dax region knows it`);
    if (minors.has(minor)) report(`${device.name}: minor ${minor} twice`);
    minors.add(minor);
    for (const range of ranges) if (range.start < region.start || range.start + range.size > region.start + region.size || range.size === 0n) report(`${device.name}: a range outside its region`);
    const mappings = device.children.filter((child) => child.name.startsWith("mapping")).length;
    if (mappings !== ranges.length) report(`${device.name}: ${ranges.length} ranges and ${mappings} mappings`);
  }
  for (const region of regions) {
    if (region.parent.driver === null || region.parent.isDead) report(`dax region ${region.id}: ${region.parent.name} has no driver`);
    checkDisjoint(region.devices.flatMap((device) => daxDeviceOf(device).ranges.map((range) => ({ start: range.start, end: range.start + range.size }))), `dax region ${region.id}`, report);
    for (const device of region.devices) if (kernel.devices.get(device.id) !== device) report(`dax region ${region.id}: ${device.name} is gone`);
  }
}

/** Runs are disjoint, whole pages, and lie in online blocks; struct pages of a block may lie on it while it is offline. */
function checkPages(kernel: Kernel, report: Report): void {
  let end = 0n;
  for (const run of runsIn(kernel, 0n, 1n << 52n)) {
    const name = `${run.kind} of ${run.owner} at 0x${run.start.toString(16)}`;
    if (run.start < end) report(`${name} lies over another run`);
    if (run.size <= 0n || run.start % run.unit !== 0n || run.size % run.unit !== 0n) report(`${name}: 0x${run.size.toString(16)} bytes are no whole folios of ${run.unit}`);
    end = run.start + run.size;
    const { blocks, blockSize } = hotplug(kernel);
    for (let id = run.start / blockSize; id * blockSize < end; id++) {
      const block = blocks.get(Number(id));
      if (block === undefined || (!block.isOnline && run.kind !== "memmap")) report(`${name}: memory${id} is not online`);
      if (block?.zone === "Movable" && kernelPageKinds.includes(run.kind) && run.kind !== "memmap") report(`${name}: the kernel's in ZONE_MOVABLE`);
    }
  }
}

function checkMemory(kernel: Kernel, report: Report): void {
  const { blocks, blockSize, nodes, resources } = hotplug(kernel);
  for (const [id, block] of blocks) {
    if (block.id !== id) report(`memory${id} is called ${block.id}`);
    if (!nodes.has(block.node)) report(`memory${id}: node ${block.node} is not online`);
    const start = BigInt(id) * blockSize;
    if (!block.isBoot && ![...resources.values()].some((resource) => resource.start <= start && start + blockSize - 1n <= resource.end)) report(`memory${id}: in no added range`);
  }
  checkPages(kernel, report);
  for (const [start, resource] of resources) {
    if (resource.start !== start || !isIn(iomem(kernel), resource)) report(`${resource.name} at 0x${start.toString(16)} is not in /proc/iomem`);
    for (let at = start; at < start + resourceSize(resource); at += blockSize) if (!blocks.has(Number(at / blockSize))) report(`${resource.name}: no block at 0x${at.toString(16)}`);
  }
}

/** Problems found; none: consistent. `isHardwareHonest`: no fault or reset changed registers behind the kernel's back. */
export function inconsistencies(kernel: Kernel, isHardwareHonest = true): string[] {
  const problems: string[] = [];
  const report: Report = (problem) => void problems.push(problem);
  checkTree(kernel, report);
  checkDevices(kernel, report);
  checkResource(iomem(kernel), report);
  checkCxl(kernel, isHardwareHonest, report);
  checkDax(kernel, report);
  checkMemory(kernel, report);
  return problems;
}
