import { describe, expect, inject, it } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import { mailboxDeviceNames, mailboxDevices } from "../oracles/mailbox/devices.ts";
import { mailboxDigest } from "../oracles/mailbox/run.ts";

const { module } = await loadModule("release");

describe("[rule 5] random mailbox transactions in this engine leave the digest that Node left", () => {
  it.each(mailboxDeviceNames)("%s", (name) => {
    expect(mailboxDigest(module, mailboxDevices[name], { transactions: inject("mailboxTransactions"), seed: 1 })).toBe(inject("mailboxDigests")[name]);
  }, 3_600_000);
});
