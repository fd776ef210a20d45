import test from 'ava';
import {firstValueFrom} from 'rxjs';
import {defaultConsoleLimits, GuestConsole} from '../../backends/console/index.ts';
import {HvcConsole} from '../../frontends/console/index.ts';
import {GTF_permit_access} from '../../hypervisor/abi/grant-table.ts';
import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {BareHost} from '../support/domains.ts';

/** Numbers of console.h, written down again. */
const IN_CONS = 3072 / 4;
const IN_PROD = 3076 / 4;
const OUT_CONS = 3080 / 4;
const OUT_PROD = 3084 / 4;
const IN_SIZE = 1024;
const OUT_SIZE = 2048;
const JUST_BELOW = 0xffffff80;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const join = (chunks: readonly Uint8Array[]): string => text(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])));

/** A guest with a console page as the domain builder leaves it, and both ends of its ring, not yet open. */
const makePair = (limits: Partial<typeof defaultConsoleLimits> = {}) => {
  const host = new BareHost();
  const dom0 = host.createDom0();
  const guest = host.create();
  // Frame 0 would read as "no console".
  guest.ops.pages.alloc();
  const gfn = guest.ops.pages.alloc() ?? 0;
  const guestPort = guest.ops.evtchnAllocUnbound(0);
  guest.domain.hvmParams.set(HVM_PARAM_CONSOLE_PFN, gfn);
  guest.domain.hvmParams.set(HVM_PARAM_CONSOLE_EVTCHN, guestPort);
  const words = guest.ops.memory.u32;
  const page = words.subarray(gfn * 1024, (gfn + 1) * 1024);
  const entry = guest.domain.grants.entryWord(0);
  words[entry + 1] = gfn;
  words[entry] = GTF_permit_access;
  for (const index of [IN_CONS, IN_PROD, OUT_CONS, OUT_PROD]) page[index] = JUST_BELOW;
  const logged: Uint8Array[] = [];
  const back = new GuestConsole({
    domid: guest.domain.id,
    ops: dom0.ops,
    limits: {...defaultConsoleLimits, ...limits},
    onOutput: (_console, bytes) => logged.push(bytes),
  });
  const openBack = () => back.open({port: guestPort, ringRef: gfn, limit: undefined});
  const openFront = (): HvcConsole => {
    const front = HvcConsole.connect(guest.ops);
    if (front === undefined) throw new Error('no console');
    return front;
  };
  return {host, dom0, guest, page, gfn, entry, back, openBack, openFront, logged};
};

test('output reaches the daemon byte for byte while the indexes wrap', async (t) => {
  const pair = makePair();
  pair.openBack();
  const front = pair.openFront();
  const said = Array.from({length: 300}, (_, i) => `line ${i} grüße\r\n`).join('');
  front.write(said);
  t.is(front.queuedBytes, new TextEncoder().encode(said).length - OUT_SIZE);
  await pair.host.settle();
  t.is(join(pair.logged), said);
  t.is(text(pair.back.scrollback), said);
  t.is(front.queuedBytes, 0);
  t.is(pair.page[OUT_PROD], (JUST_BELOW + new TextEncoder().encode(said).length) >>> 0);
  t.is(pair.page[OUT_CONS], pair.page[OUT_PROD]);
  t.is(front.stats().droppedBytes, 0);
});

test('input reaches the guest, more than a ring full of it', async (t) => {
  const pair = makePair();
  pair.openBack();
  const front = pair.openFront();
  const got: Uint8Array[] = [];
  front.input.subscribe((bytes) => got.push(bytes));
  const typed = new TextEncoder().encode('x'.repeat(IN_SIZE) + 'tail');
  t.is(pair.back.write(typed), typed.length);
  await pair.host.settle();
  t.is(join(got), text(typed));
  t.is(pair.page[IN_CONS], (JUST_BELOW + typed.length) >>> 0);
});

test('what was written before the daemon came is not lost', async (t) => {
  const pair = makePair();
  const front = pair.openFront();
  front.write('early');
  await pair.host.settle();
  pair.openBack();
  await pair.host.settle();
  t.is(join(pair.logged), 'early');
});

test('without a reader the oldest output goes, and is counted', async (t) => {
  const pair = makePair();
  const front = pair.openFront();
  const sent = 200_000;
  for (let i = 0; i < sent / 1000; i++) front.write(String(i % 10).repeat(1000));
  const kept = OUT_SIZE + 64 * 1024;
  t.is(front.stats().droppedBytes, sent - kept);
  pair.openBack();
  await front.room(0);
  await pair.host.settle();
  const output = join(pair.logged);
  t.is(output.length, kept);
  t.is(output.slice(-1000), '9'.repeat(1000));
});

