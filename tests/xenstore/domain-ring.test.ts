import test from 'ava';
import {encodeMessage, XS, type XsMessage} from '../../hypervisor/xenstore/index.ts';
import {
  RSP,
  REQ_CONS,
  REQ_PROD,
  RSP_CONS,
  RSP_PROD,
  FEATURES,
  CONNECTION,
  ERROR,
  ERROR_RINGIDX,
  ERROR_PROTO,
  PAGE,
  RawGuest,
} from './raw-guest.ts';

test('a request and its reply, byte for byte', (t) => {
  const guest = new RawGuest();
  guest.put(Uint8Array.from([10, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 2, 0, 0, 0, 0x37, 0]));
  guest.kick();
  t.is(guest.get(REQ_CONS), 18);
  const reply = [10, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 16, 0, 0, 0, ...Buffer.from('/local/domain/7\0')];
  t.is(guest.get(RSP_PROD), reply.length);
  t.deepEqual([...guest.page.u8.subarray(PAGE + RSP, PAGE + RSP + reply.length)], reply);
  t.is(guest.notified, 1);
  t.deepEqual([guest.get(FEATURES), guest.get(CONNECTION), guest.get(ERROR)], [0, 0, 0]);
});

test('an error is a message of type 16', (t) => {
  const guest = new RawGuest();
  t.deepEqual(guest.ask(XS.READ, '/tool\0', 5), [{type: 16, reqId: 5, txId: 0, payload: 'EACCES\0'}]);
  t.deepEqual(guest.ask(XS.READ, '/tool\0', 6, 9), [{type: 16, reqId: 6, txId: 9, payload: 'ENOENT\0'}]);
});

for (const start of [0, 1023, 0xfffffffe, 0xffffff00]) {
  test(`indexes that start at 0x${start.toString(16)}: hundreds of messages around the ring and around 2^32`, (t) => {
    const guest = new RawGuest();
    guest.startAt(start);
    for (let i = 0; i < 300; i++) {
      const [reply] = guest.ask(XS.GET_DOMAIN_PATH, `${i}\0`, i);
      t.deepEqual(reply, {type: 10, reqId: i, txId: 0, payload: `/local/domain/${i}\0`});
    }
    t.is(guest.get(REQ_CONS), guest.get(REQ_PROD));
  });
}

test('the writer own events come before the reply; the first event of WATCH after it', (t) => {
  const guest = new RawGuest();
  guest.store.connectInProcess().request(XS.MKDIR, 0, '/local/domain/1\0');
  guest.store.connectInProcess().request(XS.SET_PERMS, 0, '/local/domain/1\0n1\0');
  const types = (messages: XsMessage[]): number[] => messages.map(({type}) => type);
  t.deepEqual(types(guest.ask(XS.WATCH, 'data\0t\0')), [XS.WATCH, XS.WATCH_EVENT]);
  const messages = guest.ask(XS.WRITE, 'data\0v', 3);
  t.deepEqual(messages, [
    {type: XS.WATCH_EVENT, reqId: 0, txId: 0, payload: 'data\0t\0'},
    {type: XS.WRITE, reqId: 3, txId: 0, payload: 'OK\0'},
  ]);
});

test('a message in pieces, with silence between', (t) => {
  const guest = new RawGuest();
  guest.startAt(0xfffffff8);
  const bytes = encodeMessage({type: XS.GET_DOMAIN_PATH, reqId: 4, txId: 0, payload: '5\0'});
  for (const [i, byte] of bytes.entries()) {
    guest.put(Uint8Array.of(byte));
    guest.kick();
    t.is(guest.take().length, i === bytes.length - 1 ? 1 : 0);
  }
});

test('a payload of 4096 bytes passes the ring of 1024', (t) => {
  const guest = new RawGuest();
  const dom0 = guest.store.connectInProcess();
  dom0.request(XS.MKDIR, 0, '/local/domain/1\0');
  dom0.request(XS.SET_PERMS, 0, '/local/domain/1\0b1\0');
  dom0.request(XS.WRITE, 0, `/local/domain/1/big\0${'v'.repeat(4096)}`);
  guest.put(encodeMessage({type: XS.READ, reqId: 9, txId: 0, payload: 'big\0'}));
  const messages: XsMessage[] = [];
  for (let i = 0; i < 5; i++) {
    guest.kick();
    messages.push(...guest.take());
  }
  t.deepEqual(messages, [{type: XS.READ, reqId: 9, txId: 0, payload: 'v'.repeat(4096)}]);
  t.is(guest.ask(XS.READ, 'x'.repeat(4096)).at(0)?.payload, 'EINVAL\0');
});

test('a payload of 4097 bytes: error 3, and silence for ever', (t) => {
  const guest = new RawGuest();
  const dom0 = guest.store.connectInProcess();
  guest.ask(XS.WATCH, '/w\0t\0');
  const header = encodeMessage({type: XS.READ, reqId: 1, txId: 0, payload: ''});
  new DataView(header.buffer).setUint32(12, 4097, true);
  guest.put(header);
  guest.kick();
  t.is(guest.get(ERROR), ERROR_PROTO);
  t.deepEqual(guest.ask(XS.GET_DOMAIN_PATH, '5\0'), []);
  dom0.request(XS.WRITE, 0, '/w\0v');
  t.deepEqual(guest.take(), []);
  guest.introduce();
  t.deepEqual(guest.ask(XS.GET_DOMAIN_PATH, '5\0'), []);
  t.is(dom0.request(XS.READ, 0, '/w\0'), 'v');
});

