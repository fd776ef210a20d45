/** Counters of one vif as the guest sees them: tx is what the guest sends. */
export interface VifStats {
  txPackets: number;
  txBytes: number;
  /** Packets refused because of what their requests say. */
  txErrors: number;
  rxPackets: number;
  rxBytes: number;
  /** Slots of which the guest's grant took no copy. */
  rxErrors: number;
  /** Packets for which the guest posted no room in time, or that are too long for it. */
  rxDropped: number;
  /** Events sent to the guest. */
  notifications: number;
}

export const createVifStats = (): VifStats => ({
  txPackets: 0,
  txBytes: 0,
  txErrors: 0,
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxDropped: 0,
  notifications: 0,
});