test('room() waits for the reader', async (t) => {
  const pair = makePair();
  const front = pair.openFront();
  front.write('x'.repeat(OUT_SIZE + 500));
  let isResolved = false;
  const room = front.room(100).then(() => (isResolved = true));
  await pair.host.settle();
  t.false(isResolved);
  pair.openBack();
  await pair.host.schedule.drive(room);
  t.true(front.queuedBytes <= 100);
});

test('input for a guest that does not read is bounded', async (t) => {
  const pair = makePair({inputBytes: 100});
  pair.openBack();
  t.is(pair.back.write(new Uint8Array(IN_SIZE + 300)), 100);
  t.is(pair.back.stats().droppedInputBytes, IN_SIZE + 200);
  await pair.host.settle();
  t.is((pair.page[IN_PROD] - pair.page[IN_CONS]) >>> 0, 100);
});

test('scrollback is bounded by the daemon and, lower, by the limit node', (t) => {
  const pair = makePair({scrollbackBytes: 1000});
  const front = pair.openFront();
  front.write('a'.repeat(50) + 'b'.repeat(20));
  const port = pair.guest.ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN);
  t.true(pair.back.open({port, ringRef: pair.gfn, limit: 30}));
  pair.back.close('done');
  t.is(text(pair.back.scrollback), 'a'.repeat(10) + 'b'.repeat(20));
});

const corruptions = [
  {name: 'out_prod', word: OUT_PROD, reason: /^output indexes are corrupt: .*corrupt$/},
  {name: 'in_cons', word: IN_CONS, reason: /^input indexes are corrupt: .*corrupt$/},
];

for (const {name, word, reason} of corruptions) {
  test(`a guest that corrupts ${name} loses its console`, async (t) => {
    const pair = makePair();
    pair.openBack();
    const front = pair.openFront();
    front.write('before ');
    await pair.host.settle();
    pair.page[word] = (pair.page[word] + 5000) >>> 0;
    pair.back.write(new Uint8Array(1));
    pair.guest.ops.evtchnSend(front.port);
    await pair.host.settle();
    t.is(pair.back.state, 'closed');
    t.regex(pair.back.closeReason ?? '', reason);
    t.is(text(pair.back.scrollback), 'before ');
    t.is(pair.back.write(new Uint8Array(3)), 0);
    t.is(pair.guest.domain.grants.pinned, 0);
    t.is(pair.dom0.domain.maptrack.count, 0);
  });
}

test('a daemon that corrupts the indexes holds the output up, no more', async (t) => {
  const pair = makePair();
  const front = pair.openFront();
  pair.page[OUT_CONS] = (JUST_BELOW + 7) >>> 0;
  pair.page[IN_PROD] = (JUST_BELOW - 7) >>> 0;
  front.write('held back, ');
  t.is(front.stats().corrupt, 1);
  pair.page[OUT_CONS] = JUST_BELOW;
  pair.page[IN_PROD] = JUST_BELOW;
  pair.openBack();
  front.write('but not for ever');
  await pair.host.settle();
  t.is(join(pair.logged), 'held back, but not for ever');
});

test('the last words of a dead guest are kept, and nothing stays mapped', async (t) => {
  const pair = makePair();
  pair.openBack();
  const front = pair.openFront();
  const ended = firstValueFrom(pair.back.output, {defaultValue: undefined});
  front.write('panic');
  pair.host.xen.destroy(pair.guest.domain);
  t.true(pair.back.isPeerGone());
  t.not(pair.host.xen.domain(pair.guest.domain.id), undefined);
  pair.back.close('the domain is gone');
  t.is(text((await ended) ?? new Uint8Array()), 'panic');
  t.is(text(pair.back.scrollback), 'panic');
  t.is(pair.host.xen.domain(pair.guest.domain.id), undefined);
});

test('a wrong grant or port closes the console with the reason', (t) => {
  const badPort = makePair();
  t.false(badPort.back.open({port: 999, ringRef: badPort.gfn, limit: undefined}));
  t.is(badPort.back.closeReason, 'binding port 999: EINVAL');
  t.is(badPort.guest.domain.grants.pinned, 0);
  const badGrant = makePair();
  badGrant.guest.ops.memory.u32[badGrant.entry] = 0;
  t.false(badGrant.openBack());
  t.is(badGrant.back.closeReason, 'mapping the ring: GNTST -1');
});

test('memory that its owner moves is followed by both ends', async (t) => {
  const pair = makePair();
  pair.openBack();
  const front = pair.openFront();
  const {memory} = pair.guest.ops;
  const moved = new ArrayBuffer(memory.u8.length);
  new Uint8Array(moved).set(memory.u8);
  memory.u8.fill(0xff);
  memory.rebind(moved);
  front.write('after the move');
  await pair.host.settle();
  t.is(join(pair.logged), 'after the move');
});

test('a domain without a console page has no console', (t) => {
  t.is(HvcConsole.connect(new BareHost().create().ops), undefined);
});
