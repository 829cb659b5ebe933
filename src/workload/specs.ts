// What each kind of workload is told, with every reference resolved: plain data, kept for as long as the workload so that it can start anew (docs/workloads.md).

export interface Pace {
  /** Virtual nanoseconds between two requests of one thread. */
  readonly period: number;
  /** `reads` of every `of` requests are reads. */
  readonly reads: number;
  readonly of: number;
  /** Bytes between lines, a multiple of 64; default 64. */
  readonly stride?: number;
  /** Bytes after which the walk begins again; default: all of the memory. */
  readonly wrap?: number;
  /** Requests a thread may have under way; default 16. */
  readonly outstanding?: number;
  /** Virtual nanoseconds from now to the first request; default 0. Threads follow each other by a share of the period. */
  readonly delay?: number;
}

interface Life {
  /** Virtual nanoseconds from the moment its memory is there again to service; absent: it does not come back. */
  readonly restart?: number;
  /** Its operator can do without it for a while (S92): told in the result, changes nothing here. */
  readonly toleratesLoss?: boolean;
}

/** What a process does with a SIGBUS of a machine check: its end, or a handler that passes the error on and goes on. */
export type OnSigbus = "die" | "survive";

export interface Placement {
  /** Bytes, whole pages. */
  readonly size: bigint;
  /** Nodes in order of preference; absent: by the zone lists of node 0. */
  readonly nodes?: readonly number[];
  /** Those nodes only (MPOL_BIND). */
  readonly isBound?: boolean;
}

/** A virtual machine whose memory is all of a dax device. */
export interface VmSpec extends Pace, Life {
  readonly name: string;
  /** Name of the dax device: "dax0.1". */
  readonly device: string;
  readonly vcpus: number;
  readonly onSigbus?: OnSigbus;
}

/** An in-memory database on anonymous pages. */
export interface DatabaseSpec extends Pace, Life, Placement {
  readonly name: string;
  readonly threads: number;
  /** Bytes of a page: 4 KiB, or a hugetlb page of 2 MiB or 1 GiB. */
  readonly unit: bigint;
  /** Percent of its memory that is nowhere else; the rest has a copy in swap. */
  readonly dirty: number;
  /** Percent of its reads that the kernel does for it: write(2) from its buffers. */
  readonly copies: number;
  readonly onSigbus?: OnSigbus;
}

/** A server whose files are in the page cache. */
export interface PageCacheSpec extends Pace, Life, Placement {
  readonly name: string;
  readonly threads: number;
  /** Percent of the pages that are not written back. */
  readonly dirty: number;
  /** Percent of its reads that are read(2); the others are of its mapping. */
  readonly kernelReads: number;
}

/** A part of the kernel that keeps data of its own. */
export interface KernelUserSpec extends Pace, Placement {
  readonly name: string;
  readonly threads: number;
  readonly pages: "slab" | "page-table" | "kernel-data";
}

/** The kernel reads a range through its direct map. */
export interface KernelReaderSpec extends Pace {
  readonly name: string;
  readonly start: bigint;
  readonly size: bigint;
}

/** A network adapter that reads and writes registered memory of a process. */
export interface RdmaSpec extends Pace, Life {
  readonly name: string;
  readonly device: string;
}

/** A device that a virtual machine has for itself (VFIO): all of the machine's memory is pinned, and it reads and writes there. */
export interface AssignedDeviceSpec extends Pace {
  readonly name: string;
  /** Name of a workload. */
  readonly vm: string;
  /** It is reset and detached when its virtual machine dies, or nobody does that. */
  readonly releases: "with-owner" | "never";
}

export interface PinSpec {
  readonly name: string;
  readonly device: string;
  /** DMA under way, or for as long as somebody wants; default long. */
  readonly term?: "short" | "long";
  /** Name of a workload whose process holds it and with whom it goes; absent: nobody's. */
  readonly owner?: string;
  /** Virtual nanoseconds from now until it is dropped; absent: never. */
  readonly release?: number;
}

/** What has a life of its own: started, killed, started anew. */
export type WorkloadSpec =
  | ({ readonly kind: "vm" } & VmSpec)
  | ({ readonly kind: "database" } & DatabaseSpec)
  | ({ readonly kind: "pageCache" } & PageCacheSpec)
  | ({ readonly kind: "rdma" } & RdmaSpec)
  | ({ readonly kind: "kernelUser" } & KernelUserSpec)
  | ({ readonly kind: "kernelReader" } & KernelReaderSpec)
  | ({ readonly kind: "assignedDevice" } & AssignedDeviceSpec)
  | ({ readonly kind: "pin" } & PinSpec);
