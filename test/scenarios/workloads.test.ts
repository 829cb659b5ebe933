// The scenarios of workloads: each holds, and does not where one thing about its workload or its host is otherwise.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { planScenario } from "../../src/scenario/plan.ts";
import { workloadSchema } from "../../src/scenario/workloads.ts";
import { bundledScenarios } from "../support/library.ts";
import { runText } from "../support/scenarios.ts";

const files = Object.fromEntries(Object.entries(bundledScenarios()).filter(([file]) => file.startsWith("scenarios/workloads/")).map(([file, text]) => [file.replace(/^.*\/|\.yaml$/g, ""), text]));

/** Scenario, what stands there, what stands there instead. */
const otherwise: readonly (readonly [string, string | RegExp, string])[] = [
  ["vm-restarts", "restart: 200ms, toleratesLoss: true", "restart: 2s"],
  ["vm-survives", "onSigbus: survive", "onSigbus: die"],
  ["vm-survives-lockups", "softLockupPanic: true", "softLockupPanic: false"],
  ["vm-survives-until-revoked", "onSigbus: survive", "onSigbus: die"],
  ["database-movable", "workingSet: 1MiB", "workingSet: 1MiB, dirty: 0%"],
  ["database-writes-out", "copies: 100%", "copies: 0%"],
  ["database-huge", "pages: 2MiB", "pages: 4KiB"],
  ["page-cache-read", "kernelReads: 100%", "kernelReads: 0%"],
  ["page-cache-mapped", "kernelReads: 0%", "kernelReads: 50%"],
  ["page-cache-dirty", "dirty: 100%", "dirty: 0%"],
  ["kernel-user", "memory: \"${dax:region0}\", bound: true", "nodes: [0]"],
  ["kernel-user-movable", "online: online_movable", "online: online_kernel"],
  ["kernel-reader", /\n {2}- kernelReader.*/, ""],
  ["rdma", /rdma: \{ name: storage,/, "vm: { name: storage,"],
  ["assigned-device", "releases: with-owner", "releases: never"],
  ["assigned-device-stays", "releases: never", "releases: with-owner"],
  ["pin-short", "until: 400ms", "until: 40ms"],
  ["pin-of-process", ", owner: vm1", ""],
];

describe("scenarios of workloads", () => {
  it("every one has a situation in which it does not hold", () => {
    expect(Object.keys(files).filter((name) => !otherwise.some(([one]) => one === name))).toEqual([]);
  });

  it.each(otherwise)("%s holds, and does not with %s -> %s", (name, stands, instead) => {
    const text = files[name] ?? "";
    expect(runText(name, text).result.status).toBe("pass");
    const changed = text.replace(stands, instead);
    expect(changed).not.toBe(text);
    const { result } = runText(name, changed);
    expect([name, result.status === "pass"]).toEqual([name, false]);
  });
});

describe("docs/workloads.md", () => {
  const page = readFileSync(new URL("../../docs/workloads.md", import.meta.url), "utf8");
  const keys = workloadSchema.options.flatMap((option) => Object.entries(option.shape).flatMap(([kind, entry]) => Object.keys(entry.shape).map((key) => [kind, key] as const)));

  it("has every kind, and every key of every kind but the name", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    const common = { "those with a process": ["vm", "database", "pageCache", "rdma"], "all but `pin`, `kernelReader`": ["vm", "database", "pageCache", "kernelUser", "rdma", "assignedDevice"], "all but `pin`": ["vm", "database", "pageCache", "kernelUser", "kernelReader", "rdma", "assignedDevice"] };
    let last: readonly string[] = [];
    const told = rows.flatMap((row) => {
      const [, key = "", of = ""] = row.split("|").map((cell) => cell.trim());
      last = of === "the same" ? last : (Object.entries(common).find(([words]) => words === of)?.[1] ?? [...of.matchAll(/`(\w+)`/g)].map(([, kind]) => kind ?? ""));
      return last.map((kind) => `${kind} ${key.replaceAll("`", "")}`);
    });
    expect(keys.filter(([kind, key]) => key !== "name" && !told.includes(`${kind} ${key}`))).toEqual([]);
    expect([...new Set(keys.map(([kind]) => kind))].filter((kind) => !rows.some((row) => row.startsWith(`| \`${kind}\` |`)))).toEqual([]);
  });
});

const base = files["rdma"] ?? "";
const problemsOf = (workloads: string): string => {
  try {
    planScenario("bad.yaml", base.replace(/workloads:\n(?: .*\n)+/, `workloads:\n${workloads}`));
    return "none";
  } catch (thrown) {
    return String(thrown);
  }
};

describe("what a workload may not say", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["a name twice", '  - vm: { name: a, memory: x }\n  - vm: { name: a, memory: y }\n', /:16:\d+: workloads\.1\.vm\.name: the name "a" is used twice/],
    ["a device of nobody", '  - vm: { name: vm1, memory: x }\n  - assignedDevice: { name: nic, vm: vm2 }\n', /workloads\.1\.assignedDevice\.vm: no vm "vm2" above it; did you mean "vm1"\?/],
    ["an owner without a process", '  - kernelReader: { name: k, memory: x }\n  - pin: { name: p, memory: x, owner: k }\n', /workloads\.1\.pin\.owner: no vm, database, pageCache, rdma "k" above it/],
    ["a size of no pages", "  - database: { name: db, size: 1000 }\n", /database\.size: 1000 bytes are no whole pages of 4096 bytes/],
    ["a size of no huge pages", "  - database: { name: db, size: 3MiB, pages: 2MiB }\n", /3145728 bytes are no whole pages of 2097152 bytes/],
    ["two places", "  - database: { name: db, size: 4MiB, nodes: [1], memory: x }\n", /database\.nodes: nodes and memory both say/],
    ["bound to nothing", "  - pageCache: { name: web, size: 4MiB, bound: true }\n", /pageCache\.bound: bound to which nodes\?/],
    ["a short pin without an end", "  - pin: { name: p, memory: x, kind: short }\n", /pin\.until: a short pin is dropped some time/],
    ["a working set that is no line", "  - vm: { name: a, memory: x, workingSet: 100 }\n", /vm\.workingSet: 100 bytes are no whole lines/],
    ["an unknown word", "  - vm: { name: a, memory: x, onSigbus: live }\n", /vm\.onSigbus: .*expected one of "die"\|"survive"/],
    ["an unknown kind", "  - guest: { name: a, memory: x }\n", /unknown key "guest"/],
    ["an unknown key", "  - rdma: { name: a, memory: x, vcpus: 2 }\n", /unknown key "vcpus"/],
  ];
  it.each(cases)("%s", (_what, workloads, message) => {
    expect(problemsOf(workloads)).toMatch(message);
  });

  it("an expectation of a workload that there is none of", () => {
    expect(() => planScenario("bad.yaml", base.replace("workload: storage, field: killed", "workload: storages, field: killed"))).toThrow(/expect\.\d\.workload: no workload "storages"; did you mean "storage"\?/);
  });

  it("memory that is not there, and not enough of it, end the run with the workload's name", () => {
    const run = (workload: string) => runText("x.yaml", base.replace(/workloads:\n(?: .*\n)+/, `workloads:\n${workload}`).replace(/ {2}- \{ workload.*\n/g, "")).result;
    expect(run('  - vm: { name: vm1, memory: "${dax:region7}" }\n')).toMatchObject({ status: "fail", reason: expect.stringContaining("workload 1 (vm1): ${dax:region7}: region7 has 0 dax devices") as string });
    expect(run("  - database: { name: db, size: 100GiB }\n")).toMatchObject({ status: "fail", reason: expect.stringContaining("workload 1 (db)") as string });
  });
});
