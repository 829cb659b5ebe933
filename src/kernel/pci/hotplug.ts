// Native hot-plug of slots (pciehp; error-recovery 4.3): a card that comes is enumerated once its link is up; one that is lost, or whose link goes down, is
// removed with everything below it, as by surprise; one that somebody wants removed goes first, and its power after it.

import type { Task } from "../../sim/task.ts";
import { sleep, spawn, task, until, wake } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, mark, printk } from "../base/kernel.ts";
import { wasRecovered } from "./dpc.ts";
import { hold, isClaimed, isHeld } from "./hold.ts";
import { enableSlotEvents, hasHotplugSlot, hasPowerController, isLinkUp, isPresent, isSlotPowered, setSlotPower, settleTime, slotMessage, slotNumberOf, takeSlotEvents, waitForLink } from "./link.ts";
import { bindMessage } from "./messages.ts";
import { devicesBelow, markDisconnected, removeBelow, rescan } from "./rescan.ts";

/** How long a link change may turn out to be containment's own (pci_dpc_recovered). */
const containmentTime = 4_000_000_000;
/** A slot that loses power settles (PCIe 6.7.1.8). */
const powerTime = 1_000_000_000;

/** What happened and was not looked at yet, and what a user asked for. */
interface Pending {
  presence: boolean;
  link: boolean;
  disable: boolean;
}

interface Slot {
  readonly port: Device;
  state: "off" | "on" | "busy";
  readonly pending: Pending;
  isWorking: boolean;
}

const slots = defineState("pci.slots", () => ({ byPort: new Map<number, Slot>() }));
const slotHandler = "pciehp";
const channelOf = ({ port }: Slot): string => `pciehp:${port.name}`;
const nameOf = (kernel: Kernel, { port }: Slot): string => `pcieport ${port.name}: pciehp: Slot(${slotNumberOf(kernel, port)})`;

const enableSlot = task("pciehp.enable", function* (kernel: Kernel, slot: Slot): Task<void> {
  const { port } = slot;
  const name = nameOf(kernel, slot);
  slot.state = "busy";
  if (isPresent(kernel, port)) printk(kernel, "info", `${name}: Card present`);
  if (hasPowerController(kernel, port) && !isSlotPowered(kernel, port)) setSlotPower(kernel, port, true);
  slot.state = "off";
  if (!(yield* waitForLink(kernel, port, true))) {
    printk(kernel, "err", `${name}: No link`);
    return;
  }
  printk(kernel, "info", `${name}: Link Up`);
  yield sleep(settleTime);
  if (isHeld(kernel, port) || port.isDead || !isLinkUp(kernel, port)) return;
  // What the link did on its way up is no news.
  Object.assign(slot.pending, { presence: false, link: false });
  if (devicesBelow(port).length === 0) yield* rescan(kernel, port);
  slot.state = "on";
});

/** Everything below goes; drivers of what was lost find nothing that answers. */
const disableSlot = task("pciehp.disable", function* (kernel: Kernel, slot: Slot, isSafe: boolean): Task<void> {
  const { port } = slot;
  slot.state = "busy";
  if (!isSafe) markDisconnected(port);
  mark(kernel, `${port.name} slot emptied`, isSafe ? "safe" : "surprise");
  yield* removeBelow(kernel, port);
  if (hasPowerController(kernel, port)) {
    setSlotPower(kernel, port, false);
    yield sleep(powerTime);
    takeSlotEvents(kernel, port);
    Object.assign(slot.pending, { presence: false, link: false });
  }
  slot.state = "off";
});

/** A link that containment took down and brought back is none of hot-plug's business. Returns whether anything is left. */
const withoutContainment = task("pciehp.withoutContainment", function* (kernel: Kernel, slot: Slot, events: Pending): Task<boolean> {
  if (events.link && slot.state === "on" && (yield* wasRecovered(kernel, slot.port, containmentTime))) {
    printk(kernel, "info", `${nameOf(kernel, slot)}: Link Down/Up ignored (recovered by DPC)`);
    events.link = !isLinkUp(kernel, slot.port);
    slot.pending.link = false;
  }
  return events.link || events.presence;
});

/** A link or presence change (pciehp_handle_presence_or_link_change): what was there is gone, and what is there now is new. */
const handleChange = task("pciehp.change", function* (kernel: Kernel, slot: Slot, events: Pending): Task<void> {
  const { port } = slot;
  if (!(yield* withoutContainment(kernel, slot, events)) || isHeld(kernel, port) || port.isDead) return;
  if (isClaimed(kernel, port) && devicesBelow(port).length > 0) return;
  if (slot.state === "on") {
    if (events.link) printk(kernel, "info", `${nameOf(kernel, slot)}: Link Down`);
    if (events.presence) printk(kernel, "info", `${nameOf(kernel, slot)}: Card not present`);
    yield* disableSlot(kernel, slot, false);
  }
  if (!port.isDead && (isPresent(kernel, port) || isLinkUp(kernel, port))) yield* enableSlot(kernel, slot);
});

