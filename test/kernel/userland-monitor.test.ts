// cxl monitor: events as JSON with the fields of the kernel's records (format files of a real 7.2), followed until interrupted, or in the background.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cxlEvents } from "../../src/kernel/trace/ring.ts";
import { fieldsOf } from "../../src/userland/trace-fields.ts";
import { capturedLines } from "../support/captured-events.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { pass, store, tracing, twoDevices } from "../support/memdev.ts";
import { runText } from "../support/scenarios.ts";

const capture = new URL("../fixtures/captures/linux/4-events/", import.meta.url);
/** Fields of each event's record, in order, as the format files of the real kernel declare them. */
const declared = new Map(readFileSync(new URL("event-fields.txt", capture), "utf8").trim().split("\n").map((line) => [line.split(": ")[0] ?? "", (line.split(": ")[1] ?? "").split(" ")] as const));
const eventsOf = (text: string): Readonly<Record<string, unknown>>[] => text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

describe("fields of an event", () => {
  it("are those that a real kernel declares, in its order, but for the header log that the text does not show", () => {
    expect([...declared.keys()].toSorted()).toEqual([...cxlEvents]);
    for (const event of cxlEvents) expect([event, Object.keys(fieldsOf(event, "") ?? {})]).toEqual([event, declared.get(event)?.filter((name) => name !== "header_log")]);
  });

  it("of a real kernel's lines are numbers for flags and symbols, lists for bytes, text for names", () => {
    const parsed = capturedLines.flatMap((line) => {
      const match = /: (cxl_\w+): (.*)$/.exec(line);
      return match === null ? [] : [{ event: match[1] ?? "", text: match[2] ?? "", fields: fieldsOf(match[1] ?? "", match[2] ?? "") }];
    });
    expect(parsed.length).toBe(44);
    const textual = new Set(["memdev", "host", "hdr_uuid", "region_uuid", "region_name", "region", "uuid"]);
    for (const { event, text, fields } of parsed) {
      for (const [name, value] of Object.entries(fields ?? {})) {
        const kind = textual.has(name) ? "string" : Array.isArray(value) ? "list" : "number";
        expect([event, name, kind === "list" ? "list" : typeof value === "bigint" || Number.isInteger(value) ? "number" : typeof value]).toEqual([event, name, kind]);
      }
      const dpa = / dpa=(?:0x)?([0-9a-f]+)/.exec(text)?.[1];
      if (dpa !== undefined) expect(fields?.["dpa"]).toBe(BigInt(`0x${dpa}`));
      if (fields?.["comp_id"] !== undefined) expect(fields["comp_id"]).toHaveLength(16);
      if (event === "cxl_dram") expect(fields?.["cor_mask"]).toHaveLength(32);
    }
  });

  it("come from flags by name and number, from parts, and from what has no name", () => {
    expect(fieldsOf("cxl_overflow", "memdev=mem0 host=0000:0d:00.0 serial=-1: log=Fatal : 3 records from 10 to 20")).toEqual({ memdev: "mem0", host: "0000:0d:00.0", log: 3, serial: (1n << 64n) - 1n, first_ts: 10n, last_ts: 20n, count: 3n });
    expect(fieldsOf("cxl_aer_uncorrectable_error", "memdev=mem0 host=0000:0d:00.0 serial=5: status: 'Cache Data ECC Error | IDE Rx Error' first_error: 'Cache Data ECC Error'")).toMatchObject({ serial: 5n, status: 0x10008, first_error: 8 });
    const header = "memdev=mem0 host=h serial=1 log=Warning : time=7 uuid=u len=128 flags='MAINTENANCE_NEEDED | 0x800' handle=1f related_handle=0 maint_op_class=0 maint_op_sub_class=0 ld_id=0 head_id=0 : ";
    expect(fieldsOf("cxl_generic_event", `${header}01 ff 00`)).toMatchObject({ log: 1, hdr_flags: 0x808, hdr_handle: 0x1fn, hdr_timestamp: 7n, data: [1, 255, 0] });
    expect(fieldsOf("cxl_memory_sparing", `${header}flags='Hard Sparing' result=2 validity_flags='RANK|ROW' spare resource avail=9 channel=0`)).toMatchObject({ hdr_flags: 0x808, flags: 2, result: 2n, validity_flags: 34, res_avail: 9n });
    expect(fieldsOf("cxl_memory_module", `${header}event_type='Life Used Change' health_status='' media_status='Not Ready' as_life_used=Critical as_dev_temp=Warning as_cor_vol_err_cnt=Normal as_cor_per_err_cnt=Warning device_temp=-3`)).toMatchObject({ event_type: 2, media_status: 1, add_status: 0b10_0110n, device_temp: -3n });
    expect(fieldsOf("sched_switch", "prev=x")).toBeUndefined();
  });
});

