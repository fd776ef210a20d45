import type {DomId} from '../../hypervisor/index.ts';
import type {Schedule} from '../../hypervisor/schedule/index.ts';
import {ToolstackError} from '../errors.ts';
import {type DomainRecord, exclusively} from './record.ts';

/** The domains that the toolstack made and that are not quite gone. */
export class DomainRecords {
  private readonly clock: Schedule;
  private readonly records = new Map<DomId, DomainRecord>();

  constructor(clock: Schedule) {
    this.clock = clock;
  }

  add(record: DomainRecord): void {
    this.records.set(record.domid, record);
  }

  remove(domid: DomId): void {
    this.records.delete(domid);
  }

  find(domid: DomId): DomainRecord | undefined {
    return this.records.get(domid);
  }

  all(): DomainRecord[] {
    return [...this.records.values()];
  }

  /** ESRCH for one that is not there. */
  get(domid: DomId): DomainRecord {
    const record = this.records.get(domid);
    if (record === undefined) throw noDomain(domid);
    return record;
  }

  /** Changes a domain's devices or nodes, after whatever else does. */
  change<T>(record: DomainRecord, operation: () => Promise<T>): Promise<T> {
    const change = async (): Promise<T> => {
      // Its end may have begun while this waited.
      if (record.destroying !== undefined) throw noDomain(record.domid);
      return operation();
    };
    return this.clock.drive(exclusively(record, change));
  }
}

export const noDomain = (domid: DomId): ToolstackError =>
  new ToolstackError('ESRCH', `libxl: error: Domain ${domid}:Non-existant domain`);
