import test, {type ExecutionContext} from 'ava';
import {encodeMessage, SyncXs, XS} from '../../hypervisor/xenstore/index.ts';
import {ERROR, PAGE, RawGuest, REQ_CONS, REQ_PROD} from './raw-guest.ts';
import {Transcript} from './transcript.ts';

/** The advisories about xenstored and oxenstored: what was done to them is done to ours. @see xenbits.xen.org/xsa */

const ERROR_RINGIDX = 2;
const ERROR_PROTO = 3;

function withGuests(t: ExecutionContext): Transcript {
  const transcript = new Transcript();
  for (const domid of [1, 2]) {
    transcript.play(
      t,
      `
      host introduce ${domid}
      dom0 MKDIR /local/domain/${domid}              -> OK
      dom0 SET_PERMS /local/domain/${domid} n${domid} -> OK
      `,
    );
  }
  return transcript;
}

/** Nodes that a domain owns, by the store's account. */
function nodesOf(transcript: Transcript, domid: number): number {
  const use = transcript.ask('dom0', XS.CONTROL, `quota\0${domid}\0`);
  return Number(/^nodes +: +(\d+)$/m.exec(use)?.[1]);
}

const watchesOf = (transcript: Transcript, domid: number): number =>
  Number(/^watches +: +(\d+)$/m.exec(transcript.ask('dom0', XS.CONTROL, `quota\0${domid}\0`))?.[1]);

/** The accounts are right, and the store answers. */
function isSound(t: ExecutionContext, transcript: Transcript): void {
  const {store, logged} = transcript;
  t.is(transcript.ask('dom0', XS.CONTROL, 'check\0'), 'OK');
  t.deepEqual(logged, []);
  t.is(new SyncXs(store.connectInProcess()).read('/tool'), '');
}

test('XSA-38: ring indexes out of range', (t) => {
  for (const start of [0, 2 ** 32 - 512]) {
    for (const difference of [0, 1, 1023, 1024, 1025, 2 ** 31, 2 ** 32 - 1]) {
      const guest = new RawGuest();
      guest.startAt(start);
      const requests = Array.from({length: 64}, () => encodeMessage({type: 99, reqId: 1, txId: 0, payload: ''}));
      for (const [i, byte] of Buffer.concat(requests).entries()) {
        guest.memory.setUint8(PAGE + (((start + i) >>> 0) % 1024), byte);
      }
      guest.set(REQ_PROD, (start + difference) >>> 0);
      guest.kick();
      const legal = difference <= 1024;
      t.is(guest.get(ERROR), legal ? 0 : ERROR_RINGIDX, `difference ${difference}`);
      if (legal) t.is((guest.get(REQ_CONS) - start) >>> 0, difference);
      t.true(guest.store.isIntroduced(1));
      t.is(new SyncXs(guest.store.connectInProcess()).read('/tool'), '');
    }
  }
});

test('XSA-72: a listing longer than a message', (t) => {
  const transcript = withGuests(t);
  const names = Array.from({length: 400}, (_, i) => `child-number-${i}`);
  for (const name of names) transcript.ask('dom0', XS.MKDIR, `/wide/${name}\0`);
  transcript.play(t, `dom0 DIRECTORY /wide -> E2BIG`);
  t.deepEqual(new SyncXs(transcript.store.connectInProcess()).directory('/wide'), names);
});

test('XSA-115: watches on what the guest may not see', (t) => {
  const transcript = withGuests(t);
  for (const path of ['/', '/local', '@introduceDomain', '@releaseDomain']) {
    transcript.play(t, `dom1 WATCH ${path} t -> OK\ndom1: ${path} t`);
  }
  transcript.play(
    t,
    `
    host introduce 3
    dom0 WRITE /local/domain/3/secret v      -> OK
    dom0 WRITE /vm/secret v                  -> OK
    host gone 3
    dom0 RM /vm                              -> OK
    dom0 SET_PERMS @releaseDomain n0 r1      -> OK
    host shutdown 2
      dom1: @releaseDomain t
    `,
  );
});

test("XSA-206: a guest's writes do not keep others from committing", (t) => {
  const transcript = withGuests(t);
  const xs = new SyncXs(transcript.store.connectInProcess());
  let writes = 0;
  for (let round = 0; round < 100; round++) {
    let attempts = 0;
    xs.transaction((inside) => {
      attempts++;
      inside.write(`/local/domain/2/device/${round}`, 'v');
      // The guest writes as often as it can between two of our steps.
      t.is(transcript.ask('dom1', XS.WRITE, `data/${round}\0${attempts}`), 'OK');
      writes++;
      inside.write(`/local/domain/2/device/${round}/state`, '1');
    });
    t.is(attempts, 1, 'what it may write is not what we touch');
  }
  t.is(writes, 100);
});