describe("cxl monitor", () => {
  const start = (booted: Booted, options = ""): void => expect(booted.command(`cxl monitor --daemon -l /tmp/log ${options}`)).toEqual({ exitCode: 0, stdout: "", stderr: "" });

  it("in the background writes every event that comes, one line each, and none of before", () => {
    const booted = bootMachine(twoDevices());
    booted.command("cxl inject-media-poison mem0 -a 0x1000");
    pass(booted, 1e6);
    start(booted);
    expect(booted.read("/tmp/log")).toBe("");
    booted.command("cxl clear-media-poison mem0 -a 0x1000");
    booted.command("cxl inject-media-poison mem1 -a 0x2000");
    pass(booted, 1e6);
    const events = eventsOf(booted.read("/tmp/log"));
    expect(events.map(({ system, event, memdev, dpa }) => [system, event, memdev, dpa])).toEqual([["cxl", "cxl_poison", "mem0", 0x1000], ["cxl", "cxl_poison", "mem1", 0x2000], ["cxl", "cxl_general_media", "mem1", 0x2000]]);
    expect(Object.keys(events[0] ?? {}).slice(0, 4)).toEqual(["system", "event", "timestamp", "memdev"]);
    expect([events[0]?.["trace_type"], events[1]?.["trace_type"], Number(events[0]?.["timestamp"]) > 0]).toEqual([2, 1, true]);
  });

  it("in the background keeps no run busy, and is not heard when it cannot write", () => {
    const booted = bootMachine(twoDevices());
    start(booted, "-u");
    booted.settle();
    expect(store(booted, "/tmp/fill", "x".repeat(16 * 1024 * 1024))).toBe("ok");
    booted.command("cxl inject-media-poison mem0 -a 0x1000");
    pass(booted, 1e6);
    expect([booted.read("/tmp/log"), booted.read(`${tracing}/events/cxl/enable`)]).toEqual(["", "0\n"]);
  });

  it("refuses a log that is no absolute path in the background, and one that cannot be opened", () => {
    const booted = bootMachine(twoDevices());
    const relative = { exitCode: 234, stdout: "", stderr: "  Error: relative path or 'standard' are not compatible with daemon mode\n\n" };
    expect([booted.command("cxl monitor --daemon -l log"), booted.command("cxl monitor --daemon -l standard")]).toEqual([relative, relative]);
    expect(booted.command("cxl monitor -l /nodir/log")).toEqual({ exitCode: 254, stdout: "", stderr: "  Error: open /nodir/log failed: -2\n\n" });
    expect(booted.command("cxl monitor --daemon").stderr).toBe("  Error: open /var/log/cxl-monitor.log failed: -2\n\n");
    expect(booted.command("cxl monitor x").exitCode).toBe(129);
  });

  it("in a scenario's step shows what still comes, and is interrupted when nothing is due any more", () => {
    const scenario = (step: string): string => `version: 1
name: monitor
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { name: card, volatile: 256MiB } }] }] }
steps:
  - run: cxl inject-media-poison mem0 -a 0x40
  - run: ${step}
    exit: 130
  - run: cat /sys/kernel/tracing/events/cxl/enable
expect: []
`;
    const commands = runText("monitor.yaml", scenario("cxl monitor")).result.commands;
    expect(commands.map(({ exitCode }) => exitCode)).toEqual([0, 130, 0]);
    expect(eventsOf(commands[1]?.stdout ?? "").map(({ event, dpa }) => [event, dpa])).toEqual([["cxl_general_media", 0x40]]);
    expect(commands[2]?.stdout).toBe("0\n");
    const human = runText("monitor.yaml", scenario("cxl monitor -u")).result.commands[1]?.stdout ?? "";
    expect([human.startsWith('{\n  "system":"cxl",\n'), (JSON.parse(human) as { event: string }).event]).toEqual([true, "cxl_general_media"]);
  });
});
