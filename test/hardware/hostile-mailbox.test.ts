// What ends QEMU's process when a guest does it to a mailbox, and its like: here every one is an ordinary answer. The switch's own command interface is
// not modelled (docs/fidelity.md).

import { describe, expect, it } from "vitest";
import { commandNames, commands } from "../../registers/commands.ts";
import { deviceBlock } from "../../registers/device-block.ts";
import { deviceLogs, features } from "../../registers/features.ts";
import type { CommandDeclaration } from "../../registers/payload-schema.ts";
import { uuidFrom } from "../../src/platform/payload.ts";
import type { MailboxBench } from "../support/mailbox.ts";
import { mailboxMachine, setUpMailbox } from "../support/mailbox.ts";

const at = deviceBlock.primaryMailbox;
const lines = 768n * (1n << 20n) / 64n;
const variants = ["checked", "release"] as const;
const bench = (variant: (typeof variants)[number], ...mailbox: Parameters<typeof mailboxMachine>): MailboxBench => setUpMailbox(mailboxMachine(...mailbox), variant);

for (const variant of variants) {
  describe(`the ${variant} build`, () => {
    it("Perform Maintenance and every other command without any input", () => {
      const one = bench(variant);
      for (const name of commandNames) {
        const command: CommandDeclaration = commands[name];
        expect([name, one.raw(command.opcode).code === "invalidPayloadLength"]).toEqual([name, (command.input.least ?? command.input.length) > 0]);
      }
    });

    it("bytes and words written into control, command and status", () => {
      const one = bench(variant);
      for (const width of [1, 2] as const) {
        const write = (offset: number): void => (width === 1 ? one.io.write8(offset, 0xff) : one.io.write16(offset, 0xffff));
        for (let offset = at; offset < at + 0x20; offset += width) write(offset);
        one.wait(10_000);
      }
      expect([one.mailbox.control.get("doorbell"), one.mailbox.status.get("returnCode")]).toEqual([0, 3]);
    });

    it("a poison list longer than any payload", () => {
      for (const payloadSize of [256, 2048]) {
        const one = bench(variant, { payloadSize, poisonListSize: 4096, injectPoisonLimit: 0 });
        for (let index = 0; index < 400; index++) expect(one.send("injectPoison", { address: index * 0x80 }).code).toBe("success");
        let seen = 0;
        for (let more = 1; more !== 0;) {
          const { code, output } = one.send("getPoisonList", { lines });
          expect([code, output.length <= payloadSize]).toEqual(["success", true]);
          seen += output[0x0a] ?? 0;
          more = (output[0] ?? 0) & 1;
        }
        expect(seen).toBe(400);
      }
    });

    it("lengths that promise more than there is: handles, ranges, extents, parts, logs, labels", () => {
      const one = bench(variant);
      const ones = new Uint8Array(2048).fill(0xff);
      for (const name of commandNames) for (const length of [1, 2, 6, 7, 8, 9, 16, 17, 24, 0x20, 0x80, 0x81, 2047, 2048]) expect([name, length, one.raw(commands[name].opcode, ones.slice(0, length)).output.length <= 2048]).toEqual([name, length, true]);
      expect(one.send("getLog", { id: uuidFrom(deviceLogs.commandEffects.uuid), offset: 0xffff_ffff, length: 0xffff_ffff }).code).toBe("invalidInput");
      expect(one.send("getLabels", { offset: 0xffff_ffff, length: 0xffff_ffff }).code).toBe("invalidInput");
      expect(one.send("getFeature", { id: uuidFrom(features.patrolScrub.uuid), offset: 0xffff, count: 0xffff }).code).toBe("invalidInput");
      expect(one.raw(commands.setFeature.opcode, Uint8Array.of(...uuidFrom(features.patrolScrub.uuid), 0, 0, 0, 0, 0xff, 0xff, 1, ...new Uint8Array(1000))).code).toBe("invalidInput");
      expect(one.send("clearEventRecords", { count: 255 }).code).toBe("invalidPayloadLength");
    });

    it("a payload of the smallest size serves every command", () => {
      const one = bench(variant, { payloadSize: 256 });
      for (const name of commandNames) {
        const command: CommandDeclaration = commands[name];
        expect([name, one.raw(command.opcode, new Uint8Array(command.input.length)).output.length <= 256]).toEqual([name, true]);
      }
    });

    it("a doorbell rung twice, reserved bits of the command register, and a reset in the middle of a command", () => {
      const one = bench(variant);
      one.io.write64(at + 8, 0x0000_0100_0000_0300n);
      one.io.write32(at + 4, 1);
      one.io.write32(at + 4, 1);
      one.wait(10_000);
      expect([one.io.read32(at + 4), one.io.read64(at + 8), one.mailbox.status.get("returnCode")]).toEqual([0, 0x8_0300n, 0]);
      one.io.write64(at + 8, 0x4000n);
      one.io.write32(at + 4, 1);
      one.act({ kind: "resetDevice", device: "dev" });
      one.wait(10_000);
      expect(one.hardware.hostState).toBe("running");
    });
  });
}
