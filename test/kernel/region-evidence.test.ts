// What is left of a failed assembly and what it is worth: evidence in listings, state compared with a user's half-made region, who gets the memory and
// whether it works (seeds S8, S10, S11, S14, S20, S21, S23, S26).

import { describe, expect, it } from "vitest";
import { ledgers } from "../../src/kernel/cxl/ledgers.ts";
import { decoderOf, isDecoder, isRegion, regionOf } from "../../src/kernel/cxl/types.ts";
import { busDevices, findDevice } from "../../src/kernel/base/device.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { FirmwareSetup } from "../../src/platform/firmware-setup.ts";
import { assembly, bootWith, decoderAt, read, regionOver, start, store, wideMachine } from "../support/firmware-regions.ts";
import type { SetupOptions } from "../support/firmware-regions.ts";
import type { Booted } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";

const two = regionOver(["d00", "d01"]);
const over = (ways: number): Partial<FirmwareSetup> => ({ regions: [regionOver(Array.from({ length: ways }, (_, n) => `d0${n}`))], softReserved: [{ base: start, size: 256n * MiB * BigInt(ways) }] });
const daxDevices = "/sys/bus/dax/devices";
/** Bytes of every dax device. */
const served = (booted: Booted): bigint => (booted.files.exists(daxDevices) ? booted.files.list(daxDevices) : []).reduce((sum, name) => sum + BigInt(booted.read(`${daxDevices}/${name}/size`).trim()), 0n);
const owners = (booted: Booted): string[] => (booted.files.exists(daxDevices) ? booted.files.list(daxDevices) : []).map((name) => (booted.files.readlink(`${daxDevices}/${name}`).includes("hmem") ? "hmem" : "cxl"));
const softReserved = (change: Partial<KernelPolicies["softReserved"]>): Partial<KernelPolicies> => ({ softReserved: { ...defaultPolicies.softReserved, ...change } });

/** The failures of S8 and S26: a boundary that fits no region, a member that is not there, a check that refuses. */
const failures: Readonly<Record<string, (options: SetupOptions) => Booted>> = {
  "boundary mismatch": (options) => bootWith(wideMachine(1, 2), { regions: [two], softReserved: [{ base: start + 1024n * MiB, size: 512n * MiB }] }, options),
  "missing member": (options) => bootWith(wideMachine(1, 2, 256, ["d01"]), over(2), options),
  "validation failure": (options) => bootWith(wideMachine(1, 2), { ...over(2), decoders: [decoderAt("hb0", { isCommitted: false })] }, options),
};

describe("[S8] one decision for every kind of failure", () => {
  for (const [name, boot] of Object.entries(failures)) {
    it(`[S8] [POL-FAILOVER] ${name}: hmem with failover, nobody without`, () => {
      const hmem = (failover: boolean): number => owners(boot({ policies: softReserved({ failover }) })).filter((owner) => owner === "hmem").length;
      expect([hmem(true), hmem(false)]).toEqual([1, 0]);
    });
  }
});

describe("[S26] unregistering and the takeover of Soft Reserved memory", () => {
  for (const owner of ["mode-variable", "global-teardown", "per-range"] as const) {
    for (const onFailure of ["unregister-a", "unregister-b"] as const) {
      it(`[S26] [S58] [POL-ASM] ${onFailure} with ${owner}: all Soft Reserved memory is in dax devices`, () => {
        for (const name of ["missing member", "validation failure"]) {
          const booted = failures[name]?.({ policies: { ...assembly({ onFailure }), ...softReserved({ owner }) } });
          expect([name, booted === undefined ? -1n : served(booted)]).toEqual([name, 512n * MiB]);
        }
      });
    }
  }
});

describe("[S10] a broken interleave in the hands of dax", () => {
  const granularity = 256n;
  for (const platformFailure of ["reset", "machine-check", "hang-until-watchdog"] as const) {
    for (const lost of [0, 2, 3]) {
      it(`[S10] four ways, position ${lost} gone, platform ${platformFailure}: a quarter of the granules fails, and no other`, () => {
        const booted = bootWith({ ...wideMachine(1, 4, 256, [`d0${lost}`]), platformFailure }, over(4));
        expect([owners(booted), served(booted)]).toEqual([["hmem"], 1024n * MiB]);
        const failing: bigint[] = [];
        const granules = 64n;
        for (let granule = 0n; granule < granules; granule++) {
          for (const offset of [0n, granularity - 8n]) {
            const address = start + granule * granularity + offset;
            if (booted.kernel.platform.memory.load(address, 8).status !== "ok") failing.push(granule);
          }
        }
        expect(failing).toEqual(Array.from({ length: 16 }, (_, stride) => BigInt(stride * 4 + lost)).flatMap((granule) => [granule, granule]));
        expect(booted.system.hardware.hostState).toBe("running");
      });
    }
  }
});

