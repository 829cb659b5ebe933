// Runs real programs on an exported tree: in a mount namespace of their own, below a root folder or on this machine.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** What a program said. @typedef {{ readonly status: number, readonly stdout: string, readonly stderr: string }} Said */
/** @typedef {{ readonly versions: readonly string[], readonly run: (folder: string, commands: readonly (readonly string[])[]) => Said[] }} Runner */

const binaries = ["usr/bin", "usr/sbin", "bin", "sbin", "usr/local/bin"];

/** Where the tree goes; /proc last, since mount itself looks there. Device nodes keep their numbers and open nothing of this machine (nodev). */
const mounts = (/** @type {string} */ root) => ["sys", "dev", "proc"].map((name) => `mount --bind "$tree/${name}" "${root}/${name}" && mount -o remount,bind,nodev "${root}/${name}"`).join(" && ");

const quoted = (/** @type {string} */ word) => `'${word.replaceAll("'", "'\\''")}'`;

/** @param {string} root "" for this machine @param {string} folder @param {readonly (readonly string[])[]} commands @returns {Said[]} */
function run(root, folder, commands) {
  const answers = mkdtempSync(join(tmpdir(), "real-tools-answers-"));
  try {
    const enter = root === "" ? "" : `chroot ${quoted(root)} `;
    const calls = commands.map((words, index) => `${enter}${words.map(quoted).join(" ")} > "$answers/${index}.out" 2> "$answers/${index}.err" < "$answers/none"; echo $? > "$answers/${index}.status"`);
    const script = `tree=${quoted(folder)}; answers=${quoted(answers)}; : > "$answers/none"; ${root === "" ? mounts("") : mounts(root)} || exit 90\n${calls.join("\n")}\n`;
    const { status, stderr, error } = spawnSync("unshare", ["-m", "sh", "-c", script], { encoding: "utf8" });
    if (error !== undefined || status === 90) throw new Error(`the tree cannot be mounted: ${error?.message ?? stderr.trim()}`);
    const read = (/** @type {number} */ index, /** @type {string} */ kind) => readFileSync(join(answers, `${index}.${kind}`), "utf8");
    return commands.map((_, index) => ({ status: Number(read(index, "status")), stdout: read(index, "out"), stderr: read(index, "err") }));
  } finally {
    rmSync(answers, { recursive: true, force: true });
  }
}

/** @param {string} root @param {string} program */
const hasProgram = (root, program) => binaries.some((folder) => existsSync(join(root === "" ? "/" : root, folder, program)));

/** A runner, or why there is none. @param {string | undefined} given @param {readonly string[]} programs @returns {Runner | string} */
export function findRunner(given, programs) {
  const root = given === undefined ? "" : resolve(given);
  if (root !== "" && !existsSync(root)) return `${root} is not there`;
  const missing = programs.filter((program) => !hasProgram(root, program));
  if (missing.length > 0) return `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not installed${root === "" ? "; install them, or name a root folder that has them with --root" : ` in ${root}`}`;
  if (process.getuid?.() !== 0) return "mounting the tree as /sys needs root";
  const probe = spawnSync("unshare", ["-m", "true"], { encoding: "utf8" });
  if (probe.error !== undefined || probe.status !== 0) return `a mount namespace cannot be made (${probe.error?.message ?? probe.stderr.trim()})`;
  if (root !== "") for (const name of ["sys", "dev", "proc"]) mkdirSync(join(root, name), { recursive: true });
  const versions = programs.map((program) => {
    const [command, ...argv] = root === "" ? [program, "--version"] : ["chroot", root, program, "--version"];
    return `${program} ${spawnSync(command ?? "", argv, { encoding: "utf8" }).stdout?.trim() ?? ""}`;
  });
  return { versions, run: (folder, commands) => run(root, folder, commands) };
}
