import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync, writeFileSync} from 'node:fs';
import {promisify} from 'node:util';
import type {ExecutionContext} from 'ava';
import {pattern} from '../support/block.ts';
import {qemuCheck, qemuImg, qemuRead} from '../support/qemu.ts';
import {realEnv, realTest} from '../support/real.ts';
import {launch, PVSIM} from '../support/run.ts';
import {XlHost} from '../support/xl.ts';

const SIZE = 8 * 2 ** 20;

const runProgram = promisify(execFile);

const client = async (program: string, ...args: string[]): Promise<string> => {
  const {stdout} = await runProgram(program, args, {env: realEnv, timeout: 60_000});
  return stdout;
};

interface Exported {
  host: XlHost;
  uri: string;
  image: string;
  /** The guest's program and the export end, and the image is given back. */
  end: () => Promise<void>;
}

/** A guest whose disk is exported by `pvsim export nbd`. */
const exported = async (t: ExecutionContext, bytes: Uint8Array, mode = 'w'): Promise<Exported> => {
  const host = XlHost.at(t);
  const image = host.path('disk.qcow2');
  host.write('disk.img', bytes);
  qemuImg('convert', '-f', 'raw', '-O', 'qcow2', host.path('disk.img'), image);
  await host.create('guest', `disk = ["format=qcow2,vdev=xvda,access=${mode},target=disk.qcow2"]`);
  await host.waitFor('disk', async () => / 4 /.test(await host.ok('block-list', 'guest')));
  const socket = host.path('nbd.sock');
  const child = launch(PVSIM, ['export', 'nbd', 'guest', 'xvda', '--socket', socket], host.env);
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  t.is(line.toString().trim(), `nbd+unix:///xvda?socket=${socket}`);
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    await once(child, 'exit');
    await host.ok('destroy', 'guest');
  };
  return {host, uri: `nbd+unix:///xvda?socket=${socket}`, image, end};
};

realTest('nbdinfo', 'nbdinfo sees the export as it is', async (t) => {
  const {uri, host} = await exported(t, pattern(SIZE));
  const info = JSON.parse(await client('nbdinfo', '--json', uri)) as {
    protocol: string;
    structured: boolean;
    exports: Record<string, unknown>[];
  };
  t.is(info.protocol, 'newstyle-fixed');
  t.true(info.structured);
  t.like(info.exports[0], {
    'export-name': 'xvda',
    'export-size': SIZE,
    is_read_only: false,
    can_flush: true,
    can_fua: true,
    can_trim: true,
    can_zero: true,
    can_multi_conn: true,
    block_size_minimum: 512,
  });
  t.regex(await client('nbdinfo', '--list', uri), /export="xvda"/);
  t.regex(await client('nbdinfo', '--map', uri), new RegExp(`^ *0 +${SIZE} +0 +data$`, 'm'));
  await t.throwsAsync(client('nbdinfo', uri.replace('/xvda?', '/other?')), {message: /error to opt_go request/});
  const {stdout, status} = await host.pvsim('export', 'nbd', 'guest', 'xvdz');
  t.deepEqual([stdout, status !== 0], ['', true]);
});

realTest('nbdcopy', 'nbdcopy both ways, and qemu-img compare', async (t) => {
  const {uri, host, image, end} = await exported(t, pattern(SIZE));
  await client('nbdcopy', uri, host.path('out.img'));
  t.is(Buffer.compare(readFileSync(host.path('out.img')), pattern(SIZE)), 0);
  const other = pattern(SIZE, 5);
  other.fill(0, SIZE / 4, SIZE / 2);
  writeFileSync(host.path('in.img'), other);
  await client('nbdcopy', '--flush', host.path('in.img'), uri);
  t.regex(await client('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', uri, host.path('in.img')), /identical/);
  await end();
  t.is(qemuCheck(image), '');
  t.is(Buffer.compare(qemuRead(image, 'qcow2'), other), 0);
});

realTest('qemu-io', 'qemu-io writes and verifies patterns, zeroes, discards, FUA and bounds', async (t) => {
  const {uri, image, end} = await exported(t, pattern(SIZE));
  const commands = [
    'write -P 0x5a 1M 192k',
    'read -P 0x5a 1M 192k',
    'write -z 2M 256k',
    'read -P 0 2M 256k',
    'write -f -P 7 4k 4k',
    'read -P 7 4k 4k',
    'discard 4M 1M',
    'aio_write -P 3 5M 64k',
    'aio_write -P 4 5184k 64k',
    'aio_flush',
    'read -P 3 5M 64k',
    'read -P 4 5184k 64k',
    'write -P 9 8191k 1k',
    'read -P 9 8191k 1k',
    'flush',
  ];
  const output = await client('qemu-io', '-f', 'raw', ...commands.flatMap((command) => ['-c', command]), uri);
  t.notRegex(output, /fail|error|verification/i);
  t.is(output.match(/^(read|wrote|discard) \d+\/\d+ bytes/gm)?.length, 13);
  await end();
  t.is(qemuCheck(image), '');
});

realTest('fio', "fio's verify job over its nbd engine", async (t) => {
  const {uri, image, end} = await exported(t, pattern(SIZE));
  const output = await client(
    'fio',
    '--name=verify',
    '--ioengine=nbd',
    `--uri=${uri}`,
    '--rw=randwrite',
    '--bsrange=512-128k',
    '--bs_unaligned=0',
    '--blockalign=512',
    `--size=${SIZE}`,
    '--iodepth=16',
    '--verify=crc32c',
    '--verify_state_save=0',
    '--randseed=7',
    '--output-format=json',
  );
  const {jobs} = JSON.parse(output.slice(output.indexOf('{'))) as {jobs: {error: number; read: {total_ios: number}}[]};
  t.is(jobs[0].error, 0);
  t.true(jobs[0].read.total_ios > 50, 'read back');
  await end();
  t.is(qemuCheck(image), '');
});

realTest('qemu-io', 'a read-only disk cannot be written', async (t) => {
  const {uri} = await exported(t, pattern(SIZE), 'r');
  await t.throwsAsync(client('qemu-io', '-f', 'raw', '-c', 'write 0 4k', uri));
  t.regex(await client('qemu-io', '-r', '-f', 'raw', '-c', 'read 0 4k', uri), /read 4096\/4096/);
});
