// Building a machine: counts first (`begin` lays out and sizes memory once), then entities in order, depth first, then `finish`. No
// allocation after.

import { clearDeadlines, leavesFor } from "./deadlines";
import { cacheBytes } from "./fabric/cache";
import { powerOn } from "./fabric/link-state";
import { clearTable } from "./fabric/table";
import { placeRows } from "./component/hdm-decoder";
import { setRootPortNumbers } from "./component/extended-security";
import * as R from "./generated/registers";
import { initializeCci } from "./cci/reset";
import { handleBytes, unmapAll } from "./handles";
import { Block, Bridge, Completion, Device, Doe, ERROR_HEADERS, ERROR_STRIDE, Entity, Entry, Hub, INTERRUPTS, KIND_BRIDGE, KIND_DEVICE, KIND_PORT, KIND_SWITCH, LATE_MESSAGES, LateMessage, MESSAGE_EFFECTS, Machine, MessageEffect, NEVER, NONE, OVERRIDES, Override, PAYLOAD_DWORDS, PendingMessage, Port, Probe, Range, SCRATCH_BYTES, Stalled, Switch, WINDOW_STRIDE, WINDOW_TARGETS, Window, bridgeAt, deviceAt, entryAt, portAt, root, switchAt, take } from "./machine";
import { refreshMessageNumbers } from "./pci/msi";
import { resetBlock } from "./registers";
import { LAYERS } from "./trace/ring";

const PAGE: usize = 65536;
const NUMBERS: usize = 256;
const DEVICES: usize = 32;
const POINTER: usize = sizeof<usize>();

/** Starts a machine and sizes its memory. `cdatBytes` and `mailboxBytes` (of `sizeOfMailbox`) in all; 0 `cacheSets`, a power of two otherwise: no cache. Returns 0, or 1 when memory cannot grow. */
export function begin(bridges: u32, switches: u32, ports: u32, devices: u32, windows: u32, rams: u32, entries: u32, requesters: u32, probes: u32, mediaPages: u32, traceRecords: u32, handles: u32, cdatBytes: u32, mailboxBytes: u32, cacheSets: u32, cacheWays: u32): u32 {
  const m = root();
  memory.fill(changetype<usize>(m), 0, offsetof<Machine>());
  const entities = bridges + switches + ports + devices;
  const completions = entries + requesters * 2 + 64;
  let table: u32 = 64;
  while (table < mediaPages * 2) table <<= 1;
  const leaves = leavesFor(entities, ports);
  const fixed: usize = <usize>INTERRUPTS * offsetof<PendingMessage>() + <usize>probes * (offsetof<Probe>() + PAYLOAD_DWORDS * 4) + <usize>table * 16 + <usize>mediaPages * 8 + <usize>windows * WINDOW_STRIDE + <usize>rams * offsetof<Range>()
    + <usize>entries * (offsetof<Entry>() + 4) + <usize>(requesters + 1) * offsetof<Stalled>() + <usize>completions * offsetof<Completion>() + <usize>leaves * 16
    + <usize>LATE_MESSAGES * offsetof<LateMessage>() + <usize>MESSAGE_EFFECTS * offsetof<MessageEffect>() + <usize>OVERRIDES * offsetof<Override>() + <usize>cdatBytes + <usize>mailboxBytes + <usize>LAYERS * 8 + SCRATCH_BYTES + (cacheSets == 0 ? 0 : cacheBytes(cacheSets * cacheWays) + <usize>entries * 64 + <usize>ports * 16 + <usize>completions * offsetof<Completion>() + 16);
  const bytes = fixed + <usize>bridges * bridgeBytes() + <usize>switches * switchBytes() + <usize>ports * portBytes() + <usize>devices * deviceBytes() + 8192;
  const start = (changetype<usize>(m) + offsetof<Machine>() + 15) & ~15;
  m.handles = (start + bytes + 15) & ~15;
  m.mediaBase = (m.handles + handleBytes(handles) + 4095) & ~4095;
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
  m.handleCount = handles;
  m.digests = take(m, LAYERS * 8);
  m.scratch = take(m, SCRATCH_BYTES);
  m.bridges = take(m, <usize>bridges * offsetof<Bridge>());
  m.switches = take(m, <usize>switches * offsetof<Switch>());
  m.ports = take(m, <usize>ports * offsetof<Port>());
  m.devices = take(m, <usize>devices * offsetof<Device>());
  m.windows = take(m, <usize>windows * WINDOW_STRIDE);
  m.rams = take(m, <usize>rams * offsetof<Range>());
  m.entities = take(m, <usize>entities * POINTER);
  m.stalled = take(m, <usize>(requesters + 1) * offsetof<Stalled>());
  m.completions = take(m, <usize>completions * offsetof<Completion>());
  m.interrupts = take(m, <usize>INTERRUPTS * offsetof<PendingMessage>());
  m.lateMessages = take(m, <usize>LATE_MESSAGES * offsetof<LateMessage>());
  m.messageEffects = take(m, <usize>MESSAGE_EFFECTS * offsetof<MessageEffect>());
  m.overrides = take(m, <usize>OVERRIDES * offsetof<Override>());
  m.probes = take(m, <usize>probes * offsetof<Probe>());
  const payloads = take(m, <usize>probes * PAYLOAD_DWORDS * 4);
  for (let i: u32 = 0; i < probes; i++) changetype<Probe>(m.probes + <usize>i * offsetof<Probe>()).payload = payloads + <usize>(i * PAYLOAD_DWORDS * 4);
  m.pageTable = take(m, <usize>table * 16);
  m.poison = take(m, <usize>mediaPages * 8);
  m.cacheSets = cacheSets;
  m.cacheWays = cacheWays;
  if (cacheSets != 0) {
    m.cacheRecords = take(m, <usize>(cacheSets * cacheWays) * 8);
    m.cacheData = take(m, <usize>(cacheSets * cacheWays) * 64);
    m.hits = take(m, <usize>completions * offsetof<Completion>());
  }
  m.deadlineLeaves = leaves;
  m.deadlines = take(m, <usize>leaves * 16);
  clearDeadlines(m);
  m.nextProbeTime = NEVER;
  m.mmioGeneration = 1;
  m.routeGeneration = 1;
  unmapAll();
  return 0;
}

