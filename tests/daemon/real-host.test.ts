/** The whole way from xl to a guest and back, through real processes. */
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectTo} from '../../toolstack/daemon/client.ts';
import {homeAt} from '../../toolstack/daemon/home.ts';
import {launch, type Outcome, outcomeOf, PVSIM, run, XL} from '../support/run.ts';
import {temporaryDirectory} from '../support/temporary.ts';

interface Machine {
  readonly dir: string;
  xl(...args: readonly string[]): Promise<Outcome>;
  pvsim(...args: readonly string[]): Promise<Outcome>;
}

/** An empty home, whose host is stopped after the test. */
const machine = (t: ExecutionContext): Machine => {
  const dir = temporaryDirectory(t);
  const program =
    (name: string) =>
    (...args: readonly string[]): Promise<Outcome> =>
      run(name, args, {PVSIM_HOME: dir}, dir);
  t.teardown(() => run(PVSIM, ['host', 'stop', '--timeout=0'], {PVSIM_HOME: dir}));
  return {dir, xl: program(XL), pvsim: program(PVSIM)};
};

const CONFIG = `name = "g"
kernel = "builtin"
memory = 16
disk = ["disk.img,raw,xvda,w"]
vif = ["bridge=xenbr0"]
`;

const withGuestFiles = ({dir}: Machine): void => {
  writeFileSync(join(dir, 'g.cfg'), CONFIG);
  writeFileSync(join(dir, 'disk.img'), Buffer.alloc(1024 * 1024, 'pvsim'));
};

const pidOf = async (dir: string): Promise<number> => {
  const client = await connectTo(homeAt(dir));
  if (client === undefined) throw new Error('no host runs');
  const {pid} = await client.daemon;
  await client.close();
  return pid;
};

test.serial('xl starts the host when it is missing, once for all who ask at the same time', async (t) => {
  const {dir, xl, pvsim} = machine(t);
  t.is((await pvsim('host', 'status')).status, 3);
  const outcomes = await Promise.all(Array.from({length: 4}, () => xl('list')));
  for (const {stdout, stderr, status} of outcomes) {
    t.regex(stdout, /^Name .*\nDomain-0 +0 +\d+ +1 +r----- +\d+\.\d\n$/);
    t.deepEqual([stderr, status], ['', 0]);
  }
  const log = readFileSync(homeAt(dir).daemonLog, 'utf8');
  t.is(log.match(/ serves /g)?.length, 1);
  t.regex((await pvsim('host', 'start')).stdout, new RegExp(`was running \\(pid ${await pidOf(dir)}\\)`));
});

test.serial('a guest boots on the console, reads its disk, and xl comes back when it powers off', async (t) => {
  const host = machine(t);
  withGuestFiles(host);
  const child = launch(
    XL,
    ['create', '-c', 'g.cfg', 'extra="run=\'sha256sum /dev/xvda; poweroff\'"'],
    {PVSIM_HOME: host.dir},
    host.dir,
  );
  child.stdin!.end();
  const {stdout, stderr, status} = await outcomeOf(child);
  t.is(stderr, 'Parsing config from g.cfg\n');
  t.is(status, 0);
  t.regex(stdout, /^\[ +\d+\.\d+\] pvsim built-in guest kernel/, 'from the first byte');
  const sum = createHash('sha256')
    .update(Buffer.alloc(1024 * 1024, 'pvsim'))
    .digest('hex');
  t.true(stdout.includes(`${sum}  /dev/xvda`), stdout);
  t.is((await host.xl('list', 'g')).status, 1);
});

