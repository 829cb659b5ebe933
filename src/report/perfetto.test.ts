import { describe, expect, it } from "vitest";
import { readPerfetto } from "../../test/support/perfetto.ts";
import type { TracePacket } from "../../test/support/perfetto.ts";
import { traced } from "../../test/support/shown-runs.ts";
import { reportOf, resultWith, surroundings } from "../../test/support/reports.ts";
import { perfetto } from "./perfetto.ts";
import type { RunReport } from "./reporter.ts";

const file = "scenarios/isolation/c-interleaved.yaml";
const { result, trace } = traced(file);
const report = (run: RunReport, target?: string) => perfetto.report(run, surroundings(), target).files ?? [];
const [written] = report({ ...reportOf([result]), traces: new Map([[0, trace]]) });
const packets = readPerfetto(written?.content as Uint8Array);

const [sliceBegin, sliceEnd, instant, counter] = [1, 2, 3, 4];

/** Names by their numbers, as the packets told them. */
const namesIn = (kind: "eventNames" | "eventCategories"): Map<number, string> => new Map(packets.flatMap(({ internedData }) => internedData?.[kind] ?? []).map(({ iid, name }) => [iid, name]));
const names = namesIn("eventNames");
const tracks = new Map(packets.flatMap(({ trackDescriptor: one }) => (one === undefined ? [] : [[one.uuid, one] as const])));
const processes = new Map([...tracks.values()].flatMap(({ uuid, process }) => (process === undefined ? [] : [[uuid, process.processName] as const])));
const trackOf = ({ trackEvent }: TracePacket): string => {
  const track = tracks.get(trackEvent?.trackUuid ?? 0);
  return `${processes.get(track?.parentUuid ?? 0)}/${track?.name}`;
};
const events = packets.filter(({ trackEvent }) => trackEvent !== undefined);
const on = (track: string, type: number): TracePacket[] => events.filter((packet) => trackOf(packet) === track && packet.trackEvent?.type === type);

