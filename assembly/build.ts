// Building a machine: counts first (`begin` lays out and sizes memory once), then entities in order, then `finish`. No allocation after.

import * as R from "./generated/registers";
import { Block, Bridge, Completion, Device, Entity, Entry, HANDLES, Handle, INTERRUPTS, KIND_BRIDGE, KIND_DEVICE, KIND_PORT, LINK_UP, Machine, NEVER, NONE, Port, Probe, Range, Stalled, WINDOW_STRIDE, WINDOW_TARGETS, Window, MESSAGES, bridgeAt, deviceAt, portAt, root, take } from "./machine";
import { BlockLists, resetBlock } from "./registers";
import { placeRows } from "./component/hdm-decoder";
import { clearDeadlines, leavesFor } from "./deadlines";
import { bringUp } from "./fabric/link-state";
import { clearTable } from "./fabric/table";
import { refreshMessageNumbers } from "./pci/msi";
import { LAYERS } from "./trace/ring";

const PAGE: usize = 65536;

/** Starts a machine and sizes its memory. Returns 0, or 1 when memory cannot grow. */
export function begin(bridges: u32, ports: u32, devices: u32, windows: u32, rams: u32, entries: u32, requesters: u32, probes: u32, mediaPages: u32, traceRecords: u32): u32 {
  const m = root();
  memory.fill(changetype<usize>(m), 0, offsetof<Machine>());
  const entities = bridges + ports + devices;
  const completions = entries + requesters * 2 + 64;
  let table: u32 = 64;
  while (table < mediaPages * 2) table <<= 1;
  const bytes = estimate(bridges, ports, devices, windows, rams, entries, requesters, probes, completions, table);
  const start = (changetype<usize>(m) + offsetof<Machine>() + 15) & ~15;
  m.mediaBase = (start + bytes + 4095) & ~4095;
  m.traceBase = m.mediaBase + <usize>mediaPages * 4096;
  const end = m.traceBase + (<usize>traceRecords << 5);
  const pages = <i32>((end + PAGE - 1) / PAGE);
  if (pages > memory.size() && memory.grow(pages - memory.size()) < 0) return 1;
  memory.fill(start, 0, m.mediaBase - start);
  m.arenaNext = start;
  m.mediaPages = mediaPages;
  m.traceCapacity = traceRecords;
  m.pageTableSize = table;
  m.requesterCount = requesters;
  m.completionCapacity = completions;
  m.probeCount = probes;
  m.digests = take(m, LAYERS * 8);
  m.bridges = take(m, <usize>bridges * offsetof<Bridge>());
  m.ports = take(m, <usize>ports * offsetof<Port>());
  m.devices = take(m, <usize>devices * offsetof<Device>());
  m.windows = take(m, <usize>windows * WINDOW_STRIDE);
  m.rams = take(m, <usize>rams * offsetof<Range>());
  m.entities = take(m, <usize>entities * sizeof<usize>());
  m.stalled = take(m, <usize>(requesters + 1) * offsetof<Stalled>());
  m.completions = take(m, <usize>completions * offsetof<Completion>());
  m.interrupts = take(m, <usize>INTERRUPTS * 8);
  m.handles = take(m, <usize>HANDLES * offsetof<Handle>());
  m.probes = take(m, <usize>probes * offsetof<Probe>());
  m.pageTable = take(m, <usize>table * 16);
  m.deadlineLeaves = leavesFor(bridges, ports, devices);
  m.deadlines = take(m, <usize>m.deadlineLeaves * 16);
  clearDeadlines(m);
  m.nextProbeTime = NEVER;
  m.mmioGeneration = 1;
  m.routeGeneration = 1;
  return 0;
}

