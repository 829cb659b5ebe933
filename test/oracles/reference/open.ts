// Open divergences: places where the module does not do what the named source says. While an entry is true the reference does as the module does,
// so that everything else stays compared; false makes the differential test show the divergence.

export const open = {
  /** PCIe 6.2.11.2: DPC's ERR_COR also wants Correctable Error Reporting Enable of Device Control. The module sends it without. */
  containmentReportsWithoutEnable: true,
  /** PCIe 7.5.1.3.13, 6.6.1: Secondary Bus Reset of a switch's upstream port is a hot reset of what is behind its downstream ports. The module does nothing. */
  upstreamPortIgnoresBusReset: true,
  /** Config sheet 9: Retrain Link reads 0. The module keeps it on functions that have no link below. */
  retrainIsKept: true,
  /** PCIe 7.5.3.11: Presence Detect Changed follows the card. The module sets it on a downstream port whose switch was reset, with the card in place. */
  resetShowsPresenceChanged: true,
  /** PCIe 7.9.14.2: the message number is one that MSI grants. After a hot reset of a downstream port MSI grants one, and the module shows 2. */
  resetKeepsDeclaredMessageNumber: true,
  /** PCIe 6.6.2: a function level reset spares Max_Payload_Size. The module clears it (the field is not modelled otherwise). */
  functionResetClearsPayloadSize: true,
  /** PCIe 6.1.4.5: a pending bit goes when its message is sent. Unmasked while MSI-X is disabled, the module clears it and sends nothing, ever. */
  pendingIsLostWhileDisabled: true,
} as const;
