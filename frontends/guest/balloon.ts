import type {Gfn} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';

const KIB_PER_PAGE = PAGE_SIZE / 1024;
/** Kept back for rings and buffers: a kernel without a free page is a dead one. */
const RESERVE_PAGES = 256;

/** Gives memory to the host, and gets it again, as the toolstack wants it. @see xenstore-paths, "memory/target" */
export class Balloon {
  private readonly ops: HypervisorOps;
  /** Frames that the host has of ours. */
  private readonly given: Gfn[] = [];
  /** Frames from here on are ours to ask for, up to the domain's limit. */
  private nextGfn: number;

  constructor(ops: HypervisorOps) {
    this.ops = ops;
    this.nextGfn = ops.pages.endGfn;
  }

  /** Comes as near to a target as the host's memory, and the kernel's own need, allow. */
  moveTo(targetKib: number): void {
    const missing = Math.floor(targetKib / KIB_PER_PAGE) - this.ops.currentReservation();
    if (missing < 0) this.giveBack(-missing);
    else this.ask(missing);
  }

  private giveBack(pages: number): void {
    const {ops, given} = this;
    const count = Math.min(pages, ops.pages.freePages - RESERVE_PAGES);
    const gfns: Gfn[] = [];
    while (gfns.length < count) {
      const gfn = ops.pages.alloc();
      if (gfn === undefined) break;
      gfns.push(gfn);
    }
    ops.decreaseReservation(gfns);
    given.push(...gfns);
  }

  private ask(pages: number): void {
    const {ops, given} = this;
    const fresh = Math.max(0, pages - given.length);
    const gfns = given.splice(Math.max(0, given.length - pages));
    for (let i = 0; i < fresh; i++) gfns.push((this.nextGfn + i) as Gfn);
    const done = ops.populatePhysmap(gfns);
    for (const gfn of gfns.slice(0, done)) ops.pages.free(gfn);
    const own = gfns.length - fresh;
    given.push(...gfns.slice(done, own));
    this.nextGfn += Math.max(0, done - own);
  }
}

/** Watches the target; `onError` gets what that fails with. */
export const startBalloon = (ops: HypervisorOps, xs: XsClient, onError: (error: unknown) => void): void => {
  const balloon = new Balloon(ops);
  const follow = async (): Promise<void> => {
    const target = await xs.read('memory/target');
    if (target !== undefined && /^\d+$/.test(target)) balloon.moveTo(Number(target));
  };
  xs.watch('memory/target').subscribe({next: () => void follow().catch(onError), error: onError});
};