const corruptions: readonly [title: string, field: number, value: number][] = [
  ['req_prod runs ahead of req_cons', REQ_PROD, 1025],
  ['req_prod is behind req_cons', REQ_PROD, 0xffffffff],
  ['req_cons was moved', REQ_CONS, 5],
];
for (const [title, field, value] of corruptions) {
  test(`${title}: error 2, and silence`, (t) => {
    const guest = new RawGuest();
    guest.set(field, value);
    const before = guest.page.u8.slice(PAGE, PAGE + ERROR);
    guest.kick();
    t.is(guest.get(ERROR), ERROR_RINGIDX);
    t.deepEqual(guest.page.u8.slice(PAGE, PAGE + ERROR), before);
    guest.startAt(0);
    t.deepEqual(guest.ask(XS.GET_DOMAIN_PATH, '5\0'), []);
    t.is(guest.notified, 0);
  });
}

for (const [field, value] of [
  [RSP_CONS, 1],
  [RSP_PROD, 1025],
]) {
  test(`a response index of ${value} at ${field}: error 2 when there is something to say`, (t) => {
    const guest = new RawGuest();
    guest.set(field, value);
    guest.kick();
    t.is(guest.get(ERROR), 0);
    guest.put(encodeMessage({type: XS.GET_DOMAIN_PATH, reqId: 1, txId: 0, payload: '5\0'}));
    guest.kick();
    t.is(guest.get(ERROR), ERROR_RINGIDX);
  });
}

test('a guest that does not read is not read beyond 20 requests, and goes on where it stopped', (t) => {
  const guest = new RawGuest();
  const dom0 = guest.store.connectInProcess();
  dom0.request(XS.WRITE, 0, `/local/domain/1/v\0${'v'.repeat(1000)}`);
  dom0.request(XS.SET_PERMS, 0, '/local/domain/1/v\0n1\0');
  const request = (reqId: number): Uint8Array => encodeMessage({type: XS.READ, reqId, txId: 0, payload: 'v\0'});
  for (let i = 0; i < 50; i++) guest.put(request(i));
  guest.kick();
  guest.kick();
  // The first reply is in the ring whole, for the second there is little room: 20 are outstanding besides.
  t.is(guest.get(REQ_CONS), 21 * 18);
  const replies: number[] = [];
  for (let i = 0; i < 100 && replies.length < 50; i++) {
    replies.push(...guest.take().map(({reqId}) => reqId));
    guest.kick();
  }
  t.deepEqual(
    replies,
    Array.from({length: 50}, (_, i) => i),
  );
});

test('a request is outstanding until its events have been taken elsewhere', (t) => {
  const guest = new RawGuest();
  const dom0 = guest.store.connectInProcess();
  dom0.request(XS.MKDIR, 0, '/local/domain/1\0');
  dom0.request(XS.SET_PERMS, 0, '/local/domain/1\0n1\0');
  dom0.request(XS.WATCH, 0, '/local/domain/1\0t\0');
  for (const task of guest.tasks.splice(0)) task();
  // The watcher in this process takes its events with the deferred tasks, which wait.
  for (let i = 0; i < 30; i++) guest.put(encodeMessage({type: XS.WRITE, reqId: i, txId: 0, payload: `n${i}\0`}));
  guest.kick();
  t.is(guest.take().length, 20);
  guest.kick();
  t.is(guest.take().length, 0);
  for (const task of guest.tasks.splice(0)) task();
  t.is(guest.take().length, 10);
});

test('an event is answered with a bounded amount of work, even to a guest that kicks back at once', (t) => {
  const guest = new RawGuest();
  let kicks = 0;
  guest.onNotify = () => {
    kicks++;
    guest.take();
    guest.put(encodeMessage({type: XS.GET_DOMAIN_PATH, reqId: kicks, txId: 0, payload: '5\0'}));
    guest.kick();
  };
  guest.put(encodeMessage({type: XS.GET_DOMAIN_PATH, reqId: 0, txId: 0, payload: '5\0'}));
  guest.kick();
  t.is(kicks, 1);
  for (let round = 2; round < 10; round++) {
    t.is(guest.tasks.length, 1);
    guest.tasks.shift()!();
    t.is(kicks, round);
  }
});

test('introduced again: indexes 0, watches and transactions gone, what was in flight too', (t) => {
  const guest = new RawGuest();
  guest.ask(XS.WATCH, '/w\0t\0');
  guest.ask(XS.TRANSACTION_START, '\0');
  guest.put(encodeMessage({type: XS.READ, reqId: 1, txId: 0, payload: 'v\0'}).subarray(0, 7));
  guest.kick();
  guest.introduce();
  t.is(guest.closed, 1);
  t.deepEqual(
    [REQ_CONS, REQ_PROD, RSP_CONS, RSP_PROD].map((field) => guest.get(field)),
    [0, 0, 0, 0],
  );
  guest.store.connectInProcess().request(XS.WRITE, 0, '/w\0v');
  t.deepEqual(guest.take(), []);
  t.is(guest.ask(XS.WATCH, '/w\0t\0').length, 2);
  t.is(guest.ask(XS.RM, '/w\0', 1, 1)[0].payload, 'ENOENT\0');
});

test('a guest that asks to reconnect is told when it is', (t) => {
  const guest = new RawGuest();
  guest.set(CONNECTION, 1);
  guest.introduce();
  t.is(guest.get(CONNECTION), 0);
  t.is(guest.notified, 1);
});

test('release closes page and port, once, and a late event is harmless', (t) => {
  const guest = new RawGuest();
  guest.put(encodeMessage({type: XS.GET_DOMAIN_PATH, reqId: 1, txId: 0, payload: '5\0'}));
  guest.store.release(1);
  guest.store.release(1);
  guest.kick();
  t.is(guest.closed, 1);
  t.is(guest.get(REQ_CONS), 0);
});