function blockBytes(row: u32): usize {
  return <usize>R.blockRow(row, 1) * 4 + offsetof<Block>() + 32;
}

/** Keys, error headers, data object exchange and commit times of any entity, and its place in the table of entities. */
function entityBytes(): usize {
  return <usize>R.KEY_COUNT * 4 + <usize>ERROR_HEADERS * ERROR_STRIDE + offsetof<Doe>() + 32 * 8 + POINTER + 96;
}

function hubBytes(): usize {
  return (NUMBERS + 2 * DEVICES) * POINTER + 48;
}

function bridgeBytes(): usize {
  return offsetof<Bridge>() + entityBytes() + hubBytes() + blockBytes(R.BLOCK_HOST_BRIDGE_COMPONENT);
}

function switchBytes(): usize {
  return offsetof<Switch>() + entityBytes() + hubBytes() + blockBytes(R.BLOCK_UPSTREAM_PORT_CONFIG) + blockBytes(R.BLOCK_UPSTREAM_PORT_COMPONENT);
}

function portBytes(): usize {
  return offsetof<Port>() + entityBytes() + 32 + blockBytes(R.BLOCK_ROOT_PORT_CONFIG) + blockBytes(R.BLOCK_ROOT_PORT_COMPONENT);
}

function deviceBytes(): usize {
  return offsetof<Device>() + entityBytes() + blockBytes(R.BLOCK_DEVICE_REGISTERS) + blockBytes(R.BLOCK_DEVICE_CONFIG) + blockBytes(R.BLOCK_DEVICE_COMPONENT) + blockBytes(R.BLOCK_DEVICE_MESSAGES);
}

export function addBlock(m: Machine, entity: Entity, space: u32, row: u32, rawBytes: u32 = 0): Block {
  const block = changetype<Block>(take(m, offsetof<Block>()));
  block.table = R.blockRow(row, 0);
  block.dwords = R.blockRow(row, 1);
  block.keys = R.blockRow(row, 2);
  block.keyCount = R.blockRow(row, 3);
  block.conditions = R.blockRow(row, 4);
  block.conditionCount = R.blockRow(row, 5);
  block.presence = R.blockRow(row, 6);
  block.presenceCount = R.blockRow(row, 7);
  block.unmodelled = R.blockRow(row, 8);
  block.unmodelledCount = R.blockRow(row, 9);
  block.extended = R.blockRow(row, 10);
  block.extendedCount = R.blockRow(row, 11);
  block.capabilities = R.blockRow(row, 12);
  block.capabilityCount = R.blockRow(row, 13);
  block.image = take(m, <usize>block.dwords * 4 + rawBytes);
  block.rawBytes = rawBytes;
  block.space = space;
  block.entity = entity;
  return block;
}

