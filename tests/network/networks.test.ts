import test from 'ava';
import {Networks} from '../../backends/network/index.ts';
import {BareHost} from '../support/domains.ts';

const makeNetworks = (): Networks => new Networks(new BareHost().createDom0().ops, ['xenbr0', 'ovsbr0']);

for (const [script, bridge, vlan] of [
  [undefined, undefined, undefined],
  ['vif-bridge', 'ovsbr0', undefined],
  ['/etc/xen/scripts/vif-openvswitch', 'ovsbr0', undefined],
  ['vif-openvswitch', 'ovsbr0.10', {tag: 10, trunks: undefined}],
  ['vif-openvswitch', 'ovsbr0:20', {tag: undefined, trunks: [20]}],
  ['vif-openvswitch', 'ovsbr0.10:20:30', {tag: 10, trunks: [20, 30]}],
  ['vif-openvswitch', 'ovsbr0:0:4094', {tag: undefined, trunks: [0, 4094]}],
] as const) {
  test(`a vif with ${script ?? 'no script'} and ${bridge ?? 'no bridge'} has its place`, (t) => {
    const place = makeNetworks().place(script, bridge);
    if (typeof place === 'string') return t.fail(place);
    t.is(place.bridge.name, bridge?.slice(0, 6) ?? 'xenbr0');
    t.deepEqual(place.port.vlan, vlan as never);
  });
}

for (const [script, bridge, reason] of [
  ['vif-bridge', 'nosuch', 'vif-bridge: Could not find bridge device nosuch'],
  ['vif-bridge', 'ovsbr0.10', 'vif-bridge: Could not find bridge device ovsbr0.10'],
  ['vif-openvswitch', 'nosuch.10', 'vif-openvswitch: Could not find bridge device nosuch'],
  ['vif-openvswitch', 'ovsbr0.x', 'vif-openvswitch: No valid bridge was specified'],
  ['vif-openvswitch', 'ovsbr0.4095', 'vif-openvswitch: No valid bridge was specified'],
  ['vif-openvswitch', 'ovsbr0:1:70000', 'vif-openvswitch: No valid bridge was specified'],
  ['vif-openvswitch', '', 'vif-openvswitch: No valid bridge was specified'],
  ['/opt/my-script', 'xenbr0', 'my-script: no such script here, but vif-bridge, vif-openvswitch'],
] as const) {
  test(`refused: ${script} ${bridge}`, (t) => {
    t.is(makeNetworks().refusal(script, bridge), reason);
  });
}
