import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';

/** What carries frames between an uplink and another program. */
export interface Wire {
  /** Starts. Rejects with the system's error when it never can. */
  open(): Promise<void>;
  /** Sends frames, all or none: false when the peer is not there, or too slow. */
  send(frames: readonly Uint8Array[]): boolean;
  close(): Promise<void>;
}

/** What a wire tells. */
export interface WireEnd {
  readonly schedule: TaskQueue;
  /** Takes frames that came; within a task of the run queue. */
  receive(frames: readonly Uint8Array[]): void;
  /** A change that an administrator wants to know of, in a line. */
  report(change: string): void;
}
