// The same driver with one bug each, as they happen in real ones. DRIVER=<name> gives one of them to the suite.

import { IsolationDriver } from "./driver.js";

class WrongMask extends IsolationDriver {
  /** AND with the bits where AND with all but the bits was meant. */
  override stop(): void {
    const { control } = this.port.registers.timeoutIsolation;
    control.writeRaw(control.readRaw() & ((1n << 16n) | (1n << 26n)));
  }
}

class MissedBusy extends IsolationDriver {
  protected override waitUntilIdle(): void {}
}

class ClearedBeforeLinkDown extends IsolationDriver {
  protected override recover(): void {
    this.waitUntilIdle();
    this.leaveIsolation();
    this.takeLinkDown();
    this.bringLinkUp();
    this.restoreDevice();
  }
}

class LostWakeUp extends IsolationDriver {
  protected override lookAfterArming(): void {}
}

class LockedDecoder extends IsolationDriver {
  protected override programHostBridge(): void {
    const decoder = this.bridge.registers.hdmDecoderPort;
    this.writeRange(decoder);
    decoder.targetListLow.write({ way0: this.port.configRegisters.pcie.linkCapabilities.get("portNumber") });
    decoder.control.write({ targetRangeType: 1, lockOnCommit: 1, commit: 1 });
  }
}

export const drivers = {
  good: IsolationDriver,
  "wrong-mask": WrongMask,
  "missed-busy": MissedBusy,
  "cleared-before-link-down": ClearedBeforeLinkDown,
  "lost-wake-up": LostWakeUp,
  "locked-decoder": LockedDecoder,
} as const;
