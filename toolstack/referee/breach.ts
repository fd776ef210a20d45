import {Subject} from 'rxjs';
import type {DomId} from '../../hypervisor/index.ts';

/** Breaches of one clause by one device that are told; later ones are only counted. */
const MAX_REPEATS = 5;
/** Breaches of one host that are told. */
const MAX_BREACHES = 1000;

/** A clause that somebody has broken on a running host. */
export interface Breach {
  /** Host time. */
  readonly timeNs: number;
  /** Who broke it. */
  readonly domid: DomId;
  /** "d1 vbd/51712": the domain that has the device, its kind and number. */
  readonly device: string;
  /** An id of the catalogue: "RING-IDX-02". */
  readonly clause: string;
  readonly done: string;
  readonly legal: string;
}

/** "d1, d1 vbd/51712, RING-IDX-02: 33 requests are under way; legal: 32, the ring's size" */
export const formatBreach = ({domid, device, clause, done, legal}: Breach): string =>
  `d${domid}, ${device}, ${clause}: ${done}; legal: ${legal}`;

/** What the rules tell of breaches; one that goes on and on is told a few times. */
export class Breaches {
  readonly all = new Subject<Breach>();
  private readonly now: () => number;
  private readonly counts = new Map<string, number>();
  private told = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  report(device: string, domid: number, clause: string, done: string, legal: string): void {
    const key = `${device} ${clause} ${domid}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    if (count > MAX_REPEATS || this.told >= MAX_BREACHES) return;
    this.told++;
    this.all.next({timeNs: this.now(), domid: domid as DomId, device, clause, done, legal});
  }
}
