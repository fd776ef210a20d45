import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {domainConfig, parseConfig} from '../../toolstack/config/index.ts';
import {ToolstackError} from '../../toolstack/errors.ts';
import {runXl} from '../../toolstack/xl/run.ts';
import {summaryOf} from '../support/fake-host.ts';
import {serve} from '../support/served.ts';

const setUp = async (t: ExecutionContext) => {
  const {home, host, connect} = await serve(t);
  const text = 'name="golden"\nkernel="builtin"\n';
  const domid = await host.create(domainConfig(parseConfig(text, 'x.cfg'), {random: () => 0}));
  const xl = async (...args: string[]) => {
    const seen = {stdout: '', stderr: ''};
    const status = await runXl(args, {
      cwd: home.dir,
      connect,
      out: (text) => (seen.stdout += text),
      complain: (lines) => (seen.stderr += `${lines}\n`),
    });
    return {...seen, status};
  };
  host.calls.length = 0;
  return {host, xl, dir: home.dir, domid};
};

test('save says what xl says, and where', async (t) => {
  const {host, xl, dir, domid} = await setUp(t);
  t.deepEqual(await xl('save', 'golden', 'a.save'), {
    stdout: '',
    stderr: `Saving to a.save new xl format (info 0x3/0x0/1235)\nxc: info: Saving domain ${domid}, type x86 HVM\n`,
    status: 0,
  });
  t.deepEqual(host.calls, [`save ${domid} ${join(dir, 'a.save')} destroyed`]);
  await xl('save', '-c', String(domid), 'b.save');
  await xl('save', '-cp', 'golden', '/c.save');
  t.deepEqual(host.calls.slice(1), [`save ${domid} ${join(dir, 'b.save')} running`, `save ${domid} /c.save paused`]);
});

/** What goes wrong, in xl's words. */
const failures: readonly [args: string, failure: string, stderr: string, status: number][] = [
  ['save golden a.save', 'libxl: error: no', 'libxl: error: no\nFailed to save domain, resuming domain\n', 1],
  [
    'save golden a.save',
    'Failed to open temp file a.save for writing: no',
    'Failed to open temp file a.save for writing: no\n',
    1,
  ],
  ['save golden a.save nosuch.cfg', '', 'Failed to read config file: nosuch.cfg: No such file or directory\n', 3],
  ['save nosuch a.save', '', 'nosuch is an invalid domain identifier (rc=-6)\n', 1],
  ['restore nosuch', '', "Can't open restore file: No such file or directory\n", 1],
  [
    'migrate golden other',
    '',
    "xl: `migrate' is not supported: save the domain, and restore it on the other host\n",
    1,
  ],
];

for (const [args, failure, stderr, status] of failures) {
  test(`xl ${args}: ${stderr.trimEnd().split('\n')[0]}`, async (t) => {
    const {host, xl, dir} = await setUp(t);
    if (failure !== '') host.failure = new ToolstackError('EIO', failure);
    t.deepEqual(await xl(...args.split(' ')), {stdout: '', stderr, status});
    t.false(existsSync(join(dir, 'a.save')));
  });
}

test('who follows a domain in the foreground is told of its suspension, and leaves', async (t) => {
  const {host, xl, dir} = await setUp(t);
  writeFileSync(join(dir, 'y.cfg'), 'name="y"\nkernel="builtin"\n');
  const following = xl('create', '-qF', 'y.cfg');
  const suspended = summaryOf(2, 'y', {shutdown: true, shutdownReason: 2});
  const suspend = setInterval(() => host.events.next({type: 'shutdown', domid: suspended.domid, info: suspended}), 10);
  const {stderr, status} = await following;
  clearInterval(suspend);
  t.regex(stderr, /^Domain 2 has shut down, reason code 2 0x2\nDomain has suspended\.\nDone\. Exiting now\n$/m);
  t.is(status, 0);
});

test('a file too many gets the help', async (t) => {
  const {xl} = await setUp(t);
  for (const args of [
    ['save', 'golden', 'a', 'b', 'c'],
    ['restore', 'a', 'b', 'c'],
  ]) {
    const {stdout, stderr, status} = await xl(...args);
    t.regex(stdout, new RegExp(`^Usage: xl \\[-vtTf\\] ${args[0]} `));
    t.deepEqual({stderr, status}, {stderr: '', status: 1});
  }
});