test('XSA-233: a stub domain and its target go in any order', (t) => {
  for (const [first, second] of [
    [1, 2],
    [2, 1],
  ]) {
    const transcript = withGuests(t);
    transcript.play(
      t,
      `
      dom0 SET_TARGET 1 2                -> OK
      host gone ${first}
      host gone ${second}
      dom0 IS_DOMAIN_INTRODUCED 1        -> F
      dom0 IS_DOMAIN_INTRODUCED 2        -> F
      dom0 DIRECTORY /local/domain       -> ''
      `,
    );
    isSound(t, transcript);
  }
});

test('XSA-272: the quota of nodes counts implicit parents', (t) => {
  const transcript = withGuests(t);
  transcript.play(t, 'dom0 CONTROL quota set nodes 50 -> OK');
  for (let i = 0; i < 500; i++) transcript.ask('dom1', XS.WRITE, `${i % 7}/${i}/a/b\0v`);
  t.is(nodesOf(transcript, 1), 50);
  transcript.play(
    t,
    `
    dom1 WRITE more v -> ENOSPC
    dom1 RM 0         -> OK
    dom1 WRITE more v -> OK
    `,
  );
  isSound(t, transcript);
});

test('XSA-322: a new domain does not inherit what an old one with its number could see', (t) => {
  const transcript = withGuests(t);
  transcript.play(
    t,
    `
    dom0 WRITE /secret v           -> OK
    dom0 SET_PERMS /secret n0 b1   -> OK
    dom1 READ /secret              -> v
    dom1 WRITE mine v              -> OK
    host gone 1
    `,
  );
  transcript.domains.add(1);
  transcript.play(
    t,
    `
    host introduce 1
    dom1 WATCH /secret t           -> OK
      dom1: /secret t
    dom1 READ /secret              -> EACCES
    dom1 WRITE /secret w           -> EACCES
    dom0 WRITE /secret w           -> OK
    dom1 READ /secret              -> EACCES
    dom0 GET_PERMS /secret         -> n0 b1
    dom0 READ /local/domain/1/mine -> ENOENT
    `,
  );
});

test('XSA-323: the limit on a path is the same for both spellings, and dom0 can remove what there is', (t) => {
  const transcript = withGuests(t);
  for (let length = 2028; length <= 2068; length++) {
    const name = 'p'.repeat(length);
    const [relative, absolute] = [name, `/local/domain/1/${name}`].map((path) =>
      transcript.ask('dom1', XS.READ, `${path}\0`),
    );
    t.is(relative, absolute, String(length));
    t.is(relative, length <= 2048 ? 'ENOENT' : 'EINVAL', String(length));
  }
  const longest = 'q/'.repeat(1023) + 'qq';
  transcript.play(
    t,
    `
    dom0 CONTROL quota set nodes 5000        -> OK
    dom1 WRITE ${longest} v                  -> OK
    dom0 READ /local/domain/1/${longest}     -> v
    dom0 RM /local/domain/1/${longest}       -> OK
    dom0 RM /local/domain/1                  -> OK
    `,
  );
  isSound(t, transcript);
});

test('XSA-324: events as long as a message, and longer', (t) => {
  const transcript = withGuests(t);
  const path = 'w';
  for (const length of [0, 1, 3000, 4092]) {
    const token = 't'.repeat(length);
    t.is(transcript.ask('dom1', XS.WATCH, `${path}\0${token}\0`), 'OK');
  }
  t.is(transcript.ask('dom1', XS.WRITE, `${path}/${'x'.repeat(1500)}\0v`), 'OK');
  isSound(t, transcript);
});

test('XSA-325: a domain that breaks the protocol stays a domain until it is gone', (t) => {
  const guest = new RawGuest();
  const {store} = guest;
  const released: string[] = [];
  store.events$.subscribe((events) => {
    for (const {path, connection} of events) if (connection === 'watcher') released.push(path);
  });
  store.connectInProcess(0, 'watcher').request(XS.WATCH, 0, '@releaseDomain\0t\0');
  released.length = 0;
  const header = encodeMessage({type: XS.READ, reqId: 1, txId: 0, payload: ''});
  new DataView(header.buffer).setUint32(12, 4097, true);
  guest.put(header);
  guest.kick();
  t.is(guest.get(ERROR), ERROR_PROTO);
  t.deepEqual(released, []);
  t.true(store.isIntroduced(1));
  store.domainGone(1);
  t.deepEqual(released, ['@releaseDomain']);
});

