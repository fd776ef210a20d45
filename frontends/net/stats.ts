/** Counters of one interface. */
export interface NetStats {
  txPackets: number;
  txBytes: number;
  /** Packets that the backend answered with an error. */
  txErrors: number;
  /** Frames that were not sent: the ring was full, there was no carrier, or their length is not allowed. */
  txDropped: number;
  rxPackets: number;
  rxBytes: number;
  /** Frames thrown away because of what their responses say. */
  rxErrors: number;
  /** Packets received whole that were to be cut into segments. */
  rxGso: number;
  /** Packets sent whole that the backend, or who gets them, cuts into segments. */
  txGso: number;
  /** Events sent to the backend. */
  notifications: number;
}

export const createNetStats = (): NetStats => ({
  txPackets: 0,
  txBytes: 0,
  txErrors: 0,
  txDropped: 0,
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxGso: 0,
  txGso: 0,
  notifications: 0,
});
