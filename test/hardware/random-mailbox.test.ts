// Module and reference of the mailbox side by side over random transactions, in both builds: every register and payload byte read, every return code,
// every interrupt. `npm run campaign` does the same for longer.

import { describe, expect, it } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import { perform } from "../oracles/mailbox/actions.ts";
import { mailboxDeviceNames, mailboxDevices } from "../oracles/mailbox/devices.ts";
import { bringUpMailbox, mailboxDigest, runMailboxCampaign } from "../oracles/mailbox/run.ts";

const release = (await loadModule("release")).module;
const checked = (await loadModule("checked")).module;
/** Over all devices; a campaign asks for more. */
const total = Number(process.env["CXL_SANDBOX_TRANSACTIONS"] ?? 10_000);
const isCampaign = process.env["CXL_SANDBOX_TRANSACTIONS"] !== undefined;
const perDevice = Math.ceil(total / mailboxDeviceNames.length);

describe("[rule 2] random mailbox transactions leave module and reference equal", () => {
  it.each(mailboxDeviceNames)("%s", (name) => {
    const description = mailboxDevices[name];
    const side = bringUpMailbox([release, checked], description);
    const { transactions, divergences, stories } = runMailboxCampaign(side, description, { transactions: perDevice, seed: 1, stopAfter: 3 });
    if (isCampaign) console.log(`${name}: ${transactions} mailbox transactions, ${divergences} divergences`);
    expect(stories.join("\n\n")).toBe("");
    expect({ transactions, divergences }).toEqual({ transactions: perDevice, divergences: 0 });
  }, 3_600_000);

  it("a reference of another device is told from it, in few actions", () => {
    const description = mailboxDevices["few commands"];
    const side = bringUpMailbox([release], description, { ...description, mailbox: { ...description.mailbox, poisonListSize: 7 } });
    const { divergences, stories } = runMailboxCampaign(side, description, { transactions: 1000, seed: 1, stopAfter: 1 });
    expect(divergences).toBe(1);
    expect(stories[0]).toMatch(/^seed \d+, \d actions after shortening:\n(.*\n)+read \+0x/);
  });

  if (isCampaign) it("event handles go on at 1 behind 65535", () => {
    const description = mailboxDevices["persistent, dynamic capacity"];
    const side = bringUpMailbox([release], description);
    for (let round = 0; round < 0x1_0000 / 8; round++) {
      for (let event = 0; event < 8; event++) side.injectEvent(0, new Uint8Array(128).fill(round));
      perform(side, { kind: "drain", log: 0, most: 8, spoil: 0, time: 2000 });
    }
    expect(side.reference.state.logs[0]?.nextHandle).toBe(2);
  }, 600_000);

  it.each(mailboxDeviceNames)("%s: equal digests of both builds", (name) => {
    const options = { transactions: Math.min(perDevice, 1000), seed: 1 };
    expect(mailboxDigest(checked, mailboxDevices[name], options)).toBe(mailboxDigest(release, mailboxDevices[name], options));
  }, 3_600_000);
});