test('XSA-326: a guest cannot make the store keep more for it than its quota', (t) => {
  const guest = new RawGuest();
  const {store} = guest;
  const dom0 = new SyncXs(store.connectInProcess());
  dom0.write('/local/domain/1/big', 'v'.repeat(2000));
  dom0.setPerms('/local/domain/1/big', ['n1']);
  // Requests without end, and no reply is taken.
  let sent = 0;
  for (let i = 0; i < 1000; i++) {
    const before = guest.get(REQ_CONS);
    const message = encodeMessage({type: XS.READ, reqId: i, txId: 0, payload: 'big\0'});
    const free = 1024 - ((guest.get(REQ_PROD) - before) >>> 0);
    if (free < message.length) break;
    guest.put(message);
    guest.kick();
    sent++;
  }
  t.true(sent < 100, 'the ring is not read any more');
  const use = store.connectInProcess().request(XS.CONTROL, 0, 'quota\x001\0') as string;
  t.is(Number(/outstanding +: +(\d+)/.exec(use)?.[1]), 20);
  t.true(Number(/memory +: +(\d+)/.exec(use)?.[1]) <= 20 * 2016);
  // Events without end.
  const other = store.connectInProcess(1, 'beside the ring');
  other.request(XS.WATCH, 0, `/local/domain/1/many\0${'t'.repeat(1000)}\0`);
  for (let i = 0; i < 5000; i++) dom0.write(`/local/domain/1/many/${i}`, 'v');
  t.is(dom0.read('/tool'), '', 'others are served');
});

test('XSA-330: RESET_WATCHES gives back the quota', (t) => {
  const transcript = withGuests(t);
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 127; i++) transcript.ask('dom1', XS.WATCH, `w\0${i}\0`);
    t.is(watchesOf(transcript, 1), 127);
    transcript.ask('dom1', XS.RESET_WATCHES, '\0');
    t.is(watchesOf(transcript, 1), 0);
  }
  transcript.play(t, 'dom1 WRITE w v -> OK -- no event');
});

test('XSA-352: a guest cannot give its nodes away', (t) => {
  const transcript = withGuests(t);
  transcript.play(
    t,
    `
    dom1 WRITE x v                 -> OK
    dom1 SET_PERMS x n0            -> EPERM
    dom1 SET_PERMS x n2 b1         -> EPERM
    dom1 TRANSACTION_START ''      -> 1
    dom1 #1 SET_PERMS x n2         -> EPERM
    dom1 #1 TRANSACTION_END T      -> OK
    dom1 GET_PERMS x               -> n1
    `,
  );
  t.deepEqual([nodesOf(transcript, 1), nodesOf(transcript, 2)], [2, 1]);
});

test('XSA-353: the root has permissions like any node', (t) => {
  withGuests(t).play(
    t,
    `
    dom1 READ /              -> EACCES
    dom1 WRITE / v           -> EACCES
    dom1 DIRECTORY /         -> EACCES
    dom1 DIRECTORY_PART / 0  -> EACCES
    dom1 GET_PERMS /         -> EACCES
    dom1 SET_PERMS / n1      -> EACCES
    dom1 MKDIR /             -> EACCES
    dom1 RM /                -> EACCES
    dom0 RM /                -> EINVAL
    dom0 DIRECTORY /         -> tool local
    `,
  );
});

test('XSA-414: a creation that fails half way leaves nothing', (t) => {
  const transcript = withGuests(t);
  transcript.play(t, 'dom0 CONTROL quota set nodes 6 -> OK');
  for (let room = 5; room > 0; room--) {
    transcript.play(
      t,
      `
      dom1 WRITE a/b/c/d/e/f v    -> ENOSPC
      dom0 DIRECTORY /local/domain/1/a -> ENOENT
      dom1 WRITE x${room} v       -> OK
      `,
    );
  }
  t.is(nodesOf(transcript, 1), 6);
  isSound(t, transcript);
});