/** Upper bound of the state's bytes, from what `begin` and the `add` calls take. */
function estimate(bridges: u32, ports: u32, devices: u32, windows: u32, rams: u32, entries: u32, requesters: u32, probes: u32, completions: u32, table: u32): usize {
  const perBlock = <usize>(R.HOST_BRIDGE_COMPONENT_DWORDS + R.ROOT_PORT_CONFIG_DWORDS + R.DEVICE_CONFIG_DWORDS) * 4 + offsetof<Block>() * 2 + offsetof<BlockLists>() * 2 + <usize>R.KEY_COUNT * 4 + 256;
  let bytes: usize = <usize>(bridges + ports + devices) * perBlock;
  bytes += <usize>bridges * offsetof<Bridge>() + <usize>ports * offsetof<Port>() + <usize>devices * offsetof<Device>();
  bytes += <usize>entries * offsetof<Entry>() + <usize>(requesters + 1) * offsetof<Stalled>() + <usize>completions * offsetof<Completion>();
  bytes += <usize>leavesFor(bridges, ports, devices) * 16 + <usize>entries * 4 + <usize>ports * (MESSAGES * 4 + 64) + <usize>bridges * (256 + 32 * 8 + 16) + <usize>devices * (10 * 8 + 16);
  bytes += <usize>INTERRUPTS * 8 + <usize>HANDLES * offsetof<Handle>() + <usize>probes * offsetof<Probe>() + <usize>table * 16;
  bytes += <usize>windows * WINDOW_STRIDE + <usize>rams * offsetof<Range>();
  return bytes + 8192;
}

function addBlock(m: Machine, entity: Entity, isConfig: u32, table: usize, dwords: u32, conditions: usize, conditionCount: u32, unmodelled: usize, unmodelledCount: u32): Block {
  const block = changetype<Block>(take(m, offsetof<Block>()));
  block.image = take(m, <usize>dwords * 4);
  block.table = table;
  block.dwords = dwords;
  block.isConfig = isConfig;
  block.conditions = conditions;
  block.conditionCount = conditionCount;
  block.unmodelled = unmodelled;
  block.unmodelledCount = unmodelledCount;
  block.entity = entity;
  return block;
}

function lists(m: Machine, keys: usize, keyCount: u32, presence: usize, presenceCount: u32): usize {
  const at = take(m, offsetof<BlockLists>());
  const made = changetype<BlockLists>(at);
  made.keys = keys;
  made.keyCount = keyCount;
  made.presence = presence;
  made.presenceCount = presenceCount;
  return at;
}

function register(m: Machine, entity: Entity, kind: u32, index: u32, parent: u32): void {
  entity.kind = kind;
  entity.index = index;
  entity.parent = parent;
  entity.id = m.entityCount++;
  entity.keys = take(m, <usize>R.KEY_COUNT * 4);
  store<usize>(m.entities + <usize>entity.id * sizeof<usize>(), changetype<usize>(entity));
}

export function addBridge(segment: u32, busStart: u32, busEnd: u32, baseLow: u32, baseHigh: u32, decoders: u32): u32 {
  const m = root();
  const bridge = bridgeAt(m, m.bridgeCount);
  register(m, bridge, KIND_BRIDGE, m.bridgeCount++, 0);
  bridge.segment = segment;
  bridge.busStart = busStart;
  bridge.busEnd = busEnd;
  bridge.componentBase = (<u64>baseHigh << 32) | <u64>baseLow;
  bridge.decoderCount = decoders;
  bridge.decoderBase = R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_BASE_LOW;
  bridge.firstPort = m.portCount;
  bridge.portsByNumber = take(m, 256);
  bridge.commitTimes = take(m, <usize>decoders * 8);
  bridge.component = addBlock(m, bridge, 0, R.HOST_BRIDGE_COMPONENT_TABLE, R.HOST_BRIDGE_COMPONENT_DWORDS, R.HOST_BRIDGE_COMPONENT_CONDITIONS, R.HOST_BRIDGE_COMPONENT_CONDITION_COUNT, R.HOST_BRIDGE_COMPONENT_UNMODELLED, R.HOST_BRIDGE_COMPONENT_UNMODELLED_COUNT);
  bridge.config = bridge.component;
  placeRows(bridge);
  return bridge.id;
}

