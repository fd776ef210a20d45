import test, {type ExecutionContext} from 'ava';
import {TestHost} from '../support/host.ts';

const start = async (t: ExecutionContext, options: Parameters<typeof TestHost.start>[0] = {}): Promise<TestHost> => {
  const host = await TestHost.start(options);
  t.teardown(() => host.close());
  return host;
};

test('guests of vif-nat, of vif-route and of a bridge reach each other through dom0', async (t) => {
  const host = await start(t);
  const inner = await host.boot('inner', 'vif=["script=vif-nat,ip=192.168.77.5"]\nextra="ip=192.168.77.5/24"');
  const routed = await host.boot('routed', 'vif=["script=vif-route,ip=172.16.5.5"]\nextra="ip=172.16.5.5/24"');
  const bridged = await host.boot('bridged', 'vif=["bridge=xenbr0"]\nextra="ip=10.0.0.1/24"');
  await host.shell(inner, 'ip route add default via 192.168.77.1');
  await host.shell(routed, 'ip route add default via 172.16.5.1');
  await host.shell(bridged, 'ip route add default via 10.0.0.254');
  for (const [from, targets] of [
    [inner, ['192.168.77.1', '10.0.0.254', '10.0.0.1', '172.16.5.5']],
    [routed, ['10.0.0.254', '192.168.77.5', '10.0.0.1']],
    [bridged, ['192.168.77.5', '172.16.5.5']],
  ] as const) {
    for (const target of targets) {
      t.regex(await host.shell(from, `ping -c 2 ${target}`, 4e9), / 2 received/, `${from} to ${target}`);
    }
  }
  await host.host.destroy(routed);
  t.notRegex(await host.shell(bridged, 'ping -c 1 172.16.5.5', 4e9), / 1 received/);
});

test('two guests of vif-route hear nothing of each other but by dom0', async (t) => {
  const host = await start(t);
  const config = (address: string): string => `vif=["script=vif-route,ip=${address}"]\nextra="ip=${address}/24"`;
  const one = await host.boot('one', config('172.16.5.1'));
  const two = await host.boot('two', config('172.16.5.2'));
  t.regex(await host.shell(one, 'ping -c 2 172.16.5.2', 4e9), / 2 received/);
  t.regex(await host.shell(two, 'ping -c 2 172.16.5.1', 4e9), / 2 received/);
  const learned = host.host.bridge('xenroute0').addresses.find(({isLocal}) => isLocal);
  const answers = await host.shell(one, 'arp');
  t.true(answers.includes(learned?.mac ?? 'none'), `dom0 answers for the other: ${answers}`);
});

test('a NAT network has the address that it is given, more than one have their names', async (t) => {
  const host = await start(t, {
    bridges: [{name: 'xenbr0'}, {name: 'nat1', nat: '10.1.0.1/16'}, {name: 'nat2', nat: '10.2.0.1/24'}],
  });
  for (const [name, vif, router] of [
    ['first', 'script=vif-nat', '10.1.0.1'],
    ['second', 'script=/etc/xen/scripts/vif-nat,bridge=nat2', '10.2.0.1'],
  ]) {
    const domid = await host.boot(name, `vif=["${vif}"]\nextra="ip=${router}7/16"`);
    t.regex(await host.shell(domid, `ping -c 1 ${router}`, 3e9), / 1 received/);
  }
});

for (const [vif, message] of [
  ['script=vif-nat,ip=10.0.0.5', "vif-nat: 10.0.0.5 is no guest's address in its network"],
  ['script=vif-nat,ip=192.168.77.1', "vif-nat: 192.168.77.1 is no guest's address in its network"],
  ['script=vif-nat,ip=somewhere', 'vif-nat: "somewhere" is not an IPv4 address'],
  ['script=vif-route,ip=1.2.3', 'vif-route: "1.2.3" is not an IPv4 address'],
  ['script=/opt/vif-mine', 'vif-mine: no such script here, but vif-bridge, vif-openvswitch, vif-nat, vif-route'],
  ['script=vif-openvswitch,bridge=xenbr0.x', 'vif-openvswitch: No valid bridge was specified'],
] as const) {
  test(`refused: ${vif}`, async (t) => {
    const host = await start(t);
    const config = `name="bad"\nkernel="builtin"\nmemory=16\nvif=["${vif}"]`;
    await t.throwsAsync(host.create(config), {message: `libxl: error: Domain 1: ${message}`});
    t.is(host.host.domains().length, 1);
  });
}

test('VLANs of vif-openvswitch keep guests apart', async (t) => {
  const host = await start(t);
  const config = (bridge: string, last: number): string =>
    `vif=["script=vif-openvswitch,bridge=${bridge}"]\nextra="ip=10.0.0.${last}/24"`;
  const one = await host.boot('one', config('xenbr0.10', 1));
  await host.boot('two', config('xenbr0.10', 2));
  await host.boot('three', config('xenbr0.20', 3));
  t.regex(await host.shell(one, 'ping -c 1 10.0.0.2', 3e9), / 1 received/);
  t.notRegex(await host.shell(one, 'ping -c 1 10.0.0.3', 3e9), / 1 received/);
});