const handleOne = task("pciehp.handle", function* (kernel: Kernel, slot: Slot): Task<void> {
  const events = { ...slot.pending };
  Object.assign(slot.pending, { presence: false, link: false, disable: false });
  try {
    if (events.disable) yield* disableSlot(kernel, slot, true);
    else yield* handleChange(kernel, slot, events);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "err", `pcieport ${slot.port.name}: pciehp: cannot add device: -${thrown.number}`);
  }
});

const isAnything = ({ presence, link, disable }: Pending): boolean => presence || link || disable;

const work = task("pciehp.work", function* (kernel: Kernel, slot: Slot): Task<void> {
  while (isAnything(slot.pending) && !slot.port.isDead) yield* handleOne(kernel, slot);
  slot.isWorking = false;
  wake(kernel.scheduler, channelOf(slot));
});

function start(kernel: Kernel, slot: Slot): void {
  if (slot.isWorking) return;
  slot.isWorking = true;
  spawn(kernel.scheduler, slotHandler, work(kernel, slot));
}

const onSlotEvent: Handler = (kernel, portId) => {
  const slot = slots(kernel).byPort.get(portId);
  if (slot === undefined) return;
  const { presenceChanged, linkStateChanged } = takeSlotEvents(kernel, slot.port);
  if ((!presenceChanged && !linkStateChanged) || isHeld(kernel, slot.port)) return;
  slot.pending.presence ||= presenceChanged;
  slot.pending.link ||= linkStateChanged;
  start(kernel, slot);
};

export const slotHandlers: ReadonlyMap<string, Handler> = new Map([[slotHandler, onSlotEvent]]);

/** Watches the slot of a port that has one and can hot-plug; its messages are granted already. */
export function startSlot(kernel: Kernel, port: Device): void {
  if (!hasHotplugSlot(kernel, port)) return;
  slots(kernel).byPort.set(port.id, { port, state: devicesBelow(port).length > 0 ? "on" : "off", pending: { presence: false, link: false, disable: false }, isWorking: false });
  bindMessage(kernel, port, slotMessage(kernel, port), { handler: slotHandler, argument: port.id });
  takeSlotEvents(kernel, port);
  enableSlotEvents(kernel, port);
}

export const stopSlot = (kernel: Kernel, port: Device): void => void slots(kernel).byPort.delete(port.id);

/** Keeps the slot's hands off while somebody else takes the link down and up. Whoever lets go last leaves the slot as it then is. */
export function holdSlot(kernel: Kernel, port: Device, isTaken: boolean): void {
  if (hold(kernel, port, isTaken)) return;
  const slot = slots(kernel).byPort.get(port.id);
  if (slot !== undefined && slot.state !== "busy") slot.state = devicesBelow(port).length > 0 ? "on" : "off";
}

/** Ports whose slots are watched, in order of their numbers. */
export const slotPorts = (kernel: Kernel): Device[] => [...slots(kernel).byPort.values()].map(({ port }) => port).toSorted((a, b) => slotNumberOf(kernel, a) - slotNumberOf(kernel, b));

/**
 * Turns a slot off or on by request (the file `power`), and waits until that is done.
 * @throws SystemError ENODEV it is so already, or on its way there; EINVAL the port has no slot that is watched
 */
export const requestPower = task("pciehp.request", function* (kernel: Kernel, port: Device, isOn: boolean): Task<void> {
  const slot = slots(kernel).byPort.get(port.id);
  if (slot === undefined) throw new SystemError("EINVAL", `${port.name} has no slot`);
  if (slot.state !== (isOn ? "off" : "on")) {
    printk(kernel, "info", `${nameOf(kernel, slot)}: Already ${slot.state === "busy" ? "in powering state" : isOn ? "enabled" : "disabled"}`);
    throw new SystemError("ENODEV", `${port.name}: the slot is ${slot.state}`);
  }
  if (isOn) slot.pending.presence = true;
  else slot.pending.disable = true;
  start(kernel, slot);
  while (slot.isWorking) yield until(channelOf(slot));
  if (isOn && devicesBelow(port).length === 0) throw new SystemError("ENODEV", `${port.name}: no card came up`);
});
