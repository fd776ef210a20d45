import {truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import type {DomId} from '../../hypervisor/index.ts';
import {readFixture} from '../support/fixtures.ts';
import {type Handshake, HandshakeRecorder, parseHandshake, type StoreOp} from '../support/handshake.ts';
import {TestHost} from '../support/host.ts';
import {answerSuspend, writeSuspendingKernel} from '../support/suspending-kernel.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {isOneSided} from './golden-differences.ts';
import {GOLDEN_DIR, GOLDEN_UUIDS} from './golden-guest.ts';

const UUID = GOLDEN_UUIDS.second;
const IMAGE_BYTES = 64 * 1024 * 1024;
const changing = new Set(['WRITE', 'MKDIR', 'RM']);

/** Values that are another guest's: ours is PVH, of a few MiB, with a kernel that does nothing but suspend. */
const ANY =
  /\/(memory\/(static-max|target)|store\/(port|ring-ref)|console\/(port|ring-ref)|start_time|protocol|type|domid|frontend-id)$/;

interface Saved {
  readonly save: Handshake;
  readonly restore: Handshake;
}

const recorded = (log: string, domid: number): Handshake =>
  parseHandshake(readFixture('golden', 'handshake', `${log}.log`), {domids: [domid], uuid: UUID});

/** The recorded guest, but for its kernel, is saved and restored. */
const ours = async (directory: string): Promise<Saved> => {
  const image = join(directory, 'd1.img');
  writeFileSync(image, '');
  truncateSync(image, IMAGE_BYTES);
  writeSuspendingKernel(join(directory, 'kernel'));
  const stand = await TestHost.start();
  const {host} = stand;
  const recorder = new HandshakeRecorder();
  host.xen.trace.addSink(recorder.record);
  const domid = await stand.create(`name="golden"\nuuid="${UUID}"\ntype="pvh"\nkernel="${directory}/kernel"\nmemory=16
    disk=["format=raw,vdev=xvda,access=rw,target=${image}"]\nvif=["mac=00:16:3e:00:00:01,bridge=xenbr0"]`);
  answerSuspend(host, domid);
  await stand.settle();
  const take = (id: DomId): Handshake => recorder.take({domids: [id], uuid: UUID});
  take(domid);
  await host.save(domid, join(directory, 'saved'));
  const save = take(domid);
  const restored = await host.restore(join(directory, 'saved'));
  const restore = take(restored);
  await stand.close();
  return {save, restore};
};

const textOf = ({type, path, value}: StoreOp, directory: string): string => {
  if (type !== 'WRITE') return `${type} ${path}`;
  return `WRITE ${path} = ${ANY.test(path) ? '*' : value.replaceAll(directory, GOLDEN_DIR)}`;
};

/** The test takes the request in the kernel's place. */
const isAnswer = (path: string, value: string): boolean => path.endsWith('/control/shutdown') && value === '';

/** What the toolstack changed, in order, a list for each transaction. */
const unitsOf = ({units}: Handshake, directory: string): string[][] =>
  units
    .filter(({actor}) => actor === 'toolstack' || actor === 'dom0')
    .map(({ops}) =>
      ops
        .filter(
          ({type, ok, path, value}) =>
            ok && changing.has(type) && !isOneSided('golden', path) && !isAnswer(path, value),
        )
        .map((op) => textOf(op, directory)),
    )
    .filter(({length}) => length > 0);

/** Writes that libxl makes twice; the second changes nothing. */
const repeated = new Set(['WRITE /vm/UUID/name = golden', 'WRITE /libxl/N/dm-version = qemu_xen']);

const withoutRepeats = (units: string[][]): string[][] => {
  const seen = new Set<string>();
  const isRepeat = (line: string): boolean => repeated.has(line) && seen.size === seen.add(line).size;
  return units.map((unit) => unit.filter((line) => !isRepeat(line))).filter(({length}) => length > 0);
};

/** What stood there before goes, which of a new domain is nothing. */
const withoutClearing = (units: string[][]): string[][] =>
  units.map((unit) =>
    unit.filter(
      (line, i) =>
        !line.startsWith('RM ') || !unit.slice(i).some((later) => later.startsWith(`WRITE ${line.slice(3)}`)),
    ),
  );

test('xl save and xl restore: the transactions of xl, and what each writes and removes in order', async (t) => {
  const directory = temporaryDirectory(t);
  const {save, restore} = await ours(directory);
  t.deepEqual(unitsOf(save, directory), unitsOf(recorded('save', 3), directory));
  const made = (handshake: Handshake): string[][] => withoutRepeats(withoutClearing(unitsOf(handshake, directory)));
  t.deepEqual(made(restore), made(recorded('restore', 4)));
});