test('XSA-415: a transaction in which a write failed cannot be committed', (t) => {
  const transcript = withGuests(t);
  transcript.play(
    t,
    `
    dom1 TRANSACTION_START ''                     -> 1
    dom1 #1 WRITE a/b/c v                         -> OK
    dom1 #1 WRITE a/b/${'v'.repeat(50)} ${'v'.repeat(2100)} -> ENOSPC
    dom1 #1 TRANSACTION_END T                     -> ENOMEM
    dom1 READ a                                   -> ENOENT
    `,
  );
  t.is(nodesOf(transcript, 1), 1);
  isSound(t, transcript);
});

test('XSA-416: requests whose replies are not taken cost their replies only', (t) => {
  const guest = new RawGuest();
  const dom0 = new SyncXs(guest.store.connectInProcess());
  dom0.write('/local/domain/1/big', 'v'.repeat(4096));
  dom0.setPerms('/local/domain/1/big', ['n1']);
  for (let i = 0; i < 20; i++) {
    guest.put(encodeMessage({type: XS.READ, reqId: i, txId: 0, payload: 'big\0'}));
    guest.kick();
  }
  const use = guest.store.connectInProcess().request(XS.CONTROL, 0, 'quota\x001\0') as string;
  t.true(Number(/memory +: +(\d+)/.exec(use)?.[1]) <= 20 * (4096 + 16));
});

test('XSA-417: rights that were given before the domain was there are not its rights', (t) => {
  const transcript = withGuests(t);
  transcript.play(
    t,
    `
    dom0 WRITE /for7 v             -> OK
    dom0 SET_PERMS /for7 n0 b7     -> OK
    `,
  );
  transcript.domains.add(7);
  transcript.play(
    t,
    `
    host introduce 7
    dom7 READ /for7                -> EACCES
    dom7 WRITE /for7 w             -> EACCES
    dom0 GET_PERMS /for7           -> n0 b7
    `,
  );
});

test('XSA-418: the deepest tree is made, checked, saved and removed', (t) => {
  const transcript = withGuests(t);
  const path = `/${'a/'.repeat(1023)}a`;
  transcript.play(t, `dom0 WRITE ${path} v -> OK`);
  t.is(transcript.store.save().nodes.length > 1024, true);
  isSound(t, transcript);
  transcript.play(t, `dom0 RM /a -> OK\ndom0 READ ${path} -> ENOENT`);
});

test('XSA-419: what a domain made elsewhere goes with it', (t) => {
  const transcript = withGuests(t);
  transcript.play(t, `dom1 WRITE shared v -> OK\ndom1 SET_PERMS shared n1 b2 -> OK`);
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 10; i++)
      t.is(transcript.ask('dom2', XS.WRITE, `/local/domain/1/shared/${round}/${i}\0v`), 'OK');
    transcript.play(t, 'host gone 2');
    transcript.domains.add(2);
    transcript.play(
      t,
      `
      dom0 DIRECTORY /local/domain/1/shared -> ''
      host introduce 2
      dom1 SET_PERMS shared n1 b2           -> OK
      `,
    );
  }
  t.is(nodesOf(transcript, 1), 2);
  isSound(t, transcript);
});

