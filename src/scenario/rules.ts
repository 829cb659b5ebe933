// The rules that tests name by id, one line each: of decoders (C), of interleaving as Linux sets it up (L), of Timeout & Isolation (T, TS, TB, TR);
// those of Linux's memory side (A, S) stand in seed-rules.ts.

import type { Rule } from "./seed-rules.ts";
import { assemblyRules, seedRules } from "./seed-rules.ts";

const list = (prefix: string, rows: readonly (readonly [text: string, clause: string])[]): Rule[] => rows.map(([text, clause], index) => ({ id: `${prefix}${index + 1}`, text, clause }));

/** What the specification and Linux ask of decoders, interleaving and isolation. */
const sheetRules: readonly Rule[] = [
  ...list("C", [
    ["Commit 0 to 1: Committed or Error Not Committed within 10 ms", "CXL 8.2.4.20.12"],
    ["With Lock On Commit the hardware checks order, wrap, divisibility, distinct targets and the decoder before", "CXL 8.2.4.20.12"],
    ["Without Lock On Commit it checks none of that", "CXL 8.2.4.20.12"],
    ["Decoders are committed in order and by ascending address; Linux refuses out of order by itself", "CXL 8.2.4.20.12, Linux"],
    ["Size 0 can be committed and takes no part in decode", "CXL 8.2.4.20.12"],
    ["More UIO decoders than the component has: the commit fails", "CXL 8.2.4.20.12"],
    ["While the check runs registers are not to be written", "CXL 8.2.4.20.12"],
    ["After an error software clears Commit and tries again; the error bit goes with Commit (INFERRED)", "CXL 8.2.4.20.12"],
    ["A committed decoder with Lock On Commit is read only until reset", "CXL 8.2.4.20.13"],
    ["Clearing Commit of an unlocked decoder uncommits it at once", "CXL 8.2.4.20.13"],
    ["Reserved or impossible interleave encodings are not committed (INFERRED)", "-"],
    ["256 MiB granularity by register width; three-way families divisible by 3", "CXL 8.2.4.20"],
    ["BI is set before commit on components that can have it", "CXL 8.2.4.20.7"],
    ["A device decoder beyond the capacity commits; what lies beyond is a miss (UNKNOWN)", "-"],
    ["Linux commits from the endpoint up to the host bridge", "Linux"],
    ["Linux uncommits in reverse: Commit off, then size and base to 0", "Linux"],
    ["Linux writes base, size, targets or skip, high halves first, then control", "Linux"],
    ["Linux commits no endpoint decoder while a sanitize runs", "Linux"],
  ]),
  ...list("L", [
    ["Below a window of more than one way a user's region takes the window's granularity; firmware's keep their own", "CEDT 4, Linux"],
    ["Region ways are the window's times a power of two", "CEDT 4, Linux"],
    ["The host bridge's granularity is the region's times the window's ways (a third of them for 3, 6, 12)", "CEDT 4, Linux"],
    ["Deeper levels: the parent's granularity times the parent's ways", "CEDT 4, Linux"],
    ["The result is a legal granularity, or the region is refused", "CEDT 4, Linux"],
    ["Share of a device times ways is the region's size", "CEDT 4, Linux"],
  ]),
  ...list("T", [
    ["Isolation enabled and the link goes down for any reason: isolation, by link down", "CXL 12.3"],
    ["Timeout enabled and no complete response in time: timeout status", "CXL 12.3"],
    ["Both: isolation, not by link down", "CXL 12.3"],
    ["Link Down Enable: the port forces and holds the link down while isolated", "CXL 8.2.4.24.2"],
    ["Interrupt enabled: one message on entry", "CXL 12.3"],
    ["ERR_COR enabled: one message on entry", "CXL 12.3"],
    ["Isolation off and the device gone: accesses fail in the host, the platform decides", "CXL 9.9"],
    ["A forced link down does not set the by-link-down status (INFERRED)", "-"],
    ["A timeout without isolation: the platform decides (UNKNOWN)", "-"],
    ["A CXL.cache response that is only partly there counts as late", "CXL 12.3.1"],
    ["A DPC trigger is a link down for isolation (INFERRED)", "-"],
    ["So are secondary bus reset, link disable and slot power off (INFERRED)", "-"],
  ]),
  ...list("TS", [
    ["Status 0: CXL.mem transaction timeout", "CXL 8.2.4.24.3"], ["Status 3:1 reserved", "CXL 8.2.4.24.3"], ["Status 4: CXL.cache transaction timeout", "CXL 8.2.4.24.3"], ["Status 7:5 reserved", "CXL 8.2.4.24.3"],
    ["Status 8: CXL.mem isolated; writing 1 leaves isolation", "CXL 8.2.4.24.3"], ["Status 9: by link down", "CXL 8.2.4.24.3"], ["Status 11:10 reserved", "CXL 8.2.4.24.3"], ["Status 12: CXL.cache isolated", "CXL 8.2.4.24.3"],
    ["Status 13: CXL.cache by link down", "CXL 8.2.4.24.3"], ["Status 14: root port busy", "CXL 8.2.4.24.3"], ["Status 31:15 reserved", "CXL 8.2.4.24.3"],
  ]),
  ...list("TB", [
    ["Isolated: outstanding and new reads end with a synchronous exception (poison)", "CXL 12.3.2"], ["Outstanding and new writes are completed and dropped", "CXL 12.3.2"], ["Memory contents are lost", "CXL 12.3"],
    ["Everything below the root port is covered", "CXL 12.3"], ["CXL.io is not affected by isolation itself (INFERRED)", "-"], ["All ones are not the isolation behaviour", "CXL 8.2.4.20.13"], ["Answers are quick", "CXL 12.3"],
  ]),
  ...list("TR", [
    ["Wait until root port busy is 0", "CXL 12.3"], ["Writing 1 to status 8 or 12 ends isolation", "CXL 8.2.4.24.3"], ["The link passes through down before re-enumeration", "CXL 12.3"], ["The device was reset: full re-enumeration", "CXL 12.3"],
    ["Decoders above keep their programming (INFERRED)", "-"], ["Memory comes back as new and empty", "CXL 12.3"], ["A device that keeps failing is taken off line by software", "CXL 12.3"],
  ]),
];

/** Every rule, in order of the report. */
export const rules: readonly Rule[] = [...sheetRules, ...assemblyRules, ...seedRules];

/** Rules that want a bundled scenario beside their tests: all of the source documents, but those that say nothing to run. */
export const wantsScenario = ({ id, exempt }: Rule): boolean => id.startsWith("S") && exempt === undefined;
