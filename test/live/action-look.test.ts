// What pointing offers for a part: every action of the schema, with values with which a scenario loads and the fault acts.

import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { actionSchemas } from "../../src/scenario/schema.ts";
import { actionsLook, composeLook } from "../../src/sandbox/live/action-look.ts";
import { notOffered, offers } from "../../src/sandbox/live/action-offers.ts";
import type { PointedKind } from "../../src/sandbox/live/action-offers.ts";
import type { ActionOffer, ComposeLook } from "../../src/sandbox/live/action-types.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { readAction } from "../../src/scenario/read-action.ts";
import { modules } from "../support/machine.ts";

/** One of every kind of part, with cards that can come, isolation of both halves, dynamic capacity, and somebody at work. */
const rich = `version: 1
name: rich
machine:
  hostBridges:
    - rootPorts:
        - name: rp0
          isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3, cache: true, cacheTimeout: true }
          device: { name: dev0, volatile: 512MiB, persistent: 512MiB, mailbox: { dynamicRegions: [{ length: 512MiB }] } }
          alternates: [{ name: spare, volatile: 512MiB }]
        - { name: rp1, switch: { name: sw0, ports: [{ name: dsp0, device: { name: dev1, volatile: 256MiB } }, { name: dsp1, present: false, device: { name: late, volatile: 256MiB } }] } }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
kernel: { preset: isolation-safe }
steps: [{ run: "cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram" }]
workloads: [{ vm: { name: vm1, memory: "\${dax:region0}", rate: 1M/s, reads: 70% } }]
limits: { time: 60ms }
`;

const pointed: readonly { readonly kind: PointedKind; readonly name: string }[] = [
  { kind: "host bridge", name: "hb0" }, { kind: "root port", name: "rp0" }, { kind: "root port", name: "rp1" }, { kind: "switch", name: "sw0" }, { kind: "downstream port", name: "dsp0" }, { kind: "downstream port", name: "dsp1" },
  { kind: "device", name: "dev0" }, { kind: "device", name: "dev1" }, { kind: "region", name: "region0" }, { kind: "host", name: "" },
];

/** Offers whose fault waits for what this run may never do: the action stands, nothing has come that it is done to. */
const waiting: Readonly<Record<string, string>> = {
  kernelStep: "the step is met when Linux does such a thing again",
  commandTimeout: "a command is met when somebody sends one", commandError: "as above", truncateOutput: "as above", corruptOutput: "as above",
  interruptBackground: "there is no operation under way",
};

function open(text: string): Live {
  return createLive(modules.release, { file: "rich.yaml", text, includes: {}, seed: 1, schedule: "fixed" });
}

function atReady(): Live {
  const live = open(rich);
  live.go({ kind: "ready" }).goOn(() => false);
  live.go({ kind: "time", atNs: live.status.readyAtNs + 2_000_000 }).goOn(() => false);
  return live;
}

const composeUsual = (live: Live, question: (typeof pointed)[number], { id, parameters }: ActionOffer): ComposeLook => composeLook(live, { ...question, id, values: Object.fromEntries(parameters.map(({ key, value }) => [key, value])) });

const usual = (live: Live, question: (typeof pointed)[number], id: string): ComposeLook => {
  const offer = actionsLook(live, question).offers.find((one) => one.id === id);
  if (offer === undefined) throw new Error(`no ${id} for ${question.name}`);
  return composeUsual(live, question, offer);
};

