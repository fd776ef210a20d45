import {difference, type Entry, type Ledger, type Side, toRecord} from '../../hypervisor/cost/index.ts';

/** What something added to a ledger, without what came to nothing. */
export class Counted {
  readonly ledger: Ledger;
  readonly entries: readonly Entry[];

  private constructor(ledger: Ledger, entries: readonly Entry[]) {
    this.ledger = ledger;
    this.entries = entries;
  }

  static async of(ledger: Ledger, work: () => Promise<unknown>): Promise<Counted> {
    const before = ledger.read();
    await work();
    return new Counted(ledger, difference(ledger.read(), before));
  }

  at(device: string, side: Side, domid = 1): Partial<Record<string, number>> {
    const found = this.entries.find((each) => each.device === device && each.side === side && each.domid === domid);
    return found === undefined ? {} : toRecord(found.counts);
  }
}