function register(m: Machine, entity: Entity, kind: u32, index: u32, parent: Entity): void {
  entity.kind = kind;
  entity.index = index;
  entity.parent = parent;
  entity.id = m.entityCount++;
  entity.keys = take(m, <usize>R.KEY_COUNT * 4);
  entity.linkAt = NEVER;
  entity.commitAt = NEVER;
  entity.backInvalidateAt = NEVER;
  entity.errors = take(m, <usize>ERROR_HEADERS * ERROR_STRIDE);
  store<usize>(m.entities + <usize>entity.id * POINTER, changetype<usize>(entity));
  if (kind == KIND_PORT) changetype<Port>(entity).cableBackAt = NEVER;
}

function setDecoders(m: Machine, entity: Entity, count: u32): void {
  entity.decoderCount = count;
  entity.commitTimes = take(m, <usize>count * 8);
  placeRows(entity);
}

function setHub(m: Machine, hub: Hub): void {
  hub.portsByNumber = take(m, NUMBERS * POINTER);
  hub.portsByDevice = take(m, DEVICES * POINTER);
  hub.ports = take(m, DEVICES * POINTER);
}

export function addBridge(segment: u32, busStart: u32, busEnd: u32, baseLow: u32, baseHigh: u32, decoders: u32): u32 {
  const m = root();
  const bridge = bridgeAt(m, m.bridgeCount);
  register(m, bridge, KIND_BRIDGE, m.bridgeCount++, bridge);
  setHub(m, bridge);
  bridge.segment = segment;
  bridge.busStart = busStart;
  bridge.busEnd = busEnd;
  bridge.componentBase = (<u64>baseHigh << 32) | <u64>baseLow;
  bridge.component = addBlock(m, bridge, 0, R.BLOCK_HOST_BRIDGE_COMPONENT);
  bridge.config = bridge.component;
  bridge.messages = bridge.component;
  bridge.registers = bridge.component;
  setDecoders(m, bridge, decoders);
  return bridge.id;
}

export function entityAddress(m: Machine, id: u32): usize {
  return load<usize>(m.entities + <usize>id * POINTER);
}

/** A root port of a bridge, or a downstream port of a switch. */
export function addPort(parent: u32, deviceNumber: u32, portNumber: u32, capacity: u32, trainingLow: u32, trainingHigh: u32): u32 {
  const m = root();
  const hub = changetype<Hub>(entityAddress(m, parent));
  const port = portAt(m, m.portCount);
  register(m, port, KIND_PORT, m.portCount++, hub);
  const address = changetype<usize>(port);
  store<usize>(hub.ports + <usize>hub.portCount * POINTER, address);
  hub.portCount++;
  store<usize>(hub.portsByNumber + <usize>portNumber * POINTER, address);
  store<usize>(hub.portsByDevice + <usize>deviceNumber * POINTER, address);
  port.isRoot = hub.kind == KIND_BRIDGE ? 1 : 0;
  port.deviceNumber = deviceNumber;
  port.trainingTime = (<u64>trainingHigh << 32) | <u64>trainingLow;
  port.capacity = capacity;
  port.entries = take(m, <usize>capacity * offsetof<Entry>());
  port.heap = take(m, <usize>capacity * 4);
  clearTable(port);
  const lines = m.cacheSets == 0 ? 0 : take(m, <usize>capacity * 64);
  for (let i: u32 = 0; i < capacity; i++) entryAt(port, i).line = lines + <usize>i * 64;
  port.plugged = NONE;
  port.nextPlugged = NONE;
  port.stalledHead = NONE;
  port.stalledTail = NONE;
  port.config = addBlock(m, port, 1, port.isRoot ? R.BLOCK_ROOT_PORT_CONFIG : R.BLOCK_DOWNSTREAM_PORT_CONFIG);
  port.component = addBlock(m, port, 0, port.isRoot ? R.BLOCK_ROOT_PORT_COMPONENT : R.BLOCK_DOWNSTREAM_PORT_COMPONENT);
  port.messages = port.config;
  port.registers = port.component;
  return port.id;
}

export function addSwitch(port: u32, isPlugged: u32, decoders: u32, latency: u32): u32 {
  const m = root();
  const added = switchAt(m, m.switchCount);
  const above = changetype<Port>(entityAddress(m, port));
  register(m, added, KIND_SWITCH, m.switchCount++, above);
  setHub(m, added);
  if (isPlugged != 0) above.plugged = added.id;
  added.latency = <u64>latency;
  added.config = addBlock(m, added, 1, R.BLOCK_UPSTREAM_PORT_CONFIG);
  added.component = addBlock(m, added, 0, R.BLOCK_UPSTREAM_PORT_COMPONENT);
  added.messages = added.config;
  added.registers = added.component;
  added.doe = changetype<Doe>(take(m, offsetof<Doe>()));
  setDecoders(m, added, decoders);
  return added.id;
}