describe("what pointing at a part offers", () => {
  const live = atReady();

  it("has every action of the schema for some kind of part, or says why not", () => {
    const known = new Set<string>([...offers.map(({ action }) => action), ...Object.keys(notOffered)]);
    expect(Object.keys(actionSchemas).filter((name) => !known.has(name))).toEqual([]);
    expect(new Set(offers.map(({ action, variant }) => `${action} ${variant ?? ""}`)).size).toBe(offers.length);
  });

  it("offers what a kind of part and its state suit", () => {
    const ids = (kind: PointedKind, name: string): string[] => actionsLook(live, { kind, name }).offers.map(({ id }) => id);
    expect(ids("root port", "rp0")).toEqual(expect.arrayContaining(["linkDown", "unplug", "plug", "replaceDevice", "dropResponse", "cacheTimeout", "stuckRegister busy"]));
    expect(ids("root port", "rp1")).not.toContain("plug");
    expect(ids("root port", "rp1")).not.toContain("cacheTimeout");
    expect(ids("downstream port", "dsp1")).toContain("plug");
    expect(ids("downstream port", "dsp1")).not.toContain("unplug");
    expect(ids("host bridge", "hb0")).not.toContain("linkDown");
    expect(ids("device", "dev0")).toContain("addDynamicCapacity");
    expect(ids("device", "dev1")).not.toContain("addDynamicCapacity");
    expect(ids("region", "region0")).toEqual(["kernelStep"]);
  });

  it("explains every parameter, and lists the values of those that are names", () => {
    for (const question of pointed) {
      const { offers: found, fields } = actionsLook(live, question);
      for (const { id, parameters } of found) for (const { key, about, choices } of parameters) {
        expect([id, key, about.length > 0]).toEqual([id, key, true]);
        if (key === "state" || key === "log" || key === "card" || key === "with") expect([id, key, choices.length > 0]).toEqual([id, key, true]);
        if (choices === "fields") expect(fields.length).toBeGreaterThan(10);
      }
    }
  });

  it("names the port that holds a card where the action is the port's, and what the kernel calls it where Linux fails", () => {
    expect(usual(live, { kind: "device", name: "dev1" }, "unplug above")).toMatchObject({ kind: "action", line: "unplug: dsp0", fault: { when: { at: "2ms" }, do: { unplug: "dsp0" } } });
    expect(usual(live, { kind: "device", name: "dev0" }, "kernelStep")).toMatchObject({ line: expect.stringMatching(/^kernelStep: \{ of: mem\d, step: mem\.endpoint \}$/) as string });
  });

  it("counts from power-on before ready", () => {
    const early = open(rich);
    early.go({ kind: "time", atNs: 3_000_000 }).goOn(() => false);
    expect(usual(early, { kind: "root port", name: "rp0" }, "linkDown")).toMatchObject({ fault: { when: { at: "3ms", from: "boot" } } });
  });

  it("says what is wrong with a value, and takes nothing for another action", () => {
    const compose = (values: Readonly<Record<string, string>>): ComposeLook => composeLook(live, { kind: "device", name: "dev0", id: "poison", values });
    expect(compose({ dpa: "5" })).toEqual({ kind: "problems", problems: [expect.stringContaining("multiples of 64")] });
    expect(compose({})).toEqual({ kind: "problems", problems: [expect.stringContaining("dpa")] });
    expect(compose({ dpa: "0x40 }, linkDown: rp0, x: { a: 1" }).kind).toBe("problems");
    expect(compose({ dpa: "0x40", device: "dev1" })).toMatchObject({ line: "poison: { device: dev0, dpa: 64 }" });
    expect(composeLook(live, { kind: "device", name: "dev0", id: "linkDown", values: {} }).kind).toBe("problems");
  });
});

interface Case {
  readonly question: (typeof pointed)[number];
  readonly offer: ActionOffer;
}

/** What takes a card or a link away leaves nothing for others to be done to: each has a run of its own; the others of a group share one. */
function batchesOf(live: Live): (readonly [string, readonly Case[]])[] {
  const seen = new Set<string>();
  const isNew = (key: string): boolean => !seen.has(key) && seen.add(key).has(key);
  const batches = new Map<string, Case[]>();
  for (const question of pointed) for (const offer of actionsLook(live, question).offers) {
    if (!isNew(`${question.kind} ${offer.id}`)) continue;
    const name = offer.group === "Link and card" ? `${question.name}: ${offer.id}` : offer.group;
    batches.set(name, [...(batches.get(name) ?? []), { question, offer }]);
  }
  return [...batches];
}

describe("an offered action with its usual values", () => {
  const live = atReady();

  it.each(batchesOf(live))("is one that a scenario takes and that acts there (%s)", (_, batch) => {
    const faults = batch.map(({ question, offer }, index) => {
      const composed = composeUsual(live, question, offer);
      if (composed.kind === "problems") throw new Error(`${question.name}: ${offer.id}: ${composed.problems.join("; ")}`);
      expect(Object.keys(readAction(live.run.plan.machine, composed.line))).toEqual(Object.keys(composed.fault.do));
      return { id: `pointed-${index}`, ...composed.fault };
    });
    const edited = open(`${rich}faults:\n${stringify(faults)}`);
    edited.go({ kind: "end" }).goOn(() => false);
    const at = edited.status.readyAtNs + 2_000_000;
    for (const [index, { question, offer: { id } }] of batch.entries()) {
      const what = `${question.name}: ${id}`;
      const { fired = false, firstAtNs = null } = edited.status.result?.faults.find((fault) => fault.id === `pointed-${index}`) ?? {};
      const isWaiting = Object.hasOwn(waiting, id.split(" ")[0] ?? "");
      if (!isWaiting) expect([what, fired, firstAtNs]).toEqual([what, true, at]);
      else if (fired) expect([what, firstAtNs ?? 0]).toEqual([what, expect.toSatisfy((time: number) => time >= at)]);
    }
  });
});
