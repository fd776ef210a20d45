/** SCSI bus phases, as MSG, C/D and I/O spell them. */
export const DATA_OUT = 0;
export const DATA_IN = 1;
export const COMMAND = 2;
export const STATUS = 3;
export const MESSAGE_OUT = 6;
export const MESSAGE_IN = 7;

/** The target holds the bus and asks for nothing yet. */
export const BUSY = -1;
/** It has let go of the bus. */
export const BUS_FREE = -2;

export type Phase =
  typeof DATA_OUT | typeof DATA_IN | typeof COMMAND | typeof STATUS | typeof MESSAGE_OUT | typeof MESSAGE_IN;

export type BusState = Phase | typeof BUSY | typeof BUS_FREE;

/** From the target to the initiator. */
export const isInward = (phase: Phase): boolean => (phase & 1) !== 0;
