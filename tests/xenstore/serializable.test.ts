import test from 'ava';
import * as fc from 'fast-check';
import {
  Refusal,
  XS,
  Xenstored,
  type InProcessConnection,
  type StoreNode,
  type XsType,
} from '../../hypervisor/xenstore/index.ts';

const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), {minLength: 1, maxLength: 4})
  .map((names) => `/t/${names.join('/')}`);
const value = fc.constantFrom('', '1', '2');

interface Step {
  readonly type: XsType;
  readonly payload: string;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({type: fc.constantFrom(XS.READ, XS.DIRECTORY, XS.GET_PERMS, XS.MKDIR), payload: path.map((p) => `${p}\0`)}),
  fc.record({type: fc.constant(XS.RM), payload: path.map((p) => `${p}\0`)}),
  fc.record({type: fc.constant(XS.WRITE), payload: fc.tuple(path, value).map(([p, v]) => `${p}\0${v}`)}),
  fc.record({type: fc.constant(XS.SET_PERMS), payload: path.map((p) => `${p}\0b0\0r1\0`)}),
);

/** Which of some transactions takes the step, if any; or that it ends. */
const turn = fc.record({
  tx: fc.constantFrom(0, 0, 1, 2),
  action: fc.oneof({weight: 3, arbitrary: step}, {weight: 1, arbitrary: fc.constant('commit' as const)}),
});

const show = (node: StoreNode): unknown => [
  node.value,
  node.perms,
  [...node.children].map(([name, child]) => [name, show(child)]),
];

const ask = (connection: InProcessConnection, {type, payload}: Step, txId = 0): string =>
  String(connection.request(type, txId, payload));

/** A transaction in progress with the steps that it took and what it was told. */
interface Running {
  readonly id: number;
  readonly steps: Step[];
  readonly replies: string[];
}

test('a transaction that commits is as if its requests were made at the commit, one after the other', (t) => {
  let committed = 0;
  let conflicts = 0;
  fc.assert(
    fc.property(fc.array(turn, {minLength: 20, maxLength: 80, size: 'max'}), (turns) => {
      const store = new Xenstored();
      const plain = new Xenstored();
      const connection = store.connectInProcess();
      const reference = plain.connectInProcess();
      const running = new Map<number, Running>();
      const snapshots: [StoreNode, unknown][] = [];

      const start = (): Running => {
        const id = Number.parseInt(ask(connection, {type: XS.TRANSACTION_START, payload: '\0'}), 10);
        return {id, steps: [], replies: []};
      };
      const commit = (tx: Running): void => {
        const reply = connection.request(XS.TRANSACTION_END, tx.id, 'T\0');
        const refused = reply instanceof Refusal;
        if (refused && reply.errno !== 'EAGAIN') throw new Error(`commit: ${reply.errno}`);
        if (refused) {
          conflicts++;
          return;
        }
        committed++;
        const replies = tx.steps.map((each) => ask(reference, each));
        if (replies.join() !== tx.replies.join()) throw new Error(`${tx.replies.join()} but ${replies.join()}`);
      };

      for (const {tx: slot, action} of turns) {
        if (slot === 0) {
          const once = action === 'commit' ? undefined : action;
          if (once !== undefined && ask(connection, once) !== ask(reference, once)) throw new Error('plain request');
          if (once === undefined) snapshots.push([store.snapshot(), show(store.snapshot())]);
          continue;
        }
        const tx = running.get(slot) ?? start();
        running.set(slot, tx);
        if (action === 'commit') {
          running.delete(slot);
          commit(tx);
        } else {
          tx.steps.push(action);
          tx.replies.push(ask(connection, action, tx.id));
        }
      }
      t.deepEqual(show(store.snapshot()), show(plain.snapshot()));
      for (const [snapshot, shown] of snapshots) t.deepEqual(show(snapshot), shown);
    }),
    {numRuns: 300},
  );
  t.true(committed > 100 && conflicts > 100, `${committed} commits, ${conflicts} conflicts`);
});

test('whatever arrives, there is one reply, and the store goes on', (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          type: fc.nat(25),
          txId: fc.constantFrom(0, 0, 1, 9),
          payload: fc.oneof(
            fc.string({unit: fc.constantFrom('/', 'a', 't', 'o', '\0', '@', ' ', '1', 'n', '\xff'), maxLength: 40}),
            fc.constantFrom('/tool\0', '1\x001\x001\0', 'T\0', '/tool\0n0\0', `/${'x'.repeat(4095)}`),
          ),
        }),
        {maxLength: 40},
      ),
      (requests) => {
        const store = new Xenstored({introduceHook: () => undefined});
        const host = store.connectInProcess();
        store.introduce(1);
        const guest = store.connectInProcess(1);
        for (const {type, txId, payload} of requests) {
          for (const who of [host, guest]) {
            const reply = who.request(type as XsType, txId, payload);
            if (!(reply instanceof Refusal) && reply.length > 4096) throw new Error('reply too long');
          }
        }
        t.is(String(store.connectInProcess().request(XS.MKDIR, 0, '/alive\0')), 'OK\0');
      },
    ),
    {numRuns: 300},
  );
});
