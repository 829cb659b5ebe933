// Every look, asked on the way of a run and with what no page asks: it changes nothing, and has an answer.

import { describe, expect, it } from "vitest";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import type { LookName, LookQuestion } from "../../src/sandbox/live/looks.ts";
import { looks } from "../../src/sandbox/live/looks.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { twoCards } from "../support/session.ts";

const texts = bundledScenarios();
const open = (text: string): Live => createLive(modules.release, { file: "looks.yaml", text, includes: {}, seed: 1, schedule: "fixed" });

type Questions = { readonly [N in LookName]: LookQuestion<N> };

/** A question for each look, with a part, a name and a number that may be foreign. */
const questions = (part: string, name: string, number: number): Questions => ({
  accesses: { of: part, register: name, from: number, most: number }, actions: { kind: "root port", name: part }, compose: { kind: "root port", name: part, id: name, values: { [name]: name } },
  columns: { from: number }, find: { filter: { text: name, parts: [part] }, from: number, direction: "forward", most: number }, host: { withOwners: true }, log: { from: number, most: number },
  machine: { most: number }, memory: { most: number }, outcome: {}, recordChoices: {}, records: { filter: { fromNs: number, toNs: number }, from: number, most: number },
  registers: { of: part, structures: [name], registers: [name] }, workloads: {},
});

function ask<N extends LookName>(live: Live, name: N, question: LookQuestion<N>): unknown {
  const look = looks[name] as unknown as (run: Live, asked: LookQuestion<N>) => unknown;
  return look(live, question);
}

const names = Object.keys(looks) as LookName[];
/** Every look answers, with plain data that can go from worker to page. */
const askAll = (live: Live, asked: Questions): void => names.forEach((name) => {
  const answer = ask(live, name, asked[name]);
  expect([name, typeof answer, structuredClone(answer)]).toEqual([name, "object", answer]);
});

describe("looks", () => {
  it.each(["isolation/h-behind-switch", "recovery/hmem-memory", "assembly/s20-three-of-four"])("leave no trace: asked from power-on to the end, the run comes to what one that nobody looks at comes to (%s)", (name) => {
    const text = texts[`scenarios/${name}.yaml`] ?? "";
    const unseen = open(text);
    unseen.go({ kind: "end" }).goOn(() => false);
    const seen = open(text);
    const way = seen.go({ kind: "end" });
    for (let step = 1; way.goOn(() => true) === "paused"; step++) if (step < 4 || step % 401 === 0) askAll(seen, questions("rp0", "timeoutIsolation.status", 40));
    expect(seen.status.result).toEqual(unseen.status.result);
    expect(seen.run.system.kernel.log).toEqual(unseen.run.system.kernel.log);
  });

  it("answer questions that are older than the run, or that no page asks", () => {
    const live = open(twoCards());
    live.go({ kind: "ready" }).goOn(() => false);
    const { length } = live.trace;
    const before = live.run.system.hardware.digest("access");
    for (const part of ["rp0", "nobody", "__proto__", "constructor", ""]) askAll(live, questions(part, part, 10));
    for (const number of [Number.NaN, -1, 1e18, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.3, length - 0.05]) askAll(live, questions("rp0", "*x", number));
    const { lines } = looks.log(live, { from: 0, most: 2 });
    expect(lines).toHaveLength(2);
    expect(looks.log(live, { from: -3, most: 2 })).toMatchObject({ from: 0, lines });
    expect([live.trace.length, live.run.system.hardware.digest("access")]).toEqual([length, before]);
  });
});
