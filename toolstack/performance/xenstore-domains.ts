import {GuestRing, XS, Xenstored, type XsMessage} from '../../hypervisor/xenstore/index.ts';
import type {BenchRow} from './row.ts';

const DOMAINS = 1000;
const NODES_EACH = 100;
const ROUNDS = 20;

/** A guest that asks over its ring, and has had its answer when the call returns. */
class BenchGuest {
  readonly domId: number;
  private readonly ring: GuestRing;
  private replyType = -1;

  constructor(store: Xenstored, domId: number) {
    this.domId = domId;
    const bytes = new ArrayBuffer(4096);
    const page = {u8: new Uint8Array(bytes), u32: new Uint32Array(bytes), offset: 0};
    this.ring = new GuestRing({page, notify: () => store.onEvent(domId)});
    this.ring.receive({onMessage: (message) => this.onMessage(message), onClose: () => undefined});
    store.introduce(domId, {page, notify: () => undefined});
  }

  ask(type: number, payload: string): void {
    this.replyType = -1;
    this.ring.send({type, reqId: 0, txId: 0, payload});
    this.ring.onEvent();
    if (this.replyType !== type) throw new Error(`xenstore: domain ${this.domId} got no answer`);
  }

  private onMessage({type}: XsMessage): void {
    if (type !== XS.WATCH_EVENT) this.replyType = type;
  }
}

/** A thousand domains with a ring, a watch and a hundred nodes each, their requests by turns. */
export const benchDomains = (): BenchRow[] => {
  const store = new Xenstored();
  const dom0 = store.connectInProcess();
  dom0.request(XS.WATCH, 0, '@introduceDomain\0t\0');
  dom0.request(XS.WATCH, 0, '@releaseDomain\0t\0');
  const start = performance.now();
  const guests = Array.from({length: DOMAINS}, (_, i) => {
    const guest = new BenchGuest(store, i + 1);
    dom0.request(XS.MKDIR, 0, `/local/domain/${guest.domId}\0`);
    dom0.request(XS.SET_PERMS, 0, `/local/domain/${guest.domId}\0n${guest.domId}\0`);
    return guest;
  });
  const introducedMs = performance.now() - start;
  for (const guest of guests) {
    for (let i = 0; i < NODES_EACH; i++) guest.ask(XS.WRITE, `device/${i}\0value`);
    guest.ask(XS.WATCH, 'device\0t\0');
  }
  const rate = (type: number, payload: (i: number) => string): number => {
    const from = performance.now();
    for (let i = 0; i < ROUNDS; i++) for (const guest of guests) guest.ask(type, payload(i));
    return (ROUNDS * DOMAINS) / (performance.now() - from);
  };
  const reads = rate(XS.READ, (i) => `device/${i}\0`);
  const writes = rate(XS.WRITE, (i) => `device/${i}\0${i}`);
  const from = performance.now();
  for (const {domId} of guests) store.release(domId);
  const releasedMs = performance.now() - from;
  const where = '1,000 domains with 100 nodes each';
  return [
    {name: `xenstore introduce, ${where}`, value: (introducedMs / DOMAINS) * 1000, unit: 'us a domain'},
    {name: `xenstore read over a ring, ${where}`, value: reads, unit: 'k/s'},
    {name: `xenstore write over a ring, watched, ${where}`, value: writes, unit: 'k/s'},
    {name: `xenstore release, ${where}`, value: (releasedMs / DOMAINS) * 1000, unit: 'us a domain'},
  ];
};
