import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {promisify} from 'node:util';
import type {ExecutionContext} from 'ava';
import {pattern} from '../support/block.ts';
import {realEnv, realTest} from '../support/real.ts';
import {launch, PVSIM} from '../support/run.ts';
import {XlHost} from '../support/xl.ts';

const SIZE = 100 * 2 ** 20;

const runProgram = promisify(execFile);

const initiator = async (program: string, ...args: string[]): Promise<string> => {
  const {stdout} = await runProgram(program, args, {env: realEnv, timeout: 300_000, maxBuffer: 2 ** 26});
  return stdout;
};

/** Two guests with one disk, exported by `pvsim export iscsi`: each initiator is one of them. Returns the disk's URI. */
const exported = async (t: ExecutionContext, bytes: Uint8Array | number): Promise<string> => {
  const host = XlHost.at(t);
  host.write('disk.img', typeof bytes === 'number' ? new Uint8Array(bytes) : bytes);
  for (const name of ['one', 'two']) await host.create(name, 'vscsi = ["disk:disk.img, 0:0:0:0"]');
  for (const name of ['one', 'two']) {
    await host.waitFor('its unit', async () => / 4 +disk:/.test(await host.ok('scsi-list', name)));
  }
  const child = launch(PVSIM, ['export', 'iscsi', 'one', '0', '--other', 'two'], host.env);
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const uri = line.toString().trim();
  t.regex(uri, /^iscsi:\/\/127\.0\.0\.1:\d+\/iqn\.2026-11\.local\.pvsim:one\.0\.0\.0\/0$/);
  return uri;
};

realTest('iscsi-ls', 'iscsi-ls, iscsi-inq and iscsi-readcapacity16 see the disk of a guest', async (t) => {
  const uri = await exported(t, pattern(2 ** 20));
  const portal = /^iscsi:\/\/[^/]+\//.exec(uri)![0];
  t.regex(await initiator('iscsi-ls', '-s', portal), /^Target:iqn\.2026.*\nLun:0 +Type:DIRECT_ACCESS \(Size:1023k\)$/m);
  t.regex(await initiator('iscsi-inq', uri), /Vendor:PVSIM +\nProduct:DISK/);
  t.regex(await initiator('iscsi-inq', '-e', '1', '-c', '176', uri), /Block Limits|max/i);
  t.regex(await initiator('iscsi-readcapacity16', uri), /LOGICAL BLOCK LENGTH IN BYTES:512[^]*Total size:1048576/);
});

realTest('iscsi-perf', 'iscsi-perf reads here and there, 32 commands at a time, and no command fails', async (t) => {
  const uri = await exported(t, 8 * 2 ** 20);
  const report = await initiator('iscsi-perf', '--random', '-b', '8', '-m', '32', '-t', '2', uri);
  t.regex(report, /iops average [1-9]\d* .*\s+finished\.\s*$/);
  t.notRegex(report, /fail|error/i);
});

for (const family of ['SCSI', 'iSCSI', 'ALL.Pr*']) {
  realTest('iscsi-test-cu', `libiscsi's own suite finds nothing wrong: ${family}`, async (t) => {
    const uri = await exported(t, SIZE);
    const report = await initiator('iscsi-test-cu', '--dataloss', '--normal', '-t', family, uri);
    const [, ran, passed, failed] = /tests +\d+ +(\d+) +(\d+) +(\d+) +\d+/.exec(report) ?? [];
    t.is(failed, '0', report);
    t.is(ran, passed);
    t.true(Number(ran) > 10);
  });
}