describe("[S11] a benign failure", () => {
  it("[S11] [S57] hardware decodes and the kernel cannot follow (no decoder in a passthrough bridge): every access works, through hmem", () => {
    const machine = wideMachine(1, 1);
    const passThrough: MachineDescription = { ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, decoders: 0 })) };
    const booted = bootWith(passThrough, over(1));
    expect([read(booted, "region0/commit"), owners(booted), served(booted)]).toEqual(["0", ["hmem"], 256n * MiB]);
    const { memory } = booted.kernel.platform;
    for (let n = 0n; n < 64n; n++) expect(memory.store(start + n * 4_194_304n, 8, 0x1234n + n)).toBe("ok");
    for (let n = 0n; n < 64n; n++) expect(memory.load(start + n * 4_194_304n, 8)).toEqual({ status: "ok", value: 0x1234n + n });
  });
});

describe("[S14] a region that stopped half-way, by itself and by a user", () => {
  /** State of the region and of what the one member's path has, field by field. */
  function stateOf(booted: Booted): Record<string, unknown> {
    const { kernel } = booted;
    const fields: Record<string, unknown> = {};
    const region = busDevices(kernel, "cxl").find(isRegion);
    if (region === undefined) throw new Error("no region");
    const { rootDecoder, resource, targets, ...record } = regionOf(region);
    for (const [name, value] of Object.entries(record)) fields[`region.${name}`] = value;
    Object.assign(fields, { "region.root": rootDecoder.name, "region.start": resource?.start, "region.end": resource?.end, "region.held": resource?.parent?.name, "region.targets": targets.map((target) => target?.name) });
    for (const name of ["decoder1.0", "decoder2.0"]) {
      const device = findDevice(kernel, "cxl", name);
      if (device === undefined || !isDecoder(device)) throw new Error(`no ${name}`);
      const { port, root: _root, endpoint, targets: ways, targetIds: _ids, region: used, ...decoder } = decoderOf(device);
      for (const [key, value] of Object.entries(decoder)) fields[`${name}.${key}`] = value;
      Object.assign(fields, { [`${name}.port`]: port.name, [`${name}.region`]: used?.name ?? "", [`${name}.targets`]: ways.map((way) => way?.id ?? -1) });
      if (endpoint !== null) Object.assign(fields, { [`${name}.dpa`]: endpoint.dpa, [`${name}.mode`]: endpoint.mode, [`${name}.state`]: endpoint.state, [`${name}.position`]: endpoint.position });
    }
    return fields;
  }

  const auto = (): Booted => bootWith(wideMachine(1, 2, 256, ["d01"]), { regions: [two] });
  function byUser(): Booted {
    const booted = bootWith(wideMachine(1, 2, 256, ["d01"]), {});
    const values: readonly (readonly [string, string])[] = [
      ["decoder0.0/create_ram_region", "region0"], ["region0/interleave_granularity", "256"], ["region0/interleave_ways", "2"], ["region0/size", "0x20000000"],
      ["decoder2.0/mode", "ram"], ["decoder2.0/dpa_size", "0x10000000"], ["region0/target0", "decoder2.0"],
    ];
    for (const [path, value] of values) store(booted, path, value);
    return booted;
  }

  it("[S14] both hold the same addresses and device memory; they differ in what firmware committed, the state of the decoder, and the flag", () => {
    const [a, b] = [stateOf(auto()), stateOf(byUser())];
    const differing = Object.keys(a).filter((name) => JSON.stringify(a[name], text) !== JSON.stringify(b[name], text));
    expect(differing.toSorted()).toEqual([
      // Committed by firmware: enabled, and with it what the bridge's decoder is programmed with.
      "decoder1.0.isEnabled", "decoder1.0.region", "decoder1.0.size", "decoder1.0.start", "decoder1.0.targets", "decoder1.0.ways", "decoder2.0.isEnabled",
      // A staged decoder is not the region's yet (S20); a user's is from the start.
      "decoder2.0.region", "decoder2.0.state", "region.isAuto",
    ].toSorted());
    expect([a["decoder2.0.state"], b["decoder2.0.state"], a["decoder2.0.isEnabled"], b["decoder2.0.isEnabled"], a["region.isAuto"], b["region.isAuto"]]).toEqual(["auto-staged", "manual", true, false, true, false]);
    const strip = (booted: Booted): unknown => ({ ...ledgers(booted.kernel), decoders: [] });
    expect(strip(auto())).toEqual(strip(byUser()));
  });

  it("[S14] [S15] that difference is what userspace cannot undo: the user's member gives its memory back, firmware's does not", () => {
    for (const [booted, errors] of [[byUser(), ""], [auto(), "echo: write error: Device or resource busy\n"]] as const) {
      store(booted, "region0/target0", "");
      expect(booted.command("echo 0 > /sys/bus/cxl/devices/decoder2.0/dpa_size").stderr).toBe(errors);
    }
  });
});

