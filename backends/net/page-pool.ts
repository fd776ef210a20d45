import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {Gfn} from '../../hypervisor/ids.ts';

/** Pages of dom0 that hold frames for guests which have no room at the moment; all vifs share them. */
export class PagePool {
  private readonly ops: HypervisorOps;
  private readonly limit: number;
  private readonly free: Gfn[] = [];
  private owned = 0;

  constructor(ops: HypervisorOps, limit: number) {
    this.ops = ops;
    this.limit = limit;
  }

  /** Pages in use. */
  get used(): number {
    return this.owned - this.free.length;
  }

  /** A page with any content, or undefined at the limit. */
  take(): Gfn | undefined {
    const page = this.free.pop();
    if (page !== undefined || this.owned >= this.limit) return page;
    const fresh = this.ops.pages.alloc();
    if (fresh !== undefined) this.owned++;
    return fresh;
  }

  give(page: Gfn): void {
    this.free.push(page);
  }
}