export function addPort(bridgeIndex: u32, deviceNumber: u32, portNumber: u32, capacity: u32, trainingLow: u32, trainingHigh: u32): u32 {
  const m = root();
  const port = portAt(m, m.portCount);
  register(m, port, KIND_PORT, m.portCount++, bridgeIndex);
  bridgeAt(m, bridgeIndex).portCount++;
  store<u8>(bridgeAt(m, bridgeIndex).portsByNumber + <usize>portNumber, <u8>(port.index + 1));
  port.deviceNumber = deviceNumber;
  port.portNumber = portNumber;
  port.capacity = capacity;
  port.entries = take(m, <usize>capacity * offsetof<Entry>());
  port.trainingTime = (<u64>trainingHigh << 32) | <u64>trainingLow;
  port.heap = take(m, <usize>capacity * 4);
  port.lose = take(m, <usize>(MESSAGES + 1) * 4);
  clearTable(port);
  port.trainedAt = NEVER;
  port.plugged = NONE;
  port.nextPlugged = NONE;
  port.stalledHead = NONE;
  port.stalledTail = NONE;
  port.config = addBlock(m, port, 1, R.ROOT_PORT_CONFIG_TABLE, R.ROOT_PORT_CONFIG_DWORDS, R.ROOT_PORT_CONFIG_CONDITIONS, R.ROOT_PORT_CONFIG_CONDITION_COUNT, R.ROOT_PORT_CONFIG_UNMODELLED, R.ROOT_PORT_CONFIG_UNMODELLED_COUNT);
  port.component = addBlock(m, port, 0, R.ROOT_PORT_COMPONENT_TABLE, R.ROOT_PORT_COMPONENT_DWORDS, R.ROOT_PORT_COMPONENT_CONDITIONS, R.ROOT_PORT_COMPONENT_CONDITION_COUNT, R.ROOT_PORT_COMPONENT_UNMODELLED, R.ROOT_PORT_COMPONENT_UNMODELLED_COUNT);
  return port.id;
}

export function addDevice(portIndex: u32, isPlugged: u32, capacityLow: u32, capacityHigh: u32, barLow: u32, barHigh: u32, decoders: u32, readLatency: u32, writeLatency: u32, readyLow: u32, readyHigh: u32, preserves: u32): u32 {
  const m = root();
  const device = deviceAt(m, m.deviceCount);
  register(m, device, KIND_DEVICE, m.deviceCount++, portIndex);
  if (isPlugged != 0) portAt(m, portIndex).plugged = device.index;
  device.capacity = (<u64>capacityHigh << 32) | <u64>capacityLow;
  device.barSize = (<u64>barHigh << 32) | <u64>barLow;
  device.decoderCount = decoders;
  device.decoderBase = R.DEVICE_COMPONENT_HDM_DECODER_DEVICE_BASE_LOW;
  device.readLatency = <u64>readLatency;
  device.writeLatency = <u64>writeLatency;
  device.commitTimes = take(m, <usize>decoders * 8);
  device.readyTime = (<u64>readyHigh << 32) | <u64>readyLow;
  device.readyAt = NEVER;
  device.preserves = preserves;
  device.config = addBlock(m, device, 1, R.DEVICE_CONFIG_TABLE, R.DEVICE_CONFIG_DWORDS, R.DEVICE_CONFIG_CONDITIONS, R.DEVICE_CONFIG_CONDITION_COUNT, R.DEVICE_CONFIG_UNMODELLED, R.DEVICE_CONFIG_UNMODELLED_COUNT);
  device.component = addBlock(m, device, 0, R.DEVICE_COMPONENT_TABLE, R.DEVICE_COMPONENT_DWORDS, R.DEVICE_COMPONENT_CONDITIONS, R.DEVICE_COMPONENT_CONDITION_COUNT, R.DEVICE_COMPONENT_UNMODELLED, R.DEVICE_COMPONENT_UNMODELLED_COUNT);
  placeRows(device);
  device.lists = lists(m, R.DEVICE_CONFIG_KEYS, R.DEVICE_CONFIG_KEY_COUNT, R.DEVICE_CONFIG_PRESENCE, R.DEVICE_CONFIG_PRESENCE_COUNT);
  device.componentLists = lists(m, R.DEVICE_COMPONENT_KEYS, R.DEVICE_COMPONENT_KEY_COUNT, R.DEVICE_COMPONENT_PRESENCE, R.DEVICE_COMPONENT_PRESENCE_COUNT);
  return device.id;
}

/** Gives an entity the value of a machine key; before `finish`. */
export function setKey(entity: u32, key: u32, value: u32): void {
  const m = root();
  const found = changetype<Entity>(load<usize>(m.entities + <usize>entity * sizeof<usize>()));
  store<u32>(found.keys + (<usize>key << 2), value);
}

