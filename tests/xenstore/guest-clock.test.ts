import test, {type ExecutionContext} from 'ava';
import {NS_PER_MS, NS_PER_S, virtualClock} from '../../hypervisor/schedule/index.ts';
import {encodeMessage, XS, type InProcessConnection} from '../../hypervisor/xenstore/index.ts';
import {RawGuest, RSP_CONS, RSP_PROD} from './raw-guest.ts';

/** What the C daemon of 4.17 does to guests in time: 200 writes a second while others have transactions, events for 20 s. */

interface Timed {
  readonly guest: RawGuest;
  readonly dom0: InProcessConnection;
  readonly sleepMs: (delayMs: number) => Promise<void>;
  readonly logged: string[];
}

function timed(t: ExecutionContext): Timed {
  const clock = virtualClock(1);
  t.teardown(() => clock.close());
  const logged: string[] = [];
  const guest = new RawGuest({clock, log: (line) => void logged.push(line)});
  const dom0 = guest.store.connectInProcess();
  dom0.request(XS.MKDIR, 0, '/local/domain/1\0');
  dom0.request(XS.SET_PERMS, 0, '/local/domain/1\0n1\0');
  return {guest, dom0, sleepMs: (delayMs) => clock.sleep(delayMs * NS_PER_MS), logged};
}

const putWrites = (guest: RawGuest, count: number): void => {
  for (let i = 0; i < count; i++) guest.put(encodeMessage({type: XS.WRITE, reqId: i, txId: 0, payload: `v\0${i}`}));
  guest.kick();
};

/** Replies as they come, without another kick by the guest. */
const answered = (guest: RawGuest): number => guest.take().length;

test('XSA-206: a guest writes 10 times at once, then 200 times a second by the number of domains', async (t) => {
  const {guest, dom0, sleepMs} = timed(t);
  guest.ask(XS.WRITE, 'v\0');
  dom0.request(XS.TRANSACTION_START, 0, '\0');
  putWrites(guest, 20);
  t.is(answered(guest), 11, 'the eleventh makes the debt');
  guest.kick();
  t.is(answered(guest), 0);
  // dom0 and the guest share: 100 writes a second each.
  await sleepMs(11);
  t.is(answered(guest), 1);
  await sleepMs(30);
  t.is(answered(guest), 3);
  await sleepMs(100);
  t.is(answered(guest), 5);
});

test('XSA-206: what domains do not write is saved, up to 1000 writes for all', async (t) => {
  const {guest, dom0, sleepMs} = timed(t);
  guest.ask(XS.WRITE, 'v\0');
  await sleepMs(60_000);
  dom0.request(XS.TRANSACTION_START, 0, '\0');
  let written = 0;
  for (let round = 0; round < 200; round++) {
    putWrites(guest, 10);
    written += answered(guest);
    if (written < (round + 1) * 10) break;
  }
  t.is(written, 1011);
});

test('XSA-206: no limit without transactions, none on reads, none on dom0', (t) => {
  const {guest, dom0} = timed(t);
  guest.ask(XS.WRITE, 'v\0');
  for (let i = 0; i < 100; i++) t.is(guest.ask(XS.WRITE, `v\0${i}`).length, 1);
  dom0.request(XS.TRANSACTION_START, 0, '\0');
  for (let i = 0; i < 100; i++) t.is(guest.ask(XS.READ, 'v\0').length, 1);
  for (let i = 0; i < 100; i++) t.is(dom0.request(XS.WRITE, 0, `/x\0${i}`), 'OK\0');
});

test('XSA-206: a commit counts as one write, and only beside the transactions of others', (t) => {
  const {guest, dom0} = timed(t);
  guest.ask(XS.WRITE, 'v\0');
  const commit = (): number => {
    const [{payload}] = guest.ask(XS.TRANSACTION_START, '\0');
    const txId = Number.parseInt(payload, 10);
    for (let i = 0; i < 5; i++) guest.ask(XS.WRITE, `v\0${i}`, 1, txId);
    return guest.ask(XS.TRANSACTION_END, 'T\0', 1, txId).length;
  };
  for (let i = 0; i < 50; i++) t.is(commit(), 1);
  dom0.request(XS.TRANSACTION_START, 0, '\0');
  for (let i = 0; i < 11; i++) t.is(commit(), 1);
  t.is(guest.ask(XS.TRANSACTION_START, '\0').length, 0);
});

test('XSA-326: events that a guest does not take are dropped after 20 s, but for one that is half in the ring', async (t) => {
  const {guest, dom0, sleepMs} = timed(t);
  guest.ask(XS.WATCH, '/local/domain/1\0t\0');
  guest.take();
  // Each of these 64 bytes: 16 fill the ring, of the one behind there is room for nothing.
  const name = (i: number): string => `/local/domain/1/${String(i).padStart(29, '-')}`;
  for (let i = 0; i < 30; i++) dom0.request(XS.WRITE, 0, `${name(i)}\0`);
  t.is((guest.get(RSP_PROD) - guest.get(RSP_CONS)) >>> 0, 1024);
  await sleepMs(10_000);
  dom0.request(XS.WRITE, 0, `${name(30)}\0`);
  await sleepMs(9_999);
  t.is(guest.store.save().connections[0].queue.length, 15);
  await sleepMs(2);
  t.is(guest.store.save().connections[0].queue.length, 1, 'the last one has ten more seconds');
  guest.take(1024 - 32);
  guest.kick();
  await sleepMs(20_000);
  const events = guest.take();
  guest.kick();
  events.push(...guest.take());
  t.is(events.at(-1)?.payload, `${name(30)}\0t\0`);
});

test('XSA-326: what a dropped event was caused by is outstanding no more', async (t) => {
  const {guest, sleepMs} = timed(t);
  guest.ask(XS.WATCH, `n\0${'t'.repeat(1000)}\0`);
  guest.take();
  for (let i = 0; i < 5; i++) guest.put(encodeMessage({type: XS.WRITE, reqId: i, txId: 0, payload: `n/${i}\0`}));
  guest.kick();
  const outstanding = (): number => guest.store.save().pending.length;
  t.true(outstanding() > 0);
  await sleepMs(20_001);
  guest.kick();
  for (let i = 0; i < 20; i++) {
    guest.take();
    guest.kick();
  }
  t.is(outstanding(), 0);
});

test('a domain over its soft memory quota is told of in the log, once in ten seconds', async (t) => {
  const {guest, dom0, sleepMs, logged} = timed(t);
  dom0.request(XS.CONTROL, 0, 'quota-soft\0set\0memory\x003000\0');
  guest.ask(XS.WATCH, `/local/domain/1\0${'t'.repeat(1000)}\0`);
  guest.take();
  for (let i = 0; i < 5; i++) dom0.request(XS.WRITE, 0, `/local/domain/1/${i}\0`);
  guest.kick();
  t.deepEqual(logged, ['domain 1 exceeds its soft memory quota']);
  await sleepMs(NS_PER_S / NS_PER_MS);
  for (let i = 0; i < 20; i++) {
    guest.take();
    guest.kick();
  }
  t.is(logged.length, 1);
  await sleepMs(10_000);
  guest.kick();
  t.is(logged[1], 'domain 1 is below its soft memory quota');
});