describe("a file for Perfetto", () => {
  it("begins with its clock, nanoseconds since power-on, and what holds for all packets", () => {
    expect(packets[0]).toMatchObject({ sequenceFlags: 1, firstPacketOnSequence: true, clockSnapshot: { clocks: [{ clockId: 6, timestamp: 0 }], primaryTraceClock: 6 }, tracePacketDefaults: { timestampClockId: 6 } });
    expect(new Set(packets.map(({ trustedPacketSequenceId }) => trustedPacketSequenceId))).toEqual(new Set([1]));
    expect(packets.slice(1).every(({ sequenceFlags }) => sequenceFlags === 2)).toBe(true);
  });

  it("has processes for scenario, machine, kernel and workloads, and below them the tracks", () => {
    expect([...processes.values()]).toEqual(["scenario", "machine", "kernel", "workloads"]);
    const paths = [...tracks.values()].map(({ name, parentUuid }) => `${processes.get(parentUuid ?? 0) ?? ""}/${name}`);
    for (const path of ["machine/rp0", "machine/rp0 isolated", "machine/rp0 link down", "machine/dev0", "kernel/log", "kernel/marks", "kernel/recovery 0000:0c:00.0", "kernel/machine checks per ms", "workloads/vm1", "workloads/requests in flight", "workloads/bytes answered", "scenario/steps", "scenario/faults"]) expect(paths).toContain(path);
    expect(paths.length).toBe(new Set(paths).size);
  });

  it("describes every track before its first event and tells every name before it is used", () => {
    const known = new Set<number>();
    const told = new Set<number>();
    for (const { trackDescriptor, trackEvent, internedData } of packets) {
      if (trackDescriptor !== undefined) known.add(trackDescriptor.uuid);
      for (const { iid } of internedData?.eventNames ?? []) told.add(iid);
      if (trackEvent === undefined) continue;
      expect(known.has(trackEvent.trackUuid)).toBe(true);
      expect(trackEvent.nameIid === undefined || told.has(trackEvent.nameIid)).toBe(true);
    }
    expect(names.size).toBe(told.size);
  });

  it("is in order of time, and every slice that begins ends, none before it began", () => {
    const times = events.map(({ timestamp }) => timestamp ?? 0);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const depth = new Map<number, number>();
    for (const { trackEvent } of events) {
      if (trackEvent === undefined || trackEvent.type > sliceEnd) continue;
      const now = (depth.get(trackEvent.trackUuid) ?? 0) + (trackEvent.type === sliceBegin ? 1 : -1);
      expect(now === 0 || now === 1).toBe(true);
      depth.set(trackEvent.trackUuid, now);
    }
    expect([...depth.values()].every((value) => value === 0)).toBe(true);
    expect(depth.size).toBeGreaterThan(10);
  });

  it("shows isolation from set to cleared, the recovery's states and the commands of steps as slices", () => {
    const [begin] = on("machine/rp0 isolated", sliceBegin);
    const [end] = on("machine/rp0 isolated", sliceEnd);
    expect((begin?.timestamp ?? 0) < (end?.timestamp ?? 0)).toBe(true);
    const stateNames = on("kernel/recovery 0000:0c:00.0", sliceBegin).map(({ trackEvent }) => names.get(trackEvent?.nameIid ?? 0));
    expect(stateNames).toEqual(["NOTIFIED", "FENCED", "EVACUATED", "UNBOUND", "REMOVED", "LINK_DOWN", "CLEARED", "LINK_UP", "ENUMERATED", "RECREATED"]);
    expect(on("scenario/steps", sliceBegin).map(({ trackEvent }) => names.get(trackEvent?.nameIid ?? 0))).toEqual(result.commands.map(({ command }) => command));
  });

  it("shows faults, log lines, marks and interrupts as instants", () => {
    expect(on("scenario/faults", instant).map(({ timestamp, trackEvent }) => [timestamp, names.get(trackEvent?.nameIid ?? 0)])).toEqual(result.faults.map(({ id, firstAtNs }) => [firstAtNs, `fault ${id}`]));
    expect(on("kernel/log", instant).map(({ trackEvent }) => names.get(trackEvent?.nameIid ?? 0))).toContain("cxl_isolation 0000:0c:00.0: recovery: RECOVERED");
    expect(on("scenario/scenario events", instant).some(({ timestamp, trackEvent }) => names.get(trackEvent?.nameIid ?? 0) === "ready" && (timestamp ?? 0) > 0)).toBe(true);
    expect([...namesIn("eventCategories").values()]).toEqual(expect.arrayContaining(["isolated", "link down", "recovery", "fault", "log", "interrupt", "machine check", "mark"]));
  });

  it("counts machine checks over time: the sum of all windows is the metric", () => {
    const values = on("kernel/machine checks per ms", counter).map(({ trackEvent }) => trackEvent?.counterValue ?? 0);
    expect(values.reduce((sum, value) => sum + value, 0)).toBe(result.metrics.machineChecks);
    expect(values.at(-1)).toBe(0);
  });

  it("requests in flight come back to nothing, and bytes answered only rise", () => {
    expect(on("workloads/requests in flight", counter).at(-1)?.trackEvent?.counterValue).toBe(0);
    const bytes = on("workloads/bytes answered", counter).map(({ trackEvent }) => trackEvent?.counterValue ?? 0);
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
    expect(bytes.at(-1)).toBeGreaterThan(0);
  });
});

describe("names of files for Perfetto", () => {
  const runs = [resultWith({ file: "a/x.yaml", seed: 1 }), resultWith({ file: "b/x.yaml", seed: 1 }), resultWith({ file: "b/y.yaml", seed: 2 })];
  const all = { ...reportOf(runs), traces: new Map([[0, trace], [1, trace], [2, trace]]) };

  it("are those of scenario and seed, with the folder where two would have one name", () => {
    expect(report(all).map(({ name }) => name)).toEqual(["a-x-seed1.pftrace", "b-x-seed1.pftrace", "y-seed2.pftrace"]);
  });

  it("a file that is named is it where there is one run, and the beginning where there are more", () => {
    expect(report({ ...all, traces: new Map([[2, trace]]) }, "/d/one.pftrace").map(({ name }) => name)).toEqual(["/d/one.pftrace"]);
    expect(report(all, "/d/all.pftrace").map(({ name }) => name)).toEqual(["/d/all-a-x-seed1.pftrace", "/d/all-b-x-seed1.pftrace", "/d/all-y-seed2.pftrace"]);
  });
});
