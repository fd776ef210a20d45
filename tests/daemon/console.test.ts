import {once} from 'node:events';
import {setImmediate as turn} from 'node:timers/promises';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Subject} from 'rxjs';
import test from 'ava';
import {ConsoleStream} from '../../toolstack/daemon/console-stream.ts';
import {summaryOf} from '../support/fake-host.ts';
import {launch, outcomeOf, XL} from '../support/run.ts';
import {serve} from '../support/served.ts';
import type {DomId} from '../../hypervisor/index.ts';

const text = (data: string): string => Buffer.from(data, 'base64').toString();

test('a client that reads slowly loses the oldest output, not the host its memory', async (t) => {
  const output = new Subject<Uint8Array>();
  const taken: Buffer[] = [];
  let release: () => void = () => {};
  const stream = new ConsoleStream({
    output,
    gone: new Subject(),
    send: (data) => {
      taken.push(Buffer.from(data, 'base64'));
      return new Promise((resolve) => (release = resolve));
    },
    closed: () => t.fail('it is not closed'),
  });
  const chunk = Buffer.alloc(1024);
  for (let count = 0; count < 4096; count++) {
    chunk.writeUInt32BE(count);
    output.next(chunk);
  }
  t.is(taken.length, 1, 'one notification is under way at a time');
  release();
  await turn();
  t.regex(taken[1].toString('latin1'), /^\r\n\[3144704 bytes of output lost\]\r\n/);
  // 4 MiB came, 1 KiB of it was sent, 1 MiB is kept.
  t.is(taken[1].readUInt32BE('\r\n[3144704 bytes of output lost]\r\n'.length), 4096 - 1024);
  stream.close();
  output.next(chunk);
  t.is(taken.length, 2);
});

test('the last words of a domain come before its end', async (t) => {
  const output = new Subject<Uint8Array>();
  const gone = new Subject<void>();
  const seen: string[] = [];
  const closed = new Promise<void>((resolve) => {
    const stream = new ConsoleStream({
      output,
      gone,
      send: (data) => {
        seen.push(text(data));
        return Promise.resolve();
      },
      closed: () => {
        seen.push('closed');
        resolve();
      },
    });
    t.teardown(() => stream.close());
  });
  output.next(Buffer.from('one'));
  gone.next();
  output.next(Buffer.from('two'));
  await closed;
  t.deepEqual(seen, ['one', 'two', 'closed']);
});

test('xl console: what was before, what comes, what is typed, and the escape character', async (t) => {
  const {home, host} = await serve(t);
  host.guests = [summaryOf(1, 'golden')];
  host.scrollback = 'before\r\n';
  const typed: string[] = [];
  host.input.subscribe((keys) => {
    typed.push(keys);
    if (typed.join('').endsWith('\r')) host.output.next(Buffer.from(`echo ${keys.trim()}\r\n`));
  });
  const child = launch(XL, ['console', 'golden'], {PVSIM_HOME: home.dir});
  const outcome = outcomeOf(child);
  await once(child.stdout!, 'data');
  child.stdin!.write('ls\r');
  await once(child.stdout!, 'data');
  child.stdin!.write('no\x1d never');
  t.deepEqual(await outcome, {stdout: 'before\r\necho ls\r\n', stderr: '', status: 0});
  while (typed.join('') !== 'ls\rno') await turn();
});

test('xl console -e takes another escape character', async (t) => {
  const {home, host} = await serve(t);
  host.guests = [summaryOf(1, 'golden')];
  host.scrollback = 'x';
  const child = launch(XL, ['console', '-e', '^A', 'golden'], {PVSIM_HOME: home.dir});
  const outcome = outcomeOf(child);
  await once(child.stdout!, 'data');
  child.stdin!.write('\x01');
  t.is((await outcome).status, 0);
});

