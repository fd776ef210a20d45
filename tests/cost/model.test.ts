import test from 'ava';
import {
  costByPrimitive,
  demandOf,
  type Entry,
  modelWork,
  parsePriceList,
  type PrimitiveName,
  primitiveNames,
  type Side,
} from '../../hypervisor/cost/index.ts';

const entry = (side: Side, counts: Partial<Record<PrimitiveName, number>>, device = 'vbd/51712'): Entry => ({
  domid: 1,
  device,
  side,
  counts: Float64Array.from(primitiveNames, (name) => counts[name] ?? 0),
});

/** Round prices, all others 0. */
const list = parsePriceList(
  'dall2016-x86,vmexit=10,hypercall=100,eoi=0,irq=0,upcall=30,wakeGuest=5000,wakeDom0=7000,ioreq=1000,ioreqDom0=200,emulate=50,' +
    'grantMap=40,grantUnmap=60,grantFlush=500,grantFlushCpu=20,grantCopy=7,grantCopyByte=0.5,memcpyByte=0.25,xenstoreOp=0',
);

const perRequest = [
  entry('front', {hypercall: 1, evtchnSend: 1, upcall: 1}),
  entry('back', {request: 1, hypercall: 3, evtchnSend: 1, upcall: 1, grantMap: 2, grantUnmap: 2, grantFlush: 1}),
];

test("each pays for what it does; waiting and locks are nobody's", (t) => {
  t.deepEqual(demandOf(perRequest, list, 4), {
    guestNs: 100 + 30,
    backendNs: 3 * 100 + 30 + 2 * 40 + 2 * 60,
    modelNs: 0,
    lockNs: 500 + 3 * 20,
    waitNs: 5000 + 7000,
  });
});

test('bytes cost by the byte', (t) => {
  const copying = [entry('back', {grantCopy: 2, grantCopyBytes: 1000}), entry('front', {memcpyBytes: 4096})];
  t.like(demandOf(copying, list), {guestNs: 1024, backendNs: 514});
});

test('the guest waits for its device model, whose CPU is busy meanwhile', (t) => {
  const emulated = [entry('front', {pio: 3, ioreq: 2}), entry('back', {memcpyBytes: 400})];
  t.like(demandOf(emulated, list), {guestNs: 30 + 2 * 1050, backendNs: 100, modelNs: 2 * 250});
  t.deepEqual(costByPrimitive(emulated, list), {pio: 30, ioreq: 2100, memcpyBytes: 100});
});

test('the parts of a bar are all that is paid, with what is waited for', (t) => {
  const parts = Object.values(costByPrimitive(perRequest, list, 4)).reduce((a, b) => a + b);
  const {guestNs, backendNs, lockNs, waitNs} = demandOf(perRequest, list, 4);
  t.is(parts, guestNs + backendNs + lockNs + waitNs);
});

test('alone a request takes the sum of all parts, and the list is named', (t) => {
  const work = {entries: perRequest, requests: 1};
  const device = {serviceNs: 20000};
  const {latencyNs, throughputPerSec, priceList} = modelWork(work, 1, list, {device, guestNs: 400, backendNs: 600});
  t.is(Math.round(latencyNs), 530 + 1130 + 500 + 12000 + 20000);
  t.is(Math.round(throughputPerSec), Math.round(1e9 / 34160));
  t.is(priceList, list.name);
});

test('many requests are limited by the busiest: guest, backend, lock or device, each with its CPUs', (t) => {
  const work = {entries: perRequest, requests: 1};
  const limit = (machine: Parameters<typeof modelWork>[3]): [number, string] => {
    const {throughputPerSec, bottleneck} = modelWork(work, 1000, list, machine);
    return [Math.round(throughputPerSec / 1e4) / 100, bottleneck];
  };
  t.deepEqual(limit({}), [1.89, 'backend']);
  t.deepEqual(limit({backendCpus: 2, flushedCpus: 1}), [2, 'lock']);
  t.deepEqual(limit({guestNs: 1870}), [0.5, 'guest']);
  t.deepEqual(limit({guestNs: 1870, guestCpus: 2}), [1, 'guest']);
  t.deepEqual(limit({device: {serviceNs: 8000, parallel: 4}}), [0.5, 'device']);
});

test('the requests of a batch share an event, and each waits for it', (t) => {
  const batch = (requests: number, depth: number): number =>
    modelWork({entries: [entry('back', {upcall: 1})], requests}, depth, list).demand.waitNs;
  t.is(batch(1, 1), 7000);
  t.is(batch(32, 32), 7000);
  // A request in ten finds a backend that sleeps, and one is under way at a time.
  t.is(batch(10, 1), 700);
  t.is(batch(1 / 3, 32), 21000, 'three events one after the other');
});

test('device models of many guests have no more than the CPUs of the backend', (t) => {
  const work = {entries: [entry('front', {pio: 10, ioreq: 10})], requests: 1};
  const one = modelWork(work, 1, list);
  t.is(one.bottleneck, 'guest');
  t.is(Math.round(one.throughputPerSec), Math.round(1e9 / 10600));
  const many = modelWork(work, 1, list, {guests: 16});
  t.is(many.bottleneck, 'backend');
  t.is(Math.round(many.throughputPerSec), 1e9 / 2500);
});
