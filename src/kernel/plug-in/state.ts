// What the kernel keeps of driver plug-ins: which there are, what each is bound to, and what it took.

import type { StructureDeclaration } from "../../../registers/schema.ts";
import type { DeviceHooks, DriverAttribute, DriverDevice, DriverInstance, DriverModule } from "../../platform/driver.ts";
import type { IoHandle } from "../../platform/platform.ts";
import type { StructureAccess } from "../../platform/registers.ts";
import type { Device, Driver } from "../base/device.ts";
import type { Call, Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { ComponentRegisters } from "../cxl/registers.ts";
import type { Resource } from "../resource/resource.ts";

/** A driver as it is handed to a kernel. */
export interface PlugIn {
  readonly module: DriverModule;
  readonly parameters: Readonly<Record<string, string>>;
  /** It belongs to the kernel: user space sees no module, and cannot unload it. */
  readonly isBuiltIn: boolean;
}

export interface PlugInRecord extends PlugIn {
  /** Null while it is not loaded. */
  instance: DriverInstance | null;
  /** In the driver core, of one that takes functions. */
  driver: Driver | null;
  /** In order of binding. */
  readonly bindings: Binding[];
  /** Services that wait, called and not begun yet, by the number of the call. */
  readonly unstarted: Map<number, string>;
  /** What `map` gave. */
  readonly mapped: Set<IoHandle>;
  nextCall: number;
  nextQueue: number;
}

/** One driver on one function. */
export interface Binding {
  readonly plugIn: PlugInRecord;
  readonly device: Device;
  /** Id of the structure in component registers that it was matched by; null: by something else. */
  readonly capability: number | null;
  /** Null while it probes. */
  hooks: DeviceHooks | null;
  /** `called off`: the function went while the driver still probed it. */
  stage: "probing" | "called off" | "bound" | "leaving";
  readonly claims: Set<Resource>;
  /** Folders of files in sysfs, by name. */
  readonly groups: Map<string, Readonly<Record<string, DriverAttribute>>>;
}

/** A function as drivers see it, with what is mapped of it for all of them. */
export interface SharedDevice {
  readonly view: DriverDevice;
  components: ComponentRegisters | null;
  /** Device registers, with the places of their structures by id. */
  registers: { readonly handle: IoHandle; readonly places: ReadonlyMap<number, number> } | null;
  readonly accesses: Map<StructureDeclaration, StructureAccess<StructureDeclaration>>;
}

/** A message that drivers asked for, and whom it reached before: it is shared with them. */
export interface SharedMessage {
  readonly before: Call;
  readonly users: { readonly binding: Binding; readonly message: number }[];
}

interface PlugInState {
  readonly plugIns: PlugInRecord[];
  /** Boot has come so far that services are bound. */
  isBinding: boolean;
  readonly devices: Map<number, SharedDevice>;
  /** By message data. */
  readonly messages: Map<number, SharedMessage>;
}

export const plugInState = defineState("plug-ins", (): PlugInState => ({ plugIns: [], isBinding: false, devices: new Map(), messages: new Map() }));

/** Every driver that is bound to a function, in order of drivers and of binding. */
export const bindings = (kernel: Kernel): Binding[] => plugInState(kernel).plugIns.flatMap((plugIn) => plugIn.bindings);
export const bindingsOf = (kernel: Kernel, device: Device): Binding[] => bindings(kernel).filter((binding) => binding.device === device);
