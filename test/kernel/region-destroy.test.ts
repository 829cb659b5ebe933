// `cxl destroy-region` on a region that firmware made and that failed, under each value of POL-UNWIND (seeds S13, S15; capture 3-fail-missing-sr).

import { describe, expect, it } from "vitest";
import { ledgers } from "../../src/kernel/cxl/ledgers.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import type { FirmwareSetup } from "../../src/platform/firmware-setup.ts";
import { assembly, bootWith, decoderAt, devices, list, read, regionOver, store, wideMachine } from "../support/firmware-regions.ts";
import type { Booted } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";

const empty = { addresses: [], dpa: [], decoders: [] };

describe("[S13] [S15] the tool on a region that failed", () => {
  const destroy = (booted: Booted): { readonly exitCode: number; readonly errors: readonly string[] } => {
    const { exitCode, stderr } = booted.command("cxl destroy-region -f region0");
    return { exitCode, errors: stderr.split("\n").filter((line) => /libcxl|failed|error/.test(line)) };
  };
  const boot = (absent: readonly string[], unwind: KernelPolicies["assembly"]["unwind"], decoders: Partial<FirmwareSetup>["decoders"] = []): Booted =>
    bootWith(wideMachine(1, 2, 256, absent), { regions: [regionOver(["d01", "d00"])], decoders }, { policies: assembly({ unwind }) });
  const notCommitted = [decoderAt("hb0", { isCommitted: false })];

  it("[S15] one of two arrived, in slot 0: ENXIO for target1, nothing was detached", () => {
    const booted = boot(["d01"], "targets");
    const { exitCode, errors } = destroy(booted);
    expect([exitCode, errors[0]]).toEqual([1, "libcxl: cxl_region_get_target_decoder: region0: error locating decoder for target1"]);
    expect(errors).toContain("cxl region: decoder_region_action: region0: failed: No such device or address");
    expect([read(booted, "region0/target0"), list(booted, "region")]).toEqual(["decoder2.0", ["region0"]]);
  });

  it("[S15] slot 0 empty: ENXIO for target0", () => {
    const booted = bootWith(wideMachine(1, 3, 256, ["d02"]), { regions: [regionOver(["d00", "d01", "d02"])], decoders: [decoderAt("hb0", { size: 768n * MiB, targets: [0, 1] })] }, { policies: assembly({}) });
    store(booted, "../drivers/cxl_mem/unbind", "mem0");
    expect([read(booted, "region0/target0"), read(booted, "region0/target1")]).toEqual(["", "decoder3.0"]);
    expect(destroy(booted).errors[0]).toBe("libcxl: cxl_region_get_target_decoder: region0: error locating decoder for target0");
    expect(read(booted, "region0/target1")).toBe("decoder3.0");
  });

  it("[S15] all slots full and not committed: target0 is cleared, then EBUSY at its dpa_size; it stays cleared", () => {
    const booted = boot([], "targets", notCommitted);
    const { exitCode, errors } = destroy(booted);
    expect([exitCode, errors[0]]).toEqual([1, "cxl region: destroy_region: decoder2.0: set_dpa_size failed: Device or resource busy"]);
    expect([read(booted, "region0/target0"), read(booted, "region0/target1"), list(booted, "region")]).toEqual(["", "decoder3.0", ["region0"]]);
  });

  it("[S13] [POL-UNWIND] none: the slot itself is refused", () => {
    const booted = boot([], "none", notCommitted);
    expect(booted.command(`echo > ${devices}/region0/target0`).stderr).toBe("echo: write error: Device or resource busy\n");
    expect(destroy(booted).exitCode).toBe(1);
    expect(read(booted, "region0/target0")).toBe("decoder2.0");
    expect(ledgers(booted.kernel).dpa).toHaveLength(2);
  });

  it("[S13] [POL-UNWIND] full: the same call works, and the region is built again", () => {
    const booted = boot([], "full", notCommitted);
    expect([destroy(booted).exitCode, ledgers(booted.kernel)]).toEqual([0, empty]);
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram -w 2 mem0 mem1").exitCode).toBe(0);
  });

  it("[S13] [POL-UNWIND] none leaves regions of the user's alone", () => {
    const booted = bootWith(wideMachine(1, 2), {}, { policies: assembly({ unwind: "none" }) });
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram -w 2 mem0 mem1").exitCode).toBe(0);
    expect([destroy(booted).exitCode, ledgers(booted.kernel)]).toEqual([0, empty]);
  });
});
