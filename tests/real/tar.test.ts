import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pattern, tempDir} from '../support/block.ts';
import {TestHost} from '../support/host.ts';
import {realTest} from '../support/real.ts';
import {tapRecords} from '../support/tap-records.ts';

const RECORD_BYTES = 10_240;
const DISK_BYTES = 1 << 20;

const tar = (args: readonly string[], input?: Uint8Array): Buffer =>
  execFileSync('tar', args, {input, maxBuffer: 2 ** 24});

/** A tape with one file on it, and its tape mark. */
const tapOf = (file: Buffer): Buffer => {
  const word = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
  const parts: Buffer[] = [];
  for (let at = 0; at < file.length; at += RECORD_BYTES) {
    const record = file.subarray(at, at + RECORD_BYTES);
    parts.push(word(record.length), record, word(record.length));
  }
  return Buffer.concat([...parts, word(0)]);
};

realTest('tar', 'GNU tar reads the tape that a guest has written, and a guest reads what GNU tar has', async (t) => {
  const dir = tempDir(t);
  const path = (name: string): string => join(dir, name);
  const bytes = pattern(DISK_BYTES);
  writeFileSync(path('disk.img'), bytes);
  writeFileSync(path('sdb'), bytes.toReversed());
  const archive = tar(['-cf', '-', '-b', '20', '--format=ustar', '-C', dir, '--transform=s,^,dev/,', 'sdb']);
  writeFileSync(path('gnu.tap'), tapOf(archive));
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const units = [`disk:${path('disk.img')}, 0:0:0:0`, 'disk:ram:1M, 0:0:1:0'];
  const tapes = [`tape:${path('own.tap')}, 0:0:2:0`, `tape:${path('gnu.tap')}, 0:0:3:0`];
  const domid = await host.boot('g', `vscsi=[${[...units, ...tapes].map((unit) => `"${unit}"`).join(',')}]`);

  t.regex(await host.shell(domid, 'tar cvf /dev/nst0 /dev/sda /proc/cmdline && mt tell'), /^At block 104\.$/m);
  const records = tapRecords(path('own.tap'));
  t.true(records.slice(0, -1).every(({length}) => length === RECORD_BYTES));
  const written = Buffer.concat(records.map(({data}) => data));
  t.is(tar(['-tf', '-'], written).toString(), 'dev/sda\nproc/cmdline\n');
  t.true(tar(['-xOf', '-', 'dev/sda'], written).equals(bytes));
  const commandLine = await host.shell(domid, 'cat /proc/cmdline');
  t.true(commandLine.includes(tar(['-xOf', '-', 'proc/cmdline'], written).toString()));

  t.regex(await host.shell(domid, 'tar xvf /dev/nst1 && mt -f /dev/nst1 tell'), /^dev\/sdb\n.*At block 104\.$/m);
  const sum = /^[0-9a-f]{64}/m.exec(await host.shell(domid, 'sha256sum /dev/sdb'))?.[0];
  t.is(sum, createHash('sha256').update(bytes.toReversed()).digest('hex'));
});