test.serial('the everyday commands on a running guest', async (t) => {
  const host = machine(t);
  withGuestFiles(host);
  const steps: readonly [command: string, stdout: RegExp, stderr?: RegExp, status?: number][] = [
    ['create -q g.cfg', /^$/],
    ['create -q g.cfg', /^$/, /already exists/, 3],
    ['domid g', /^1\n$/],
    ['block-list g', /\n51712 0 +1 +4 +\d+ +\d+ +\/local\/domain\/0\/backend\/vbd\/1\/51712\n$/],
    ['network-list g', /\n0 +0 +00:16:3e:\S+ +0 +4 +-?\d+ +\d+\/\d+ +\/local\/domain\/0\/backend\/vif\/1\/0\n$/],
    ['block-attach g ram:1M,raw,xvdb,w', /^$/],
    ['block-list g', /\n51728 0 +1 +4 /],
    ['block-detach g xvdb', /^$/],
    ['block-list g', /\n51712 [^\n]*\n$/],
    ['block-detach g xvdb', /^$/, /Error: Device xvdb not connected\.\n$/, 1],
    ['network-attach g bridge=xenbr0', /^$/],
    ['network-attach g bridge=nosuch', /^$/, /nosuch/, 1],
    ['network-list g', /\n1 +0 +00:16:3e/],
    ['network-detach g 1', /^$/],
    ['pause g', /^$/],
    ['list g', /^Name .*\ng +1 +16 +1 +--p--- +\d+\.\d\n$/],
    ['unpause g', /^$/],
    ['rename g h', /^$/],
    ['list -l h', /"name": "h"/],
    ['uptime h', /\nh +1 +0:\d\d:\d\d\n$/],
    ['dmesg', /^\(XEN\) /],
    ['shutdown -w h', /^$/, /Domain 1 has been shut down, reason code 0\n$/],
    ['destroy h', /^$/, /^h is an invalid domain identifier \(rc=-6\)\n$/, 1],
  ];
  for (const [command, stdout, stderr = /^$/, status = 0] of steps) {
    let outcome = await host.xl(...command.split(' '));
    // Devices connect when their drivers come to it.
    while (command.includes('-list') && !stdout.test(outcome.stdout)) outcome = await host.xl(...command.split(' '));
    t.regex(outcome.stdout, stdout, command);
    t.regex(outcome.stderr, stderr, command);
    t.is(outcome.status, status, command);
  }
});

test.serial('after kill -9 the next command has a new host', async (t) => {
  const host = machine(t);
  withGuestFiles(host);
  await host.xl('create', '-q', 'g.cfg');
  const before = await pidOf(host.dir);
  process.kill(before, 'SIGKILL');
  const {stdout, status} = await host.xl('list');
  t.is(status, 0);
  t.is(stdout.split('\n').length, 3, 'the header, domain 0, and the end');
  t.not(await pidOf(host.dir), before);
});

test.serial('pvsim host stop shuts guests down first', async (t) => {
  const host = machine(t);
  withGuestFiles(host);
  await host.xl('create', '-q', 'g.cfg');
  const stopped = await host.pvsim('host', 'stop');
  t.deepEqual(stopped, {stdout: '', stderr: '', status: 0});
  t.regex(readFileSync(join(homeAt(host.dir).logDir, 'guest-g.log'), 'utf8'), /reboot: Power down/);
  t.is((await host.pvsim('host', 'status')).status, 3);
});

test.serial('a host that cannot start says why, with the end of its log', async (t) => {
  const {dir, pvsim} = machine(t);
  const {stdout, stderr, status} = await pvsim('host', 'start', '--bridge=xenbr0,notanaddress');
  t.is(stdout, '');
  t.true(stderr.startsWith(`pvsim: the host in ${dir} ended at once (exit 1); the end of `), stderr);
  t.regex(stderr, /notanaddress/);
  t.is(status, 1);
});

test.serial('what reads our output may leave', async (t) => {
  const {dir, xl} = machine(t);
  await xl('list');
  const child = launch(XL, ['list'], {PVSIM_HOME: dir});
  child.stdout!.destroy();
  t.deepEqual(await outcomeOf(child), {stdout: '', stderr: '', status: 141});
});

test.serial('what a guest program throws where nobody catches it leaves the host up', async (t) => {
  const host = machine(t);
  const program = `export default () => {
    setTimeout(() => { throw new Error('thrown late'); });
    Promise.reject(new Error('rejected late'));
    return new Promise(() => {});
  };`;
  writeFileSync(join(host.dir, 'bad.js'), program);
  writeFileSync(join(host.dir, 'package.json'), '{"type": "module"}');
  writeFileSync(join(host.dir, 'bad.cfg'), 'name = "bad"\nkernel = "./bad.js"\nmemory = 16\n');
  t.deepEqual(await host.xl('create', '-q', 'bad.cfg'), {stdout: '', stderr: '', status: 0});
  const pid = await pidOf(host.dir);
  t.is((await host.xl('destroy', 'bad')).status, 0);
  t.is(await pidOf(host.dir), pid);
  const log = readFileSync(homeAt(host.dir).daemonLog, 'utf8');
  t.regex(log, /uncaught: Error: thrown late\n +at /);
  t.regex(log, /unhandled: Error: rejected late\n +at /);
});
