import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { it } from "vitest";
import { findTable } from "../../src/kernel/acpi/tables.ts";
import { importTwin } from "../../src/scenario/twin/import-twin.ts";
import { checkTwin } from "../../src/sandbox/twin-check.ts";
import { Session } from "../../src/sandbox/session.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { parseCapture } from "../../src/scenario/twin/capture-json.ts";
import { isForeseen } from "../../src/scenario/twin/reasons.ts";
import { modules } from "../support/machine.ts";
const root = "scenarios";
const only = process.env["ONLY"] ?? "";
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml") && name.includes(only)).sort();
const part = Number(process.env["PART"] ?? "0"), of = Number(process.env["OF"] ?? "1");
it("all", () => {
  let same = 0; let seen = 0;
  const machines = new Set<string>();
  for (const [n, file] of files.entries()) {
    if (n % of !== part) continue;
    const text = readFileSync(join(root, file), "utf8");
    let plan;
    try { plan = planScenario(file, text); } catch (e) { console.log(file, "PLAN", String(e).slice(0, 100)); continue; }
    const key = JSON.stringify([plan.machine, plan.firmware, plan.steps, plan.policies], (_, v) => (typeof v === "bigint" ? String(v) : v));
    if (machines.has(key)) continue;
    machines.add(key);
    let said = "";
    let session;
    try {
    session = new Session(modules.release, plan, { seed: 1, schedule: "fixed", at: { kind: "ready" }, output: { out: (t) => void (said += t), err: () => undefined } });
    if (session.arrive(() => false) === "missed") { console.log(file, "MISSED", session.death); continue; }
    } catch (e) { console.log(file, "BOOT", String(e).slice(0, 200)); continue; }
    const run = (line: string): string => { said = ""; session.start(line); session.goOn(() => false); return said; };
    const list = run("cxl list -vvv");
    const iomem = run("cat /proc/iomem");
    const lspci = run("lspci -xxxx");
    const cedt = findTable(session.run.system.kernel, "CEDT")?.bytes ?? new Uint8Array();
    seen++;
    try {
      const twin = importTwin({ cxlList: { file, text: list }, iomem: { file: "iomem", text: iomem }, lspci: { file: "lspci", text: lspci }, cedt: { file: "cedt", bytes: cedt } });
      const check = checkTwin(modules.release, planScenario(file, twin.text), parseCapture(file, list, ""), "cxl list -vvv");
      const open = check.differences.filter((one) => process.env["ALL"] || !isForeseen(one));
      if (check.failure === null && open.length === 0) same++;
      else console.log(file, check.failure ?? "", open.length, "of", check.differences.length, open.slice(0, 4).map((one) => `\n    ${one.place.slice(-120)}: ${one.captured} | ${one.twin}`).join(""));
      if (process.env["SHOW"]) console.log(twin.text);
    } catch (e) { console.log(file, "IMPORT", (e as Error).name, (e as Error).message.slice(0, 300), (e as Error).name === "CaptureFileError" ? "" : (e as Error).stack?.slice(0,500)); }
  }
  console.log("same", same, "of", seen);
}, 600000);