test('xl console waits for the answer to what was piped in, then for some silence, and leaves', async (t) => {
  const {home, host} = await serve(t);
  host.guests = [summaryOf(1, 'golden')];
  const child = launch(XL, ['console', 'golden'], {PVSIM_HOME: home.dir});
  const outcome = outcomeOf(child);
  host.input.subscribe((keys) => host.output.next(Buffer.from(`got ${keys}`)));
  child.stdin!.end('ls');
  t.deepEqual(await outcome, {stdout: 'got ls', stderr: '', status: 0});
});

test('xl console stays when its input has ended, and leaves when the domain dies', async (t) => {
  const {home, host} = await serve(t);
  host.guests = [summaryOf(1, 'golden')];
  const child = launch(XL, ['console', 'golden'], {PVSIM_HOME: home.dir});
  const outcome = outcomeOf(child);
  host.input.subscribe((keys) => {
    host.output.next(Buffer.from(`got ${keys}`));
    setTimeout(() => void host.destroy(1 as DomId), 50);
  });
  child.stdin!.end('poweroff');
  t.deepEqual(await outcome, {stdout: 'got poweroff', stderr: '', status: 0});
});

test('xl console of no domain', async (t) => {
  const {home} = await serve(t);
  const env = {PVSIM_HOME: home.dir};
  const unknown = await outcomeOf(launch(XL, ['console', 'nosuch'], env));
  t.deepEqual(unknown, {stdout: '', stderr: 'nosuch is an invalid domain identifier (rc=-6)\n', status: 1});
  const gone = await outcomeOf(launch(XL, ['console', '77'], env));
  t.is(gone.status, 1);
  t.regex(gone.stderr, /\nUnable to attach console\n$/);
});

test('xl create -c attaches the console before the guest runs and ends with the guest', async (t) => {
  const {home, host} = await serve(t);
  writeFileSync(join(home.dir, 'a.cfg'), 'name="a"\nkernel="builtin"\nmemory=64\n');
  host.scrollback = 'boot';
  const child = launch(XL, ['create', '-qc', 'a.cfg'], {PVSIM_HOME: home.dir}, home.dir);
  const outcome = outcomeOf(child);
  await once(child.stdout!, 'data');
  while (!host.calls.includes('unpause 1')) await turn();
  await host.destroy(1 as DomId);
  t.deepEqual(await outcome, {stdout: 'boot', stderr: '', status: 0});
  t.deepEqual(host.calls, ['create a true', 'console 1', 'unpause 1', 'destroy 1']);
});

test('xl create -pc leaves the guest paused', async (t) => {
  const {home, host} = await serve(t);
  writeFileSync(join(home.dir, 'a.cfg'), 'name="a"\nkernel="builtin"\nmemory=64\n');
  host.scrollback = '-';
  const child = launch(XL, ['create', '-qpc', 'a.cfg'], {PVSIM_HOME: home.dir}, home.dir);
  const outcome = outcomeOf(child);
  await once(child.stdout!, 'data');
  child.stdin!.end('\x1d');
  t.is((await outcome).status, 0);
  t.deepEqual(host.calls, ['create a true', 'console 1']);
});

test('xl create -F tells of the end of the domain', async (t) => {
  const {home, host} = await serve(t);
  writeFileSync(join(home.dir, 'a.cfg'), 'name="a"\nkernel="builtin"\nmemory=64\non_poweroff="preserve"\n');
  const child = launch(XL, ['create', '-qF', 'a.cfg'], {PVSIM_HOME: home.dir}, home.dir);
  const outcome = outcomeOf(child);
  await once(child.stderr!, 'data');
  while (!host.events.observed) await turn();
  await host.shutdown(1 as DomId, 'poweroff');
  const {stderr, status} = await outcome;
  t.is(
    stderr,
    `Waiting for domain a (domid 1) to die [pid ${child.pid}]\n` +
      'Domain 1 has shut down, reason code 0 0x0\n' +
      'Action for shutdown reason code 0 is preserve\n' +
      'Done. Exiting now\n',
  );
  t.is(status, 0);
});
