import {copyFileSync, existsSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {Random} from '../../hypervisor/schedule/index.ts';
import {XS, Xenstored, type XsType} from '../../hypervisor/xenstore/index.ts';
import {StateFile} from '../../toolstack/xenstored/state-file.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {randomRequest} from '../support/xenstore-requests.ts';

/** A process that is killed leaves a beginning of what it was writing: any beginning. */

const content = (store: Xenstored): string => {
  const {nodes, domains, specialPerms} = store.saveNodes();
  return JSON.stringify({nodes, domains, specialPerms});
};

/** A store as a daemon takes it up that starts with the file. */
const reopened = (path: string): Xenstored => {
  const state = new StateFile(path, () => store.saveNodes());
  const store: Xenstored = new Xenstored({journal: state});
  const {nodes, since} = state.open()!;
  store.loadNodes(nodes, since);
  state.close();
  return store;
};

interface Acknowledged {
  readonly sizeBytes: number;
  readonly content: string;
}

/** Asks at random until there are enough changes. @returns what the file had to keep, change by change */
const session = (path: string, seed: number, changes: number): Acknowledged[] => {
  const random = new Random(seed);
  const state = new StateFile(path, () => store.saveNodes());
  const store: Xenstored = new Xenstored({journal: state});
  state.open();
  for (const domid of [1, 2]) store.introduce(domid);
  const connections = [0, 0, 1, 2].map((domid) => store.connectInProcess(domid));
  const transactions: number[][] = connections.map(() => []);
  const acknowledged: Acknowledged[] = [];
  while (acknowledged.length < changes) {
    const which = random.below(connections.length);
    const asker = {name: `${which}`, privileged: which < 2, transactions: transactions[which]};
    const {type, txId, payload} = randomRequest(random, asker);
    const reply = connections[which].request(type as XsType, txId, payload);
    if (/^\d+\0$/.test(String(reply))) transactions[which].push(Number.parseInt(String(reply), 10));
    const sizeBytes = statSync(path).size;
    if (sizeBytes !== acknowledged.at(-1)?.sizeBytes) acknowledged.push({sizeBytes, content: content(store)});
  }
  state.close();
  return acknowledged;
};

const lastBefore = (acknowledged: readonly Acknowledged[], cut: number): Acknowledged =>
  acknowledged.findLast(({sizeBytes}) => sizeBytes <= cut)!;

const cutAnywhere = (t: ExecutionContext, seed: number): void => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'state');
  const acknowledged = session(path, seed, 100);
  const random = new Random(seed);
  const [first, last] = [acknowledged[0].sizeBytes, acknowledged.at(-1)!.sizeBytes];
  const cuts = Array.from({length: 60}, () => first + random.below(last - first + 1));
  for (const cut of [first, last, ...cuts]) {
    const killed = join(directory, 'killed');
    copyFileSync(path, killed);
    truncateSync(killed, cut);
    t.is(content(reopened(killed)), lastBefore(acknowledged, cut).content, `seed ${seed}, cut at byte ${cut}`);
  }
};

for (const seed of [1, 2]) {
  test(`a file cut at any byte has all that was acknowledged by then, and nothing in part (seed ${seed})`, (t) => {
    cutAnywhere(t, seed);
  });
}

test('a file that was being written anew when the daemon was killed is ignored', (t) => {
  const path = join(temporaryDirectory(t), 'state');
  const acknowledged = session(path, 4, 20);
  writeFileSync(`${path}.new`, '{"nodes":[[-1,"",');
  t.is(content(reopened(path)), acknowledged.at(-1)!.content);
});

test('the file is written anew when the changes outgrow the tree', (t) => {
  const path = join(temporaryDirectory(t), 'state');
  const state = new StateFile(path, () => store.saveNodes());
  const store: Xenstored = new Xenstored({journal: state});
  state.open();
  const dom0 = store.connectInProcess();
  let largestBytes = 0;
  for (let i = 0; i < 3000; i++) {
    dom0.request(XS.WRITE, 0, `/x\0${String(i).repeat(700)}`);
    largestBytes = Math.max(largestBytes, statSync(path).size);
  }
  const expected = content(store);
  state.close();
  t.true(statSync(path).size < largestBytes);
  t.true(largestBytes < 5 * 1024 * 1024);
  t.false(existsSync(`${path}.new`));
  t.is(content(reopened(path)), expected);
});
