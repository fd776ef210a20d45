import type {Gfn} from '../hypervisor/ids.ts';
import type {HypervisorOps} from '../hypervisor/ops.ts';
import type {Timer} from '../hypervisor/schedule/index.ts';

/** A page that the backend did not let go of is looked at again after this long, so often. */
const RETRY_NS = 1e9;
const MAX_RETRIES = 10;

interface Held {
  ref: number;
  gfn: Gfn;
}

/**
 * Takes granted pages back. One that the backend still has mapped stays granted and out of use, and is tried again: to
 * reuse it would hand the backend somebody else's data.
 */
export class GrantKeeper {
  private readonly ops: HypervisorOps;
  private held: Held[] = [];
  private timer: Timer | undefined;
  private retries = 0;

  constructor(ops: HypervisorOps) {
    this.ops = ops;
  }

  /** Pages that are still out. */
  get count(): number {
    return this.held.length;
  }

  /** Ends the grant and frees the page, now or when the backend lets go of it. */
  release(ref: number, gfn: Gfn): void {
    if (this.ops.grantor.endAccess(ref)) {
      this.ops.pages.free(gfn);
      return;
    }
    this.held.push({ref, gfn});
    this.retries = 0;
    this.timer ??= this.ops.schedule.after(RETRY_NS, this.onTimer);
  }

  /** Tries all again: the backend may have let go. */
  retry(): void {
    const {held} = this;
    this.held = [];
    for (const entry of held) {
      if (this.ops.grantor.endAccess(entry.ref)) this.ops.pages.free(entry.gfn);
      else this.held.push(entry);
    }
    if (this.held.length > 0) return;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly onTimer = (): void => {
    this.timer = undefined;
    this.retry();
    if (this.held.length > 0 && ++this.retries < MAX_RETRIES) {
      this.timer = this.ops.schedule.after(RETRY_NS, this.onTimer);
    }
  };
}
