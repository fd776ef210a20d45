import type {DomId} from '../../hypervisor/index.ts';
import type {RequestTrace, XsClient} from '../../hypervisor/xenstore/index.ts';
import {XenbusStateInitialising} from '../../hypervisor/abi/io/xenbus.ts';
import type {DomainRecord} from './record.ts';
import {sayAgain} from './say-again.ts';

/** Of the watch by which a kernel hears of new devices. */
const WATCHED = 'device\0';

/**
 * Shows restored guests the devices that they did not have when they were saved. A guest that resumes looks for those it
 * knows; it hears of others by its watch alone, which it sets anew. What was written before that is written again then.
 */
export class NewDevices {
  private readonly xs: XsClient;
  private readonly resuming = new Map<number, DomainRecord>();

  constructor(xs: XsClient) {
    this.xs = xs;
  }

  /** The domain is about to resume. */
  expect(record: DomainRecord): void {
    this.resuming.set(record.domid, record);
  }

  forget(domid: DomId): void {
    this.resuming.delete(domid);
  }

  /** Looks at each request that xenstored has answered. */
  onRequest({domId, type, payload}: RequestTrace): void {
    const record = this.resuming.get(domId);
    if (record === undefined || type !== 'WATCH' || !payload.startsWith(WATCHED)) return;
    this.resuming.delete(domId);
    const frontends = Array.from(record.devices.values(), ({frontendPath}) => frontendPath);
    const shown = frontends.map((path) => sayAgain(this.xs, `${path}/state`, XenbusStateInitialising));
    void Promise.all(shown).catch(() => undefined);
  }
}
