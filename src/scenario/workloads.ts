// What runs on the memory, in the words of the file: kinds of workloads with their keys, and what a list of them must keep to (docs/workloads.md).

import { z } from "zod";
import type { Path } from "./load.ts";
import type { PathProblem } from "./machine.ts";
import { suggestion } from "./suggest.ts";
import { percent, rate, size, time } from "./values.ts";

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "a name starts with a letter and has letters, digits, - and _");
const threads = z.int().min(1).max(64);

/** How often and where it touches its memory. */
const pace = { rate: rate.optional(), reads: percent.optional(), outstanding: z.int().min(1).max(64).optional(), workingSet: size.optional() };
/** What a loss means to it. */
const loss = { restart: time.optional(), toleratesLoss: z.boolean().optional() };
/** Where the kernel takes its memory from: nodes in order, or the node of a dax device first. */
const place = { size, memory: z.string().optional(), nodes: z.array(z.int().min(0).max(1023)).min(1).max(64).optional(), bound: z.boolean().optional() };
const onSigbus = z.enum(["die", "survive"]).optional();

const vm = z.strictObject({ name, memory: z.string(), ...pace, vcpus: threads.optional(), onSigbus, ...loss });
const database = z.strictObject({ name, ...place, pages: z.enum(["4KiB", "2MiB", "1GiB"]).optional(), ...pace, threads: threads.optional(), dirty: percent.optional(), copies: percent.optional(), onSigbus, ...loss });
const pageCache = z.strictObject({ name, ...place, ...pace, threads: threads.optional(), dirty: percent.optional(), kernelReads: percent.optional(), ...loss });
const kernelUser = z.strictObject({ name, ...place, pages: z.enum(["slab", "page-table", "kernel-data"]).optional(), ...pace, threads: threads.optional() });
const kernelReader = z.strictObject({ name, memory: z.string(), rate: rate.optional() });
const rdma = z.strictObject({ name, memory: z.string(), ...pace, ...loss });
const assignedDevice = z.strictObject({ name, vm: name, ...pace, releases: z.enum(["with-owner", "never"]).optional() });
const pin = z.strictObject({ name, memory: z.string(), kind: z.enum(["short", "long"]).optional(), owner: name.optional(), until: time.optional() });

/** One entry of `workloads:`. */
export const workloadSchema = z.union([
  z.strictObject({ vm }),
  z.strictObject({ database }),
  z.strictObject({ pageCache }),
  z.strictObject({ kernelUser }),
  z.strictObject({ kernelReader }),
  z.strictObject({ rdma }),
  z.strictObject({ assignedDevice }),
  z.strictObject({ pin }),
]);

export type WorkloadFile = z.output<typeof workloadSchema>;
export type WorkloadKind = "vm" | "database" | "pageCache" | "kernelUser" | "kernelReader" | "rdma" | "assignedDevice" | "pin";

/** Bytes of a database's pages. */
export const pageBytes = { "4KiB": 4096n, "2MiB": 0x20_0000n, "1GiB": 0x4000_0000n } as const;

const smallPage = 4096n;
/** Kinds that have a process, which a signal can end. */
export const processKinds: readonly WorkloadKind[] = ["vm", "database", "pageCache", "rdma"];

/** Kind and name of an entry. */
export function titleOf(file: WorkloadFile): { readonly kind: WorkloadKind; readonly name: string } {
  const [entry] = Object.entries(file) as [WorkloadKind, { readonly name: string }][];
  if (entry === undefined) throw new RangeError("an entry of workloads has one key");
  return { kind: entry[0], name: entry[1].name };
}

function checkSize(kind: WorkloadKind, bytes: bigint, page: bigint, path: Path): PathProblem[] {
  if (bytes > 0n && bytes % page === 0n) return [];
  return [{ path: [...path, kind, "size"], message: `${bytes} bytes are no whole pages of ${page} bytes; write a multiple` }];
}

/** An entry's own keys against each other. */
function checkEntry(file: WorkloadFile, path: Path): PathProblem[] {
  const problems: PathProblem[] = [];
  const { kind } = titleOf(file);
  const entry = Object.values(file)[0] as { readonly size?: bigint; readonly memory?: string; readonly nodes?: readonly number[]; readonly bound?: boolean; readonly workingSet?: bigint; readonly kind?: string; readonly until?: number };
  if (entry.size !== undefined) problems.push(...checkSize(kind, entry.size, "database" in file ? pageBytes[file.database.pages ?? "4KiB"] : smallPage, path));
  if (entry.size !== undefined && entry.memory !== undefined && entry.nodes !== undefined) problems.push({ path: [...path, kind, "nodes"], message: "nodes and memory both say where its memory comes from; leave one out" });
  if (entry.bound === true && entry.memory === undefined && entry.nodes === undefined) problems.push({ path: [...path, kind, "bound"], message: "bound to which nodes? say nodes: [1], or memory: the dax device whose node is meant" });
  if (entry.workingSet !== undefined && (entry.workingSet < 64n || entry.workingSet % 64n !== 0n)) problems.push({ path: [...path, kind, "workingSet"], message: `${entry.workingSet} bytes are no whole lines of 64 bytes; write a multiple` });
  if ("pin" in file && file.pin.kind === "short" && file.pin.until === undefined) problems.push({ path: [...path, kind, "until"], message: "a short pin is dropped some time; say until: 5ms, or kind: long" });
  return problems;
}

/** Whom an entry names, with the kinds that may be named. */
function namedBy(file: WorkloadFile): { readonly key: string; readonly name: string; readonly kinds: readonly WorkloadKind[] } | undefined {
  if ("assignedDevice" in file) return { key: "vm", name: file.assignedDevice.vm, kinds: ["vm"] };
  if ("pin" in file && file.pin.owner !== undefined) return { key: "owner", name: file.pin.owner, kinds: processKinds };
  return undefined;
}

/** What is wrong with the list: names twice, and names of others that stand nowhere above. */
export function checkWorkloads(files: readonly WorkloadFile[]): PathProblem[] {
  const seen = new Map<string, WorkloadKind>();
  return files.flatMap((file, index) => {
    const path: Path = ["workloads", index];
    const { kind, name: own } = titleOf(file);
    const problems = checkEntry(file, path);
    const other = namedBy(file);
    const known = [...seen].filter(([, one]) => other?.kinds.includes(one) === true).map(([one]) => one);
    if (other !== undefined && !known.includes(other.name)) problems.push({ path: [...path, kind, other.key], message: `no ${other.kinds.join(", ")} "${other.name}" above it; ${suggestion(other.name, known)}` });
    if (seen.has(own)) problems.push({ path: [...path, kind, "name"], message: `the name "${own}" is used twice; results go by name, give the workload another one` });
    seen.set(own, kind);
    return problems;
  });
}

/** Expectations of workloads that there are none of. */
export function checkNames(files: readonly WorkloadFile[], expectations: readonly object[]): PathProblem[] {
  const names = files.map((file) => titleOf(file).name);
  return expectations.flatMap((one, index) => ("workload" in one && typeof one.workload === "string" && !names.includes(one.workload) ? [{ path: ["expect", index, "workload"], message: `no workload "${one.workload}"; ${suggestion(one.workload, names)}` }] : []));
}
