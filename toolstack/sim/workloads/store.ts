import type {Random} from '../../../hypervisor/schedule/index.ts';
import {type XsClient, XsError} from '../../../hypervisor/xenstore/index.ts';
import {makeCalls} from './calls.ts';
import type {Workload} from './workload.ts';

export interface StoreParts {
  readonly name: string;
  readonly random: Random;
  readonly calls: number;
  /** Node of the guest's that is there. */
  readonly path: string;
  readonly guest: XsClient;
  readonly dom0: XsClient;
}

/** The guest and dom0 count in one node, in transactions that meet; a watch looks on. */
export class StoreWorkload implements Workload {
  readonly name: string;
  readonly survives = false;
  private readonly parts: StoreParts;
  private committed = 0;
  private held: string | undefined;
  private seen: string | undefined;

  constructor(parts: StoreParts) {
    this.name = parts.name;
    this.parts = parts;
  }

  async work(): Promise<void> {
    const {guest, path, calls, random} = this.parts;
    const watch = guest.watch(path).subscribe(() => {
      void guest.read(path).then((value) => (this.seen = value));
    });
    await makeCalls(calls, random, () => this.count());
    this.held = await guest.read(path);
    // What the watch saw last may still be on its way: events are answered in order.
    await guest.read(path);
    await guest.read(path);
    watch.unsubscribe();
  }

  fault(): string | undefined {
    const {held, seen} = this;
    if (Number(held) !== this.committed) return `${this.committed} commits have counted to "${held}"`;
    return Number(seen) === this.committed ? undefined : `the watch saw "${seen}" last, the node holds "${held}"`;
  }

  private async count(): Promise<void> {
    const {guest, dom0, path, random} = this.parts;
    const xs = random.chance(0.5) ? guest : dom0;
    const commits = random.chance(0.8);
    try {
      await xs.transaction(async (tx) => {
        const value = Number(await xs.read(path, tx));
        await xs.write(path, String(value + 1), tx);
        if (!commits) throw new Abandoned();
      });
      this.committed++;
    } catch (error) {
      if (!(error instanceof Abandoned) && !isConflict(error)) throw error;
    }
  }
}

/** The transaction is ended without a commit. */
class Abandoned extends Error {}

/** Given up after many attempts. */
const isConflict = (error: unknown): boolean => error instanceof XsError && error.errno === 'EAGAIN';
