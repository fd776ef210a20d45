import {resolve} from 'node:path';
import test from 'ava';
import {TestHost} from '../support/host.ts';

const end = (side: string, network: string): string =>
  `vif = ["bridge=${side}"]\nextra = "ip=${network}.2/24 gw=${network}.1"`;

test('a guest that is a router joins two bridges: ping, its TTL, and TCP from end to end', async (t) => {
  const bridges = [{name: 'left'}, {name: 'right'}];
  const host = await TestHost.start({bridges});
  const router = await host.create(
    [
      'name = "router"',
      `kernel = "${resolve('dist/examples/router.js')}"`,
      'memory = 16',
      'vif = ["bridge=left", "bridge=right"]',
      'extra = "ip=10.0.1.1/24 ip1=10.0.2.1/24"',
    ].join('\n'),
  );
  await host.host.waitConnected(router);
  const left = await host.boot('left', end('left', '10.0.1'));
  const right = await host.boot('right', end('right', '10.0.2'));

  t.regex(await host.shell(left, 'ping -c 3 -i 0.2 10.0.2.2', 5e9), /ttl=63[^]*3 packets transmitted, 3 received/);
  t.regex(await host.shell(right, 'ping -c 3 -i 0.2 10.0.1.2', 5e9), /ttl=63[^]*3 packets transmitted, 3 received/);
  t.regex(await host.shell(left, 'ping -c 1 -t 1 10.0.2.2', 20e9), /From 10\.0\.1\.1 icmp_seq=1 Time to live exceeded/);
  t.regex(
    await host.shell(left, 'ping -c 1 10.0.3.1', 20e9),
    /From 10\.0\.1\.1 icmp_seq=1 Destination Net Unreachable/,
  );
  t.regex(
    await host.shell(left, 'ping -c 1 10.0.2.9', 20e9),
    /From 10\.0\.1\.1 icmp_seq=1 Destination Host Unreachable/,
  );

  void host.shell(right, 'iperf3 -s -1');
  t.regex(await host.shell(left, 'iperf3 -c 10.0.2.2 -n 20M', 5e9), /20\.\d MBytes .*sender\n[^]*iperf Done/);
  t.regex(host.consoleText(router), /routing between eth0 and eth1/);
  await host.host.close();
});