test('XSA-420: a length of any size over the limit ends that connection only', (t) => {
  for (const length of [4097, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    const guest = new RawGuest();
    const header = encodeMessage({type: XS.READ, reqId: 1, txId: 0, payload: ''});
    new DataView(header.buffer).setUint32(12, length, true);
    guest.put(header);
    guest.kick();
    t.is(guest.get(ERROR), ERROR_PROTO, String(length));
    t.is(new SyncXs(guest.store.connectInProcess()).read('/tool'), '');
  }
});

test('XSA-421: what a transaction makes and removes again does not count', (t) => {
  const transcript = withGuests(t);
  for (let round = 1; round <= 100; round++) {
    transcript.play(
      t,
      `
      dom1 TRANSACTION_START ''          -> ${round}
      dom1 #${round} WRITE x/y/z v       -> OK
      dom1 #${round} RM x                -> OK
      dom1 #${round} TRANSACTION_END T   -> OK
      `,
    );
  }
  t.is(nodesOf(transcript, 1), 1);
  isSound(t, transcript);
});

test('XSA-425: soft resets and releases while requests are under way', (t) => {
  const guest = new RawGuest();
  const dom0 = guest.store.connectInProcess();
  for (let round = 0; round < 50; round++) {
    guest.put(encodeMessage({type: XS.WATCH, reqId: 1, txId: 0, payload: '@releaseDomain\0t\0'}).subarray(0, 20));
    guest.store.introduce(2);
    if (round % 2 === 0) guest.kick();
    dom0.request(XS.RELEASE, 0, `${1 + (round % 2)}\0`);
    guest.introduce();
    guest.store.release(2);
  }
  t.deepEqual(
    guest.ask(XS.GET_DOMAIN_PATH, '1\0').map(({payload}) => payload),
    ['/local/domain/1\0'],
  );
});

test('XSA-440: a node of a pending transaction is removed outside', (t) => {
  const transcript = withGuests(t);
  transcript.play(
    t,
    `
    dom1 WRITE a/b v               -> OK
    dom1 TRANSACTION_START ''      -> 1
    dom1 #1 RM a                   -> OK
    dom1 RM a                      -> OK
    dom1 #1 TRANSACTION_END T      -> EAGAIN
    `,
  );
  t.is(nodesOf(transcript, 1), 1);
  isSound(t, transcript);
});

test('XSA-474: values of any bytes', (t) => {
  const transcript = withGuests(t);
  const value = String.fromCharCode(...Array.from({length: 256}, (_, i) => i));
  t.is(transcript.ask('dom1', XS.WRITE, `data\0${value}`), 'OK');
  const xs = new SyncXs(transcript.store.connectInProcess());
  t.true(xs.read('/local/domain/1/data')!.includes('\ufffd'), 'what is no UTF-8 is marked');
  t.is(transcript.store.connectInProcess().request(XS.READ, 0, '/local/domain/1/data\0'), value);
});

test('XSA-481: malformed paths in every spelling, for every request with a path', (t) => {
  const transcript = withGuests(t);
  const valid = ['/local', '/local/domain', '/local/domain/1', '/local/domain/1/a'];
  const malformed = [
    ...valid.map((path) => `${path}/`),
    '//',
    '/local//domain',
    '/local/domain/ 1',
    '',
    '/local/domain//',
  ];
  const requests: [number, string][] = [
    [XS.READ, ''],
    [XS.DIRECTORY, ''],
    [XS.GET_PERMS, ''],
    [XS.MKDIR, ''],
    [XS.RM, ''],
    [XS.WRITE, 'v'],
    [XS.SET_PERMS, 'n1\0'],
    [XS.WATCH, 't\0'],
    [XS.DIRECTORY_PART, '0\0'],
  ];
  for (const who of ['dom0', 'dom1']) {
    for (const path of malformed) {
      // The empty path of a guest or a socket is its own directory with a slash behind it.
      for (const [type, rest] of requests)
        t.is(transcript.ask(who, type, `${path}\0${rest}`), 'EINVAL', `${type} ${path}`);
    }
  }
  isSound(t, transcript);
});

test('XSA-483: a domain that comes again has its whole quota', (t) => {
  const transcript = withGuests(t);
  transcript.play(t, 'dom0 CONTROL quota set nodes 20 -> OK');
  for (let life = 0; life < 3; life++) {
    for (let i = 0; i < 19; i++) t.is(transcript.ask('dom1', XS.MKDIR, `n${i}\0`), 'OK');
    transcript.play(t, 'dom1 MKDIR more -> ENOSPC\nhost gone 1');
    transcript.domains.add(1);
    transcript.play(
      t,
      `
      host introduce 1
      dom0 MKDIR /local/domain/1        -> OK
      dom0 SET_PERMS /local/domain/1 n1 -> OK
      `,
    );
  }
  isSound(t, transcript);
});

test('XSA-484: RESET_WATCHES in a transaction', (t) => {
  const transcript = withGuests(t);
  transcript.play(
    t,
    `
    dom1 TRANSACTION_START ''      -> 1
    dom1 #1 WRITE a v              -> OK
    dom1 #1 RESET_WATCHES ''       -> OK
    dom1 #1 READ a                 -> ENOENT
    dom1 #1 TRANSACTION_END T      -> ENOENT
    dom1 READ a                    -> ENOENT
    `,
  );
  isSound(t, transcript);
});

test('XSA-512: a ring that is connected again has no watches left', (t) => {
  const guest = new RawGuest();
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 10; i++) guest.ask(XS.WATCH, `w\0${i}\0`);
    guest.introduce();
    const use = guest.store.connectInProcess().request(XS.CONTROL, 0, 'quota\x001\0') as string;
    t.is(Number(/watches +: +(\d+)/.exec(use)?.[1]), 0);
  }
});
