import { describe, expect, it } from "vitest";
import { createRandom } from "./random.ts";
import type { Strategy, Task, TaskContext } from "./task.ts";
import { ForgottenTaskError, ScheduleMismatchError, checkTasks, createScheduler, createTaskLedger, hasReady, join, nextWakeTime, point, runOne, sleep, spawn, task, until, wake, wakeSleepers } from "./task.ts";

interface Context extends TaskContext { readonly seen: string[] }

const twoSteps = task("twoSteps", function* (context: Context, name: string): Task<string> {
  context.seen.push(`${name}1`);
  yield point(`middle:${name}`);
  context.seen.push(`${name}2`);
  return name;
});

function runAll(strategy: Strategy): { seen: string[]; choices: number[] } {
  const context: Context = { tasks: createTaskLedger(), seen: [] };
  const scheduler = createScheduler(strategy);
  for (const name of ["a", "b", "c"]) spawn(scheduler, name, twoSteps(context, name));
  while (hasReady(scheduler)) runOne(scheduler, () => 0);
  checkTasks(context.tasks);
  return { seen: context.seen, choices: [...scheduler.choices] };
}

describe("tasks", () => {
  it("the fixed strategy runs the oldest ready task first", () => {
    expect(runAll({ kind: "fixed" }).seen).toEqual(["a1", "b1", "c1", "a2", "b2", "c2"]);
  });

  it("the same seed gives the same order, and some seed gives another", () => {
    const order = (seed: number): string => runAll({ kind: "seeded", random: createRandom(seed) }).seen.join();
    expect(order(7)).toBe(order(7));
    expect(new Set([1, 2, 3, 4, 5, 6, 7, 8].map(order)).size).toBeGreaterThan(1);
  });

  it("recorded choices repeat a seeded run", () => {
    const first = runAll({ kind: "seeded", random: createRandom(3) });
    expect(runAll({ kind: "recorded", choices: first.choices, next: 0 }).seen).toEqual(first.seen);
  });

  it("a recorded choice that names no ready task is an error with its place", () => {
    expect(() => runAll({ kind: "recorded", choices: [0, 9], next: 0 })).toThrow(ScheduleMismatchError);
  });

  it("[rule 8] a task that was made and never started fails the run", () => {
    const context: Context = { tasks: createTaskLedger(), seen: [] };
    const outer = task("outer", function* (inside: Context): Task<void> {
      twoSteps(inside, "forgotten");
      yield point("outer");
    });
    const scheduler = createScheduler({ kind: "fixed" });
    spawn(scheduler, "outer", outer(context));
    while (hasReady(scheduler)) runOne(scheduler, () => 0);
    expect(() => checkTasks(context.tasks)).toThrow(ForgottenTaskError);
  });

  it("sleepers wake in order of time, equal times in order of falling asleep", () => {
    const seen: string[] = [];
    const scheduler = createScheduler({ kind: "fixed" });
    const sleeper = function* (name: string, nanoseconds: number): Task<void> {
      yield sleep(nanoseconds);
      seen.push(name);
    };
    for (const [name, time] of [["late", 30], ["first", 10], ["second", 10]] as const) spawn(scheduler, name, sleeper(name, time));
    let now = 0;
    for (let guard = 0; guard < 20; guard++) {
      if (hasReady(scheduler)) runOne(scheduler, () => now);
      else if (nextWakeTime(scheduler) >= 0) wakeSleepers(scheduler, (now = nextWakeTime(scheduler)));
    }
    expect(seen).toEqual(["first", "second", "late"]);
    expect(now).toBe(30);
  });

  it("a channel wakes all its waiters once, and join waits for an end", () => {
    const seen: string[] = [];
    const scheduler = createScheduler({ kind: "fixed" });
    const waiter = spawn(scheduler, "waiter", (function* (): Task<void> { yield until("irq"); seen.push("woken"); })());
    spawn(scheduler, "joiner", (function* (): Task<void> { yield* join(scheduler, waiter); seen.push("joined"); })());
    while (hasReady(scheduler)) runOne(scheduler, () => 0);
    expect(seen).toEqual([]);
    wake(scheduler, "irq");
    while (hasReady(scheduler)) runOne(scheduler, () => 0);
    expect(seen).toEqual(["woken", "joined"]);
  });
});
