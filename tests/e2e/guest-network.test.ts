import test from 'ava';
import type {DomId} from '../../hypervisor/index.ts';
import {TestHost} from '../support/host.ts';

const NAT = 'vif = ["script=vif-nat"]\nextra = "ip=dhcp"';

test('guests of the NAT network get addresses, names and a way out from dom0', async (t) => {
  const host = await TestHost.start();
  const alice = await host.boot('alice', NAT);
  const bob = await host.boot('bob', NAT);
  t.regex(await host.shell(alice, 'ip addr'), /inet 192\.168\.77\.2\/24 .* eth0/);
  t.regex(await host.shell(alice, 'ip route'), /^default via 192\.168\.77\.1 dev eth0$/m);
  t.regex(await host.shell(bob, 'ping -c 1 alice', 5e9), /^PING alice \(192\.168\.77\.2\)[^]* 0% packet loss/m);
  t.regex(await host.shell(bob, 'ping nobody', 20e9), /^ping: nobody: Name or service not known$/m);
  t.regex(await host.shell(bob, 'ifconfig eth0 -dhcp; ip addr show eth0', 5e9), /state UP\n.*\nbob# $/);
  await host.close();
});

test('IPv6 between guests, by static and by link-local addresses', async (t) => {
  const host = await TestHost.start();
  const left = await host.boot('left', 'vif = ["mac=00:16:3e:00:00:01"]\nextra = "ip6=fd00::1/64"');
  await host.boot('right', 'vif = ["mac=00:16:3e:00:00:02"]\nextra = "ip6=fd00::2/64"');
  for (const address of ['fd00::2', 'fe80::216:3eff:fe00:2', '::1']) {
    const answer = await host.shell(left, `ping6 -c 1 ${address}`, 5e9);
    t.true(answer.includes(`64 bytes from ${address}: icmp_seq=1 ttl=64`), answer);
  }
  t.regex(await host.shell(left, 'ip neigh'), /^fd00::2 dev eth0 lladdr 00:16:3e:00:00:02 REACHABLE$/m);
  await host.close();
});

/** What a transfer over a bad network leaves in the counters of its sender. */
const transfer = async (seed: number): Promise<string> => {
  const host = await TestHost.start({seed});
  const boot = (name: string, address: string): Promise<DomId> =>
    host.boot(name, `vif = [""]\nextra = "ip=${address}/24"`);
  const [from, to] = [await boot('from', '10.0.0.1'), await boot('to', '10.0.0.2')];
  host.host.vifs.setFaults(to, '0', {loss: 0.01, delayNs: 1e6});
  void host.shell(to, 'iperf3 -s -1');
  const report = await host.shell(from, 'iperf3 -c 10.0.0.2 -n 2M; netstat -s', 120e9);
  await host.close();
  return report;
};

test('TCP gets through a network that loses, and the same seed loses the same', async (t) => {
  const first = await transfer(3);
  t.regex(first, /iperf Done/);
  t.notRegex(first, /\n +0 retrans segs/);
  t.is(await transfer(3), first);
  t.not(await transfer(4), first);
});
