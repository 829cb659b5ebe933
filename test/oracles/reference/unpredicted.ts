// What the reference machine does not say. Fields: their values come from what is under way or from faults; here, where everything
// under way is over and nothing fails, they stay as after a reset. Memory: volatile contents after a reset are
// lost, what is there then is the implementation's (TB3); a load that ends in an error gives an exception, not data (TB1).

export interface UnpredictedField {
  readonly structure: string;
  readonly register: string;
  readonly field: string;
  readonly reason: string;
}

const underWay = "only while something is under way; the module settles after each access";
const fault = "only a fault sets it";

const fields = (structure: string, register: string, names: readonly string[], reason: string): UnpredictedField[] => names.map((field) => ({ structure, register, field, reason }));

export const unpredictedFields: readonly UnpredictedField[] = [
  ...fields("pcie", "linkStatus", ["training"], underWay),
  ...fields("pcie", "linkStatus", ["autonomousBandwidth"], "links train to full width and speed at once"),
  ...fields("pcie", "slotStatus", ["attentionButtonPressed", "powerFault", "retentionLatchChanged", "commandCompleted"], fault),
  ...fields("pcie", "deviceStatus", ["correctable", "nonFatal", "fatal", "unsupportedRequest"], fault),
  ...fields("timeoutIsolation", "status", ["rootPortBusy"], underWay),
  ...fields("timeoutIsolation", "status", ["cacheTimeout"], fault),
  ...fields("doe", "status", ["busy"], underWay),
  ...fields("doe", "status", ["error"], fault),
  ...fields("dpc", "status", ["rootPortBusy"], underWay),
  ...fields("dpc", "source", ["requester"], "software triggers name no requester; messages from below are faults"),
  ...fields("aer", "uncorrectableStatus", ["surpriseDown", "uncorrectableInternal"], fault),
  ...fields("aer", "correctableStatus", ["correctedInternal"], fault),
  ...fields("aer", "control", ["firstErrorPointer"], fault),
  ...fields("aer", "headerLog", ["dword"], fault),
  ...fields("ras", "uncorrectableStatus", ["internalError", "poisonReceived"], fault),
  ...fields("ras", "correctableStatus", ["memoryPoisonReceived"], fault),
  ...fields("ras", "control", ["firstErrorPointer"], fault),
  ...fields("ras", "headerLog", ["dword"], fault),
  ...fields("dvsecDevice", "status2", ["resetError", "volatilePreservationError"], fault),
  ...fields("dvsecDevice", "range1SizeLow", ["memoryActiveDegraded"], fault),
];
