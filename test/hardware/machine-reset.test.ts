// Reset of the whole machine, warm and cold: what is forgotten, what lives, what stays broken.

import { describe, expect, it } from "vitest";
import { armProbe } from "../../src/hardware/probes.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, machineOf, offsetOf, openMemory, portOf, setUp } from "../support/machine.ts";

const base = 16n * GiB;
const control = offsetOf("rootPortComponent", "timeoutIsolation", "control");
const status = offsetOf("rootPortComponent", "timeoutIsolation", "status");
const decoderControl = offsetOf("hostBridgeComponent", "hdmDecoderPort", "control");
const isolationEnable = 1 << 16;
const forceLinkDown = 1 << 17;
const isolated = 1 << 8;
const byLinkDown = 1 << 9;
const committed = 1 << 10;

const trainingTime = 100_000;

function ready(): Bench {
  const bench = setUp(machineOf([portOf("rp0"), portOf("rp1")]));
  openMemory(bench);
  bench.ports[0]?.write32(control, isolationEnable | forceLinkDown);
  return bench;
}

function act({ hardware }: Bench, id: number, action: ProbeAction): void {
  armProbe(hardware, id, { match: { kind: "time", at: hardware.now }, action });
  hardware.advanceTo(hardware.now);
}

const idOf = ({ hardware }: Bench, port: string): number => hardware.entities.ports.get(port)?.id ?? -1;
const statusOf = (bench: Bench): number => bench.hardware.peekComponent(idOf(bench, "rp0"), status);

describe("reset of the machine", () => {
  it("[TS5] [S70] the isolation status lives through a warm reset and not through a cold one; what was enabled lives through neither", () => {
    for (const [kind, left] of [["warm", isolated | byLinkDown], ["cold", 0]] as const) {
      const bench = ready();
      act(bench, 0, { kind: "linkDown", port: "rp0" });
      expect(statusOf(bench)).toBe(isolated | byLinkDown);
      bench.hardware.reset(kind);
      expect([kind, statusOf(bench), bench.hardware.peekComponent(idOf(bench, "rp0"), control)]).toEqual([kind, left, 0]);
    }
  });

  it("links train again, decoders are not committed, handles and requests are gone", () => {
    const bench = ready();
    const { hardware, platform } = bench;
    const bridge = hardware.entities.bridges.get("hb0")?.id ?? -1;
    expect(hardware.peekComponent(bridge, decoderControl) & committed).toBe(committed);
    platform.memory.store(base, 8, 42n);
    for (let requester = 0; requester < 8; requester++) platform.memory.issue(requester, "read", base + BigInt(requester) * 64n, 0n);
    expect(hardware.port("rp0").inFlight).toBe(8);
    hardware.reset("warm");
    expect([hardware.port("rp0").inFlight, hardware.port("rp0").link, hardware.peekComponent(bridge, decoderControl) & committed]).toEqual([0, "training", 0]);
    hardware.advanceTo(hardware.now + trainingTime);
    const again = createPlatform(hardware);
    expect([hardware.port("rp0").link, again.memory.takeCompletion(), again.memory.load(base, 8).status]).toEqual(["up", undefined, "ones"]);
  });

  it("a host that was reset or hung runs again", () => {
    const bench = setUp(machineOf([portOf("rp0"), portOf("rp1")]));
    openMemory(bench);
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    bench.platform.memory.issue(0, "read", base, 0n);
    expect(bench.hardware.hostState).toBe("reset");
    bench.hardware.reset("cold");
    expect(bench.hardware.hostState).toBe("running");
  });

  it("what is broken stays broken: a cable that is out, a link that never trains", () => {
    const bench = ready();
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    act(bench, 1, { kind: "neverRetrain", port: "rp1" });
    bench.hardware.reset("cold");
    bench.hardware.advanceTo(bench.hardware.now + 10 * trainingTime);
    expect([bench.hardware.port("rp0").heldBy, bench.hardware.port("rp1").heldBy]).toEqual([["cable"], ["never retrains"]]);
  });

  it("a warm reset with the cable back lets the link train although the status says isolated, and CXL.mem stays isolated until it is cleared", () => {
    const bench = ready();
    const { hardware } = bench;
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    act(bench, 1, { kind: "linkUp", port: "rp0" });
    expect(hardware.port("rp0").heldBy).toEqual(["isolation"]);
    hardware.reset("warm");
    hardware.advanceTo(hardware.now + trainingTime);
    expect([hardware.port("rp0").link, hardware.port("rp0").isIsolated]).toEqual(["up", true]);
  });
});

describe("aside", () => {
  it("nothing of it remains: state, time, trace and who takes the trace are as before", () => {
    const bench = ready();
    const { hardware, platform } = bench;
    let records = 0;
    hardware.storeTrace((words) => void (records += words.length));
    platform.memory.load(base, 8);
    const before = [hardware.now, hardware.digest("access"), hardware.digest("hardware")];
    const seen = hardware.aside(() => {
      platform.memory.store(base, 8, 7n);
      act(bench, 3, { kind: "linkDown", port: "rp0" });
      return [hardware.port("rp0").link, hardware.now];
    });
    hardware.drainTrace();
    const kept = records;
    expect(seen).toEqual(["down", (before[0] as number) + 201]);
    expect([hardware.now, hardware.digest("access"), hardware.digest("hardware")]).toEqual(before);
    expect([hardware.port("rp0").link, platform.memory.load(base, 8).value]).toEqual(["up", 0n]);
    hardware.drainTrace();
    expect(records).toBeGreaterThan(kept);
  });
});