/** One way of a fixed memory window; the first one starts the window. */
export function addWindow(baseLow: u32, baseHigh: u32, sizeLow: u32, sizeHigh: u32, ways: u32, granularityShift: u32, position: u32, target: u32): void {
  const m = root();
  if (position == 0) m.windowCount++;
  const at = m.windows + <usize>(m.windowCount - 1) * WINDOW_STRIDE;
  const window = changetype<Window>(at);
  window.base = (<u64>baseHigh << 32) | <u64>baseLow;
  window.size = (<u64>sizeHigh << 32) | <u64>sizeLow;
  window.granularityShift = <u64>granularityShift;
  window.ways = ways;
  window.wayMask = (ways & (ways - 1)) == 0 ? ways - 1 : 0;
  assert(position < WINDOW_TARGETS);
  store<usize>(at + <usize>position * sizeof<usize>(), changetype<usize>(bridgeAt(m, target)), offsetof<Window>());
}

export function addRam(baseLow: u32, baseHigh: u32, sizeLow: u32, sizeHigh: u32): void {
  const m = root();
  const range = changetype<Range>(m.rams + <usize>(m.ramCount++) * offsetof<Range>());
  range.base = (<u64>baseHigh << 32) | <u64>baseLow;
  range.size = (<u64>sizeHigh << 32) | <u64>sizeLow;
}

/** Costs and choices by number; see src/hardware/machine.ts. */
export function setOption(option: u32, low: u32, high: u32): void {
  const m = root();
  const wide = (<u64>high << 32) | <u64>low;
  switch (option) {
    case 0: m.costConfig = low; break;
    case 1: m.costRead = low; break;
    case 2: m.costWrite = low; break;
    case 3: m.costMemory = low; break;
    case 4: m.platformFailure = low; break;
    case 5: m.watchdogTime = wide; break;
    case 6: m.isolationResponse = wide; break;
    case 7: m.commitTime = wide; break;
    case 8: m.timeoutInstant = low; break;
    case 9: m.strictExit = low; break;
    case 10: m.hotplugFirst = low; break;
    case 11: m.traceStoring = low; break;
    default: break;
  }
}

/** Power-on: every register at its reset value, plugged devices with their links up. */
export function finish(): void {
  const m = root();
  for (let i: u32 = 0; i < m.bridgeCount; i++) resetBlock(bridgeAt(m, i).component, bridgeAt(m, i), changetype<BlockLists>(lists(m, R.HOST_BRIDGE_COMPONENT_KEYS, R.HOST_BRIDGE_COMPONENT_KEY_COUNT, R.HOST_BRIDGE_COMPONENT_PRESENCE, R.HOST_BRIDGE_COMPONENT_PRESENCE_COUNT)), false);
  for (let i: u32 = 0; i < m.deviceCount; i++) {
    const device = deviceAt(m, i);
    resetBlock(device.config, device, changetype<BlockLists>(device.lists), false);
    resetBlock(device.component, device, changetype<BlockLists>(device.componentLists), false);
  }
  for (let i: u32 = 0; i < m.portCount; i++) powerOnPort(m, portAt(m, i));
  m.stateEnd = m.arenaNext;
  m.built = 1;
}

function powerOnPort(m: Machine, port: Port): void {
  resetBlock(port.config, port, changetype<BlockLists>(lists(m, R.ROOT_PORT_CONFIG_KEYS, R.ROOT_PORT_CONFIG_KEY_COUNT, R.ROOT_PORT_CONFIG_PRESENCE, R.ROOT_PORT_CONFIG_PRESENCE_COUNT)), false);
  resetBlock(port.component, port, changetype<BlockLists>(lists(m, R.ROOT_PORT_COMPONENT_KEYS, R.ROOT_PORT_COMPONENT_KEY_COUNT, R.ROOT_PORT_COMPONENT_PRESENCE, R.ROOT_PORT_COMPONENT_PRESENCE_COUNT)), false);
  refreshMessageNumbers(port);
  if (port.plugged == NONE) return;
  port.linkState = LINK_UP;
  bringUp(m, port, m.now);
}