const text = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

describe("[S20] the listing as evidence", () => {
  const listing = (booted: Booted): unknown => JSON.parse(booted.command("cxl list -RDTi -r region0").stdout) as unknown;
  const golden = (ways: number, arrived: readonly number[]) => [{
    decoder: "decoder0.0", resource: 17_179_869_184, size: 8_589_934_592, interleave_ways: 1, max_available_extent: 8_589_934_592, volatile_capable: true, accelmem_capable: true, qos_class: 0, nr_targets: 1,
    targets: [{ target: "pci0000:10", alias: "ACPI0016:00", position: 0, id: 0 }],
    "regions:decoder0.0": [{
      region: "region0", resource: 17_179_869_184, size: ways * 268_435_456, type: "ram", interleave_ways: ways, interleave_granularity: 256, decode_state: "reset", state: "disabled", locked: false,
      mappings: arrived.map((memdev, slot) => ({ position: slot, memdev: `mem${memdev}`, decoder: `decoder${memdev + 2}.0` })).toReversed(),
      qos_class_mismatch: true,
    }],
  }];
  const cases: readonly (readonly [number, number])[] = [[2, 1], [4, 1]];

  for (const [ways, lost] of cases) {
    it(`[S20] ${ways - 1} of ${ways}: interleave_ways says what was expected, mappings what came`, () => {
      const booted = bootWith(wideMachine(1, ways, 256, [`d0${lost}`]), over(ways));
      expect(listing(booted)).toEqual(golden(ways, Array.from({ length: ways - 1 }, (_, n) => n)));
    });
  }

  it("[S3] [S20] the evidence stays after whatever happens later", () => {
    const booted = bootWith(wideMachine(1, 4, 256, ["d01"]), over(4));
    const before = listing(booted);
    for (const line of ["cxl list -RDi", "cxl disable-region region0", "cxl destroy-region region0", "daxctl list", "cxl create-region -d decoder0.0 -m -t ram mem0", "cxl destroy-region -f region3"]) booted.command(line);
    booted.settle();
    expect((listing(booted) as { readonly "regions:decoder0.0": unknown }[])[0]?.["regions:decoder0.0"]).toEqual((before as { readonly "regions:decoder0.0": unknown }[])[0]?.["regions:decoder0.0"]);
  });

  it("[S21] no key tells why, which card, or when", () => {
    const keys = (value: unknown): string[] => (Array.isArray(value) ? value.flatMap(keys) : typeof value === "object" && value !== null ? Object.entries(value).flatMap(([key, inner]) => [key, ...keys(inner)]) : []);
    for (const [ways, lost] of cases) {
      const found = keys(listing(bootWith(wideMachine(1, ways, 256, [`d0${lost}`]), over(ways))));
      expect(found.filter((key) => /err|fail|reason|serial|time|date|when|missing|absent/i.test(key))).toEqual([]);
    }
  });
});

describe("[S23] the first symptom", () => {
  it("[S23] is capacity that is not there: none of the region's without failover, none lost with it, and the missing card's share is counted in both", () => {
    const described = 512n * MiB;
    const lost = (failover: boolean): bigint => described - served(bootWith(wideMachine(1, 2, 256, ["d01"]), over(2), { policies: softReserved({ failover }) }));
    expect([lost(false), lost(true)]).toEqual([described, 0n]);
    expect(described - served(bootWith(wideMachine(1, 2), over(2)))).toBe(0n);
  });

});

describe("[S2] who may have the addresses of a region that waits", () => {
  it("[S2] [POL-HPAHOLD] [POL-ASM] nobody at-construct (ERANGE); anybody after-assembly, or once the region is unregistered", () => {
    const machine = wideMachine(1, 2, 256, ["d01"]);
    const narrow = { ...machine, windows: machine.windows.map((window) => ({ ...window, size: 512n * MiB })) };
    const sizeStored = (change: Partial<KernelPolicies["assembly"]>): string => {
      const booted = bootWith(narrow, { regions: [two] }, { policies: assembly(change) });
      const name = read(booted, "decoder0.0/create_ram_region");
      for (const [path, value] of [["decoder0.0/create_ram_region", name], [`${name}/interleave_granularity`, "256"], [`${name}/interleave_ways`, "1"]] as const) store(booted, path, value);
      return booted.command(`echo 0x10000000 > /sys/bus/cxl/devices/${name}/size`).stderr;
    };
    const full = "echo: write error: Numerical result out of range\n";
    expect([sizeStored({ hpaHold: "at-construct" }), sizeStored({ hpaHold: "after-assembly" }), sizeStored({ onFailure: "unregister-a" }), sizeStored({ onFailure: "unregister-b" })]).toEqual([full, "", "", ""]);
  });
});
