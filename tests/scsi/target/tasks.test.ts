import test from 'ava';
import {DiskUnit, UnitTarget} from '../../../backends/scsi/target/index.ts';
import {type Completion, type IoVector, PENDING, RamImage} from '../../../backends/storage/index.ts';
import {Initiator, toHex} from '../../support/scsi.ts';

const [ONE, TWO] = ['iqn.2026-01.test:one', 'iqn.2026-01.test:two'];

/** A disk whose operations end when the test says so. */
class HeldDisk extends RamImage {
  private readonly held: (() => void)[] = [];

  override read(vector: IoVector, position: number, completion?: Completion): number {
    return this.hold(() => completion?.complete(super.read(vector, position)));
  }

  override write(vector: IoVector, position: number, completion?: Completion): number {
    return this.hold(() => completion?.complete(super.write(vector, position)));
  }

  get count(): number {
    return this.held.length;
  }

  /** Ends the oldest operation. */
  async step(): Promise<void> {
    this.held.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  private hold(end: () => void): number {
    this.held.push(end);
    return PENDING;
  }
}

const setUp = async (): Promise<{storage: HeldDisk; target: UnitTarget; a: Initiator; b: Initiator}> => {
  const storage = new HeldDisk(1 << 20);
  const target = new UnitTarget();
  target.attach(0, new DiskUnit({storage, serial: 'T'}));
  const [a, b] = [ONE, TWO].map((name) => new Initiator(target, name));
  for (const initiator of [a, b]) await initiator.send('00 00000000 00');
  return {storage, target, a, b};
};

const READ = '28 00 00000000 00 0001 00';

test('an aborted command ends when its memory is no longer used', async (t) => {
  const {storage, target, a} = await setUp();
  const {command, seen} = a.begin(READ);
  let isOver = false;
  const aborted = target.abortTask(command).then((response) => {
    isOver = true;
    return response;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.false(isOver);
  await storage.step();
  t.is(await aborted, 'complete');
  t.is((await seen).status, 0x40);
  t.is(await target.abortTask(command), 'no such task');
  t.is(await target.abortTask({...command, lun: 7}), 'no such unit');
});

test('COMPARE AND WRITE lets nobody come between', async (t) => {
  const {storage, a, b} = await setUp();
  const data = Buffer.concat([Buffer.alloc(512), Buffer.alloc(512, 0xaa)]);
  const first = a.begin(READ);
  const swap = a.begin('89 00 0000000000000000 000000 01 00 00', {out: data});
  const behind = b.begin(READ);
  t.is(storage.count, 1, 'only the first has begun');
  t.is((await a.send('12 00 00 00ff 00')).status, 0, 'INQUIRY need not wait');
  await storage.step();
  t.is((await first.seen).status, 0);
  t.is(storage.count, 1, 'the compare');
  await storage.step();
  t.is(storage.count, 1, 'the write');
  await storage.step();
  t.is((await swap.seen).status, 0);
  await storage.step();
  t.deepEqual((await behind.seen).data, Buffer.alloc(512, 0xaa));
});

test('a command that waits is aborted without having begun', async (t) => {
  const {storage, target, a} = await setUp();
  const first = a.begin(READ);
  const waiting = a.begin('15 10 0000 04 00', {out: new Uint8Array(4)});
  t.is(await target.abortTask(waiting.command), 'complete');
  t.is((await waiting.seen).status, 0x40);
  await storage.step();
  t.is((await first.seen).status, 0);
});

test('ABORT TASK SET is for one initiator, CLEAR TASK SET for all', async (t) => {
  const {storage, target, a, b} = await setUp();
  const [mine, yours] = [a.begin(READ), b.begin(READ)];
  const aborted = target.abortTaskSet({name: ONE}, 0);
  await storage.step();
  await storage.step();
  t.is(await aborted, 'complete');
  t.deepEqual([(await mine.seen).status, (await yours.seen).status], [0x40, 0]);
  const [again, other] = [a.begin(READ), b.begin(READ)];
  const cleared = target.clearTaskSet({name: ONE}, 0);
  await storage.step();
  await storage.step();
  t.is(await cleared, 'complete');
  t.deepEqual([(await again.seen).status, (await other.seen).status], [0x40, 0x40]);
  t.is(await a.says('00 00000000 00'), 'good');
  t.is(await b.says('00 00000000 00'), '6/2f/00');
});

test('a reset ends all, and everybody is told', async (t) => {
  const {storage, target, a, b} = await setUp();
  await a.send('1e 000000 01 00');
  const {seen} = a.begin(READ);
  const reset = target.resetTarget();
  await storage.step();
  await reset;
  t.is((await seen).status, 0x40);
  for (const initiator of [a, b]) {
    t.is(await initiator.says('00 00000000 00'), '6/29/03');
    t.is(await initiator.says('00 00000000 00'), 'good');
  }
});

test('an initiator that went and came back is told of a power on', async (t) => {
  const {target, a} = await setUp();
  await target.dropNexus({name: ONE});
  t.is(await a.says('00 00000000 00'), '6/29/00');
});

test('REQUEST SENSE takes a unit attention, INQUIRY leaves it', async (t) => {
  const {target, a} = await setUp();
  await target.resetUnit(0);
  t.is(await a.says('12 00 00 00ff 00'), 'good');
  t.is(toHex((await a.data('03 00 0000 ff 00')).subarray(0, 14)), '700006000000000a000000002903');
  t.is(await a.says('00 00000000 00'), 'good');
});

test('units come and go', async (t) => {
  const {target, a} = await setUp();
  const luns = async (): Promise<string> =>
    toHex((await a.data('a0 00 00 000000 00000100 00 00', {lun: 9})).subarray(8));
  t.is(await luns(), '0000000000000000');
  target.attach(300, new DiskUnit({storage: new RamImage(1 << 20), serial: 'U'}));
  t.is(await luns(), '0000000000000000412c000000000000');
  t.is(await a.says('00 00000000 00'), '6/3f/0e');
  t.is(await a.says('00 00000000 00', {lun: 300}), '6/29/00');
  await target.detach(300)?.close();
  t.is(await a.says('00 00000000 00', {lun: 300}), '5/25/00');
  t.is((await a.data('12 00 00 00ff 00', {lun: 300}))[0], 0x7f);
  t.throws(() => target.attach(0, new DiskUnit({storage: new RamImage(1 << 20), serial: 'V'})));
});

test('more than 1024 commands get TASK SET FULL', async (t) => {
  const {storage, a} = await setUp();
  const first = a.begin(READ);
  const many = Array.from({length: 1024}, () => a.begin('15 10 0000 04 00', {out: new Uint8Array(4)}).seen);
  t.is((await many[1023]).status, 0x28);
  await storage.step();
  t.is((await first.seen).status, 0);
  t.true((await Promise.all(many.slice(0, 1023))).every(({status}) => status === 0));
});
