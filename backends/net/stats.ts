/** Counters of one vif as the guest sees them: tx is what the guest sends. */
export interface VifStats {
  txPackets: number;
  txBytes: number;
  /** Packets refused because of what their requests say. */
  txErrors: number;
  /** Times that the guest had to wait because of its rate. */
  txHeld: number;
  /** Packets of which a part was mapped. */
  txMapped: number;
  /** Packets of more slots than MAX_SKB_FRAGS of Linux has. */
  txOverflows: number;
  /** Packets to be cut into segments that came with a complete checksum, which was taken out. */
  txChecksumFixups: number;
  rxPackets: number;
  rxBytes: number;
  /** Slots of which the guest's grant took no copy. */
  rxErrors: number;
  /** Packets for which the guest posted no room in time, or that are too long for it. */
  rxDropped: number;
  /** Multicast that is not on the guest's list. */
  rxFiltered: number;
  /** Times that a queue was found stuck. */
  rxStalls: number;
  /** Events sent to the guest. */
  notifications: number;
}

export const createVifStats = (): VifStats => ({
  txPackets: 0,
  txBytes: 0,
  txErrors: 0,
  txHeld: 0,
  txMapped: 0,
  txOverflows: 0,
  txChecksumFixups: 0,
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxDropped: 0,
  rxFiltered: 0,
  rxStalls: 0,
  notifications: 0,
});

/**
 * The same as `ethtool -S vif1.0` of a Linux dom0 has them, where rx is what comes from the guest. Pages that are mapped
 * are copied all the same before anybody looks at them, which Linux counts as a failure of zero copy.
 * @see Linux, drivers/net/xen-netback/interface.c
 */
export const ethtoolStats = (stats: Readonly<VifStats>): Record<string, number> => ({
  rx_gso_checksum_fixup: stats.txChecksumFixups,
  tx_zerocopy_sent: stats.txMapped,
  tx_zerocopy_success: 0,
  tx_zerocopy_fail: stats.txMapped,
  tx_frag_overflow: stats.txOverflows,
});
