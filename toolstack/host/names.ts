import type {DomId} from '../../hypervisor/index.ts';
import type {SyncXs} from '../../hypervisor/xenstore/index.ts';

/** A domid of the toolstack's. */
const U32_MAX = 2 ** 32 - 1;

/** Names of domains as xenstore has them, where anybody may change them. */
export class Names {
  private readonly xs: SyncXs;
  private readonly domids: () => Iterable<DomId>;

  constructor(xs: SyncXs, domids: () => Iterable<DomId>) {
    this.xs = xs;
    this.domids = domids;
  }

  nameOf(domid: DomId): string | undefined {
    return this.xs.read(`/local/domain/${domid}/name`);
  }

  byName(name: string): DomId | undefined {
    for (const domid of this.domids()) if (this.nameOf(domid) === name) return domid;
    return undefined;
  }

  /** Digits only: a domid, whether it exists or not. */
  resolve(nameOrId: string): DomId | undefined {
    return /^\d+$/.test(nameOrId) ? (Math.min(Number(nameOrId), U32_MAX) as DomId) : this.byName(nameOrId);
  }
}
