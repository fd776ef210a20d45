import type {Layer, SharedWord} from './layer.ts';

/** A word of a ring that the implementation reads or writes. */
export interface RingAccess {
  readonly kind: 'read' | 'write';
  readonly ring: string;
  /** Bytes from the start of the page. */
  readonly offset: number;
  /** What is written; of a read what it got, once it is done. */
  readonly value: number;
}

/** The layer next to the memory: tells of each access to a ring just before and just after it happens. */
export class RingSpy implements Layer {
  /** Another processor may do anything here. */
  before: ((access: RingAccess) => void) | undefined;
  after: ((access: RingAccess) => void) | undefined;
  /** The implementation has let go of pages. */
  onUnmap: (() => void) | undefined;

  readonly ops: Layer['ops'] = {
    gnttabUnmapMany: (real, ...args) => {
      real(...args);
      this.onUnmap?.();
    },
  };

  readonly read = ({ring, offset}: SharedWord, fetch: () => number): number => {
    this.before?.({kind: 'read', ring, offset, value: 0});
    const value = fetch();
    this.after?.({kind: 'read', ring, offset, value});
    return value;
  };

  readonly write = ({ring, offset}: SharedWord, value: number, store: (value: number) => void): void => {
    this.before?.({kind: 'write', ring, offset, value});
    store(value);
    this.after?.({kind: 'write', ring, offset, value});
  };

  /** Sees every access from now on; returns what stops it. */
  record(): {accesses: RingAccess[]; stop: () => void} {
    const accesses: RingAccess[] = [];
    this.after = (access) => void accesses.push(access);
    return {accesses, stop: () => void (this.after = undefined)};
  }
}
