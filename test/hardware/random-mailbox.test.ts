// Module and reference of the mailbox side by side over random transactions, in both builds: every register and payload byte read, every return code,
// every interrupt. `npm run campaign` does the same for longer.

import { describe, expect, it } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import { mailboxDeviceNames, mailboxDevices } from "../oracles/mailbox/devices.ts";
import { bringUpMailbox, mailboxDigest, runMailboxCampaign } from "../oracles/mailbox/run.ts";

const release = (await loadModule("release")).module;
const checked = (await loadModule("checked")).module;
/** Over all devices; a campaign asks for more. */
const total = Number(process.env["CXL_SANDBOX_TRANSACTIONS"] ?? 20_000);
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

  it.each(mailboxDeviceNames)("%s: equal digests of both builds", (name) => {
    const options = { transactions: Math.min(perDevice, 2000), seed: 1 };
    expect(mailboxDigest(checked, mailboxDevices[name], options)).toBe(mailboxDigest(release, mailboxDevices[name], options));
  }, 3_600_000);
});
