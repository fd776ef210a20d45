/** What the console's driver counts. */
export interface HvcStats {
  /** Bytes put on the ring and taken off it. */
  outBytes: number;
  inBytes: number;
  /** Output that was lost because the queue behind the ring was full. */
  droppedBytes: number;
  /** Times the peer's index was found impossible. */
  corrupt: number;
  /** Events received, and sent. */
  events: number;
  notifies: number;
}

export const newHvcStats = (): HvcStats => ({
  outBytes: 0,
  inBytes: 0,
  droppedBytes: 0,
  corrupt: 0,
  events: 0,
  notifies: 0,
});
