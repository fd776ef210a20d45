/** What the daemon counts for one guest. */
export interface ConsoleStats {
  /** Bytes the guest wrote, and bytes put on its ring. */
  outBytes: number;
  inBytes: number;
  /** Input that was refused because too much waited for the guest. */
  droppedInputBytes: number;
  events: number;
  notifies: number;
}

export const newConsoleStats = (): ConsoleStats => ({
  outBytes: 0,
  inBytes: 0,
  droppedInputBytes: 0,
  events: 0,
  notifies: 0,
});
