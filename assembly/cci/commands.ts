// From a command's number to the code that does it. Every command is one function: it looks at its input, acts, and writes its output.

import * as C from "../generated/commands";
import { Device, Machine } from "../machine";
import { abortBackground } from "./background";
import { addCapacity, getCapacity, getExtents, releaseCapacity } from "./capacity";
import { getTimestamp, setTimestamp } from "./clock";
import { clearEventRecords, getEventPolicy, getEventRecords, setEventPolicy } from "./events";
import { getFeature, getFeatures, setFeature } from "./features";
import { activateFirmware, firmwareInfo, transferFirmware } from "./firmware";
import { getAlerts, getHealth, getQos, getQosStatus, getShutdown, setAlerts, setQos, setShutdown } from "./health";
import { identify, getLabels, getPartition, setLabels, setPartition } from "./identity";
import { clearLog, getLog, getLogCapabilities, getLogs, getLogsSubList, startPopulate } from "./logs";
import { performMaintenance } from "./maintenance";
import { clearPoison, getPoisonList, injectPoison } from "./poison";
import { mediaOperations, sanitize, secureErase } from "./sanitize";
import { getScanCapabilities, getScanResults, scanMedia } from "./scan";
import { disablePassphrase, freeze, getSecurity, passphraseErase, securityReceive, securitySend, setPassphrase, unlock } from "./security";
import { Mailbox } from "./state";

export function execute(m: Machine, device: Device, mailbox: Mailbox, command: u32, length: u32): u32 {
  if (command >= C.COMMAND_IDENTIFY_MEMORY_DEVICE) return executeMemory(m, device, mailbox, command, length);
  switch (command) {
    case C.COMMAND_ABORT_BACKGROUND: return abortBackground(m, device);
    case C.COMMAND_GET_EVENT_RECORDS: return getEventRecords(device, mailbox);
    case C.COMMAND_CLEAR_EVENT_RECORDS: return clearEventRecords(device, mailbox, length);
    case C.COMMAND_GET_EVENT_INTERRUPT_POLICY: return getEventPolicy(device, mailbox);
    case C.COMMAND_SET_EVENT_INTERRUPT_POLICY: return setEventPolicy(device, mailbox, length);
    case C.COMMAND_FIRMWARE_INFO: return firmwareInfo(device, mailbox);
    case C.COMMAND_TRANSFER_FIRMWARE: return transferFirmware(m, device, mailbox, length);
    case C.COMMAND_ACTIVATE_FIRMWARE: return activateFirmware(m, device, mailbox);
    case C.COMMAND_GET_TIMESTAMP: return getTimestamp(m, device, mailbox);
    case C.COMMAND_SET_TIMESTAMP: return setTimestamp(m, device, mailbox);
    case C.COMMAND_GET_SUPPORTED_LOGS: return getLogs(device, mailbox);
    case C.COMMAND_GET_LOG: return getLog(device, mailbox);
    case C.COMMAND_GET_LOG_CAPABILITIES: return getLogCapabilities(device, mailbox);
    case C.COMMAND_CLEAR_LOG: return clearLog(device, mailbox);
    case C.COMMAND_POPULATE_LOG: return startPopulate(m, device, mailbox);
    case C.COMMAND_GET_SUPPORTED_LOGS_SUB_LIST: return getLogsSubList(device, mailbox);
    case C.COMMAND_GET_SUPPORTED_FEATURES: return getFeatures(mailbox);
    case C.COMMAND_GET_FEATURE: return getFeature(device, mailbox);
    case C.COMMAND_SET_FEATURE: return setFeature(device, mailbox, length);
    case C.COMMAND_PERFORM_MAINTENANCE: return performMaintenance(m, device, mailbox, length);
    default: return C.RETURN_UNSUPPORTED;
  }
}

function executeMemory(m: Machine, device: Device, mailbox: Mailbox, command: u32, length: u32): u32 {
  switch (command) {
    case C.COMMAND_IDENTIFY_MEMORY_DEVICE: return identify(device, mailbox);
    case C.COMMAND_GET_PARTITION_INFO: return getPartition(device, mailbox);
    case C.COMMAND_SET_PARTITION_INFO: return setPartition(m, device, mailbox);
    case C.COMMAND_GET_LABELS: return getLabels(m, device, mailbox);
    case C.COMMAND_SET_LABELS: return setLabels(m, device, mailbox, length);
    case C.COMMAND_GET_HEALTH: return getHealth(device, mailbox);
    case C.COMMAND_GET_ALERTS: return getAlerts(device, mailbox);
    case C.COMMAND_SET_ALERTS: return setAlerts(m, device, mailbox);
    case C.COMMAND_GET_SHUTDOWN: return getShutdown(device, mailbox);
    case C.COMMAND_SET_SHUTDOWN: return setShutdown(device, mailbox);
    case C.COMMAND_GET_POISON_LIST: return getPoisonList(m, device, mailbox);
    case C.COMMAND_INJECT_POISON: return injectPoison(m, device, mailbox);
    case C.COMMAND_CLEAR_POISON: return clearPoison(m, device, mailbox);
    case C.COMMAND_GET_SCAN_CAPABILITIES: return getScanCapabilities(device, mailbox);
    case C.COMMAND_SCAN_MEDIA: return scanMedia(m, device, mailbox);
    case C.COMMAND_GET_SCAN_RESULTS: return getScanResults(device, mailbox);
    case C.COMMAND_SANITIZE: return sanitize(m, device);
    case C.COMMAND_SECURE_ERASE: return secureErase(m, device);
    case C.COMMAND_MEDIA_OPERATIONS: return mediaOperations(m, device, mailbox, length);
    case C.COMMAND_GET_SECURITY_STATE: return getSecurity(device, mailbox);
    case C.COMMAND_SET_PASSPHRASE: return setPassphrase(device, mailbox);
    case C.COMMAND_DISABLE_PASSPHRASE: return disablePassphrase(device, mailbox);
    case C.COMMAND_UNLOCK: return unlock(m, device, mailbox);
    case C.COMMAND_FREEZE_SECURITY_STATE: return freeze(device);
    case C.COMMAND_PASSPHRASE_ERASE: return passphraseErase(m, device, mailbox);
    case C.COMMAND_SECURITY_SEND: return securitySend(device, mailbox, length);
    case C.COMMAND_SECURITY_RECEIVE: return securityReceive(device, mailbox);
    case C.COMMAND_GET_QOS_CONTROL: return getQos(device, mailbox);
    case C.COMMAND_SET_QOS_CONTROL: return setQos(device, mailbox);
    case C.COMMAND_GET_QOS_STATUS: return getQosStatus(mailbox);
    case C.COMMAND_GET_DYNAMIC_CAPACITY: return getCapacity(device, mailbox);
    case C.COMMAND_GET_EXTENT_LIST: return getExtents(device, mailbox);
    case C.COMMAND_ADD_DYNAMIC_CAPACITY: return addCapacity(device, mailbox, length);
    case C.COMMAND_RELEASE_DYNAMIC_CAPACITY: return releaseCapacity(device, mailbox, length);
    default: return C.RETURN_UNSUPPORTED;
  }
}
