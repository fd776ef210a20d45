import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {promisify} from 'node:util';
import {realEnv, realTest} from '../support/real.ts';
import {launch, outcomeOf, PVSIM} from '../support/run.ts';
import {XlHost} from '../support/xl.ts';

const runProgram = promisify(execFile);

const tshark = async (...args: string[]): Promise<string[]> => {
  const {stdout} = await runProgram('tshark', ['-n', ...args], {env: realEnv, timeout: 60_000});
  return stdout.split('\n').slice(0, -1);
};

const NETWORK = ['vif = ["bridge=xenbr0"]', 'extra = "ip=10.0.0.1/24"'];
const CHECKED = ['-o', 'ip.check_checksum:TRUE'];

realTest('tshark', 'tshark reads a capture of pings: nothing malformed, the time is ours', async (t) => {
  const host = XlHost.at(t);
  const file = host.path('ping.pcapng');
  await host.create('guest', ...NETWORK);
  await host.type('guest', 'ping -c 1 10.0.0.254', /1 received/);
  const fromMs = Date.now();
  const capture = launch(PVSIM, ['capture', 'guest', '-w', file, '-c', '8'], host.env);
  t.teardown(() => capture.kill('SIGKILL'));
  const outcome = outcomeOf(capture);
  await host.waitFor('capture file', () => existsSync(file));
  await host.type('guest', 'ping -i 0.1 -c 4 10.0.0.254', /4 received/);
  t.is((await outcome).status, 0);

  t.deepEqual(await tshark('-r', file, ...CHECKED, '-Y', '_ws.malformed || icmp.checksum.status == 0'), []);
  const fields = ['frame.interface_name', 'frame.comment', 'frame.packet_flags_direction', 'frame.time_epoch'];
  const rows = await tshark('-r', file, '-Y', 'icmp', '-T', 'fields', ...fields.flatMap((field) => ['-e', field]));
  t.true(rows.length >= 6);
  for (const row of rows) {
    const [name, comment, direction, time] = row.split('\t');
    t.regex(name, /^vif\d+\.0$/);
    t.regex(comment, /^(tx|rx) slot \d+, grant \d+$/);
    t.is(Number(direction), comment.startsWith('tx') ? 2 : 1);
    const ms = Number(time) * 1000;
    t.true(ms > fromMs - 1000 && ms < Date.now() + 1000, time);
  }
});

realTest('tshark', 'tshark reads DHCP, TCP that is cut later, and IPv6 in a capture: nothing malformed', async (t) => {
  const host = XlHost.at(t);
  const file = host.path('guest.pcapng');
  for (const [name, address] of [
    ['alice', 'fd00::1/64'],
    ['bob', 'fd00::2/64'],
  ]) {
    await host.create(name, 'vif = ["script=vif-nat"]', `extra = "ip=dhcp ip6=${address}"`);
    await host.waitForConsole(name, /eth0: dhcp: address[^]*# $/);
  }
  const capture = launch(PVSIM, ['capture', 'alice', '0', '-w', file], host.env);
  t.teardown(() => capture.kill('SIGKILL'));
  const outcome = outcomeOf(capture);
  await host.waitFor('capture file', () => existsSync(file));
  await host.type('alice', 'ifconfig eth0 -dhcp; ifconfig eth0 dhcp', /dhcp: address/);
  await host.type('bob', 'iperf3 -s -1', /Server listening/);
  await host.type('alice', 'iperf3 -c bob -n 2M', /iperf Done\./);
  await host.type('alice', 'ping6 -c 2 fd00::2', /2 received/);
  capture.kill('SIGINT');
  t.is((await outcome).status, 0);

  t.deepEqual(await tshark('-r', file, ...CHECKED, '-Y', '_ws.malformed'), []);
  const shown = (filter: string, field: string): Promise<string[]> =>
    tshark('-r', file, '-Y', filter, '-T', 'fields', '-e', field);
  const kinds = async (filter: string, field: string): Promise<string> =>
    [...new Set(await shown(filter, field))].sort((a, b) => Number(a) - Number(b)).join(' ');
  t.is(await kinds('dhcp', 'dhcp.option.dhcp'), '1 2 3 5 7');
  const asked = await kinds('dns.flags.response == 1', 'dns.a');
  t.is(await kinds('tcp.flags.syn == 1 && tcp.flags.ack == 0', 'ip.dst'), asked);
  const uncut = await shown('tcp && frame.comment contains "gso size"', 'frame.len');
  t.true(uncut.length > 10 && uncut.every((length) => Number(length) > 1514), `${uncut.length} packets`);
  t.is(await kinds('icmpv6', 'icmpv6.type'), '128 129 135 136');
  const bad = 'icmpv6.checksum.status == 0 || dhcp && udp.checksum.status == 0';
  t.deepEqual(await tshark('-r', file, ...CHECKED, '-o', 'udp.check_checksum:TRUE', '-Y', bad), []);
});

realTest('tshark', 'tshark takes a capture live from a pipe', async (t) => {
  const host = XlHost.at(t);
  await host.create('guest', ...NETWORK);
  await host.type('guest', 'ping -c 1 10.0.0.254', /1 received/);
  const capture = launch(PVSIM, ['capture', 'guest', '0', '-w', '-'], host.env);
  const reader = spawn('tshark', ['-n', '-l', '-i', '-', '-Y', 'icmp'], {
    env: realEnv,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  capture.stdout!.pipe(reader.stdin);
  t.teardown(() => [capture, reader].forEach((child) => child.kill('SIGKILL')));
  const lines = outcomeOf(reader);
  const first = once(reader.stdout, 'data');
  await once(capture.stdout!, 'data');
  await host.type('guest', 'ping -c 1 10.0.0.254', /1 received/);
  await first;
  capture.kill('SIGINT');
  const {stdout, status} = await lines;
  t.is(status, 0);
  t.regex(stdout, /10\.0\.0\.1 .* 10\.0\.0\.254 .*ICMP .*Echo \(ping\) request/);
});
