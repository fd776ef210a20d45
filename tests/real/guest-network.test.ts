import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createServer as createHttpServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {ExecutionContext} from 'ava';
import {PASST, startPasst} from '../support/passt.ts';
import {missingProgram, realEnv, testWith} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

const FILE_BYTES = 64 * 2 ** 20;
const DISK = 'format=raw,vdev=xvda,access=rw,target=ram:64M';

/** A host whose guest "alice", of the built-in kernel, has got its address from passt. */
const bootBehindPasst = async (t: ExecutionContext, forwards?: readonly string[]): Promise<XlHost> => {
  const host = XlHost.at(t);
  const uplink = `xenbr0=stream:${await startPasst(t, forwards)}`;
  const {status, stderr} = await host.pvsim('host', 'start', '--uplink', uplink);
  t.is(status, 0, stderr);
  await host.create('alice', 'vif = ["bridge=xenbr0"]', `disk = ["${DISK}"]`, 'extra = "ip=dhcp"');
  await host.waitForConsole('alice', new RegExp(`eth0: dhcp: address ${PASST.guest}/24[^]*alice# $`));
  return host;
};

/** Runs a program for as long as the test; `text` is what it has printed. */
const start = (
  t: ExecutionContext,
  program: string,
  ...args: string[]
): {child: ChildProcessWithoutNullStreams; text: () => string} => {
  const child = spawn(program, args, {env: realEnv});
  let text = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (bytes: Buffer) => (text += bytes.toString()));
  t.teardown(() => child.kill('SIGKILL'));
  return {child, text: () => text};
};

const freePort = async (): Promise<number> => {
  const server = createHttpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

testWith(missingProgram('passt'), 'the built-in guest fetches 64 MiB from a web server on loopback', async (t) => {
  const bytes = randomBytes(FILE_BYTES);
  const server = createHttpServer((_, response) => response.end(bytes)).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const host = await bootBehindPasst(t);
  await host.type('alice', `wget -O /dev/xvda http://${PASST.gateway}:${port}/file`, /saved \[67108864\/67108864\]/);
  const [sum] = await host.type('alice', 'sha256sum /dev/xvda', /^[0-9a-f]{64}/m);
  t.is(sum, createHash('sha256').update(bytes).digest('hex'));
});

const missing = missingProgram('passt') ?? missingProgram('iperf3') ?? missingProgram('nc');

testWith(missing, 'a real iperf3 and a real nc on loopback receive from the built-in guest, and answer', async (t) => {
  const host = await bootBehindPasst(t);
  const [iperfPort, ncPort] = [await freePort(), await freePort()];
  start(t, 'iperf3', '-s', '-B', '127.0.0.1', '-p', String(iperfPort));
  const nc = start(t, 'nc', '-l', '127.0.0.1', String(ncPort));
  for (const options of ['', '-R', '-P 2', '-u -b 20M', '-u -R -b 20M']) {
    const command = `iperf3 -c ${PASST.gateway} -p ${iperfPort} -t 0.5 ${options}`;
    const [report] = await host.type('alice', command, /\[ {2}1\].*sender\n[^]*iperf Done\./);
    const received = /\[ {2}1\].* ([\d.]+) [KMG]Bytes .*receiver/.exec(report);
    t.true(Number(received?.[1]) > 0, `${command}\n${report}`);
  }
  const from = await host.type('alice', `nc -v ${PASST.gateway} ${ncPort}`, /succeeded!/);
  t.truthy(from);
  nc.child.stdin.write('from outside\n');
  await host.type('alice', 'from the guest', /from outside/);
  await host.waitFor('the line at nc', () => nc.text().includes('from the guest\n'));
});

testWith(missing, 'a real iperf3 measures the built-in guest, and a real nc talks to it', async (t) => {
  const [iperfPort, ncPort] = [await freePort(), await freePort()];
  const host = await bootBehindPasst(t, [
    '-t',
    `127.0.0.1/${iperfPort}:5201,${ncPort}:7000`,
    '-u',
    `127.0.0.1/${iperfPort}:5201`,
  ]);
  await host.type('alice', 'iperf3 -s', /Server listening on 5201/);
  // What fits a packet: the guest puts no fragments together.
  for (const options of [[], ['-R', '-P', '2'], ['-u', '-b', '20M', '-l', '1400']]) {
    const client = start(t, 'iperf3', '-c', '127.0.0.1', '-p', String(iperfPort), '-t', '1', ...options);
    const [status] = (await once(client.child, 'exit')) as [number];
    t.is(status, 0, client.text());
    t.regex(client.text(), /[1-9][\d.]* [KMG]Bytes .*receiver[^]*iperf Done/);
  }
  await host.type('alice', '\x03', /alice# $/);
  await host.type('alice', 'nc -l 7000', /nc -l 7000\n/);
  const nc = start(t, 'nc', '127.0.0.1', String(ncPort));
  nc.child.stdin.write('from outside\n');
  await host.waitForConsole('alice', /^from outside$/m);
  await host.type('alice', 'from the guest', /from the guest/);
  await host.waitFor('the line at nc', () => nc.text().includes('from the guest\n'));
});
