import {contains, parseAddress} from '../../backends/network/router/index.ts';
import type {DomId} from '../../hypervisor/index.ts';
import type {Dom0Network} from './dom0-network.ts';

/** What the specification of a vif says about its network. */
export interface VifSpec {
  readonly script?: string;
  readonly bridge: string;
  readonly ip?: string;
}

/** A vif that is about to work. */
export interface OnlineVif extends VifSpec {
  readonly backendPath: string;
  readonly domid: number;
  readonly mac: string;
}

interface Script {
  /** Why its `ip` cannot be, if so. */
  refuse(vif: VifSpec, addresses: readonly number[]): string | undefined;
  /** Returns what to do once the vif goes. */
  online(vif: OnlineVif, addresses: readonly number[]): () => void;
}

const HOST_PREFIX = 32;

/** What vif-nat and vif-route do in dom0 for each vif; the other scripts only join it to its bridge. */
export class VifScripts {
  private readonly network: Dom0Network;
  private readonly nameOf: (domid: DomId) => string | undefined;
  private readonly offlineActions = new Map<string, () => void>();

  constructor(network: Dom0Network, nameOf: (domid: DomId) => string | undefined) {
    this.network = network;
    this.nameOf = nameOf;
  }

  /** Why a vif has no place in the networks, if so. */
  check(vif: VifSpec): string | undefined {
    const refusal = this.network.networks.refusal(vif.script, vif.bridge);
    if (refusal !== undefined) return refusal;
    const name = nameOfScript(vif);
    const addresses = addressesOf(vif);
    if (addresses === undefined) return `${name}: "${vif.ip}" is not an IPv4 address`;
    const reason = this.scripts[name]?.refuse(vif, addresses);
    return reason === undefined ? undefined : `${name}: ${reason}`;
  }

  online(vif: OnlineVif): void {
    const action = this.scripts[nameOfScript(vif)]?.online(vif, addressesOf(vif) ?? []);
    if (action !== undefined) this.offlineActions.set(vif.backendPath, action);
  }

  offline(backendPath: string): void {
    this.offlineActions.get(backendPath)?.();
    this.offlineActions.delete(backendPath);
  }

  private readonly scripts: Readonly<Record<string, Script | undefined>> = {
    'vif-nat': {
      refuse: ({bridge, ip}, addresses) => {
        const {subnet} = this.network.natNetwork(bridge).leg;
        const isGood = addresses.every((address) => contains(subnet, address) && address !== subnet.address);
        return isGood ? undefined : `${ip} is no guest's address in its network`;
      },
      online: ({bridge, domid, mac}, [address]) => {
        const nat = this.network.natNetwork(bridge);
        nat.join({mac, name: this.nameOf(domid as DomId) ?? `dom${domid}`, address});
        return () => nat.leave(mac);
      },
    },
    'vif-route': {
      refuse: () => undefined,
      online: (_vif, addresses) => {
        const {router} = this.network;
        const via = this.network.routed();
        for (const address of addresses) router.addRoute({address, prefix: HOST_PREFIX, via});
        return () => addresses.forEach((address) => router.removeRoute({address, prefix: HOST_PREFIX}));
      },
    },
  };
}

const nameOfScript = ({script = 'vif-bridge'}: VifSpec): string => script.slice(script.lastIndexOf('/') + 1);

/** `ip=` is a list with spaces between, for scripts that look at it. */
const addressesOf = ({ip = ''}: VifSpec): number[] | undefined => {
  const addresses = ip
    .split(/\s+/)
    .filter((part) => part !== '')
    .map(parseAddress);
  return addresses.every((address) => address !== undefined) ? addresses : undefined;
};
