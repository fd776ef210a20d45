import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {rmSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {tempDir} from '../support/block.ts';
import {exercise, exerciseTogether, seeded} from '../support/disk-model.ts';
import {qemuCheck, qemuImg, qemuRead} from '../support/qemu.ts';
import {realEnv, realTest} from '../support/real.ts';
import {flush, openImage, readBytes, refusal, writeBytes} from '../support/storage.ts';

const SIZE = 4 * 2 ** 20;

/** The socket is there before its server listens. */
const isListening = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

/** QEMU's NBD server over a qcow2 image. */
const serve = async (t: ExecutionContext, image: string, socket: string, ...more: string[]): Promise<ChildProcess> => {
  const args = ['-f', 'qcow2', '--persistent', '--shared=4', '--socket', socket, '--export-name=disk', ...more, image];
  const server = spawn('qemu-nbd', args, {env: realEnv, stdio: 'ignore'});
  t.teardown(() => server.kill('SIGKILL'));
  while (!(await isListening(socket))) {
    if (server.exitCode !== null) throw new Error(`qemu-nbd: exit ${server.exitCode}`);
    await sleep(20);
  }
  return server;
};

realTest('qemu-nbd', 'a disk behind qemu-nbd: random work, one by one and together', async (t) => {
  const dir = tempDir(t);
  const [image, socket] = [join(dir, 'disk.qcow2'), join(dir, 's')];
  qemuImg('create', '-q', '-f', 'qcow2', image, String(SIZE));
  const server = await serve(t, image, socket);
  const clock = realClock({seed: 1});
  const uri = `nbd+unix:///disk?socket=${socket}`;
  const storage = await openImage(uri, {clock});
  t.is(storage.sizeBytes, SIZE);
  t.true(storage.discardGranularity > 0);
  const model = Buffer.alloc(SIZE);
  await exercise(storage, model, seeded(5), 80);
  await exerciseTogether(storage, model, seeded(6), {parts: 8, count: 20});
  t.is(Buffer.compare(await readBytes(storage), model), 0);
  t.is(await flush(storage), 0);
  t.regex(await refusal(uri.replace('disk?', 'other?'), {clock}), /^io: .*the export "other" is refused/);
  storage.close();
  server.kill('SIGTERM');
  await once(server, 'exit');
  clock.close();
  t.is(qemuCheck(image), '');
  t.is(Buffer.compare(qemuRead(image, 'qcow2'), model), 0);
});

realTest('qemu-nbd', 'qemu-nbd is killed and started anew: the disk goes on', async (t) => {
  const dir = tempDir(t);
  const [image, socket] = [join(dir, 'disk.qcow2'), join(dir, 's')];
  qemuImg('create', '-q', '-f', 'qcow2', image, String(SIZE));
  const server = await serve(t, image, socket);
  const clock = realClock({seed: 1});
  const storage = await openImage(`nbd+unix:///disk?socket=${socket}`, {clock});
  t.teardown(() => storage.close());
  const bytes = Buffer.alloc(65536, 0x5a);
  await writeBytes(storage, 0, bytes);
  t.is(await flush(storage), 0);
  server.kill('SIGKILL');
  await once(server, 'exit');
  const reading = readBytes(storage, 0, bytes.length);
  rmSync(socket, {force: true});
  await serve(t, image, socket);
  t.is(Buffer.compare(await reading, bytes), 0);
  t.is(await writeBytes(storage, 65536, bytes), bytes.length);
  t.is(await flush(storage), 0);
  storage.close();
  clock.close();
});

realTest('qemu-nbd', 'a read-only export is refused to be written', async (t) => {
  const dir = tempDir(t);
  const [image, socket] = [join(dir, 'disk.qcow2'), join(dir, 's')];
  qemuImg('create', '-q', '-f', 'qcow2', image, String(SIZE));
  await serve(t, image, socket, '--read-only');
  const clock = realClock({seed: 1});
  const uri = `nbd+unix:///disk?socket=${socket}`;
  t.regex(await refusal(uri, {clock}), /^access: .*the export is read-only/);
  t.is(await refusal(uri, {clock, readonly: true}), 'opened');
  clock.close();
});
