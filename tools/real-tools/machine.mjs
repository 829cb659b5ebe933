// A scenario's machine at a moment: its tree in a folder, and what our own commands print then.

import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { loadModule, planScenario } from "../../dist/src/sandbox.js";
import { DriveError, runTask } from "../../dist/src/sandbox/drive.js";
import { exportTree } from "../../dist/src/sandbox/export.js";
import { approach, parseMoment } from "../../dist/src/sandbox/moment.js";
import { openRun } from "../../dist/src/sandbox/run.js";
import { writeEntry } from "../../dist/src/cli/tree-writer.js";
import { runCommand } from "../../dist/src/userland/run.js";

export const moments = ["ready", "end"];

/** What our own command prints; `isAsked` is false when the machine cannot be asked any more. @typedef {{ readonly stdout: string, readonly stderr: string, readonly isAsked: boolean }} Own */
/** @typedef {{ readonly folder: string, readonly regions: number, readonly daxDevices: number, readonly own: (words: readonly string[]) => Own }} Machine */

const { module } = await loadModule();

/** The machine, or why there is none. @param {string} file @param {string} text @param {string} moment @param {string} work @returns {Promise<Machine | string>} */
export async function openAt(file, text, moment, work) {
  const run = openRun(module, planScenario(file, text), { seed: 1, schedule: "fixed", keepTrace: false });
  if (approach(run, parseMoment(moment)).goOn(() => false) === "missed") return `${moment} was not reached (${run.failure ?? run.end?.kind ?? "over"})`;
  const folder = mkdtempSync(join(work, "tree-"));
  for (const entry of exportTree(run.files)) writeEntry(folder, entry, true);
  const { system, files } = run;
  const count = (/** @type {string} */ bus, /** @type {RegExp} */ name) => (files.exists(`/sys/bus/${bus}/devices`) ? files.list(`/sys/bus/${bus}/devices`).filter((one) => name.test(one)).length : 0);
  return {
    folder, regions: count("cxl", /^region\d+$/), daxDevices: count("dax", /^dax/),
    own: (words) => {
      // A listing of the tree waits for nothing, so that it works on a machine that has stopped too.
      const command = runCommand(system.kernel, files, words.join(" "));
      const first = command.next();
      if (first.done === true) return { stdout: first.value.stdout, stderr: first.value.stderr, isAsked: true };
      try {
        return { ...runTask(system, words.join(" "), runCommand(system.kernel, files, words.join(" "))), isAsked: true };
      } catch (error) {
        if (!(error instanceof DriveError)) throw error;
        return { stdout: "", stderr: "", isAsked: false };
      }
    },
  };
}