export function addDevice(port: u32, isPlugged: u32, volatileLow: u32, volatileHigh: u32, capacityLow: u32, capacityHigh: u32, barLow: u32, barHigh: u32, decoders: u32, readLatency: u32, writeLatency: u32, readyLow: u32, readyHigh: u32, resetLow: u32, resetHigh: u32, preserves: u32): u32 {
  const m = root();
  const device = deviceAt(m, m.deviceCount);
  const above = changetype<Port>(entityAddress(m, port));
  register(m, device, KIND_DEVICE, m.deviceCount++, above);
  if (isPlugged != 0) above.plugged = device.id;
  device.volatileCapacity = (<u64>volatileHigh << 32) | <u64>volatileLow;
  device.capacity = (<u64>capacityHigh << 32) | <u64>capacityLow;
  device.barSize = (<u64>barHigh << 32) | <u64>barLow;
  device.readLatency = <u64>readLatency;
  device.writeLatency = <u64>writeLatency;
  device.readyTime = (<u64>readyHigh << 32) | <u64>readyLow;
  device.resetTime = (<u64>resetHigh << 32) | <u64>resetLow;
  device.preserves = preserves;
  device.config = addBlock(m, device, 1, R.BLOCK_DEVICE_CONFIG);
  device.component = addBlock(m, device, 0, R.BLOCK_DEVICE_COMPONENT);
  device.messages = addBlock(m, device, 2, R.BLOCK_DEVICE_MESSAGES);
  device.doe = changetype<Doe>(take(m, offsetof<Doe>()));
  setDecoders(m, device, decoders);
  return device.id;
}

/** Room for the CDAT of a device or switch; the host writes it there. */
export function addCdat(entity: u32, bytes: u32): usize {
  const m = root();
  const doe = changetype<Entity>(entityAddress(m, entity)).doe;
  doe.cdat = take(m, <usize>bytes);
  doe.cdatBytes = bytes;
  return doe.cdat;
}

/** Gives an entity the value of a machine key; before `finish`. */
export function setKey(entity: u32, key: u32, value: u32): void {
  const m = root();
  store<u32>(changetype<Entity>(entityAddress(m, entity)).keys + (<usize>key << 2), value);
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
  store<usize>(at + <usize>position * POINTER, changetype<usize>(bridgeAt(m, target)), offsetof<Window>());
}

/** A bitmap of XOR arithmetic for the newest window (CXIMS): for way bit 0, then 1, up to 3. */
export function addXorMap(low: u32, high: u32): void {
  const m = root();
  const window = changetype<Window>(m.windows + <usize>(m.windowCount - 1) * WINDOW_STRIDE);
  const map = (<u64>high << 32) | <u64>low;
  if (window.mapCount == 0) window.map0 = map;
  else if (window.mapCount == 1) window.map1 = map;
  else if (window.mapCount == 2) window.map2 = map;
  else window.map3 = map;
  window.mapCount++;
  window.wayMask = 0;
}

export function addRam(baseLow: u32, baseHigh: u32, sizeLow: u32, sizeHigh: u32): void {
  const m = root();
  const range = changetype<Range>(m.rams + <usize>(m.ramCount++) * offsetof<Range>());
  range.base = (<u64>baseHigh << 32) | <u64>baseLow;
  range.size = (<u64>sizeHigh << 32) | <u64>sizeLow;
}

/** Costs and choices by number; see src/hardware/build.ts. */
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
    case 12: m.deadPortAnswers = low; break;
    case 13: m.busyClearEnds = low; break;
    case 14: m.cacheLatency = wide; break;
    default: break;
  }
}

function reset(entity: Entity): void {
  resetBlock(entity.component, entity, false);
  if (entity.kind == KIND_BRIDGE) return;
  resetBlock(entity.config, entity, false);
  if (entity.kind != KIND_DEVICE) return;
  resetBlock(entity.messages, entity, false);
  resetBlock(entity.registers, entity, false);
  initializeCci(changetype<Device>(entity));
}

/** Power-on: every register at its reset value, plugged cards with their links up. */
export function finish(): void {
  const m = root();
  for (let i: u32 = 0; i < m.entityCount; i++) reset(changetype<Entity>(entityAddress(m, i)));
  for (let i: u32 = 0; i < m.portCount; i++) refreshMessageNumbers(portAt(m, i));
  for (let i: u32 = 0; i < m.bridgeCount; i++) {
    const bridge = bridgeAt(m, i);
    setRootPortNumbers(bridge);
    for (let place: u32 = 0; place < bridge.portCount; place++) powerOn(m, changetype<Port>(load<usize>(bridge.ports + <usize>place * POINTER)));
  }
  m.stateEnd = m.arenaNext;
  assert(m.stateEnd <= m.handles);
  m.built = 1;
}
