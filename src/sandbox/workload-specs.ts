// Entries of `workloads:` with their references resolved and their defaults filled in (docs/workloads.md).

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { MachineDescription } from "../platform/description.ts";
import type { WorkloadFile } from "../scenario/workloads.ts";
import { pageBytes } from "../scenario/workloads.ts";
import type { Pace, Placement, WorkloadSpec } from "../workload/specs.ts";
import { resolveReferences } from "./references.ts";

const defaultPeriod = 1000;
const defaultReads = 70;
const defaultOutstanding = 8;
const percent = 100;

interface PaceFile {
  readonly rate?: number | undefined;
  readonly reads?: number | undefined;
  readonly outstanding?: number | undefined;
  readonly workingSet?: bigint | undefined;
}

const paceOf = (file: PaceFile, reads = defaultReads): Pace => ({ period: file.rate ?? defaultPeriod, reads: file.reads ?? reads, of: percent, outstanding: file.outstanding ?? defaultOutstanding, ...(file.workingSet === undefined ? {} : { wrap: Number(file.workingSet) }) });

interface LifeFile {
  readonly restart?: number | undefined;
  readonly toleratesLoss?: boolean | undefined;
}

const lifeOf = ({ restart, toleratesLoss }: LifeFile) => ({ ...(restart === undefined ? {} : { restart }), ...(toleratesLoss === undefined ? {} : { toleratesLoss }) });

interface PlaceFile {
  readonly size: bigint;
  readonly memory?: string | undefined;
  readonly nodes?: readonly number[] | undefined;
  readonly bound?: boolean | undefined;
}

/**
 * The spec of an entry.
 * @throws UnresolvedReferenceError a reference to nothing; SystemError ENOENT no such dax device
 */
export function specOf(machine: MachineDescription, files: FileSystem, file: WorkloadFile): WorkloadSpec {
  const device = (text: string): string => resolveReferences(machine, files, text);
  const attribute = (text: string, name: string): bigint => BigInt(files.read(`/sys/bus/dax/devices/${device(text)}/${name}`).trim());
  const placed = ({ size, memory, nodes, bound }: PlaceFile): Placement => {
    const asked = memory === undefined ? nodes : [Number(attribute(memory, "target_node"))];
    return { size, ...(asked === undefined ? {} : { nodes: asked }), ...(bound === undefined ? {} : { isBound: bound }) };
  };
  if ("vm" in file) {
    const { vm } = file;
    return { kind: "vm", name: vm.name, device: device(vm.memory), vcpus: vm.vcpus ?? 1, ...paceOf(vm), ...lifeOf(vm), ...(vm.onSigbus === undefined ? {} : { onSigbus: vm.onSigbus }) };
  }
  if ("database" in file) {
    const { database } = file;
    return {
      kind: "database", name: database.name, threads: database.threads ?? 1, unit: pageBytes[database.pages ?? "4KiB"], dirty: database.dirty ?? percent, copies: database.copies ?? 0,
      ...placed(database), ...paceOf(database), ...lifeOf(database), ...(database.onSigbus === undefined ? {} : { onSigbus: database.onSigbus }),
    };
  }
  if ("pageCache" in file) {
    const { pageCache } = file;
    return { kind: "pageCache", name: pageCache.name, threads: pageCache.threads ?? 1, dirty: pageCache.dirty ?? 0, kernelReads: pageCache.kernelReads ?? percent, ...placed(pageCache), ...paceOf(pageCache, percent), ...lifeOf(pageCache) };
  }
  if ("kernelUser" in file) {
    const { kernelUser } = file;
    return { kind: "kernelUser", name: kernelUser.name, threads: kernelUser.threads ?? 1, pages: kernelUser.pages ?? "slab", ...placed(kernelUser), ...paceOf(kernelUser) };
  }
  if ("kernelReader" in file) {
    const { kernelReader } = file;
    return { kind: "kernelReader", name: kernelReader.name, start: attribute(kernelReader.memory, "resource"), size: attribute(kernelReader.memory, "size"), period: kernelReader.rate ?? defaultPeriod, reads: 1, of: 1 };
  }
  if ("rdma" in file) return { kind: "rdma", name: file.rdma.name, device: device(file.rdma.memory), ...paceOf(file.rdma), ...lifeOf(file.rdma) };
  if ("assignedDevice" in file) {
    const { assignedDevice } = file;
    return { kind: "assignedDevice", name: assignedDevice.name, vm: assignedDevice.vm, releases: assignedDevice.releases ?? "with-owner", ...paceOf(assignedDevice) };
  }
  const { pin } = file;
  return { kind: "pin", name: pin.name, device: device(pin.memory), term: pin.kind ?? "long", ...(pin.owner === undefined ? {} : { owner: pin.owner }), ...(pin.until === undefined ? {} : { release: pin.until }) };
}
