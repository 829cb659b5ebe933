// A scenario's machine at a moment: its tree in a folder, and what our own commands print then.

import { existsSync, mkdtempSync, opendirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModule, planScenario } from "../../dist/src/sandbox.js";
import { DriveError, runTask } from "../../dist/src/sandbox/drive.js";
import { exportTree } from "../../dist/src/sandbox/export.js";
import { approach, parseMoment } from "../../dist/src/sandbox/moment.js";
import { openRun } from "../../dist/src/sandbox/run.js";
import { writeEntry } from "../../dist/src/cli/tree-writer.js";
import { inDirectoryOrder } from "../../dist/src/userland/directory-order.js";
import { runCommand } from "../../dist/src/userland/run.js";

export const moments = ["ready", "end"];

/** What our own command prints; `isAsked` is false when the machine cannot be asked any more. @typedef {{ readonly stdout: string, readonly stderr: string, readonly isAsked: boolean }} Own */
/**
 * `isOrdered`: folders list their names in the kernel's order.
 * @typedef {{ readonly folder: string, readonly isOrdered: boolean, readonly regions: number, readonly daxDevices: number, readonly own: (words: readonly string[]) => Own }} Machine
 */

/** @typedef {(names: readonly string[]) => readonly string[]} Order */
/** Where trees are written, and in which order so that folders list their names as the kernel does; without a memory file system they list them in their own. @typedef {{ readonly folder: string, readonly order: Order | null }} Work */

const memoryFolder = "/dev/shm";

/** Names as the file system gives them; readdir of Node sorts. @param {string} folder */
function namesInOrder(folder) {
  const names = [];
  const open = opendirSync(folder);
  for (let entry = open.readSync(); entry !== null; entry = open.readSync()) names.push(entry.name);
  open.closeSync();
  return names;
}

/** A folder in memory lists names in the order in which they were made, or the other way round; others by hashes of their own. @returns {Work} */
export function findWork() {
  const folder = mkdtempSync(join(existsSync(memoryFolder) ? memoryFolder : tmpdir(), "real-tools-"));
  const names = ["m", "c", "x", "a", "t", "b"];
  for (const name of names) writeFileSync(join(folder, name), "");
  const listed = namesInOrder(folder).join();
  for (const name of names) rmSync(join(folder, name));
  const orders = new Map([[names.join(), inDirectoryOrder], [names.toReversed().join(), (/** @type {readonly string[]} */ all) => inDirectoryOrder(all).toReversed()]]);
  return { folder, order: orders.get(listed) ?? null };
}

const { module } = await loadModule();

/** Does what reads registers, which takes time on a machine, and puts the hardware back to where it stood: all answers are of one moment. @template T @param {import("../../dist/src/sandbox/contract.js").OpenRun} run @param {() => T} act */
function atMoment(run, act) {
  const before = run.system.hardware.snapshot();
  try {
    return act();
  } finally {
    run.system.hardware.restore(before);
  }
}

/** Lists without waiting on any machine, also one that has stopped; what asks devices needs one that goes on. @param {import("../../dist/src/sandbox/contract.js").OpenRun} run @param {string} line @returns {Own} */
function ownAnswer(run, line) {
  const { system, files } = run;
  const isWaiting = line.startsWith("cxl ") && line.includes("-vvv");
  if (!isWaiting) {
    const { done, value } = atMoment(run, () => runCommand(system.kernel, files, line).next());
    if (done !== true) throw new Error(`"${line}" waits`);
    return { stdout: value.stdout, stderr: value.stderr, isAsked: true };
  }
  try {
    return { ...runTask(system, line, runCommand(system.kernel, files, line)), isAsked: true };
  } catch (error) {
    if (!(error instanceof DriveError)) throw error;
    return { stdout: "", stderr: "", isAsked: false };
  }
}

/** The machine, or why there is none. @param {string} file @param {string} text @param {string} moment @param {Work} work @returns {Machine | string} */
export function openAt(file, text, moment, work) {
  const run = openRun(module, planScenario(file, text), { seed: 1, schedule: "fixed", keepTrace: false });
  if (approach(run, parseMoment(moment)).goOn(() => false) === "missed") return `${moment} was not reached (${run.failure ?? run.end?.kind ?? "over"})`;
  const folder = mkdtempSync(join(work.folder, "tree-"));
  atMoment(run, () => {
    for (const entry of exportTree(run.files, "", work.order ?? undefined)) writeEntry(folder, entry, true);
  });
  const { files } = run;
  const count = (/** @type {string} */ bus, /** @type {RegExp} */ name) => (files.exists(`/sys/bus/${bus}/devices`) ? files.list(`/sys/bus/${bus}/devices`).filter((one) => name.test(one)).length : 0);
  return { folder, isOrdered: work.order !== null, regions: count("cxl", /^region\d+$/), daxDevices: count("dax", /^dax/), own: (words) => ownAnswer(run, words.join(" ")) };
}
