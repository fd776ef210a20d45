import test from 'ava';
import {Random} from '../../hypervisor/schedule/index.ts';
import {SyncXs, Xenstored, XS, type SavedStore, type XsMessage} from '../../hypervisor/xenstore/index.ts';
import {randomRequest} from '../support/xenstore-requests.ts';

const DOMAINS = [1, 2];
const QUOTA = {nodes: 30, watches: 5, transactions: 3, recordBytes: 200};

/** A store whose connections are driven by hand: what is queued for them stays queued until it is taken. */
class Driven {
  store: Xenstored;
  private readonly transactions = new Map<string, number[]>();

  constructor() {
    this.store = newStore();
    const xs = new SyncXs(this.store.connectInProcess());
    for (const domid of DOMAINS) {
      this.store.introduce(domid);
      xs.apply([{path: `/local/domain/${domid}`, value: '', perms: [`n${domid}`]}]);
    }
    xs.apply([{path: '/t', value: '', perms: ['b0']}]);
    this.store.dispatcher.connect('socket 1', 0, undefined);
    this.store.dispatcher.connect('socket 2', 0, undefined);
  }

  /** The same, through JSON. */
  reload(): void {
    const saved = JSON.parse(JSON.stringify(this.store.save())) as SavedStore;
    this.store = newStore();
    this.store.load(saved);
  }

  labels(): string[] {
    return Array.from(this.store.dispatcher.all(), ({label}) => label);
  }

  step(random: Random): void {
    const [domid, how] = [1 + random.below(2), random.below(60)];
    if (how === 0) this.release(domid);
    else if (how < 4) this.store.introduce(domid);
    else this.ask(random);
  }

  /** Takes the first of what is queued for a connection. */
  take(label: string): XsMessage | undefined {
    const message = this.find(label)?.queue.shift();
    if (message === undefined) return undefined;
    const {type, reqId, txId, payload} = message;
    return {type, reqId, txId, payload};
  }

  toString(): string {
    return JSON.stringify(this.store.save());
  }

  private release(domid: number): void {
    this.store.release(domid);
    this.transactions.delete(`dom${domid}`);
  }

  private ask(random: Random): void {
    const labels = this.labels();
    const connection = this.find(labels[random.below(labels.length)])!;
    const {label, privileged} = connection;
    const transactions = [...connection.transactions.keys()];
    const {type, txId, payload} = randomRequest(random, {name: label, privileged, transactions});
    this.store.dispatcher.dispatch(connection, {type, reqId: random.below(1000), txId, payload});
  }

  private find(label: string): ReturnType<Xenstored['load']>[number] | undefined {
    return Array.from(this.store.dispatcher.all()).find((connection) => connection.label === label);
  }
}

const newStore = (): Xenstored => new Xenstored({quota: QUOTA, domainExists: (domid) => domid <= 3});

for (const seed of [1, 2, 3, 4]) {
  test(`a store that is saved and loaded after every step does what one does that is not, seed ${seed}`, (t) => {
    const random = [new Random(seed), new Random(seed)];
    const [kept, reloaded] = [new Driven(), new Driven()];
    t.is(String(reloaded), String(kept));
    for (let i = 0; i < 400; i++) {
      kept.step(random[0]);
      reloaded.step(random[1]);
      reloaded.reload();
      if (String(kept) !== String(reloaded)) t.is(String(reloaded), String(kept), `step ${i}`);
      // Not all is taken, and not at once.
      for (const label of kept.labels()) {
        if (i % 3 === 0) t.deepEqual(reloaded.take(label), kept.take(label), `step ${i}, ${label}`);
      }
    }
  });
}

test('what is outstanding stays so, over a save, until it is taken', (t) => {
  const driven = new Driven();
  const ring = (): ReturnType<Xenstored['load']>[number] =>
    Array.from(driven.store.dispatcher.all()).find(({label}) => label === 'dom1')!;
  const ask = (): void =>
    driven.store.dispatcher.dispatch(ring(), {type: XS.GET_DOMAIN_PATH, reqId: 1, txId: 0, payload: '1\0'});
  for (let i = 0; i < 20; i++) ask();
  t.false(driven.store.dispatcher.mayRead(ring()));
  driven.reload();
  t.false(driven.store.dispatcher.mayRead(ring()));
  t.is(driven.take('dom1')?.payload, '/local/domain/1\0');
  t.true(driven.store.dispatcher.mayRead(ring()));
});
