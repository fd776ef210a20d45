import test from 'ava';
import {XlHost} from '../support/xl.ts';

test('faults of a network device are set, told and taken away while it runs', async (t) => {
  const host = XlHost.at(t);
  const faults = async (...args: string[]): Promise<string> => {
    const {stdout, stderr} = await host.pvsim('net', 'faults', ...args);
    return stdout + stderr;
  };
  t.regex(await faults('guest', '0'), /^pvsim: no host runs in .*\n$/);
  await host.create('guest', 'vif = ["bridge=xenbr0,mac=00:16:3e:00:00:01"]', 'extra = "ip=10.0.0.1/24"');
  await host.type('guest', 'ping -c 1 10.0.0.254', /1 received/);
  t.is(await faults('guest', '0', 'loss=100%', 'delay=5ms'), 'loss=100% delay=5ms (0 lost, 0 duplicated, 0 held)\n');
  await host.type('guest', 'ping -c 2 -i 0.1 10.0.0.254', /2 packets transmitted, 0 received/);
  t.regex(
    await faults('guest', '00:16:3e:00:00:01'),
    /^loss=100% delay=5ms \([1-9]\d* lost, 0 duplicated, 0 held\)\n$/,
  );
  t.regex(await faults('guest', '0', 'none'), /^none \(/);
  await host.type('guest', 'ping -c 2 10.0.0.254', /2 received/);
  t.is(await faults('guest', '0', 'loss=2'), 'pvsim: "loss=2": loss is in %, a number, and not so much\n');
  t.is(await faults('guest', '7', 'loss=1%'), 'Unknown device 7.\n');
  t.is(await faults('nobody', '0'), 'pvsim: no domain "nobody"\n');
});

test('counters of a network device are shown, and its link is plugged', async (t) => {
  const host = XlHost.at(t);
  await host.create('guest', 'vif = ["bridge=xenbr0"]', 'extra = "ip=10.0.0.1/24"');
  await host.type('guest', 'ping -c 1 10.0.0.254', /1 received/);
  t.regex((await host.pvsim('net', 'stats', 'guest', '0')).stdout, /^NIC statistics:\n( {5}\w+: \d+\n)+$/);
  t.is((await host.pvsim('net', 'link', 'guest', '0', 'down')).status, 0);
  await host.type('guest', 'ping -c 1 -W 1 10.0.0.254', /1 packets transmitted, 0 received|unreachable/i);
  t.is((await host.pvsim('net', 'link', 'guest', '0', 'up')).status, 0);
  await host.type('guest', 'ping -c 2 10.0.0.254', /[12] received/);
});
