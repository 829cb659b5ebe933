// Keys of `verdict:` as data: weights, what a reboot and people take, and S92's three conditions (error-recovery 9.3; S73, S92).

import { z } from "zod";
import type { FileOf, Setting, ValueOf } from "../settings.ts";
import { shapeOf } from "../settings.ts";

type WithDefault = Setting & { readonly default: number | string | boolean };

const second = 1_000_000_000;
const mostWeight = 1_000_000;

const weight = (points: number, meaning: string, source: string) => ({ kind: "weight", default: points, range: [0, mostWeight], meaning, source }) as const satisfies WithDefault;
const time = (seconds: number, meaning: string, source: string) => ({ kind: "time", default: seconds * second, meaning, source }) as const satisfies WithDefault;

/** Weights are points (POL-VERDICT); times are nanoseconds. */
export const verdictSettings = {
  downtimeWeight: weight(1, "points for a second in which one workload gives no service", "INFERRED: the unit of the others"),
  killedWeight: weight(30, "points for a killed workload, beside its downtime", "INFERRED: half a minute of one workload, for what it had not saved"),
  lostWeight: weight(1, "points for a GiB of contents that are lost", "INFERRED"),
  strandedWeight: weight(10, "points for a GiB of capacity that gives no service when all is over", "INFERRED"),
  panicWeight: weight(300, "points for a panic, beside what it costs by itself", "INFERRED: five minutes of one workload, for the inquiry"),
  panicsTolerated: { kind: "percent", default: 0, range: [0, 100], meaning: "share of runs that may panic while recovery can still win", source: "S73: recovery wins only if no panic" },
  decisionTime: { kind: "time", default: 1_000_000, meaning: "from the fault to the reset of \"reboot at once\"", source: "INFERRED: an interrupt whose handler reboots" },
  resetDetectionTime: time(10, "until a host that the platform has reset starts again", "INFERRED: management controller"),
  hangDetectionTime: time(300, "until a hung host is reset by its watchdog", "INFERRED: five minutes, usual for an IPMI watchdog"),
  administratorTime: time(1800, "until somebody acts on a host that is wedged, or on a workload that has no memory to come back to", "INFERRED: half an hour"),
  whenWedged: { kind: "choice", values: ["reboot", "keep"], default: "reboot", meaning: "what is then done with a wedged host", source: "INFERRED: its recovery waits without limit (error-recovery 9)" },
  whenStranded: { kind: "choice", values: ["keep", "reboot"], default: "keep", meaning: "what is then done with a host that has memory stranded", source: "INFERRED: it serves on" },
  dumpTime: time(60, "a crash kernel starts and writes its dump, after a panic", "INFERRED: a filtered dump"),
  reboot: { kind: "choice", values: ["warm", "cold"], default: "warm", meaning: "whether sticky registers live through the reboot", source: "INFERRED: reboot(8) resets and takes no power away" },
  firmwareClearsIsolation: { kind: "switch", default: true, meaning: "firmware clears an isolation status that it finds at boot", source: "INFERRED: as it clears other errors that it has logged" },
  firmwareTime: time(120, "firmware from reset to the boot loader, without memory training", "INFERRED: a two-socket server"),
  trainingTime: time(30, "memory training, whatever the size", "INFERRED"),
  trainingTimePerGiB: time(0, "memory training for each GiB of host memory and of CXL memory", "INFERRED: none where firmware keeps the results of the last training"),
  bootTime: time(60, "boot loader to services", "INFERRED"),
  restartTime: time(30, "a workload starts again, where it does not say itself", "INFERRED: a virtual machine boots"),
} as const satisfies Readonly<Record<string, WithDefault>>;

/** S92: without all three nobody has asked for a recovery. They gate the word "recovered" of the verdict, never the outcome. */
export const acceptanceSettings = {
  losesPort: { kind: "switch", default: false, meaning: "whoever runs the host can lose all memory below a root port at a time", source: "S92" },
  userspaceManaged: { kind: "switch", default: false, meaning: "it can be deployed with memory that user space manages", source: "S92, S84" },
  prefersToReboot: { kind: "switch", default: false, meaning: "it is preferred to a reboot", source: "S92" },
} as const satisfies Readonly<Record<string, WithDefault>>;

export type VerdictSettingName = keyof typeof verdictSettings;
export type AcceptanceName = keyof typeof acceptanceSettings;
export const acceptanceNames = Object.keys(acceptanceSettings) as readonly AcceptanceName[];

type Values<T extends Readonly<Record<string, Setting>>> = { readonly [K in keyof T]: ValueOf<T[K]> };

/** Every setting has its value: the file's, or the default. */
export type VerdictSettings = Values<typeof verdictSettings> & { readonly acceptance: Values<typeof acceptanceSettings> };

export type VerdictFile = FileOf<typeof verdictSettings> & { acceptance?: FileOf<typeof acceptanceSettings> | undefined };
export const verdictSchema = z.strictObject({ ...shapeOf(verdictSettings), acceptance: z.strictObject(shapeOf(acceptanceSettings)).optional() }) as unknown as z.ZodType<VerdictFile>;

const defaultsOf = <T extends Readonly<Record<string, WithDefault>>>(table: T): Values<T> => Object.fromEntries(Object.entries(table).map(([key, setting]) => [key, setting.default])) as Values<T>;

/** What a policy value of POL-VERDICT stands for. */
const weightings: Readonly<Record<string, Values<typeof verdictSettings>>> = { default: defaultsOf(verdictSettings) };

const given = (file: object): object => Object.fromEntries(Object.entries(file).filter(([, value]) => value !== undefined));

/** The settings of a file: POL-VERDICT's, changed by what `verdict:` says. */
export function verdictSettingsOf(policy: string, file: VerdictFile | undefined): VerdictSettings {
  const { acceptance, ...rest } = file ?? {};
  return { ...(weightings[policy] ?? defaultsOf(verdictSettings)), ...given(rest), acceptance: { ...defaultsOf(acceptanceSettings), ...given(acceptance ?? {}) } } as VerdictSettings;
}
