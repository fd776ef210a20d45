import type {IoVector} from '../../storage/index.ts';

/**
 * Who asks: an initiator port, as one logical unit sees it. Reservations, unit attentions and PREVENT ALLOW are kept for
 * each. Two objects of one name are the same nexus. @see SAM-5, "I_T nexus"
 */
export interface Nexus {
  /** An iSCSI name, with `,i,0x<ISID>` behind it where sessions are told apart: up to 223 bytes of ASCII. */
  readonly name: string;
}

export type DataDirection = 'none' | 'in' | 'out' | 'both';

/** One command as its transport received it. The object is its identity: task management names commands by it. */
export interface ScsiCommand {
  readonly nexus: Nexus;
  /** 0..16383 */
  readonly lun: number;
  /** As it was sent, of any length, and not changed any more: the target looks at it itself. */
  readonly cdb: Uint8Array;
  /** Which way the transport can move data; 'both': the CDB decides. */
  readonly direction: DataDirection;
  /**
   * The initiator's buffer: all the data that there are ('out'), or all the room ('in'). Nothing outside of it is touched,
   * nothing at all once the command has ended.
   */
  readonly data: IoVector;
}

/** Status codes that targets answer with. @see SAM-5, "Status codes" */
export const GOOD = 0x00;
export const CHECK_CONDITION = 0x02;
export const RESERVATION_CONFLICT = 0x18;
export const TASK_SET_FULL = 0x28;
/** Ended by task management: an initiator that aborted its own command is to be told nothing. */
export const TASK_ABORTED = 0x40;

export interface ScsiResult {
  readonly status: number;
  /** With CHECK CONDITION up to 96 bytes, otherwise none. */
  readonly sense: Uint8Array;
  /**
   * Bytes that the command moves. Fewer than the buffer has: the rest is residual. More: an overflow; the buffer was used
   * as a whole, and the rest was lost.
   */
  readonly transferBytes: number;
}

/** Answers of task management. @see SAM-5, "Task management functions" */
export type TaskResponse = 'complete' | 'no such task' | 'no such unit';

/** A SCSI device with its logical units, as a transport (a ring, iSCSI, a test) drives it. Never throws, never rejects. */
export interface ScsiTarget {
  /** LUNs in use, in order. */
  readonly luns: readonly number[];
  /** Returns the result itself where nothing had to be waited for. */
  execute(command: ScsiCommand): ScsiResult | Promise<ScsiResult>;
  /** Ends one command, which then answers TASK_ABORTED. All of these resolve when no memory is touched any more. */
  abortTask(command: ScsiCommand): Promise<TaskResponse>;
  /** Ends all commands of a nexus. */
  abortTaskSet(nexus: Nexus, lun: number): Promise<TaskResponse>;
  /** Ends the commands of every nexus; the others get a unit attention. */
  clearTaskSet(nexus: Nexus, lun: number): Promise<TaskResponse>;
  resetUnit(lun: number): Promise<TaskResponse>;
  resetTarget(): Promise<void>;
  /** An initiator has gone: its commands end, and what is kept for it, registrations apart, is forgotten. */
  dropNexus(nexus: Nexus): Promise<void>;
}
