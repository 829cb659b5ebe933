// Every policy that was argued over, as data: name, values, owner; and the presets. A preset gives every policy one value.

import { parseTime } from "./units.ts";

export type PolicyOwner = "kernel" | "hardware" | "platform" | "firmware" | "report" | "layout";

interface Policy {
  readonly values: readonly string[];
  readonly owner: PolicyOwner;
  readonly meaning: string;
  /** Values that take a time, with the one they have when none is given: `timeout`, or `timeout(5s)`. */
  readonly times?: Readonly<Record<string, string>>;
}

const kernel = (meaning: string, ...values: string[]): Policy => ({ values, owner: "kernel", meaning });

/** Keys are the policies' names without POL-, lower case. */
export const policies = {
  asm: { ...kernel("Auto region that fails to assemble", "leave", "unregister-a", "unregister-b", "timeout"), times: { timeout: "30s" } },
  failover: kernel("DAX takes the range after a failed assembly", "off", "on"),
  ops: { values: ["continue", "decommission"], owner: "report", meaning: "Verdict on a host that cannot keep its interleave" },
  unwind: kernel("What userspace can undo of an auto region", "none", "targets", "full"),
  log: kernel("Log of a failed assembly", "quiet", "explicit"),
  excl: kernel("Exclusive ownership of a dax range", "none", "resource"),
  own: kernel("Who owns Soft Reserved", "none", "mode-variable", "global-teardown", "per-range"),
  blast: kernel("How far a failure reaches", "global", "per-range"),
  srpub: kernel("Soft Reserved in /proc/iomem", "always", "never", "late"),
  resetgate: kernel("Decoder reset under an hmem dax device", "allow", "deny"),
  sr: kernel("Soft Reserved and regions", "none", "trim", "trim-after-probe", "all-or-nothing", "softened"),
  leftover: kernel("Soft Reserved beyond a region", "waste", "to-dax", "whole-to-hmem"),
  quiesce: { ...kernel("When ownership is decided", "barrier", "delay", "naive-wait"), times: { delay: "10s" } },
  interleave: { values: ["contained", "spread"], owner: "layout", meaning: "`contained` reports a region that spans root ports" },
  offline: kernel("Offlining a block with a raised reference count", "abort", "retry"),
  use: kernel("How CXL memory is used", "system-ram-normal", "system-ram-movable", "device-dax-only", "fsdev"),
  notify: kernel("How the kernel learns of isolation", "none", "interrupt", "interrupt+err-cor", "acpi-notify"),
  hpahold: kernel("When a region takes its address range", "at-construct", "after-assembly"),
  isoexit: { values: ["seed-strict", "cxl-3.2"], owner: "hardware", meaning: "When clearing the status leaves isolation" },
  isoown: { values: ["os", "firmware-enable", "firmware-notify"], owner: "firmware", meaning: "Who may enable isolation and who is told" },
  isoact: kernel("What the kernel does when a port isolates", "none", "panic", "recover"),
  uce: kernel("Uncorrectable CXL error", "unbind-and-reset", "panic-on-any"),
  online: kernel("Default online type of hot-added memory", "online", "offline", "online_kernel", "online_movable"),
  kernel: kernel("Version of behaviours that differ", "7.2", "7.3"),
  recorder: kernel("Order of revoking and removing in recovery", "fence-first", "removal-first"),
  removeveto: kernel("A failed offline vetoes managed removal", "off", "on"),
  isorefuse: kernel("Regions below an isolated port are refused", "off", "on"),
  verdict: { values: ["default"], owner: "report", meaning: "Weights of recovery against reboot" },
  mcesrc: { values: ["native", "firmware-first"], owner: "platform", meaning: "How machine checks are delivered" },
  platform: { values: ["reset", "hang-until-watchdog", "machine-check"], owner: "platform", meaning: "What a dead link or a timeout does without isolation" },
} as const satisfies Readonly<Record<string, Policy>>;

export type PolicyName = keyof typeof policies;
export type PolicyValues = Readonly<Record<PolicyName, string>>;
export const policyNames = Object.keys(policies) as readonly PolicyName[];

/** Reads `value` or `value(TIME)`. `value` is undefined when the policy has none such, `time` null where it takes none. */
export function readPolicyValue(name: PolicyName, text: string): { readonly value: string | undefined; readonly time: number | null } {
  const policy: Policy = policies[name];
  const [, value = text, given] = /^([^()]*)\(([^()]*)\)$/.exec(text) ?? [];
  const time = policy.times !== undefined && Object.hasOwn(policy.times, value) ? policy.times[value] : undefined;
  const nanoseconds = time === undefined ? undefined : parseTime(given ?? time);
  const isLegal = policy.values.includes(value) && (given === undefined || nanoseconds !== undefined);
  return { value: isLegal ? value : undefined, time: nanoseconds ?? null };
}

/** The values of a policy as one writes them. */
export const policyChoices = (name: PolicyName): string[] => {
  const policy: Policy = policies[name];
  return policy.values.map((value) => (policy.times?.[value] === undefined ? value : `${value}(${policy.times[value]})`));
};

const linux72: PolicyValues = {
  asm: "leave", failover: "on", ops: "continue", unwind: "targets", log: "quiet", excl: "resource", own: "per-range", blast: "per-range", srpub: "never", resetgate: "allow",
  sr: "softened", leftover: "whole-to-hmem", quiesce: "barrier", interleave: "spread", offline: "retry", use: "system-ram-normal", notify: "none", hpahold: "at-construct",
  isoexit: "cxl-3.2", isoown: "os", isoact: "none", uce: "unbind-and-reset", online: "online", kernel: "7.2", recorder: "fence-first", removeveto: "off", isorefuse: "off",
  verdict: "default", mcesrc: "native", platform: "reset",
};

/** Each preset as what it changes against linux-7.2. */
const changes: Readonly<Record<string, Partial<PolicyValues>>> = {
  "linux-7.2": {},
  "linux-6.x-old": { failover: "off", unwind: "none", excl: "none", own: "none", sr: "none", srpub: "always", quiesce: "naive-wait" },
  "author-F0": { asm: "timeout", failover: "on", log: "explicit" },
  "maintainer-F0": { asm: "leave", unwind: "full", failover: "off" },
  "ROADMAP-A": { asm: "leave", unwind: "full", failover: "off" },
  "ROADMAP-B": { asm: "unregister-b", failover: "on" },
  "author-F3": { sr: "trim", srpub: "late", leftover: "to-dax", quiesce: "delay" },
  "maintainer-F3": { sr: "all-or-nothing", blast: "global", quiesce: "barrier" },
  "series-v5": { own: "global-teardown", blast: "global" },
  "isolation-safe": { isoact: "recover", use: "device-dax-only", online: "offline", notify: "interrupt", interleave: "contained", isoexit: "cxl-3.2" },
};

export const presetNames: readonly string[] = Object.keys(changes);

/** Policies that a preset names: all others are as in linux-7.2. Empty when there is none of that name. */
export const policiesNamedBy = (preset: string): readonly PolicyName[] => Object.keys(Object.hasOwn(changes, preset) ? (changes[preset] ?? {}) : {}) as PolicyName[];

/** All policies of a preset, or undefined if there is none of that name. */
export function presetValues(name: string): PolicyValues | undefined {
  return Object.hasOwn(changes, name) ? { ...linux72, ...changes[name] } : undefined;
}
