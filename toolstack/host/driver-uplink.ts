import {BridgeInterface, type Networks} from '../../backends/network/index.ts';
import type {NetDevice} from '../../frontends/api.ts';
import type {Guest} from '../../frontends/guest/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';

/**
 * Puts interfaces of a driver domain's own on its bridges, as `ip link set eth0 master xenbr0` does: each word BRIDGE=NAME
 * of its command line that names a bridge.
 */
export const joinUplinks = (guest: Guest, ops: HypervisorOps, networks: Networks): void => {
  for (const bridge of networks.all) {
    const name = guest.args.get(bridge.name);
    if (name === undefined) continue;
    const join = (nic: NetDevice): void => {
      if (nic.name !== name) return;
      const port = new BridgeInterface({ops, bridge, name, mac: nic.mac, promiscuous: true});
      port.frames.subscribe((frames) => frames.forEach((frame) => nic.send(frame)));
      nic.frames.subscribe((frames) => port.send(frames));
      nic.removed.subscribe({complete: () => port.close()});
      guest.log(`${bridge.name}: port ${name}`);
    };
    guest.net.list.forEach(join);
    guest.net.added.subscribe(join);
  }
};
